//! The C and C++ compilers and the shared library that the tests link with. With `TSM_WINDOWS` set
//! to a folder of a library built for Windows, the C programs are for Windows, and run under Wine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The project's folder.
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests lie in it")
}

/// A folder for what these tests build.
pub fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Where there is a library for Windows, if the programs are for that.
fn windows() -> Option<PathBuf> {
    env::var_os("TSM_WINDOWS").map(|folder| root().join(folder))
}

/// The folder of the shared library that cargo built for this test: the one the test itself lies
/// in.
pub fn library_folder() -> PathBuf {
    if let Some(folder) = windows() {
        assert!(folder.join("thingspace_session.dll").is_file());
        return folder;
    }
    let test = env::current_exe().expect("a test knows where it is");
    let folder = test.parent().expect("it lies in a folder").to_owned();
    assert!(
        library_in(&folder).is_file(),
        "no shared library in {folder:?}"
    );
    folder
}

pub fn library_in(folder: &Path) -> PathBuf {
    folder.join(format!(
        "{}thingspace_session{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    ))
}

/// The compiler with the header in reach and every warning an error.
pub fn compiler(language: Language) -> Command {
    let (variable, default, for_windows, standard) = match language {
        Language::C99 => ("CC", "cc", "x86_64-w64-mingw32-gcc", "-std=c99"),
        Language::Cpp11 => ("CXX", "c++", "x86_64-w64-mingw32-g++", "-std=c++11"),
    };
    let mut command = Command::new(match windows() {
        Some(_) => for_windows.into(),
        None => env::var(variable).unwrap_or_else(|_| default.into()),
    });
    command
        .args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg("-I")
        .arg(root().join("include"));
    command
}

#[derive(Clone, Copy)]
pub enum Language {
    C99,
    Cpp11,
}

/// Compiles one C source and links it with the library in `folder`.
pub fn build_program(source: &Path, folder: &Path) -> PathBuf {
    let name = source.file_stem().expect("a source has a name");
    let mut program = scratch().join(name);
    let mut command = compiler(Language::C99);
    command
        .args(["-g", "-pthread"])
        .arg(source)
        .arg("-L")
        .arg(folder);
    match windows() {
        None => command
            .args(["-lthingspace_session", "-ldl"])
            .arg(format!("-Wl,-rpath,{}", folder.display())),
        Some(_) => {
            program.set_extension("exe");
            command.args([
                "-lthingspace_session",
                "-lws2_32",
                "-Wl,-Bstatic",
                "-lwinpthread",
            ])
        }
    };
    succeed(command.arg("-o").arg(&program));
    program
}

/// A program made by [`build_program`], to be run with the library it was linked with. Cargo's
/// search path would come first.
pub fn program(path: &Path) -> Command {
    if let Some(folder) = windows() {
        let mut command = Command::new(root().join("tests/wine/run"));
        command
            .arg(path)
            .env("WINEPATH", format!("Z:{}", folder.display()));
        return command;
    }
    let mut command = Command::new(path);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Runs a command; its output, once it succeeded.
pub fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    // A program of Windows ends its lines otherwise.
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

/// What the header declares, without its comments.
pub fn declarations() -> String {
    let header = fs::read_to_string(root().join("include/tsm.h")).expect("the header is there");
    let mut code = String::new();
    let mut rest = header.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").expect("comments end").1;
    }
    code + rest
}

/// The functions that the header declares, each with its return type, in order of their names.
pub fn functions() -> Vec<(String, String)> {
    let code = declarations();
    let mut functions: Vec<_> = code
        .split(';')
        .filter_map(|declaration| {
            let (head, _) = declaration.split_once('(')?;
            let head = head.lines().last()?;
            let start = head.find("tsm_").filter(|_| !head.contains("typedef"))?;
            // A return type may hold "tsm_" too, so the name is the last word.
            let name = head[start..].rsplit([' ', '*']).next()?;
            let returns = head.strip_suffix(name)?.trim();
            Some((name.to_owned(), returns.to_owned()))
        })
        .collect();
    functions.sort();
    functions
}

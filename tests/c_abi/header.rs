//! The committed header: it is what `src/ffi/` says, it is clean C99 and C++11, and its table of
//! options is that of the code.

use std::fmt::Write;
use std::{env, fs};

use crate::compiler::{self, Language, compiler, declarations, root, succeed};

/// What the build generated just now.
const GENERATED: &str = include_str!(concat!(env!("OUT_DIR"), "/tsm.h"));

#[test]
fn the_committed_header_is_the_generated_one() {
    let committed = fs::read_to_string(root().join("include/tsm.h")).unwrap();
    assert!(
        committed == GENERATED,
        "include/tsm.h is out of date: make header"
    );
}

#[test]
fn the_header_compiles_without_a_warning_as_c99_and_as_cpp11() {
    for (language, name) in [(Language::C99, "header.c"), (Language::Cpp11, "header.cpp")] {
        let source = compiler::scratch().join(name);
        fs::write(
            &source,
            "#include <tsm.h>\nint main(void) { return tsm_abi_version() == 1 ? TSM_OK : 1; }\n",
        )
        .unwrap();
        succeed(compiler(language).arg("-fsyntax-only").arg(&source));
    }
}

/// The lines that every wrapper is written against, to the letter.
#[test]
fn the_abi_is_what_wrappers_know() {
    let code = declarations();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for known in include_str!("../c/abi.txt").lines() {
        assert!(code.contains(known), "the header lacks: {known}");
    }
    let known = include_str!("../c/abi.txt").matches('(').count();
    let callbacks = 2;
    assert_eq!(compiler::functions().len() + 2 * callbacks, known);
}

/// `TSM_UPDATE_HEADER=1` puts the right table into `cbindgen.toml`; the next build puts it into the
/// header.
#[test]
fn the_table_of_options_is_that_of_the_code() {
    let manual = root().join("cbindgen.toml");
    let text = fs::read_to_string(&manual).unwrap();
    let (before, rest) = text.split_once(" *   protocol ").unwrap();
    let (_, after) = rest.split_once(" */").unwrap();
    let right = [before, &table_of_options(), " */", after].concat();
    if env::var_os("TSM_UPDATE_HEADER").is_some() {
        fs::write(&manual, right).unwrap();
    } else {
        assert!(
            text == right,
            "the table under OPTIONS in cbindgen.toml is out of date: make header"
        );
    }
}

fn table_of_options() -> String {
    let mut table = String::new();
    for option in thingspace_session::OPTIONS {
        let default = match &*option.default.replace(env!("CARGO_PKG_VERSION"), "VERSION") {
            "" => String::new(),
            default => format!("; {default}"),
        };
        writeln!(
            table,
            " *   {:<22}{}{default}",
            option.name,
            option.values()
        )
        .unwrap();
        for line in wrapped(option.doc, 93) {
            writeln!(table, " *       {line}").unwrap();
        }
    }
    table
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

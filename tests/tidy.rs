//! The house rules that neither rustfmt, clippy nor ruff know, for all files of the repository.

use std::path::Path;
use std::process::Command;

/// Source files, whose lines end by this column.
const LAST_COLUMN: usize = 100;
const SOURCES: [&str; 7] = [".rs", ".py", ".c", ".h", ".cs", ".java", ".sh"];

/// So many characters without a blank are data of the wire or an address, which break nowhere.
const UNBREAKABLE: usize = 45;

/// One rule: what it says of a file, or nothing if the file keeps it.
type Rule = fn(&File) -> Vec<String>;

const RULES: [Rule; 6] = [
    lines_end_in_time,
    lines_end_without_blanks,
    the_file_ends_with_one_line_end,
    rust_opens_with_what_it_holds,
    no_test_sleeps_or_is_left_out,
    no_path_of_one_machine,
];

#[test]
fn the_house_rules_are_kept() {
    let files = files();
    assert!(files.len() > 100, "git ls-files lists the files");
    let broken: Vec<String> = files
        .iter()
        .flat_map(|file| RULES.iter().flat_map(|rule| rule(file)))
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn lines_end_in_time(file: &File) -> Vec<String> {
    if !file.is_source() {
        return Vec::new();
    }
    file.lines(|line| {
        let longest_word = line.split(' ').map(|word| word.chars().count()).max();
        (line.chars().count() > LAST_COLUMN && longest_word < Some(UNBREAKABLE))
            .then_some("is longer than 100 columns")
    })
}

fn lines_end_without_blanks(file: &File) -> Vec<String> {
    file.lines(|line| {
        line.ends_with([' ', '\t', '\r'])
            .then_some("has blanks, or a CR, at its end")
    })
}

fn the_file_ends_with_one_line_end(file: &File) -> Vec<String> {
    let fine = file.text.ends_with('\n') && !file.text.ends_with("\n\n");
    file.problem(file.is_source() && !fine, "does not end with one line end")
}

fn rust_opens_with_what_it_holds(file: &File) -> Vec<String> {
    let says = file.text.starts_with("//! ") || file.text.starts_with("// Generated");
    file.problem(
        file.path.ends_with(".rs") && !says,
        "does not open with a //! that says what it holds",
    )
}

/// A test that sleeps is slow or fails now and then; one that is left out protects nobody.
fn no_test_sleeps_or_is_left_out(file: &File) -> Vec<String> {
    const IN_TESTS: [&str; 3] = ["sleep(", "#[ignore", "mark.skip"];
    let first = match file.path.starts_with("tests/") || file.path.contains("/tests/") {
        true => 0,
        false => match file.text.find("\nmod tests {") {
            Some(start) => file.text[..start].lines().count(),
            None => return Vec::new(),
        },
    };
    let tests = file.text.lines().enumerate().skip(first);
    tests
        .filter(|_| file.path != "tests/tidy.rs")
        .filter(|(_, line)| {
            let line = line.to_lowercase();
            IN_TESTS.iter().any(|word| line.contains(word))
        })
        .map(|(at, _)| format!("{}:{} sleeps, or leaves a test out", file.path, at + 1))
        .collect()
}

/// Nobody else's machine has such a folder.
fn no_path_of_one_machine(file: &File) -> Vec<String> {
    let here = root().to_str().expect("it is UTF-8");
    let homes = ["home", "root", "work", "Users"].map(|name| format!("/{name}/"));
    file.lines(|line| {
        // In a URL it is a path of the web's.
        let starts_a_path = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric());
        let names_home = homes
            .iter()
            .any(|home| line.find(home).is_some_and(starts_a_path));
        (names_home || line.contains(here)).then_some("names a folder of one machine")
    })
}

struct File {
    path: String,
    text: String,
}

impl File {
    fn is_source(&self) -> bool {
        SOURCES.iter().any(|end| self.path.ends_with(end))
    }

    /// What `flaw` says of each line, with where it is.
    fn lines(&self, flaw: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
        let lines = self.text.split('\n').enumerate();
        lines
            .filter_map(|(at, line)| Some((at + 1, flaw(line)?)))
            .map(|(number, flaw)| format!("{}:{number} {flaw}", self.path))
            .collect()
    }

    fn problem(&self, broken: bool, flaw: &str) -> Vec<String> {
        match broken {
            true => vec![format!("{} {flaw}", self.path)],
            false => Vec::new(),
        }
    }
}

/// The repository.
fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests lie in it")
}

/// The text files that git has or would take.
fn files() -> Vec<File> {
    let root = root();
    let listed = Command::new("git")
        // Whoever checked them out.
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    let paths = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    paths
        .split_terminator('\0')
        .filter_map(|path| {
            // Not there any more, or no text.
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(File {
                path: path.to_owned(),
                text,
            })
        })
        .collect()
}

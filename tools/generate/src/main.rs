//! Writes what is said in Rust once and needed elsewhere again: the C header, the tables in the
//! READMEs, and the tables of each binding. `make generate` runs it; a test tells when a file is
//! out of date.
//!
//! Statuses and options come from the library's own tables. Functions and numbers are read from the
//! header that cbindgen makes of `src/ffi/`: every binding has to match the C declarations, and
//! these are simpler to read than the Rust they come from.
//!
//! A language is a file here: it makes texts of an [`Api`]. Add it to [`files`].

mod api;
mod cli;
mod csharp;
mod header;
mod java;
mod java_native;
mod python;
mod readme;
mod text;

use std::fs;
use std::path::Path;

use api::Api;

/// A file in the repository, by its path there, and what it has to hold.
struct File {
    path: &'static str,
    content: String,
}

fn main() {
    for file in files() {
        if is_outdated(&file) {
            let path = root().join(file.path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder"))
                .and_then(|()| fs::write(&path, &file.content))
                .unwrap_or_else(|error| panic!("{}: {error}", file.path));
            println!("wrote {}", file.path);
        }
    }
}

fn files() -> Vec<File> {
    let header = header::file();
    let api = Api::read(&header.content);
    let mut files = vec![header];
    files.extend(cli::files(&api));
    files.extend(readme::files(&api));
    files.extend(python::files(&api));
    files.extend(csharp::files(&api));
    files.extend(java::files(&api));
    files.extend(java_native::files(&api));
    files
}

fn is_outdated(file: &File) -> bool {
    fs::read_to_string(root().join(file.path)).ok().as_ref() != Some(&file.content)
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn every_file_is_as_the_tables_say() {
    let outdated: Vec<_> = files().into_iter().filter(is_outdated).collect();
    let paths: Vec<_> = outdated.iter().map(|file| file.path).collect();
    assert!(
        paths.is_empty(),
        "out of date: {}. Run: make generate",
        paths.join(", ")
    );
}

//! `include/tsm.h`: what cbindgen makes of `src/ffi/`, with the two tables that it cannot see.

use std::fmt::Write;

use thingspace_session::{OPTIONS, Status};

use crate::text::{default, lines, wrapped};
use crate::{File, root};

/// The files of `src/ffi/`, in the order that the header shows them in.
const SOURCES: &[&str] = &[
    "config", "log", "call", "session", "request", "exchange", "response", "error", "version",
];

pub fn file() -> File {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let manual = config.header.take().expect("the manual");
    config.header = Some(manual.replace(" *   {{options}}\n", &options()));

    let mut builder = cbindgen::Builder::new().with_config(config);
    for name in SOURCES {
        builder = builder.with_src(root().join("src/ffi").join(name).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("src/ffi is what cbindgen understands")
        .write(&mut header);
    let header = String::from_utf8(header).expect("the header is text");

    // cbindgen does not see what a macro makes.
    let before = "#define TSM_OK 0\n";
    assert!(header.contains(before), "the statuses follow {before:?}");
    File {
        path: "include/tsm.h",
        content: header.replace(before, &[before, &statuses()].concat()),
    }
}

fn options() -> String {
    let name_width = OPTIONS.iter().map(|o| o.name.len()).max().unwrap_or(0) + 2;
    let mut table = String::new();
    for option in OPTIONS {
        let (name, values) = (option.name, option.values());
        let default = match default(option) {
            Some(default) => format!("; {default}"),
            None => String::new(),
        };
        writeln!(table, " *   {name:name_width$}{values}{default}").unwrap();
        table += &lines(" *       ", &wrapped(option.doc, 93));
    }
    table
}

fn statuses() -> String {
    let mut table = String::new();
    for status in Status::ALL {
        let (name, number) = (status.name(), *status as i32);
        let doc = lines(" * ", &wrapped(status.doc(), 97));
        write!(table, "\n/**\n{doc} */\n#define {name} {number}\n").unwrap();
    }
    table
}

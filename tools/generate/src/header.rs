//! `include/tsm.h`: what cbindgen makes of `src/ffi/`, with the tables that it cannot see.

use std::fmt::Write;

use thingspace_session::{EventKind, OPTIONS, Status};

use crate::text::{default, lines, wrapped};
use crate::{File, root};

/// The files of `src/ffi/`, in the order that the header shows them in.
const SOURCES: &[&str] = &[
    "config", "log", "event", "call", "session", "request", "exchange", "response", "error",
    "version",
];

pub fn file() -> File {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let manual = config.header.take().expect("the manual");
    let manual = manual.replace(" *   {{options}}\n", &options());
    config.header = Some(manual.replace(" *   {{events}}\n", &events()));

    let mut builder = cbindgen::Builder::new().with_config(config);
    for name in SOURCES {
        builder = builder.with_src(root().join("src/ffi").join(name).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("src/ffi is what cbindgen understands")
        .write(&mut header);
    let header = with_names(&String::from_utf8(header).expect("the header is text"));

    // cbindgen does not see what a macro makes.
    let header = followed_by(&header, "#define TSM_OK 0\n", &statuses());
    let header = followed_by(&header, "#define TSM_METRICS_MAX 16384\n", &event_kinds());
    File {
        path: "include/tsm.h",
        content: header,
    }
}

/// `typedef struct {…} tsm_x;` with its name at the beginning too, so that it can be declared
/// without this header.
fn with_names(header: &str) -> String {
    let mut pieces = header.split("typedef struct {");
    let mut named = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, end) = piece.split_once("\n} ").expect("a struct ends");
        let (name, _) = end.split_once(';').expect("its name follows");
        named += &format!("typedef struct {name} {{{piece}");
    }
    named
}

fn followed_by(header: &str, before: &str, table: &str) -> String {
    assert!(header.contains(before), "a table follows {before:?}");
    header.replace(before, &[before, table].concat())
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

fn events() -> String {
    let mut table = String::new();
    let mut add = |start: String, doc: &str| {
        let mut doc = wrapped(doc, 93 - start.len()).into_iter();
        table += &format!("{start}{}\n", doc.next().unwrap_or_default());
        let indent = format!(" *{}", " ".repeat(start.len() - 2));
        table += &lines(&indent, &doc.collect::<Vec<_>>());
    };
    for kind in EventKind::ALL {
        add(format!(" *   {:21}", kind.name()), kind.doc());
        for detail in kind.details() {
            add(format!(" *     {:19}", detail.name()), detail.doc());
        }
    }
    table
}

fn event_kinds() -> String {
    let mut table = String::new();
    for kind in EventKind::ALL {
        let (name, number) = (kind.name().to_uppercase(), *kind as i32);
        let doc = lines(" * ", &wrapped(kind.doc(), 97));
        write!(
            table,
            "\n/**\n{doc} */\n#define TSM_EVENT_{name} {number}\n"
        )
        .unwrap();
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

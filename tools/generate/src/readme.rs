//! The tables of the project's README.

use std::fmt::Write;

use crate::File;
use crate::api::Api;
use crate::text::{default, replace_parts};

pub fn files(api: &Api) -> Vec<File> {
    let path = "README.md";
    vec![File {
        path,
        content: replace_parts(
            path,
            &[("options", options(api)), ("statuses", statuses(api))],
        ),
    }]
}

fn options(api: &Api) -> String {
    let mut table = "| option | values | default | |\n|---|---|---|---|\n".to_owned();
    for option in api.options {
        let (name, values, doc) = (option.name, option.values(), option.doc);
        let default = default(option).map_or_else(String::new, |default| format!("`{default}`"));
        writeln!(table, "| `{name}` | {values} | {default} | {doc} |").unwrap();
    }
    table
}

fn statuses(api: &Api) -> String {
    let mut table = "| status | what it means and what to do |\n|---|---|\n".to_owned();
    for status in api.statuses {
        let (name, number, doc) = (status.name(), *status as i32, status.doc());
        writeln!(table, "| `{name}` ({number}) | {doc} |").unwrap();
    }
    table
}

//! The tables of the project's README, and of the page about events.

use std::fmt::Write;

use thingspace_session::Instrument;

use crate::File;
use crate::api::Api;
use crate::text::{default, replace_parts};

pub fn files(api: &Api) -> Vec<File> {
    let (readme, page) = ("README.md", "docs/events.md");
    vec![
        File {
            path: readme,
            content: replace_parts(
                readme,
                &[("options", options(api)), ("statuses", statuses(api))],
            ),
        },
        File {
            path: page,
            content: replace_parts(page, &[("events", events(api)), ("metrics", metrics(api))]),
        },
    ]
}

fn events(api: &Api) -> String {
    let mut table = "| event | detail | what happened |\n|---|---|---|\n".to_owned();
    for kind in api.event_kinds {
        let (name, number, doc) = (kind.name(), *kind as i32, kind.doc());
        writeln!(table, "| `{name}` ({number}) | | {doc} |").unwrap();
        for detail in kind.details() {
            writeln!(table, "| | `{}` | {} |", detail.name(), detail.doc()).unwrap();
        }
    }
    table
}

fn metrics(api: &Api) -> String {
    let mut table =
        "| OpenTelemetry | kind, unit | attribute | Prometheus | |\n|---|---|---|---|---|\n"
            .to_owned();
    for metric in api.metrics {
        let instrument = match metric.instrument {
            Instrument::Counter(_) => "counter",
            Instrument::Histogram(_) => "histogram",
            Instrument::Gauge => "gauge",
            other => panic!("what is {other:?}?"),
        };
        let attribute = match metric.attribute {
            "" => String::new(),
            attribute => format!("`{attribute}`"),
        };
        let (name, unit, doc) = (metric.name, metric.unit, metric.doc);
        let prometheus = metric.prometheus_name();
        writeln!(
            table,
            "| `{name}` | {instrument}, `{unit}` | {attribute} | `{prometheus}` | {doc} |"
        )
        .unwrap();
    }
    table
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

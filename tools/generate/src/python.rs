//! The tables of the Python binding: options, exceptions, events, metrics, and the functions as
//! ctypes sees them.

use std::collections::BTreeSet;
use std::fmt::Write;

use thingspace_session::{BOUNDS_MS, EventDetail, Instrument, OptionInfo, OptionKind, Status};

use crate::File;
use crate::api::{Api, Function, Struct, Type};
use crate::text::{default, lines, pascal_case, replace_parts, wrapped};

pub fn files(api: &Api) -> Vec<File> {
    let readme = "bindings/python/README.md";
    vec![
        File {
            path: "bindings/python/src/thingspace_session/_library.py",
            content: library(api),
        },
        File {
            path: "bindings/python/src/thingspace_session/_options.py",
            content: options(api),
        },
        File {
            path: "bindings/python/src/thingspace_session/_errors.py",
            content: errors(api),
        },
        File {
            path: "bindings/python/src/thingspace_session/_metrics.py",
            content: metrics(api),
        },
        File {
            path: readme,
            content: replace_parts(
                readme,
                &[
                    ("options", options_for_readme(api)),
                    ("errors", errors_for_readme(api)),
                ],
            ),
        },
    ]
}

fn library(api: &Api) -> String {
    let mut body = String::new();
    for (name, value) in &api.numbers {
        writeln!(body, "{name} = {value}").unwrap();
    }
    body += &api.structs.iter().map(structure).collect::<String>();
    body += "\n_library = Library(ABI_VERSION)\nPATH = _library.path\n\n";
    for function in &api.functions {
        body += &declaration(function);
    }

    let words = body.split(|c: char| !c.is_alphanumeric() && c != '_');
    let ctypes: BTreeSet<_> = words
        .filter(|word| word.starts_with("c_") || ["POINTER", "Structure"].contains(word))
        .collect();
    let ctypes: Vec<String> = ctypes.iter().map(|name| format!("    {name},\n")).collect();
    let ctypes = ctypes.concat();
    format!(
        r#""""The functions of ``tsm.h``, without their ``tsm_``, and its numbers.

{GENERATED}
"""

from __future__ import annotations

from ctypes import (
{ctypes})

from ._loading import EVENT_FUNCTION as EVENT_FUNCTION
from ._loading import INTERRUPT_FUNCTION as INTERRUPT_FUNCTION
from ._loading import LOG_FUNCTION as LOG_FUNCTION
from ._loading import Library

{body}"#
    )
}

fn structure(of: &Struct) -> String {
    let name = pascal_case(of.name.trim_start_matches("tsm_"));
    let fields = of.fields.iter();
    let fields = fields.map(|(name, t)| format!("        ({name:?}, {}),\n", ctype(t)));
    format!(
        "\n\nclass {name}(Structure):\n    _fields_ = [\n{}    ]\n\n",
        fields.collect::<String>()
    )
}

const GENERATED: &str = "Made by `make generate` from the tables in Rust: change those.";

fn declaration(function: &Function) -> String {
    let c_name = &function.name;
    let name = c_name.trim_start_matches("tsm_");
    // Looking through a body takes time, too.
    let reads_bytes = function.parameters.iter().any(|(_, t)| *t == Type::Bytes);
    let how = match function.waits() || reads_bytes {
        true => "without_gil",
        false => "with_gil",
    };
    let result = match function.result {
        // With a length it is more than what ctypes would read: up to the first NUL.
        Type::Text if function.gives_length() => "c_void_p".into(),
        Type::Bytes => "c_void_p".into(),
        ref other => ctype(other),
    };
    let arguments: Vec<String> = [format!("{c_name:?}"), result]
        .into_iter()
        .chain(function.parameters.iter().map(|(_, t)| ctype(t)))
        .collect();
    let call = format!("{name} = _library.{how}(");
    let on_one = arguments.join(", ");
    if call.len() + on_one.len() < 100 {
        format!("{call}{on_one})\n")
    } else if on_one.len() <= 96 {
        format!("{call}\n    {on_one}\n)\n")
    } else {
        format!("{call}\n    {},\n)\n", arguments.join(",\n    "))
    }
}

fn ctype(of: &Type) -> String {
    match of {
        Type::Void => "None",
        Type::I32 => "c_int32",
        Type::U32 => "c_uint32",
        Type::I64 => "c_int64",
        Type::U64 => "c_uint64",
        Type::Size => "c_size_t",
        // Of a bytes object ctypes passes the address of its content.
        Type::Text | Type::Bytes | Type::Buffer => "c_char_p",
        Type::Handle(_) | Type::Context => "c_void_p",
        Type::TextList => "POINTER(c_char_p)",
        Type::Out(target) => return format!("POINTER({})", ctype(target)),
        Type::Callback(name) => {
            let name = name.trim_start_matches("tsm_").trim_end_matches("_fn");
            return format!("{}_FUNCTION", name.to_uppercase());
        }
    }
    .into()
}

fn options(api: &Api) -> String {
    let mut fields = String::new();
    let mut table = String::new();
    let mut documentation = String::new();
    for option in api.options {
        let (name, kind) = (name(option), type_name(&option.kind));
        let values = values_in_words(option);
        let doc = lines("    ", &wrapped(option.doc, 93));
        write!(
            fields,
            "    {name}: {}\n    \"\"\"{}\n\n{}    \"\"\"\n",
            hint(&option.kind),
            doc.trim(),
            lines("    ", &wrapped(&values, 93))
        )
        .unwrap();
        let kind = match kind {
            PATH => "PathLike",
            kind => kind,
        };
        writeln!(
            table,
            "    {name:?}: ({:?}, {kind}, {:?}),",
            option.name,
            self::values(option)
        )
        .unwrap();
        let doc = format!("{name}: {} {}", option.doc, values.replace("``", ""));
        let in_lines = wrapped(&doc, 80);
        documentation += &format!("    {}\n", in_lines[0]);
        documentation += &lines("        ", &in_lines[1..]);
    }
    format!(
        r#""""The options of a session.

{GENERATED}
"""

from __future__ import annotations

import os
from os import PathLike
from typing import Optional, TypedDict, Union


class Options(TypedDict, total=False):
    """The options of ``thingspace_session.login`` and ``thingspace_session.unblock``; ``None`` is
    the same as leaving one out.

    Each may also come from the environment, as the variable named with it; one given by hand wins.
    """

{fields}

TABLE: dict[str, tuple[str, type, str]] = {{
{table}}}
"""Of each option its name in the library, the type of its values, and these in words. What is
``float`` is in seconds here and in milliseconds there."""

DOCUMENTATION = """\
Options:
{documentation}"""
"#
    )
}

/// How Python calls an option: times are in seconds there, as everywhere in Python.
fn name(option: &OptionInfo) -> &'static str {
    match option.kind {
        OptionKind::Milliseconds => option.name.trim_end_matches("_ms"),
        _ => option.name,
    }
}

const PATH: &str = "str, path";

/// The type of an option's values.
fn type_name(kind: &OptionKind) -> &'static str {
    match kind {
        OptionKind::Flag => "bool",
        OptionKind::Number(_) => "int",
        OptionKind::Milliseconds => "float",
        OptionKind::Path | OptionKind::SecretFile => PATH,
        OptionKind::Choice(_) | OptionKind::Text(..) | OptionKind::Secret(..) => "str",
    }
}

fn hint(kind: &OptionKind) -> String {
    match type_name(kind) {
        PATH => "Union[str, os.PathLike[str], None]".into(),
        name => format!("Optional[{name}]"),
    }
}

fn values(option: &OptionInfo) -> String {
    match option.kind {
        OptionKind::Milliseconds => "seconds, 0.001 to 86400".into(),
        OptionKind::Flag => "True, False".into(),
        _ => option.values(),
    }
}

fn default_value(option: &OptionInfo) -> Option<String> {
    let value = default(option)?;
    Some(match option.kind {
        OptionKind::Milliseconds => seconds(&value),
        OptionKind::Flag => value[..1].to_uppercase() + &value[1..],
        _ => value,
    })
}

fn seconds(milliseconds: &str) -> String {
    let milliseconds: f64 = milliseconds.parse().expect("a number");
    (milliseconds / 1000.0).to_string()
}

/// What an option accepts, what it is without being set, and the variable that sets it.
fn values_in_words(option: &OptionInfo) -> String {
    let default = default_value(option)
        .map(|default| format!("; default ``{default}``"))
        .unwrap_or_default();
    let unit = match option.kind {
        OptionKind::Milliseconds => ", in milliseconds",
        _ => "",
    };
    format!(
        "Values: {}{default}. Variable: ``{}``{unit}.",
        values(option),
        option.variable()
    )
}

fn errors(api: &Api) -> String {
    let mut classes = String::new();
    let mut names = vec!["Error".to_owned()];
    for status in api.statuses {
        let Some((name, base)) = exception(*status) else {
            continue;
        };
        let (number, doc) = (*status as i32, docstring(status.doc()));
        let bases = match base {
            Some(base) => format!("Error, {base}"),
            None => "Error".into(),
        };
        write!(
            classes,
            "\n\nclass {name}({bases}, status={number}):\n{doc}"
        )
        .unwrap();
        names.push(name);
    }
    names.sort();
    let all: String = names
        .iter()
        .map(|name| format!("    {name:?},\n"))
        .collect();
    format!(
        r#""""The exceptions, all under ``Error``: one for each status that a program may act on.

{GENERATED}
"""

from __future__ import annotations

from ._error import Error

__all__ = [
{all}]
{classes}"#
    )
}

/// Words as a type: `Literal["a", "b"]`.
fn literal<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: String = words.map(|word| format!("    {word:?},\n")).collect();
    format!("Literal[\n{words}]")
}

fn metrics(api: &Api) -> String {
    let kinds = literal(api.event_kinds.iter().map(|kind| kind.name()));
    let details = literal(EventDetail::ALL.iter().map(|detail| detail.name()));
    let bounds = BOUNDS_MS.iter().map(|ms| f64::from(*ms) / 1e3);
    let bounds: Vec<_> = bounds.map(|seconds| format!("{seconds:?}")).collect();
    let mut rows = String::new();
    for metric in api.metrics {
        let (instrument, kind) = match metric.instrument {
            Instrument::Counter(kind) => ("counter", Some(kind)),
            Instrument::Histogram(kind) => ("histogram", Some(kind)),
            Instrument::Gauge => ("gauge", None),
            other => panic!("what is {other:?} in Python?"),
        };
        let kind = kind.map_or("None".into(), |kind| format!("{:?}", kind.name()));
        let (name, unit, attribute) = (metric.name, metric.unit, metric.attribute);
        write!(
            rows,
            "    Metric(\n        {name:?},\n        {instrument:?},\n        {kind},\n        \
             {unit:?},\n        {attribute:?},\n        {:?},\n    ),\n",
            metric.doc
        )
        .unwrap();
    }
    format!(
        r#""""The names of events, and the metrics that they come to.

{GENERATED}
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Optional

EventKind = {kinds}
"""What happened: see the table of events."""

EventDetail = {details}
"""What tells events of one kind apart."""


class Metric(NamedTuple):
    """One metric, as OpenTelemetry names it."""

    name: str
    instrument: Literal["counter", "histogram", "gauge"]
    kind: Optional[EventKind]
    """The events that it counts, or whose duration it is; None for the slots that are left."""
    unit: str
    attribute: str
    """What an event's detail is called; "" where it is left out."""
    description: str


METRICS = (
{rows})

BOUNDS = ({})
"""The upper bounds of the histograms' buckets, in seconds."""
"#,
        bounds.join(", ")
    )
}

fn docstring(text: &str) -> String {
    let in_lines = wrapped(text, 90);
    let end = match in_lines.len() {
        1 => "\"\"\"\n",
        _ => "\n    \"\"\"\n",
    };
    format!("    \"\"\"{}{end}", lines("    ", &in_lines).trim())
}

/// The class of a status, and what it is to Python; none for what no Python program meets.
fn exception(status: Status) -> Option<(String, Option<&'static str>)> {
    let (name, base) = match status {
        Status::BufferTooSmall => return None,
        Status::InvalidArgument => ("InvalidArgument", Some("ValueError")),
        Status::InvalidHandle => ("SessionClosed", None),
        Status::Credentials => ("CredentialsRejected", None),
        Status::Locked => ("AccountLocked", None),
        Status::SessionExpired => ("SessionTokenExpired", None),
        Status::ApiToken => ("ApiTokenError", None),
        Status::Platform => ("PlatformError", None),
        Status::Protocol => ("ProtocolError", None),
        Status::Network => ("NetworkError", Some("ConnectionError")),
        Status::Timeout => ("Timeout", Some("TimeoutError")),
        Status::Tls => ("TLSError", None),
        Status::Store => ("StoreError", None),
        Status::Internal => ("InternalError", None),
        other => return Some((format!("{other:?}"), None)),
    };
    Some((name.into(), base))
}

fn options_for_readme(api: &Api) -> String {
    let mut table = "| option | type | values | default | |\n|---|---|---|---|---|\n".to_owned();
    for option in api.options {
        let default = default_value(option).map_or_else(String::new, |value| format!("`{value}`"));
        writeln!(
            table,
            "| `{}` | {} | {} | {default} | {} |",
            name(option),
            type_name(&option.kind),
            values(option),
            option.doc
        )
        .unwrap();
    }
    table
}

fn errors_for_readme(api: &Api) -> String {
    let mut table = "| error | what it means and what to do |\n|---|---|\n".to_owned();
    for status in api.statuses {
        if let Some((name, _)) = exception(*status) {
            writeln!(table, "| `{name}` | {} |", status.doc()).unwrap();
        }
    }
    table
}

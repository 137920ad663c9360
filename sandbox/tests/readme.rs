//! The README is the contract: its tables of settings, faults, counters and calls are those of the
//! program.

mod common;

use common::*;
use serde_json::{Map, Value, json};

const README: &str = include_str!("../README.md");

/// The cells of a section's table, without its head.
fn table(section: &str) -> Vec<Vec<&'static str>> {
    let text = README
        .split(&format!("\n## {section}\n"))
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("a section");
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn settings_and_their_defaults_are_as_written() {
    let mut written = Map::new();
    for row in table("Settings") {
        for (name, default) in row[0].split(" / ").zip(row[1].split(" / ")) {
            let default = default.trim_matches('`');
            let default = serde_json::from_str(default).unwrap_or_else(|_| json!(default));
            written.insert(name.trim_matches('`').to_string(), default);
        }
    }
    let settings = start().control("GET", "/state", Value::Null)["settings"].clone();
    assert_eq!(settings, Value::Object(written));
}

#[test]
fn counters_are_as_written() {
    let paragraph = README
        .split("\nCounters: ")
        .nth(1)
        .and_then(|rest| rest.split(" (the most").next())
        .expect("a paragraph");
    let mut written: Vec<&str> = quoted(paragraph).collect();
    written.sort_unstable();
    let state = start().control("GET", "/state", Value::Null);
    let counters: Vec<&String> = state["counters"]
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(counters, written);
}

#[test]
fn every_fault_written_is_taken() {
    let sandbox = start();
    let rows = table("Faults");
    let (parameters, faults): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.len() == 2);
    for row in &faults {
        let mut body = json!({"on": "any", "fault": quoted(row[0]).next()});
        for parameter in quoted(row[1]) {
            body[parameter] = value_for(parameter);
        }
        fault(&sandbox, body);
    }
    let waiting = sandbox.control("GET", "/state", Value::Null)["faults"]
        .as_array()
        .map(Vec::len);
    assert_eq!((waiting, faults.len()), (Some(20), 20));

    // The first row of the second table is its head; the first 14 faults are those that answer.
    for row in &parameters[1..] {
        let parameter = quoted(row[0]).next().expect("a name");
        for answering in faults.iter().take(14) {
            let mut body = json!({"on": "any", "fault": quoted(answering[0]).next()});
            for parameter in quoted(answering[1]).chain([parameter]) {
                body[parameter] = value_for(parameter);
            }
            fault(&sandbox, body);
        }
    }
    assert_eq!(parameters.len(), 5);
}

fn value_for(parameter: &str) -> Value {
    match parameter {
        "location" => json!("/"),
        "body" | "hold" => json!(""),
        "headers" => json!({}),
        "interim" => json!([100]),
        "xml" | "process" => json!(true),
        "status" => json!(429),
        _ => json!(10),
    }
}

#[test]
fn every_part_of_a_canned_answer_written_is_taken() {
    let sandbox = start();
    let rows = table("Canned answers");
    for parameter in rows.iter().skip(1).flat_map(|row| quoted(row[0])) {
        let mut body = json!({"path": "/x"});
        body[parameter] = match parameter {
            "method" => json!("GET"),
            "session_token_header" => json!("SessionToken"),
            _ => value_for(parameter),
        };
        sandbox.control("POST", "/answers", body);
    }
    assert_eq!(rows.len(), 4);
}

#[test]
fn every_kind_written_can_be_hit() {
    let sandbox = start();
    let kinds = README
        .split("\n`on`: ")
        .nth(1)
        .and_then(|rest| rest.split(". ").next())
        .expect("a line");
    for kind in quoted(kinds) {
        fault(&sandbox, json!({"on": kind, "fault": "hold"}));
    }
    assert_eq!(quoted(kinds).count(), 9);
}

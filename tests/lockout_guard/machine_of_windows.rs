//! The machine that a helper process finds. On Windows none can have a clock of its own: it finds
//! its records older instead.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::helper::JOB;

/// How much older the records of a directory were made.
static AHEAD: Mutex<BTreeMap<PathBuf, u64>> = Mutex::new(BTreeMap::new());

/// The helper starts so many seconds from now, by the clock that the guard goes by.
pub fn put_ahead(command: &mut Command, seconds: u64) {
    let mut all = command.get_envs();
    let (_, job) = all.find(|(name, _)| *name == OsStr::new(JOB)).unwrap();
    let job: Value = serde_json::from_str(job.unwrap().to_str().unwrap()).unwrap();
    let steps = job["steps"].as_array().unwrap().iter();
    let stores = steps
        .chain([&job])
        .filter_map(|of| of["options"]["store"].as_str());
    let directories: BTreeSet<_> = stores
        .filter_map(|store| store.strip_prefix("file:"))
        .collect();
    for directory in directories {
        put_records_behind(Path::new(directory), seconds);
    }
}

fn put_records_behind(directory: &Path, seconds: u64) {
    let mut ahead = AHEAD.lock().unwrap();
    let so_far = ahead.entry(directory.to_owned()).or_default();
    let Some(more) = seconds.checked_sub(*so_far).filter(|more| *more > 0) else {
        return;
    };
    *so_far = seconds;
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            make_older(&path, more, seconds);
        }
    }
}

/// A record that was last looked at by another clock: what it holds stays as old as it was then.
fn make_older(record: &Path, seconds: u64, clock: u64) {
    let mut value: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    value["as_of_ms"] = json!(value["as_of_ms"].as_u64().unwrap() + 1000 * seconds);
    value["clock"] = json!(format!("{clock} s ahead"));
    fs::write(record, value.to_string()).unwrap();
}

//! Files that hold secrets: they are read as sessions read them, and nothing of them is told.

use super::finding::{Check, Findings};
use crate::config::Config;
use crate::error::Status;
use crate::options::{self, OPTIONS, OptionKind};
use crate::secret_file;

pub(super) fn examine(config: &Config, findings: &mut Findings<'_>) {
    let mut any = false;
    for info in OPTIONS {
        if matches!(info.kind, OptionKind::SecretFile)
            && let Some(path) = config.get(info.name)
            && config.uses(info.name)
        {
            any = true;
            look_at(info.name, path, findings);
        }
    }
    if !any {
        findings.fine(Check::Files, "no secret is taken from a file");
    }
}

fn look_at(option: &'static str, path: &str, findings: &mut Findings<'_>) {
    let text = match secret_file::read(path).and_then(|_| secret_file::read_all(path)) {
        Ok(text) => text,
        Err(flaw) => {
            let message = format!("{option}: {}", flaw.why);
            return findings.fail(Check::Files, status(option), message, flaw.remedy);
        }
    };
    let line = secret_file::line(&text);
    let of = option.trim_end_matches("_file");
    // A key has a form of its own, which the store looks at.
    let checked = match options::find(of) {
        Ok(info) => info.check(line),
        Err(_) => Ok(()),
    };
    if let Err(flaw) = checked {
        let message = format!("{option}: {path}: {flaw}");
        let remedy = format!("Write nothing but the {} into it", of.replace('_', " "));
        return findings.fail(Check::Files, status(option), message, remedy);
    }
    if text.ends_with("\r\n") {
        findings.warn(
            Check::Files,
            format!(
                "{option}: {path} ends in CR and LF, as files of Windows do: here they are cut \
                 off, another program may send the CR"
            ),
            format!("sed -i 's/\\r$//' {path} makes it plain"),
        );
    } else if line.trim() != line {
        findings.warn(
            Check::Files,
            format!("{option}: {path}: a blank begins or ends it, and is sent with it"),
            "Take it out, unless it belongs to the secret",
        );
    } else if !std::path::Path::new(path).is_absolute() {
        findings.warn(
            Check::Files,
            format!("{option}: {path} can be read, from this working directory"),
            "Give an absolute path, which holds for each",
        );
    } else {
        findings.fine(Check::Files, format!("{option}: {path} can be read"));
    }
}

/// What a session fails with when it needs the file.
fn status(option: &str) -> Status {
    match option.starts_with("store_") {
        true => Status::Store,
        false => Status::InvalidArgument,
    }
}

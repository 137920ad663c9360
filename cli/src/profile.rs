//! Profiles: options of sessions by name, in `thingspace/config.toml` in the user's folder for
//! configuration. No secret belongs there, and nobody else may be able to write it: it says where
//! passwords are sent.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use thingspace_session::{Config, OPTIONS, OptionKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::Failure;
use crate::output::{self, Output};

/// The profile that holds where none is named.
const DEFAULT: &str = "default";
const LONGEST: u64 = 1024 * 1024;

/// One profile, as its file has it.
#[derive(Debug)]
pub struct Profile {
    pub name: String,
    pub file: PathBuf,
    pub options: Vec<ProfileOption>,
}

/// One line of it.
#[derive(Debug)]
pub struct ProfileOption {
    pub name: &'static str,
    pub value: String,
    pub line: usize,
}

/// The variables that say where the configuration file is.
const FOLDERS: &str = if cfg!(windows) {
    "APPDATA"
} else {
    "HOME, or XDG_CONFIG_HOME,"
};

impl Profile {
    /// The profile of this name; without one, `[default]` where it is there.
    pub fn read(name: Option<&str>, output: &Output) -> Result<Option<Profile>, Failure> {
        let place = match (place(&|name| env::var_os(name)), name) {
            (Some(place), _) => place,
            (None, None) => return Ok(None),
            (None, Some(name)) => {
                return Err(Failure::Settings(format!(
                    "profile {name:?}: there is no folder for a configuration file; set {FOLDERS} \
                     in the environment",
                )));
            }
        };
        let text = match (read(&place), name) {
            (Ok(text), _) => text,
            (Err(Flaw::Missing), None) => return Ok(None),
            (Err(Flaw::OutOfReach(why)), None) => {
                output.note(&format!("warning: {} is left out: {why}", place.display()));
                return Ok(None);
            }
            (Err(Flaw::Missing), Some(name)) => {
                return Err(Failure::Settings(format!(
                    "profile {name:?}: there is no {}",
                    place.display()
                )));
            }
            (Err(Flaw::OutOfReach(why) | Flaw::Unfit(why)), _) => {
                return Err(Failure::Settings(format!("{}: {why}", place.display())));
            }
        };
        parse(&place, &text, name)
    }

    /// Where one would be looked for, in words.
    pub fn whereabouts() -> String {
        match place(&|name| env::var_os(name)) {
            Some(place) => format!("a profile in {}", place.display()),
            None => format!("a profile, for which {FOLDERS} must be set in the environment"),
        }
    }

    /// Where an option of it stands.
    pub fn place_of(&self, option: &str) -> Option<String> {
        let found = self.options.iter().find(|found| found.name == option)?;
        Some(format!("{}:{}", self.file.display(), found.line))
    }
}

/// The configuration file, whether it is there or not. None where the system tells no folder.
fn place(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        let path = PathBuf::from(variable(name)?);
        path.is_absolute().then_some(path)
    };
    let configuration = match cfg!(windows) {
        true => folder("APPDATA")?,
        false => folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?,
    };
    Some(configuration.join("thingspace").join("config.toml"))
}

enum Flaw {
    Missing,
    /// As where the folder is another user's.
    OutOfReach(String),
    Unfit(String),
}

fn read(path: &Path) -> Result<String, Flaw> {
    let file = open(path).map_err(|error| match error.kind() {
        // Left out, what it says would be missed without a word.
        io::ErrorKind::NotFound if path.is_symlink() => {
            Flaw::Unfit("is a link that leads nowhere".into())
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Flaw::Missing,
        io::ErrorKind::PermissionDenied => Flaw::OutOfReach(output::reason(&error)),
        _ => Flaw::Unfit(output::reason(&error)),
    })?;
    let unfit = |error: io::Error| Flaw::Unfit(output::reason(&error));
    if !file.metadata().map_err(unfit)?.is_file() {
        return Err(Flaw::Unfit("is not a plain file".into()));
    }
    if let Some(flaw) = others_can_write(&file).map_err(unfit)? {
        return Err(Flaw::Unfit(flaw.into()));
    }
    let mut text = String::new();
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    let length = read.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Flaw::Unfit("is not UTF-8".into()),
        _ => unfit(error),
    })?;
    match length as u64 > LONGEST {
        true => Err(Flaw::Unfit(format!("is longer than {LONGEST} bytes"))),
        false => Ok(text),
    }
}

/// A pipe in its place is not waited for.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    options.open(path)
}

#[cfg(windows)]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn others_can_write(file: &File) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt;

    let about = file.metadata()?;
    let own = [0, rustix::process::geteuid().as_raw()].contains(&about.uid());
    Ok(match (own, about.mode() & 0o022) {
        (false, _) => Some("is another user's, who could have passwords sent elsewhere"),
        (true, 0) => None,
        (true, _) => Some(
            "others can write it, and could have passwords sent elsewhere; chmod go-w makes it fit",
        ),
    })
}

/// Folders of a user's own are nobody else's to write there.
#[cfg(windows)]
fn others_can_write(_: &File) -> io::Result<Option<&'static str>> {
    Ok(None)
}

fn parse(file: &Path, text: &str, name: Option<&str>) -> Result<Option<Profile>, Failure> {
    let wrong = |at: Range<usize>, why: &str| {
        let number = line_of(text, at.start);
        let line = text.lines().nth(number - 1).unwrap_or_default();
        let hint = match line.contains('\\') && line.contains('"') {
            true => "; a text with \\ in it is given in single quotes",
            false => "",
        };
        Failure::Settings(format!("{}:{number}: {why}{hint}", file.display()))
    };
    let profiles = DeTable::parse(text).map_err(|error| {
        wrong(
            error.span().unwrap_or_default(),
            &first_line(error.message()),
        )
    })?;
    let mut chosen = None;
    // All are looked at, so that a mistake is found before its profile is needed.
    for (key, value) in profiles.get_ref() {
        let DeValue::Table(table) = value.get_ref() else {
            let why = format!(
                "{} stands in no profile; begin one above it with a line [{DEFAULT}]",
                key.get_ref()
            );
            return Err(wrong(key.span(), &why));
        };
        let options = options(file, text, table).map_err(|(at, why)| wrong(at, &why))?;
        if key.get_ref() == name.unwrap_or(DEFAULT) {
            chosen = Some(options);
        }
    }
    match (chosen, name) {
        (Some(options), name) => Ok(Some(Profile {
            name: name.unwrap_or(DEFAULT).to_owned(),
            file: file.to_owned(),
            options,
        })),
        (None, None) => Ok(None),
        (None, Some(name)) => {
            let known: Vec<&str> = profiles
                .get_ref()
                .keys()
                .map(|key| &**key.get_ref())
                .collect();
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            };
            Err(Failure::Settings(format!(
                "{}: there is no profile {name:?}; there is {known}",
                file.display()
            )))
        }
    }
}

type Wrong = (Range<usize>, String);

fn options(file: &Path, text: &str, table: &DeTable<'_>) -> Result<Vec<ProfileOption>, Wrong> {
    let mut options = Vec::new();
    for (key, value) in table {
        let (name, value) = option(file, key.get_ref(), value).map_err(|why| (key.span(), why))?;
        options.push(ProfileOption {
            name,
            value,
            line: line_of(text, key.span().start),
        });
    }
    Ok(options)
}

fn option(
    file: &Path,
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<(&'static str, String), String> {
    // It knows what options there are, and what they accept.
    let mut check = Config::new();
    let known = OPTIONS.iter().find(|option| option.name == name);
    let value = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        _ if known.is_some() => {
            return Err(format!(
                "{name}: must be a text, a whole number, true or false"
            ));
        }
        _ => String::new(),
    };
    let Some(known) = known else {
        let error = check.set(name, &value).err();
        return Err(error.map_or_else(String::new, |error| error.message().to_owned()));
    };
    // A proxy is a secret where it names a password, which is behind a user and before its host.
    if known.is_secret() && (known.name != "proxy" || value.contains('@')) {
        return Err(no_secrets(known.name));
    }
    let value = match known.kind {
        OptionKind::Path | OptionKind::SecretFile => beside(file, &value)?,
        _ => value,
    };
    check
        .set(known.name, &value)
        .map_err(|error| error.message().to_owned())?;
    Ok((known.name, value))
}

fn no_secrets(option: &str) -> String {
    let file = format!("{option}_file");
    match OPTIONS.iter().any(|option| option.name == file) {
        true => format!(
            "{option}: no secret belongs into this file; put it into a file of its own, and name \
             that as {file}"
        ),
        false => format!(
            "{option}: no password belongs into this file; set TSM_{} in the environment",
            option.to_ascii_uppercase()
        ),
    }
}

/// A path as it is meant in this file: from its folder, or with ~ from the user's.
fn beside(file: &Path, path: &str) -> Result<String, String> {
    let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    let path = match path.strip_prefix("~/") {
        Some(rest) => {
            let home = env::var_os(home).ok_or(format!("{path}: there is no {home}"))?;
            Path::new(&home).join(rest)
        }
        None => file.parent().unwrap_or(file).join(path),
    };
    path.into_os_string()
        .into_string()
        .map_err(|_| "is not UTF-8".to_owned())
}

fn line_of(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = if cfg!(windows) {
        r"C:\c\config.toml"
    } else {
        "/c/config.toml"
    };

    fn read(text: &str, name: Option<&str>) -> Result<Option<Profile>, String> {
        parse(Path::new(FILE), text, name).map_err(|failure| failure.message().unwrap())
    }

    #[test]
    fn a_profile_is_its_options() {
        let text = "# Ours.\n[default]\nusername = 'u'\n\n[slow]\ntimeout_ms = 90000\nshare_token \
                    = false\nproxy = 'http://proxy:3128'\n";
        let default = read(text, None).unwrap().unwrap();
        assert_eq!(
            (default.options[0].name, &*default.options[0].value),
            ("username", "u")
        );
        assert_eq!(default.place_of("username"), Some(format!("{FILE}:3")));
        let slow = read(text, Some("slow")).unwrap().unwrap();
        let mut values: Vec<_> = slow
            .options
            .iter()
            .map(|one| (one.name, &*one.value))
            .collect();
        values.sort_unstable();
        assert_eq!(
            values,
            [
                ("proxy", "http://proxy:3128"),
                ("share_token", "false"),
                ("timeout_ms", "90000")
            ]
        );
        assert!(read("[other]", None).unwrap().is_none());
        assert!(read("", None).unwrap().is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, words) in [
            (
                "[default]\npasword_file = 'x'",
                2,
                "did you mean \"password_file\"?",
            ),
            ("[default]\n\npassword = 'hunter2'", 3, "password_file"),
            ("[a]\n[b]\napp_secret = 'hunter2'", 3, "app_secret_file"),
            (
                "[default]\nproxy = 'http://me:hunter2@proxy'",
                2,
                "TSM_PROXY",
            ),
            ("username = 'u'", 1, "[default]"),
            (
                "[default]\ntimeout_ms = 'hunter'",
                2,
                "timeout_ms: must be a whole number",
            ),
            ("[default]\ntimeout_ms = 1.5", 2, "must be a text"),
            ("[default]\ntimeout_ms = 0x10", 2, "must be a text"),
            ("[default]\nusername = [1]", 2, "must be a text"),
            ("[default]\nusername.x = 'u'", 2, "must be a text"),
            ("[default]\nusername = 'u'\nusername = 'v'", 3, "duplicate"),
            ("[default]\npassword = hunter2", 2, ""),
            ("[default\n", 1, ""),
        ] {
            let why = read(text, None).unwrap_err();
            assert!(
                why.starts_with(&format!("{FILE}:{line}: ")),
                "{text}: {why}"
            );
            assert!(why.contains(words), "{text}: {why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
        let why = read("[production]\n[sandbox]", Some("prod")).unwrap_err();
        assert!(
            why.contains("\"prod\"; there is production, sandbox"),
            "{why}"
        );
    }

    #[test]
    fn paths_are_from_the_folder_of_the_file() {
        let profile = read("[default]\npassword_file = 'secret'", None)
            .unwrap()
            .unwrap();
        let path = Path::new(FILE).with_file_name("secret");
        assert_eq!(Path::new(&profile.options[0].value), path);
    }

    #[test]
    fn the_place_is_that_of_the_system() {
        let root = if cfg!(windows) { r"C:\" } else { "/" };
        let at = |set: &[(&str, &str)]| {
            place(&|name| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| OsString::from(value.replace('/', root)))
            })
        };
        let file = |folder: &str| {
            Some(
                Path::new(&folder.replacen('/', root, 1))
                    .join("thingspace")
                    .join("config.toml"),
            )
        };
        assert_eq!(at(&[]), None);
        match cfg!(windows) {
            true => assert_eq!(at(&[("APPDATA", "/a")]), file("/a")),
            false => {
                assert_eq!(at(&[("HOME", "/h")]), file("/h/.config"));
                assert_eq!(at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), file("/x"));
                assert_eq!(
                    at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]),
                    file("/h/.config")
                );
            }
        }
    }
}

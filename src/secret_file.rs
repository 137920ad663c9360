//! Files that hold a secret, such as a password or a key: read when they are needed, so that a new
//! one is found without a restart. One that others can read is refused, outside of mounts that
//! nobody can write: those are how containers and service managers hand out secrets.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};

use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};
use crate::secret::Secret;

const LONGEST: u64 = 64 * 1024;

/// Why a file cannot be taken, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub why: String,
    /// "" where that is plain.
    pub remedy: String,
}

impl Flaw {
    fn new(path: &str, why: &str, remedy: &str) -> Flaw {
        Flaw {
            why: format!("{path}: {why}"),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remedy.as_str() {
            "" => f.write_str(&self.why),
            remedy => write!(f, "{}; {remedy}", self.why),
        }
    }
}

impl Secret {
    /// The text of a file without its last line end. A file that others can read is refused, unless
    /// nothing on its mount can be written: so containers and service managers hand out secrets.
    pub fn from_file(path: &str) -> Result<Secret> {
        read(path).map_err(|flaw| Error::new(Status::InvalidArgument, flaw.to_string()))
    }
}

/// The text of the file without its last line end, or why it cannot be had.
pub(crate) fn read(path: &str) -> std::result::Result<Secret, Flaw> {
    let text = read_all(path)?;
    let line = line(&text);
    match line.is_empty() {
        true => Err(Flaw::new(path, "is empty", "write the secret into it")),
        false => Ok(Secret::new(line)),
    }
}

/// What of a file's text is the secret.
pub(crate) fn line(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line)
}

/// All that is in the file, or why it cannot be had.
pub(crate) fn read_all(path: &str) -> std::result::Result<Zeroizing<String>, Flaw> {
    let failed = |error: std::io::Error| {
        let remedy = match error.kind() {
            ErrorKind::NotFound => {
                "check the path: one that is not absolute begins at the working directory"
            }
            ErrorKind::PermissionDenied => "make this user its owner",
            ErrorKind::InvalidData => "save it as UTF-8",
            _ => "",
        };
        Flaw::new(path, &error.to_string(), remedy)
    };
    let file = open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Flaw::new(path, "is not a plain file", "name a file"));
    }
    if let Some((flaw, remedy)) = flaw(&file, path).map_err(failed)? {
        return Err(Flaw::new(path, &flaw, &remedy));
    }
    // One that had to grow would leave copies behind.
    let length = about.len().min(LONGEST) as usize + 1;
    let mut text = Zeroizing::new(String::with_capacity(length));
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    if read.map_err(failed)? as u64 > LONGEST {
        let why = format!("is longer than {LONGEST} bytes");
        return Err(Flaw::new(path, &why, "name the file of the secret alone"));
    }
    // It would be sent: a login with it is a failed one.
    match text.starts_with('\u{feff}') {
        true => Err(Flaw::new(
            path,
            "begins with a byte order mark, which is no part of a secret",
            "save it as UTF-8 without one",
        )),
        false => Ok(text),
    }
}

#[cfg(unix)]
fn open(path: &str) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    // NONBLOCK: a pipe put there by somebody must not hang us.
    let flags = (OFlags::CLOEXEC | OFlags::NONBLOCK).bits() as i32;
    std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
}

#[cfg(windows)]
fn open(path: &str) -> std::io::Result<File> {
    crate::windows::open(path.as_ref(), crate::windows::Open::Followed)
}

/// Why the file is not its owner's alone, and what makes it so.
#[cfg(unix)]
fn flaw(file: &File, _: &str) -> std::io::Result<Option<(String, String)>> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{StatVfsMountFlags, fstatvfs};

    let on_read_only_mount =
        || fstatvfs(file).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY));
    let is_open = file.metadata()?.mode() & 0o077 != 0 && !on_read_only_mount();
    let flaw = || {
        (
            "others can read it".into(),
            "chmod go-rwx makes it fit".into(),
        )
    };
    Ok(is_open.then(flaw))
}

#[cfg(windows)]
fn flaw(file: &File, path: &str) -> std::io::Result<Option<(String, String)>> {
    let flaw = crate::windows::flaw(file, crate::access_rights::Right::Read)?;
    let remedy = format!("icacls \"{path}\" /inheritance:r /grant:r \"%USERNAME%\":F makes it fit");
    Ok(flaw.map(|flaw| (flaw, remedy)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    #[cfg(windows)]
    use crate::windows::tests::write;

    #[cfg(unix)]
    fn write(path: &std::path::Path, text: &str, others_can_read: bool) {
        use std::os::unix::fs::PermissionsExt;

        let mode = if others_can_read { 0o640 } else { 0o600 };
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_what_its_owner_alone_can_read_is_taken_without_its_line_end() {
        let path = std::env::temp_dir().join(format!("tsm-secret-{}", std::process::id()));
        let name = path.to_str().unwrap();
        for (text, secret) in [
            ("a b\n", "a b"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a", "a"),
        ] {
            write(&path, text, false);
            assert_eq!(read(name), Ok(Secret::new(secret)));
        }
        write(&path, "a", true);
        let why = read(name).unwrap_err();
        assert!(why.why.contains("others can read it"), "{why}");
        for (text, flaw) in [
            ("\n", "is empty"),
            ("\u{feff}a", "begins with a byte order mark"),
        ] {
            write(&path, text, false);
            let why = read(name).unwrap_err();
            assert!(why.why.contains(flaw) && !why.remedy.is_empty(), "{why}");
        }
        let longest = "a".repeat(LONGEST as usize);
        write(&path, &longest, false);
        assert_eq!(read(name), Ok(Secret::new(longest.as_str())));
        // Cut off, it would be another secret.
        write(&path, &(longest + "a"), false);
        assert!(read(name).unwrap_err().why.contains("is longer than"));
        fs::remove_file(&path).unwrap();
        assert!(read(name).is_err());
        assert!(read("/").unwrap_err().why.contains("plain file"));
    }
}

//! Files that hold a secret, such as a password or a key: read when they are needed, so that a new
//! one is found without a restart. One that others can read is refused, outside of mounts that
//! nobody can write: those are how containers and service managers hand out secrets.

use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::secret::Secret;

const LONGEST: u64 = 64 * 1024;

/// The text of the file without its last line end, or why it cannot be had.
pub(crate) fn read(path: &str) -> std::result::Result<Secret, String> {
    let wrong = |why: &str| format!("{path}: {why}");
    let file = open(path).map_err(|error| wrong(&error.to_string()))?;
    let about = file.metadata().map_err(|error| wrong(&error.to_string()))?;
    if !about.is_file() {
        return Err(wrong("is not a plain file"));
    }
    if let Some(flaw) = flaw(&file, path).map_err(|error| wrong(&error.to_string()))? {
        return Err(wrong(&flaw));
    }
    // One that had to grow would leave copies behind.
    let length = about.len().min(LONGEST) as usize + 1;
    let mut text = Zeroizing::new(String::with_capacity(length));
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    let read = read.map_err(|error| wrong(&error.to_string()))?;
    if read as u64 > LONGEST {
        return Err(wrong(&format!("is longer than {LONGEST} bytes")));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.is_empty() {
        true => Err(wrong("is empty")),
        false => Ok(Secret::new(line)),
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

/// Why the file is not its owner's alone.
#[cfg(unix)]
fn flaw(file: &File, _: &str) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{StatVfsMountFlags, fstatvfs};

    let on_read_only_mount =
        || fstatvfs(file).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY));
    let is_open = file.metadata()?.mode() & 0o077 != 0 && !on_read_only_mount();
    Ok(is_open.then(|| "others can read it; chmod go-rwx makes it fit".into()))
}

#[cfg(windows)]
fn flaw(file: &File, path: &str) -> std::io::Result<Option<String>> {
    let flaw = crate::windows::flaw(file, crate::access_rights::Right::Read)?;
    Ok(flaw.map(|flaw| {
        format!("{flaw}; icacls \"{path}\" /inheritance:r /grant:r \"%USERNAME%\":F makes it fit")
    }))
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
        assert!(why.contains("others can read it"), "{why}");
        write(&path, "\n", false);
        assert!(read(name).unwrap_err().contains("is empty"));
        let longest = "a".repeat(LONGEST as usize);
        write(&path, &longest, false);
        assert_eq!(read(name), Ok(Secret::new(longest.as_str())));
        // Cut off, it would be another secret.
        write(&path, &(longest + "a"), false);
        assert!(read(name).unwrap_err().contains("is longer than"));
        fs::remove_file(&path).unwrap();
        assert!(read(name).is_err());
        assert!(read("/").unwrap_err().contains("plain file"));
    }
}

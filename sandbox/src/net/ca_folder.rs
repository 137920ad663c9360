//! The private folder that holds the CA's certificate: mode 0700, removed on drop. What a killed
//! sandbox left behind is swept up by the next one; a lock that dies with its process tells the two
//! apart.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::random;

const NAME_START: &str = "thingspace-sandbox-";
const LOCK: &str = "lock";
const CA: &str = "ca.pem";

pub struct CaFolder {
    folder: PathBuf,
    ca_file: PathBuf,
    _lock: File,
}

impl CaFolder {
    pub fn create(ca_pem: &str) -> io::Result<CaFolder> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let folder = parent.join(format!("{NAME_START}{}", random::hex()));
        create_private_folder(&folder)?;
        let ca_file = folder.join(CA);
        let filled = fill(&folder, &ca_file, ca_pem);
        match filled {
            Ok(lock) => Ok(CaFolder {
                folder,
                ca_file,
                _lock: lock,
            }),
            Err(error) => {
                remove(&folder);
                Err(error)
            }
        }
    }

    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }
}

impl Drop for CaFolder {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// The lock is taken under another name, so that nobody ever sees it free.
fn fill(folder: &Path, ca_file: &Path, ca_pem: &str) -> io::Result<File> {
    let unnamed = folder.join("lock.new");
    let lock = create_private_file(&unnamed)?;
    lock.lock()?;
    fs::rename(unnamed, folder.join(LOCK))?;
    create_private_file(ca_file)?.write_all(ca_pem.as_bytes())?;
    Ok(lock)
}

fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(NAME_START)
            || !entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            continue;
        }
        let folder = entry.path();
        if let Ok(lock) = OpenOptions::new().write(true).open(folder.join(LOCK))
            && lock.try_lock().is_ok()
        {
            remove(&folder);
        }
    }
}

/// Only what a sandbox puts there; a folder with anything else in it stays.
fn remove(folder: &Path) {
    for name in [CA, "lock.new", LOCK] {
        let _ = fs::remove_file(folder.join(name));
    }
    let _ = fs::remove_dir(folder);
}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

#[cfg(unix)]
fn create_private_file(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

#[cfg(not(unix))]
fn create_private_file(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(file)
}

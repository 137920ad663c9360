//! What only this user may touch, on Windows: files have lists of who may do what with them, and
//! are made with one that names the user, the system and the administrators.

use std::fs::File;
use std::io;
use std::path::Path;

use super::super::Lasts;
use super::{failed, refused};
use crate::access_rights::Right;
use crate::error::Result;
use crate::windows::{self, Kind, Open, Volume};

pub fn create_directories(path: &Path) -> io::Result<()> {
    windows::create_directories(path)
}

pub fn check_directory(path: &Path) -> Result<()> {
    let directory = open_as(path, Open::Look)?;
    match kind(&directory, path)? {
        Kind::Directory => check_rights(&directory, path),
        _ => Err(refused(path, "it is not a directory of its own")),
    }
}

/// Whether this user may make a file in a directory only trying it tells here.
pub fn check_writable(_: &Path) -> Result<()> {
    Ok(())
}

pub fn open_to_read(path: &Path) -> Result<File> {
    open(path, Open::Read)
}

pub fn open_to_lock(path: &Path) -> Result<File> {
    open(path, Open::Lock)
}

pub fn create_new(path: &Path) -> io::Result<File> {
    windows::open(path, Open::New)
}

fn open(path: &Path, how: Open) -> Result<File> {
    let file = open_as(path, how)?;
    match kind(&file, path)? {
        Kind::Plain => check_rights(&file, path).map(|()| file),
        _ => Err(refused(path, "it is not a plain file")),
    }
}

fn open_as(path: &Path, how: Open) -> Result<File> {
    windows::open(path, how).map_err(|error| failed("cannot open", path, &error))
}

fn kind(file: &File, path: &Path) -> Result<Kind> {
    windows::kind(file).map_err(|error| failed("cannot look at", path, &error))
}

fn check_rights(file: &File, path: &Path) -> Result<()> {
    let flaw = windows::flaw(file, Right::Write)
        .map_err(|error| failed("cannot look at the access rights of", path, &error))?;
    match flaw {
        None => Ok(()),
        Some(flaw) => Err(refused(
            path,
            &format!(
                "{flaw}: name a directory that is not there yet, or let this user alone in: \
                 icacls \"{}\" /inheritance:r /grant:r \"%USERNAME%\":(OI)(CI)F",
                path.display()
            ),
        )),
    }
}

pub fn is_at(file: &File, path: &Path) -> bool {
    let there = windows::open(path, Open::Look).and_then(|there| windows::identity(&there));
    matches!((windows::identity(file), there), (Ok(one), Ok(other)) if one == other)
}

pub fn is_same(one: &Path, other: &Path) -> bool {
    windows::open(one, Open::Look).is_ok_and(|one| is_at(&one, other))
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    windows::rename(from, to)
}

/// A directory whose names are to reach the disk.
pub struct Directory;

impl Directory {
    pub fn open(_: &Path) -> io::Result<Directory> {
        Ok(Directory)
    }

    /// A file reaches the disk with the journal of all that was done to it, its new name included.
    pub fn sync(&self, renamed: &File) -> io::Result<()> {
        renamed.sync_all()
    }
}

/// Makes what was written reach the disk.
pub fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

pub fn is_on_network(path: &Path) -> bool {
    windows::volume(path) == Volume::OnNetwork
}

pub fn lasts(path: &Path) -> Lasts {
    match windows::volume(path) {
        Volume::InMemory => Lasts::AsLongAsTheMachineRuns,
        _ => Lasts::Longer,
    }
}

//! What only this user may touch.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::super::Lasts;
use super::{failed, refused};
use crate::error::Result;

const OTHERS_WRITE: u32 = 0o022;

/// Makes a directory, and those above it that are not there.
pub fn create_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub fn check_directory(path: &Path) -> Result<()> {
    let metadata =
        fs::symlink_metadata(path).map_err(|error| failed("cannot look at", path, &error))?;
    match metadata.is_dir() {
        true => check_owner(path, &metadata),
        false => Err(refused(path, "it is not a directory of its own")),
    }
}

/// Fails where this user may make no file in the directory.
pub fn check_writable(path: &Path) -> Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};

    let metadata = fs::metadata(path).map_err(|error| failed("cannot look at", path, &error))?;
    if !metadata.is_dir() {
        return Err(refused(path, "it is not a directory"));
    }
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, path, wanted, AtFlags::EACCESS)
        .map_err(|error| failed("cannot write in", path, &error.into()))
}

pub fn open_to_read(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().read(true))
}

/// Makes the file where it is not there.
pub fn open_to_lock(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().write(true).create(true))
}

pub fn create_new(path: &Path) -> io::Result<File> {
    flags(OpenOptions::new().write(true).create_new(true)).open(path)
}

fn flags(options: &mut OpenOptions) -> &mut OpenOptions {
    // NONBLOCK: a pipe put there by somebody must not hang us.
    options
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits() as i32)
}

fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let file = flags(options)
        .open(path)
        .map_err(|error| failed("cannot open", path, &error))?;
    let metadata = file
        .metadata()
        .map_err(|error| failed("cannot look at", path, &error))?;
    if !metadata.is_file() {
        return Err(refused(path, "it is not a plain file"));
    }
    check_owner(path, &metadata)?;
    Ok(file)
}

fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me {
        let owner = metadata.uid();
        return Err(refused(
            path,
            &format!(
                "it belongs to the user {owner}, and this process runs as {me}: name a directory \
                 of its own, if need be inside this one"
            ),
        ));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(refused(
            path,
            "others can write it; chmod go-w makes it fit",
        ));
    }
    Ok(())
}

pub fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

pub fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::symlink_metadata(one), fs::symlink_metadata(other)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// A directory whose names are to reach the disk.
pub struct Directory(File);

impl Directory {
    pub fn open(path: &Path) -> io::Result<Directory> {
        File::open(path).map(Directory)
    }

    pub fn sync(&self, _: &File) -> io::Result<()> {
        match sync(&self.0) {
            // Some network file systems know no such thing, and write names at once.
            Err(error) if is_unknown(&error) => Ok(()),
            done => done,
        }
    }
}

/// Makes what was written reach the disk. On Apple's systems the standard library has the disk
/// itself write what it holds, which some network file systems do not know.
pub fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if is_unknown(&error) => Ok(rustix::fs::fsync(file)?),
        done => done,
    }
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INVAL | Errno::NOTSUP | Errno::NOTTY)
    )
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// What kind of file system holds the directory.
#[cfg(target_os = "linux")]
fn magic(path: &Path) -> Option<u32> {
    let about = rustix::fs::statfs(path).ok()?;
    Some(about.f_type as u32)
}

#[cfg(target_os = "linux")]
pub fn is_on_network(path: &Path) -> bool {
    /// NFS, SMB (three generations), Coda, AFS (two), 9P, Ceph, Lustre, GPFS, OCFS2, GFS2, FUSE
    /// (sshfs and its like).
    const NETWORK: [u32; 14] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x7375_7245,
        0x5346_414f,
        0x6b41_4653,
        0x0102_1997,
        0x00c3_6400,
        0x0bd0_0bd0,
        0x4750_4653,
        0x7461_636f,
        0x0116_1970,
        0x6573_5546,
    ];
    magic(path).is_some_and(|magic| NETWORK.contains(&magic))
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub fn is_on_network(path: &Path) -> bool {
    let about = rustix::fs::statfs(path);
    about.is_ok_and(|about| about.f_flags & libc::MNT_LOCAL as LibcFlags == 0)
}

#[cfg(target_vendor = "apple")]
type LibcFlags = u32;
#[cfg(target_os = "freebsd")]
type LibcFlags = u64;

#[cfg(not(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd")))]
pub fn is_on_network(_: &Path) -> bool {
    false
}

/// What is known of how long the directory will be there.
#[cfg(target_os = "linux")]
pub fn lasts(path: &Path) -> Lasts {
    let root = Path::new("/");
    let device = |path: &Path| fs::metadata(path).map(|about| about.dev()).ok();
    let on_root = device(path).is_some_and(|own| Some(own) == device(root));
    let mut marks = ["/.dockerenv", "/run/.containerenv"].iter();
    let is_marked = marks.any(|mark| Path::new(mark).exists());
    let magic = |path| magic(path).unwrap_or_default();
    lasts_there(magic(path), on_root, magic(root), is_marked)
}

/// By the kind of file system that holds the directory and whether that is the root's, the kind of
/// the root's, and whether a container engine has left its mark.
#[cfg(target_os = "linux")]
fn lasts_there(own: u32, on_root: bool, of_root: u32, is_marked: bool) -> Lasts {
    /// overlayfs and aufs, of which container engines make a container's own layer.
    const LAYERS: [u32; 2] = [0x794c_7630, 0x6175_6673];
    /// tmpfs and ramfs.
    const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];

    let in_container = is_marked || LAYERS.contains(&of_root);
    match IN_MEMORY.contains(&own) {
        // Engines give each container memory of its own.
        true if in_container => Lasts::AsLongAsTheContainer,
        true => Lasts::AsLongAsTheMachineRuns,
        false if LAYERS.contains(&own) || (on_root && is_marked) => Lasts::AsLongAsTheContainer,
        false => Lasts::Longer,
    }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub fn lasts(path: &Path) -> Lasts {
    let is_in_memory = |about: rustix::fs::StatFs| {
        let name = about.f_fstypename.map(|letter| letter as u8);
        name.starts_with(b"tmpfs\0")
    };
    match rustix::fs::statfs(path).is_ok_and(is_in_memory) {
        true => Lasts::AsLongAsTheMachineRuns,
        false => Lasts::Longer,
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd")))]
pub fn lasts(_: &Path) -> Lasts {
    Lasts::Longer
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const DISK: u32 = 0xef53;
    const LAYER: u32 = 0x794c_7630;
    const MEMORY: u32 = 0x0102_1994;

    #[test]
    fn what_a_container_loses_lasts_no_longer_than_it() {
        for (own, on_root, of_root, is_marked, lasts) in [
            (DISK, true, DISK, false, Lasts::Longer),
            (DISK, false, DISK, false, Lasts::Longer),
            (MEMORY, false, DISK, false, Lasts::AsLongAsTheMachineRuns),
            (MEMORY, true, MEMORY, false, Lasts::AsLongAsTheMachineRuns),
            // In containers.
            (LAYER, true, LAYER, false, Lasts::AsLongAsTheContainer),
            (DISK, true, DISK, true, Lasts::AsLongAsTheContainer),
            (DISK, false, LAYER, true, Lasts::Longer),
            (MEMORY, false, LAYER, false, Lasts::AsLongAsTheContainer),
            (MEMORY, false, DISK, true, Lasts::AsLongAsTheContainer),
        ] {
            let told = lasts_there(own, on_root, of_root, is_marked);
            assert_eq!(told, lasts, "{own:x} {on_root} {of_root:x} {is_marked}");
        }
    }
}

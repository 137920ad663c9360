//! The store of one host: a private directory with a record and a lock file for each account. A
//! record is replaced by renaming, after it reached the disk; a lock ends with its holder, however
//! that dies. What others own or can write, links, and network file systems (whose locks cannot be
//! trusted) are refused; what is no record is set aside.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::hex;
use super::{Found, Key, Lasts, Lease, Record, Store};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::fork::held_locks::HeldLock;
use crate::runtime::{Moment, Runtime};
use crate::sha256::sha256;

#[cfg(unix)]
#[path = "unix.rs"]
mod private;
#[cfg(windows)]
#[path = "windows.rs"]
mod private;

const MAX_RECORD_BYTES: u64 = 1024 * 1024;

pub(crate) struct FileStore {
    directory: PathBuf,
    network: bool,
    runtime: Arc<dyn Runtime>,
}

impl FileStore {
    /// None is the user's state directory. Nothing is touched before the first use.
    pub fn new(
        directory: Option<&str>,
        network: bool,
        runtime: Arc<dyn Runtime>,
    ) -> Result<FileStore> {
        let directory = match directory {
            Some(directory) => PathBuf::from(directory),
            None => state_directory()?,
        };
        Ok(FileStore {
            directory,
            network,
            runtime,
        })
    }

    /// Makes the directory if it is not there, and sees that it is fit.
    fn prepare(&self) -> Result<()> {
        let directory = &self.directory;
        match fs::symlink_metadata(directory) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private::create_directories(directory)
                    .map_err(|error| failed("cannot make", directory, &error))?;
            }
            Err(error) => return Err(failed("cannot look at", directory, &error)),
        }
        self.check()
    }

    /// Sees that the directory, which is there, is fit.
    fn check(&self) -> Result<()> {
        private::check_directory(&self.directory)?;
        self.check_file_system(&self.directory)
    }

    fn check_file_system(&self, place: &Path) -> Result<()> {
        match !self.network && private::is_on_network(place) {
            false => Ok(()),
            true => Err(refused(
                place,
                "it is on a network file system, whose locks cannot be trusted; add ?network=yes \
                 if yours can",
            )),
        }
    }

    /// Does with files of its own what a login does: locks one, which holds off others, replaces
    /// one durably and reads it. They are removed again. Fails as a login would.
    pub fn try_out(&self) -> Result<()> {
        self.check()?;
        let path = |ending: &str| {
            let name = format!("try-{}.{ending}", std::process::id());
            self.directory.join(name)
        };
        let (lock, whole, new) = (path("lock"), path("whole"), path("new"));
        let tried = self.try_out_with(&lock, &whole, &new);
        for path in [lock, whole, new] {
            let _ = fs::remove_file(path);
        }
        tried
    }

    fn try_out_with(&self, lock: &Path, whole: &Path, new: &Path) -> Result<()> {
        let held = self.try_lock(lock)?;
        if held.is_none() || self.try_lock(lock)?.is_some() {
            return Err(refused(
                &self.directory,
                "a lock there does not hold others off: it is no place for the lockout guard",
            ));
        }
        let text = [b'.'; 4096];
        replace(&self.directory, new, whole, &text, true)?;
        match read_text(whole)?.is_some_and(|read| read[..] == text) {
            true => Ok(()),
            false => Err(refused(whole, "what was written there is not what is read")),
        }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sees that the directory is fit, or can be made. Makes none.
    pub fn check_only(&self) -> Result<()> {
        let place = self.place();
        if place == self.directory {
            self.check()?;
            return private::check_writable(place);
        }
        self.check_file_system(place)?;
        private::check_writable(place)
            .map_err(|error| error.about("the store's directory cannot be made"))
    }

    /// The directory, or what there is of the way to it.
    pub fn place(&self) -> &Path {
        let mut ways = self.directory.ancestors();
        ways.find(|way| fs::symlink_metadata(way).is_ok())
            .unwrap_or(&self.directory)
    }

    fn try_lock(&self, path: &Path) -> Result<Option<Lock>> {
        self.prepare()?;
        let lock = Lock::new(private::open_to_lock(path)?);
        match lock.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock", path, &error)),
        }
        // Somebody may have removed the file meanwhile, and another process locked a new one.
        Ok(private::is_at(&lock.file, path).then_some(lock))
    }

    fn path(&self, key: &Key, ending: &str) -> PathBuf {
        let name = sha256(format!("{}\0{}", key.realm, key.username).as_bytes());
        let name = hex(&name[..16]);
        self.directory.join(format!("{name}.{ending}"))
    }
}

/// A file of this host's own beside the records, for a store whose records are elsewhere.
pub(crate) struct Note {
    store: FileStore,
    key: Key,
}

impl Note {
    pub fn new(store: FileStore, key: Key) -> Note {
        Note { store, key }
    }

    /// The only right to change it, unless another has it.
    pub fn try_lock(&self) -> Result<Option<Lock>> {
        self.store
            .try_lock(&self.store.path(&self.key, "witness.lock"))
    }

    pub fn read(&self) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
        let path = self.store.path(&self.key, "witness");
        // Where the whole directory is unfit, that is the reason to tell.
        read_text(&path).map_err(|error| self.store.prepare().err().unwrap_or(error))
    }

    /// Wholly written or not at all; `durable` when it must outlive the machine's next breath.
    pub fn write(&self, text: &[u8], durable: bool) -> Result<()> {
        let path = |ending| self.store.path(&self.key, ending);
        let (whole, new) = (path("witness"), path("witness.new"));
        replace(&self.store.directory, &new, &whole, text, durable)
    }
}

impl Store for FileStore {
    fn try_lease(&self, key: &Key, _: &Running) -> Result<Option<Box<dyn Lease>>> {
        let path = self.path(key, "lock");
        let lock = self.try_lock(&path)?;
        Ok(lock.map(|lock| -> Box<dyn Lease> {
            Box::new(FileLease {
                record: self.path(key, "json"),
                new: self.path(key, "new"),
                aside: self.path(key, "unreadable"),
                kept: self.path(key, "unreadable.old"),
                directory: self.directory.clone(),
                lock_path: path,
                lock,
            })
        }))
    }

    fn peek(&self, key: &Key, _: &Running) -> Result<Found> {
        // Where the whole directory is unfit, that is the reason to tell.
        read(&self.path(key, "json")).map_err(|error| self.prepare().err().unwrap_or(error))
    }

    fn inspect(&self, key: &Key, _: &Running) -> Result<Found> {
        self.check_only()?;
        let path = self.path(key, "json");
        let mut found = read(&path)?;
        if let Found::Unreadable { again, .. } = &mut found {
            *again = is_another(&self.path(key, "unreadable"), &path);
        }
        Ok(found)
    }

    fn now(&self, _: &Running) -> Result<Moment> {
        Ok(Moment::now(&*self.runtime))
    }

    fn name(&self) -> String {
        format!("file:{}", self.directory.display())
    }

    fn lasts(&self) -> Lasts {
        private::lasts(self.place())
    }

    fn lease_in_words(&self, key: &Key) -> String {
        format!("lock file {}", self.path(key, "lock").display())
    }
}

/// A locked file. A forked child closes its copy, so that the lock is the parent's alone.
pub(crate) struct Lock {
    file: File,
    held: Option<HeldLock>,
}

impl Lock {
    fn new(file: File) -> Lock {
        let held = Some(HeldLock::new(&file));
        Lock { file, held }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the file is closed: its number may be another's right after.
        self.held = None;
        let _ = self.file.unlock();
    }
}

struct FileLease {
    record: PathBuf,
    new: PathBuf,
    /// What was unreadable, until the account is known to be well.
    aside: PathBuf,
    /// And after that, for whoever wants to look at it.
    kept: PathBuf,
    directory: PathBuf,
    lock_path: PathBuf,
    lock: Lock,
}

impl FileLease {
    /// Keeps a link to what is no record. It stays in its place, and counts there, until a record
    /// takes it. True when another one lies aside already.
    fn set_aside(&self) -> io::Result<bool> {
        if fs::symlink_metadata(&self.aside).is_ok() {
            return Ok(is_another(&self.aside, &self.record));
        }
        remove(&self.new)?;
        if fs::hard_link(&self.record, &self.new).is_err() {
            fs::copy(&self.record, &self.new)?;
        }
        private::rename(&self.new, &self.aside)?;
        Ok(false)
    }
}

impl Lease for FileLease {
    fn load(&mut self, _: &Running) -> Result<Found> {
        let mut found = read(&self.record)?;
        if let Found::Unreadable { again, .. } = &mut found {
            *again = self
                .set_aside()
                .map_err(|error| failed("cannot set aside", &self.record, &error))?;
        }
        Ok(found)
    }

    fn save(&mut self, record: &Record, _: &Running) -> Result<()> {
        // Who removed the lock file made way for another lease: the record is its holder's now.
        if !private::is_at(&self.lock.file, &self.lock_path) {
            return Err(refused(
                &self.lock_path,
                "it was removed while it was locked",
            ));
        }
        let text = zeroize::Zeroizing::new(record.to_json());
        replace(&self.directory, &self.new, &self.record, &text, true)
    }

    fn ends(&self) -> Option<Moment> {
        None
    }

    fn all_is_well(&mut self) {
        // Where this fails it counts on: the safe side.
        let _ = private::rename(&self.aside, &self.kept);
    }
}

/// Whether what lies aside is there, and is not what stands in the record's place.
fn is_another(aside: &Path, record: &Path) -> bool {
    fs::symlink_metadata(aside).is_ok() && !private::is_same(aside, record)
}

/// Replaces a file by way of a new one beside it.
fn replace(directory: &Path, new: &Path, old: &Path, text: &[u8], durable: bool) -> Result<()> {
    let write = || -> io::Result<()> {
        remove(new)?;
        // What may be lacking is taken first: after the rename nothing may fail but the disk.
        let directory = private::Directory::open(directory)?;
        let mut file = private::create_new(new)?;
        file.write_all(text)?;
        if durable {
            private::sync(&file)?;
        }
        private::rename(new, old)?;
        match durable {
            true => directory.sync(&file),
            false => Ok(()),
        }
    };
    write().map_err(|error| {
        // What is half written is of no use to anybody; the file before it still stands.
        let _ = fs::remove_file(new);
        failed("cannot write", old, &error)
    })
}

/// Removes a file, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Found> {
    let Some(text) = read_text(path)? else {
        return Ok(Found::Nothing);
    };
    let unreadable = |why: &str| Found::Unreadable {
        why: format!("{}: {why}", path.display()),
        again: false,
    };
    if text.len() as u64 > MAX_RECORD_BYTES {
        return Ok(unreadable("is too long for a record"));
    }
    Ok(match Record::from_json(&text)? {
        Some(record) => Found::Record(Box::new(record)),
        None => unreadable("is no record"),
    })
}

/// What a file holds, a byte more than it may be at most; None where there is none.
fn read_text(path: &Path) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
    if let Err(error) = fs::symlink_metadata(path)
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(None);
    }
    let file = private::open_to_read(path)?;
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(4096));
    file.take(MAX_RECORD_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|error| failed("cannot read", path, &error))?;
    Ok(Some(text))
}

fn state_directory() -> Result<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let needed = if cfg!(windows) {
        "LOCALAPPDATA"
    } else {
        "HOME"
    };
    let home = variable(needed);
    let state = if cfg!(windows) {
        home
    } else if cfg!(target_vendor = "apple") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_STATE_HOME").or_else(|| home.map(|home| home.join(".local/state")))
    };
    state
        .map(|state| state.join("thingspace-session"))
        .ok_or_else(|| {
            Error::new(
                Status::Store,
                format!(
                    "store: there is no home directory for the state of this user ({needed} is not \
                 set to an absolute path)"
                ),
            )
        })
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(
        Status::Store,
        format!("store: {what} {}: {error}", path.display()),
    )
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(
        Status::Store,
        format!("store: {} is refused: {why}", path.display()),
    )
}

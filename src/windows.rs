//! What only Windows can tell or do, without `unsafe` for those who ask: files of one user alone,
//! the clock since the system started, pages for secrets, and staying loaded. It decides nothing.

#![allow(unsafe_code)]

use std::ffi::{OsStr, c_void};
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::{Component, Path, Prefix};
use std::ptr::{self, NonNull};
use std::sync::{Once, OnceLock};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_INSUFFICIENT_BUFFER, ERROR_SHARING_VIOLATION,
    HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetKernelObjectSecurity, GetTokenInformation, LookupAccountSidW,
    OWNER_SECURITY_INFORMATION, SECURITY_ATTRIBUTES, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_DIRECTORY,
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_ATTRIBUTE_TAG_INFO, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_ID_INFO,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FileAttributeTagInfo, FileIdInfo, GetDriveTypeW, GetFileInformationByHandleEx,
    GetVolumePathNameW, OPEN_ALWAYS, OPEN_EXISTING, READ_CONTROL, SECURITY_IDENTIFICATION,
    SECURITY_SQOS_PRESENT,
};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    GetModuleHandleW, GetProcAddress,
};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree,
};
use windows_sys::Win32::System::SystemInformation::GetTickCount64;
use windows_sys::Win32::System::WindowsProgramming::{DRIVE_RAMDISK, DRIVE_REMOTE};

use crate::access_rights::{self, Flaw, Right, Sid};

/// How a file is opened. No handle is inherited by programs that are started meanwhile, and no
/// server behind a pipe may act in our name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// To read what is there, a link's target included.
    Followed,
    /// To read what is there, be it a link.
    Read,
    /// To lock it, made where it is not there.
    Lock,
    /// To write it; it must not be there.
    New,
    /// To look at a file or directory, be it a link.
    Look,
}

/// Opens a file. One that is made is the user's alone.
pub(crate) fn open(path: &Path, how: Open) -> io::Result<File> {
    match how {
        Open::Lock | Open::New => open_or_make(path, how, Some(&access_rights::only_for(&user()?))),
        Open::Followed | Open::Read | Open::Look => open_or_make(path, how, None),
    }
}

/// The descriptor is that of a file which is made.
fn open_or_make(path: &Path, how: Open, descriptor: Option<&[u8]>) -> io::Result<File> {
    let (access, disposition) = match how {
        Open::Followed | Open::Read => (FILE_GENERIC_READ, OPEN_EXISTING),
        Open::Lock => (FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES, OPEN_ALWAYS),
        Open::New => (FILE_GENERIC_WRITE, CREATE_NEW),
        Open::Look => (FILE_READ_ATTRIBUTES | READ_CONTROL, OPEN_EXISTING),
    };
    let links = match how {
        Open::Followed => 0,
        _ => FILE_FLAG_OPEN_REPARSE_POINT,
    };
    // With the first of these a directory can be opened, and be told apart.
    let flags =
        links | FILE_FLAG_BACKUP_SEMANTICS | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    let path = wide_path(path)?;
    let attributes = descriptor.map(security_attributes);
    let attributes = attributes.as_ref().map_or(ptr::null(), ptr::from_ref);
    patiently(&[ERROR_SHARING_VIOLATION], || {
        // SAFETY: the path is terminated, and what the attributes point to lives until after the
        // call. The handle is a new one, which belongs to the file made of it.
        unsafe {
            let none = ptr::null_mut();
            let handle = CreateFileW(
                path.as_ptr(),
                access,
                share,
                attributes,
                disposition,
                flags,
                none,
            );
            match handle {
                INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
                handle => Ok(File::from_raw_handle(handle)),
            }
        }
    })
}

/// Makes a directory, and those above it that are not there, for this user alone.
pub(crate) fn create_directories(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent()
        && !above.as_os_str().is_empty()
        && !above.is_dir()
    {
        create_directories(above)?;
    }
    let descriptor = access_rights::only_for(&user()?);
    let attributes = security_attributes(&descriptor);
    let path = wide_path(path)?;
    // SAFETY: the path is terminated, and what the attributes point to lives until after the call.
    let made = unsafe { CreateDirectoryW(path.as_ptr(), &attributes) };
    match (made, io::Error::last_os_error()) {
        (0, error) if is(&error, ERROR_ALREADY_EXISTS) => Ok(()),
        (0, error) => Err(error),
        _ => Ok(()),
    }
}

/// Puts a file in the place of another one, which others may just be reading.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let busy = [ERROR_SHARING_VIOLATION, ERROR_ACCESS_DENIED];
    patiently(&busy, || std::fs::rename(from, to))
}

/// Does it again for a while where it fails for one of these reasons: those who scan or back up
/// files hold each for a moment, and let nobody else have it.
fn patiently<T>(passing: &[u32], work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    /// Together two seconds.
    const TRIES: u64 = 100;
    for tried in 0.. {
        match work() {
            Err(error) if tried < TRIES && passing.iter().any(|code| is(&error, *code)) => {
                std::thread::sleep(Duration::from_millis(tried.min(22)));
            }
            done => return done,
        }
    }
    unreachable!("it was tried for ever")
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code as i32)
}

fn security_attributes(descriptor: &[u8]) -> SECURITY_ATTRIBUTES {
    SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.as_ptr().cast_mut().cast(),
        bInheritHandle: 0,
    }
}

/// What an open file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Directory,
    /// A link, a junction, or what stands for a file that is elsewhere, as in a cloud.
    Elsewhere,
}

pub(crate) fn kind(file: &File) -> io::Result<Kind> {
    let about: FILE_ATTRIBUTE_TAG_INFO = information(file, FileAttributeTagInfo)?;
    Ok(match about.FileAttributes {
        of if of & FILE_ATTRIBUTE_REPARSE_POINT != 0 => Kind::Elsewhere,
        of if of & FILE_ATTRIBUTE_DIRECTORY != 0 => Kind::Directory,
        _ => Kind::Plain,
    })
}

/// What tells a file from all others of the machine, whatever its name.
pub(crate) fn identity(file: &File) -> io::Result<(u64, [u8; 16])> {
    let about: FILE_ID_INFO = information(file, FileIdInfo)?;
    Ok((about.VolumeSerialNumber, about.FileId.Identifier))
}

/// `class` must be the one whose answer is an `Info`, which is made of integers.
fn information<Info: Default>(file: &File, class: i32) -> io::Result<Info> {
    let mut info = Info::default();
    let into = ptr::from_mut(&mut info).cast();
    // SAFETY: the handle is open, and the system writes no more than the size that it is told.
    let told = unsafe {
        GetFileInformationByHandleEx(file.as_raw_handle(), class, into, size_of::<Info>() as u32)
    };
    match told {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(info),
    }
}

/// Why the open file is not this user's alone, in words.
pub(crate) fn flaw(file: &File, right: Right) -> io::Result<Option<String>> {
    let flaw = access_rights::flaw(&descriptor(file)?, &user()?, right);
    let can = match right {
        Right::Read => "read",
        Right::Write => "write",
    };
    Ok(flaw.map(|flaw| match flaw {
        Flaw::Owner(owner) => format!("it belongs to {}", name(&owner)),
        Flaw::Granted(other) => format!("others can {can} it ({})", name(&other)),
        Flaw::NoList => format!(
            "everybody can {can} it: it has no access rights, or its volume keeps none (FAT)"
        ),
        Flaw::Unreadable => "its access rights are not understood".into(),
    }))
}

/// The owner of a file and the list of who may do what with it.
pub(crate) fn descriptor(file: &File) -> io::Result<Vec<u8>> {
    let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    filled(|buffer, length, needed| {
        // SAFETY: the handle is open, and the system writes no more than the length it is told.
        unsafe {
            GetKernelObjectSecurity(file.as_raw_handle(), wanted, buffer.cast(), length, needed)
        }
    })
}

/// The user in whose name the calling thread does what it does.
pub(crate) fn user() -> io::Result<Sid> {
    /// `GetCurrentThreadEffectiveToken`, which the headers define as this number.
    const EFFECTIVE_TOKEN: HANDLE = -6isize as HANDLE;
    let about = filled(|buffer, length, needed| {
        // SAFETY: the system writes no more than the length that it is told.
        unsafe { GetTokenInformation(EFFECTIVE_TOKEN, TokenUser, buffer.cast(), length, needed) }
    })?;
    // SAFETY: the answer begins with this structure; it is read as it is aligned.
    let user = unsafe { about.as_ptr().cast::<TOKEN_USER>().read_unaligned() };
    let at = user.User.Sid.addr().wrapping_sub(about.as_ptr().addr());
    let sid = about.get(at..).and_then(Sid::read);
    sid.ok_or_else(|| io::Error::other("the system names no user of this process"))
}

/// The answer to a call that says how much room it needs.
fn filled(ask: impl Fn(*mut u8, u32, &mut u32) -> i32) -> io::Result<Vec<u8>> {
    let (mut buffer, mut needed) = (vec![0; 256], 0);
    loop {
        if ask(buffer.as_mut_ptr(), buffer.len() as u32, &mut needed) != 0 {
            return Ok(buffer);
        }
        let error = io::Error::last_os_error();
        if !is(&error, ERROR_INSUFFICIENT_BUFFER) || needed as usize <= buffer.len() {
            return Err(error);
        }
        buffer.resize(needed as usize, 0);
    }
}

/// The name of a group that every machine has; a number for all others, whose names a server would
/// have to be asked for.
fn name(of: &Sid) -> String {
    let number = of.to_string();
    // Of a machine or domain, and of Entra ID.
    if ["S-1-5-21-", "S-1-12-"]
        .iter()
        .any(|start| number.starts_with(start))
    {
        return number;
    }
    let (mut name, mut domain) = ([0u16; 256], [0u16; 256]);
    let (mut name_length, mut domain_length, mut kind) = (256, 256, 0);
    let sid = of.bytes().as_ptr().cast_mut().cast();
    // SAFETY: the identifier is whole, and the system writes no more than the lengths it is told.
    let found = unsafe {
        LookupAccountSidW(
            ptr::null(),
            sid,
            name.as_mut_ptr(),
            &mut name_length,
            domain.as_mut_ptr(),
            &mut domain_length,
            &mut kind,
        )
    };
    match found {
        0 => number,
        _ => String::from_utf16_lossy(&name[..name_length as usize]),
    }
}

/// What a volume is, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    OnNetwork,
    InMemory,
    OfThisMachine,
}

/// The volume that holds the path.
pub(crate) fn volume(path: &Path) -> Volume {
    if let Some(Component::Prefix(prefix)) = path.components().next()
        && matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    {
        return Volume::OnNetwork;
    }
    let Ok(path) = wide_path(path) else {
        return Volume::OfThisMachine;
    };
    let mut root = vec![0u16; path.len() + 1];
    // SAFETY: the path is terminated, and the system writes no more than the length it is told, a
    // terminated path.
    let kind = unsafe {
        match GetVolumePathNameW(path.as_ptr(), root.as_mut_ptr(), root.len() as u32) {
            0 => 0,
            _ => GetDriveTypeW(root.as_ptr()),
        }
    };
    match kind {
        DRIVE_REMOTE => Volume::OnNetwork,
        DRIVE_RAMDISK => Volume::InMemory,
        _ => Volume::OfThisMachine,
    }
}

/// The path as the system takes it, however long it is. Programs of the standard library have the
/// same done.
fn wide_path(path: &Path) -> io::Result<Vec<u16>> {
    let path = std::path::absolute(path)?;
    let start = match path.components().next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::Disk(_) => r"\\?\",
            Prefix::UNC(..) => r"\\?\UNC",
            _ => "",
        },
        _ => "",
    };
    let rest: Vec<u16> = path.as_os_str().encode_wide().collect();
    // `\\server\share` becomes `\\?\UNC\server\share`.
    let rest = match start {
        r"\\?\UNC" => &rest[1..],
        _ => &rest,
    };
    if rest.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let start = OsStr::new(start).encode_wide();
    Ok(start.chain(rest.iter().copied()).chain([0]).collect())
}

/// Milliseconds since the system started, those included in which it was suspended.
pub(crate) fn ticks_ms() -> u64 {
    // SAFETY: a plain call that cannot fail.
    unsafe { GetTickCount64() }
}

/// Pages of their own, of zeros at first, which the crash reports of Windows leave out.
pub(crate) struct Mapping {
    start: NonNull<u8>,
    length: usize,
    is_left_out: bool,
}

impl Mapping {
    /// None when the system has no memory.
    pub fn new(length: usize) -> Option<Mapping> {
        let kind = MEM_RESERVE | MEM_COMMIT;
        // SAFETY: new pages at an address of the system's choice touch nothing that is there.
        let start = unsafe { VirtualAlloc(ptr::null(), length, kind, PAGE_READWRITE) };
        let start = NonNull::new(start.cast::<u8>())?;
        let is_left_out = crash_reports().is_some_and(|reports| {
            let length = length.try_into().unwrap_or(u32::MAX);
            // SAFETY: the range is that of the pages just made.
            unsafe { (reports.leave_out)(start.as_ptr().cast(), length) == 0 }
        });
        Some(Mapping {
            start,
            length,
            is_left_out,
        })
    }

    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub fn length(&self) -> usize {
        self.length
    }

    /// No process has children here that begin with its memory.
    pub fn keep_from_children(&self) {}
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = self.start.as_ptr().cast();
        if self.is_left_out
            && let Some(reports) = crash_reports()
        {
            // SAFETY: `new` has named these pages, once.
            unsafe { (reports.take_in)(start) };
        }
        // SAFETY: the pages belong to this value, and nobody borrows from it any more.
        unsafe { VirtualFree(start, 0, MEM_RELEASE) };
    }
}

/// How Windows Error Reporting is told what to leave out; since Windows 10 of 2017.
struct CrashReports {
    leave_out: unsafe extern "system" fn(*const c_void, u32) -> i32,
    take_in: unsafe extern "system" fn(*const c_void) -> i32,
}

fn crash_reports() -> Option<&'static CrashReports> {
    static FOUND: OnceLock<Option<CrashReports>> = OnceLock::new();
    let find = || {
        let kernel: Vec<u16> = OsStr::new("kernel32.dll")
            .encode_wide()
            .chain([0])
            .collect();
        // SAFETY: the names are terminated. The library is one that every process has for good,
        // and the functions have these signatures.
        unsafe {
            let kernel = GetModuleHandleW(kernel.as_ptr());
            let find = |name: &[u8]| GetProcAddress(kernel, name.as_ptr());
            let leave_out = find(b"WerRegisterExcludedMemoryBlock\0")?;
            let take_in = find(b"WerUnregisterExcludedMemoryBlock\0")?;
            Some(CrashReports {
                leave_out: std::mem::transmute::<
                    unsafe extern "system" fn() -> isize,
                    unsafe extern "system" fn(*const c_void, u32) -> i32,
                >(leave_out),
                take_in: std::mem::transmute::<
                    unsafe extern "system" fn() -> isize,
                    unsafe extern "system" fn(*const c_void) -> i32,
                >(take_in),
            })
        }
    };
    FOUND.get_or_init(find).as_ref()
}

/// Keeps the library in the process for good: `FreeLibrary` must not take away the code that a
/// thread of its own is about to return to.
pub(crate) fn stay_loaded() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let how = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
        let here = ptr::from_ref(&DONE).cast();
        let mut module = ptr::null_mut();
        // SAFETY: the address is one of this library's, and the handle is not needed. It fails for
        // no address of a library that is loaded.
        unsafe { GetModuleHandleExW(how, here, &mut module) };
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use super::*;

    const FULL: u32 = 0x1f_01ff;
    const READ: u32 = FILE_GENERIC_READ;

    /// A new file, which everybody is granted this much of, besides its user.
    fn make(path: &Path, to_everybody: u32) -> File {
        let everybody = Sid::read(&[1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap();
        let mut grants = vec![(user().unwrap(), FULL)];
        grants.extend((to_everybody > 0).then_some((everybody, to_everybody)));
        let descriptor = access_rights::granting(&user().unwrap(), &grants);
        let _ = std::fs::remove_file(path);
        open_or_make(path, Open::New, Some(&descriptor)).unwrap()
    }

    /// Writes a new file, which others can read or not.
    pub fn write(path: &Path, text: &str, others_can_read: bool) {
        let to_everybody = if others_can_read { READ } else { 0 };
        make(path, to_everybody).write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn whom_the_system_lets_in_is_told() {
        let path = scratch("granted");
        for (to_everybody, reads, writes) in [
            (0, false, false),
            (READ, true, false),
            (READ | FILE_GENERIC_WRITE, true, true),
        ] {
            drop(make(&path, to_everybody));
            let file = open(&path, Open::Read).unwrap();
            for (right, can, words) in [
                (Right::Read, reads, "others can read it"),
                (Right::Write, writes, "others can write it"),
            ] {
                let flaw = flaw(&file, right).unwrap();
                assert_eq!(flaw.is_some(), can, "{to_everybody:x}: {flaw:?}");
                assert!(flaw.is_none_or(|flaw| flaw.contains(words)));
            }
        }
        std::fs::remove_file(&path).unwrap();
    }

    fn scratch(name: &str) -> std::path::PathBuf {
        let name = format!("tsm-windows-{name}-{}", std::process::id());
        std::env::temp_dir().join(name)
    }

    #[test]
    fn what_is_made_is_this_users_alone() {
        let top = scratch("alone");
        let directory = top.join("a").join("b");
        create_directories(&directory).unwrap();
        create_directories(&directory).unwrap();
        let path = directory.join("file");
        drop(open(&path, Open::New).unwrap());
        assert!(open(&path, Open::New).is_err());
        for (path, kind_of_it) in [(&directory, Kind::Directory), (&path, Kind::Plain)] {
            let file = open(path, Open::Look).unwrap();
            assert!(kind(&file).unwrap() == kind_of_it);
            for right in [Right::Read, Right::Write] {
                assert_eq!(flaw(&file, right).unwrap(), None, "{path:?}");
            }
        }
        std::fs::remove_dir_all(&top).unwrap();
    }

    #[test]
    fn one_file_has_one_identity_by_whatever_name() {
        let (one, other) = (scratch("one"), scratch("other"));
        std::fs::write(&one, "1").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        let of = |path: &Path| identity(&open(path, Open::Look).unwrap()).unwrap();
        assert_eq!(of(&one), of(&other));
        std::fs::remove_file(&other).unwrap();
        std::fs::write(&other, "1").unwrap();
        assert_ne!(of(&one), of(&other));
        std::fs::remove_file(&one).unwrap();
        std::fs::remove_file(&other).unwrap();
    }

    #[test]
    fn a_file_that_others_read_is_replaced_when_they_are_done() {
        let (old, new) = (scratch("replaced"), scratch("replacing"));
        for n in 0..20 {
            std::fs::write(&old, "old").unwrap();
            std::fs::write(&new, "new").unwrap();
            let reader = File::open(&old).unwrap();
            std::thread::scope(|scope| {
                let replaced = scope.spawn(|| rename(&new, &old));
                // At some moment of its tries.
                (0..n).for_each(|_| std::thread::yield_now());
                drop(reader);
                replaced.join().unwrap().unwrap();
            });
            assert_eq!(std::fs::read(&old).unwrap(), b"new");
        }
        std::fs::remove_file(&old).unwrap();
    }

    #[test]
    fn any_path_is_written_as_the_system_takes_it() {
        for (path, wanted) in [
            (r"C:\a\b", r"\\?\C:\a\b"),
            ("C:/a/./b", r"\\?\C:\a\b"),
            (r"\\server\share\a", r"\\?\UNC\server\share\a"),
            (r"\\?\C:\a", r"\\?\C:\a"),
            (r"\\.\pipe\a", r"\\.\pipe\a"),
        ] {
            let wide = wide_path(Path::new(path)).unwrap();
            assert_eq!(String::from_utf16(&wide).unwrap(), format!("{wanted}\0"));
        }
        assert!(wide_path(Path::new("C:\\a\0b")).is_err());
        let long = scratch("long").join("d".repeat(120)).join("e".repeat(120));
        create_directories(&long).unwrap();
        drop(open(&long.join("f".repeat(120)), Open::New).unwrap());
        std::fs::remove_dir_all(scratch("long")).unwrap();
    }

    #[test]
    fn a_share_is_on_the_network_and_a_folder_is_not() {
        let volume_of = |path: &str| volume(Path::new(path));
        assert!(volume_of(r"\\server\share\a") == Volume::OnNetwork);
        assert!(volume_of(r"\\?\UNC\server\share\a") == Volume::OnNetwork);
        assert!(volume(&std::env::temp_dir()) == Volume::OfThisMachine);
    }

    #[test]
    fn groups_of_every_machine_have_names_and_users_have_numbers() {
        let everyone = Sid::read(&[1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap();
        assert_ne!(name(&everyone), "S-1-1-0");
        let user = user().unwrap();
        if user.to_string().starts_with("S-1-5-21-") {
            assert_eq!(name(&user), user.to_string());
        }
    }

    #[test]
    fn the_clock_goes_on_and_staying_loaded_can_be_said_twice() {
        let before = ticks_ms();
        assert!(before > 0 && ticks_ms() >= before);
        stay_loaded();
        stay_loaded();
    }
}

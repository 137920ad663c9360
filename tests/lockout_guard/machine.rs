//! Another machine for a helper: one whose clock is ahead, one that was started anew, one whose
//! disk has stalled. All are namespaces of Linux, which end with the helper.

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The clock that goes on while a machine is suspended is ahead by so many seconds.
pub fn put_ahead(command: &mut Command, seconds: u64) {
    let offset = CString::new(format!("boottime {seconds} 0\n")).unwrap();
    // SAFETY: reads a number of this process; cannot fail.
    let user = unsafe { libc::geteuid() };
    let same_user = CString::new(format!("{user} {user} 1")).unwrap();
    // SAFETY: the child does plain system calls on memory that was made before.
    unsafe {
        command.pre_exec(move || {
            if user == 0 {
                check(libc::unshare(libc::CLONE_NEWTIME))?;
            } else {
                check(libc::unshare(libc::CLONE_NEWTIME | libc::CLONE_NEWUSER))?;
                write(c"/proc/self/uid_map", &same_user)?;
            }
            write(c"/proc/self/timens_offsets", &offset)?;
            let clocks = check(libc::open(
                c"/proc/self/ns/time_for_children".as_ptr(),
                libc::O_RDONLY | libc::O_CLOEXEC,
            ))?;
            check(libc::setns(clocks, libc::CLONE_NEWTIME)).map(drop)
        });
    }
}

/// Another start of the machine: the kernel gives each a name, which is read from this file.
pub fn boot(command: &mut Command, name: &Path) {
    let name = CString::new(name.as_os_str().as_bytes()).unwrap();
    // SAFETY: the child does plain system calls on memory that was made before.
    unsafe {
        command.pre_exec(move || {
            own_mounts()?;
            check(libc::mount(
                name.as_ptr(),
                c"/proc/sys/kernel/random/boot_id".as_ptr(),
                std::ptr::null(),
                libc::MS_BIND,
                std::ptr::null(),
            ))
            .map(drop)
        });
    }
}

/// Nothing that is asked of that directory is ever answered: a file system whose server sleeps.
pub fn stall(command: &mut Command, directory: &Path) {
    let directory = CString::new(directory.as_os_str().as_bytes()).unwrap();
    // SAFETY: the child does plain system calls on memory that was made before. It keeps the
    // descriptor, without which the file system would end.
    unsafe {
        command.pre_exec(move || {
            own_mounts()?;
            let server = check(libc::open(c"/dev/fuse".as_ptr(), libc::O_RDWR))?;
            check(libc::dup2(server, 200))?;
            let about = c"fd=200,rootmode=40000,user_id=0,group_id=0";
            check(libc::mount(
                c"stalled".as_ptr(),
                directory.as_ptr(),
                c"fuse".as_ptr(),
                libc::MS_NOSUID | libc::MS_NODEV,
                about.as_ptr().cast(),
            ))
            .map(drop)
        });
    }
}

/// What is mounted from here on is for this process alone.
fn own_mounts() -> io::Result<()> {
    let (none, private) = (std::ptr::null(), libc::MS_REC | libc::MS_PRIVATE);
    // SAFETY: plain system calls on terminated texts.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWNS))?;
        check(libc::mount(none, c"/".as_ptr(), none, private, none.cast())).map(drop)
    }
}

/// Async-signal-safe.
fn write(file: &CStr, text: &CStr) -> io::Result<()> {
    let length = text.count_bytes();
    // SAFETY: plain system calls on terminated texts.
    let written = unsafe {
        let file = check(libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?;
        libc::write(file, text.as_ptr().cast(), length)
    };
    match written == length as isize {
        true => Ok(()),
        false => Err(io::Error::last_os_error()),
    }
}

fn check(result: i32) -> io::Result<i32> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}

//! SIGKILL at every system call of a login that touches a file or a connection, one process for
//! each: what a trace of the process shows is where it dies. Between two such calls nothing changes
//! that anybody else could see.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;

use serde_json::{Map, Value, json};
use thingspace_session::Status;

use crate::helper::{self, Helper};
use crate::scene::{RIGHT, Scene, login, slots_of, with};

const TELLING: [libc::c_long; 27] = [
    libc::SYS_openat,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_flock,
    libc::SYS_statx,
    libc::SYS_fstat,
    libc::SYS_statfs,
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    libc::SYS_ppoll,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_fcntl,
    libc::SYS_newfstatat,
];

/// Those that newer architectures do without.
#[cfg(target_arch = "x86_64")]
const TELLING_TOO: [libc::c_long; 6] = [
    libc::SYS_rename,
    libc::SYS_unlink,
    libc::SYS_link,
    libc::SYS_mkdir,
    libc::SYS_poll,
    libc::SYS_lstat,
];
#[cfg(not(target_arch = "x86_64"))]
const TELLING_TOO: [libc::c_long; 0] = [];

#[test]
fn with_the_right_password_the_next_process_works_at_once_or_five_seconds_later() {
    let scene = Scene::new();
    let mut outcomes = BTreeSet::new();
    let killed = at_every_call(&scene, RIGHT, |options| {
        let unsettled = slots(options);
        let next = login(options);
        if unsettled == 1 {
            // It may have been sent.
            assert_eq!(next, Err(Status::LoginBlocked));
            assert_eq!(logins_after_6_s(options, &[RIGHT]), ["OK"]);
        } else {
            assert!(next.is_ok());
        }
        outcomes.insert((unsettled, slots(options)));
        assert!(login(options).is_ok());
    });
    println!("killed at {killed} system calls, right password; slots left and then: {outcomes:?}");
    // Either it had not been sent or was settled, or else it keeps its slot.
    assert_eq!(outcomes, [(0, 0), (1, 1)].into());
    assert_eq!(scene.most_strikes(), 0);
}

#[test]
fn with_a_wrong_password_two_are_sent_at_most() {
    const REJECTED: &str = "TSM_E_CREDENTIALS";
    const BLOCKED: &str = "TSM_E_LOGIN_BLOCKED";
    let scene = Scene::new();
    let killed = at_every_call(&scene, "wrong", |options| {
        let next = login(options).unwrap_err();
        assert!(matches!(next, Status::Credentials | Status::LoginBlocked));
        assert_eq!(login(options), Err(Status::LoginBlocked));
        let later = logins_after_6_s(options, &["wrong", "wrong", RIGHT]);
        assert!([REJECTED, BLOCKED].contains(&&*later[0]), "{later:?}");
        assert_eq!(later[1..], [BLOCKED, "OK"]);
        assert!(slots(options) <= 1);
    });
    println!("killed at {killed} system calls, wrong password");
    assert!(scene.most_strikes() <= 2);
}

/// One after another, in a process that starts six seconds from now.
fn logins_after_6_s(options: &Map<String, Value>, passwords: &[&str]) -> Vec<String> {
    let login = |password: &&str| json!({"do": "login", "options": {"password": password}});
    let steps: Vec<Value> = passwords.iter().map(login).collect();
    let mut helper = Helper::job(options, steps.into()).after(6).start();
    passwords.iter().map(|_| helper.outcome()).collect()
}

/// How many slots an account has.
fn slots(options: &Map<String, Value>) -> usize {
    let (refused, unknown) = slots_of(options);
    refused + unknown
}

/// A contact and a store for each call to be killed at.
fn at_every_call(
    scene: &Scene,
    password: &str,
    mut then: impl FnMut(&Map<String, Value>),
) -> usize {
    for call in 1.. {
        let username = format!("user {call}");
        scene.contact(&username, RIGHT);
        let store = format!("file:{}", scene.root().join(&username).display());
        let own = json!({"username": username, "store": store});
        let options = with(scene.options(password), own);
        let job = json!({"options": options, "steps": [{"do": "login"}]});
        let ended = run_until_call(&job, call);
        then(&options);
        if ended {
            return call - 1;
        }
    }
    unreachable!()
}

/// Kills the helper when it enters that call, counted from the start of its login. True when it
/// came to its end before: it has also noted then that its password works.
fn run_until_call(job: &Value, call: usize) -> bool {
    let mut command = helper::command(job);
    // SAFETY: the child does one system call.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    // `Traced` waits for it.
    #[expect(clippy::zombie_processes)]
    let child = command.spawn().unwrap();
    let process = child.id() as i32;
    let mut traced = Traced::begin(process);
    let mut calls = 0;
    let mut begun = false;
    while let Some(entered) = traced.next_call() {
        begun |= entered.says_go();
        if begun && (TELLING.contains(&entered.number) || TELLING_TOO.contains(&entered.number)) {
            calls += 1;
            if calls > call {
                traced.kill();
                return false;
            }
        }
    }
    assert!(begun, "the helper ended without a word");
    true
}

struct Entered {
    number: libc::c_long,
    arguments: [u64; 3],
}

impl Entered {
    /// Whether it is about to say so many characters as `@go` has.
    fn says_go(&self) -> bool {
        let [file, _, length] = self.arguments;
        (self.number, file, length) == (libc::SYS_write, 1, 4)
    }
}

/// A process and its threads, stopped at every system call. All on the thread that started it, and
/// only its own.
struct Traced {
    process: i32,
    stopped: i32,
}

impl Traced {
    fn begin(process: i32) -> Traced {
        let traced = Traced {
            process,
            stopped: process,
        };
        traced.wait(process);
        let options =
            libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
        // SAFETY: the process is stopped and traced by this thread.
        let set = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, process, 0, options) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
        traced
    }

    /// The next call that any thread of it enters. None when it has ended.
    fn next_call(&mut self) -> Option<Entered> {
        let mut signal = 0;
        loop {
            // SAFETY: that thread is stopped and traced by this one; one that was killed meanwhile
            // gives an error.
            unsafe { libc::ptrace(libc::PTRACE_SYSCALL, self.stopped, 0, signal) };
            let (thread, status) = self.wait(-1)?;
            self.stopped = thread;
            signal = 0;
            if !libc::WIFSTOPPED(status) {
                if thread == self.process {
                    return None;
                }
                continue;
            }
            match libc::WSTOPSIG(status) {
                stop if stop == libc::SIGTRAP | 0x80 => {
                    if let Some(entered) = self.entered() {
                        return Some(entered);
                    }
                }
                // A thread was made, or begins.
                libc::SIGTRAP | libc::SIGSTOP => {}
                other => signal = other,
            }
        }
    }

    fn entered(&self) -> Option<Entered> {
        const GET_SYSCALL_INFO: u32 = 0x420e;
        /// The kernel's `struct ptrace_syscall_info` up to the third argument: operation, …,
        /// number, arguments.
        const ENTRY: u8 = 1;
        let mut info = [0u64; 11];
        // SAFETY: the buffer is as long as is said, and the thread is stopped.
        let length = unsafe {
            libc::ptrace(
                GET_SYSCALL_INFO as _,
                self.stopped,
                std::mem::size_of_val(&info),
                info.as_mut_ptr(),
            )
        };
        assert!(length > 0, "{}", std::io::Error::last_os_error());
        let operation = info[0].to_ne_bytes()[0];
        (operation == ENTRY).then(|| Entered {
            number: info[3] as libc::c_long,
            arguments: [info[4], info[5], info[6]],
        })
    }

    fn wait(&self, which: i32) -> Option<(i32, i32)> {
        let mut status = 0;
        // SAFETY: a plain call. Children of other threads are left to them.
        let thread = unsafe { libc::waitpid(which, &mut status, libc::__WALL | libc::__WNOTHREAD) };
        (thread > 0).then_some((thread, status))
    }

    fn kill(&mut self) {
        // SAFETY: a plain call on a process of our own that was not yet waited for.
        unsafe { libc::kill(self.process, libc::SIGKILL) };
        while self.wait(-1).is_some() {}
    }
}

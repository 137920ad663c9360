//! The programs: what their threads do with a session, and what an operator sees in the calm.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Weather;
use super::machine::{Machine, give_number_back, take_number};
use super::world::{MINUTE_MS, PASSWORDS, SECOND_MS, Scene, World, me};
use crate::call::Call;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::login;
use crate::session::{Request, Session};

/// When so many calls were blocked in a row, nothing more is to be learned.
const MOST_BLOCKED: usize = 40;

/// A process from its start to its end.
pub(super) struct Life {
    pub number: u64,
    pub password: u64,
    pub max_failures: usize,
    pub session: Session,
    process_number: u64,
    /// Something of it stays in the library's tables: a rejection, or a time to wait.
    pub leaves_traces: AtomicBool,
}

impl Drop for Life {
    fn drop(&mut self) {
        if !*self.leaves_traces.get_mut() && login::is_at_rest(self.process_number) {
            give_number_back(self.process_number);
        }
    }
}

pub(super) fn password(number: u64) -> String {
    format!("password {number}")
}

impl Life {
    pub fn start(world: &Arc<World>, process: usize, number: u64) -> Life {
        let mut scene = world.lock();
        let (of_life, max_failures) = scene.choose_life();
        scene.note(format!("life {number} with password {of_life}"));
        let shares = scene.shares.to_string();
        drop(scene);
        let mut config = Config::new();
        for (name, value) in [
            ("username", "zbeeblebrox"),
            ("password", &password(of_life)),
            ("app_key", "key"),
            ("app_secret", "secret"),
            ("base_url", "https://platform.example/api"),
            ("store", "memory:"),
            ("share_token", &shares),
            ("max_login_failures", &max_failures.to_string()),
            // Real time is no matter here.
            ("timeout_ms", "86400000"),
        ] {
            config.set(name, value).expect("options that there are");
        }
        let settings = config.settings().expect("options that fit");
        let process_number = take_number();
        let machine = Arc::new(Machine::new(world, process, number, process_number));
        Life {
            number,
            password: of_life,
            max_failures,
            session: Session::new(&settings, machine.clone(), machine.clone(), machine),
            process_number,
            leaves_traces: AtomicBool::new(false),
        }
    }
}

impl Scene {
    /// Password and `max_login_failures` of a process that is about to start.
    fn choose_life(&mut self) -> (u64, usize) {
        let one_wrong_in = if self.careless { 2 } else { 10 };
        let password = match !self.calm && self.random.one_in(one_wrong_in) {
            true => self.random.below(PASSWORDS),
            false => self.platform.password,
        };
        let max_failures = match self.weather {
            Weather::Mixed => 1 + self.random.below(4) as usize,
            _ => self.allowed,
        };
        (password, max_failures)
    }

    /// How long a thread of a program does nothing after a call, unless it ends.
    fn pause_after(&mut self, result: Result<()>) -> Option<u64> {
        self.check_deadline();
        let error = match result {
            Ok(()) => {
                self.counts.one("calls done");
                return Some(self.pause());
            }
            Err(error) => error,
        };
        match error.status() {
            Status::Internal if !error.retryable() => self.fail(error.message()),
            Status::LoginBlocked => {
                self.counts.one("calls blocked");
                self.blocked += 1;
            }
            _ => {}
        }
        if self.blocked > MOST_BLOCKED && self.weather != Weather::Support {
            self.stopping = true;
        }
        match error.retry_after() {
            // What a patient program does.
            Some(wait) if self.random.one_in(2) => Some(wait.as_millis() as u64),
            // Many a program exits then, and is started again.
            None if error.status() == Status::LoginBlocked && self.random.one_in(2) => None,
            _ => Some(self.pause()),
        }
    }

    fn pause(&mut self) -> u64 {
        match self.random.below(12) {
            0 => self.random.below(20) * MINUTE_MS,
            1..=3 => self.random.below(60) * SECOND_MS,
            _ => self.random.below(100),
        }
    }
}

impl World {
    /// What a thread of a program does with its session.
    pub fn live(self: &Arc<World>, life: &Life) {
        let acts = 1 + self.lock().random.below(6);
        for _ in 0..acts {
            if self.stops() {
                return;
            }
            let call = self.call();
            let result = self.act(life, &call);
            let pause = self.lock().pause_after(result);
            match pause {
                Some(pause_ms) => drop(self.pass("pauses", pause_ms)),
                None => return,
            }
        }
    }

    /// A call whose deadline is kept in simulated time: its interrupt function ends it.
    fn call(self: &Arc<World>) -> Call {
        let mut scene = self.lock();
        let most_s = scene.random.one_of(&[10, 10, 10, 100]);
        let timeout_ms = SECOND_MS * (1 + scene.random.below(most_s));
        let deadline_ms = scene.now_ms + timeout_ms;
        scene.workers[me()].deadline_ms = Some(deadline_ms);
        drop(scene);
        let call = Call::new();
        let world = Arc::clone(self);
        let is_over = move || world.lock().now_ms >= deadline_ms;
        call.set_interrupt(Some(Box::new(is_over)));
        call
    }

    fn act(&self, life: &Life, call: &Call) -> Result<()> {
        let session = &life.session;
        if session.token().is_err() {
            return session.relogin(call, None);
        }
        let choice = self.lock().random.below(40);
        match choice {
            0 => session.logout(call),
            1 => session.renew_api_token(call, None),
            2 => session.api_token(call).map(drop),
            3 => session.relogin(call, Some("an older token")),
            4 => {
                let mut scene = self.lock();
                let process = scene.workers[me()].process;
                scene.processes[process].forced = true;
                drop(scene);
                session.relogin(call, None)
            }
            _ => request(session, call),
        }
    }

    /// When nothing goes wrong any more, the right password gets its token: by itself where the
    /// guard's record is open to it, or it has worked before and nothing was refused since; else
    /// once an operator has unblocked the account.
    pub fn calm_down(self: &Arc<World>) {
        let mut scene = self.lock();
        scene.calm = true;
        scene.store.full = false;
        scene.platform.locked = false;
        if scene.store.holder.is_some() && !scene.weather.ends_leases() {
            scene.fail("a lease is held by nobody");
        }
        let (opens, mut end_ms) = (scene.opens_by_itself(), scene.longest_wait_ends_ms());
        scene.note(format!("calm; opens by itself: {opens}"));
        drop(scene);
        let life = self.join(me());
        let mut unblocked = false;
        while let Err(error) = self.try_in_the_calm(&life) {
            let mut scene = self.lock();
            let due_ms = wait_in_the_calm(&error).map(|wait_ms| scene.now_ms + wait_ms);
            if let Some(due_ms) = due_ms.filter(|due_ms| *due_ms <= end_ms) {
                let wait_ms = due_ms - scene.now_ms;
                drop(scene);
                drop(self.pass("waits for its turn", wait_ms));
            } else if opens || unblocked {
                scene.fail(&format!("in the calm: {error}"));
                break;
            } else {
                unblocked = true;
                scene.unblock();
                end_ms = scene.longest_wait_ends_ms();
            }
        }
        self.lock().counts.one(match unblocked {
            true => "well in the calm once unblocked",
            false => "well in the calm",
        });
        drop(life);
        self.leave(me(), None);
    }

    fn try_in_the_calm(self: &Arc<World>, life: &Life) -> Result<()> {
        let call = self.call();
        if life.session.token().is_err() {
            life.session.relogin(&call, None)?;
        }
        request(&life.session, &call)
    }
}

fn wait_in_the_calm(error: &Error) -> Option<u64> {
    match (error.retry_after(), error.status()) {
        (Some(wait), _) => Some(wait.as_millis() as u64),
        // A lease that nobody gives back ends by itself.
        (None, Status::Cancelled | Status::Timeout) => Some(0),
        (None, _) => None,
    }
}

fn request(session: &Session, call: &Call) -> Result<()> {
    let request = Request {
        method: "GET",
        path: "/m2m/v1/accounts/0000123456-00001",
        headers: &[],
        body: &[],
    };
    session.request(call, request).map(drop)
}

//! Who goes on, and when: the baton, time, the threads and processes of a history.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::chance::{Counts, Random};
use super::clocks::Clocks;
use super::invariants::{Expected, News};
use super::platform::Platform;
use super::program::Life;
use super::remote::Remote;
use super::store::Stored;
use super::{Flaw, PROCESSES, THREADS, Weather};
use crate::lockout::LONGEST_LOGIN_MS;
use crate::runtime::{Signal, Work};

pub(super) const SECOND_MS: u64 = 1000;
pub(super) const MINUTE_MS: u64 = 60 * SECOND_MS;
pub(super) const START_MS: u64 = 1_700_000_000_000;
const FOR_EVER_MS: u64 = START_MS << 8;
/// So many do what was begun when a history is to stop never take.
const FAR_TOO_MANY_STEPS: u64 = 100_000;
/// The threads of programs come first, those of the library after them.
const PROGRAM_WORKERS: usize = PROCESSES * THREADS;
/// Passwords that programs have; the platform holds one of them.
pub(super) const PASSWORDS: u64 = 5;

pub(super) struct World {
    scene: Mutex<Scene>,
    /// Nobody is left to give the baton to.
    ended: Condvar,
}

pub(super) struct Scene {
    pub random: Random,
    pub weather: Weather,
    pub flaw: Flaw,
    /// Whether processes share a session token.
    pub shares: bool,
    /// `max_login_failures`.
    pub allowed: usize,
    /// Whether programs often have a wrong password.
    pub careless: bool,
    /// How many calls were blocked since a login left.
    pub blocked: usize,
    /// Nothing goes wrong any more.
    pub calm: bool,
    pub stopping: bool,
    turn: Option<usize>,
    steps: u64,
    steps_to_go: u64,
    pub now_ms: u64,
    pub clocks: Clocks,
    pub workers: Vec<Worker>,
    pub processes: [Process; PROCESSES],
    lives: u64,
    pub store: Stored,
    pub remote: Remote,
    pub platform: Platform,
    pub expected: Expected,
    pub counts: Counts,
    /// A digest of everything that happened.
    story: u64,
    broken: Option<String>,
    recent: VecDeque<String>,
}

/// A thread.
#[derive(Default)]
pub(super) struct Worker {
    pub process: usize,
    /// The life of its process that it is in, or 0.
    pub life: u64,
    wake_ms: u64,
    awaits: Option<(Signal, u64)>,
    /// That of its call. A thread of the library's own has none.
    pub deadline_ms: Option<u64>,
    /// What the answer to its login said, until it is in the store.
    pub news: Option<News>,
    /// The lease that it was given last, and when that ends by itself.
    pub lease: u64,
    pub lease_ends_ms: Option<u64>,
    finished: bool,
    turn: Arc<Condvar>,
}

#[derive(Default)]
pub(super) struct Process {
    pub life: Option<Arc<Life>>,
    /// Its threads.
    inside: usize,
    /// Those of the program's own.
    programs: usize,
    pub died: bool,
    pub asleep_until_ms: u64,
    /// A rejection of its password could not be saved.
    pub unsaved: bool,
    /// A thread asked for another token than the one held, whether that is good or not.
    pub forced: bool,
}

/// The end of a process, on its way up through the real code.
struct Died;

thread_local! {
    static ME: Cell<Option<usize>> = const { Cell::new(None) };
}

pub(super) fn me() -> usize {
    ME.get().expect("only simulated threads come here")
}

/// What has become of a history.
pub(super) struct Told {
    pub steps: u64,
    pub most: usize,
    pub counts: Counts,
    pub story: u64,
}

impl World {
    pub fn new(seed: u64, weather: Weather, flaw: Flaw, steps: u64) -> World {
        World {
            scene: Mutex::new(Scene::new(seed, weather, flaw, steps)),
            ended: Condvar::new(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seam: something may go wrong here, and others may go on before this thread does.
    pub fn pass(&self, what: &str, sleep_ms: u64) -> MutexGuard<'_, Scene> {
        self.pass_awaiting(what, sleep_ms, None)
    }

    /// The same, but a signal ends the sleep.
    pub fn pass_awaiting(
        &self,
        what: &str,
        sleep_ms: u64,
        awaits: Option<(Signal, u64)>,
    ) -> MutexGuard<'_, Scene> {
        let me = me();
        let mut scene = self.lock();
        if std::thread::panicking() {
            return scene;
        }
        scene.step(me, what);
        scene.workers[me].wake_ms = scene.now_ms.saturating_add(sleep_ms);
        scene.workers[me].awaits = awaits;
        scene = self.hand_over(scene);
        scene = self.await_turn(scene, me);
        scene.workers[me].awaits = None;
        if scene.is_dead(me) {
            drop(scene);
            resume_unwind(Box::new(Died));
        }
        scene
    }

    fn hand_over<'a>(&'a self, mut scene: MutexGuard<'a, Scene>) -> MutexGuard<'a, Scene> {
        scene.turn = scene.choose();
        match scene.turn {
            Some(next) => scene.workers[next].turn.notify_one(),
            None => self.ended.notify_all(),
        }
        scene
    }

    fn await_turn<'a>(
        &'a self,
        mut scene: MutexGuard<'a, Scene>,
        me: usize,
    ) -> MutexGuard<'a, Scene> {
        let turn = Arc::clone(&scene.workers[me].turn);
        while scene.turn != Some(me) {
            scene = turn.wait(scene).unwrap_or_else(PoisonError::into_inner);
        }
        scene
    }

    /// Lets the threads of the programs run, and waits until all have come to an end. False when
    /// somebody never gives the baton away.
    pub fn run(self: &Arc<World>) -> bool {
        for me in 0..PROGRAM_WORKERS {
            let world = Arc::clone(self);
            std::thread::spawn(move || {
                ME.set(Some(me));
                drop(world.await_turn(world.lock(), me));
                while !world.stops() {
                    let life = world.join(me);
                    let lived = catch_unwind(AssertUnwindSafe(|| world.live(&life)));
                    drop(life);
                    world.leave(me, lived.err());
                    while !world.stops() && world.is_inhabited(me / THREADS) {
                        // The last to leave wakes the others.
                        drop(world.pass("rests", FOR_EVER_MS));
                    }
                }
                world.finish(me);
            });
        }
        drop(self.hand_over(self.lock()));
        self.comes_to_an_end()
    }

    /// Does this on the thread that calls, as one of the program in a world that is at rest.
    pub fn run_once(self: &Arc<World>, what: impl FnOnce()) -> bool {
        let me = 0;
        let mut scene = self.lock();
        scene.steps_to_go = scene.steps;
        scene.stopping = false;
        scene.workers[me].finished = false;
        scene.turn = Some(me);
        drop(scene);
        ME.set(Some(me));
        let done = catch_unwind(AssertUnwindSafe(what));
        self.finish(me);
        ME.set(None);
        if let Err(panic) = done
            && !panic.is::<Died>()
        {
            resume_unwind(panic);
        }
        self.comes_to_an_end()
    }

    fn comes_to_an_end(&self) -> bool {
        // Far longer than any history takes: whoever has the baton then will never give it away.
        let most = Duration::from_secs(120);
        let goes_on = |scene: &mut Scene| scene.turn.is_some();
        let waited = self.ended.wait_timeout_while(self.lock(), most, goes_on);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn finish(&self, me: usize) {
        let mut scene = self.lock();
        scene.workers[me].finished = true;
        drop(self.hand_over(scene));
    }

    /// A thread of the library's own, in the process of whoever starts it.
    pub fn spawn(self: &Arc<World>, work: Work) {
        let mut scene = self.lock();
        let starter = &scene.workers[me()];
        let (process, life) = (starter.process, starter.life);
        let me = scene.hire(process, life);
        drop(scene);
        let world = Arc::clone(self);
        std::thread::spawn(move || {
            ME.set(Some(me));
            let scene = world.await_turn(world.lock(), me);
            let begins = !scene.is_dead(me);
            drop(scene);
            // Who is dead by then does nothing, but lets go of what it was given.
            let work = move || {
                if begins {
                    work()
                }
            };
            let done = catch_unwind(AssertUnwindSafe(work));
            world.leave(me, done.err());
            world.finish(me);
        });
    }

    pub fn stops(&self) -> bool {
        self.lock().stopping
    }

    fn is_inhabited(&self, process: usize) -> bool {
        self.lock().processes[process].inside > 0
    }

    /// Makes a thread of the program's one of its process, which is started if need be.
    pub fn join(self: &Arc<World>, me: usize) -> Arc<Life> {
        let mut scene = self.lock();
        let p = scene.workers[me].process;
        if scene.processes[p].life.is_none() {
            scene.lives += 1;
            let number = scene.lives;
            drop(scene);
            let life = Arc::new(Life::start(self, p, number));
            scene = self.lock();
            scene.processes[p] = Process {
                life: Some(life),
                asleep_until_ms: scene.processes[p].asleep_until_ms,
                ..Process::default()
            };
        }
        let process = &mut scene.processes[p];
        process.inside += 1;
        process.programs += 1;
        let life = process.life.clone().expect("it was started");
        scene.workers[me].life = life.number;
        life
    }

    /// Ends a thread. With the program's last one the process ends, or the library's go on.
    pub fn leave(&self, me: usize, ended: Option<Box<dyn Any + Send>>) {
        let mut scene = self.lock();
        match ended {
            Some(panic) if !panic.is::<Died>() => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or(panic.downcast_ref::<&str>().copied());
                scene.fail(text.unwrap_or("a panic"));
            }
            _ => {}
        }
        let p = scene.workers[me].process;
        scene.workers[me].life = 0;
        scene.processes[p].inside -= 1;
        if me < PROGRAM_WORKERS {
            scene.processes[p].programs -= 1;
            let Process {
                programs,
                inside,
                died,
                ..
            } = scene.processes[p];
            if programs == 0 && inside > 0 && !died {
                scene.close(p);
            }
        }
        if scene.processes[p].inside == 0 {
            let now_ms = scene.now_ms;
            let resting = scene
                .workers
                .iter_mut()
                .filter(|worker| worker.process == p);
            resting.for_each(|worker| worker.wake_ms = now_ms);
            let life = scene.processes[p].life.take();
            drop(scene);
            drop(life);
        }
    }

    /// What became of it; or why that must not have been, and what led there.
    pub fn told(&self) -> Result<Told, String> {
        let scene = self.lock();
        match &scene.broken {
            Some(why) => Err(scene.story_of(why)),
            None => Ok(Told {
                steps: scene.steps,
                most: scene.platform.most,
                counts: scene.counts.clone(),
                story: scene.story,
            }),
        }
    }

    pub fn hangs(&self) -> String {
        self.lock().story_of("somebody never gives the baton away")
    }
}

impl Scene {
    fn new(seed: u64, weather: Weather, flaw: Flaw, steps: u64) -> Scene {
        let mut random = Random(seed);
        let allowed = 1 + random.below(4) as usize;
        let shares = random.one_in(3);
        let careless = random.one_in(2);
        let is_each_their_own = weather == Weather::Clocks && random.one_in(3);
        let worker = |number| Worker {
            process: number / THREADS,
            ..Worker::default()
        };
        Scene {
            random,
            weather,
            flaw,
            shares,
            allowed,
            careless,
            blocked: 0,
            calm: false,
            stopping: false,
            turn: None,
            steps: 0,
            steps_to_go: steps,
            now_ms: START_MS,
            clocks: Clocks::new(is_each_their_own),
            workers: (0..PROGRAM_WORKERS).map(worker).collect(),
            processes: std::array::from_fn(|_| Process::default()),
            lives: 0,
            store: Stored::default(),
            remote: Remote::default(),
            platform: Platform::default(),
            expected: Expected::default(),
            counts: Counts::default(),
            story: 0,
            broken: None,
            recent: VecDeque::new(),
        }
    }

    pub fn note(&mut self, line: String) {
        self.story = line.bytes().fold(self.story, |story, byte| {
            (story ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        if self.recent.len() == 400 {
            self.recent.pop_front();
        }
        self.recent.push_back(line);
    }

    fn story_of(&self, why: &str) -> String {
        let recent: Vec<_> = self.recent.iter().map(String::as_str).collect();
        let (weather, allowed, shares) = (self.weather, self.allowed, self.shares);
        format!(
            "{}\n{weather:?}, max_login_failures {allowed}, share_token {shares}: {why}",
            recent.join("\n")
        )
    }

    pub fn fail(&mut self, why: &str) {
        self.note(format!("must not be: {why}"));
        self.stopping = true;
        if self.broken.is_none() {
            self.broken = Some(why.to_owned());
        }
    }

    fn step(&mut self, me: usize, what: &str) {
        self.steps += 1;
        let Worker { life, process, .. } = self.workers[me];
        self.note(format!("{} {me}/{life} {what}", self.now_ms - START_MS));
        if self.steps >= self.steps_to_go {
            self.stopping = true;
        }
        if self.steps >= self.steps_to_go + FAR_TOO_MANY_STEPS {
            self.fail("somebody never comes to an end");
            (0..PROCESSES).for_each(|p| self.crash(p));
        }
        if self.calm {
            return;
        }
        if life != 0 && self.random.one_in(150) {
            self.crash(process);
        }
        self.mishap();
    }

    fn is_dead(&self, me: usize) -> bool {
        let Worker { life, process, .. } = self.workers[me];
        life != 0 && self.processes[process].died
    }

    /// Whether a life is over.
    pub fn is_over(&self, process: usize, life: u64) -> bool {
        let process = &self.processes[process];
        process.died || process.life.as_ref().is_none_or(|of| of.number != life)
    }

    fn hire(&mut self, process: usize, life: u64) -> usize {
        let library = self.workers.iter().skip(PROGRAM_WORKERS);
        let free = library.clone().position(|worker| worker.finished);
        let me = free.map_or(self.workers.len(), |free| PROGRAM_WORKERS + free);
        let worker = Worker {
            process,
            life,
            wake_ms: self.now_ms,
            ..Worker::default()
        };
        match free {
            Some(_) => self.workers[me] = worker,
            None => self.workers.push(worker),
        }
        self.processes[process].inside += 1;
        me
    }

    /// The program is done, and the library is not: it goes on, or goes with it.
    fn close(&mut self, p: usize) {
        if let (true, Some(life)) = (self.random.one_in(3), self.processes[p].life.clone()) {
            life.session.cancel();
        }
        if !self.calm && self.random.one_in(2) {
            self.counts.one("exits with a login under way");
            self.end(p);
        }
    }

    /// Nothing of the process goes on. What it has sent is on its way.
    pub fn end(&mut self, p: usize) {
        let Some(life) = self.processes[p].life.as_ref().map(|life| life.number) else {
            return;
        };
        self.note(format!("process {p} ends"));
        self.processes[p].died = true;
        self.leave_behind(life);
        self.store_loses_its_holder(life);
        let now_ms = self.now_ms;
        let of_it = self.workers.iter_mut().filter(|worker| worker.life == life);
        of_it.for_each(|worker| worker.wake_ms = now_ms);
    }

    /// Who goes on. Where all wait, time passes.
    fn choose(&mut self) -> Option<usize> {
        let soonest_ms = self.wake_times().map(|(_, ms)| ms).min()?;
        if soonest_ms >= FOR_EVER_MS {
            self.fail("nobody goes on");
        } else if soonest_ms > self.now_ms {
            self.pass_time(soonest_ms);
        }
        let until_ms = self.now_ms.max(soonest_ms);
        let ready = self.wake_times().filter(|(_, ms)| *ms <= until_ms);
        let ready: Vec<usize> = ready.map(|(worker, _)| worker).collect();
        Some(self.random.one_of(&ready))
    }

    /// When each thread goes on.
    fn wake_times(&self) -> impl Iterator<Item = (usize, u64)> {
        let workers = self.workers.iter().enumerate();
        let workers = workers.filter(|(_, worker)| !worker.finished);
        workers.map(|(number, worker)| {
            let given = |(signal, seen): &(Signal, u64)| signal.count() > *seen;
            let wake_ms = match worker.awaits.as_ref().is_some_and(given) {
                true => self.now_ms,
                false => worker.wake_ms,
            };
            let process = &self.processes[worker.process];
            let sleeps = worker.life != 0 && !process.died && !self.calm;
            match sleeps {
                true => (number, wake_ms.max(process.asleep_until_ms)),
                false => (number, wake_ms),
            }
        })
    }

    fn pass_time(&mut self, until_ms: u64) {
        while let Some((at_ms, id)) = self.platform.next_judgement(until_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            self.judge(id);
        }
        self.now_ms = until_ms;
    }

    /// How long a thread may wait for an answer.
    pub fn time_left_ms(&self, me: usize) -> u64 {
        let deadline_ms = self.workers[me].deadline_ms;
        deadline_ms.map_or(LONGEST_LOGIN_MS, |ms| ms.saturating_sub(self.now_ms))
    }
}

//! The platform, its gateway and the way there: what they make of a login, and what they say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::invariants::{End, News};
use super::machine::Machine;
use super::world::{MINUTE_MS, SECOND_MS, Scene, me};
use crate::call::Running;
use crate::error::{Error, Status};
use crate::http::{Outgoing, SendFailure, Wire};
use crate::lockout::LONGEST_LOGIN_MS;
use crate::platform::{oauth, rest};
use crate::response::Response;

const NEVER: u64 = u64::MAX;
/// A login whose sender is gone is judged within this time, or never.
const LATE_MS: u64 = 5 * MINUTE_MS;
/// The longest `Retry-After` that is heeded.
pub(super) const LONGEST_HOLD_MS: u64 = 60 * MINUTE_MS;

#[derive(Default)]
pub(super) struct Platform {
    pub password: u64,
    pub locked: bool,
    /// Failures in a row.
    pub strikes: usize,
    pub most: usize,
    /// Of these, those whose login left though the guard's slots were full.
    pub probes: usize,
    /// Logins under way when the guard lost its record, or was told to forget what it counts.
    pub forgotten: usize,
    /// Logins that left after their lease had ended.
    pub strays: usize,
    /// How often the store lost all.
    pub losses: usize,
    /// Session tokens that are good.
    pub good: BTreeSet<String>,
    tokens: u64,
    pub api_token: u64,
    pub under_way: Vec<Sent>,
    outage: Option<Outage>,
}

#[derive(Clone, Copy)]
struct Outage {
    until_ms: u64,
    /// Nothing gets there. Otherwise it does, and nothing of the platform's comes back.
    unreachable: bool,
}

/// A login on its way.
pub(super) struct Sent {
    id: u64,
    life: u64,
    lease: u64,
    password: u64,
    probe: bool,
    judged_ms: u64,
    verdict: Option<Verdict>,
    /// Nobody waits for its answer.
    pub orphan: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    Locked,
}

/// What is to become of a login.
struct Plan {
    travel_ms: u64,
    judged_ms: u64,
    answer: Reply,
}

#[derive(Clone, Copy)]
enum Reply {
    /// The platform's verdict.
    Verdict,
    Lost(Status),
    /// What stands before the platform answers, though that may have judged.
    Page(Page),
    /// What stands before the platform turns it away.
    TurnedAway(Page),
}

/// Status, body.
type Page = (u16, &'static str);

const PAGES: [Page; 16] = [
    (500, ""),
    (
        500,
        r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.UnexpectedError"}"#,
    ),
    (
        400,
        r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.UnexpectedError"}"#,
    ),
    (
        400,
        r#"{"errorCode":"UnifiedWebService.REQUEST_ONHOLD.Any"}"#,
    ),
    (502, "<html>Bad Gateway</html>"),
    (503, "<html>Service Unavailable</html>"),
    (
        503,
        r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.LoginFailed"}"#,
    ),
    (504, ""),
    (504, r#"{"fault":{"code":101504,"message":"Send timeout"}}"#),
    (520, "<html>Unknown Error</html>"),
    (
        404,
        r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code></am:fault>"#,
    ),
    (200, "<html>Welcome</html>"),
    (302, ""),
    (429, "<html>Too Many Requests</html>"),
    (401, ""),
    (401, r#"{"error":"invalid_grant"}"#),
];

const TURNED_AWAY: [Page; 5] = [
    (
        429,
        r#"{"fault":{"code":900800,"message":"Message throttled out"}}"#,
    ),
    (
        403,
        r#"{"fault":{"code":"900803","message":"Message throttled out"}}"#,
    ),
    (
        400,
        r#"{"fault":{"code":900906,"message":"No matching resource found"}}"#,
    ),
    (
        403,
        r#"{"fault":{"code":900908,"message":"Resource forbidden"}}"#,
    ),
    NO_API_TOKEN,
];

const NO_API_TOKEN: Page = (
    401,
    r#"{"fault":{"code":"900901","message":"Invalid Credentials"}}"#,
);

impl Platform {
    /// The next login to be judged until then, and when.
    pub fn next_judgement(&self, until_ms: u64) -> Option<(u64, u64)> {
        let due = self.under_way.iter().filter(|sent| sent.verdict.is_none());
        let due = due.map(|sent| (sent.judged_ms, sent.id));
        due.filter(|(at_ms, _)| *at_ms <= until_ms).min()
    }

    /// The sender of a login waits no longer for its verdict, if there is none yet.
    fn part(&mut self, index: usize, now_ms: u64) -> Option<Verdict> {
        let sent = &mut self.under_way[index];
        let verdict = sent.verdict;
        sent.orphan = true;
        if sent.judged_ms != NEVER {
            sent.judged_ms = sent.judged_ms.min(now_ms + LATE_MS - 1);
        }
        if verdict.is_some() || sent.judged_ms == NEVER {
            self.under_way.remove(index);
        }
        verdict
    }
}

impl Scene {
    /// The platform's word on a password.
    pub fn judge(&mut self, id: u64) {
        let platform = &mut self.platform;
        let index = platform.under_way.iter().position(|sent| sent.id == id);
        let index = index.expect("it is under way");
        let sent = &mut platform.under_way[index];
        let verdict = match platform.locked {
            true => Verdict::Locked,
            false if sent.password == platform.password => Verdict::Right,
            false => Verdict::Wrong,
        };
        sent.verdict = Some(verdict);
        let (probe, orphan) = (sent.probe, sent.orphan);
        if orphan {
            platform.under_way.remove(index);
            self.counts.one("judged late");
        }
        if verdict == Verdict::Right {
            (platform.strikes, platform.probes) = (0, 0);
            if platform.under_way.iter().all(|sent| sent.id == id) {
                (platform.forgotten, platform.strays) = (0, 0);
            }
        } else {
            platform.strikes += 1;
            platform.probes += usize::from(probe);
            platform.most = platform.most.max(platform.strikes);
        }
        let strikes = platform.strikes;
        self.note(format!(
            "login {id} is judged {verdict:?}, {strikes} in a row"
        ));
        self.check_strikes();
    }

    /// The sender of these is gone.
    pub fn leave_behind(&mut self, life: u64) {
        let mut index = 0;
        while let Some(sent) = self.platform.under_way.get(index) {
            let count = self.platform.under_way.len();
            if sent.life == life && !sent.orphan {
                if self.knows(sent.lease) {
                    self.expected.unknown_ms = Some(self.now_ms);
                }
                self.platform.part(index, self.now_ms);
            }
            // Others have moved up, or not.
            index += 1 + self.platform.under_way.len() - count;
        }
    }

    pub fn begin_outage(&mut self) {
        let time_ms = match self.random.below(3) {
            0 => self.random.below(MINUTE_MS),
            1 => self.random.below(20 * MINUTE_MS),
            _ => self.random.below(90 * MINUTE_MS),
        };
        let unreachable = self.random.one_in(4);
        self.note(format!(
            "an outage of {time_ms} ms, unreachable {unreachable}"
        ));
        self.platform.outage = Some(Outage {
            until_ms: self.now_ms + time_ms,
            unreachable,
        });
    }

    fn outage(&self) -> Option<Outage> {
        let outage = self.platform.outage;
        outage.filter(|outage| !self.calm && self.now_ms < outage.until_ms)
    }

    fn plan(&mut self, outgoing: &Outgoing<'_>) -> Plan {
        let slow = !self.calm && self.random.one_in(25);
        let travel_ms = match slow {
            true => LONGEST_LOGIN_MS * (1 + self.random.below(4)) / 3,
            false => 1 + 5 * self.random.below(60),
        };
        let arrives = has_api_token(self, outgoing);
        let choice = match (self.calm, self.outage()) {
            (true, _) => 99,
            (false, Some(_)) => self.random.below(10),
            (false, None) => self.random.below(50),
        };
        let answer = match choice {
            _ if travel_ms > LONGEST_LOGIN_MS => Reply::Lost(Status::Timeout),
            _ if !arrives => Reply::TurnedAway(NO_API_TOKEN),
            0..=3 => Reply::Lost(Status::Network),
            4..=9 => Reply::Page(self.random.one_of(&PAGES)),
            10..=12 => Reply::TurnedAway(self.random.one_of(&TURNED_AWAY)),
            _ => Reply::Verdict,
        };
        let travel_ms = travel_ms.min(LONGEST_LOGIN_MS);
        let wait_ms = match answer {
            Reply::Verdict => self.random.below(travel_ms + 1),
            Reply::TurnedAway(_) => NEVER,
            _ => match self.random.below(3) {
                0 => NEVER,
                1 => self.random.below(travel_ms + 1),
                _ => travel_ms + self.random.below(LATE_MS),
            },
        };
        Plan {
            travel_ms,
            judged_ms: self.now_ms.saturating_add(wait_ms),
            answer,
        }
    }

    /// A login leaves.
    fn send(&mut self, process: usize, life: u64, judged_ms: u64) -> u64 {
        if self.is_over(process, life) {
            self.fail("a process that is gone sends");
            return 0;
        }
        self.counts.one("logins");
        self.blocked = 0;
        let id = self.counts.get("logins");
        let of = self.processes[process].life.clone().expect("it lives");
        self.note(format!("login {id} with password {} leaves", of.password));
        self.check_login(&of, process);
        let ended = |ends_ms: u64| self.now_ms > ends_ms;
        let strays = self.workers[me()].lease_ends_ms.is_some_and(ended);
        self.platform.strays += usize::from(strays);
        let probe = self.store.slots_before() >= of.max_failures;
        for (is_so, what) in [(probe, "probes"), (strays, "strays")] {
            if is_so {
                self.counts.one(what);
            }
        }
        self.platform.under_way.push(Sent {
            id,
            life,
            lease: self.workers[me()].lease,
            password: of.password,
            probe,
            judged_ms,
            verdict: None,
            orphan: false,
        });
        id
    }
}

fn failure(status: Status, sent: bool) -> SendFailure {
    let error = Error::new(status, "simulated");
    SendFailure { error, sent }
}

fn answer(status: u16, body: Value) -> Response {
    Response::new(status, Vec::new(), body.to_string().into_bytes())
}

/// A page, perhaps with a `Retry-After`; in that case also when it is over.
fn page(scene: &mut Scene, (status, body): Page) -> (Response, Option<u64>) {
    let mut headers = Vec::new();
    let mut until_ms = None;
    if scene.random.one_in(3) {
        let seconds = scene.random.one_of(&[0, 1, 7, 30, 120, 600, 100_000]);
        headers.push(("Retry-After".to_owned(), seconds.to_string()));
        until_ms = Some(scene.now_ms + (seconds * SECOND_MS).min(LONGEST_HOLD_MS));
    }
    (Response::new(status, headers, body.into()), until_ms)
}

fn refusal(code: &str) -> Response {
    let code = format!("UnifiedWebService.REQUEST_FAILED.{code}");
    answer(400, json!({"errorCode": code, "errorMessage": "no"}))
}

fn header<'a>(outgoing: &Outgoing<'a>, name: &str) -> &'a str {
    let mut headers = outgoing.headers.iter();
    headers
        .find(|(known, _)| *known == name)
        .map_or("", |(_, value)| value)
}

fn has_api_token(scene: &Scene, outgoing: &Outgoing<'_>) -> bool {
    let good = format!("Bearer api-token-{}", scene.platform.api_token);
    header(outgoing, "Authorization") == good
}

type Sending = std::result::Result<Response, SendFailure>;

impl Wire for Machine {
    fn send(&self, running: &Running, outgoing: &Outgoing<'_>) -> Sending {
        self.connect(running)?;
        if outgoing.url.ends_with(rest::LOGIN_PATH) {
            self.log_in(outgoing)
        } else if outgoing.url.ends_with(oauth::TOKEN_PATH) {
            self.authorize()
        } else {
            self.request(outgoing)
        }
    }
}

impl Machine {
    fn connect(&self, running: &Running) -> std::result::Result<(), SendFailure> {
        let unsent = |error| SendFailure { error, sent: false };
        running.check().map_err(unsent)?;
        let mut scene = self.world.lock();
        let time_ms = match !scene.calm && scene.random.one_in(30) {
            true => scene.random.below(10 * SECOND_MS),
            false => 0,
        };
        let time_ms = time_ms.min(scene.time_left_ms(me()));
        drop(scene);
        drop(self.world.pass("connects", time_ms));
        running.check().map_err(unsent)?;
        let mut scene = self.world.lock();
        let unreachable = scene.outage().is_some_and(|outage| outage.unreachable);
        match unreachable || (!scene.calm && scene.random.one_in(40)) {
            true => Err(failure(Status::Network, false)),
            false => Ok(()),
        }
    }

    fn log_in(&self, outgoing: &Outgoing<'_>) -> Sending {
        let mut scene = self.world.lock();
        let plan = scene.plan(outgoing);
        let id = scene.send(self.process, self.life, plan.judged_ms);
        drop(scene);
        let mut scene = self.world.pass("has sent its login", plan.travel_ms);
        let now_ms = scene.now_ms;
        let mut under_way = scene.platform.under_way.iter();
        let index = under_way.position(|sent| sent.id == id).expect("it waits");
        let verdict = scene.platform.part(index, now_ms);
        let mut hold_until_ms = None;
        let mut page = |scene: &mut Scene, of| {
            let (page, until_ms) = page(scene, of);
            hold_until_ms = until_ms;
            Ok(page)
        };
        let (end, answer) = match plan.answer {
            Reply::Verdict => {
                let verdict = verdict.expect("it was judged by now");
                (End::Judged(verdict), Ok(in_words(&mut scene, verdict)))
            }
            Reply::Lost(status) => (End::Unknown, Err(failure(status, true))),
            Reply::Page(of) => (End::Unknown, page(&mut scene, of)),
            Reply::TurnedAway(of) => (End::TurnedAway, page(&mut scene, of)),
        };
        scene.note_end(self.process, News { end, hold_until_ms });
        answer
    }

    fn authorize(&self) -> Sending {
        let (mut scene, late) = self.travel("asks for an API token");
        if late {
            return Err(failure(Status::Timeout, true));
        }
        if !scene.calm && scene.random.one_in(30) {
            let status = scene.random.one_of(&[429, 503]);
            scene.leave_traces(self.process);
            return Ok(page(&mut scene, (status, "")).0);
        }
        let token = format!("api-token-{}", scene.platform.api_token);
        let expires_in = scene.random.one_of(&[0, 1, 60, 3600, 3600]);
        Ok(answer(
            200,
            json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in}),
        ))
    }

    fn request(&self, outgoing: &Outgoing<'_>) -> Sending {
        let (mut scene, late) = self.travel("requests");
        if late {
            return Err(failure(Status::Timeout, true));
        }
        if !has_api_token(&scene, outgoing) {
            return Ok(Response::new(
                NO_API_TOKEN.0,
                Vec::new(),
                NO_API_TOKEN.1.into(),
            ));
        }
        let token = header(outgoing, rest::LOGOUT_HEADER);
        if !scene.platform.good.contains(token) {
            return Ok(refusal("SessionToken.Expired"));
        }
        if outgoing.url.ends_with(rest::LOGOUT_PATH) {
            scene.platform.good.remove(token);
        }
        Ok(answer(200, json!({})))
    }

    /// Time on the wire. True when the time for it was over before.
    fn travel(&self, what: &str) -> (std::sync::MutexGuard<'_, Scene>, bool) {
        let mut scene = self.world.lock();
        let left_ms = scene.time_left_ms(me());
        let time_ms = match scene.random.below(60) {
            0 if !scene.calm => NEVER,
            n => n * 5,
        };
        drop(scene);
        let scene = self.world.pass(what, time_ms.min(left_ms));
        (scene, time_ms > left_ms)
    }
}

fn in_words(scene: &mut Scene, verdict: Verdict) -> Response {
    match verdict {
        Verdict::Wrong => refusal("InvalidUserNameOrPassword"),
        Verdict::Locked => refusal("ContactLocked"),
        Verdict::Right => {
            scene.platform.tokens += 1;
            let token = format!("00000000-0000-4000-8000-{:012x}", scene.platform.tokens);
            scene.platform.good.insert(token.clone());
            answer(200, json!({"sessionToken": token}))
        }
    }
}

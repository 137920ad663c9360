//! Everything the sandbox knows, and what a request does to it. Nothing here waits or touches the
//! network: a request goes in, what to deliver comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api_tokens::ApiTokens;
use crate::clock::Clock;
use crate::contacts::{Contacts, Verdict};
use crate::counters::{Counter, Counters};
use crate::delivery::Delivery;
use crate::faults::{Faults, What};
use crate::gateway;
use crate::http::Request;
use crate::kind::Kind;
use crate::log::{LineId, Log};
use crate::oauth;
use crate::outcome::{Named, Outcome};
use crate::rest;
use crate::route::Route;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::soap;

pub struct World {
    pub clock: Clock,
    pub settings: Settings,
    pub counters: Counters,
    pub contacts: Contacts,
    pub sessions: Sessions,
    pub api_tokens: ApiTokens,
    pub faults: Faults,
    pub log: Log,
    /// The device list when its size is set.
    pub device_list: Option<Arc<[u8]>>,
    late: BTreeMap<(u64, LineId), Late>,
}

/// A request whose client is gone, to be processed when its time comes.
struct Late {
    head: Box<[u8]>,
    body: Box<[u8]>,
}

/// What to do on the wire, and the log line that tells of it.
pub struct Plan {
    pub delivery: Delivery,
    pub line: LineId,
}

impl World {
    pub fn new() -> World {
        World {
            clock: Clock::new(),
            settings: Settings::default(),
            counters: Counters::default(),
            contacts: Contacts::new(),
            sessions: Sessions::default(),
            api_tokens: ApiTokens::default(),
            faults: Faults::default(),
            log: Log::default(),
            device_list: None,
            late: BTreeMap::new(),
        }
    }

    /// As at the start. Log lines and fault generations go on counting, for those who still hold
    /// one.
    pub fn reset(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        let mut faults = std::mem::take(&mut self.faults);
        log.clear();
        faults.drop_all();
        *self = World {
            log,
            faults,
            ..World::new()
        };
    }

    /// Processes what was put off until now, each at the time it was put off to.
    pub fn catch_up(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let now_ms = self.clock.now_ms();
        while let Some(due) = self.late.first_entry().filter(|due| due.key().0 <= now_ms) {
            let ((due_ms, line), late) = due.remove_entry();
            let outcome = Request::again(&late.head, &late.body, |request| {
                let route = Route::of(request);
                self.process(due_ms, request, &route)
            });
            if let Some(outcome) = outcome {
                self.log.explain(
                    line,
                    format!("process_late, processed: {}", outcome.why),
                    outcome.named,
                );
            }
        }
    }

    pub fn receive(&mut self, request: &Request<'_>) -> Plan {
        let now_ms = self.clock.now_ms();
        let route = Route::of(request);
        let kind = route.kind();
        self.counters.arrived(kind);
        let line = self.log.arrived(now_ms, kind, request);
        let delivery = match self.faults.hit(kind) {
            None => {
                let outcome = self.process(now_ms, request, &route);
                self.log.explain(line, outcome.why, outcome.named);
                Delivery::Answer(outcome.answer)
            }
            Some(what) => self.fault(what, now_ms, request, &route, line),
        };
        if let Some(status) = delivery.status() {
            self.log.answered(line, status);
        }
        Plan { delivery, line }
    }

    fn fault(
        &mut self,
        what: What,
        now_ms: u64,
        request: &Request<'_>,
        route: &Route<'_>,
        line: LineId,
    ) -> Delivery {
        let kind = route.kind();
        let name = what.name();
        self.log.explain(line, name, named(request, kind));
        let generation = self.faults.generation();
        let mut processed = || {
            let outcome = self.process(now_ms, request, route);
            self.log
                .explain(line, format!("{name}: {}", outcome.why), outcome.named);
            outcome.answer
        };
        match what {
            What::Delay(length) => Delivery::Delayed(processed(), length),
            What::Hold => Delivery::Held(processed(), generation),
            What::HalfBody => Delivery::HalfBody(processed()),
            What::Drip(pause) => Delivery::Drip(processed(), pause),
            What::Endless => Delivery::Endless,
            What::ResetBefore => Delivery::Reset,
            What::ResetAfter => {
                processed();
                Delivery::Reset
            }
            What::ProcessLate(ms) => {
                let late = Late {
                    head: request.head.into(),
                    body: request.body.into(),
                };
                self.late.insert((now_ms.saturating_add(ms), line), late);
                Delivery::HangUp
            }
            What::Answer {
                answer, process, ..
            } => {
                if process {
                    processed();
                }
                Delivery::Answer(answer)
            }
            What::Expired if kind.is_soap() => Delivery::Answer(soap::expired(self, kind)),
            What::Expired => {
                Delivery::Answer(rest::expired(&self.settings, &mut self.counters, kind))
            }
            What::ApiTokenRejected => {
                Delivery::Answer(gateway::reject(&self.settings, &mut self.counters, kind))
            }
        }
    }

    fn process(&mut self, now_ms: u64, request: &Request<'_>, route: &Route<'_>) -> Outcome {
        match route {
            Route::OauthToken => oauth::token(self, now_ms, request),
            Route::OauthRevoke => oauth::revoke(self, request),
            Route::Login => rest::login(self, now_ms, request),
            Route::Logout => rest::logout(self, now_ms, request),
            Route::Account(_) | Route::DeviceList | Route::DeviceUsage => {
                rest::call(self, now_ms, request, route)
            }
            Route::Soap(operation) => soap::call(self, now_ms, request, *operation),
            Route::SoapNoAction => {
                Outcome::new(soap::no_action(&self.settings), "no such SOAPAction")
            }
            Route::SoapNoService => Outcome::new(soap::no_service(), "no such service"),
            Route::SoapNotPost => Outcome::new(soap::not_post(), "not a POST"),
            Route::NoResource(api) => Outcome::new(
                gateway::no_resource(&self.settings, api),
                "no such resource",
            ),
            Route::NoEndpoint => Outcome::new(gateway::no_endpoint(), "no such endpoint"),
        }
    }

    pub fn judge(&mut self, username: &str, password: &str) -> Verdict {
        let verdict = self
            .contacts
            .judge(username, password, self.settings.strikes_to_lock);
        if let Verdict::Rejected { strikes } = verdict {
            self.counters.raise(Counter::MaxStrikes, strikes);
        }
        verdict
    }

    /// The token of the session that a login gives.
    pub fn begin_session(&mut self, username: String, now_ms: u64) -> String {
        let idle_ms = self.settings.session_idle_ms;
        if self.settings.same_session_token
            && let Some(token) = self.sessions.again(&username, now_ms, idle_ms)
        {
            return token;
        }
        if self.settings.login_ends_older_sessions {
            self.sessions.end_all_of(&username);
        }
        self.sessions.begin(username, now_ms, idle_ms)
    }
}

fn named(request: &Request<'_>, kind: Kind) -> Named {
    if kind.is_soap() {
        soap::named(request)
    } else {
        rest::named(request, kind)
    }
}

//! A request comes in: it is counted and logged, and either processed or met by a fault. Nothing
//! here waits; the plan says what to wait for.

use std::time::Duration;

use super::outcome::Outcome;
use super::route::Route;
use super::{gateway, oauth, rest, soap};
use crate::http::{Answer, Request};
use crate::net::Delivery;
use crate::world::{
    Counter, Effect, End, Instead, Kind, LineId, Note, Pause, Processed, Reply, Ticket, Told,
    Travel, World,
};

/// What to deliver, what to wait for before that, and the log line that tells of it.
pub struct Plan {
    pub delivery: Delivery,
    pub wait: Wait,
    pub line: LineId,
}

pub enum Wait {
    No,
    For(Duration),
    ForRelease(Ticket),
}

pub fn receive(world: &mut World, request: &Request<'_>) -> Plan {
    let now_ms = world.clock.now_ms();
    let route = Route::of(request, &world.canned);
    let kind = route.kind();
    world.counters.arrived(kind);
    let line = world.log.arrived(now_ms, kind, request);
    let arrival = Arrival {
        now_ms,
        request,
        route: &route,
        line,
    };
    let (delivery, wait) = match world.faults.hit(kind) {
        None => {
            let outcome = arrival.process(world);
            world.log.explain(line, outcome.note);
            (Delivery::Answer(outcome.answer), Wait::No)
        }
        Some(effect) => arrival.meet(effect, world),
    };
    if let (Wait::No, Some(status)) = (&wait, delivery.status()) {
        world.log.answered(line, status);
    }
    Plan {
        delivery,
        wait,
        line,
    }
}

/// Processes a request that nobody waits for any more.
pub fn process_late(world: &mut World, now_ms: u64, request: &Request<'_>) -> Note {
    let route = Route::of(request, &world.canned);
    process(world, now_ms, request, &route).note
}

struct Arrival<'a> {
    now_ms: u64,
    request: &'a Request<'a>,
    route: &'a Route<'a>,
    line: LineId,
}

impl Arrival<'_> {
    fn process(&self, world: &mut World) -> Outcome {
        process(world, self.now_ms, self.request, self.route)
    }

    /// What becomes of a request that is hit by a fault.
    fn meet(&self, effect: Effect, world: &mut World) -> (Delivery, Wait) {
        let kind = self.route.kind();
        let mut note = named(self.request, self.route);
        note.why = effect.name.into();
        world.log.explain(self.line, note);
        let delivery = match effect.reply {
            Reply::Answer { what, how, extra } => {
                let answer = self.told(what, effect.name, world).with(extra);
                match how {
                    Travel::Whole => Delivery::Answer(answer),
                    Travel::HalfBody => Delivery::HalfBody(answer),
                    Travel::Drip(pause) => Delivery::Drip(answer, pause),
                }
            }
            Reply::Endless => Delivery::Endless,
            Reply::Nothing { processed, end } => {
                match processed {
                    Processed::No => {}
                    Processed::AtOnce => drop(self.process_under(effect.name, world)),
                    Processed::Late(ms) => {
                        let due_ms = self.now_ms.saturating_add(ms);
                        world.late.postpone(due_ms, self.line, self.request);
                    }
                }
                match end {
                    End::Close => Delivery::HangUp,
                    End::Reset => Delivery::Reset,
                }
            }
        };
        let wait = match effect.pause {
            Pause::No => Wait::No,
            Pause::For(length) => Wait::For(length),
            Pause::UntilReleased(name) => {
                world.counters.add(Counter::Held);
                Wait::ForRelease(world.held.hold(name, kind))
            }
        };
        (delivery, wait)
    }

    fn told(&self, what: Told, fault: &str, world: &mut World) -> Answer {
        match what {
            Told::Outcome => self.process_under(fault, world),
            Told::Instead { answer, process } => {
                if process {
                    self.process_under(fault, world);
                }
                instead(answer, world, self.route.kind())
            }
        }
    }

    /// Processes the request, and lets the log tell of the fault too.
    fn process_under(&self, fault: &str, world: &mut World) -> Answer {
        let outcome = self.process(world);
        world.log.explain(self.line, outcome.note.after(fault));
        outcome.answer
    }
}

fn instead(answer: Instead, world: &mut World, kind: Kind) -> Answer {
    let World {
        settings, counters, ..
    } = world;
    match answer {
        Instead::Given(answer) => answer,
        Instead::Expired if kind.is_soap() => soap::expired(world, kind),
        Instead::Expired => rest::expired(settings, counters, kind),
        Instead::ApiTokenRejected => gateway::reject(settings, counters, kind),
        Instead::GatewayFault(fault) => gateway::fault_of(settings, fault),
    }
}

fn process(world: &mut World, now_ms: u64, request: &Request<'_>, route: &Route<'_>) -> Outcome {
    match route {
        Route::OauthToken => oauth::token(world, now_ms, request),
        Route::OauthRevoke => oauth::revoke(world, request),
        Route::Login => rest::login(world, now_ms, request),
        Route::Logout => rest::logout(world, now_ms, request),
        Route::PasswordReset => rest::reset_password(world, now_ms, request),
        Route::Resource(resource) => rest::call(world, now_ms, request, resource),
        Route::Canned(canned) => rest::call_canned(world, now_ms, request, canned),
        Route::Soap(operation) => soap::call(world, now_ms, request, *operation),
        Route::Wsdl(service) => Outcome::new(soap::wsdl(*service, request), "WSDL"),
        Route::SoapNoAction => Outcome::new(soap::no_action(&world.settings), "no such SOAPAction"),
        Route::SoapNoService => Outcome::new(soap::no_service(), "no such service"),
        Route::SoapNotPost => Outcome::new(soap::not_post(), "not a POST"),
        Route::NoResource(api) => Outcome::new(
            gateway::no_resource(&world.settings, api),
            "no such resource",
        ),
        Route::NoEndpoint => Outcome::new(gateway::no_endpoint(), "no such endpoint"),
    }
}

/// Who the request's body says it is from, where it is not processed.
fn named(request: &Request<'_>, route: &Route<'_>) -> Note {
    match route {
        Route::Login => rest::named(request),
        Route::Soap(_) => soap::named(request),
        _ => Note::default(),
    }
}

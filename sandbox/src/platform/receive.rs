//! A request comes in: it is counted and logged, and either processed or met by a fault.

use std::time::Duration;

use super::outcome::Outcome;
use super::route::Route;
use super::{gateway, oauth, rest, soap};
use crate::http::Request;
use crate::net::Delivery;
use crate::world::{LineId, Note, What, World};

/// What to deliver, when, and the log line that tells of it.
pub struct Plan {
    pub delivery: Delivery,
    pub wait: Option<Wait>,
    pub line: LineId,
}

pub enum Wait {
    For(Duration),
    /// Until the faults of that generation are dropped.
    UntilDropped(u64),
}

pub fn receive(world: &mut World, request: &Request<'_>) -> Plan {
    let now_ms = world.clock.now_ms();
    let route = Route::of(request);
    let kind = route.kind();
    world.counters.arrived(kind);
    let line = world.log.arrived(now_ms, kind, request);
    let (delivery, wait) = match world.faults.hit(kind) {
        None => {
            let outcome = process(world, now_ms, request, &route);
            world.log.explain(line, outcome.note);
            (Delivery::Answer(outcome.answer), None)
        }
        Some(what) => {
            let arrival = Arrival {
                now_ms,
                request,
                route: &route,
                line,
            };
            met_by(what, world, &arrival)
        }
    };
    if wait.is_none()
        && let Some(status) = delivery.status()
    {
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
    process(world, now_ms, request, &Route::of(request)).note
}

struct Arrival<'a> {
    now_ms: u64,
    request: &'a Request<'a>,
    route: &'a Route<'a>,
    line: LineId,
}

fn met_by(what: What, world: &mut World, arrival: &Arrival<'_>) -> (Delivery, Option<Wait>) {
    let Arrival {
        now_ms,
        request,
        route,
        line,
    } = *arrival;
    let kind = route.kind();
    let name = what.name();
    let mut note = named(request, route);
    note.why = name.into();
    world.log.explain(line, note);
    let processed = |world: &mut World| {
        let outcome = process(world, now_ms, request, route);
        world.log.explain(line, outcome.note.after(name));
        outcome.answer
    };
    let at_once = match what {
        What::Delay(length) => {
            return (Delivery::Answer(processed(world)), Some(Wait::For(length)));
        }
        What::Hold => {
            let wait = Wait::UntilDropped(world.faults.generation());
            return (Delivery::Answer(processed(world)), Some(wait));
        }
        What::HalfBody => Delivery::HalfBody(processed(world)),
        What::Drip(pause) => Delivery::Drip(processed(world), pause),
        What::Endless => Delivery::Endless,
        What::ResetBefore => Delivery::Reset,
        What::ResetAfter => {
            processed(world);
            Delivery::Reset
        }
        What::ProcessLate(ms) => {
            world
                .late
                .postpone(now_ms.saturating_add(ms), line, request);
            Delivery::HangUp
        }
        What::Answer {
            answer, process, ..
        } => {
            if process {
                processed(world);
            }
            Delivery::Answer(answer)
        }
        What::Expired if kind.is_soap() => Delivery::Answer(soap::expired(world, kind)),
        What::Expired => {
            Delivery::Answer(rest::expired(&world.settings, &mut world.counters, kind))
        }
        What::ApiTokenRejected => {
            Delivery::Answer(gateway::reject(&world.settings, &mut world.counters, kind))
        }
    };
    (at_once, None)
}

fn process(world: &mut World, now_ms: u64, request: &Request<'_>, route: &Route<'_>) -> Outcome {
    match route {
        Route::OauthToken => oauth::token(world, now_ms, request),
        Route::OauthRevoke => oauth::revoke(world, request),
        Route::Login => rest::login(world, now_ms, request),
        Route::Logout => rest::logout(world, now_ms, request),
        Route::Resource(resource) => rest::call(world, now_ms, request, resource),
        Route::Soap(operation) => soap::call(world, now_ms, request, *operation),
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

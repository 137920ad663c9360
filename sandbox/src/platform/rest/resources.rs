//! What stands behind a session: accounts and devices, and what canned answers make of the rest.
//! None of it is answered to anyone without both tokens.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::errors::{error, malformed};
use super::tokens;
use crate::http::{Answer, Body, Request};
use crate::platform::devices;
use crate::platform::gateway;
use crate::platform::outcome::Outcome;
use crate::world::{Canned, Counter, HEADER, Kind, World};

pub enum Resource<'a> {
    Account(&'a str),
    DeviceList,
    DeviceUsage,
    /// Not to be had, in the API of that name: said only to those with both tokens.
    Unknown(&'static str),
}

impl<'a> Resource<'a> {
    /// The one of that path below `/m2m/v1/` or `/m2m/v2/`.
    pub fn of(method: &str, path: &'a str) -> Option<Resource<'a>> {
        match (method, path) {
            ("POST", "devices/actions/list") => Some(Resource::DeviceList),
            ("POST", "devices/usage/actions/list") => Some(Resource::DeviceUsage),
            ("GET", _) => path
                .strip_prefix("accounts/")
                .filter(|name| !name.is_empty() && !name.contains('/'))
                .map(Resource::Account),
            _ => None,
        }
    }
}

pub fn call(
    world: &mut World,
    now_ms: u64,
    request: &Request<'_>,
    resource: &Resource<'_>,
) -> Outcome {
    if let Some(refusal) = tokens::refusal(world, now_ms, request, Kind::Api, HEADER) {
        return refusal;
    }
    let body = match resource {
        Resource::Account(name) if *name == devices::ACCOUNT => devices::account(),
        Resource::Account(_) => {
            let code = world.settings.code("REQUEST_FAILED.AccountNotFound");
            return Outcome::new(
                error(400, &code, "The account was not found."),
                "no such account",
            );
        }
        Resource::Unknown(api) => {
            let refusal = gateway::no_resource(&world.settings, api);
            return Outcome::new(refusal, "no such resource");
        }
        _ if !is_object(request.body) => return malformed(&world.settings),
        Resource::DeviceList => device_list(world),
        Resource::DeviceUsage => devices::usage(),
    };
    world.counters.add(Counter::ApiOk);
    Outcome::new(Answer::new(200, "application/json", body), "answered")
}

pub fn call_canned(
    world: &mut World,
    now_ms: u64,
    request: &Request<'_>,
    canned: &Canned,
) -> Outcome {
    let header = canned.session_token_header;
    if let Some(refusal) = tokens::refusal(world, now_ms, request, Kind::Api, header) {
        return refusal;
    }
    world.counters.add(Counter::ApiOk);
    Outcome::new(canned.answer.clone(), "canned answer")
}

/// The list of the size that is set, which is made once.
fn device_list(world: &mut World) -> Body {
    let bytes = world.settings.api_answer_bytes;
    if bytes == 0 {
        return devices::list();
    }
    let list = match world.sized_list.take() {
        Some(list) if list.len() as u64 == bytes => list,
        _ => devices::list_of_bytes(bytes),
    };
    world.sized_list = Some(Arc::clone(&list));
    Body::Shared(list)
}

fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(body).is_ok()
}

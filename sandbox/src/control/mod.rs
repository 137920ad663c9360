//! The control port: looks at what the sandbox remembers and changes it, by HTTP or from a test in
//! the same process.

mod answer;
mod call;
mod canned;
mod fault;
mod fields;
mod settings;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::net::{Client, Delivery, Handler};
use crate::world::{SharedWorld, Waited};

use call::{Await, Call};

pub struct ControlPort(pub Arc<SharedWorld>);

impl Handler for ControlPort {
    fn handle(&self, request: &Request<'_>, _client: &mut dyn Client) -> Delivery {
        let body = match request.body {
            [] => Ok(Value::Null),
            body => serde_json::from_slice(body)
                .map_err(|error| format!("the body is not JSON: {error}")),
        };
        let answer = body.and_then(|body| answer(&self.0, request.method, request.path(), &body));
        let (status, shown) = match answer {
            Ok(value) => (200, value),
            Err(refusal) => (400, json!({"error": refusal})),
        };
        Delivery::Answer(Answer::json(status, shown.to_string().into_bytes()))
    }
}

/// What the call gives, or why it is refused.
pub fn answer(
    shared: &SharedWorld,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, String> {
    let mut world = shared.world();
    let call = Call::read(method, path, body, &world)?;
    if let Call::Await(awaited) = &call {
        drop(world);
        wait_for(shared, awaited)?;
        world = shared.world();
    }
    let answer = call.carry_out(&mut world);
    drop(world);
    shared.control_acted();
    answer
}

fn wait_for(shared: &SharedWorld, awaited: &Await<'_>) -> Result<(), String> {
    let Await {
        counter,
        at_least,
        at_most,
    } = awaited;
    let mut count = 0;
    let waited = shared.wait_for_requests(*at_most, |world| {
        count = world.counters.named(counter).unwrap_or_default();
        count >= *at_least
    });
    match waited {
        Waited::Ready => Ok(()),
        Waited::GivenUp => Err(format!(
            "{counter:?} is {count} after {} ms, not {at_least}",
            at_most.as_millis()
        )),
        Waited::Stopping => Err("the sandbox ends".into()),
    }
}

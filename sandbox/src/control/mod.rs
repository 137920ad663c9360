//! The control port: looks at what the sandbox remembers and changes it, by HTTP or from a test in
//! the same process.

mod call;
mod fault;
mod fields;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::net::{Client, Delivery, Handler};
use crate::world::SharedWorld;

use call::Call;

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
    let call = Call::read(method, path, body, &world.settings)?;
    let answer = call.carry_out(&mut world);
    drop(world);
    shared.ring();
    answer
}

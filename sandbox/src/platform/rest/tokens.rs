//! Both tokens of a request: the API token, which the gateway looks at, and the session token,
//! which counts as used when it is good.

use serde_json::json;

use super::errors::error;
use crate::http::{Answer, Request};
use crate::platform::base::below_base;
use crate::platform::gateway;
use crate::platform::outcome::Outcome;
use crate::world::{Counters, ExpiredShape, Kind, Refused, Settings, World};

/// Why the request is refused, if it is. Its session, whose token is looked for in that header,
/// counts as used if not.
pub fn refusal(
    world: &mut World,
    now_ms: u64,
    request: &Request<'_>,
    kind: Kind,
    header: &str,
) -> Option<Outcome> {
    if let Some(refusal) = gateway::refusal(world, now_ms, request, kind) {
        return Some(refusal);
    }
    let path = below_base(request).unwrap_or_default();
    let token = session_token(request, header);
    let refused = world.accept_session(token, path, now_ms).err()?;
    let answer = match refused {
        Refused::Expired => expired(&world.settings, &mut world.counters, kind),
        Refused::Missing | Refused::NotAGuid => {
            let code = world.settings.code(refused.code());
            error(400, &code, refused.message())
        }
    };
    Some(Outcome::new(answer, refused.why()))
}

/// `""` for none.
pub fn session_token<'a>(request: &Request<'a>, header: &str) -> &'a str {
    request.header(header).unwrap_or_default()
}

/// The refusal of an expired session, in the shape that is set.
pub fn expired(settings: &Settings, counters: &mut Counters, kind: Kind) -> Answer {
    counters.expired(kind);
    match settings.expired_shape {
        ExpiredShape::ErrorCode => error(
            400,
            &settings.code(Refused::Expired.code()),
            Refused::Expired.message(),
        ),
        ExpiredShape::Proxied => {
            let wrapped = json!({
                "error": "unauthorized",
                "error_description": "Failure response received for UWS V1 REST accounts: [400]",
                "cause": "Requested service is unauthorized for given token",
            });
            Answer::json(401, wrapped.to_string().into_bytes())
        }
        ExpiredShape::Bare401 => Answer::empty(401),
    }
}

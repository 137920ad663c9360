//! The control port: what may be asked of it, by HTTP or from a test in the same process. A call is
//! read and checked whole before anything is done; a refused call changes nothing.

use std::io;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::counters::Counters;
use crate::devices;
use crate::faults::Fault;
use crate::fields::{Fields, required};
use crate::http::{Answer, Handler, Next, Request, Wire};
use crate::nearest::unknown;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::transport::Transport;
use crate::world::World;

const CALLS: [&str; 11] = [
    "GET /state",
    "POST /clock",
    "POST /settings",
    "POST /faults",
    "DELETE /faults",
    "POST /expire",
    "POST /contacts",
    "POST /unlock",
    "GET /log",
    "DELETE /log",
    "POST /reset",
];

pub struct ControlPort(pub Arc<Shared>);

impl Handler for ControlPort {
    fn handle<T: Transport>(&self, request: &Request<'_>, wire: &mut Wire<T>) -> io::Result<Next> {
        let body = match request.body {
            [] => Ok(Value::Null),
            body => serde_json::from_slice(body)
                .map_err(|error| format!("the body is not JSON: {error}")),
        };
        let answer = match body
            .and_then(|body| answer(&self.0, request.method, request.path(), &body))
        {
            Ok(value) => Answer::json(200, value.to_string().into_bytes()),
            Err(refusal) => Answer::json(400, json!({"error": refusal}).to_string().into_bytes()),
        };
        wire.answer(request, &answer)
    }
}

/// What the call gives, or why it is refused.
pub fn answer(shared: &Shared, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let mut world = shared.world();
    let call = Call::read(method, path, body, &world.settings)?;
    let answer = call.carry_out(&mut world);
    drop(world);
    shared.ring();
    answer
}

enum Call<'a> {
    State,
    Advance {
        ms: u64,
    },
    Settings(Box<Settings>),
    Fault(Box<Fault>),
    DropFaults,
    Expire {
        sessions: bool,
        api_tokens: bool,
    },
    Contact {
        username: &'a str,
        password: Option<&'a str>,
    },
    Unlock {
        username: &'a str,
    },
    Log,
    ClearLog,
    Reset,
}

impl<'a> Call<'a> {
    fn read(
        method: &str,
        path: &str,
        body: &'a Value,
        settings: &Settings,
    ) -> Result<Call<'a>, String> {
        let name = format!("{method} {path}");
        let mut fields = Fields::of(body)?;
        let call = match name.as_str() {
            "GET /state" => Call::State,
            "POST /clock" => Call::Advance {
                ms: required("advance_ms", fields.whole("advance_ms")?)?,
            },
            "POST /settings" => return Ok(Call::Settings(Box::new(settings.with(fields.all())?))),
            "POST /faults" => Call::Fault(Box::new(Fault::read(&mut fields)?)),
            "DELETE /faults" => Call::DropFaults,
            "POST /expire" => match required("what", fields.text("what")?)? {
                "session" => Call::Expire {
                    sessions: true,
                    api_tokens: false,
                },
                "api_token" => Call::Expire {
                    sessions: false,
                    api_tokens: true,
                },
                "all" => Call::Expire {
                    sessions: true,
                    api_tokens: true,
                },
                what => {
                    return Err(unknown(
                        "kind of token",
                        what,
                        ["session", "api_token", "all"],
                    ));
                }
            },
            "POST /contacts" => Call::Contact {
                username: required("username", fields.text("username")?)?,
                password: match required("password", fields.value("password"))? {
                    Value::Null => None,
                    Value::String(password) => Some(password),
                    _ => return Err("\"password\" must be a string, or null for none".into()),
                },
            },
            "POST /unlock" => Call::Unlock {
                username: required("username", fields.text("username")?)?,
            },
            "GET /log" => Call::Log,
            "DELETE /log" => Call::ClearLog,
            "POST /reset" => Call::Reset,
            _ => return Err(unknown("call", &name, CALLS)),
        };
        fields.nothing_else()?;
        Ok(call)
    }

    fn carry_out(self, world: &mut World) -> Result<Value, String> {
        Ok(match self {
            Call::State => json!({
                "now_ms": world.clock.now_ms(),
                "settings": world.settings.to_json(),
                "counters": world.counters.to_json(),
                "contacts": world.contacts.to_json(),
                "faults": world.faults.to_json(),
            }),
            Call::Advance { ms } => {
                world.clock.advance(ms);
                world.catch_up();
                json!({"now_ms": world.clock.now_ms()})
            }
            Call::Settings(settings) => {
                if settings.api_answer_bytes != world.settings.api_answer_bytes {
                    world.device_list = devices::list_of_bytes(settings.api_answer_bytes);
                }
                world.settings = *settings;
                json!({"settings": world.settings.to_json()})
            }
            Call::Fault(fault) => {
                world.faults.queue(*fault);
                json!({"faults": world.faults.to_json()})
            }
            Call::DropFaults => {
                world.faults.drop_all();
                json!({"faults": []})
            }
            Call::Expire {
                sessions,
                api_tokens,
            } => {
                let now_ms = world.clock.now_ms();
                let Settings {
                    session_idle_ms,
                    api_token_ms,
                    ..
                } = world.settings;
                json!({
                    "sessions": if sessions { world.sessions.forget_all(now_ms, session_idle_ms) } else { 0 },
                    "api_tokens": if api_tokens { world.api_tokens.forget_all(now_ms, api_token_ms) } else { 0 },
                })
            }
            Call::Contact { username, password } => {
                world.contacts.set_password(username, password);
                json!({"contacts": world.contacts.to_json()})
            }
            Call::Unlock { username } => {
                world.contacts.unlock(username)?;
                json!({"contacts": world.contacts.to_json()})
            }
            Call::Log => world.log.to_json(),
            Call::ClearLog => {
                world.log.clear();
                world.counters = Counters::default();
                json!({})
            }
            Call::Reset => {
                world.reset();
                json!({})
            }
        })
    }
}

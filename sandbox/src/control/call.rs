//! The calls of the control port: read and checked whole, then carried out. A refused call changes
//! nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::fields::{Fields, required};
use super::{canned, fault, settings};
use crate::nearest::unknown;
use crate::world::{Canned, Counters, Fault, Settings, World};

const CALLS: [&str; 15] = [
    "GET /state",
    "POST /clock",
    "POST /settings",
    "POST /faults",
    "DELETE /faults",
    "POST /release",
    "POST /await",
    "POST /answers",
    "DELETE /answers",
    "POST /expire",
    "POST /contacts",
    "POST /unlock",
    "GET /log",
    "DELETE /log",
    "POST /reset",
];

pub enum Call<'a> {
    State,
    Advance {
        ms: u64,
    },
    Settings(Box<Settings>),
    Fault(Box<Fault>),
    DropFaults,
    Release {
        name: Option<&'a str>,
    },
    Await(Await<'a>),
    Answer(Box<Canned>),
    DropAnswers,
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

/// What to wait for.
pub struct Await<'a> {
    pub counter: &'a str,
    pub at_least: u64,
    /// In real time.
    pub at_most: Duration,
}

/// How long to wait where the call does not say it.
const PATIENCE_MS: u64 = 30_000;

impl<'a> Call<'a> {
    pub fn read(
        method: &str,
        path: &str,
        body: &'a Value,
        world: &World,
    ) -> Result<Call<'a>, String> {
        let name = format!("{method} {path}");
        let mut fields = Fields::of(body)?;
        let call = match name.as_str() {
            "GET /state" => Call::State,
            "POST /clock" => Call::Advance {
                ms: required("advance_ms", fields.whole("advance_ms")?)?,
            },
            "POST /settings" => {
                let changed = settings::changed(&world.settings, fields.all())?;
                return Ok(Call::Settings(Box::new(changed)));
            }
            "POST /faults" => Call::Fault(Box::new(fault::read(&mut fields)?)),
            "DELETE /faults" => Call::DropFaults,
            "POST /release" => Call::Release {
                name: fields.text("hold")?,
            },
            "POST /await" => {
                let counter = required("counter", fields.text("counter")?)?;
                world.counters.named(counter)?;
                let at_most = fields.whole("at_most_ms")?.unwrap_or(PATIENCE_MS);
                Call::Await(Await {
                    counter,
                    at_least: required("at_least", fields.whole("at_least")?)?,
                    at_most: Duration::from_millis(at_most),
                })
            }
            "POST /answers" => Call::Answer(Box::new(canned::read(&mut fields)?)),
            "DELETE /answers" => Call::DropAnswers,
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

    /// Does it at once; who has to wait has waited.
    pub fn carry_out(self, world: &mut World) -> Result<Value, String> {
        Ok(match self {
            Call::State => json!({
                "now_ms": world.clock.now_ms(),
                "settings": settings::to_json(&world.settings),
                "counters": world.counters.to_json(),
                "contacts": world.contacts.to_json(),
                "faults": world.faults.to_json(),
                "held": world.held.to_json(),
                "answers": world.canned.to_json(),
            }),
            Call::Advance { ms } => {
                world.clock.advance(ms);
                json!({"now_ms": world.clock.now_ms()})
            }
            Call::Settings(settings) => {
                world.settings = *settings;
                json!({"settings": settings::to_json(&world.settings)})
            }
            Call::Fault(fault) => {
                world.faults.queue(*fault);
                json!({"faults": world.faults.to_json()})
            }
            Call::DropFaults => {
                world.faults.drop_all();
                world.held.release(None);
                json!({"faults": []})
            }
            Call::Release { name } => json!({"released": world.held.release(name)}),
            Call::Await(Await { counter, .. }) => {
                json!({counter: world.counters.named(counter)?})
            }
            Call::Answer(canned) => {
                world.canned.add(*canned);
                json!({"answers": world.canned.to_json()})
            }
            Call::DropAnswers => {
                world.canned.drop_all();
                json!({"answers": []})
            }
            Call::Expire {
                sessions,
                api_tokens,
            } => {
                json!({
                    "sessions": if sessions { world.forget_sessions() } else { 0 },
                    "api_tokens": if api_tokens { world.forget_api_tokens() } else { 0 },
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

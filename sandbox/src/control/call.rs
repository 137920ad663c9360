//! The calls of the control port: read and checked whole, then carried out. A refused call changes
//! nothing.

use serde_json::{Value, json};

use super::fault;
use super::fields::{Fields, required};
use crate::nearest::unknown;
use crate::world::{Counters, Fault, Settings, World};

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

pub enum Call<'a> {
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
    pub fn read(
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
            "POST /faults" => Call::Fault(Box::new(fault::read(&mut fields)?)),
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

    pub fn carry_out(self, world: &mut World) -> Result<Value, String> {
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
                json!({"now_ms": world.clock.now_ms()})
            }
            Call::Settings(settings) => {
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

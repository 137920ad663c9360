//! The counters that `GET /state` shows, by their documented names. They only grow; clearing the
//! log starts them anew.

use serde_json::{Map, Value};

use super::kind::Kind;
use crate::nearest::unknown;

#[derive(Clone, Copy)]
pub enum Counter {
    Connections,
    Requests,
    Oauth,
    OauthOk,
    Revoke,
    Login,
    LoginOk,
    LoginFailed,
    Logout,
    PasswordReset,
    PasswordResetOk,
    Api,
    ApiOk,
    ApiExpired,
    ApiUnauthorized,
    SoapLogin,
    SoapLoginOk,
    SoapLoginFailed,
    SoapLogout,
    SoapCall,
    SoapCallOk,
    SoapCallExpired,
    Held,
    MaxStrikes,
}

/// In the order of the enum.
const NAMES: [&str; 24] = [
    "connections",
    "requests",
    "oauth",
    "oauth_ok",
    "revoke",
    "login",
    "login_ok",
    "login_failed",
    "logout",
    "password_reset",
    "password_reset_ok",
    "api",
    "api_ok",
    "api_expired",
    "api_unauthorized",
    "soap_login",
    "soap_login_ok",
    "soap_login_failed",
    "soap_logout",
    "soap_call",
    "soap_call_ok",
    "soap_call_expired",
    "held",
    "max_strikes",
];

#[derive(Default)]
pub struct Counters([u64; NAMES.len()]);

impl Counters {
    pub fn add(&mut self, counter: Counter) {
        self.0[counter as usize] += 1;
    }

    pub fn raise(&mut self, counter: Counter, at_least: u64) {
        let count = &mut self.0[counter as usize];
        *count = at_least.max(*count);
    }

    /// A request of that kind was received.
    pub fn arrived(&mut self, kind: Kind) {
        self.add(Counter::Requests);
        match kind {
            Kind::Oauth => self.add(Counter::Oauth),
            Kind::Revoke => self.add(Counter::Revoke),
            Kind::Login => self.add(Counter::Login),
            Kind::Logout => self.add(Counter::Logout),
            Kind::PasswordReset => self.add(Counter::PasswordReset),
            Kind::Api => self.add(Counter::Api),
            Kind::SoapLogin => self.add(Counter::SoapLogin),
            Kind::SoapLogout => self.add(Counter::SoapLogout),
            Kind::SoapCall => self.add(Counter::SoapCall),
            Kind::Other => {}
        }
    }

    /// A call was refused because its session is over.
    pub fn expired(&mut self, kind: Kind) {
        match kind {
            Kind::Api => self.add(Counter::ApiExpired),
            Kind::SoapCall => self.add(Counter::SoapCallExpired),
            _ => {}
        }
    }

    /// A call was refused for its API token.
    pub fn unauthorized(&mut self, kind: Kind) {
        if kind == Kind::Api {
            self.add(Counter::ApiUnauthorized);
        }
    }

    pub fn named(&self, name: &str) -> Result<u64, String> {
        let index = NAMES.iter().position(|known| *known == name);
        index
            .map(|index| self.0[index])
            .ok_or_else(|| unknown("counter", name, NAMES))
    }

    pub fn to_json(&self) -> Value {
        let counts = NAMES.iter().zip(self.0);
        Value::Object(
            counts
                .map(|(name, count)| (name.to_string(), count.into()))
                .collect::<Map<_, _>>(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_enum() {
        for (counter, name) in [
            (Counter::Connections, "connections"),
            (Counter::LoginFailed, "login_failed"),
            (Counter::MaxStrikes, "max_strikes"),
        ] {
            assert_eq!(NAMES[counter as usize], name);
        }
    }
}

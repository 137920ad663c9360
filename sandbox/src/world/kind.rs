//! The kinds of requests that counters, faults and the log tell apart. A request has its kind
//! before anybody has judged it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Oauth,
    Revoke,
    Login,
    Logout,
    PasswordReset,
    Api,
    SoapLogin,
    SoapLogout,
    SoapCall,
    Other,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Oauth => "oauth",
            Kind::Revoke => "revoke",
            Kind::Login => "login",
            Kind::Logout => "logout",
            Kind::PasswordReset => "password_reset",
            Kind::Api => "api",
            Kind::SoapLogin => "soap_login",
            Kind::SoapLogout => "soap_logout",
            Kind::SoapCall => "soap_call",
            Kind::Other => "other",
        }
    }

    pub fn is_soap(self) -> bool {
        matches!(self, Kind::SoapLogin | Kind::SoapLogout | Kind::SoapCall)
    }
}

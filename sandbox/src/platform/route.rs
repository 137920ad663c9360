//! Which service a request is for: by its path, its method and, for SOAP, its action. Tokens and
//! bodies are not looked at.

use std::sync::Arc;

use super::base::below_base;
use super::rest::Resource;
use super::soap::{self, Operation, Service};
use crate::http::Request;
use crate::world::{Canned, CannedAnswers, Kind};

pub enum Route<'a> {
    OauthToken,
    OauthRevoke,
    Login,
    Logout,
    PasswordReset,
    Resource(Resource<'a>),
    Canned(Arc<Canned>),
    Soap(Operation),
    Wsdl(Service),
    /// A SOAP service that exists, with an action that doesn't.
    SoapNoAction,
    SoapNoService,
    SoapNotPost,
    /// A gateway's API (`/m2m/v1`) without that resource.
    NoResource(&'static str),
    NoEndpoint,
}

impl<'a> Route<'a> {
    /// A canned answer goes before the resources behind a session and before what is not known,
    /// never before the tokens and the sessions themselves.
    pub fn of(request: &Request<'a>, canned: &CannedAnswers) -> Route<'a> {
        let Some(path) = below_base(request) else {
            return Route::NoEndpoint;
        };
        let route = Route::known(request, path);
        if matches!(route.kind(), Kind::Api | Kind::Other)
            && let Some(canned) = canned.find(request.method, path)
        {
            return Route::Canned(canned);
        }
        route
    }

    fn known(request: &Request<'a>, path: &'a str) -> Route<'a> {
        if let Some(resource) = path.strip_prefix("/m2m/v1/") {
            m2m_v1(request.method, resource)
        } else if let Some(resource) = path.strip_prefix("/m2m/v2/") {
            let known = Resource::of(request.method, resource);
            Route::Resource(known.unwrap_or(Resource::Unknown("/m2m/v2")))
        } else if let Some(resource) = path.strip_prefix("/ts/v1/") {
            match (request.method, resource) {
                ("POST", "oauth2/token") => Route::OauthToken,
                ("POST", "oauth2/revoke") => Route::OauthRevoke,
                _ => Route::NoResource("/ts/v1"),
            }
        } else if let Some(file) = path.strip_prefix("/v2/") {
            soap_service(request, file)
        } else {
            Route::NoEndpoint
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Route::OauthToken => Kind::Oauth,
            Route::OauthRevoke => Kind::Revoke,
            Route::Login => Kind::Login,
            Route::Logout => Kind::Logout,
            Route::PasswordReset => Kind::PasswordReset,
            Route::Resource(_) | Route::Canned(_) => Kind::Api,
            Route::Soap(Operation::LogIn) => Kind::SoapLogin,
            Route::Soap(Operation::LogOut) => Kind::SoapLogout,
            Route::Soap(_) => Kind::SoapCall,
            _ => Kind::Other,
        }
    }
}

fn m2m_v1<'a>(method: &str, path: &'a str) -> Route<'a> {
    match (method, path) {
        ("POST", "session/login") => Route::Login,
        ("POST", "session/logout") => Route::Logout,
        ("PUT", "session/password/actions/reset") => Route::PasswordReset,
        _ => match Resource::of(method, path) {
            Some(resource) => Route::Resource(resource),
            None => Route::NoResource("/m2m/v1"),
        },
    }
}

fn soap_service<'a>(request: &Request<'_>, file: &str) -> Route<'a> {
    let Some(service) = file.strip_suffix(".svc").and_then(Service::named) else {
        return Route::SoapNoService;
    };
    if request.method == "GET" && soap::asks_for_wsdl(request) {
        return Route::Wsdl(service);
    }
    if request.method != "POST" {
        return Route::SoapNotPost;
    }
    let action = request
        .header("soapaction")
        .map(|action| action.trim_matches('"'));
    action
        .and_then(|action| Operation::of_action(service, action))
        .map_or(Route::SoapNoAction, Route::Soap)
}

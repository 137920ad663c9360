//! Which service a request is for.

use super::rest::Resource;
use super::soap::Operation;
use crate::http::Request;
use crate::world::Kind;

pub enum Route<'a> {
    OauthToken,
    OauthRevoke,
    Login,
    Logout,
    Resource(Resource<'a>),
    Soap(Operation),
    /// A SOAP service that exists, with an action that doesn't.
    SoapNoAction,
    SoapNoService,
    SoapNotPost,
    /// A gateway's API (`/m2m/v1`) without that resource.
    NoResource(&'static str),
    NoEndpoint,
}

impl<'a> Route<'a> {
    pub fn of(request: &Request<'a>) -> Route<'a> {
        let path = request.path();
        let Some(rest) = path.strip_prefix("/api/") else {
            return Route::NoEndpoint;
        };
        if let Some(resource) = rest.strip_prefix("m2m/v1/") {
            m2m(request.method, resource)
        } else if let Some(resource) = rest.strip_prefix("ts/v1/") {
            match (request.method, resource) {
                ("POST", "oauth2/token") => Route::OauthToken,
                ("POST", "oauth2/revoke") => Route::OauthRevoke,
                _ => Route::NoResource("/ts/v1"),
            }
        } else if let Some(service) = rest.strip_prefix("v2/") {
            soap(request, service)
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
            Route::Resource(_) => Kind::Api,
            Route::Soap(Operation::LogIn) => Kind::SoapLogin,
            Route::Soap(Operation::LogOut) => Kind::SoapLogout,
            Route::Soap(_) => Kind::SoapCall,
            _ => Kind::Other,
        }
    }
}

fn m2m<'a>(method: &str, path: &'a str) -> Route<'a> {
    match (method, path) {
        ("POST", "session/login") => Route::Login,
        ("POST", "session/logout") => Route::Logout,
        _ => match Resource::of(method, path) {
            Some(resource) => Route::Resource(resource),
            None => Route::NoResource("/m2m/v1"),
        },
    }
}

fn soap<'a>(request: &Request<'_>, file: &str) -> Route<'a> {
    let Some(service) = file
        .strip_suffix(".svc")
        .filter(|service| Operation::is_service(service))
    else {
        return Route::SoapNoService;
    };
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

//! What the API gateway says by itself, before any service is reached: JSON faults with a 9009xx
//! code, and `am:fault` XML.

use serde_json::json;

use super::outcome::Outcome;
use crate::http::{Answer, Body, Request};
use crate::world::{CodeType, Counters, Kind, Settings, World};

/// Lets requests with a good API token pass: no refusal.
pub fn refusal(
    world: &mut World,
    now_ms: u64,
    request: &Request<'_>,
    kind: Kind,
) -> Option<Outcome> {
    let World {
        settings,
        counters,
        api_tokens,
        ..
    } = world;
    let refusal = match request.header("authorization") {
        None => Outcome::new(credentials_missing(settings), "no API token"),
        Some(_) => match request.authorization("bearer") {
            Some(token) if api_tokens.accepts(token, now_ms, settings.api_token_ms) => {
                return None;
            }
            Some(_) => Outcome::new(
                credentials_invalid(settings),
                "API token unknown or expired",
            ),
            None => Outcome::new(wrong_authentication(), "wrong kind of authentication"),
        },
    };
    counters.unauthorized(kind);
    Some(refusal)
}

/// What a request with a bad API token gets, without looking at it.
pub fn reject(settings: &Settings, counters: &mut Counters, kind: Kind) -> Answer {
    counters.unauthorized(kind);
    credentials_invalid(settings)
}

fn credentials_invalid(settings: &Settings) -> Answer {
    let description = "Access failure for API: /m2m/v1, version: v1. \
                       Make sure you have given the correct access token";
    fault(settings, 401, 900901, "Invalid Credentials", description)
}

fn credentials_missing(settings: &Settings) -> Answer {
    let description = "Required OAuth credentials not provided. \
                       Make sure the request has an Authorization: Bearer header";
    fault(settings, 401, 900902, "Missing Credentials", description)
}

pub fn no_resource(settings: &Settings, api: &str) -> Answer {
    let description = format!(
        "Access failure for API: {api}, version: v1. No such resource, or not with this method"
    );
    fault(
        settings,
        400,
        900906,
        "No matching resource found in the API for the given request",
        &description,
    )
}

fn fault(settings: &Settings, status: u16, code: u32, message: &str, description: &str) -> Answer {
    let code = match settings.gateway_code_type {
        CodeType::Text => json!(code.to_string()),
        CodeType::Number => json!(code),
    };
    let fault = json!({"fault": {"code": code, "message": message, "description": description}});
    Answer::json(status, fault.to_string().into_bytes())
}

fn wrong_authentication() -> Answer {
    xml_fault(
        403,
        "Forbidden",
        "The requested resource wants another kind of authentication.",
    )
}

pub fn no_endpoint() -> Answer {
    xml_fault(404, "Not Found", "The requested resource is not available.")
}

fn xml_fault(status: u16, message: &str, description: &str) -> Answer {
    let xml = format!(
        "<am:fault xmlns:am=\"http://wso2.org/apimanager\"><am:code>404</am:code><am:type>Status report</am:type>\
         <am:message>{message}</am:message><am:description>{description}</am:description></am:fault>"
    );
    Answer::new(
        status,
        "application/xml; charset=UTF-8",
        Body::Bytes(xml.into_bytes()),
    )
}

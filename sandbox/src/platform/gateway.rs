//! What the API gateway says by itself, before any service is reached: JSON faults with a 9009xx
//! code, and `am:fault` XML.

use serde_json::json;

use super::outcome::Outcome;
use crate::http::{Answer, Body, Request};
use crate::world::{CodeType, Counters, GatewayFault, Kind, Settings, World};

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

/// What the gateway says when it throttles, or when something is wrong behind it.
pub fn fault_of(settings: &Settings, fault_asked: GatewayFault) -> Answer {
    let GatewayFault { code, status, xml } = fault_asked;
    let (message, description) = match code {
        900_800..=900_899 => ("Message throttled out", "You have exceeded your quota"),
        900_900..=900_999 => (
            "Invalid Credentials",
            "Access failure for API: /m2m/v1, version: v1",
        ),
        101_503 => ("Runtime Error", "Connection failed"),
        101_504 => ("Runtime Error", "Send timeout"),
        101_505 => ("Runtime Error", "Connection closed"),
        101_508 => ("Runtime Error", "Connection timeout"),
        _ => ("Runtime Error", "Error in the mediation"),
    };
    if xml {
        xml_fault(status, code, message, description)
    } else {
        fault(settings, status, code, message, description)
    }
}

fn fault(settings: &Settings, status: u16, code: u64, message: &str, description: &str) -> Answer {
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
        404,
        "Forbidden",
        "The requested resource wants another kind of authentication.",
    )
}

pub fn no_endpoint() -> Answer {
    let description = "The requested resource is not available.";
    xml_fault(404, 404, "Not Found", description)
}

fn xml_fault(status: u16, code: u64, message: &str, description: &str) -> Answer {
    let xml = format!(
        "<am:fault xmlns:am=\"http://wso2.org/apimanager\"><am:code>{code}</am:code>\
         <am:type>Status report</am:type><am:message>{message}</am:message>\
         <am:description>{description}</am:description></am:fault>"
    );
    let body = Body::Bytes(xml.into_bytes());
    Answer::new(status, "application/xml; charset=UTF-8", body)
}

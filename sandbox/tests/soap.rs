//! The SOAP services: the documented example, the shapes of answers and faults, and what the reader
//! insists on.

mod common;

use common::*;
use roxmltree::Document;
use serde_json::json;
use thingspace_sandbox::Sandbox;

const DOCUMENTED: &str = include_str!("documents/soap-login-request.xml");
const V2: &str = "http://nphase.com/unifiedwebservice/v2";
const SESSION: &str = "http://schemas.datacontract.org/2004/07/\
    NPhase.UnifiedWebService.APIs.v2.Contract.SessionService";
const DEVICE: &str = "http://schemas.datacontract.org/2004/07/\
    NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService";
const STALE: &str = "ef308d7a-790f-4feb-b807-c9e4f890780a";

/// A sandbox that knows the user of the documented example.
fn start_documented() -> Sandbox {
    let sandbox = start();
    sandbox.control(
        "POST",
        "/contacts",
        json!({"username": "username", "password": "password"}),
    );
    sandbox
}

fn log_in(sandbox: &Sandbox, envelope: &str) -> Reply {
    soap(sandbox, "SessionService", "LogIn", envelope)
}

/// The text of the first element of that namespace and name.
fn text_of(reply: &Reply, namespace: &str, name: &str) -> Option<String> {
    let document = Document::parse(reply.text()).expect("XML");
    let node = document
        .descendants()
        .find(|node| node.has_tag_name((namespace, name)))?;
    Some(node.text().unwrap_or_default().to_string())
}

/// The fault's code, and the namespace its prefix stands for.
fn fault_of(reply: &Reply) -> (u16, String, Option<String>) {
    let document = Document::parse(reply.text()).expect("XML");
    let code = document
        .descendants()
        .find(|node| node.has_tag_name("faultcode"))
        .expect("a fault");
    assert!(
        document
            .descendants()
            .any(|node| node.has_tag_name("faultstring") && node.text().is_some())
    );
    let text = code.text().unwrap_or_default();
    let namespace = text
        .split_once(':')
        .and_then(|(prefix, _)| code.lookup_namespace_uri(Some(prefix)));
    (reply.status, text.to_string(), namespace.map(Into::into))
}

fn with_token(header: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:v2=\"{V2}\">\
         <s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn device_list(sandbox: &Sandbox, token: &str) -> Reply {
    let envelope = with_token(
        &format!("<v2:token>{token}</v2:token>"),
        "<v2:GetDeviceList><v2:Input/></v2:GetDeviceList>",
    );
    soap(sandbox, "DeviceService", "GetDeviceList", &envelope)
}

#[test]
fn the_documented_request_gets_the_documented_response() {
    let sandbox = start_documented();
    let reply = log_in(&sandbox, DOCUMENTED);
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/xml; charset=utf-8"))
    );
    let token = text_of(&reply, SESSION, "SessionToken").expect("a token");
    // The page breaks the line of one namespace with a blank that no server sends.
    let documented = include_str!("documents/soap-login-response.xml")
        .replace("XMLSchema- instance", "XMLSchema-instance");
    assert_eq!(reply.text(), documented.replace(STALE, &token));
    assert_eq!(
        (
            sandbox.counter("soap_login"),
            sandbox.counter("soap_login_ok"),
            sandbox.counter("login")
        ),
        (1, 1, 0)
    );
    assert_eq!(list(&sandbox, &token).status, 200);
}

#[test]
fn prefixes_vary_on_both_sides() {
    let sandbox = start_documented();
    set(&sandbox, json!({"soap_prefixes": "odd"}));
    let request = DOCUMENTED
        .replace("soapenv", "x")
        .replace("v2:", "nph2:")
        .replace(":v2", ":nph2")
        .replace("nph:", "q:")
        .replace(":nph=", ":q=");
    let reply = log_in(&sandbox, &request);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!reply.text().contains("soapenv") && !reply.text().contains("<a:"));
    let token = text_of(&reply, V2, "token").expect("a token");
    assert_eq!(text_of(&reply, SESSION, "SessionToken"), Some(token));
}

#[test]
fn the_token_can_be_in_either_place_or_differ() {
    let sandbox = start_documented();
    let places = |setting: &str| {
        set(&sandbox, json!({"soap_token_in": setting}));
        let reply = log_in(&sandbox, DOCUMENTED);
        (
            text_of(&reply, V2, "token"),
            text_of(&reply, SESSION, "SessionToken"),
        )
    };
    assert!(matches!(places("header"), (Some(_), None)));
    assert!(matches!(places("body"), (None, Some(_))));
    let (Some(header), Some(body)) = places("different") else {
        panic!("one is missing")
    };
    assert_ne!(header, body);
    assert_eq!(device_list(&sandbox, &header).status, 200);
    assert_eq!(device_list(&sandbox, &body).status, 500);
}

#[test]
fn failures_are_faults_and_count_with_those_of_rest() {
    let sandbox = start_documented();
    let wrong = DOCUMENTED.replace(">password<", ">wrong<");
    let namespace = Some("http://schemas.xmlsoap.org/soap/envelope/".to_string());
    let bad = "s:UnifiedWebService.REQUEST_FAILED.InvalidUserNameOrPassword".to_string();
    for _ in 0..4 {
        assert_eq!(
            fault_of(&log_in(&sandbox, &wrong)),
            (500, bad.clone(), namespace.clone())
        );
    }
    login_as(&sandbox, "username", "wrong");
    let locked = "s:UnifiedWebService.REQUEST_FAILED.UserLocked".to_string();
    assert_eq!(
        fault_of(&log_in(&sandbox, DOCUMENTED)),
        (500, locked, namespace)
    );
    assert_eq!(
        (
            sandbox.counter("soap_login_failed"),
            sandbox.counter("max_strikes")
        ),
        (5, 5)
    );
}

#[test]
fn status_and_prefix_of_faults_are_settings() {
    let sandbox = start();
    set(
        &sandbox,
        json!({"soap_fault_status": 200, "soap_fault_prefix": ""}),
    );
    assert_eq!(
        fault_of(&device_list(&sandbox, STALE)),
        (200, EXPIRED.to_string(), None)
    );
}

#[test]
fn calls_want_a_live_token_in_the_header() {
    let sandbox = start_documented();
    let token = text_of(&log_in(&sandbox, DOCUMENTED), V2, "token").expect("a token");
    let reply = device_list(&sandbox, &token);
    assert_eq!(reply.status, 200);
    assert_eq!(
        Document::parse(reply.text())
            .expect("XML")
            .descendants()
            .filter(|node| node.has_tag_name((DEVICE, "DeviceInformation")))
            .count(),
        2
    );
    let information = with_token(
        &format!("<v2:token>{token}</v2:token>"),
        "<v2:GetDeviceInformation><v2:Input/></v2:GetDeviceInformation>",
    );
    assert_eq!(
        soap(
            &sandbox,
            "DeviceService",
            "GetDeviceInformation",
            &information
        )
        .status,
        200
    );

    let refused = |token: &str| fault_of(&device_list(&sandbox, token)).1;
    advance(&sandbox, 20 * MINUTE);
    assert_eq!(refused(&token), format!("s:{EXPIRED}"));
    assert_eq!(
        refused("no-guid"),
        "s:UnifiedWebService.INPUT_INVALID.SessionToken.Invalid"
    );
    assert_eq!(
        refused(""),
        "s:UnifiedWebService.REQUEST_FAILED.SessionToken.Format"
    );
    let counted = (
        sandbox.counter("soap_call"),
        sandbox.counter("soap_call_ok"),
        sandbox.counter("soap_call_expired"),
    );
    assert_eq!(counted, (5, 2, 1));
}

#[test]
fn logout_wants_the_token_twice_and_ends_the_session() {
    let sandbox = start_documented();
    let token = text_of(&log_in(&sandbox, DOCUMENTED), V2, "token").expect("a token");
    let log_out = |header: &str, body: &str| {
        let body = format!(
            "<v2:LogOut><v2:Input><nph:SessionToken xmlns:nph=\"{SESSION}\">{body}\
             </nph:SessionToken></v2:Input></v2:LogOut>"
        );
        soap(
            &sandbox,
            "SessionService",
            "LogOut",
            &with_token(&format!("<v2:token>{header}</v2:token>"), &body),
        )
    };
    assert_eq!(log_out(&token, STALE).status, 500);
    assert_eq!(log_out("", &token).status, 500);
    let reply = log_out(&token, &token);
    assert_eq!(
        (reply.status, text_of(&reply, SESSION, "SessionToken")),
        (200, Some(token.clone()))
    );
    assert!(
        text_of(&reply, V2, "LogOutResponse").is_some() && text_of(&reply, V2, "Output").is_some()
    );
    assert_eq!(fault_of(&log_out(&token, &token)).1, format!("s:{EXPIRED}"));
    assert_eq!(sandbox.counter("soap_logout"), 4);
}

#[test]
fn the_reader_minds_order_and_namespaces() {
    let sandbox = start_documented();
    let username = "<nph:Username>username</nph:Username>";
    let password = "<nph:Password>password</nph:Password>";
    let swapped = DOCUMENTED
        .replace(username, "?")
        .replace(password, username)
        .replace('?', password);
    let wrong = [
        swapped,
        DOCUMENTED.replace(SESSION, DEVICE),
        DOCUMENTED.replace(
            &format!("\"{V2}\""),
            "\"http://nphase.com/unifiedwebservice/v1\"",
        ),
        DOCUMENTED.replace("soap/envelope/", "soap/other/"),
        DOCUMENTED.replace("LogIn", "LogOut"),
        DOCUMENTED.replace("</soapenv:Envelope>", ""),
        String::new(),
    ];
    for envelope in wrong {
        assert_ne!(envelope, DOCUMENTED);
        let (status, code, _) = fault_of(&log_in(&sandbox, &envelope));
        assert_eq!(
            (status, code.as_str()),
            (500, "s:UnifiedWebService.DeserializationFailed"),
            "{envelope}"
        );
    }
    assert_eq!(
        (
            sandbox.counter("soap_login_failed"),
            contact(&sandbox, "username")["strikes"].as_u64()
        ),
        (0, Some(0))
    );
}

#[test]
fn content_type_action_service_and_method_must_be_right() {
    let sandbox = start_documented();
    let action = "http://nphase.com/unifiedwebservice/v2/ISessionService/LogIn";
    let post = |path: &str, content_type: &str, action: &str| {
        call(
            &sandbox,
            "POST",
            path,
            &[("Content-Type", content_type), ("SOAPAction", action)],
            DOCUMENTED.as_bytes(),
        )
    };
    let service = "/v2/SessionService.svc";
    let xml = "text/xml; charset=utf-8";
    assert_eq!(post(service, xml, &format!("\"{action}\"")).status, 200);
    assert_eq!(post(service, "application/soap+xml", action).status, 415);
    assert_eq!(
        post(service, "text/xml; charset=utf-16", action).status,
        415
    );
    for wrong in [
        "",
        "LogIn",
        "http://nphase.com/unifiedwebservice/v2/IDeviceService/LogIn",
    ] {
        assert_eq!(
            fault_of(&post(service, xml, wrong)).1,
            "s:ActionNotSupported"
        );
    }
    assert_eq!(post("/v2/NoService.svc", xml, action).status, 404);
    assert_eq!(call(&sandbox, "GET", service, &[], b"").status, 405);
}

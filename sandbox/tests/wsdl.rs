//! The WSDL of each service: whole, and of the same names as what is served.

mod common;

use common::*;
use roxmltree::{Document, Node};
use serde_json::json;
use thingspace_sandbox::Sandbox;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

fn wsdl(sandbox: &Sandbox, service: &str) -> String {
    let reply = call(sandbox, "GET", &format!("/v2/{service}.svc?wsdl"), &[], b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/xml; charset=utf-8"))
    );
    reply.text().to_string()
}

/// What a qualified name in an attribute stands for.
fn resolve(node: Node<'_, '_>, qualified: &str) -> (String, String) {
    let (prefix, name) = qualified.split_once(':').expect("a prefix");
    let namespace = node
        .lookup_namespace_uri(Some(prefix))
        .expect("a namespace");
    (namespace.to_string(), name.to_string())
}

#[test]
fn every_name_used_is_defined() {
    let sandbox = start();
    for service in ["SessionService", "DeviceService"] {
        let text = wsdl(&sandbox, service);
        let document = Document::parse(&text).expect("XML");
        let mut defined = Vec::new();
        for node in document.descendants() {
            let target = node
                .ancestors()
                .find_map(|ancestor| ancestor.attribute("targetNamespace"));
            if let (Some(name), Some(target)) = (node.attribute("name"), target) {
                defined.push((target.to_string(), name.to_string()));
            }
        }
        let mut used = 0;
        for node in document.descendants() {
            for attribute in ["element", "type", "message", "binding"] {
                let Some(qualified) = node.attribute(attribute) else {
                    continue;
                };
                let name = resolve(node, qualified);
                assert!(name.0 == SCHEMA || defined.contains(&name), "{name:?}");
                used += 1;
            }
        }
        assert!(used > 10);
    }
}

#[test]
fn every_action_is_served_at_the_address_given() {
    let sandbox = start();
    for service in ["SessionService", "DeviceService"] {
        let text = wsdl(&sandbox, service);
        let document = Document::parse(&text).expect("XML");
        let address = document
            .descendants()
            .find(|node| node.has_tag_name((SOAP, "address")))
            .and_then(|node| node.attribute("location"))
            .expect("an address");
        // The address is that of the request's Host header, which the client of these tests sets.
        assert_eq!(address, format!("http://localhost/api/v2/{service}.svc"));
        let actions: Vec<&str> = document
            .descendants()
            .filter_map(|node| node.attribute("soapAction"))
            .collect();
        let operations = document
            .descendants()
            .filter(|node| node.has_tag_name((WSDL, "operation")))
            .count();
        assert_eq!(operations, 2 * actions.len());
        for action in actions {
            let operation = action.rsplit('/').next().expect("a name");
            soap(&sandbox, service, operation, "");
            assert_eq!(last_line(&sandbox)["soap_action"], json!(action));
            assert_ne!(last_line(&sandbox)["kind"], "other");
        }
    }
}

#[test]
fn other_queries_are_no_wsdl() {
    let sandbox = start();
    let get = |path: &str| call(&sandbox, "GET", path, &[], b"").status;
    assert_eq!(get("/v2/SessionService.svc?singleWsdl"), 200);
    assert_eq!(get("/v2/SessionService.svc?WSDL"), 200);
    assert_eq!(get("/v2/SessionService.svc?help"), 405);
    assert_eq!(get("/v2/NoService.svc?wsdl"), 404);
}

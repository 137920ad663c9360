//! What a generator of proxies asks for: the WSDL of a service, with the address by which it was
//! reached.

use super::operation::Service;
use crate::http::{Answer, Request};

const SESSION_SERVICE: &str = include_str!("wsdl/SessionService.wsdl");
const DEVICE_SERVICE: &str = include_str!("wsdl/DeviceService.wsdl");

pub fn asks_for_wsdl(request: &Request<'_>) -> bool {
    let query = request.query().to_ascii_lowercase();
    request.method == "GET" && matches!(query.as_str(), "wsdl" | "singlewsdl")
}

pub fn wsdl(service: Service, request: &Request<'_>) -> Answer {
    let document = match service {
        Service::Session => SESSION_SERVICE,
        Service::Device => DEVICE_SERVICE,
    };
    let scheme = if request.secure { "https" } else { "http" };
    let host = request.header("host").unwrap_or("localhost");
    let address = format!("{scheme}://{host}{}", request.path());
    Answer::xml(
        200,
        document.replace("ADDRESS", &address.replace('&', "&amp;")),
    )
}

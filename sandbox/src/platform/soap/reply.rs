//! Writes envelopes: with the prefixes and the layout of the documented example, or with other
//! prefixes and the same names.

use std::fmt::Write;

use super::envelope::{DEVICE_CONTRACT, ENVELOPE, SERVICE, SESSION_CONTRACT};
use super::operation::Operation;
use crate::http::Answer;
use crate::platform::devices::{ACCOUNT, DEVICES, Device};
use crate::world::{Prefixes, Settings};

pub struct Reply<'a> {
    settings: &'a Settings,
    /// The envelope's prefix.
    env: &'static str,
    /// The service's prefix with its colon; empty where the service is the default namespace.
    svc: &'static str,
    /// How the service's namespace is declared.
    declare_svc: &'static str,
    /// The data contract's prefix.
    data: &'static str,
}

impl<'a> Reply<'a> {
    pub fn new(settings: &'a Settings) -> Reply<'a> {
        match settings.soap_prefixes {
            Prefixes::Documented => Reply {
                settings,
                env: "soapenv",
                svc: "",
                declare_svc: "xmlns",
                data: "a",
            },
            Prefixes::Odd => Reply {
                settings,
                env: "E",
                svc: "q1:",
                declare_svc: "xmlns:q1",
                data: "v2",
            },
        }
    }

    pub fn log_in(&self, header: Option<&str>, body: Option<&str>) -> Answer {
        let Reply {
            svc, declare_svc, ..
        } = self;
        let header = header
            .map(|token| format!("<{svc}token {declare_svc}=\"{SERVICE}\">{token}</{svc}token>"));
        Answer::xml(
            200,
            self.envelope(
                header.as_deref(),
                &self.session_output(Operation::LogIn, body),
            ),
        )
    }

    pub fn log_out(&self, token: &str) -> Answer {
        Answer::xml(
            200,
            self.envelope(None, &self.session_output(Operation::LogOut, Some(token))),
        )
    }

    pub fn devices(&self, operation: Operation) -> Answer {
        let data = self.data;
        let mut content = String::new();
        let shown = if operation == Operation::GetDeviceInformation {
            &DEVICES[..1]
        } else {
            &DEVICES[..]
        };
        for Device {
            imei,
            iccid,
            ip_address,
            connected,
        } in shown
        {
            let _ = writeln!(
                content,
                "        <{data}:DeviceInformation>\
                 <{data}:AccountName>{ACCOUNT}</{data}:AccountName>\
                 <{data}:Connected>{connected}</{data}:Connected>\
                 <{data}:DeviceIdentifierCollection>\
                 <{data}:DeviceIdentifier><{data}:Identifier>{imei}</{data}:Identifier>\
                 <{data}:Kind>IMEI</{data}:Kind></{data}:DeviceIdentifier>\
                 <{data}:DeviceIdentifier><{data}:Identifier>{iccid}</{data}:Identifier>\
                 <{data}:Kind>ICCID</{data}:Kind></{data}:DeviceIdentifier>\
                 </{data}:DeviceIdentifierCollection>\
                 <{data}:IPAddress>{ip_address}</{data}:IPAddress></{data}:DeviceInformation>"
            );
        }
        Answer::xml(
            200,
            self.envelope(None, &self.output(operation, DEVICE_CONTRACT, &content)),
        )
    }

    pub fn fault(&self, code: &str, message: &str) -> Answer {
        let Reply { env, settings, .. } = self;
        let prefix = &settings.soap_fault_prefix;
        let declare = match prefix.strip_suffix(':') {
            Some(word) => format!(" xmlns:{word}=\"{ENVELOPE}\""),
            None => String::new(),
        };
        let fault = format!(
            "    <{env}:Fault>\n      <faultcode{declare}>{prefix}{}</faultcode>\n      \
             <faultstring xml:lang=\"en-US\">{}</faultstring>\n    </{env}:Fault>\n",
            escape(code),
            escape(message)
        );
        Answer::xml(settings.soap_fault_status, self.envelope(None, &fault))
    }

    fn session_output(&self, operation: Operation, token: Option<&str>) -> String {
        let data = self.data;
        let token = token
            .map(|token| format!("        <{data}:SessionToken>{token}</{data}:SessionToken>\n"));
        self.output(operation, SESSION_CONTRACT, &token.unwrap_or_default())
    }

    fn output(&self, operation: Operation, contract: &str, content: &str) -> String {
        let Reply {
            svc,
            declare_svc,
            data,
            ..
        } = self;
        let name = operation.name();
        format!(
            "    <{svc}{name}Response {declare_svc}=\"{SERVICE}\">\n      \
             <{svc}Output xmlns:{data}=\"{contract}\"\n\
             xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\n{content}      \
             </{svc}Output>\n    </{svc}{name}Response>\n"
        )
    }

    fn envelope(&self, header: Option<&str>, body: &str) -> String {
        let env = self.env;
        let header =
            header.map(|entry| format!("  <{env}:Header>\n    {entry}\n  </{env}:Header>\n"));
        format!(
            "<{env}:Envelope xmlns:{env}=\"{ENVELOPE}\">\n{}  <{env}:Body>\n{body}  \
             </{env}:Body>\n</{env}:Envelope>\n",
            header.unwrap_or_default()
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

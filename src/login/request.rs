//! A login as it goes over the wire, on REST and on SOAP, and what its answer means.

use zeroize::Zeroizing;

use crate::api_token::ApiToken;
use crate::call::Running;
use crate::error::Result;
use crate::http::{Connection, Outgoing, SendFailure, Wire};
use crate::platform::login::LoginAnswer;
use crate::platform::{rest, soap};
use crate::response::Response;
use crate::secret::Secret;
use crate::settings::{Protocol, Settings};

const MAX_ANSWER_BYTES: u64 = 64 * 1024;

pub(super) struct LoginRequest {
    protocol: Protocol,
    url: String,
    username: String,
}

impl LoginRequest {
    pub fn new(settings: &Settings) -> LoginRequest {
        LoginRequest {
            protocol: settings.protocol,
            url: match settings.protocol {
                Protocol::Rest => format!("{}{}", settings.base_url.url(), rest::LOGIN_PATH),
                Protocol::Soap => format!("{}{}", settings.soap_url.url(), soap::LOG_IN.path()),
            },
            username: settings.account.username.clone(),
        }
    }

    pub fn protocol_name(&self) -> &'static str {
        self.protocol.name()
    }

    /// An error where the credentials do not fit the protocol: then nothing must be reserved.
    pub fn body(&self, password: &Secret) -> Result<Zeroizing<Vec<u8>>> {
        match self.protocol {
            Protocol::Rest => Ok(rest::login_body(&self.username, password)),
            Protocol::Soap => soap::login_envelope(&self.username, password),
        }
    }

    pub fn send(
        &self,
        wire: &dyn Wire,
        running: &Running,
        body: &[u8],
        api_token: Option<&ApiToken>,
    ) -> std::result::Result<Response, SendFailure> {
        let bearer = api_token.map(|api| bearer(&api.token));
        let action = soap::LOG_IN.action();
        let mut headers = Vec::with_capacity(3);
        match self.protocol {
            Protocol::Rest => headers.push(("Content-Type", "application/json")),
            Protocol::Soap => headers.extend([
                ("Content-Type", soap::CONTENT_TYPE),
                ("SOAPAction", action.as_str()),
                ("Accept", "text/xml"),
            ]),
        }
        if let Some(bearer) = &bearer {
            headers.push(("Authorization", bearer));
        }
        let outgoing = Outgoing {
            method: "POST",
            url: &self.url,
            headers: &headers,
            body,
            max_response_bytes: MAX_ANSWER_BYTES,
            on: Connection::Sound,
        };
        wire.send(running, &outgoing)
    }

    pub fn meaning(&self, answer: &Response) -> LoginAnswer {
        let retry_after = answer.header("retry-after");
        match self.protocol {
            Protocol::Rest => rest::login_answer(answer.status, retry_after, &answer.body),
            Protocol::Soap => soap::login_answer(answer.status, retry_after, &answer.body),
        }
    }
}

/// The value of an `Authorization` header.
pub(crate) fn bearer(token: &Secret) -> Zeroizing<String> {
    Zeroizing::new(["Bearer ", token.reveal()].concat())
}

//! What the SOAP services do. They want SOAP 1.1 as documented: `text/xml`, the right action, the
//! right namespaces, and elements in their order.

use roxmltree::Document;

use super::envelope::Envelope;
use super::operation::Operation;
use super::reply::Reply;
use crate::http::{Answer, Body, Request};
use crate::platform::base::below_base;
use crate::platform::outcome::Outcome;
use crate::random;
use crate::world::{Counter, Kind, Note, Refused, Settings, TokenIn, Verdict, World};

pub fn call(
    world: &mut World,
    now_ms: u64,
    request: &Request<'_>,
    operation: Operation,
) -> Outcome {
    if !is_utf8_xml(request.header("content-type")) {
        let why = "Content-Type is not text/xml with charset utf-8";
        return Outcome::new(Answer::new(415, "text/plain", Body::Text(why)), why);
    }
    let path = below_base(request).unwrap_or_default();
    let read = read(request.body, |envelope| match operation {
        Operation::LogIn => log_in(world, now_ms, envelope),
        Operation::LogOut => log_out(world, now_ms, path, envelope),
        _ => device_call(world, now_ms, path, envelope, operation),
    });
    match read {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(wrong)) | Err(wrong) => {
            let code = world.settings.code("DeserializationFailed");
            Outcome::new(Reply::new(&world.settings).fault(&code, &wrong), wrong)
        }
    }
}

/// The action is missing, or the service has no such operation.
pub fn no_action(settings: &Settings) -> Answer {
    let message = "The message cannot be processed at the receiver: \
        no operation of this service has this SOAPAction.";
    Reply::new(settings).fault("ActionNotSupported", message)
}

pub fn no_service() -> Answer {
    Answer::new(
        404,
        "text/html",
        Body::Text("<html><head><title>404</title></head><body>No such service.</body></html>"),
    )
}

pub fn not_post() -> Answer {
    let mut answer = Answer::empty(405);
    answer.headers.push(("Allow".into(), "POST".into()));
    answer
}

pub fn expired(world: &mut World, kind: Kind) -> Answer {
    world.counters.expired(kind);
    refuse(&world.settings, Refused::Expired)
}

/// Who the envelope says it is from, for the log.
pub fn named(request: &Request<'_>) -> Note {
    let found = read(request.body, |envelope| Note {
        username: envelope
            .credentials()
            .ok()
            .map(|(username, _)| username.into()),
        session_token: envelope.token().map(Into::into),
        ..Note::default()
    });
    found.unwrap_or_default()
}

fn read<T>(body: &[u8], look: impl FnOnce(&Envelope<'_, '_>) -> T) -> Result<T, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_string())?;
    let document = Document::parse(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("not well-formed XML: {error}"))?;
    Envelope::of(&document).map(|envelope| look(&envelope))
}

fn log_in(world: &mut World, now_ms: u64, envelope: &Envelope<'_, '_>) -> Result<Outcome, String> {
    envelope.expect(Operation::LogIn)?;
    let (username, password) = envelope.credentials()?;
    let verdict = world.judge(username, password);
    let settings = &world.settings;
    let outcome = match verdict {
        Verdict::Accepted(username) => {
            world.counters.add(Counter::SoapLoginOk);
            let token = world.begin_session(username, now_ms);
            Outcome::new(logged_in(&world.settings, &token), "logged in")
        }
        Verdict::Rejected { .. } => {
            world.counters.add(Counter::SoapLoginFailed);
            let message = "The username or the password is not valid.";
            Outcome::new(
                Reply::new(settings).fault(&settings.bad_password_code, message),
                "wrong username or password",
            )
        }
        Verdict::Locked => {
            world.counters.add(Counter::SoapLoginFailed);
            Outcome::new(
                Reply::new(settings).fault(&settings.locked_code, "The user is locked."),
                "locked",
            )
        }
    };
    Ok(outcome.with_user(username))
}

fn logged_in(settings: &Settings, token: &str) -> Answer {
    let reply = Reply::new(settings);
    match settings.soap_token_in {
        TokenIn::Both => reply.log_in(Some(token), Some(token)),
        TokenIn::Header => reply.log_in(Some(token), None),
        TokenIn::Body => reply.log_in(None, Some(token)),
        TokenIn::Different => reply.log_in(Some(token), Some(&random::guid())),
    }
}

fn log_out(
    world: &mut World,
    now_ms: u64,
    path: &str,
    envelope: &Envelope<'_, '_>,
) -> Result<Outcome, String> {
    envelope.expect(Operation::LogOut)?;
    let named = envelope.session_token()?;
    if let Some(refusal) = refusal(world, now_ms, path, envelope, Kind::SoapLogout) {
        return Ok(refusal);
    }
    if envelope.token() != Some(named) {
        let refusal = Outcome::new(
            refuse(&world.settings, Refused::NotAGuid),
            "the tokens of header and body differ",
        );
        return Ok(refusal.with_token(envelope.token()));
    }
    world.sessions.end(named);
    Ok(
        Outcome::new(Reply::new(&world.settings).log_out(named), "logged out")
            .with_token(Some(named)),
    )
}

fn device_call(
    world: &mut World,
    now_ms: u64,
    path: &str,
    envelope: &Envelope<'_, '_>,
    operation: Operation,
) -> Result<Outcome, String> {
    envelope.expect(operation)?;
    if let Some(refusal) = refusal(world, now_ms, path, envelope, Kind::SoapCall) {
        return Ok(refusal);
    }
    world.counters.add(Counter::SoapCallOk);
    Ok(
        Outcome::new(Reply::new(&world.settings).devices(operation), "answered")
            .with_token(envelope.token()),
    )
}

/// Why the call is refused, if it is. Its session counts as used if not.
fn refusal(
    world: &mut World,
    now_ms: u64,
    path: &str,
    envelope: &Envelope<'_, '_>,
    kind: Kind,
) -> Option<Outcome> {
    let token = envelope.token();
    let accepted = world.accept_session(token.unwrap_or_default(), path, now_ms);
    let refused = accepted.err()?;
    let answer = match refused {
        Refused::Expired => expired(world, kind),
        Refused::Missing | Refused::NotAGuid => refuse(&world.settings, refused),
    };
    Some(Outcome::new(answer, refused.why()).with_token(token))
}

fn refuse(settings: &Settings, refused: Refused) -> Answer {
    Reply::new(settings).fault(&settings.code(refused.code()), refused.message())
}

fn is_utf8_xml(content_type: Option<&str>) -> bool {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_xml = parts
        .next()
        .is_some_and(|media_type| media_type.eq_ignore_ascii_case("text/xml"));
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => charset
            .trim()
            .trim_matches('"')
            .eq_ignore_ascii_case("utf-8"),
        _ => true,
    };
    is_xml && parts.all(is_utf8)
}

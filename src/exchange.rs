//! One request and its answers: which tokens go with it, what an answer means, what is to be
//! renewed before it is sent again, and how often. Rules only: no network, no threads, no clock.
//! Whoever drives it sends, renews, and tells it what came of that.
//!
//! Each token is renewed at most once for a request. A newer one that somebody else had renewed
//! already is taken without spending that, once. So a request is sent four times at most.

use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::platform::READ_MAX;
use crate::platform::answer::{Answer, Concern};
use crate::secret::Secret;
use crate::settings::Protocol;

/// How far one request has come.
pub(crate) struct Progress {
    protocol: Protocol,
    renewals: Renewals,
    state: State,
}

enum State {
    /// To be sent, but the session has never logged in.
    LoggedOut,
    /// To be sent. An API token that was fetched for it is sent even if its time is up already:
    /// else one that lives no time at all would be fetched for ever.
    Ready { fetched: Option<NumberedToken> },
    /// Sent, and not answered yet.
    Sent(RequestTokens),
    /// Refused for a token that can still be renewed.
    Refused(Refusal),
    /// The answer is the caller's. With what was sent, where that was not refused in the end.
    Done(Option<RequestTokens>),
}

struct Refusal {
    sent: RequestTokens,
    answer: Answer,
    due: TokenKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenKind {
    Api,
    Session,
}

/// What may still be done for the request.
struct Renewals {
    api_token: bool,
    session_token: bool,
    /// Whether a refusal that names neither token is laid to the API token: renewing that risks no
    /// login.
    api_token_first: bool,
    adoption: bool,
}

/// A token, and which one it is.
#[derive(Clone, Debug)]
pub(crate) struct NumberedToken {
    pub text: Secret,
    pub generation: u64,
}

/// The tokens that a request is sent with.
#[derive(Clone, Debug)]
pub struct RequestTokens {
    session: NumberedToken,
    api: Option<NumberedToken>,
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The answer is the caller's.
    Done,
    /// Renew what was refused, then send again.
    Renew,
}

/// What is to be done before the request can be sent, or sent again.
pub(crate) enum Due<'a> {
    /// The first login.
    LogIn,
    /// An API token: none is held.
    FetchApi,
    /// Another API token than this, which was refused.
    RenewApi(&'a NumberedToken),
    /// Another session token than this, which was refused.
    RenewSession(&'a NumberedToken),
}

/// What became of it.
pub(crate) enum Renewed {
    /// This exchange had it renewed. An API token that was fetched is given along.
    Afresh(Option<NumberedToken>),
    /// Somebody else had renewed it before.
    Adopted,
}

/// Which tokens may be renewed at all.
#[derive(Clone, Copy)]
pub(crate) struct Renewable {
    pub api_token: bool,
    pub session_token: bool,
}

/// For how long tokens are kept although they were refused, since new ones are refused as well.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kept {
    pub api_token: Option<Duration>,
    pub session_token: Option<Duration>,
}

impl RequestTokens {
    /// For the header that the option `session_token_header` names, or the SOAP header's `token`.
    pub fn session_token(&self) -> &Secret {
        &self.session.text
    }

    /// For `Authorization: Bearer …`; none with SOAP.
    pub fn api_token(&self) -> Option<&Secret> {
        self.api.as_ref().map(|api| &api.text)
    }

    pub(crate) fn session_generation(&self) -> u64 {
        self.session.generation
    }

    pub(crate) fn api_generation(&self) -> Option<u64> {
        self.api.as_ref().map(|api| api.generation)
    }

    /// The error that the refusal of one of these tokens is.
    pub(crate) fn refused(&self, answer: &Answer) -> Error {
        self.carried_by(answer.error(), answer)
    }

    /// The same, where the token is kept all the same: `kept` says why, and for how long.
    pub(crate) fn refused_but_kept(&self, answer: &Answer, kept: &Error) -> Error {
        self.carried_by(answer.error_advising(kept.message()), answer)
            .with_retryable(true)
            .with_retry_after(kept.retry_after())
    }

    fn carried_by(&self, error: Error, answer: &Answer) -> Error {
        let sent: Vec<_> = [Some(self.session_token()), self.api_token()]
            .into_iter()
            .flatten()
            .collect();
        let error = error.masking(&sent);
        let refused = match answer.concern() {
            Concern::ApiToken => self.api_token(),
            _ => Some(self.session_token()),
        };
        match refused {
            Some(token) => error.with_token(token.clone()),
            None => error,
        }
    }
}

/// How many bytes of an answer's body have to be seen to judge it.
pub(crate) fn body_max(protocol: Protocol, http_status: i32) -> usize {
    match (protocol, http_status) {
        (_, 400..=599) | (Protocol::Soap, 200..=299) => READ_MAX,
        _ => 0,
    }
}

impl Progress {
    pub fn new(protocol: Protocol, renewable: Renewable) -> Progress {
        Progress {
            protocol,
            renewals: Renewals {
                api_token: renewable.api_token,
                session_token: renewable.session_token,
                api_token_first: renewable.api_token,
                adoption: true,
            },
            state: State::Ready { fetched: None },
        }
    }

    /// Takes the tokens held, and gives those to send; none when something must be renewed first. A
    /// request that found no answer may be sent again.
    pub fn send(
        &mut self,
        session: Option<NumberedToken>,
        api: Option<NumberedToken>,
    ) -> Result<Option<&RequestTokens>> {
        let fetched = match &mut self.state {
            State::Ready { fetched } => fetched.take(),
            State::LoggedOut | State::Sent(_) => None,
            State::Refused(_) => return Ok(None),
            State::Done(_) => return Err(out_of_turn("its request was answered: make another")),
        };
        let Some(session) = session else {
            self.state = State::LoggedOut;
            return Ok(None);
        };
        let api = api.or(fetched);
        if api.is_none() && self.protocol == Protocol::Rest {
            self.state = State::Ready { fetched: None };
            return Ok(None);
        }
        self.state = State::Sent(RequestTokens { session, api });
        match &self.state {
            State::Sent(tokens) => Ok(Some(tokens)),
            _ => Ok(None),
        }
    }

    /// Whether the body of an answer of this status has to be seen.
    pub fn reads(&self, http_status: u16) -> bool {
        body_max(self.protocol, http_status.into()) > 0
    }

    /// What an answer to the request is, as far as its body has to be seen.
    pub fn judge(&self, http_status: u16, retry_after: Option<&str>, body: &[u8]) -> Answer {
        let body = match body.len() > body_max(self.protocol, http_status.into()) {
            true => &[],
            false => body,
        };
        Answer::to_request(http_status, retry_after, body)
    }

    /// Whether the answer is the caller's.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// What was sent and is not answered yet.
    pub fn sent(&self) -> Option<&RequestTokens> {
        match &self.state {
            State::Sent(sent) => Some(sent),
            _ => None,
        }
    }

    /// Takes the answer to what was sent.
    pub fn answered(&mut self, answer: &Answer, kept: Kept) -> Result<Next> {
        let sent = match std::mem::replace(&mut self.state, State::Done(None)) {
            State::Sent(sent) => sent,
            state => {
                self.state = state;
                return Err(out_of_turn("no request with its tokens is under way"));
            }
        };
        self.renewals.session_token &= kept.session_token.is_none();
        self.renewals.api_token &= kept.api_token.is_none();
        let Some(due) = self.renewals.remedy(answer.concern()) else {
            self.state = State::Done((answer.concern() == Concern::Neither).then_some(sent));
            return Ok(Next::Done);
        };
        self.state = State::Refused(Refusal {
            sent,
            answer: answer.clone(),
            due,
        });
        Ok(Next::Renew)
    }

    /// Begins another request, sent with the tokens that the last one was sent with, if these may
    /// go; says whether they do.
    pub fn again(&mut self, renewable: Renewable, may_go: impl Fn(&RequestTokens) -> bool) -> bool {
        match &self.state {
            State::Sent(sent) | State::Done(Some(sent)) if may_go(sent) => {}
            _ => return false,
        }
        let before = std::mem::replace(self, Progress::new(self.protocol, renewable));
        if let State::Sent(sent) | State::Done(Some(sent)) = before.state {
            self.state = State::Sent(sent);
        }
        true
    }

    /// What is to be done now.
    pub fn due(&self) -> Result<Due<'_>> {
        let nothing = || out_of_turn("nothing is to be renewed");
        match &self.state {
            State::LoggedOut => Ok(Due::LogIn),
            State::Ready { fetched: None } if self.protocol == Protocol::Rest => Ok(Due::FetchApi),
            State::Refused(Refusal { sent, due, .. }) => match (due, &sent.api) {
                (TokenKind::Session, _) => Ok(Due::RenewSession(&sent.session)),
                (TokenKind::Api, Some(api)) => Ok(Due::RenewApi(api)),
                (TokenKind::Api, None) => Err(nothing()),
            },
            _ => Err(nothing()),
        }
    }

    /// Notes that what was due is done; says whether the request can be sent now, or more is due. A
    /// request that cannot be sent twice ends with its refusal, once all that may be at fault is
    /// renewed: nobody would see whether less had helped.
    pub fn renewed(&mut self, renewed: Renewed, can_resend: bool) -> Result<bool> {
        let (fetched, adopted) = match renewed {
            Renewed::Afresh(fetched) => (fetched, false),
            Renewed::Adopted => (None, true),
        };
        let refusal = match std::mem::replace(&mut self.state, State::Ready { fetched }) {
            State::Refused(refusal) => refusal,
            _ => return Ok(true),
        };
        self.renewals.spend(refusal.due, adopted);
        if can_resend {
            return Ok(true);
        }
        let Refusal { sent, answer, due } = refusal;
        if due == TokenKind::Api
            && let Some(due) = self.renewals.remedy(answer.concern())
            && due == TokenKind::Session
        {
            self.state = State::Refused(Refusal { sent, answer, due });
            return Ok(false);
        }
        self.state = State::Done(None);
        let error = answer.error_advising(
            "what it refused is renewed by now, but the body given cannot be sent again: make a \
             new request with a fresh body",
        );
        Err(sent.carried_by(error, &answer).with_retryable(true))
    }
}

impl Renewals {
    fn remedy(&self, concern: Concern) -> Option<TokenKind> {
        match concern {
            Concern::ApiToken if self.api_token => Some(TokenKind::Api),
            Concern::Either if self.api_token && self.api_token_first => Some(TokenKind::Api),
            Concern::SessionToken | Concern::Either if self.session_token => {
                Some(TokenKind::Session)
            }
            _ => None,
        }
    }

    fn spend(&mut self, token: TokenKind, adopted: bool) {
        if token == TokenKind::Api {
            self.api_token_first = false;
        }
        if adopted && self.adoption {
            self.adoption = false;
            return;
        }
        match token {
            TokenKind::Api => self.api_token = false,
            TokenKind::Session => self.session_token = false,
        }
    }
}

/// The caller does things in another order than they go.
fn out_of_turn(what: &str) -> Error {
    Error::new(
        Status::InvalidArgument,
        format!("the exchange is used out of turn: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRED: &str =
        r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"}"#;
    const PROXIED: &str = r#"{"error":"unauthorized","error_description":"Failure response received for UWS V1 REST accounts: [400]"}"#;

    /// Each step of one request, given what comes back: a letter of `answers` for each sending, a
    /// letter of `renewals` for each renewal.
    ///
    /// Answers: `.` 200, `b` a bare 401, `u` 401 `{"error":"unauthorized"}`, `a` 900901, `e` an
    /// expired session, `p` the same in a proxy's words, `l` the same in 100 KB, `t` 900800, `n` no
    /// answer, so that the request is sent again. Renewals: `f` fetched, `a` adopted.
    ///
    /// Gives `1/2` for a sending with the first session token and the second API token, `api` and
    /// `session` for renewals, and how it ended.
    fn play(mut progress: Progress, answers: &str, renewals: &str) -> String {
        let mut trace = Vec::new();
        let (mut session, mut api) = (1, 1);
        let (mut answers, mut renewals) = (answers.chars(), renewals.chars());
        loop {
            let soap = progress.protocol == Protocol::Soap;
            let sent = progress
                .send(Some(numbered(session)), (!soap).then(|| numbered(api)))
                .unwrap()
                .unwrap();
            let api_sent = sent.api.as_ref().map_or(0, |api| api.generation);
            trace.push(format!("{}/{api_sent}", sent.session.generation));
            let (status, body) = match answers.next().expect("an answer is left") {
                'n' => continue,
                letter => answer(letter),
            };
            let answer = progress.judge(status, None, body.as_bytes());
            if progress.answered(&answer, Kept::default()).unwrap() == Next::Done {
                trace.push(format!("{:?}", answer.concern()));
                break;
            }
            let name = match progress.due().unwrap() {
                Due::LogIn | Due::FetchApi => panic!("both are held"),
                Due::RenewApi(refused) => {
                    assert_eq!(refused.generation, api);
                    api += 1;
                    "api"
                }
                Due::RenewSession(refused) => {
                    assert_eq!(refused.generation, session);
                    session += 1;
                    "session"
                }
            };
            trace.push(name.to_owned());
            let renewed = match renewals.next().expect("a renewal is left") {
                'f' if name == "api" => Renewed::Afresh(Some(numbered(api))),
                'f' => Renewed::Afresh(None),
                _ => Renewed::Adopted,
            };
            assert!(progress.renewed(renewed, true).unwrap());
        }
        assert_eq!((answers.next(), renewals.next()), (None, None));
        trace.join(" ")
    }

    fn answer(letter: char) -> (u16, String) {
        match letter {
            '.' => (200, "{}".into()),
            'b' => (401, String::new()),
            'u' => (401, r#"{"error":"unauthorized"}"#.into()),
            'a' => (401, r#"{"fault":{"code":"900901"}}"#.into()),
            'e' => (400, EXPIRED.into()),
            'p' => (401, PROXIED.into()),
            'l' => (
                400,
                EXPIRED.replace('}', &format!(r#","x":"{}"}}"#, "x".repeat(100_000))),
            ),
            't' => (429, r#"{"fault":{"code":"900800"}}"#.into()),
            _ => panic!("there is no answer {letter:?}"),
        }
    }

    fn numbered(generation: u64) -> NumberedToken {
        NumberedToken {
            text: Secret::new(format!("token-{generation}")),
            generation,
        }
    }

    fn rest(api_token: bool, session_token: bool) -> Progress {
        let renewable = Renewable {
            api_token,
            session_token,
        };
        Progress::new(Protocol::Rest, renewable)
    }

    fn soap() -> Progress {
        let renewable = Renewable {
            api_token: false,
            session_token: true,
        };
        Progress::new(Protocol::Soap, renewable)
    }

    #[test]
    fn the_first_login_is_due_before_anything_else() {
        for mut progress in [rest(true, false), soap()] {
            assert!(progress.send(None, None).unwrap().is_none());
            assert!(matches!(progress.due().unwrap(), Due::LogIn));
            let afresh = Renewed::Afresh(None);
            assert!(progress.renewed(afresh, false).unwrap(), "nothing was sent");
            let api = numbered(1);
            assert!(
                progress
                    .send(Some(numbered(1)), Some(api))
                    .unwrap()
                    .is_some()
            );
        }
    }

    #[test]
    fn every_answer_has_its_remedy_once() {
        let cases = [
            (".", "", "1/1 Neither"),
            ("t", "", "1/1 Neither"),
            ("nn.", "", "1/1 1/1 1/1 Neither"),
            ("e.", "f", "1/1 session 2/1 Neither"),
            ("p.", "f", "1/1 session 2/1 Neither"),
            ("l.", "f", "1/1 session 2/1 Neither"),
            ("a.", "f", "1/1 api 1/2 Neither"),
            // Not said which: the API token first, which risks no login.
            ("b.", "f", "1/1 api 1/2 Neither"),
            ("u.", "f", "1/1 api 1/2 Neither"),
            ("bb.", "ff", "1/1 api 1/2 session 2/2 Neither"),
            ("ue.", "ff", "1/1 api 1/2 session 2/2 Neither"),
            ("ea.", "ff", "1/1 session 2/1 api 2/2 Neither"),
            ("eb.", "ff", "1/1 session 2/1 api 2/2 Neither"),
            // It ends.
            ("ee", "f", "1/1 session 2/1 SessionToken"),
            ("aa", "f", "1/1 api 1/2 ApiToken"),
            ("bbb", "ff", "1/1 api 1/2 session 2/2 Either"),
            ("uuu", "ff", "1/1 api 1/2 session 2/2 Either"),
            ("eae", "ff", "1/1 session 2/1 api 2/2 SessionToken"),
            ("aba", "ff", "1/1 api 1/2 session 2/2 ApiToken"),
            // An adopted token may be old as well, once.
            ("ee.", "af", "1/1 session 2/1 session 3/1 Neither"),
            ("aa.", "af", "1/1 api 1/2 api 1/3 Neither"),
            ("eee", "af", "1/1 session 2/1 session 3/1 SessionToken"),
            ("eee", "aa", "1/1 session 2/1 session 3/1 SessionToken"),
            // An adopted API token did not help either, so it is the session's turn.
            ("bb.", "af", "1/1 api 1/2 session 2/2 Neither"),
            ("bbb.", "faf", "1/1 api 1/2 session 2/2 session 3/2 Neither"),
            ("bbbb", "faf", "1/1 api 1/2 session 2/2 session 3/2 Either"),
            // Four sendings are the most.
            (
                "aeae",
                "aff",
                "1/1 api 1/2 session 2/2 api 2/3 SessionToken",
            ),
            (
                "aaee",
                "aff",
                "1/1 api 1/2 api 1/3 session 2/3 SessionToken",
            ),
            (
                "eaea",
                "aff",
                "1/1 session 2/1 api 2/2 session 3/2 ApiToken",
            ),
        ];
        for (answers, renewals, want) in cases {
            let got = play(rest(true, true), answers, renewals);
            assert_eq!(got, want, "{answers} {renewals}");
        }
    }

    #[test]
    fn what_cannot_be_renewed_is_left_alone() {
        let fixed_api_token = [
            ("a", "", "1/1 ApiToken"),
            ("b.", "f", "1/1 session 2/1 Neither"),
            ("bb", "f", "1/1 session 2/1 Either"),
            ("u.", "f", "1/1 session 2/1 Neither"),
        ];
        for (answers, renewals, want) in fixed_api_token {
            assert_eq!(play(rest(false, true), answers, renewals), want);
        }
        let no_relogin = [
            ("e", "", "1/1 SessionToken"),
            ("a.", "f", "1/1 api 1/2 Neither"),
            ("bb", "f", "1/1 api 1/2 Either"),
        ];
        for (answers, renewals, want) in no_relogin {
            assert_eq!(play(rest(true, false), answers, renewals), want);
        }
        let over_soap = [
            ("a", "", "1/0 ApiToken"),
            ("e.", "f", "1/0 session 2/0 Neither"),
            ("b.", "f", "1/0 session 2/0 Neither"),
        ];
        for (answers, renewals, want) in over_soap {
            assert_eq!(play(soap(), answers, renewals), want);
        }
    }

    /// Whatever comes back, however often.
    #[test]
    fn four_sendings_are_the_most() {
        let worst = |progress: fn() -> Progress| {
            let mut most = 0;
            for choice in 0..6_u32.pow(4) {
                let mut progress = progress();
                let mut sent = 0;
                let mut rest = choice;
                while progress
                    .send(Some(numbered(1)), Some(numbered(1)))
                    .unwrap()
                    .is_some()
                {
                    sent += 1;
                    assert!(sent <= 4, "{choice}");
                    let (status, body) = answer(['a', 'b', 'e'][rest as usize % 3]);
                    let adopted = rest / 3 % 2 == 1;
                    rest /= 6;
                    let answer = progress.judge(status, None, body.as_bytes());
                    if progress.answered(&answer, Kept::default()).unwrap() == Next::Done {
                        break;
                    }
                    let renewed = match adopted {
                        true => Renewed::Adopted,
                        false => Renewed::Afresh(None),
                    };
                    progress.renewed(renewed, true).unwrap();
                }
                most = most.max(sent);
            }
            most
        };
        assert_eq!(worst(|| rest(true, true)), 4);
        assert_eq!(worst(|| rest(false, true)), 3);
        assert_eq!(worst(|| rest(true, false)), 3);
        assert_eq!(worst(soap), 3);
    }

    fn sent(progress: &mut Progress) {
        assert!(
            progress
                .send(Some(numbered(1)), Some(numbered(1)))
                .unwrap()
                .is_some()
        );
    }

    fn refuse(progress: &mut Progress, letter: char) {
        sent(progress);
        let (status, body) = answer(letter);
        let answer = progress.judge(status, None, body.as_bytes());
        assert_eq!(
            progress.answered(&answer, Kept::default()).unwrap(),
            Next::Renew
        );
    }

    #[test]
    fn a_body_that_is_gone_has_all_renewed_that_may_be_at_fault() {
        let cases: [(char, &[&str], Status, &str, &str); 4] = [
            (
                'e',
                &["session"],
                Status::SessionExpired,
                "token-1",
                "SessionToken.Expired",
            ),
            ('a', &["api"], Status::ApiToken, "token-2", "900901"),
            (
                'b',
                &["api", "session"],
                Status::SessionExpired,
                "token-1",
                "",
            ),
            (
                'u',
                &["api", "session"],
                Status::SessionExpired,
                "token-1",
                "unauthorized",
            ),
        ];
        for (letter, wanted, status, token, code) in cases {
            for adopted in [false, true] {
                let mut progress = rest(true, true);
                progress.send(Some(numbered(1)), Some(numbered(2))).unwrap();
                let (http_status, body) = answer(letter);
                let answer = progress.judge(http_status, None, body.as_bytes());
                progress.answered(&answer, Kept::default()).unwrap();
                let mut renewed = Vec::new();
                let error = loop {
                    renewed.push(match progress.due().unwrap() {
                        Due::LogIn | Due::FetchApi => "fetch",
                        Due::RenewApi(_) => "api",
                        Due::RenewSession(_) => "session",
                    });
                    let outcome = match adopted {
                        true => Renewed::Adopted,
                        false => Renewed::Afresh(None),
                    };
                    match progress.renewed(outcome, false) {
                        Ok(ready) => assert!(!ready, "it was sent again"),
                        Err(error) => break error,
                    }
                };
                assert_eq!(renewed, wanted);
                assert_eq!(error.status(), status);
                assert_eq!(error.token().unwrap().reveal(), token);
                assert_eq!(error.http_status(), http_status);
                assert!(error.code().contains(code) && error.retryable());
                assert!(error.message().contains("fresh"), "{error}");
                assert!(progress.send(Some(numbered(9)), Some(numbered(9))).is_err());
            }
        }
    }

    #[test]
    fn an_api_token_that_is_not_held_is_fetched_first_and_sent_however_short_it_lives() {
        let mut progress = rest(true, true);
        assert!(progress.send(Some(numbered(1)), None).unwrap().is_none());
        assert!(matches!(progress.due(), Ok(Due::FetchApi)));
        let fetched = Renewed::Afresh(Some(numbered(7)));
        assert!(progress.renewed(fetched, false).unwrap());
        let tokens = progress.send(Some(numbered(1)), None).unwrap().unwrap();
        assert_eq!(tokens.api_token().unwrap().reveal(), "token-7");
        // The fetch took nothing from what may be done after a refusal.
        let (status, body) = answer('a');
        let answer = progress.judge(status, None, body.as_bytes());
        assert_eq!(
            progress.answered(&answer, Kept::default()).unwrap(),
            Next::Renew
        );
    }

    #[test]
    fn tokens_that_were_refused_are_not_given_out_again() {
        let mut progress = rest(true, true);
        refuse(&mut progress, 'e');
        assert!(
            progress
                .send(Some(numbered(1)), Some(numbered(1)))
                .unwrap()
                .is_none()
        );
        assert!(matches!(progress.due(), Ok(Due::RenewSession(_))));
    }

    #[test]
    fn what_is_out_of_turn_is_an_error_and_changes_nothing() {
        let ok = rest(true, true).judge(200, None, b"");
        let mut progress = rest(true, true);
        assert!(
            progress.answered(&ok, Kept::default()).is_err(),
            "nothing was sent"
        );
        sent(&mut progress);
        assert!(progress.due().is_err(), "there is no answer");
        assert_eq!(progress.answered(&ok, Kept::default()).unwrap(), Next::Done);
        assert!(
            progress.answered(&ok, Kept::default()).is_err(),
            "a second answer"
        );
        assert!(progress.due().is_err(), "all is done");
        let error = progress.send(Some(numbered(1)), None).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(soap().due().is_err(), "there is no API token to fetch");

        let mut progress = rest(true, true);
        refuse(&mut progress, 'e');
        assert!(progress.answered(&ok, Kept::default()).is_err());
        assert!(progress.renewed(Renewed::Afresh(None), true).unwrap());
        sent(&mut progress);
    }

    #[test]
    fn another_request_goes_with_the_same_tokens_if_they_may() {
        let renewable = Renewable {
            api_token: true,
            session_token: true,
        };
        let again = |progress: &mut Progress| progress.again(renewable, |_| true);
        let mut progress = rest(true, true);
        assert!(!again(&mut progress), "nothing was sent");
        sent(&mut progress);
        assert!(!progress.again(renewable, |_| false), "they may not");
        assert!(again(&mut progress), "its answer was not told");
        for (letter, wanted) in [('.', true), ('t', true), ('e', false)] {
            let (status, body) = answer(letter);
            let answer = progress.judge(status, None, body.as_bytes());
            let next = progress.answered(&answer, Kept::default()).unwrap();
            assert_eq!(next == Next::Done, wanted, "{letter}");
            assert_eq!(again(&mut progress), wanted, "{letter}");
        }
        assert!(matches!(progress.due(), Ok(Due::RenewSession(_))));
        progress.renewed(Renewed::Afresh(None), true).unwrap();
        assert!(!again(&mut progress), "it was not sent since");
        // What is spent for one request is there again for the next.
        sent(&mut progress);
        assert!(again(&mut progress));
        refuse(&mut progress, 'e');
    }

    #[test]
    fn only_bodies_that_can_matter_are_seen() {
        let fault = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>SessionToken.Expired</faultcode></s:Fault></s:Body></s:Envelope>"#;
        for status in [0, 100, 204, 302, 399, 600, -1, i32::MAX] {
            assert_eq!(body_max(Protocol::Rest, status), 0, "{status}");
        }
        assert_eq!(body_max(Protocol::Soap, 200), READ_MAX);
        assert_eq!(
            rest(true, true).judge(200, None, fault).concern(),
            Concern::Neither
        );
        assert_eq!(
            soap().judge(200, None, fault).concern(),
            Concern::SessionToken
        );
        for status in [400, 401, 500, 599] {
            for protocol in [Protocol::Rest, Protocol::Soap] {
                assert_eq!(body_max(protocol, status), READ_MAX);
            }
        }
        let cut = EXPIRED.to_owned() + &" ".repeat(READ_MAX);
        let judged = rest(true, true).judge(400, None, &cut.as_bytes()[..READ_MAX]);
        assert_eq!(judged.concern(), Concern::SessionToken);
        let judged = rest(true, true).judge(400, None, &cut.as_bytes()[..=READ_MAX]);
        assert_eq!(judged.concern(), Concern::Neither);
    }

    #[test]
    fn an_error_does_not_repeat_the_tokens() {
        let mut progress = rest(false, false);
        let tokens = progress
            .send(Some(numbered(1)), Some(numbered(2)))
            .unwrap()
            .cloned();
        let body = br#"{"fault":{"code":"900901","description":"token-2 and token-1"}}"#;
        let error = tokens.unwrap().refused(&progress.judge(401, None, body));
        assert!(error.message().contains("*** and ***"), "{error}");
        assert_eq!(error.token().unwrap().reveal(), "token-2");
    }
}

//! What became of a request: the answer, and what the log says about it.

use std::borrow::Cow;

use crate::http::Answer;

pub struct Outcome {
    pub answer: Answer,
    /// A short phrase.
    pub why: Cow<'static, str>,
    pub named: Named,
}

/// Who the request's body says it is from. Never a password.
#[derive(Default)]
pub struct Named {
    pub username: Option<String>,
    pub session_token: Option<String>,
}

impl Outcome {
    pub fn new(answer: Answer, why: impl Into<Cow<'static, str>>) -> Outcome {
        Outcome {
            answer,
            why: why.into(),
            named: Named::default(),
        }
    }

    pub fn with_user(mut self, username: &str) -> Outcome {
        self.named.username = Some(username.into());
        self
    }

    pub fn with_token(mut self, token: Option<&str>) -> Outcome {
        self.named.session_token = token.map(Into::into);
        self
    }
}

//! What became of a request: the answer, and what the log says about it. The two are made in the
//! same place, so that they tell the same story.

use std::borrow::Cow;

use crate::http::Answer;
use crate::world::Note;

pub struct Outcome {
    pub answer: Answer,
    pub note: Note,
}

impl Outcome {
    pub fn new(answer: Answer, why: impl Into<Cow<'static, str>>) -> Outcome {
        Outcome {
            answer,
            note: Note::new(why),
        }
    }

    pub fn with_user(mut self, username: &str) -> Outcome {
        self.note.username = Some(username.into());
        self
    }

    pub fn with_token(mut self, token: Option<&str>) -> Outcome {
        self.note.session_token = token.map(Into::into);
        self
    }
}

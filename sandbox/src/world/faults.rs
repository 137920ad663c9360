//! The queue of faults: which requests they hit, and what they do to them. How that is carried out
//! is told elsewhere.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use crate::http::{Answer, Extra};

#[derive(Default)]
pub struct Faults(Vec<Fault>);

pub struct Fault {
    /// None: any.
    pub on: Option<Kind>,
    pub effect: Effect,
    /// None: until dropped.
    pub times: Option<u64>,
    pub skip: u64,
    /// For those who look which faults wait.
    pub as_asked: Map<String, Value>,
}

/// What a fault does to a request.
#[derive(Clone)]
pub struct Effect {
    pub name: &'static str,
    pub pause: Pause,
    pub reply: Reply,
}

/// What comes before the reply.
#[derive(Clone)]
pub enum Pause {
    No,
    /// In real time.
    For(Duration),
    /// Held under that name.
    UntilReleased(String),
}

#[derive(Clone)]
pub enum Reply {
    Answer {
        what: Told,
        how: Travel,
        extra: Extra,
    },
    /// A body that never ends.
    Endless,
    /// The connection ends without an answer.
    Nothing { processed: Processed, end: End },
}

#[derive(Clone)]
pub enum Told {
    /// What processing the request gives.
    Outcome,
    Instead {
        answer: Instead,
        /// Whether the request is processed all the same.
        process: bool,
    },
}

#[derive(Clone)]
pub enum Instead {
    Given(Answer),
    /// The refusal of an expired session.
    Expired,
    /// The refusal of an API token.
    ApiTokenRejected,
    /// What the gateway says when something is wrong behind it or before it.
    GatewayFault(GatewayFault),
}

#[derive(Clone, Copy)]
pub struct GatewayFault {
    pub code: u64,
    pub status: u16,
    /// As `am:fault`, not as JSON.
    pub xml: bool,
}

#[derive(Clone, Copy)]
pub enum Travel {
    Whole,
    /// Half of the body, then the connection closes.
    HalfBody,
    /// A byte of the body every so often.
    Drip(Duration),
}

#[derive(Clone, Copy)]
pub enum Processed {
    No,
    AtOnce,
    /// So many milliseconds later by the sandbox's clock.
    Late(u64),
}

#[derive(Clone, Copy)]
pub enum End {
    Close,
    Reset,
}

impl Faults {
    pub fn queue(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn drop_all(&mut self) {
        self.0.clear();
    }

    /// What happens to this request: the first fault that fits and has no more requests to let
    /// pass.
    pub fn hit(&mut self, kind: Kind) -> Option<Effect> {
        let index = self.0.iter_mut().position(|fault| {
            fault.on.is_none_or(|on| on == kind) && fault.has_let_enough_pass()
        })?;
        let fault = &mut self.0[index];
        match &mut fault.times {
            Some(1) => Some(self.0.remove(index).effect),
            Some(times) => {
                *times -= 1;
                Some(fault.effect.clone())
            }
            None => Some(fault.effect.clone()),
        }
    }

    pub fn to_json(&self) -> Value {
        self.0.iter().map(Fault::to_json).collect()
    }
}

impl Fault {
    fn has_let_enough_pass(&mut self) -> bool {
        let enough = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        enough
    }

    fn to_json(&self) -> Value {
        let mut shown = self.as_asked.clone();
        shown.insert(
            "times".into(),
            self.times.map_or(json!(-1), |times| json!(times)),
        );
        shown.insert("skip".into(), self.skip.into());
        Value::Object(shown)
    }
}

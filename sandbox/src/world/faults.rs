//! The queue of faults: which requests they hit, and what they do to them. How they are carried out
//! on the wire is told elsewhere.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::kind::Kind;
use crate::http::Answer;

#[derive(Default)]
pub struct Faults {
    waiting: Vec<Fault>,
    generation: u64,
}

pub struct Fault {
    /// None: any.
    pub on: Option<Kind>,
    pub what: What,
    /// None: until dropped.
    pub times: Option<u64>,
    pub skip: u64,
    /// For those who look which faults wait.
    pub as_asked: Map<String, Value>,
}

#[derive(Clone)]
pub enum What {
    Delay(Duration),
    Hold,
    ResetBefore,
    ResetAfter,
    ProcessLate(u64),
    HalfBody,
    Drip(Duration),
    Endless,
    Answer {
        answer: Answer,
        process: bool,
        name: &'static str,
    },
    Expired,
    ApiTokenRejected,
}

impl Faults {
    pub fn queue(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub fn drop_all(&mut self) {
        self.waiting.clear();
        self.generation += 1;
    }

    /// Changes whenever the faults are dropped: who holds a request lets it go then.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What happens to this request: the first fault that fits and has no more requests to let
    /// pass.
    pub fn hit(&mut self, kind: Kind) -> Option<What> {
        let index = self.waiting.iter_mut().position(|fault| {
            fault.on.is_none_or(|on| on == kind) && fault.has_let_enough_pass()
        })?;
        let fault = &mut self.waiting[index];
        match &mut fault.times {
            Some(1) => Some(self.waiting.remove(index).what),
            Some(times) => {
                *times -= 1;
                Some(fault.what.clone())
            }
            None => Some(fault.what.clone()),
        }
    }

    pub fn to_json(&self) -> Value {
        self.waiting.iter().map(Fault::to_json).collect()
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

impl What {
    pub fn name(&self) -> &'static str {
        match self {
            What::Delay(_) => "delay",
            What::Hold => "hold",
            What::ResetBefore => "reset_before",
            What::ResetAfter => "reset_after",
            What::ProcessLate(_) => "process_late",
            What::HalfBody => "half_body",
            What::Drip(_) => "drip",
            What::Endless => "endless",
            What::Answer { name, .. } => name,
            What::Expired => "expired",
            What::ApiTokenRejected => "api_token_rejected",
        }
    }
}

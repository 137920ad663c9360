//! Answers of resources that the sandbox does not know: given by whoever tests, served behind the
//! checks of both tokens.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::http::Answer;

#[derive(Default)]
pub struct CannedAnswers(Vec<Arc<Canned>>);

pub struct Canned {
    /// None: any.
    pub method: Option<String>,
    pub path: CannedPath,
    /// The header in which that resource wants the session token.
    pub session_token_header: &'static str,
    pub answer: Answer,
    /// For those who look which answers there are.
    pub as_asked: Map<String, Value>,
}

/// Below the REST base.
pub enum CannedPath {
    Whole(String),
    Prefix(String),
}

impl CannedAnswers {
    pub fn add(&mut self, canned: Canned) {
        self.0.push(Arc::new(canned));
    }

    pub fn drop_all(&mut self) {
        self.0.clear();
    }

    /// The newest that fits.
    pub fn find(&self, method: &str, path: &str) -> Option<Arc<Canned>> {
        let fits = |canned: &&Arc<Canned>| canned.fits(method, path);
        self.0.iter().rev().find(fits).cloned()
    }

    pub fn to_json(&self) -> Value {
        let asked = self.0.iter().map(|canned| canned.as_asked.clone());
        asked.map(Value::Object).collect()
    }
}

impl Canned {
    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_ref().is_none_or(|given| given == method)
            && match &self.path {
                CannedPath::Whole(whole) => whole == path,
                CannedPath::Prefix(start) => path.starts_with(start.as_str()),
            }
    }
}

//! The live API tokens. A token's life is counted from its first issue; within it every request
//! gets the same one, unless told otherwise. The static token never ends.

use std::collections::HashMap;

use crate::random;

const STATIC_TOKEN: &str = "static-test-token";

#[derive(Default)]
pub struct ApiTokens {
    issued_ms: HashMap<String, u64>,
    newest: Option<String>,
}

impl ApiTokens {
    /// The token and what is left of its life.
    pub fn issue(&mut self, now_ms: u64, life_ms: u64, same: bool) -> (String, u64) {
        self.issued_ms
            .retain(|_, issued_ms| now_ms < issued_ms.saturating_add(life_ms));
        if same
            && let Some(token) = &self.newest
            && let Some(issued_ms) = self.issued_ms.get(token)
        {
            return (token.clone(), issued_ms.saturating_add(life_ms) - now_ms);
        }
        let token = random::hex();
        self.issued_ms.insert(token.clone(), now_ms);
        self.newest = Some(token.clone());
        (token, life_ms)
    }

    pub fn accepts(&self, token: &str, now_ms: u64, life_ms: u64) -> bool {
        token == STATIC_TOKEN
            || self
                .issued_ms
                .get(token)
                .is_some_and(|issued_ms| now_ms < issued_ms.saturating_add(life_ms))
    }

    pub fn revoke(&mut self, token: &str) -> bool {
        self.issued_ms.remove(token).is_some()
    }

    /// How many were live.
    pub fn forget_all(&mut self, now_ms: u64, life_ms: u64) -> usize {
        let live = self
            .issued_ms
            .values()
            .filter(|issued_ms| now_ms < issued_ms.saturating_add(life_ms))
            .count();
        *self = ApiTokens::default();
        live
    }
}

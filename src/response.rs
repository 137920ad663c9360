//! An answer of the platform, as it came.

use std::fmt;

use once_cell::race::OnceBox;

use crate::error::Result;
use crate::platform::READ_MAX;
use crate::platform::answer::Answer;

/// Status, headers and body of one answer. A bad status is an answer too: [`Response::check`] makes
/// an error of it.
#[derive(Clone)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What it means, once somebody asked. No lock, so that a forked child can ask, too.
    meaning: OnceBox<Answer>,
}

impl Response {
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Response {
        Response {
            status,
            headers,
            body,
            meaning: OnceBox::new(),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// All headers in the order they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        named(&self.headers, name)
    }

    /// The whole body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A typed error for anything but a 2xx answer that is no SOAP fault and no HTML page.
    pub fn check(&self) -> Result<()> {
        self.judged(Answer::to_request).check()
    }

    /// What `judge` makes of status, `Retry-After` and body. It is asked once: whoever comes later
    /// gets the same, and the body is not read again.
    pub(crate) fn judged(&self, judge: impl FnOnce(u16, Option<&str>, &[u8]) -> Answer) -> &Answer {
        self.meaning
            .get_or_init(|| Box::new(judge(self.status, self.header("retry-after"), &self.body)))
    }
}

impl Drop for Response {
    /// The answer to a login holds a token. A larger one than is read of these is the program's.
    fn drop(&mut self) {
        if self.body.len() <= READ_MAX {
            self.body.fill(0);
            std::hint::black_box(&mut self.body);
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The value of the first header of that name, in any case.
pub(crate) fn named<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_once() {
        let body = br#"{"errorCode":"X.REQUEST_FAILED.SessionToken.Expired"}"#;
        let response = Response::new(400, Vec::new(), body.to_vec());
        let mut times = 0;
        let mut judge = |status, retry_after: Option<&str>, body: &[u8]| {
            times += 1;
            Answer::to_request(status, retry_after, body)
        };
        response.judged(&mut judge);
        response.judged(&mut judge);
        let copy = response.clone();
        for response in [&response, &copy] {
            let error = response.check().unwrap_err();
            assert_eq!(error.code(), "X.REQUEST_FAILED.SessionToken.Expired");
        }
        copy.judged(&mut judge);
        assert_eq!(times, 1);
    }

    #[test]
    fn what_it_was_judged_to_be_stands_whatever_the_body_says() {
        let mut response = Response::new(400, Vec::new(), br#"{"errorCode":"A"}"#.to_vec());
        assert_eq!(response.check().unwrap_err().code(), "A");
        response.body = br#"{"errorCode":"B"}"#.to_vec();
        assert_eq!(response.check().unwrap_err().code(), "A");
    }
}

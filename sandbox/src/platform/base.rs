//! Where everything is served: below this path of a port. Paths in settings and canned answers are
//! those that come after it.

use crate::http::Request;

pub const BASE: &str = "/api";

/// The request's path with its first slash, without the base.
pub fn below_base<'a>(request: &Request<'a>) -> Option<&'a str> {
    let path = request.path().strip_prefix(BASE)?;
    path.starts_with('/').then_some(path)
}

//! The `Retry-After` header: seconds, or an HTTP-date. Anything else counts as not said.

use std::time::{Duration, SystemTime};

/// Longer than anyone waits, short enough for every clock and integer it may meet.
const MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// `now` is asked only when the header is a date; a date that has passed means at once.
pub(super) fn parse(value: Option<&str>, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let value = value?.trim();
    if value.is_empty() {
        return None;
    }
    if value.bytes().all(|b| b.is_ascii_digit()) {
        // Only a number too large for 64 bits fails to parse here.
        return Some(value.parse().map_or(MOST, Duration::from_secs).min(MOST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now()).unwrap_or_default().min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_garbage_is_not() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let seconds = |s| Some(Duration::from_secs(s));
        let cases = [
            (None, None),
            (Some("0"), seconds(0)),
            (Some(" 120 "), seconds(120)),
            (Some("99999999999999999999999999"), Some(MOST)),
            (Some("31536001"), Some(MOST)),
            (Some(""), None),
            (Some("-1"), None),
            (Some("+5"), None),
            (Some("1.5"), None),
            (Some("soon"), None),
            (Some("٣"), None),
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), seconds(60)),
            (Some("Sunday, 06-Nov-94 08:50:37 GMT"), seconds(60)),
            (Some("Sun Nov  6 08:50:37 1994"), seconds(60)),
            (Some("Sun, 06 Nov 1994 08:49:36 GMT"), seconds(0)),
            (Some("Fri, 31 Dec 9999 23:59:59 GMT"), Some(MOST)),
            (Some("Sun, 31 Feb 1994 08:49:36 GMT"), None),
        ];
        for (value, want) in cases {
            assert_eq!(parse(value, now), want, "{value:?}");
        }
    }
}

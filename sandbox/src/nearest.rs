//! The known name nearest to one that isn't known, for the message that refuses it. A refusal
//! always names one, if any is known.

/// `unknown setting "session_idel_ms"; nearest: "session_idle_ms"`.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match known
        .into_iter()
        .min_by_key(|candidate| distance(name, candidate))
    {
        Some(nearest) => format!("unknown {what} {name:?}; nearest: {nearest:?}"),
        None => format!("unknown {what} {name:?}; none is known here"),
    }
}

/// How many characters to add, drop or change, letter case aside.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(100).collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("Same", "same"), 0);
    }

    #[test]
    fn names_the_nearest() {
        let text = unknown(
            "setting",
            "session_idel_ms",
            ["api_token_ms", "session_idle_ms"],
        );
        assert_eq!(
            text,
            r#"unknown setting "session_idel_ms"; nearest: "session_idle_ms""#
        );
    }
}

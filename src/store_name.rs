//! How an option names a store.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    Memory,
    /// A directory, or None for the user's state directory; and whether one on a network file
    /// system is accepted.
    File {
        directory: Option<String>,
        network: bool,
    },
}

impl StoreName {
    pub fn parse(value: &str) -> std::result::Result<StoreName, String> {
        if value == "memory:" {
            return Ok(StoreName::Memory);
        }
        let Some(rest) = value.strip_prefix("file:") else {
            return Err("must be memory:, file: or file:DIR".into());
        };
        let (directory, network) = match rest.split_once('?') {
            None => (rest, false),
            Some((directory, "network=yes")) => (directory, true),
            Some((_, query)) => return Err(format!("?{query} is unknown; there is ?network=yes")),
        };
        let directory = (!directory.is_empty()).then(|| directory.to_owned());
        if let Some(directory) = &directory
            && !std::path::Path::new(directory).is_absolute()
        {
            return Err(format!(
                "the directory must be absolute, or each working directory would have a guard of \
                 its own; {directory:?} is not (a ~ is not expanded here)"
            ));
        }
        Ok(StoreName::File { directory, network })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_absolute_or_the_users_own() {
        for good in ["memory:", "file:", "file:/var/lib/x", "file:/x?network=yes"] {
            assert!(StoreName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "file:x",
            "file:./x",
            "file:~/.tsm",
            "file:/x?y",
            "redis://h",
            "",
            "file",
        ] {
            assert!(StoreName::parse(bad).is_err(), "{bad}");
        }
    }
}

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
        Ok(StoreName::File {
            directory: (!directory.is_empty()).then(|| directory.to_owned()),
            network,
        })
    }
}

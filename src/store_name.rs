//! How an option names a store. What opens it is not in a name: passwords have options of their
//! own.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    Memory,
    /// A directory, or None for the user's state directory; and whether one on a network file
    /// system is accepted.
    File {
        directory: Option<String>,
        network: bool,
    },
    Redis(Box<RedisName>),
}

/// A store on Redis or Valkey, and how far it is to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedisName {
    pub servers: Servers,
    /// The name that the servers, which are Sentinels then, know the master by.
    pub sentinel: Option<String>,
    pub database: u16,
    /// How many replicas must have a save before it counts.
    pub replicas: u8,
    /// Whether it must be on the server's disk before it counts.
    pub fsync: bool,
    /// Whether a connection that others can read is accepted.
    pub plain: bool,
    /// Whether a server that may evict the record is accepted.
    pub evictable: bool,
    pub witness: WitnessAt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Servers {
    /// The path of a socket.
    Unix(String),
    Tcp {
        tls: bool,
        hosts: Vec<Host>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Host {
    /// Without the brackets of an IPv6 address.
    pub name: String,
    pub port: u16,
}

/// Where this host notes what it knows of a record that is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WitnessAt {
    StateDirectory,
    Directory(String),
    Nowhere,
}

type Parsed<T> = std::result::Result<T, String>;

const FORMS: &str = "must be memory:, file:, file:DIR, redis://HOST, rediss://HOST or \
                     redis+unix:///SOCKET";

impl StoreName {
    pub fn parse(value: &str) -> Parsed<StoreName> {
        let (form, rest) = value.split_once(':').ok_or(FORMS)?;
        let tcp = |tls, default_port| {
            let rest = rest.strip_prefix("//").ok_or(FORMS)?;
            RedisName::parse_tcp(tls, default_port, rest)
        };
        let redis = match form {
            "memory" if rest.is_empty() => return Ok(StoreName::Memory),
            "file" => return file(rest),
            "redis" => tcp(false, 6379),
            "rediss" => tcp(true, 6379),
            "redis+unix" | "unix" => RedisName::parse_unix(rest.strip_prefix("//").ok_or(FORMS)?),
            _ => return Err(FORMS.into()),
        };
        Ok(StoreName::Redis(Box::new(redis?)))
    }
}

fn file(rest: &str) -> Parsed<StoreName> {
    // With this a long path of Windows may begin.
    let verbatim = if rest.starts_with(r"\\?\") { 4 } else { 0 };
    let query_at = rest[verbatim..].find('?').map(|at| verbatim + at);
    let (directory, query) = rest.split_at(query_at.unwrap_or(rest.len()));
    let network = match query {
        "" => false,
        "?network=yes" => true,
        _ => return Err(format!("{query} is unknown; there is ?network=yes")),
    };
    let directory = (!directory.is_empty()).then(|| directory.to_owned());
    if let Some(directory) = &directory {
        absolute(directory)?;
    }
    Ok(StoreName::File { directory, network })
}

fn absolute(directory: &str) -> Parsed<()> {
    match std::path::Path::new(directory).is_absolute() {
        true => Ok(()),
        false => Err(format!(
            "the directory must be absolute, or each working directory would have a guard of its \
             own; {directory:?} is not (a ~ is not expanded here)"
        )),
    }
}

impl RedisName {
    fn parse_tcp(tls: bool, default_port: u16, rest: &str) -> Parsed<RedisName> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
        if hosts.contains('@') {
            return Err(
                "must hold no user and no password, which would be seen: set store_user and \
                 store_password or store_password_file"
                    .into(),
            );
        }
        let default_port = match query.split('&').any(|pair| pair.starts_with("sentinel=")) {
            true => 26379,
            false => default_port,
        };
        let hosts = hosts.split(',').map(|host| Host::parse(host, default_port));
        let hosts = hosts.collect::<Parsed<Vec<Host>>>()?;
        let database = match database {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| format!("the database must be a number, not {number:?}"))?,
        };
        let mut name = RedisName::new(Servers::Tcp { tls, hosts });
        name.database = database;
        name.read_query(query)?;
        let open = name.is_open_to_others();
        if open && !name.plain {
            return Err(
                "redis:// is plain text, which others on the network can read and change: take \
                 rediss://, or accept that with ?plain=yes"
                    .into(),
            );
        }
        Ok(name)
    }

    fn parse_unix(rest: &str) -> Parsed<RedisName> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.starts_with('/') {
            return Err("the path of the socket must be absolute: redis+unix:///SOCKET".into());
        }
        let mut name = RedisName::new(Servers::Unix(path.to_owned()));
        name.read_query(query)?;
        match name.sentinel {
            None => Ok(name),
            Some(_) => Err("?sentinel wants the hosts of Sentinels, not a socket".into()),
        }
    }

    fn new(servers: Servers) -> RedisName {
        RedisName {
            servers,
            sentinel: None,
            database: 0,
            replicas: 0,
            fsync: false,
            plain: false,
            evictable: false,
            witness: WitnessAt::StateDirectory,
        }
    }

    fn read_query(&mut self, query: &str) -> Parsed<()> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("sentinel", name) if !name.is_empty() => self.sentinel = Some(name.to_owned()),
                ("replicas", number) => {
                    self.replicas = number
                        .parse()
                        .map_err(|_| format!("replicas must be 0 to 255, not {number:?}"))?;
                }
                ("fsync", "yes") => self.fsync = true,
                ("plain", "yes") => self.plain = true,
                ("evictable", "yes") => self.evictable = true,
                ("witness", "no") => self.witness = WitnessAt::Nowhere,
                ("witness", directory) => {
                    absolute(directory)?;
                    self.witness = WitnessAt::Directory(directory.to_owned());
                }
                _ => {
                    return Err(format!(
                        "{pair:?} is unknown after the ?; there are sentinel=NAME, replicas=N, \
                         fsync=yes, plain=yes, evictable=yes, witness=DIR and witness=no"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether others may read what goes over the connection.
    pub fn is_open_to_others(&self) -> bool {
        match &self.servers {
            Servers::Unix(_) => false,
            Servers::Tcp { tls, hosts } => !tls && !hosts.iter().all(Host::is_loopback),
        }
    }
}

/// Without what follows the ?, but for the master's name: the same store, however far it is
/// trusted.
impl std::fmt::Display for RedisName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.servers {
            Servers::Unix(path) => write!(f, "redis+unix://{path}")?,
            Servers::Tcp { tls, hosts } => {
                let hosts: Vec<String> = hosts.iter().map(Host::to_string).collect();
                let s = if *tls { "s" } else { "" };
                write!(f, "redis{s}://{}", hosts.join(","))?;
            }
        }
        if self.database != 0 {
            write!(f, "/{}", self.database)?;
        }
        match &self.sentinel {
            Some(name) => write!(f, "?sentinel={name}"),
            None => Ok(()),
        }
    }
}

impl Host {
    pub fn new(name: &str, port: u16) -> Host {
        Host {
            name: name.trim_matches(['[', ']']).to_lowercase(),
            port,
        }
    }

    /// HOST, HOST:PORT or [IPv6]:PORT.
    pub fn parse(text: &str, default_port: u16) -> Parsed<Host> {
        let wrong = || format!("{text:?} is no HOST or HOST:PORT");
        let colon = match text.starts_with('[') {
            true => text.find("]:").map(|at| at + 1),
            false => text.find(':'),
        };
        let (name, port) = match colon {
            None => (text, default_port),
            Some(at) => (&text[..at], text[at + 1..].parse().map_err(|_| wrong())?),
        };
        let host = Host::new(name, port);
        let fits = |c: char| c.is_alphanumeric() || "-._:".contains(c);
        match !host.name.is_empty() && host.name.chars().all(fits) && port > 0 {
            true => Ok(host),
            false => Err(wrong()),
        }
    }

    pub fn is_loopback(&self) -> bool {
        match self.name.parse::<std::net::IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.name == "localhost",
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(value: &str) -> RedisName {
        match StoreName::parse(value) {
            Ok(StoreName::Redis(name)) => *name,
            other => panic!("{value}: {other:?}"),
        }
    }

    /// What an absolute path begins with.
    const ROOT: &str = if cfg!(windows) { "C:/" } else { "/" };

    #[test]
    fn a_directory_is_absolute_or_the_users_own() {
        for good in ["memory:", "file:"] {
            assert!(StoreName::parse(good).is_ok(), "{good}");
        }
        for (query, wanted) in [("", false), ("?network=yes", true)] {
            let name = StoreName::parse(&format!("file:{ROOT}var/x{query}"));
            let StoreName::File { directory, network } = name.unwrap() else {
                panic!("it is in files");
            };
            assert_eq!(directory, Some(format!("{ROOT}var/x")));
            assert_eq!(network, wanted);
        }
        for bad in [
            "file:x",
            "file:./x",
            "file:~/.tsm",
            "file:/x?y",
            "file:C:/x?y",
            "file:C:x",
            r"file:\\?\C:\x?y",
            "http://h",
            "",
            "file",
        ] {
            assert!(StoreName::parse(bad).is_err(), "{bad}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn a_directory_of_windows_may_be_written_in_any_of_its_ways() {
        for directory in [
            r"C:\x",
            r"\\server\share\x",
            r"\\?\C:\x",
            r"\\?\UNC\server\share\x",
        ] {
            let name = StoreName::parse(&format!("file:{directory}?network=yes"));
            let wanted = StoreName::File {
                directory: Some(directory.into()),
                network: true,
            };
            assert_eq!(name, Ok(wanted));
        }
    }

    #[test]
    fn a_store_on_redis_is_named_by_its_url() {
        for (value, name) in [
            ("redis://localhost", "redis://localhost:6379"),
            ("redis://[::1]:7000/2", "redis://[::1]:7000/2"),
            ("rediss://Cache.Example", "rediss://cache.example:6379"),
            ("rediss://a:1,b:2?replicas=1", "rediss://a:1,b:2"),
            (
                "rediss://a,b:2?sentinel=m",
                "rediss://a:26379,b:2?sentinel=m",
            ),
            ("redis+unix:///run/r.sock", "redis+unix:///run/r.sock"),
            ("unix:///run/r.sock?fsync=yes", "redis+unix:///run/r.sock"),
        ] {
            assert_eq!(redis(value).to_string(), name);
        }
        let witness = format!("witness={ROOT}w");
        let name = redis(&format!(
            "rediss://h?replicas=2&fsync=yes&evictable=yes&{witness}"
        ));
        assert!(name.replicas == 2 && name.fsync && name.evictable && !name.plain);
        assert_eq!(name.witness, WitnessAt::Directory(format!("{ROOT}w")));
        for bad in [
            "redis:localhost",
            "redis://",
            "redis://localhost:x",
            "redis://localhost:0",
            "redis://localhost/db",
            "redis://localhost?replicas=many",
            "redis://localhost?fsync=no",
            "redis://localhost?timeout=1",
            "redis://localhost?witness=here",
            "redis+unix://run/r.sock",
            "unix:///s?sentinel=m",
        ] {
            assert!(StoreName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_text_leaves_the_machine_only_when_that_is_accepted() {
        for open in ["redis://cache.example", "redis://localhost,10.0.0.1"] {
            let error = StoreName::parse(open).unwrap_err();
            assert!(error.contains("plain=yes"), "{error}");
            let accepted = redis(&format!("{open}?plain=yes"));
            assert!(accepted.is_open_to_others());
        }
        for closed in [
            "redis://127.0.0.9",
            "redis://[::1]",
            "rediss://x",
            "unix:///s",
        ] {
            assert!(!redis(closed).is_open_to_others(), "{closed}");
        }
    }

    #[test]
    fn a_password_has_no_place_in_a_name_and_is_not_repeated() {
        let error = StoreName::parse("rediss://user:s3cret@h").unwrap_err();
        assert!(error.contains("store_password") && !error.contains("s3cret"));
    }
}

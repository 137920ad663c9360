//! One connection to a server of the store: signing in, sending commands, reading answers, and
//! hearing the hints of a channel.

use std::io::{self, Write};
use std::time::Duration;

use rustix::event::PollFlags;
use zeroize::Zeroizing;

use super::Shared;
use super::place::Place;
use super::protocol::{self, Answer, Command};
use crate::call::Running;
use crate::error::{Error, Result, Status};
use crate::net::{self, Address, Stream, Watch, Watched};
use crate::platform::words;
use crate::secret::Secret;
use crate::secret_file;
use crate::settings::StoreAccess;
use crate::store_name::{Host, Servers};

/// The longest that a connection or an answer may take.
const WITHIN: Duration = Duration::from_secs(5);

/// Why something did not come about.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The call was ended, or it is of no use to try again.
    Final(Error),
    /// The connection failed, or could not be made: in words.
    Broken(String),
    /// The server cannot do it now; perhaps another can, or the same one soon.
    NotNow(String),
    /// It is for another server to do, from now on or only this once.
    Moved(Host),
    Asked(Host),
    /// The server does not know the script.
    NoScript,
}

pub(super) type Tried<T> = std::result::Result<T, Trouble>;

pub(super) struct Link {
    pub place: Place,
    pub access: StoreAccess,
    /// Which start of which server this is: its clock goes by that.
    pub run_id: String,
    /// Whether the server is asked in another's place: each command about a key wants ASKING
    /// before it.
    pub is_asked: bool,
    stream: Stream,
    /// Whether what was begun to be sent was sent to its end.
    is_whole: bool,
    input: Zeroizing<Vec<u8>>,
    /// Answers that nobody waits for.
    unread: usize,
    /// Whether it hears hints, and may say nothing else before it hears no more.
    hears: bool,
    /// Whether a hint came since the last commands left.
    hinted: bool,
}

impl Link {
    /// A connection that is signed in.
    pub fn open(place: &Place, of: &Shared, running: &Running) -> Tried<Link> {
        let Shared { name, access, .. } = of;
        let mut link = Link::connect(place, of, running)?;
        let mut commands = Vec::new();
        let password = password(access).map_err(Trouble::Final)?;
        if let Some(password) = &password {
            commands.push(auth(access, password));
        }
        if name.database != 0 {
            commands.push(Command::new(&["SELECT", &name.database.to_string()]));
        }
        commands.push(Command::new(&["INFO", "server"]));
        let answers = link.ask(&commands, running)?;
        for answer in &answers {
            link.check(answer)?;
        }
        let about = answers.last().map_or("", Answer::str);
        link.run_id = info(about, "run_id").to_owned();
        let is_one_of_many = matches!(&name.servers, Servers::Tcp { hosts, .. } if hosts.len() > 1);
        if link.run_id.is_empty() {
            return Err(link.refused("it does not tell its run_id in INFO server", ""));
        }
        if is_one_of_many && name.sentinel.is_none() && info(about, "redis_mode") != "cluster" {
            return Err(link.refused(
                "several hosts are named, and it is no cluster",
                "Name the servers of one cluster, or Sentinels with ?sentinel=NAME",
            ));
        }
        Ok(link)
    }

    /// The master, as a Sentinel knows it. One that wants a password gets the store's.
    pub fn ask_sentinel(place: &Place, of: &Shared, running: &Running) -> Tried<Place> {
        let Shared { name, access, .. } = of;
        let master = name.sentinel.as_deref().unwrap_or_default();
        let question = Command::new(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master]);
        let mut link = Link::connect(place, of, running)?;
        let mut answers = link.ask(std::slice::from_ref(&question), running)?;
        if matches!(&answers[0], Answer::Error(error) if error.starts_with("NOAUTH"))
            && let Some(password) = password(access).map_err(Trouble::Final)?
        {
            let commands = [auth(access, &password), question];
            answers = link.ask(&commands, running)?;
            link.check(&answers[0])?;
            answers.remove(0);
        }
        link.check(&answers[0])?;
        match answers[0].list() {
            [host, port] => {
                let port = port.number().and_then(|port| u16::try_from(port).ok());
                let port = port.ok_or_else(|| link.refused("it gave no port", ""))?;
                Ok(Place::Host(Host::new(host.str(), port)))
            }
            _ => Err(link.refused(
                &format!("this Sentinel knows no master {master:?}"),
                "Check ?sentinel=NAME",
            )),
        }
    }

    fn connect(place: &Place, of: &Shared, running: &Running) -> Tried<Link> {
        let Shared { name, access, .. } = of;
        let tls = matches!(&name.servers, Servers::Tcp { tls: true, .. });
        if let Place::Host(host) = place
            && !tls
            && !name.plain
            && !host.is_loopback()
        {
            return Err(Trouble::Final(store_error(format!(
                "{name} leads to {host}, over plain text, which others on the network can read and \
                 change: take rediss://, or accept that with ?plain=yes"
            ))));
        }
        let connect = |watch: &mut Watch| match place {
            Place::Socket(path) => net::connect_to_socket(path, watch),
            Place::Host(host) => {
                let address = Address::new(&host.name, host.port);
                let stream = net::connect(&address, watch)?;
                match tls {
                    true => of.tls.wrap(stream, &address, watch),
                    false => Ok(stream),
                }
            }
        };
        let within = running.within(access.connect_timeout.min(WITHIN), "no connection");
        let connected = connect(&mut Watch::new(&within));
        let stream = connected.map_err(|error| trouble(place, error, running))?;
        Ok(Link {
            place: place.clone(),
            access: access.clone(),
            run_id: String::new(),
            is_asked: false,
            stream,
            is_whole: true,
            input: Zeroizing::new(Vec::with_capacity(8 * 1024)),
            unread: 0,
            hears: false,
            hinted: false,
        })
    }

    /// Sends commands in one piece and waits for all of their answers. Those that did not come are
    /// for nobody from then on.
    pub fn ask(&mut self, commands: &[Command], running: &Running) -> Tried<Vec<Answer>> {
        self.hinted = false;
        let mut watch = Watch::new(&running.within(WITHIN, "no answer"));
        let sent = self.send(commands, &mut watch);
        sent.map_err(|error| trouble(&self.place, watch.why(error), running))?;
        let mut answers = Vec::new();
        while answers.len() < commands.len() {
            match self.answer(&mut watch, running) {
                Ok(answer) if self.is_for_nobody(&answer) => {}
                Ok(answer) => answers.push(answer),
                Err(trouble) => {
                    self.unread += commands.len() - answers.len();
                    return Err(trouble);
                }
            }
        }
        Ok(answers)
    }

    fn answer(&mut self, watch: &mut Watch, running: &Running) -> Tried<Answer> {
        loop {
            if let Some(answer) = self.buffered()? {
                return Ok(answer);
            }
            let filled = self.fill(watch);
            filled.map_err(|error| trouble(&self.place, watch.why(error), running))?;
        }
    }

    fn send(&mut self, commands: &[Command], watch: &mut Watch) -> io::Result<()> {
        let wire = self.wire(commands);
        let stream = &mut self.stream;
        let mut stream = Watched { stream, watch };
        self.is_whole = false;
        stream.write_all(&wire)?;
        stream.flush()?;
        self.is_whole = true;
        Ok(())
    }

    /// Sends commands whose answers nobody waits for. False when they did not all leave at once.
    pub fn tell(&mut self, commands: &[Command]) -> bool {
        if !self.is_whole {
            return false;
        }
        let wire = self.wire(commands);
        self.unread += commands.len();
        let watch = &mut Watch::new(&nobody());
        let written = self.stream.try_write(&wire, watch);
        self.is_whole = written.is_ok_and(|written| written == wire.len())
            && self.stream.try_flush(watch).is_ok();
        self.is_whole
    }

    /// Hears no more hints. False when that could not be said.
    pub fn hush(&mut self) -> bool {
        !self.hears || self.tell(&[])
    }

    /// Commands as they go over the wire. One that hears hints says first that it will no more.
    fn wire(&mut self, commands: &[Command]) -> Zeroizing<Vec<u8>> {
        let mut wire = Zeroizing::new(Vec::new());
        if std::mem::take(&mut self.hears) {
            Command::new(&["UNSUBSCRIBE"]).write(&mut wire);
            self.unread += 1;
        }
        commands.iter().for_each(|command| command.write(&mut wire));
        self.hears = commands.iter().any(Command::is_subscribe);
        wire
    }

    /// Waits for a hint, a slice at most; whether one came.
    pub fn hint_within_a_slice(&mut self, at_most: Duration, running: &Running) -> Tried<bool> {
        let mut waited = false;
        loop {
            running.check().map_err(Trouble::Final)?;
            while let Some(answer) = self.buffered()? {
                self.is_for_nobody(&answer);
            }
            if self.hinted {
                self.hinted = false;
                return Ok(true);
            }
            if self.fill_at_once()? {
                continue;
            }
            if waited {
                return Ok(false);
            }
            // That the time is up is no failure here.
            let mut watch = Watch::new(&running.within(at_most, "no hint"));
            let _ = self.stream.await_ready(PollFlags::IN, &mut watch);
            waited = true;
        }
    }

    /// Whether it can serve somebody else.
    pub fn is_fit(&mut self) -> bool {
        loop {
            match self.buffered() {
                Ok(Some(answer)) if self.is_for_nobody(&answer) => {}
                Ok(None) => match self.fill_at_once() {
                    Ok(true) => {}
                    Ok(false) => return true,
                    Err(_) => return false,
                },
                _ => return false,
            }
        }
    }

    /// Takes hints, and answers that nobody waits for.
    fn is_for_nobody(&mut self, answer: &Answer) -> bool {
        if let [kind, ..] = answer.list()
            && kind.text() == b"message"
        {
            self.hinted = true;
            return true;
        }
        let unread = self.unread > 0;
        self.unread -= usize::from(unread);
        unread
    }

    /// The next answer, if all of it is here.
    fn buffered(&mut self) -> Tried<Option<Answer>> {
        match protocol::read(&self.input) {
            Ok(None) => Ok(None),
            Ok(Some((answer, length))) => {
                self.forget(length);
                Ok(Some(answer))
            }
            Err(_) => Err(self.refused(
                "what it answers is not the protocol of Redis",
                "Check the host and the port",
            )),
        }
    }

    /// Waits for more.
    fn fill(&mut self, watch: &mut Watch) -> io::Result<()> {
        let mut buffer = Zeroizing::new([0; 8 * 1024]);
        let read = self.stream.read(&mut buffer[..], watch)?;
        self.keep(&buffer[..read])
    }

    /// Takes what is here; whether that was anything.
    fn fill_at_once(&mut self) -> Tried<bool> {
        let nobody = nobody();
        let mut watch = Watch::new(&nobody);
        let mut buffer = Zeroizing::new([0; 8 * 1024]);
        let read = match self.stream.try_read(&mut buffer[..], &mut watch) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            read => read.and_then(|read| self.keep(&buffer[..read])),
        };
        read.map_err(|error| trouble(&self.place, watch.why(error), &nobody))?;
        Ok(true)
    }

    fn keep(&mut self, read: &[u8]) -> io::Result<()> {
        if read.is_empty() {
            return Err(io::Error::other("the connection was closed"));
        }
        protocol::reserve(&mut self.input, read.len());
        self.input.extend_from_slice(read);
        Ok(())
    }

    fn forget(&mut self, length: usize) {
        self.input.copy_within(length.., 0);
        let left = self.input.len() - length;
        // What was moved, and what was read before it.
        self.input[left..].fill(0);
        self.input.truncate(left);
    }

    /// Fails where the answer is an error.
    pub fn check(&self, answer: &Answer) -> Tried<()> {
        match answer {
            Answer::Error(error) => Err(meaning(&self.place, error)),
            _ => Ok(()),
        }
    }

    /// It is of no use to ask this server again.
    pub fn refused(&self, why: &str, advice: &str) -> Trouble {
        refused(&self.place, why, advice, false)
    }
}

fn refused(place: &Place, why: &str, advice: &str, passes: bool) -> Trouble {
    let error = store_error(format!("{place}: {why}")).with_retryable(passes);
    Trouble::Final(match advice {
        "" => error,
        advice => error.advising(advice),
    })
}

/// What a server cannot do now, but perhaps soon, or another can.
const NOT_NOW: [&str; 8] = [
    "READONLY",
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY",
    "UNBLOCKED",
    "FAILOVER",
];

/// What an error that was answered means.
fn meaning(place: &Place, error: &str) -> Trouble {
    // A server that does not know AUTH would repeat the password.
    let error = error.split(", with args").next().unwrap_or_default();
    // A sentence may follow it.
    let error = error.trim_end_matches('.');
    // Errors of commands within a script were wrapped in words by older servers.
    let is = |code: &str| {
        error.split(' ').next() == Some(code) || error.contains(&format!(": -{code} "))
    };
    let has = |words: &str| error.contains(words);
    let told = words::message(error);
    if is("NOSCRIPT") {
        return Trouble::NoScript;
    }
    if is("MOVED") || is("ASK") {
        let Some(host) = error.split(' ').nth(2).and_then(|to| host_at(to, place)) else {
            return refused(place, &format!("it leads nowhere ({told})"), "", false);
        };
        return match is("ASK") {
            true => Trouble::Asked(host),
            false => Trouble::Moved(host),
        };
    }
    if NOT_NOW.into_iter().any(is) {
        return Trouble::NotNow(format!("{place}: {told}"));
    }
    let advice = if has("without any password") {
        "The default user has no password there: leave out store_password and \
         store_password_file, or set store_user, too"
    } else if is("NOAUTH") {
        "Set store_password or store_password_file, and store_user if it is not the default user"
    } else if is("WRONGPASS") || has("invalid password") {
        "Correct store_user and store_password, or the file of store_password_file"
    } else if is("NOPERM") || has("can't run this command") {
        "Give this user the commands, keys and channels that docs/many-hosts.md names"
    } else if has("WAITAOF") {
        "fsync=yes wants a server that knows WAITAOF (Redis 7.2 or later, Valkey)"
    } else if is("WRONGTYPE") {
        "The key is used for something else: give this library a database or a server of its own"
    } else {
        let advice = match is("OOM") || has("OOM command") {
            true => "Its memory is full: no login is sent until there is room",
            false => "No login is sent until this is mended",
        };
        return refused(place, &told, advice, true);
    };
    refused(place, &told, advice, false)
}

/// Where a redirect leads: HOST:PORT, without a host another port of the same.
fn host_at(to: &str, from: &Place) -> Option<Host> {
    let (host, port) = to.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    match (host, from) {
        ("", Place::Host(same)) => Some(Host::new(&same.name, port)),
        ("" | "?", _) => None,
        (host, _) if host.contains(|c: char| !c.is_ascii_graphic()) => None,
        (host, _) => Some(Host::new(host, port)),
    }
}

/// For what nobody waits for, so that it may not take long.
pub(super) fn nobody() -> Running {
    let soon = Duration::from_secs(1);
    Running::start(&Default::default(), Default::default(), soon)
}

pub(super) fn store_error(what: impl std::fmt::Display) -> Error {
    Error::new(Status::Store, format!("store: {what}")).with_retryable(true)
}

/// The value of a line of INFO, or "".
pub(super) fn info<'a>(text: &'a str, name: &str) -> &'a str {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    text.lines().find_map(value).map_or("", str::trim)
}

fn password(access: &StoreAccess) -> Result<Option<Secret>> {
    match &access.password_file {
        None => Ok(access.password.clone()),
        Some(path) => secret_file::read(path)
            .map(Some)
            .map_err(|why| store_error(format!("store_password_file {why}"))),
    }
}

fn auth(access: &StoreAccess, password: &Secret) -> Command {
    let mut command = Command::new(&["AUTH"]);
    if let Some(user) = &access.user {
        command.push(user.as_bytes());
    }
    command.push(password.reveal().as_bytes());
    command
}

/// The call was ended, or the connection is of no use.
fn trouble(place: &Place, error: Error, running: &Running) -> Trouble {
    match (running.check(), error.status()) {
        (Err(ended), _) => Trouble::Final(ended),
        // The same certificate will be no better.
        (_, Status::Tls) => {
            let error = store_error(format!("{place}: {}", error.message()))
                .advising("Set ca_file to the root certificate that the server's was signed with");
            Trouble::Final(error.with_retryable(false))
        }
        _ => Trouble::Broken(format!("{place}: {}", error.message())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, port: u16) -> Place {
        Place::Host(Host::new(name, port))
    }

    fn said(error: &str) -> Trouble {
        meaning(&at("here", 1), error)
    }

    #[test]
    fn a_redirect_leads_to_a_host_or_to_another_port_of_the_same() {
        for (to, host, port) in [
            ("10.0.0.2:7000", "10.0.0.2", 7000),
            ("::1:7000", "::1", 7000),
            ("node.example:7000", "node.example", 7000),
            (":7000", "here", 7000),
        ] {
            let host = Host::new(host, port);
            let moved = said(&format!("MOVED 3999 {to}"));
            assert!(matches!(moved, Trouble::Moved(to) if to == host), "{to}");
            let asked = said(&format!("ASK 3999 {to}"));
            assert!(matches!(asked, Trouble::Asked(to) if to == host), "{to}");
        }
        for nowhere in [
            "MOVED",
            "MOVED 1 ?:7000",
            "MOVED 1 host:0",
            "ASK 1 host",
            "MOVED 1 a\u{1b}b:1",
        ] {
            assert!(matches!(said(nowhere), Trouble::Final(_)), "{nowhere}");
        }
    }

    #[test]
    fn what_passes_is_asked_again_also_where_a_script_met_it() {
        for error in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica. script: 1, on @user_script:1.",
            "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
            "MASTERDOWN Link with MASTER is down",
            "CLUSTERDOWN The cluster is down",
            "TRYAGAIN Multiple keys request during rehashing of slot",
        ] {
            assert!(matches!(said(error), Trouble::NotNow(_)), "{error}");
        }
    }

    #[test]
    fn what_a_person_must_mend_says_how_and_repeats_no_password() {
        for (error, advice, passes) in [
            (
                "NOAUTH Authentication required.",
                "Set store_password",
                false,
            ),
            (
                "ERR AUTH <password> called without any password configured for the default user.",
                "user. The default user has no password there: leave out store_password",
                false,
            ),
            (
                "WRONGPASS invalid username-password pair",
                "Correct store_user",
                false,
            ),
            (
                "NOPERM this user has no permissions",
                "docs/many-hosts.md",
                false,
            ),
            (
                "ERR The user executing the script can't run this command or subcommand",
                "docs/many-hosts.md",
                false,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                "is full",
                true,
            ),
            (
                "ERR \u{1b}[31mred\nlines",
                "here:1: ERR [31mred lines. No login",
                true,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                "is mended",
                true,
            ),
            (
                "ERR unknown command 'AUTH', with args beginning with: 's3cret'",
                "",
                true,
            ),
        ] {
            let Trouble::Final(told) = said(error) else {
                panic!("{error}");
            };
            assert!(told.message().contains(advice), "{told}");
            assert!(!told.message().contains("s3cret"), "{told}");
            assert_eq!(told.retryable(), passes, "{told}");
        }
    }
}

//! The connections of a session, all to one origin: kept when an answer has ended well, and used
//! again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use crate::call::Running;
use crate::error::{Error, Result};
use crate::net::proxy::{self, Proxy};
use crate::net::{self, Address, Stream, Watch, Watched, tls, tunnel};
use crate::runtime::Runtime;
use crate::settings::Settings;

const MOST_KEPT: usize = 64;
/// Servers and the routers on the way forget a silent connection after a minute or more.
const KEPT_FOR: Duration = Duration::from_secs(90);
/// A connection that answered this lately is as good as a fresh one.
const LATELY: Duration = Duration::from_secs(2);

/// On which connection a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Any. One that was kept may prove dead only once the request is written.
    Any,
    /// For what must not be lost: one that has answered since this call began, and lately, or else
    /// a fresh one.
    Sound,
}

pub(super) struct Connections {
    to: Address,
    is_https: bool,
    proxy: Option<Proxy>,
    tls: tls::Client,
    user_agent: String,
    connect_timeout: Duration,
    kept: Mutex<Vec<Link>>,
}

impl Connections {
    pub fn new(settings: &Settings, runtime: Arc<dyn Runtime>) -> Result<Connections> {
        let endpoint = settings.endpoint();
        let environment = |name: &str| std::env::var_os(name);
        let proxy = proxy::choose(settings.proxy.as_ref(), environment, endpoint)?;
        if let Some(proxy) = &proxy {
            let named_by = proxy.named_by;
            settings
                .log
                .debug(|| format!("{proxy} is on the way, named by {named_by}"));
        }
        Ok(Connections {
            to: endpoint.address(),
            is_https: endpoint.is_https(),
            proxy,
            tls: tls::Client::new(settings.ca_file.as_deref(), runtime),
            user_agent: settings.user_agent.clone(),
            connect_timeout: settings.connect_timeout,
            kept: Mutex::default(),
        })
    }

    /// Host and port of the other side, and the proxy on the way.
    pub fn other_side(&self) -> String {
        match &self.proxy {
            None => self.to.to_string(),
            Some(proxy) => format!("{} behind {proxy}", self.to),
        }
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Reads the certificates to trust.
    pub fn prepare(&self, running: &Running) -> Result<()> {
        match self.is_https {
            true => self.tls.config(running).map(drop),
            false => Ok(()),
        }
    }

    /// A connection, and whether it was kept.
    pub fn get(&self, which: Connection, watch: &mut Watch) -> Result<(Link, bool)> {
        match self.kept(which, watch) {
            Some(link) => Ok((link, true)),
            None => self.connect(watch).map(|link| (link, false)),
        }
    }

    fn kept(&self, which: Connection, watch: &mut Watch) -> Option<Link> {
        let now = Instant::now();
        let since = match which {
            Connection::Any => now.checked_sub(KEPT_FOR),
            Connection::Sound => now.checked_sub(LATELY).max(Some(watch.running().began())),
        };
        loop {
            // The last one in was used most lately.
            let mut link = self.lock().pop()?;
            let answered = link.answered?;
            if since.is_some_and(|since| answered < since) {
                if which == Connection::Sound {
                    self.lock().push(link);
                }
                return None;
            }
            if link.is_quiet(watch) {
                return Some(link);
            }
        }
    }

    /// Keeps a connection that has answered.
    pub fn keep(&self, link: Link) {
        let mut kept = self.lock();
        let oldest = Instant::now().checked_sub(KEPT_FOR);
        kept.retain(|link| link.answered >= oldest);
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push(link);
    }

    pub fn forget_kept(&self) {
        self.lock().clear();
    }

    fn connect(&self, watch: &mut Watch) -> Result<Link> {
        let connected = watch.within(self.connect_timeout, "no connection", |watch| {
            let stream = match &self.proxy {
                None => net::connect(&self.to, watch)?,
                Some(proxy) => self.connect_through(proxy, watch)?,
            };
            match self.is_https {
                true => {
                    let wrapped = self.tls.wrap(stream, &self.to, watch);
                    wrapped.map_err(|error| self.behind_proxy(error))
                }
                false => Ok(stream),
            }
        });
        connected
            .map(Link::new)
            .map_err(|error| error.about(&format!("no connection to {}", self.to)))
    }

    fn connect_through(&self, proxy: &Proxy, watch: &mut Watch) -> Result<Stream> {
        let mut connect = || {
            let mut stream = net::connect(&proxy.address, watch)?;
            if proxy.tls {
                stream = self.tls.wrap(stream, &proxy.address, watch)?;
            }
            Ok(stream)
        };
        let mut stream = connect().map_err(|error: Error| error.about(&proxy.to_string()))?;
        let mut watched = Watched {
            stream: &mut stream,
            watch,
        };
        tunnel::open(&mut watched, proxy, &self.to, &self.user_agent).map_err(|error| {
            match tunnel::refusal(&error) {
                Some(refusal) => refusal.clone(),
                None => watch.why(error).about(&proxy.to_string()),
            }
        })?;
        Ok(stream)
    }

    /// It may be the proxy that speaks TLS in the platform's place.
    fn behind_proxy(&self, error: Error) -> Error {
        match &self.proxy {
            None => error,
            Some(proxy) => error.about(&format!("behind {proxy}")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Link>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

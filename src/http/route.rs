//! The way to the platform: over the network or through a proxy, with TLS where the URL says https.
//! Sessions take it at once; who wants to know where it ends takes the same steps one by one.

use std::sync::Arc;
use std::time::Duration;

use crate::call::Running;
use crate::error::{Error, Result};
use crate::net::proxy::{self, Proxy};
use crate::net::{self, Address, Stream, Watch, Watched, tls, tunnel};
use crate::runtime::Runtime;
use crate::settings::Network;

pub(crate) struct Route {
    to: Address,
    is_https: bool,
    proxy: Option<Proxy>,
    tls: tls::Client,
    user_agent: String,
    connect_timeout: Duration,
}

impl Route {
    pub fn new(network: &Network, runtime: Arc<dyn Runtime>) -> Result<Route> {
        let tls = tls::Client::new(network.ca_file.as_deref(), runtime);
        Route::with_tls(network, tls)
    }

    pub fn with_tls(network: &Network, tls: tls::Client) -> Result<Route> {
        let endpoint = &network.endpoint;
        let environment = |name: &str| std::env::var_os(name);
        let proxy = proxy::choose(network.proxy.as_ref(), environment, endpoint)?;
        if let Some(proxy) = &proxy {
            let named_by = proxy.named_by;
            network
                .log
                .debug(|| format!("{proxy} is on the way, named by {named_by}"));
        }
        Ok(Route {
            to: endpoint.address(),
            is_https: endpoint.is_https(),
            proxy,
            tls,
            user_agent: network.user_agent.clone(),
            connect_timeout: network.connect_timeout,
        })
    }

    /// Where it leads.
    pub fn to(&self) -> &Address {
        &self.to
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }

    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Host and port of the other side, and the proxy on the way.
    pub fn other_side(&self) -> String {
        match &self.proxy {
            None => self.to.to_string(),
            Some(proxy) => format!("{} behind {proxy}", self.to),
        }
    }

    /// Reads the certificates to trust.
    pub fn prepare(&self, running: &Running) -> Result<()> {
        match self.is_https {
            true => self.tls.config(running).map(drop),
            false => Ok(()),
        }
    }

    /// All of it.
    pub fn connect(&self, watch: &mut Watch) -> Result<Stream> {
        let connected = watch.within(self.connect_timeout, "no connection", |watch| {
            let stream = match &self.proxy {
                None => net::connect(&self.to, watch)?,
                Some(proxy) => {
                    let connected = net::connect(&proxy.address, watch);
                    let stream = connected.map_err(|error| error.about(&proxy.to_string()))?;
                    self.tunnel(proxy, stream, watch)?
                }
            };
            self.secure(stream, watch)
        });
        connected.map_err(|error| error.about(&format!("no connection to {}", self.to)))
    }

    /// A tunnel to the platform, over a connection to the proxy.
    pub fn tunnel(&self, proxy: &Proxy, stream: Stream, watch: &mut Watch) -> Result<Stream> {
        let mut stream = match proxy.tls {
            false => stream,
            true => {
                let wrapped = self.tls.wrap(stream, &proxy.address, watch);
                wrapped.map_err(|error| error.about(&proxy.to_string()))?
            }
        };
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

    /// TLS with the platform, where there is to be any.
    pub fn secure(&self, stream: Stream, watch: &mut Watch) -> Result<Stream> {
        match self.is_https {
            true => {
                let wrapped = self.tls.wrap(stream, &self.to, watch);
                wrapped.map_err(|error| self.behind_proxy(error))
            }
            false => Ok(stream),
        }
    }

    /// It may be the proxy that speaks TLS in the platform's place.
    fn behind_proxy(&self, error: Error) -> Error {
        match &self.proxy {
            None => error,
            Some(proxy) => error.about(&format!("behind {proxy}")),
        }
    }
}

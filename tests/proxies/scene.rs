//! A sandbox, a proxy before it, and sessions that go through.

use std::path::{Path, PathBuf};

use thingspace_sandbox::{Options, Sandbox};
use thingspace_session::{Call, Config, Error, Request, Result, Session};

use crate::daemon::{Daemon, Folder};
use crate::free_port::free_port;

pub const ACCOUNT: &str = "/m2m/v1/accounts/0000123456-00001";

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

/// The port of the sandbox's TLS.
pub fn tls_port(sandbox: &Sandbox) -> u16 {
    let authority = sandbox.tls_base_url().split('/').nth(2).unwrap();
    authority.rsplit(':').next().unwrap().parse().unwrap()
}

/// A session to the sandbox's TLS port, by name, through a proxy.
pub fn config(sandbox: &Sandbox, proxy: &str) -> Config {
    let mut config = Config::new();
    for (name, value) in [
        ("base_url", sandbox.tls_base_url()),
        ("ca_file", sandbox.ca_file().to_str().unwrap()),
        ("username", "zbeeblebrox"),
        ("password", "IMgr8"),
        ("app_key", "key"),
        ("app_secret", "secret"),
        ("store", "memory:"),
        ("proxy", proxy),
    ] {
        config.set(name, value).unwrap();
    }
    config
}

pub fn login(sandbox: &Sandbox, proxy: &str) -> Result<Session> {
    Session::login(&config(sandbox, proxy), &Call::new())
}

pub fn get(session: &Session, call: &Call) -> Result<u16> {
    let request = Request {
        method: "GET",
        path: ACCOUNT,
        headers: &[],
        body: &[],
    };
    session.request(call, request).map(|answer| answer.status())
}

/// Nothing of it was sent to the platform.
pub fn refusal(sandbox: &Sandbox, proxy: &str) -> Error {
    let error = login(sandbox, proxy).unwrap_err();
    assert_eq!(sandbox.counter("requests"), 0);
    error
}

/// A proxy that is a program, and what it wrote down.
pub struct Proxy {
    pub daemon: Daemon,
    folder: Folder,
}

impl Proxy {
    /// `rules` are lines of its own configuration, before those that allow everything.
    pub fn squid(rules: &str) -> Proxy {
        Proxy::squid_in(Folder::new("squid"), rules)
    }

    fn squid_in(folder: Folder, rules: &str) -> Proxy {
        let port = free_port();
        let log = folder.path("log");
        let configuration = format!(
            "http_port 127.0.0.1:{port}\n\
             visible_hostname localhost\n\
             pid_filename none\n\
             netdb_filename none\n\
             pinger_enable off\n\
             cache deny all\n\
             cache_log /dev/null\n\
             access_log stdio:{}\n\
             shutdown_lifetime 0 seconds\n\
             {rules}\n\
             http_access allow all\n",
            log.display()
        );
        let file = folder.file("squid.conf", &configuration);
        let arguments = [Path::new("-N"), Path::new("-f"), &file];
        Proxy {
            daemon: Daemon::start("squid", &arguments, port),
            folder,
        }
    }

    /// One that wants this user and password.
    pub fn squid_with_password(user: &str, password: &str) -> Proxy {
        let folder = Folder::new("squid");
        let script = format!(
            "while read line; do\n\
             [ \"$line\" = \"{user} {password}\" ] && echo OK || echo ERR\n\
             done\n"
        );
        let script = folder.file("check.sh", &script);
        let rules = format!(
            "auth_param basic program /bin/sh {}\n\
             auth_param basic children 1 startup=1\n\
             acl known proxy_auth REQUIRED\n\
             http_access deny !known",
            script.display()
        );
        Proxy::squid_in(folder, &rules)
    }

    pub fn tinyproxy(rules: &str) -> Proxy {
        let folder = Folder::new("tinyproxy");
        let port = free_port();
        let log = folder.path("log");
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 600\n\
             LogFile \"{}\"\nLogLevel Connect\n{rules}\n",
            log.display()
        );
        let file = folder.file("tinyproxy.conf", &configuration);
        let arguments = [Path::new("-d"), Path::new("-c"), &file];
        Proxy {
            daemon: Daemon::start("tinyproxy", &arguments, port),
            folder,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.daemon.port)
    }

    /// What error messages call it.
    pub fn words(&self) -> String {
        format!("the proxy 127.0.0.1:{}", self.daemon.port)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// What it wrote down of the tunnels it was asked for.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path("log")).unwrap_or_default()
    }
}

//! Real proxies: squid, tinyproxy, and stunnel for one that speaks TLS. A session goes through
//! each to the sandbox's TLS port, by name; a refusal names the proxy and says what to do.

#![cfg(unix)]

mod daemon;
#[path = "../free_port.rs"]
mod free_port;
mod refusals;
mod scene;
mod tunnels;
mod variables;

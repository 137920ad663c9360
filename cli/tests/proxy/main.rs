//! `thingspace proxy` as clients meet it: over real sockets, byte by byte and by the programs that
//! people use, in front of the sandbox and of a platform made by hand.

#![cfg(unix)]

/// That of the other commands' tests, which need more of it.
#[allow(dead_code)]
#[path = "../commands/scene.rs"]
mod scene;

mod address;
mod answers;
mod clients;
mod hostile;
mod platform;
mod served;
mod sessions;
mod stopping;
mod streams;

const ACCOUNT: &str = "/m2m/v1/accounts/0000123456-00001";
const DEVICES: &str = "/m2m/v1/devices/actions/list";

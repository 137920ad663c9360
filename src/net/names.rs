//! Host names. They are looked up to connect and for nothing else, on a thread of their own, since
//! the system's resolver cannot be interrupted; one look-up for a name at a time serves all who
//! want it, so there are never more such threads than names.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use super::{Address, Watch};
use crate::error::{Error, Result, Status};
use crate::fork;
use crate::per_key::PerKey;
use crate::runtime;
use crate::single_flight::SingleFlight;

/// By process and name: a look-up does not come along into a forked child.
static LOOK_UPS: PerKey<(u32, String), LookUps> = PerKey::new();

struct LookUps(SingleFlight<Arc<[IpAddr]>>);

impl Default for LookUps {
    fn default() -> LookUps {
        LookUps(SingleFlight::new("tsm-resolve", runtime::system()))
    }
}

/// The addresses of a host, in the order in which to try them. Never none.
pub(crate) fn look_up(of: &Address, watch: &mut Watch) -> Result<Vec<SocketAddr>> {
    let ips = match of.host.parse::<IpAddr>() {
        Ok(ip) => Arc::from([ip]),
        Err(_) => {
            let name = of.host.clone();
            let look_ups = LOOK_UPS.get(&(fork::generation(), name.clone()));
            let ask = move |_: &_| ask_the_system(&name);
            look_ups.0.run(watch.running(), || None, ask)?
        }
    };
    Ok(ips.iter().map(|ip| SocketAddr::new(*ip, of.port)).collect())
}

fn ask_the_system(name: &str) -> Result<Arc<[IpAddr]>> {
    let failed = |why: String| Error::new(Status::Network, why);
    let found = (name, 0)
        .to_socket_addrs()
        .map_err(|error| failed(format!("the host name does not resolve: {error}")))?;
    let found: Arc<[IpAddr]> = found.map(|address| address.ip()).collect();
    match found.is_empty() {
        true => Err(failed("the host name has no address".into())),
        false => Ok(found),
    }
}

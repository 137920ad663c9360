//! Where the store of a history is, and what may become of it there.

use std::path::Path;

use crate::groups::{Cluster, MASTER, Sentinels};
use crate::proxy::Proxy;
use crate::random::Random;
use crate::server::Server;

/// Hosts of an account.
pub const HOSTS: usize = 3;

pub enum Place {
    /// Each process for itself.
    Apart,
    /// One server, and a way to it for each host.
    Alone(Server, Vec<Proxy>),
    Sentinels(Sentinels),
    Cluster(Cluster),
}

impl Place {
    pub fn alone() -> Place {
        let server = Server::with(&["--enable-debug-command", "yes"]);
        let ways = (0..HOSTS).map(|_| Proxy::to(server.port())).collect();
        Place::Alone(server, ways)
    }

    /// The store as one host names it.
    pub fn url(&self, host: usize, witness: &Path) -> String {
        let witness = witness.display();
        match self {
            Place::Apart => "memory:".into(),
            Place::Alone(_, ways) => {
                let port = ways[host].port();
                format!("redis://127.0.0.1:{port}?witness={witness}")
            }
            Place::Sentinels(of) => {
                let hosts = of.hosts();
                format!("redis://{hosts}?sentinel={MASTER}&replicas=1&witness={witness}")
            }
            Place::Cluster(of) => {
                let hosts = of.hosts();
                format!("redis://{hosts}?replicas=1&witness={witness}")
            }
        }
    }

    fn servers(&mut self) -> &mut [Server] {
        match self {
            Place::Apart => &mut [],
            Place::Alone(server, _) => std::slice::from_mut(server),
            Place::Sentinels(of) => &mut of.servers,
            Place::Cluster(of) => &mut of.servers,
        }
    }

    /// Something goes wrong; what.
    pub fn mishap(&mut self, random: &mut Random) -> &'static str {
        if let Place::Alone(_, ways) = self
            && random.one_in(2)
        {
            let way = &ways[random.below(HOSTS as u64) as usize];
            return match random.one_in(2) {
                true => {
                    way.cut();
                    "connections are cut"
                }
                false => {
                    way.part();
                    "a host is parted from the server"
                }
            };
        }
        let leader = match self {
            Place::Apart => return "nothing",
            Place::Alone(..) => 0,
            Place::Sentinels(of) => of.master(),
            Place::Cluster(of) => random.one_of(&of.masters()),
        };
        if let (Place::Sentinels(of), true) = (&*self, random.one_in(4)) {
            of.fail_over();
            return "another server is made the master";
        }
        let server = &mut self.servers()[leader];
        match random.below(4) {
            0 => {
                server.kill();
                "a server is killed"
            }
            1 => {
                server.wipe();
                "a server starts anew with nothing"
            }
            2 => {
                server.signal(libc::SIGSTOP);
                "a server is stopped"
            }
            _ => {
                server.stand_still("1");
                "a server stands still for a second"
            }
        }
    }

    /// All is as it should be again.
    pub fn heal(&mut self) {
        for server in self.servers() {
            server.signal(libc::SIGCONT);
            if !server.is_running() {
                server.run();
            }
        }
        match self {
            Place::Apart => {}
            Place::Alone(_, ways) => ways.iter().for_each(Proxy::heal),
            Place::Sentinels(of) => of.settle(),
            Place::Cluster(of) => of.settle(),
        }
    }
}

//! The platform's port: every request goes to the world under its lock, and what comes out is
//! delivered without it.

use std::io;
use std::sync::Arc;

use crate::http::{Handler, Next, Request, Wire};
use crate::shared::Shared;
use crate::transport::Transport;
use crate::world::Plan;

pub struct PlatformPort(pub Arc<Shared>);

impl Handler for PlatformPort {
    fn handle<T: Transport>(&self, request: &Request<'_>, wire: &mut Wire<T>) -> io::Result<Next> {
        let Plan { delivery, line } = self.0.world().receive(request);
        delivery.carry_out(&self.0, line, request, wire)
    }
}

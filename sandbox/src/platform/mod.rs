//! Who answers: the gateway, OAuth, and the REST and SOAP services, over what the world remembers.
//! A request goes to them under the world's lock; what comes out is delivered without it.

mod base;
mod devices;
mod gateway;
mod oauth;
mod outcome;
mod receive;
mod rest;
mod route;
mod soap;

use std::sync::Arc;

use crate::http::Request;
use crate::net::{Client, Delivery, Handler};
use crate::world::{Counter, SharedWorld, Waited};

use receive::{Plan, Wait, receive};

pub use base::BASE;
pub use receive::process_late;

/// What is served on the platform's ports.
pub struct Platform(pub Arc<SharedWorld>);

impl Handler for Platform {
    fn connected(&self) {
        self.0.world().counters.add(Counter::Connections);
    }

    fn handle(&self, request: &Request<'_>, client: &mut dyn Client) -> Delivery {
        let Plan {
            delivery,
            wait,
            line,
        } = receive(&mut self.0.world(), request);
        self.0.request_came();
        if let Wait::No = wait {
            return delivery;
        }
        if !self.wait(wait, client) {
            return Delivery::HangUp;
        }
        if let Some(status) = delivery.status() {
            self.0.world().log.answered(line, status);
        }
        delivery
    }
}

impl Platform {
    /// False when nobody waits for the answer any more.
    fn wait(&self, wait: Wait, client: &mut dyn Client) -> bool {
        match wait {
            Wait::No => true,
            Wait::For(length) => client.pause(length) && !client.hung_up(),
            Wait::ForRelease(ticket) => {
                self.0.wait_for_release(ticket, || client.hung_up()) == Waited::Ready
            }
        }
    }
}

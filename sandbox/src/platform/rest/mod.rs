//! The REST services: sessions, and the resources behind them. Each looks at both tokens first, but
//! for the login, which has only one to look at.

mod errors;
mod resources;
mod session;
mod tokens;

pub use resources::{Resource, call, call_canned};
pub use session::{login, logout, named, reset_password};
pub use tokens::expired;

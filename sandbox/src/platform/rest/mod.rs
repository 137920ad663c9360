//! The REST services: sessions, and the resources behind them.

mod errors;
mod resources;
mod session;
mod tokens;

pub use resources::{Resource, call};
pub use session::{login, logout, named};
pub use tokens::expired;

//! What the sandbox remembers, all of it in memory. Nothing here waits for a client, touches the
//! network or decides what to answer: the platform and the control port do that.

mod api_tokens;
mod canned;
mod clock;
mod contacts;
mod counters;
mod faults;
mod held;
mod kind;
mod late;
mod log;
mod memory;
mod sessions;
mod settings;
mod shared;

pub use canned::{Canned, CannedAnswers, CannedPath};
pub use contacts::Verdict;
pub use counters::{Counter, Counters};
pub use faults::{
    Effect, End, Fault, GatewayFault, Instead, Pause, Processed, Reply, Told, Travel,
};
pub use held::Ticket;
pub use kind::Kind;
pub use log::{LineId, Note};
pub use memory::World;
pub use sessions::{HEADER, OTHER_HEADER, Refused};
pub use settings::{CodeType, ExpiredShape, ExpiresIn, Prefixes, Settings, TokenIn, TokenType};
pub use shared::{SharedWorld, Waited};

//! The press: what is read from it, what is decided about it, what is written to it.
//!
//! ```text
//!  task (own thread) --reading, refusal--> Desk <--finished shot, plan-- shot path
//!       ^                                   | guard, records, counts
//!       '-------------- order --------------'  <--confirm, decline, arm, off-- pages, input line
//! ```

pub mod desk;
pub mod injecting;
pub mod key;
pub mod link;
pub mod permit;
pub mod record;
pub mod seen;
pub mod settings;
pub mod show;
pub mod task;

#[cfg(test)]
mod tests;

pub use desk::{Desk, Plan};
pub use injecting::Injecting;
pub use key::Key;
pub use permit::Permit;
pub use settings::PressConfig;

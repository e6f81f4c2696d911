//! The press port: what the box reads from a controller and, where everybody agrees, writes to it.
//!
//! ```text
//!  Profile (TOML) --> Press --read--> PressSignals        Change --apply--> write, read back, compare
//!                       |
//!                     Port<T>: the rules kept whatever the wire is          NoPress: there is nothing to talk to
//!                       |                                               ByHand: a person turns the dials
//!                       |
//!        OpcUa | Modbus | Scripted: a Transport carries values, it decides nothing
//! ```
//! The press belongs to its operator. Whatever is unclear, nothing is written.

pub mod by_hand;
pub mod error;
pub mod keep;
pub mod modbus;
pub mod none;
pub mod opcua;
pub mod port;
pub mod press;
pub mod profile;
pub mod rules;
pub mod scripted;
pub mod transport;
mod watch;

pub use by_hand::ByHand;
pub use error::{PressError, Refusal, Why};
pub use modbus::Modbus;
pub use none::NoPress;
pub use opcua::{OpcUa, Pin, commission};
pub use port::{Abilities, Ability, Cycle, PressPort};
pub use press::Press;
pub use profile::Profile;
pub use rules::Port;
pub use scripted::Scripted;

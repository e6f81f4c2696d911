//! The sorting lines: good, reject, uncertain.

use crate::NodeTicks;
use serde::{Deserialize, Serialize};

/// What the lines tell the machine that takes the part. Exactly one line is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartVerdict {
    /// The part is good.
    Good,
    /// The part goes to scrap. Also the state nobody asked for: boot, silence, reset.
    Reject,
    /// A person should look.
    Uncertain,
}

/// What the lines do when the host is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputPolicy {
    /// Silence after which the fail-safe state is taken and a plan is disarmed.
    pub silence_ticks: u64,
    /// The fail-safe state. Never [`PartVerdict::Good`].
    pub fail_safe: PartVerdict,
}

/// Asks for a state of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOutput {
    /// Chosen by the host; comes back in the state.
    pub command: u32,
    /// The state wanted.
    pub verdict: PartVerdict,
}

/// Why the lines are as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputCause {
    /// Nobody has asked since boot.
    Boot,
    /// A host command.
    Host {
        /// Its number.
        command: u32,
    },
    /// The host was silent too long.
    HostSilent,
}

/// Sent at every change of the lines and with every answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputState {
    /// When it was taken.
    pub at: NodeTicks,
    /// The state.
    pub verdict: PartVerdict,
    /// Why.
    pub cause: OutputCause,
}

//! The sorting lines: good, reject, uncertain. A verdict is about one shot and stands for a stated time; after that,
//! and whenever anything is in doubt, the lines are in the fail-safe state.

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

/// What the lines do when nobody tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputPolicy {
    /// Silence after which the fail-safe state is taken and a plan is disarmed.
    pub silence_ticks: u64,
    /// Longest time a verdict may stand; a command that asks for more is refused.
    pub longest_ticks: u64,
    /// The fail-safe state. Never [`PartVerdict::Good`].
    pub fail_safe: PartVerdict,
}

impl OutputPolicy {
    /// What every board here does: reject after half a second of silence, no verdict beyond a minute.
    #[must_use]
    pub const fn usual(tick_hz: u32) -> Self {
        Self {
            silence_ticks: tick_hz as u64 / 2,
            longest_ticks: tick_hz as u64 * 60,
            fail_safe: PartVerdict::Reject,
        }
    }
}

/// Asks for a state of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOutput {
    /// The shot the part comes from; comes back in the state.
    pub shot: u64,
    /// The state wanted.
    pub verdict: PartVerdict,
    /// How long it stands, counted from the moment the node reads it. Zero is refused.
    pub valid_ticks: u64,
}

/// Why the lines are as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputCause {
    /// Nobody has asked since boot.
    Boot,
    /// A host command.
    Host {
        /// The shot it was about.
        shot: u64,
    },
    /// The host was silent too long.
    HostSilent,
    /// The verdict's time is over.
    Expired {
        /// The shot it was about.
        shot: u64,
    },
    /// A command whose time is zero or longer than the policy allows.
    Refused {
        /// The shot it was about.
        shot: u64,
    },
    /// A sound frame that this node cannot read: another version of the wire, or an unknown packet.
    Unreadable,
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

//! The transfer plan: armed by the host for one shot, executed by the node.
//!
//! The node only ever adds a transfer signal earlier than the press would; the press's own
//! switch-over stays configured and is the last fallback. All numbers are raw codes and node
//! ticks: the host converts pressures, volumes and times with the calibration it owns.

use crate::NodeTicks;
use serde::{Deserialize, Serialize};

/// Which way a code has to go through a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Crossing {
    /// At or above the level.
    Rising,
    /// At or below the level.
    Falling,
}

impl Crossing {
    /// Whether `code` has reached `level`.
    #[must_use]
    pub const fn reached(self, code: i32, level: i32) -> bool {
        match self {
            Self::Rising => code >= level,
            Self::Falling => code <= level,
        }
    }
}

/// When to transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferLaw {
    /// A channel (cavity or hydraulic pressure) reaches a level.
    Threshold {
        /// Channel index in the hello's table.
        channel: u8,
        /// The level, as a raw code.
        level: i32,
        /// Which way.
        crossing: Crossing,
    },
    /// The screw has travelled far enough: injected volume over screw area, as codes.
    InjectedVolume {
        /// Channel index of the screw position.
        channel: u8,
        /// Code where injection starts.
        start: i32,
        /// Codes from the start to the transfer; the sign is the direction of injection.
        travel: i32,
    },
}

impl TransferLaw {
    /// The channel the law looks at.
    #[must_use]
    pub const fn channel(&self) -> u8 {
        match *self {
            Self::Threshold { channel, .. } | Self::InjectedVolume { channel, .. } => channel,
        }
    }

    /// Whether a code of that channel calls for transfer.
    #[must_use]
    pub const fn reached(&self, code: i32) -> bool {
        match *self {
            Self::Threshold {
                level, crossing, ..
            } => crossing.reached(code, level),
            Self::InjectedVolume { start, travel, .. } => {
                let gone = code as i64 - start as i64;
                if travel >= 0 {
                    gone >= travel as i64
                } else {
                    gone <= travel as i64
                }
            }
        }
    }
}

/// The screw position at which the node transfers in any case, while the window is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// Channel index of the screw position.
    pub channel: u8,
    /// The position, as a raw code.
    pub level: i32,
    /// Which way the screw moves.
    pub crossing: Crossing,
}

/// The time in which the plan may fire. Outside it the node does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First tick at which it may fire.
    pub opens: NodeTicks,
    /// Last tick at which it may fire.
    pub closes: NodeTicks,
}

/// One shot's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferPlan {
    /// Chosen by the host, increasing; comes back in the acknowledgement and the report.
    pub id: u32,
    /// When to transfer.
    pub law: TransferLaw,
    /// In which time.
    pub window: Window,
    /// Where to transfer if the law has not spoken.
    pub fallback: Fallback,
}

/// Why a plan was not armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The window had closed before the plan arrived.
    WindowPast,
    /// The window closes before it opens.
    WindowEmpty,
    /// The window opens, or lasts, longer than the node will stay armed.
    WindowTooLong,
    /// A channel of the plan is not in the table.
    NoSuchChannel,
    /// A channel of the plan is not in the fast group the wire is decided on.
    ChannelTooSlow,
    /// A level lies outside its channel's range, or the travel is zero.
    LevelOutOfRange,
    /// The law, or the fallback, is met already: the wire would fire at once.
    AlreadyReached,
    /// A channel of the plan has a fault.
    ChannelFaulty,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::WindowPast => "its time window has already closed",
            Self::WindowEmpty => "its time window closes before it opens",
            Self::WindowTooLong => "its time window reaches further than the node stays armed",
            Self::NoSuchChannel => "it names a channel the node does not have",
            Self::ChannelTooSlow => "it names a channel outside the fast group",
            Self::LevelOutOfRange => "its level lies outside the channel's range",
            Self::AlreadyReached => "its level is reached already",
            Self::ChannelFaulty => "a channel it needs has a fault",
        })
    }
}

/// The node's answer to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanVerdict {
    /// Armed.
    Armed,
    /// Not armed, and why.
    Refused(Refusal),
}

/// Sent at once when a plan arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAck {
    /// The plan.
    pub plan: u32,
    /// When it was judged.
    pub at: NodeTicks,
    /// What was decided.
    pub verdict: PlanVerdict,
}

/// What made the wire fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FireCause {
    /// The plan's law.
    Law,
    /// The plan's fallback position.
    FallbackPosition,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferOutcome {
    /// The wire fired.
    Fired {
        /// What made it fire.
        cause: FireCause,
        /// Number of the sampling instant that decided it.
        index: u64,
        /// When that sample was due.
        due: NodeTicks,
        /// When the wire was set, read back from the timer after setting it.
        fired: NodeTicks,
        /// The deciding code.
        code: i32,
    },
    /// The window closed first. The press transfers by itself.
    Expired,
    /// The host was silent too long. The press transfers by itself.
    HostSilent,
    /// The host took it back.
    Withdrawn,
    /// A newer plan took its place.
    Replaced,
    /// The plan called for transfer, but the board could not set the wire.
    WireFailed,
}

/// Repeated until the host says it has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferReport {
    /// The plan.
    pub plan: u32,
    /// When it ended.
    pub at: NodeTicks,
    /// How it ended.
    pub outcome: TransferOutcome,
}

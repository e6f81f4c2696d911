//! The first thing a node says: who it is, why it restarted, what it measures.

use crate::channel::MAX_NAME;
use crate::{ChannelInfo, GroupInfo, MAX_CHANNELS, MAX_GROUPS, NodeTicks, OutputPolicy};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Identity of a node, from the chip's unique number. Two nodes never share one by design; when
/// they do (a cloned image), the box names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u64);

impl core::fmt::Display for NodeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Why the node last restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResetCause {
    /// Power came on.
    PowerOn,
    /// The reset pin or the debugger.
    Pin,
    /// The firmware asked for it.
    Software,
    /// The supply sagged below the brown-out level.
    BrownOut,
    /// The watchdog was not fed in time.
    Watchdog,
    /// The firmware panicked; the message is in [`Hello::panic`].
    Panic,
    /// The board cannot tell.
    Unknown,
}

impl core::fmt::Display for ResetCause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::PowerOn => "power on",
            Self::Pin => "reset pin",
            Self::Software => "software",
            Self::BrownOut => "brown-out",
            Self::Watchdog => "watchdog",
            Self::Panic => "panic",
            Self::Unknown => "unknown",
        })
    }
}

/// Sent at boot, on request, and whenever the host has been silent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// Who speaks.
    pub node: NodeId,
    /// Firmware build, for example `0.1.0 mps2-an386`.
    pub build: &'a str,
    /// Counts restarts since power came on; changes at every restart.
    pub boot: u32,
    /// Why it last restarted.
    pub reset: ResetCause,
    /// The panic message of the run before, empty unless `reset` is a panic.
    pub panic: &'a str,
    /// Ticks in a second.
    pub tick_hz: u32,
    /// When this hello was made.
    pub now: NodeTicks,
    /// What the sorting lines do when the host is silent.
    pub outputs: OutputPolicy,
    /// Rates, by group index.
    pub groups: Vec<GroupInfo, MAX_GROUPS>,
    /// The channel table, in order of channel index.
    #[serde(borrow)]
    pub channels: Vec<ChannelInfo<'a>, MAX_CHANNELS>,
}

impl Hello<'_> {
    /// Whether the table makes sense: groups exist, periods and ranges are not empty, names fit.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.tick_hz > 0
            && self
                .groups
                .iter()
                .all(|g| g.period_ticks > 0 && g.rows_per_block > 0)
            && self.channels.iter().all(|c| {
                usize::from(c.group) < self.groups.len()
                    && c.code_min < c.code_max
                    && !c.name.is_empty()
                    && c.name.len() <= MAX_NAME
            })
    }
}

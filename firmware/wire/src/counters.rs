//! The node's own account of what it did and did not do since boot.

use crate::{MAX_GROUPS, NodeTicks};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The account of one group. `sampled + missed_late + missed_full` is the number of instants that
/// have passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCounters {
    /// Rows written into blocks.
    pub sampled: u64,
    /// Instants that passed before the sampler came round (a lost or late interrupt).
    pub missed_late: u64,
    /// Instants skipped because both buffers were waiting for the wire.
    pub missed_full: u64,
}

/// Sent once a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// When these were read.
    pub at: NodeTicks,
    /// By group index.
    pub groups: Vec<GroupCounters, MAX_GROUPS>,
    /// Frames handed to the wire.
    pub frames_sent: u32,
    /// Frames that did not fit into the transmit queue and were not sent.
    pub frames_dropped: u32,
    /// Good frames from the host.
    pub host_frames: u32,
    /// Damaged frames from the host.
    pub host_bad_frames: u32,
}

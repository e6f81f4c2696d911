//! What is wrong with a sensor, when it began and when it went away.

use crate::NodeTicks;
use serde::{Deserialize, Serialize};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// The sensor's circuit is open: a broken cable or no sensor.
    OpenCircuit,
    /// The code left the range of the channel table.
    OverRange,
    /// The code has not moved by a single step for the stuck time.
    Stuck,
    /// The converter gave no reading: bus error, bad check sum, nothing ready.
    NoReading,
}

impl core::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::OpenCircuit => "open circuit",
            Self::OverRange => "over-range",
            Self::Stuck => "stuck",
            Self::NoReading => "no reading",
        })
    }
}

/// A fault began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When.
    pub at: NodeTicks,
    /// Channel index in the hello's table.
    pub channel: u8,
    /// What.
    pub kind: FaultKind,
    /// True when it began, false when it ended.
    pub present: bool,
}

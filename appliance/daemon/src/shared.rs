//! What the tick thread publishes: it tries the lock and never waits for it.

use std::sync::Mutex;

use appliance_acquire::Counts;
use appliance_pipeline::estimate::Estimate;
use appliance_pipeline::walker::Field;

use appliance_web::view::TransferNow;
use firmware_wire::PartVerdict;

use crate::realtime::Granted;

/// Time a tick took, by processor time, in a fixed histogram.
#[derive(Clone, Debug)]
pub struct TickTimes {
    /// Ticks by duration: a bin is 2 microseconds.
    bins: [u32; 256],
    count: u64,
    sum_s: f64,
}

impl Default for TickTimes {
    fn default() -> Self {
        Self {
            bins: [0; 256],
            count: 0,
            sum_s: 0.0,
        }
    }
}

const BIN_S: f64 = 2e-6;

impl TickTimes {
    /// A tick took `seconds`.
    pub fn add(&mut self, seconds: f64) {
        let bin = ((seconds / BIN_S) as usize).min(self.bins.len() - 1);
        self.bins[bin] = self.bins[bin].saturating_add(1);
        self.count += 1;
        self.sum_s += seconds;
    }

    /// Mean, s.
    pub fn mean_s(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum_s / self.count as f64
        }
    }

    /// Time that 99 of 100 stay below, s.
    pub fn p99_s(&self) -> f64 {
        let mut left = self.count as f64 * 0.01;
        for (k, n) in self.bins.iter().enumerate().rev() {
            left -= f64::from(*n);
            if left < 0.0 {
                return (k + 1) as f64 * BIN_S;
            }
        }
        0.0
    }
}

/// One channel now.
#[derive(Clone, Debug, Default)]
pub struct ChannelNow {
    /// Name.
    pub name: String,
    /// Sensor of the mold.
    pub sensor: Option<usize>,
    /// Last value, SI.
    pub last: f64,
    /// Standard deviation between shots, SI; NaN before it is known.
    pub noise: f64,
    /// Values a second over the last second.
    pub rate_hz: f64,
    /// Fault words.
    pub faults: Vec<String>,
}

/// One node now.
#[derive(Clone, Debug, Default)]
pub struct NodeNow {
    /// Identity.
    pub id: String,
    /// Build.
    pub build: String,
    /// Connected.
    pub connected: bool,
    /// The account of its line.
    pub counts: Counts,
    /// Channels.
    pub channels: Vec<ChannelNow>,
    /// Clock drift (ppm) and bound (s).
    pub clock: Option<(f64, f64)>,
}

/// Published by the tick thread.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Counts publications.
    pub sequence: u64,
    /// Estimate.
    pub estimate: Estimate,
    /// Number of the running or last shot in the records.
    pub record_shot: u64,
    /// Field.
    pub field: Field,
    /// Tick times.
    pub times: TickTimes,
    /// What the system granted.
    pub granted: Granted,
    /// Nodes.
    pub nodes: Vec<NodeNow>,
    /// Samples that came too late or without a place in time.
    pub late: u64,
    /// What the sorting lines show, as their node says; `None` without lines, or while the node is gone.
    pub output: Option<PartVerdict>,
    /// What became of the transfer the node is asked to signal; `None` where nothing is set up for that.
    pub transfer: Option<TransferNow>,
}

/// The meeting place.
#[derive(Debug, Default)]
pub struct Shared {
    published: Mutex<Published>,
}

impl Shared {
    /// Writes if nobody reads at this moment; a reader that does costs one publication, never time.
    pub fn publish(&self, write: impl FnOnce(&mut Published)) {
        if let Ok(mut p) = self.published.try_lock() {
            p.sequence += 1;
            write(&mut p);
        }
    }

    /// Writes whoever reads: for what happens once, outside the ticks.
    pub fn tell(&self, write: impl FnOnce(&mut Published)) {
        let mut p = self
            .published
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        p.sequence += 1;
        write(&mut p);
    }

    /// A copy of the latest.
    pub fn read(&self) -> Published {
        self.published
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

//! Whether everything that should be connected is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Works, but not as it should.
    Warning,
    /// Does not work.
    Fault,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Key of the sentences that say what happened, what it means for parts and what to do.
    pub key: String,
    /// What it is about.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
    /// Wall clock since, ms since 1970.
    pub since_ms: i64,
}

/// A channel of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelHealth {
    /// Name.
    pub name: String,
    /// Sensor of the mold it feeds.
    pub sensor: Option<String>,
    /// Samples a second, measured.
    pub rate_hz: f64,
    /// Last value in SI units.
    pub last: Option<f64>,
    /// Standard deviation of the last quiet half second in SI units, drift excluded.
    pub noise: Option<f64>,
    /// Fault flags in words.
    pub faults: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeHealth {
    /// Identity.
    pub id: String,
    /// Build.
    pub build: String,
    /// Port.
    pub port: String,
    /// True while frames arrive.
    pub connected: bool,
    /// Good frames.
    pub frames: u64,
    /// Sampling instants that were due and never came.
    pub gaps: u64,
    /// Frames thrown away: damaged, too long, of another version.
    pub damaged: u64,
    /// Channels.
    pub channels: Vec<ChannelHealth>,
}

/// Node clock against ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClockHealth {
    /// Drift, parts per million.
    pub drift_ppm: f64,
    /// Uncertainty of a time stamp, s.
    pub uncertainty_s: f64,
    /// True when the wall clock jumped since start.
    pub wall_jumped: bool,
}

/// Where records go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DiskHealth {
    /// Folder.
    pub path: String,
    /// Free bytes.
    pub free_bytes: u64,
    /// Bytes of the records.
    pub used_bytes: u64,
    /// Budget.
    pub budget_bytes: u64,
    /// `recording`, `paused_full`, `read_only`, ...
    pub state: String,
    /// Samples the recorder had to drop.
    pub dropped: u64,
}

/// The tick thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TickHealth {
    /// Ticks a second.
    pub rate_hz: f64,
    /// Processor time a tick, mean, s.
    pub mean_s: f64,
    /// Processor time a tick, 99 of 100 below, s.
    pub p99_s: f64,
    /// SCHED_FIFO granted.
    pub real_time: bool,
    /// Memory locked.
    pub locked: bool,
    /// Core it is pinned to.
    pub core: Option<u32>,
    /// Samples that came too late to be used live.
    pub late: u64,
}

/// The link to the press.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressHealth {
    /// `none`, `opcua`, `modbus`.
    pub port: String,
    /// Key of its state.
    pub state: String,
    /// Age of the last data, s.
    pub age_s: Option<f64>,
}

/// Builds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Versions {
    /// `moldsight` version.
    pub moldsight: String,
    /// Commit.
    pub commit: String,
    /// Release of the mold in use.
    pub release: Option<String>,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// What to do, worst first.
    pub problems: Vec<Problem>,
    /// Nodes.
    pub nodes: Vec<NodeHealth>,
    /// Clock.
    pub clock: Option<ClockHealth>,
    /// Disk.
    pub disk: Option<DiskHealth>,
    /// Tick thread.
    pub tick: TickHealth,
    /// Press link.
    pub press: PressHealth,
    /// Versions.
    pub versions: Versions,
    /// Seconds since start.
    pub uptime_s: f64,
}

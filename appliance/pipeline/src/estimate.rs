//! What a tick publishes.

use crate::ensemble::Refusal;
use crate::phase::CyclePhase;
use crate::sample::MOST_SENSORS;

/// What computes the estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The trained network.
    #[default]
    Network,
    /// The reduced solver: the mold has no release.
    Witness,
}

/// Everything known at one instant. Plain and copied whole, so that a reader can never hold up the tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Box time of the sample, s.
    pub time_s: f64,
    /// Number of the shot since the estimator was built, from 1; 0 before the first.
    pub shot: u64,
    /// Time since the shot began, s.
    pub shot_time_s: f64,
    /// Phase.
    pub phase: CyclePhase,
    /// Who computes.
    pub source: Source,
    /// Estimates by sensor of the mold, Pa or K; NaN while there is none.
    pub value: [f64; MOST_SENSORS],
    /// Their standard deviations.
    pub sd: [f64; MOST_SENSORS],
    /// Measurements, re-zeroed; NaN where nothing is measured.
    pub measured: [f64; MOST_SENSORS],
    /// Filled share of the mold.
    pub filled: f64,
    /// Frozen share of the melt.
    pub frozen: f64,
    /// Why there is no estimate in a shot.
    pub refused: Option<Refusal>,
}

impl Default for Estimate {
    fn default() -> Self {
        Self {
            time_s: f64::NAN,
            shot: 0,
            shot_time_s: 0.0,
            phase: CyclePhase::Idle,
            source: Source::Network,
            value: [f64::NAN; MOST_SENSORS],
            sd: [f64::NAN; MOST_SENSORS],
            measured: [f64::NAN; MOST_SENSORS],
            filled: 0.0,
            frozen: 0.0,
            refused: None,
        }
    }
}

//! The press as the box sees it. OPC UA, Modbus, the scripted double and `none` all pass `tests/press_contract.rs`.

use crate::error::PressError;
use appliance_pipeline::ports::{Change, PressSignals, SETPOINTS, Setpoint, Setpoints};
use std::future::{Future, ready};
use std::time::Duration;

/// A press that can be read and, where everybody agrees, written.
pub trait PressPort: Send {
    /// What this press can do, as its profile says.
    fn abilities(&self) -> &Abilities;

    /// Reads everything afresh; reaches the press again where the connection was lost, with a pause between attempts.
    ///
    /// `age_s` of the answer is the time since the cycle counter last moved, 0 where the press has none.
    ///
    /// # Errors
    /// When the press cannot be reached or does not answer.
    fn read(&mut self) -> impl Future<Output = Result<PressSignals, PressError>> + Send;

    /// Writes, then reads back every value written; returns the setpoints as they stand then. The press puts them in force
    /// at its next shot. Never reconnects, never retries.
    ///
    /// Reads once more before it writes: nothing is sent unless the press is run by itself, released, not frozen, and every setpoint
    /// is what [`PressPort::read`] last returned.
    ///
    /// # Errors
    /// Each refusal with its reason; when the press is lost; when what is read back differs.
    fn apply(
        &mut self,
        change: &Change,
    ) -> impl Future<Output = Result<Setpoints, PressError>> + Send;

    /// Changes the heartbeat, so that the controller knows the box is there. Nothing where the press has none.
    ///
    /// # Errors
    /// When the press is lost or does not take it.
    fn beat(&mut self) -> impl Future<Output = Result<(), PressError>> + Send {
        ready(Ok(()))
    }

    /// Cycles the press finished since the last call, oldest first: as it announced them, or as its counter moved between two readings.
    /// None where no wire tells.
    fn finished(&mut self) -> Vec<Cycle> {
        Vec::new()
    }

    /// Age above which the press counts as silent, s: 1.8 of the longest of its last cycles, at most what the profile says. Never
    /// where no wire tells.
    fn silent_after_s(&self) -> f64 {
        f64::INFINITY
    }
}

/// What a press can do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Abilities {
    /// Setpoints it shows, and what it takes for them.
    pub setpoints: [Option<Ability>; SETPOINTS],
    /// It says how it is run.
    pub says_operating: bool,
    /// It says whether setpoints are released.
    pub says_released: bool,
    /// It says whether it is frozen.
    pub says_frozen: bool,
    /// It counts cycles.
    pub counts_cycles: bool,
    /// [`PressPort::beat`] is due this often.
    pub heartbeat: Option<Duration>,
    /// The recipe may be written back when the box stops correcting.
    pub restore: bool,
}

impl Abilities {
    /// What it takes for a setpoint, when the box may write it.
    pub fn writable(&self, setpoint: Setpoint) -> Option<&Ability> {
        self.setpoints[setpoint as usize]
            .as_ref()
            .filter(|a| a.ours)
    }
}

/// What a press takes for one setpoint, SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ability {
    /// The box may write it.
    pub ours: bool,
    /// Lowest value of the controller.
    pub low: f64,
    /// Highest.
    pub high: f64,
    /// Largest difference between a value and what is read back that still is the same value.
    pub tolerance: f64,
    /// Unit of the profile, for people.
    pub unit: &'static str,
    /// SI = `factor` value + `zero`, value in `unit`.
    pub factor: f64,
    /// SI of zero in `unit`.
    pub zero: f64,
}

impl Ability {
    /// An SI value in the unit of the profile.
    pub fn shown(&self, si: f64) -> f64 {
        (si - self.zero) / self.factor
    }
}

/// A finished cycle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cycle {
    /// Its number as the press counts.
    pub number: Option<u64>,
    /// What the press said about it; names as in [`PressSignals::cycle_data`].
    pub data: Vec<(String, f64)>,
    /// The press announced it (an event); else its counter was seen to have moved.
    pub announced: bool,
}

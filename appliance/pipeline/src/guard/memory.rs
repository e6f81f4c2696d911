//! What of the guard survives a restart.

use serde::{Deserialize, Serialize};

use super::Mode;
use super::decision::Order;
use crate::ports::{SETPOINTS, Setpoint, Setpoints};

/// Window of the movement sum, s.
pub const HOUR_S: f64 = 3600.0;

/// A movement of a setpoint by the box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The setpoint.
    pub setpoint: Setpoint,
    /// How far, without its sign, SI.
    pub by: f64,
    /// How long ago, s. Time while the box was off does not count: a restart can only make the guard stricter.
    pub age_s: f64,
}

/// A write that was not read back yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// What was written.
    pub order: Order,
    /// How long ago, s.
    pub age_s: f64,
}

/// Everything that must outlive the process. Unknown setpoints are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Mode in force.
    pub mode: Mode,
    /// Whether an engineer armed it, and nobody took it off since.
    pub armed: bool,
    /// Whether an edit waits to be accepted.
    pub edited: bool,
    /// Whether only a person may accept it.
    pub person_only: bool,
    /// Setpoints as the guard knows them: ours, or accepted.
    pub ours: Vec<(Setpoint, f64)>,
    /// The recipe of before, with every later edit in it.
    pub baseline: Vec<(Setpoint, f64)>,
    /// A write that was not read back yet.
    pub pending: Option<Pending>,
    /// Movements within the last hour.
    pub moves: Vec<Move>,
    /// The shot after which something was last written.
    pub last_write_shot: Option<u64>,
    /// Orders and advice so far.
    pub last_id: u64,
}

/// As a list of those that are known.
pub(super) fn listed(setpoints: &Setpoints) -> Vec<(Setpoint, f64)> {
    setpoints.known().collect()
}

/// From such a list.
pub(super) fn placed(list: &[(Setpoint, f64)]) -> Setpoints {
    let mut setpoints = Setpoints::default();
    for (setpoint, value) in list {
        setpoints[*setpoint] = *value;
    }
    setpoints
}

/// Movements by the box, oldest first; ages count from `now_s`.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves(Vec<(f64, Setpoint, f64)>);

impl Moves {
    /// As stored, from now on.
    pub fn restored(moves: &[Move], now_s: f64) -> Self {
        let moves = moves.iter().filter(|m| m.by.is_finite());
        Self(
            moves
                .map(|m| (now_s - m.age_s.max(0.0), m.setpoint, m.by.abs()))
                .collect(),
        )
    }

    /// To be stored.
    pub fn stored(&self, now_s: f64) -> Vec<Move> {
        let recent = self.0.iter().filter(|(at, ..)| now_s - at <= HOUR_S);
        recent
            .map(|(at, setpoint, by)| Move {
                setpoint: *setpoint,
                by: *by,
                age_s: now_s - at,
            })
            .collect()
    }

    /// One more.
    pub fn push(&mut self, now_s: f64, setpoint: Setpoint, by: f64) {
        self.0.retain(|(at, ..)| now_s - at <= HOUR_S);
        self.0.push((now_s, setpoint, by.abs()));
    }

    /// Sum of movements within the hour before `now_s`, SI.
    pub fn sums(&self, now_s: f64) -> [f64; SETPOINTS] {
        let mut sums = [0.0; SETPOINTS];
        for (at, setpoint, by) in &self.0 {
            if now_s - at <= HOUR_S {
                sums[*setpoint as usize] += by;
            }
        }
        sums
    }
}

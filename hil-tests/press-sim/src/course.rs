//! A course: what every signal of one cycle truly does, before any sensor looks at it.

use crate::control::CycleData;
use crate::truth::Truth;
use models_physics::recipe::Recipe;
use serde::Serialize;
use std::sync::Arc;

/// What the press does in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CycleKind {
    /// A part is molded.
    Shot,
    /// A part is molded while temperatures still come up.
    Startup,
    /// Melt is shot into the air.
    Purge,
    /// The press stands.
    Idle,
    /// A recording is played.
    Recording,
}

/// One signal over a cycle: straight lines between points, in the unit of its channel.
#[derive(Clone, Debug, Default)]
pub struct Track {
    /// Times since the cycle began, s, not falling.
    pub time_s: Arc<Vec<f64>>,
    /// Values there.
    pub values: Vec<f64>,
}

impl Track {
    /// A signal that does not change.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self {
            time_s: Arc::new(vec![0.0]),
            values: vec![value],
        }
    }

    /// Points (time, value).
    #[must_use]
    pub fn of(points: &[(f64, f64)]) -> Self {
        Self {
            time_s: Arc::new(points.iter().map(|p| p.0).collect()),
            values: points.iter().map(|p| p.1).collect(),
        }
    }

    /// Value at `t`; `at` remembers the place between calls. Held at both ends.
    #[must_use]
    pub fn value(&self, t: f64, at: &mut usize) -> f64 {
        let (time, values) = (&self.time_s, &self.values);
        let last = time.len() - 1;
        *at = (*at).min(last);
        while *at > 0 && t < time[*at] {
            *at -= 1;
        }
        while *at < last && t >= time[*at + 1] {
            *at += 1;
        }
        if t <= time[*at] || *at == last {
            return values[*at];
        }
        let (t0, t1) = (time[*at], time[*at + 1]);
        values[*at] + (t - t0) / (t1 - t0) * (values[*at + 1] - values[*at])
    }
}

/// One cycle.
#[derive(Clone, Debug)]
pub struct Course {
    /// What kind.
    pub kind: CycleKind,
    /// Number of the molded shot, from 1; that of the next one in a purge or a pause.
    pub shot: u64,
    /// Length, s.
    pub duration_s: f64,
    /// When injection begins, s.
    pub inject_s: f64,
    /// When the press transfers, s; `None` when it does not.
    pub transfer_s: Option<f64>,
    /// One a channel, in the order of the table.
    pub tracks: Vec<Track>,
    /// The volume injected, m3, over the time of the cycle: what a transfer on the wire turns into a
    /// new switch-over volume.
    pub injected: Track,
    /// The setpoints it was made with.
    pub recipe: Option<Recipe>,
    /// What really happened.
    pub truth: Option<Arc<Truth>>,
    /// What the controller publishes at its end.
    pub cycle_data: Option<CycleData>,
}

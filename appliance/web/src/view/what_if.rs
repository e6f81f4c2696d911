//! What would happen if a setpoint were moved. Nothing of it reaches the press.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Effect, SetpointChange};

/// One sensor, with the change and in the reference shot, at the same times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfCurve {
    /// Sensor.
    pub sensor: String,
    /// Time since fill began, s.
    pub time_s: Vec<f32>,
    /// Reference shot, Pa or K; null where it has none.
    pub reference: Vec<Option<f32>>,
    /// Predicted with the change, Pa or K; null where there is no melt yet.
    pub value: Vec<Option<f32>>,
    /// Standard deviation of the prediction; null with it.
    pub sd: Vec<Option<f32>>,
}

/// The chance of a defect before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// `short_shot`, `flash`, `sink_mark`, `weld_line`, `burn_mark`.
    pub name: String,
    /// In the reference shot, 0 to 1.
    pub before: f64,
    /// With the change, 0 to 1.
    pub after: f64,
    /// Nine in ten lie above this.
    pub low: f64,
    /// Nine in ten lie below this.
    pub high: f64,
}

/// The prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIf {
    /// Shot it is compared with: the last one.
    pub reference_shot: u64,
    /// What was moved.
    pub changes: Vec<SetpointChange>,
    /// True when everything lies within what the network was trained for.
    pub in_range: bool,
    /// What does not, by name.
    pub outside: Vec<String>,
    /// Curves.
    pub curves: Vec<WhatIfCurve>,
    /// Part weight, shrinkage, end-of-fill pressure, core temperature.
    pub quality: Vec<Effect>,
    /// Risks.
    pub risks: Vec<Risk>,
}

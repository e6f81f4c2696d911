//! The mold as drawn.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One control volume of the flow path, as a box or tube to draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeView {
    /// Begin and end of its axis, m: `[x, y, z]` each.
    pub from_m: [f64; 3],
    /// See `from_m`.
    pub to_m: [f64; 3],
    /// Width across the flow, m; zero for a round channel.
    pub width_m: f64,
    /// Gap (or diameter), m.
    pub gap_m: f64,
    /// Name of the element in the mold file.
    pub element: String,
}

/// Pressure or temperature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorKind {
    /// Pa.
    Pressure,
    /// K.
    Temperature,
}

/// A sensor of the mold, real or virtual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SensorView {
    /// Name in the mold file.
    pub name: String,
    /// Kind.
    pub kind: SensorKind,
    /// True where a channel measures it.
    pub real: bool,
    /// True where the estimator uses it.
    pub used: bool,
    /// Place, m.
    pub at_m: [f64; 3],
}

/// The mold in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MoldView {
    /// Name.
    pub name: String,
    /// Material card.
    pub material: String,
    /// Release in use, e.g. `plate-ps-001`.
    pub release: Option<String>,
    /// Control volumes.
    pub nodes: Vec<NodeView>,
    /// Sensors.
    pub sensors: Vec<SensorView>,
    /// Melt and mold temperature of the recipe, K: the ends of the temperature scale.
    pub melt_k: f64,
    /// See `melt_k`.
    pub wall_k: f64,
    /// Temperature below which the melt counts as frozen, K.
    pub no_flow_k: f64,
    /// Highest pressure of the press, Pa: the end of the pressure scale.
    pub highest_pa: f64,
}

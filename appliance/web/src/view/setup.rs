//! What an engineer sets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which channel feeds which sensor of the mold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SensorSetup {
    /// Channel of a node, or of the box itself.
    #[schema(min_length = 1, max_length = 100)]
    pub channel: String,
    /// Sensor in the mold file; none leaves the channel unused.
    #[schema(max_length = 100)]
    pub sensor: Option<String>,
    /// Pa or K per unit of the channel, where it differs from what the node says.
    pub scale: Option<f64>,
    /// Pa or K added after scaling.
    pub offset: Option<f64>,
    /// Whether the estimator may use it.
    pub used: bool,
}

/// What a part must keep to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// Name of a prediction or feature (`part_weight`, `end_of_fill_pressure`, ...).
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Lower limit in `unit`.
    pub lower: Option<f64>,
    /// Upper limit in `unit`.
    pub upper: Option<f64>,
    /// SI unit.
    #[schema(max_length = 20)]
    pub unit: String,
}

/// The recipe as far as the press does not tell it itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CycleSetup {
    /// Usual length of a cycle, s.
    pub cycle_s: Option<f64>,
    /// Melt temperature, K.
    pub melt_k: Option<f64>,
    /// Mold temperature, K.
    pub wall_k: Option<f64>,
    /// Injection rate, m3/s.
    pub injection_rate_m3_per_s: Option<f64>,
    /// Hold pressure, Pa.
    pub hold_pressure_pa: Option<f64>,
    /// Hold time, s.
    pub hold_time_s: Option<f64>,
    /// Cooling time, s.
    pub cooling_time_s: Option<f64>,
}

/// A release on the box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseLine {
    /// Name of its folder, e.g. `plate-ps-001`.
    pub name: String,
    /// Mold it was trained for.
    pub mold: String,
    /// True for the one in use.
    pub used: bool,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Setup {
    /// Mold.
    pub mold: String,
    /// Material card.
    pub material: String,
    /// Molds the box knows.
    pub molds: Vec<String>,
    /// Material cards the box knows.
    pub materials: Vec<String>,
    /// Sensors of the mold, to choose from.
    pub mold_sensors: Vec<String>,
    /// Channels and what they feed.
    pub sensors: Vec<SensorSetup>,
    /// Limits.
    pub limits: Vec<Limit>,
    /// Recipe.
    pub cycle: CycleSetup,
    /// Releases.
    pub releases: Vec<ReleaseLine>,
    /// True while a change waits for a restart.
    pub restart_needed: bool,
}

/// What an engineer may change of [`Setup`]; other fields of it are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SetupChange {
    /// Mold.
    #[schema(min_length = 1, max_length = 100)]
    pub mold: String,
    /// Material card.
    #[schema(min_length = 1, max_length = 100)]
    pub material: String,
    /// Channels and what they feed.
    #[schema(max_items = 64)]
    pub sensors: Vec<SensorSetup>,
    /// Limits.
    #[schema(max_items = 64)]
    pub limits: Vec<Limit>,
    /// Recipe.
    pub cycle: CycleSetup,
}

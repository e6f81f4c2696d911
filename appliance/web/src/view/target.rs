//! What a part should be.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The word that stands for the reference shot's own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfReference {
    /// Whatever the reference shot had.
    Reference,
}

/// Where a target lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Aim {
    /// At this value in the unit of the quantity.
    Value(f64),
    /// At the value of the reference shot.
    Of(OfReference),
}

/// One target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// `part_weight`, `shrinkage`, `end_of_fill_pressure`, ...
    #[schema(min_length = 1, max_length = 60)]
    pub quantity: String,
    /// SI unit.
    #[schema(max_length = 20)]
    pub unit: String,
    /// Where it lies: a number, or `"reference"`.
    pub value: Aim,
    /// Allowed distance from it, above zero.
    #[schema(exclusive_minimum = 0.0)]
    pub tolerance: f64,
    /// Whether corrections aim at it.
    pub enabled: bool,
}

/// Targets of the mold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Targets {
    /// Those that are set.
    pub targets: Vec<Target>,
    /// Quantities a target can be set on, with their SI units.
    pub quantities: Vec<(String, String)>,
    /// Value each of them had in the reference shot, where known.
    pub reference: Vec<(String, f64)>,
}

/// What an engineer sets; replaces all targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetsChange {
    /// Targets, each quantity at most once.
    #[schema(max_items = 32)]
    pub targets: Vec<Target>,
}

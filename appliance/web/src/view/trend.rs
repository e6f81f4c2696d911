//! One figure over shots.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A feature, prediction or label over the last shots, oldest first; all lists have one entry a shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// Name of the feature.
    pub feature: String,
    /// Unit of values and limits.
    pub unit: String,
    /// Shot numbers.
    pub shots: Vec<u64>,
    /// Values; null where the shot has none.
    pub values: Vec<Option<f64>>,
    /// Standard deviations; null where the value is measured.
    pub sd: Vec<Option<f64>>,
    /// Lower and upper limit, where set.
    pub limits: [Option<f64>; 2],
}

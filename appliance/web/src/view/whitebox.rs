//! What the box believes about the process, in physical quantities.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A latent after one shot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LatentPoint {
    /// Shot.
    pub shot: u64,
    /// Value.
    pub value: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// A latent over shots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LatentLine {
    /// Name (`viscosity`, `htc`, `hold_loss`, ...).
    pub name: String,
    /// Unit (`1` for a factor).
    pub unit: String,
    /// Prior mean and standard deviation.
    pub prior: [f64; 2],
    /// Bounds.
    pub bounds: [f64; 2],
    /// Share of the prior's variance that data removed, 0 to 1: below 0.1 it is not identifiable.
    pub learned: f64,
    /// True when it rests on a bound.
    pub at_bound: bool,
    /// Points.
    pub points: Vec<LatentPoint>,
}

/// What one measurement did over a shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InnovationLine {
    /// Measurement (`p1`, `p2`, `mold_temperature`, ...).
    pub measurement: String,
    /// Shots.
    pub shot: Vec<u64>,
    /// Mean normalised innovation squared; 1 when bands are right.
    pub nis: Vec<f64>,
    /// Share of samples refused by the gate.
    pub gated: Vec<f64>,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhiteBox {
    /// Latents.
    pub latents: Vec<LatentLine>,
    /// Effective viscosity at 1000 1/s and the melt temperature, Pa s, with sd, by shot.
    pub effective_viscosity: LatentLine,
    /// Innovations.
    pub innovations: Vec<InnovationLine>,
    /// Shot and the difference between network and witness, share of peak.
    pub witness_error: Vec<(u64, f64)>,
    /// Sensors that would help most: place and the factor by which the end-of-fill band would shrink.
    pub would_help: Vec<(String, f64)>,
}

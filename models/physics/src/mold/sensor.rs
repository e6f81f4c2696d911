//! Sensors of a mold, real and virtual.

use serde::{Deserialize, Serialize};

/// A place in the mold where a quantity is measured or estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Name, unique in the mold; column `<name>_pa` in drive files.
    pub name: String,
    /// What it reads.
    pub quantity: SensorQuantity,
    /// Element it sits on.
    pub element: String,
    /// Distance from the element's `from` end, m (along the radius on a disc).
    pub at: f64,
    /// Whether hardware is there.
    pub kind: SensorKind,
}

/// What a sensor reads.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorQuantity {
    /// Melt pressure, absolute, Pa.
    #[default]
    Pressure,
    /// Melt temperature averaged over the gap, K.
    Temperature,
    /// Melt temperature at the mid-plane or axis, K.
    CenterTemperature,
    /// Melt temperature at the wall, K.
    SurfaceTemperature,
}

/// Whether a sensor exists in steel or only in the model.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorKind {
    /// Hardware.
    #[default]
    Real,
    /// Estimated only.
    Virtual,
}

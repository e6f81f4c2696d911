//! Where the sensors of a mold are: names, kinds, distance along the flow.

use models_physics::mold::{Mold, SensorQuantity};

use crate::error::PipelineError;
use crate::sample::MOST_SENSORS;

/// One sensor of the mold.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Name in the mold file.
    pub name: String,
    /// What it reads.
    pub quantity: SensorQuantity,
    /// Distance from the inlet along the flow, m.
    pub path_m: f64,
}

impl Place {
    /// True for a pressure.
    pub fn is_pressure(&self) -> bool {
        self.quantity == SensorQuantity::Pressure
    }
}

/// The sensors of a mold, in the order of its file.
///
/// # Errors
/// When there are more than a snapshot holds.
pub fn places(mold: &Mold) -> Result<Vec<Place>, PipelineError> {
    if mold.sensors.len() > MOST_SENSORS {
        return Err(PipelineError::TooMany {
            mold: mold.name.clone(),
            found: mold.sensors.len(),
            most: MOST_SENSORS,
        });
    }
    let place = |s: &models_physics::mold::Sensor| Place {
        name: s.name.clone(),
        quantity: s.quantity,
        path_m: mold.path_to(&s.element) + s.at,
    };
    Ok(mold.sensors.iter().map(place).collect())
}

/// Place of a sensor in the list.
///
/// # Errors
/// When the mold has no pressure sensor of that name.
pub fn pressure_place(mold: &Mold, places: &[Place], name: &str) -> Result<usize, PipelineError> {
    let found = places
        .iter()
        .position(|p| p.name == name && p.is_pressure());
    found.ok_or_else(|| PipelineError::Sensor {
        mold: mold.name.clone(),
        sensor: name.into(),
        known: places
            .iter()
            .filter(|p| p.is_pressure())
            .map(|p| p.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

//! How physical numbers become inputs and outputs of the network.

use models_physics::latents::{COUNT, Latent};
use models_physics::mold::Mold;

use crate::dataset::ShotRecord;

/// Latents the network takes, in order. Hold loss and leakage act before the mold's inlet.
pub const TAKEN: [Latent; 12] = [
    Latent::Viscosity,
    Latent::Thinning,
    Latent::TauStar,
    Latent::MeltTemperature,
    Latent::MoldTemperature,
    Latent::WallHtc,
    Latent::Compliance,
    Latent::Gap,
    Latent::Conductivity,
    Latent::Compressibility,
    Latent::NoFlow,
    Latent::NoFlowPressure,
];

/// Scales of one mold.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    /// Lowest and highest trained value of each latent in [`TAKEN`].
    pub latents: [[f64; 2]; TAKEN.len()],
    /// Pressure that counts as one, Pa.
    pub pressure: f64,
    /// Pressure in front of the melt, Pa.
    pub atmosphere: f64,
    /// Highest trained inlet pressure, Pa.
    pub highest: f64,
    /// Nominal melt temperature, K.
    pub melt_k: f64,
    /// Nominal mold temperature, K.
    pub mold_k: f64,
}

impl Scales {
    /// Of a mold and its training shots.
    pub fn of(mold: &Mold, shots: &[ShotRecord]) -> Self {
        let mut latents = [[f64::INFINITY, f64::NEG_INFINITY]; TAKEN.len()];
        let mut peaks: Vec<f64> = Vec::with_capacity(shots.len());
        for shot in shots {
            for (range, l) in latents.iter_mut().zip(TAKEN) {
                let v = shot.latents[l as usize];
                *range = [range[0].min(v), range[1].max(v)];
            }
            peaks.push(f64::from(shot.inlet.iter().fold(0.0_f32, |m, p| m.max(*p))));
        }
        Self {
            latents,
            pressure: peaks.iter().sum::<f64>() / peaks.len().max(1) as f64,
            atmosphere: models_units::ATMOSPHERIC.pa(),
            highest: peaks.iter().fold(0.0, |m, p| p.max(m)),
            melt_k: mold.process.melt_k,
            mold_k: mold.wall.mold_temperature_k,
        }
    }

    /// Latents as the network takes them: trained range to about -1.7 to 1.7, as a uniform draw of unit
    /// deviation has it.
    pub fn latents(&self, values: &[f64; COUNT]) -> [f32; TAKEN.len()] {
        std::array::from_fn(|i| {
            let [low, high] = self.latents[i];
            let half = 0.5 * (high - low) / 3.0_f64.sqrt();
            if half > 0.0 {
                ((values[TAKEN[i] as usize] - 0.5 * (low + high)) / half) as f32
            } else {
                0.0
            }
        })
    }

    /// Inlet pressure above atmosphere over the scale.
    pub fn drive(&self, pa: f64) -> f64 {
        (pa - self.atmosphere) / self.pressure
    }

    /// Melt and mold temperature of a shot, K.
    pub fn temperatures(&self, values: &[f64; COUNT]) -> (f64, f64) {
        (
            self.melt_k + values[Latent::MeltTemperature as usize],
            self.mold_k + values[Latent::MoldTemperature as usize],
        )
    }
}

//! What predicts the curves of a shot: the solver, or anything that stands in for it.

use crate::card::SimulationMaterial;
use crate::latents::{Latent, Latents};
use crate::mold::{Mold, SensorQuantity};
use crate::shot::{self, Keep};
use crate::solver::{Cut, Model};

use super::{FitError, Measured};

/// One sensor in one shot, predicted and measured on the same times.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Name of the sensor.
    pub sensor: String,
    /// Times since the first sample, s.
    pub times: Vec<f64>,
    /// Predicted pressure, Pa.
    pub simulated: Vec<f64>,
    /// Measured pressure, Pa.
    pub measured: Vec<f64>,
}

/// A forward model of a measured shot.
pub trait Forward: Sync {
    /// Curve of every pressure sensor that the shot has, besides the driving one.
    ///
    /// # Errors
    /// When the shot cannot be followed at these latents or nothing else was measured.
    fn curves(&self, latents: &Latents, shot: &Measured) -> Result<Vec<Curve>, FitError>;

    /// Lowest and highest value of a latent that it takes.
    fn bounds(&self, latent: Latent) -> [f64; 2] {
        latent.info().bounds
    }
}

/// The reference solver, driven at a sensor.
#[derive(Clone, Copy, Debug)]
pub struct BySolver<'a> {
    /// The mold, already cut at the driving sensor.
    pub mold: &'a Mold,
    /// Its material.
    pub material: &'a SimulationMaterial,
    /// Grid.
    pub cut: Cut,
    /// Sensor whose waveform drives the mold.
    pub at: &'a str,
    /// Length of each shot that counts, s.
    pub until: f64,
}

impl Forward for BySolver<'_> {
    fn curves(&self, latents: &Latents, shot: &Measured) -> Result<Vec<Curve>, FitError> {
        let failed = |source| FitError::Shot {
            shot: shot.name.clone(),
            source: Box::new(source),
        };
        let model = Model::with_material(self.mold, self.material, latents, self.cut, None, None);
        let run = shot::run_drive_model(
            self.mold,
            model,
            &shot.drive,
            self.at,
            self.until,
            &Keep::default(),
        )
        .map_err(failed)?;
        let (first, _) = shot.drive.span_s();
        let times: Vec<f64> = shot
            .drive
            .time_s
            .iter()
            .map(|t| t - first)
            .take_while(|t| *t <= self.until + 1e-9)
            .collect();
        let mut curves = Vec::new();
        for (i, probe) in run.probes.iter().enumerate() {
            if probe.quantity != SensorQuantity::Pressure || probe.name == self.at {
                continue;
            }
            if let Ok(column) = shot.drive.column(&probe.name) {
                curves.push(Curve {
                    sensor: probe.name.clone(),
                    times: times.clone(),
                    simulated: run.sample(i, &times),
                    measured: column[..times.len()].to_vec(),
                });
            }
        }
        if curves.is_empty() {
            return Err(FitError::NothingMeasured {
                shot: shot.name.clone(),
                mold: self.mold.name.clone(),
            });
        }
        Ok(curves)
    }
}

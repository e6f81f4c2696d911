//! What does not change while a mold is in the press.

use models_physics::mold::Mold;

use crate::error::PipelineError;
use crate::phase::PhaseDetector;
use crate::places::{Place, places, pressure_place};
use crate::sample::MOST_SENSORS;

/// Atmosphere, Pa.
pub const ATMOSPHERE_PA: f64 = models_units::ATMOSPHERIC.pa();

/// What does not change while a mold is in the press.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name of the mold.
    pub mold: String,
    /// Its sensors.
    pub places: Vec<Place>,
    /// The sensor at the inlet of the model.
    pub drive: usize,
    /// The pressure sensor farthest along the flow.
    pub last: usize,
    /// Cavity sensors whose measurements are used.
    pub used: Vec<usize>,
    /// Sensors whose zero is taken anew before each shot (charge amplifiers).
    pub rezero: [bool; MOST_SENSORS],
    /// Noise of a pressure measurement, Pa.
    pub noise_pa: f64,
    /// Gain error of a pressure measurement.
    pub gain: f64,
    /// Volume of the mold, m3, when the screw position is measured.
    pub fill_volume_m3: f64,
    /// Compressibility of the melt in the barrel, 1/Pa.
    pub compressibility: f64,
    /// Clamp force of the press, N; NaN when the mold's file names no press.
    pub clamp_n: f64,
    /// Mold temperature of the recipe, K.
    pub mold_k: f64,
    /// Standard deviation of the model's temperatures, K.
    pub temperature_sd: f64,
    /// Longest time after the mold is full that the network knows, s.
    pub longest_s: f64,
    /// Phase detection.
    pub phases: PhaseDetector,
}

impl Setup {
    /// For a mold cut at `drive`, using the sensors `used` (the driving one included).
    ///
    /// # Errors
    /// When a sensor is not on the mold or the driving one is not among those used.
    pub fn new(mold: &Mold, drive: &str, used: &[String]) -> Result<Self, PipelineError> {
        let places = places(mold)?;
        let drive_at = pressure_place(mold, &places, drive)?;
        let mut others = Vec::new();
        for name in used {
            let at = pressure_place(mold, &places, name)?;
            if at != drive_at && !others.contains(&at) {
                others.push(at);
            }
        }
        if !used.iter().any(|u| u == drive) {
            return Err(PipelineError::NoDrive {
                mold: mold.name.clone(),
                drive: drive.into(),
            });
        }
        let melt = mold
            .card()
            .and_then(|c| c.require_simulation())
            .map_err(|e| PipelineError::mold(&mold.name, e))?;
        // Half of a usual injection pressure stands for the whole of it.
        let v = |p: f64| melt.tait.point(mold.process.melt_k, p).v;
        let compressibility = (v(ATMOSPHERE_PA) - v(4e7)) / (4e7 * v(2e7));
        Ok(Self {
            mold: mold.name.clone(),
            last: last(&places),
            places,
            drive: drive_at,
            used: others,
            rezero: [false; MOST_SENSORS],
            noise_pa: 2e4,
            gain: 0.01,
            fill_volume_m3: mold.volume(),
            compressibility,
            clamp_n: mold.press.as_ref().map_or(f64::NAN, |p| p.clamp_force_n),
            mold_k: mold.wall.mold_temperature_k,
            temperature_sd: 1.5,
            longest_s: f64::INFINITY,
            phases: PhaseDetector::default(),
        })
    }
}

/// The pressure sensor farthest along the flow.
fn last(places: &[Place]) -> usize {
    let pressures = places.iter().enumerate().filter(|(_, p)| p.is_pressure());
    let far = pressures.max_by(|a, b| a.1.path_m.total_cmp(&b.1.path_m));
    far.map_or(0, |(i, _)| i)
}

//! What is probably not what the files say: another material, another mold, other temperatures, a sensor elsewhere.

use models_physics::latents::{COUNT, LATENTS, Latent};

use crate::belief::{Belief, GAINS, Used, VOLUME};
use crate::evidence::KNOTS;

/// Standard deviations from where it was before the first shot beyond which something is not what the files say: by chance one
/// of a few dozen is that far in one mold out of a hundred.
const FAR: f64 = 3.5;
/// The same in terms of an uncalibrated mold, once a calibration was given up: enough to point at the most likely.
const FAR_OPENED: f64 = 0.5;

/// What may be other than the files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Suspect {
    /// The granulate; the latent shows it.
    Material(usize),
    /// Melt or mold temperature, by its latent.
    Temperature(usize),
    /// The mold, by its latent; `None` when its volume is not that of the file.
    Mold(Option<usize>),
    /// A cavity sensor: its gain or its place.
    Sensor(usize),
}

impl Belief {
    /// What is probably not what the files say: the unknown that lies farthest from where it was before the first shot, if that is far.
    ///
    /// After a calibration was given up, a sensor that stood alone against all else comes first, then constants of material and mold:
    /// temperatures were free to move before.
    pub fn suspect(&self) -> Option<Suspect> {
        if let Some(sensor) = self.alone {
            return Some(Suspect::Sensor(sensor));
        }
        let latent = |i: usize| {
            let wider = if self.opened {
                LATENTS[i].prior_sd
            } else {
                0.0
            };
            let sd = self.prior.sd[i].hypot(wider);
            let limit = if self.opened { FAR_OPENED } else { FAR };
            let far = (self.mean[i] - self.prior.mean[i]).abs() / (sd * limit);
            let suspect = suspect(i);
            let settled = self.opened && matches!(suspect, Suspect::Temperature(_));
            let counts = sd > 0.0 && self.free(i) && !settled;
            (suspect, if counts { far } else { 0.0 })
        };
        let sensor = |(u, used): (usize, &Used)| {
            let first = self.deviations() + u * KNOTS;
            let deviations = &self.joint.mean[first..first + KNOTS];
            let square = deviations.iter().map(|d| d * d).sum::<f64>() / KNOTS as f64;
            let far = self.joint.mean[GAINS + u].abs().max(square.sqrt());
            (Suspect::Sensor(used.sensor), far / FAR)
        };
        let volume = (Suspect::Mold(None), self.joint.mean[VOLUME].abs() / FAR);
        let (suspect, far) = (0..COUNT)
            .map(latent)
            .chain(self.used.iter().enumerate().map(sensor))
            .fold(volume, |far, next| if next.1 > far.1 { next } else { far });
        (far > 1.0).then_some(suspect)
    }
}

/// What a latent far from its prior points to.
fn suspect(i: usize) -> Suspect {
    const TEMPERATURES: [usize; 2] = [
        Latent::MeltTemperature as usize,
        Latent::MoldTemperature as usize,
    ];
    const MOLD: [usize; 5] = [
        Latent::WallHtc as usize,
        Latent::Compliance as usize,
        Latent::Gap as usize,
        Latent::HoldLoss as usize,
        Latent::Leakage as usize,
    ];
    if TEMPERATURES.contains(&i) {
        Suspect::Temperature(i)
    } else if MOLD.contains(&i) {
        Suspect::Mold(Some(i))
    } else {
        Suspect::Material(i)
    }
}

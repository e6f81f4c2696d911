//! What is known of a mold's latents before its first shot, and how far the model is from the machine.
//!
//! A mold that was calibrated ships a file in `models/priors`: standard deviations and correlations of the latents fitted
//! in its mold file and the discrepancy found on shots that were left out in turn. Any other mold starts from the list of
//! latents and the discrepancy of the measured rig.

use serde::{Deserialize, Serialize};

mod discrepancy;

pub use discrepancy::{Discrepancy, Residual};

use crate::input::{InputError, parse_toml};
use crate::latents::{COUNT, LATENTS, Latent, LatentError, Latents};
use crate::mold::Mold;

/// Name and text of every file in `models/priors`.
const PRIORS: &[(&str, &str)] = &[
    ("plate-ps", include_str!("../../priors/plate-ps.toml")),
    ("strip-ps", include_str!("../../priors/strip-ps.toml")),
];

/// Mean and covariance of all latents, in the order of [`LATENTS`], with the discrepancy.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// Means.
    pub mean: [f64; COUNT],
    /// Standard deviations; zero for what is taken as known.
    pub sd: [f64; COUNT],
    /// Correlations.
    pub correlation: [[f64; COUNT]; COUNT],
    /// Distance of the model from the machine.
    pub discrepancy: Discrepancy,
}

/// A prior as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorFile {
    /// Mold it belongs to.
    pub mold: String,
    /// How it was found.
    pub method: String,
    /// Distance of the model from the machine.
    pub discrepancy: Discrepancy,
    /// Latents with their posterior; none for a mold that was never calibrated.
    #[serde(default)]
    pub latent: Vec<LatentPrior>,
}

/// One latent of a prior file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentPrior {
    /// Name.
    pub name: String,
    /// Standard deviation.
    pub sd: f64,
    /// Correlation with each latent of the file, in its order.
    pub correlation: Vec<f64>,
}

impl Prior {
    /// The shipped prior of a mold, else that of the list of latents around the mold's own values.
    ///
    /// # Errors
    /// When the mold's latents make no sense.
    pub fn of_mold(mold: &Mold) -> Result<Self, LatentError> {
        let values = *Latents::of_mold(mold)?.values();
        let shipped = PRIORS.iter().find(|(name, _)| *name == mold.name);
        let read = |(name, text): &(&str, &str)| {
            Self::from_toml(text, &format!("models/priors/{name}.toml"), values).ok()
        };
        Ok(shipped.and_then(read).unwrap_or(Self {
            mean: values,
            sd: LATENTS.map(|l| l.prior_sd),
            correlation: identity(),
            discrepancy: Discrepancy::MEASURED_RIG,
        }))
    }

    /// Parses a prior file around the means `mean`; `file` is what messages call it.
    ///
    /// # Errors
    /// With file, key and reason of the first thing wrong.
    pub fn from_toml(text: &str, file: &str, mean: [f64; COUNT]) -> Result<Self, InputError> {
        let written: PriorFile = parse_toml(text, file)?;
        written.check(file)?;
        let mut prior = Self {
            mean,
            // Fitted latents stand for all: what was held while they were fitted is known to stand where it stood.
            sd: if written.latent.is_empty() {
                LATENTS.map(|l| l.prior_sd)
            } else {
                [0.0; COUNT]
            },
            correlation: identity(),
            discrepancy: written.discrepancy,
        };
        let places: Vec<usize> = written
            .latent
            .iter()
            .filter_map(|l| Latent::from_name(&l.name).ok())
            .map(|l| l as usize)
            .collect();
        for (&i, l) in places.iter().zip(&written.latent) {
            prior.sd[i] = l.sd;
            for (&j, c) in places.iter().zip(&l.correlation) {
                prior.correlation[i][j] = *c;
            }
        }
        Ok(prior)
    }

    /// Covariance of two latents.
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        self.sd[a] * self.correlation[a][b] * self.sd[b]
    }
}

impl PriorFile {
    fn check(&self, file: &str) -> Result<(), InputError> {
        self.discrepancy.check(file)?;
        for (i, l) in self.latent.iter().enumerate() {
            let key = |field: &str| format!("latent.{}.{field}", l.name);
            Latent::from_name(&l.name)
                .map_err(|e| InputError::key(file, key("name"), e.to_string()))?;
            if !(l.sd >= 0.0 && l.sd.is_finite()) {
                let reason = format!("is {}; it must not be negative", l.sd);
                return Err(InputError::key(file, key("sd"), reason));
            }
            let symmetric = self.latent.iter().enumerate().all(|(j, other)| {
                let (a, b) = (l.correlation.get(j), other.correlation.get(i));
                matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-6 && a.abs() <= 1.0 + 1e-9)
            });
            if l.correlation.len() != self.latent.len() || !symmetric {
                let reason = "needs one value from -1 to 1 for each latent, the same both ways";
                return Err(InputError::key(file, key("correlation"), reason));
            }
        }
        Ok(())
    }
}

fn identity() -> [[f64; COUNT]; COUNT] {
    let mut unit = [[0.0; COUNT]; COUNT];
    for (i, row) in unit.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_prior_reads_and_belongs_to_a_mold() {
        for (name, text) in PRIORS {
            let mold = crate::molds::builtin(name).unwrap();
            let values = *mold.latents().unwrap().values();
            let prior = Prior::from_toml(text, name, values).unwrap();
            assert_eq!(Prior::of_mold(&mold).unwrap(), prior);
            assert!(prior.sd.iter().any(|sd| *sd > 0.0));
        }
    }

    #[test]
    fn a_wrong_prior_is_named() {
        let text = PRIORS[1].1;
        for (from, to, told) in [
            ("sd = ", "sd = -", "sd"),
            ("name = \"", "name = \"x", "unknown latent"),
            ("correlation = [", "correlation = [9.0, ", "correlation"),
            ("floor_pa", "flor_pa", "flor_pa"),
        ] {
            let wrong = text.replacen(from, to, 1);
            let error = Prior::from_toml(&wrong, "p.toml", LATENTS.map(|l| l.prior))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("p.toml: ") && error.contains(told),
                "{error}"
            );
        }
    }
}

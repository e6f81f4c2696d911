//! A small correction learned on the box from labelled shots, on top of a physics prediction.

use crate::QualityError;
use crate::linalg::{Cholesky, Matrix, dot};

/// How the correction learns.
#[derive(Clone, Copy, Debug)]
pub struct CorrectionSettings {
    /// Prior standard deviation of each coefficient, in target units per unit of feature.
    pub prior_sd: f64,
    /// Standard deviation of one labelled residual, in target units.
    pub noise_sd: f64,
    /// Part of the evidence kept from label to label, in (0, 1]; 0.98 remembers about 50 labels.
    pub forgetting: f64,
}

/// A physics prediction, corrected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corrected {
    /// In the target's unit.
    pub value: f64,
    /// Standard deviation of the next label, in the target's unit.
    pub sd: f64,
}

/// Bayesian linear correction with forgetting.
///
/// ```text
/// label - physics = w . [1, x] + noise,   w ~ N(0, prior_sd^2 I)
/// P <- f P + (1 - f) P0 + [1, x][1, x]' / noise^2      (precision)
/// h <- f h + [1, x] (label - physics) / noise^2,   w = P^-1 h
/// ```
///
/// Evidence fades back to the prior, not to nothing: an idle correction returns to the physics.
/// Features `x` are handed in centred and scaled (no unit). Sources: Bishop (2006), Pattern
/// Recognition and Machine Learning, 3.3; Kulhavy and Zarrop (1993), Int. J. Control 58.
#[derive(Clone, Debug)]
pub struct Correction {
    settings: CorrectionSettings,
    precision: Matrix,
    evidence: Vec<f64>,
    labels: u64,
}

impl Correction {
    /// Knows nothing yet about `features` features.
    pub fn new(features: usize, settings: CorrectionSettings) -> Result<Self, QualityError> {
        for (what, got) in [
            ("prior_sd", settings.prior_sd),
            ("noise_sd", settings.noise_sd),
        ] {
            if !(got > 0.0 && got.is_finite()) {
                return Err(QualityError::BadSetting {
                    what,
                    must: "positive",
                    got,
                });
            }
        }
        let got = settings.forgetting;
        if !(got > 0.0 && got <= 1.0) {
            return Err(QualityError::BadSetting {
                what: "forgetting",
                must: "in (0, 1]",
                got,
            });
        }
        let mut precision = Matrix::zeros(features + 1, features + 1);
        for i in 0..=features {
            precision.row_mut(i)[i] = settings.prior_sd.powi(-2);
        }
        Ok(Self {
            settings,
            precision,
            evidence: vec![0.0; features + 1],
            labels: 0,
        })
    }

    /// Labels learned from.
    pub const fn labels(&self) -> u64 {
        self.labels
    }

    fn design(&self, x: &[f64]) -> Result<Vec<f64>, QualityError> {
        let expected = self.evidence.len() - 1;
        if x.len() != expected {
            return Err(QualityError::Length {
                what: "the features",
                got: x.len(),
                expected,
            });
        }
        if let Some(&got) = x.iter().find(|v| !v.is_finite()) {
            return Err(QualityError::BadSetting {
                what: "a feature",
                must: "finite",
                got,
            });
        }
        Ok(std::iter::once(1.0).chain(x.iter().copied()).collect())
    }

    /// The physics prediction `physics`, corrected for features `x`.
    pub fn predict(&self, physics: f64, x: &[f64]) -> Result<Corrected, QualityError> {
        let design = self.design(x)?;
        let factor = Cholesky::new(self.precision.clone())?;
        let v = factor.forward(&design);
        let value = physics + dot(&design, &factor.solve(&self.evidence));
        Ok(Corrected {
            value,
            sd: (self.settings.noise_sd.powi(2) + dot(&v, &v)).sqrt(),
        })
    }

    /// Learns one label. Returns the standardised residual of what was predicted before it: feed
    /// that to [`crate::Cusum`].
    pub fn learn(&mut self, physics: f64, x: &[f64], label: f64) -> Result<f64, QualityError> {
        if !label.is_finite() {
            return Err(QualityError::BadSetting {
                what: "a label",
                must: "finite",
                got: label,
            });
        }
        let before = self.predict(physics, x)?;
        let design = self.design(x)?;
        let keep = self.settings.forgetting;
        let gain = self.settings.noise_sd.powi(-2);
        for i in 0..design.len() {
            self.evidence[i] = keep * self.evidence[i] + gain * design[i] * (label - physics);
            for (j, p) in self.precision.row_mut(i).iter_mut().enumerate() {
                let prior = if i == j {
                    self.settings.prior_sd.powi(-2)
                } else {
                    0.0
                };
                *p = keep * *p + (1.0 - keep) * prior + gain * design[i] * design[j];
            }
        }
        self.labels += 1;
        Ok((label - before.value) / before.sd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Correction {
        Correction::new(
            1,
            CorrectionSettings {
                prior_sd: 1.0,
                noise_sd: 0.01,
                forgetting: 0.95,
            },
        )
        .unwrap()
    }

    #[test]
    fn before_any_label_the_physics_stands_with_the_prior_spread() {
        let p = fresh().predict(8.0, &[0.0]).unwrap();
        assert_eq!(p.value, 8.0);
        assert!((p.sd - 1.0_f64.hypot(0.01)).abs() < 1e-12);
    }

    #[test]
    fn an_offset_and_a_slope_are_learned_and_a_change_is_followed() {
        let mut c = fresh();
        for i in 0..60 {
            let x = (f64::from(i) * 0.9).sin();
            c.learn(8.0, &[x], 8.1 + 0.05 * x).unwrap();
        }
        let p = c.predict(8.0, &[0.5]).unwrap();
        assert!((p.value - 8.125).abs() < 1e-3 && p.sd < 0.012, "{p:?}");
        for i in 0..120 {
            c.learn(8.0, &[(f64::from(i) * 0.9).sin()], 7.9).unwrap();
        }
        assert!((c.predict(8.0, &[0.5]).unwrap().value - 7.9).abs() < 2e-3);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(fresh().learn(8.0, &[0.0], f64::NAN).is_err());
        assert!(fresh().predict(8.0, &[0.0, 1.0]).is_err());
        assert!(
            Correction::new(
                1,
                CorrectionSettings {
                    prior_sd: 1.0,
                    noise_sd: 0.0,
                    forgetting: 1.0
                }
            )
            .is_err()
        );
    }
}

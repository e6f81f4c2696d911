//! Defect classes as probabilities.

use crate::QualityError;
use crate::linalg::{Cholesky, Matrix, dot};

/// The defects that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// The cavity was not filled.
    ShortShot,
    /// Melt left the cavity at the parting line.
    Flash,
    /// The surface fell in over a thick place.
    Sink,
    /// Two fronts met cold.
    WeldLine,
    /// Trapped gas or shear charred the melt.
    Burn,
}

impl Defect {
    /// All of them, in a fixed order.
    pub const ALL: [Self; 5] = [
        Self::ShortShot,
        Self::Flash,
        Self::Sink,
        Self::WeldLine,
        Self::Burn,
    ];
}

/// The prior of one defect, before any label.
#[derive(Clone, Debug)]
pub struct DefectSettings {
    /// Probability with the indicator at zero, in (0, 1).
    pub base_rate: f64,
    /// Rise of the log odds per unit of indicator (indicators are scaled: 0 safe, 1 at the limit).
    pub slope: f64,
    /// Prior standard deviation of both, in log odds.
    pub prior_sd: f64,
}

/// Probability of one defect from its physics indicator, updated by labels.
///
/// ```text
/// P(defect) = 1 / (1 + exp(-kappa mu)),  mu = E[a + b s],  kappa = (1 + pi var / 8)^-1/2
/// ```
///
/// `a`, `b` carry a Gaussian belief; a label updates it by one Newton step on the log posterior
/// (Laplace); `kappa` pulls an uncertain map toward one half. Sources: Spiegelhalter and Lauritzen
/// (1990), Networks 20; MacKay (1992), Neural Computation 4.
#[derive(Clone, Debug)]
pub struct DefectModel {
    /// Which defect.
    pub defect: Defect,
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl DefectModel {
    /// Starts from the prior.
    pub fn new(defect: Defect, settings: &DefectSettings) -> Result<Self, QualityError> {
        let got = settings.base_rate;
        if !(got > 0.0 && got < 1.0) {
            return Err(QualityError::BadSetting {
                what: "base_rate",
                must: "in (0, 1)",
                got,
            });
        }
        let got = settings.prior_sd;
        if !(got > 0.0 && got.is_finite()) {
            return Err(QualityError::BadSetting {
                what: "prior_sd",
                must: "positive",
                got,
            });
        }
        let v = settings.prior_sd.powi(2);
        let odds = settings.base_rate / (1.0 - settings.base_rate);
        Ok(Self {
            defect,
            mean: [odds.ln(), settings.slope],
            covariance: [[v, 0.0], [0.0, v]],
        })
    }

    /// Probability of the defect at indicator `s`; one that is not finite tells nothing: `None`.
    pub fn probability(&self, s: f64) -> Option<f64> {
        s.is_finite().then(|| {
            let c = &self.covariance;
            let variance = c[0][0] + 2.0 * s * c[0][1] + s * s * c[1][1];
            let kappa = (1.0 + std::f64::consts::PI * variance / 8.0).sqrt().recip();
            logistic(kappa * (self.mean[0] + s * self.mean[1]))
        })
    }

    /// Learns from one inspected part.
    pub fn learn(&mut self, s: f64, defective: bool) -> Result<(), QualityError> {
        if !s.is_finite() {
            return Err(QualityError::BadSetting {
                what: "an indicator",
                must: "finite",
                got: s,
            });
        }
        let x = [1.0, s];
        let p = logistic(dot(&self.mean, &x));
        let weight = p * (1.0 - p);
        let spread = [dot(&self.covariance[0], &x), dot(&self.covariance[1], &x)];
        let shrink = 1.0 + weight * dot(&spread, &x);
        for i in 0..2 {
            for j in 0..2 {
                self.covariance[i][j] -= weight * spread[i] * spread[j] / shrink;
            }
        }
        let error = f64::from(u8::from(defective)) - p;
        for i in 0..2 {
            self.mean[i] += dot(&self.covariance[i], &x) * error;
        }
        debug_assert!(
            Cholesky::new(Matrix::from_rows(&self.covariance.map(|r| r.to_vec()))).is_ok()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn model() -> DefectModel {
        DefectModel::new(
            Defect::Flash,
            &DefectSettings {
                base_rate: 0.02,
                slope: 4.0,
                prior_sd: 1.0,
            },
        )
        .unwrap()
    }

    #[test]
    fn more_indicator_is_more_risk_and_the_unknown_stays_unknown() {
        let m = model();
        assert!(m.probability(0.0).unwrap() < 0.1);
        assert!(m.probability(1.5).unwrap() > m.probability(0.5).unwrap());
        assert_eq!(m.probability(f64::NAN), None);
    }

    #[test]
    fn after_many_labels_probabilities_are_frequencies() {
        let mut random = Random::new(5);
        let mut m = model();
        let truth = |s: f64| logistic(-3.0 + 3.0 * s);
        for _ in 0..6000 {
            let s = random.below(2000) as f64 / 1000.0;
            let bad = (random.below(1_000_000) as f64) < 1e6 * truth(s);
            m.learn(s, bad).unwrap();
        }
        for s in [0.2, 0.8, 1.4, 1.9] {
            assert!(
                (m.probability(s).unwrap() - truth(s)).abs() < 0.04,
                "{s}: {:?}",
                m.probability(s)
            );
        }
    }
}

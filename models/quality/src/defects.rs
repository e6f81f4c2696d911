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

    /// Name in records, limits and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShortShot => "short_shot",
            Self::Flash => "flash",
            Self::Sink => "sink_mark",
            Self::WeldLine => "weld_line",
            Self::Burn => "burn_mark",
        }
    }

    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// Prior standard deviation of the offset, and of the pull of all features together, in log odds.
const OFFSET_SD: f64 = 1.5;
const FEATURES_SD: f64 = 1.0;
/// Nothing is surer than this before a label.
const SUREST: f64 = 1e-4;
const STEPS: usize = 30;

/// A part that somebody looked at, or that nobody complained about.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Probability by the physics alone.
    pub physics: f64,
    /// Features, centred and scaled.
    pub features: Vec<f64>,
    /// Whether it had the defect.
    pub defective: bool,
    /// What the word is worth: 1 for an inspected part, less for one that only passed.
    pub weight: f64,
}

/// Probability of one defect: the physics' own, moved by labels.
///
/// ```text
/// logit P = kappa (logit(physics) / kappa0 + a + w . z),   kappa = (1 + pi var / 8)^-1/2
/// ```
///
/// `a` and `w` start at zero with a Gaussian belief, so that without labels a usual shot has the probability of the physics;
/// labels move them to the maximum of the posterior (Newton), and `kappa` keeps what is uncertain near one half. Sources:
/// Spiegelhalter and Lauritzen (1990), Networks 20; MacKay (1992), Neural Computation 4.
#[derive(Clone, Debug)]
pub struct DefectModel {
    mean: Vec<f64>,
    precision: Cholesky,
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn kappa(variance: f64) -> f64 {
    (1.0 + std::f64::consts::PI * variance / 8.0).sqrt().recip()
}

/// Log odds that the physics stands for.
fn start(physics: f64) -> f64 {
    let p = physics.clamp(SUREST, 1.0 - SUREST);
    (p / (1.0 - p)).ln() / kappa(OFFSET_SD.powi(2) + FEATURES_SD.powi(2))
}

fn design(features: &[f64]) -> Vec<f64> {
    std::iter::once(1.0)
        .chain(features.iter().copied())
        .collect()
}

impl DefectModel {
    /// Learns from parts with `width` features each; none is fine.
    ///
    /// # Errors
    /// When a part has another number of features or a number is not finite.
    pub fn fit(width: usize, parts: &[Inspected]) -> Result<Self, QualityError> {
        for part in parts {
            if part.features.len() != width {
                return Err(QualityError::Length {
                    what: "the features",
                    got: part.features.len(),
                    expected: width,
                });
            }
            let bad = |v: &&f64| !v.is_finite();
            let numbers = [part.physics, part.weight];
            if let Some(&got) = part.features.iter().chain(&numbers).find(bad) {
                return Err(QualityError::BadSetting {
                    what: "a number of an inspected part",
                    must: "finite",
                    got,
                });
            }
        }
        let size = width + 1;
        let prior = |i: usize| match i {
            0 => OFFSET_SD.powi(-2),
            _ => width as f64 / FEATURES_SD.powi(2),
        };
        let mut mean = vec![0.0; size];
        let rows: Vec<(Vec<f64>, f64)> = parts
            .iter()
            .map(|p| (design(&p.features), start(p.physics)))
            .collect();
        let mut step = 0;
        loop {
            let mut hessian = Matrix::zeros(size, size);
            let mut slope: Vec<f64> = (0..size).map(|i| -prior(i) * mean[i]).collect();
            for i in 0..size {
                hessian.row_mut(i)[i] = prior(i);
            }
            for (part, (x, from)) in parts.iter().zip(&rows) {
                let p = logistic(from + dot(&mean, x));
                let error = part.weight * (f64::from(u8::from(part.defective)) - p);
                // Never quite flat, so that a step cannot leave the hill.
                let bend = part.weight * (p * (1.0 - p)).max(1e-3);
                for i in 0..size {
                    slope[i] += error * x[i];
                    for (h, xj) in hessian.row_mut(i).iter_mut().zip(x) {
                        *h += bend * x[i] * xj;
                    }
                }
            }
            let precision = Cholesky::new(hessian)?;
            let change = precision.solve(&slope);
            let largest = change.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            if largest < 1e-8 || step == STEPS {
                return Ok(Self { mean, precision });
            }
            // At most one unit of log odds a step: far from the top the hill is no parabola.
            let damped = (1.0 / largest).min(1.0);
            for (m, c) in mean.iter_mut().zip(&change) {
                *m += damped * c;
            }
            step += 1;
        }
    }

    /// Probability of the defect for a shot with the physics' own probability and features, centred and scaled.
    /// `None` when a number is not finite or the features are others.
    pub fn probability(&self, physics: f64, features: &[f64]) -> Option<f64> {
        let x = design(features);
        if x.len() != self.mean.len() || !physics.is_finite() || x.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let v = self.precision.forward(&x);
        Some(logistic(
            kappa(dot(&v, &v)) * (start(physics) + dot(&self.mean, &x)),
        ))
    }
}

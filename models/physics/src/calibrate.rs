//! Fits named latents to measured shots by least squares with priors (maximum a posteriori).
//!
//! ```text
//! cost = sum over shots and sensors of  N * mean[(sim - measured)^2] / (share * peak)^2
//!      + sum over latents of ((value - prior) / prior_sd)^2
//! ```
//! The error of a good model is correlated in time, so a curve counts as `N` independent readings,
//! not as its number of samples. Levenberg-Marquardt; derivatives by differences, in parallel.

use std::thread;

mod forward;

pub use forward::{BySolver, Curve, Forward};

use crate::drive::Drive;
use crate::latents::{Latent, Latents};
use crate::shot::ShotError;

/// Independent readings that one curve is worth.
const CURVE_WORTH: f64 = 10.0;
/// Model error expected of a good fit, as a share of the sensor's peak.
const ERROR_SHARE: f64 = 0.02;
/// Difference step, in prior standard deviations.
const DIFFERENCE: f64 = 0.03;

/// One measured shot.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Name for reports.
    pub name: String,
    /// All its columns.
    pub drive: Drive,
}

/// What to fit, and through what.
#[derive(Clone, Copy)]
pub struct Fit<'a> {
    /// What predicts the curves: the solver or a network.
    pub forward: &'a dyn Forward,
    /// Latents to fit.
    pub free: &'a [Latent],
}

/// Error of one sensor in one shot.
#[derive(Clone, Debug)]
pub struct SensorScore {
    /// Shot.
    pub shot: String,
    /// Sensor.
    pub sensor: String,
    /// Root mean square error, Pa.
    pub rmse_pa: f64,
    /// The same as a share of the sensor's peak above atmosphere.
    pub rmse_of_peak: f64,
    /// Simulated less measured arrival of the front (first reading 0.5 MPa above atmosphere), s.
    pub arrival_s: Option<f64>,
}

/// A fit.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Best latents.
    pub latents: Latents,
    /// Posterior standard deviation of each free latent, in its unit.
    pub std_dev: Vec<(Latent, f64)>,
    /// Correlations of the fitted latents, in their order.
    pub correlation: Vec<Vec<f64>>,
    /// ln of the evidence for the model behind the fit, up to a constant that depends on the data alone (Laplace:
    /// half the cost and half the ln determinant of the posterior precision over the prior's).
    pub log_evidence: f64,
    /// Free latents that ended at a bound.
    pub at_bound: Vec<Latent>,
    /// Cost at the start and at the end.
    pub cost: [f64; 2],
    /// Iterations.
    pub iterations: usize,
    /// Errors on the fitted shots.
    pub scores: Vec<SensorScore>,
}

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A shot could not be simulated at the starting values.
    #[error("simulating shot `{shot}`")]
    Shot {
        /// Its name.
        shot: String,
        /// Why.
        #[source]
        source: Box<ShotError>,
    },
    /// A model other than the solver cannot follow the shot at these latents.
    #[error("following shot `{shot}`: {reason}")]
    Refused {
        /// Its name.
        shot: String,
        /// Why.
        reason: String,
    },
    /// Nothing to compare with.
    #[error("shot `{shot}` has no column of any other pressure sensor of mold `{mold}`")]
    NothingMeasured {
        /// Shot.
        shot: String,
        /// Mold.
        mold: String,
    },
}

impl Fit<'_> {
    /// Errors of every sensor in every shot at given latents.
    ///
    /// # Errors
    /// When a shot cannot be simulated.
    pub fn score(
        &self,
        latents: &Latents,
        shots: &[Measured],
    ) -> Result<Vec<SensorScore>, FitError> {
        let mut scores = Vec::new();
        for shot in shots {
            for Curve {
                sensor,
                times,
                simulated,
                measured,
            } in self.forward.curves(latents, shot)?
            {
                let atmosphere = models_units::ATMOSPHERIC.pa();
                let rmse = rmse(&simulated, &measured);
                scores.push(SensorScore {
                    shot: shot.name.clone(),
                    sensor,
                    rmse_pa: rmse,
                    rmse_of_peak: rmse / (peak(&measured) - atmosphere).max(1.0),
                    arrival_s: late(&times, &simulated, &measured),
                });
            }
        }
        Ok(scores)
    }

    /// Weighted residuals: curves, then priors of the free latents.
    fn residuals(
        &self,
        latents: &Latents,
        prior: &Latents,
        shots: &[Measured],
    ) -> Result<Vec<f64>, FitError> {
        let mut out = Vec::new();
        for shot in shots {
            for Curve {
                times,
                simulated,
                measured,
                ..
            } in self.forward.curves(latents, shot)?
            {
                let scale =
                    ERROR_SHARE * (peak(&measured) - models_units::ATMOSPHERIC.pa()).max(1.0);
                let weight = (CURVE_WORTH / times.len() as f64).sqrt() / scale;
                out.extend(
                    simulated
                        .iter()
                        .zip(&measured)
                        .map(|(s, m)| (s - m) * weight),
                );
                // A front that never arrives weighs as much as one that is far too late.
                let late = late(&times, &simulated, &measured).unwrap_or(10.0 * ARRIVAL_SD_S);
                out.push(late / ARRIVAL_SD_S);
            }
        }
        out.extend(
            self.free
                .iter()
                .map(|l| (latents[*l] - prior[*l]) / l.info().prior_sd),
        );
        Ok(out)
    }

    /// Fits from `start`, whose values are also the prior means.
    ///
    /// # Errors
    /// When a shot cannot be simulated at the starting values.
    pub fn run(
        &self,
        start: &Latents,
        shots: &[Measured],
        mut progress: impl FnMut(usize, f64),
    ) -> Result<Fitted, FitError> {
        let mut latents = *start;
        let mut residual = self.residuals(&latents, start, shots)?;
        let first = cost(&residual);
        let mut damping = 1e-2;
        let mut normal = Vec::new();
        let mut iterations = 0;
        while iterations < MOST_ITERATIONS {
            iterations += 1;
            let jacobian = self.jacobian(&latents, start, shots, &residual)?;
            normal = normal_matrix(&jacobian);
            let gradient: Vec<f64> = jacobian.iter().map(|c| dot(c, &residual)).collect();
            let before = cost(&residual);
            let mut improved = false;
            for _ in 0..8 {
                let mut matrix = normal.clone();
                for (i, row) in matrix.iter_mut().enumerate() {
                    row[i] *= 1.0 + damping;
                }
                let Some(step) = solve(matrix, gradient.iter().map(|g| -g).collect()) else {
                    break;
                };
                let mut trial = latents;
                for (latent, s) in self.free.iter().zip(&step) {
                    let [low, high] = self.forward.bounds(*latent);
                    trial[*latent] =
                        (latents[*latent] + s * latent.info().prior_sd).clamp(low, high);
                }
                if let Ok(r) = self.residuals(&trial, start, shots)
                    && cost(&r) < before
                {
                    latents = trial;
                    residual = r;
                    damping = (damping * 0.3).max(1e-7);
                    improved = true;
                    break;
                }
                damping *= 5.0;
            }
            progress(iterations, cost(&residual));
            if !improved || before - cost(&residual) < 1e-3 * before {
                break;
            }
        }
        let at_bound = self
            .free
            .iter()
            .copied()
            .filter(|l| self.forward.bounds(*l).contains(&latents[*l]))
            .collect();
        let covariance = inverse(&normal);
        Ok(Fitted {
            log_evidence: -0.5 * cost(&residual) - 0.5 * log_determinant(&normal),
            std_dev: self.spread(&covariance),
            correlation: correlation(&covariance),
            at_bound,
            cost: [first, cost(&residual)],
            iterations,
            scores: self.score(&latents, shots)?,
            latents,
        })
    }

    /// Derivative of the residuals by each free latent, per prior standard deviation.
    fn jacobian(
        &self,
        latents: &Latents,
        prior: &Latents,
        shots: &[Measured],
        base: &[f64],
    ) -> Result<Vec<Vec<f64>>, FitError> {
        let column = |latent: Latent| {
            let [low, high] = self.forward.bounds(latent);
            let mut error = None;
            // Where a step one way leaves the bounds or does not solve, the other way must do.
            for sign in [1.0, -1.0] {
                let step = sign * DIFFERENCE * latent.info().prior_sd;
                let mut moved = *latents;
                moved[latent] += step;
                if !(low..=high).contains(&moved[latent]) {
                    continue;
                }
                match self.residuals(&moved, prior, shots) {
                    Ok(r) => {
                        return Ok(r
                            .iter()
                            .zip(base)
                            .map(|(a, b)| (a - b) / (sign * DIFFERENCE))
                            .collect());
                    }
                    Err(e) => error = Some(e),
                }
            }
            error.map_or_else(|| Ok(vec![0.0; base.len()]), Err)
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let mut columns = Vec::with_capacity(self.free.len());
        for chunk in self.free.chunks(workers) {
            let done: Vec<_> = thread::scope(|scope| {
                let handles: Vec<_> = chunk.iter().map(|l| scope.spawn(|| column(*l))).collect();
                handles
                    .into_iter()
                    .map(|h| {
                        h.join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            });
            for c in done {
                columns.push(c?);
            }
        }
        Ok(columns)
    }

    /// Posterior standard deviations in the units of the latents.
    fn spread(&self, covariance: &[Vec<f64>]) -> Vec<(Latent, f64)> {
        let sd = |(i, latent): (usize, &Latent)| {
            (
                *latent,
                covariance[i][i].max(0.0).sqrt() * latent.info().prior_sd,
            )
        };
        self.free.iter().enumerate().map(sd).collect()
    }
}

const MOST_ITERATIONS: usize = 15;
/// Uncertainty of a measured arrival: the shot's trigger and its samples of 10 ms, s.
const ARRIVAL_SD_S: f64 = 0.008;
/// Pressure above atmosphere at which the front counts as arrived, Pa.
const ARRIVAL_PA: f64 = 0.5e6;

/// Simulated less measured arrival of the front, s.
fn late(times: &[f64], simulated: &[f64], measured: &[f64]) -> Option<f64> {
    Some(arrival(times, simulated)? - arrival(times, measured)?)
}

/// Time at which a curve first exceeds the arrival pressure, linear between samples, s.
fn arrival(times: &[f64], curve: &[f64]) -> Option<f64> {
    let level = models_units::ATMOSPHERIC.pa() + ARRIVAL_PA;
    let i = curve.iter().position(|p| *p > level)?;
    if i == 0 {
        return Some(times[0]);
    }
    let share = (level - curve[i - 1]) / (curve[i] - curve[i - 1]);
    Some(times[i - 1] + share * (times[i] - times[i - 1]))
}

fn peak(curve: &[f64]) -> f64 {
    curve.iter().fold(f64::MIN, |m, p| m.max(*p))
}

fn rmse(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

fn cost(residual: &[f64]) -> f64 {
    dot(residual, residual)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normal_matrix(jacobian: &[Vec<f64>]) -> Vec<Vec<f64>> {
    jacobian
        .iter()
        .map(|a| jacobian.iter().map(|b| dot(a, b)).collect())
        .collect()
}

/// Inverse of a normal matrix, column by column; NaN where it is singular.
fn inverse(normal: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = normal.len();
    (0..n)
        .map(|i| {
            let unit = (0..n).map(|k| f64::from(u8::from(k == i))).collect();
            solve(normal.to_vec(), unit).unwrap_or_else(|| vec![f64::NAN; n])
        })
        .collect()
}

/// Correlations that belong to a covariance.
fn correlation(covariance: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let sd = |i: usize| covariance[i][i].sqrt();
    (0..covariance.len())
        .map(|i| {
            (0..covariance.len())
                .map(|j| covariance[i][j] / (sd(i) * sd(j)))
                .collect()
        })
        .collect()
}

/// ln of the determinant of a positive definite matrix, by elimination.
fn log_determinant(matrix: &[Vec<f64>]) -> f64 {
    let mut a = matrix.to_vec();
    let mut sum = 0.0;
    for i in 0..a.len() {
        sum += a[i][i].ln();
        for r in i + 1..a.len() {
            let f = a[r][i] / a[i][i];
            let (above, below) = a.split_at_mut(r);
            for (x, y) in below[0][i..].iter_mut().zip(&above[i][i..]) {
                *x -= f * y;
            }
        }
    }
    sum
}

/// Gaussian elimination with partial pivoting; `None` for a singular matrix.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|&x, &y| a[x][i].abs().total_cmp(&a[y][i].abs()))?;
        a.swap(i, pivot);
        b.swap(i, pivot);
        if a[i][i].abs() < 1e-300 {
            return None;
        }
        for r in i + 1..n {
            let f = a[r][i] / a[i][i];
            let (above, below) = a.split_at_mut(r);
            for (x, y) in below[0][i..].iter_mut().zip(&above[i][i..]) {
                *x -= f * y;
            }
            b[r] -= f * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    Some(b)
}

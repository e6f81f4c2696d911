//! What measured sensors say within a shot: about the directions of doubt and about the fast deviation.
//!
//! State: directions `xi` (constant over the shot, `N(0, 1)` before it) and the scaled deviation `z` of each pressure sensor, an
//! Ornstein-Uhlenbeck process with unit variance, correlated along the flow:
//!
//! ```text
//! measured_i = model_i + sum_k slope_ik xi_k + sd_i(t) z_i + gain_i(t) b_i + noise
//! dz = -z / time dt + ...,   corr(z_i, z_j) = exp(-|x_i - x_j| / length)
//! ```
//! `b_i ~ N(0, 1)` is constant over the shot: the gain error of the sensor itself. Taken for white noise it would average out
//! and latents would explain it.
//!
//! One scalar Kalman update a measurement. What a shot teaches is weighed after it (`belief.rs`), where errors that repeat from shot to
//! shot are told from those that do not.

// Indices of rows and columns are what the formulas say.
#![allow(clippy::needless_range_loop)]

use models_physics::latents::COUNT;
use models_physics::prior::Discrepancy;

use crate::places::Place;
use crate::sample::MOST_SENSORS;

const STATES: usize = COUNT + 2 * MOST_SENSORS;

/// What one measurement did to the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Innovation {
    /// Measured less predicted, Pa (or K, or a share).
    pub residual: f64,
    /// Standard deviation of the residual as predicted.
    pub sd: f64,
    /// What was done with it.
    pub verdict: Verdict,
}

impl Innovation {
    /// Before the first measurement.
    pub const NONE: Self = Self {
        residual: f64::NAN,
        sd: f64::NAN,
        verdict: Verdict::Fused,
    };
}

/// What became of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Used.
    Fused,
    /// Refused: further off than [`GATE`] standard deviations.
    Gated,
}

/// Standard deviations beyond which a measurement is refused.
pub const GATE: f64 = 6.0;

/// The filter.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// Pressure sensors of the mold take a state each; `None` for temperatures.
    state_of: [Option<usize>; MOST_SENSORS],
    states: usize,
    /// All states: directions, deviations, then gain errors.
    all: usize,
    correlation: [[f64; MOST_SENSORS]; MOST_SENSORS],
    time_s: f64,
    mean: [f64; STATES],
    covariance: Box<[[f64; STATES]; STATES]>,
}

impl Deviation {
    /// For the sensors of a mold; `drive` is measured exactly and has no deviation.
    pub fn new(places: &[Place], drive: usize, discrepancy: &Discrepancy) -> Self {
        let mut state_of = [None; MOST_SENSORS];
        let mut at = Vec::new();
        for (i, p) in places.iter().enumerate() {
            if p.is_pressure() && i != drive {
                state_of[i] = Some(COUNT + at.len());
                at.push(p.path_m);
            }
        }
        let mut correlation = [[0.0; MOST_SENSORS]; MOST_SENSORS];
        for (i, a) in at.iter().enumerate() {
            for (j, b) in at.iter().enumerate() {
                correlation[i][j] = (-(a - b).abs() / discrepancy.length_m).exp();
            }
        }
        let mut new = Self {
            state_of,
            states: COUNT + at.len(),
            all: COUNT + 2 * at.len(),
            correlation,
            time_s: discrepancy.time_s,
            mean: [0.0; STATES],
            covariance: Box::new([[0.0; STATES]; STATES]),
        };
        new.reset(|_| None);
        new
    }

    /// A new shot: nothing is known beyond the belief. `gain` tells what earlier shots say of a sensor's gain error: mean and
    /// standard deviation, in units of the one given to [`Deviation::pressure`].
    pub fn reset(&mut self, gain: impl Fn(usize) -> Option<[f64; 2]>) {
        self.mean = [0.0; STATES];
        for (i, row) in self.covariance.iter_mut().enumerate() {
            row.fill(0.0);
            if i < COUNT {
                row[i] = 1.0;
            } else if i < self.states {
                row[COUNT..self.states]
                    .copy_from_slice(&self.correlation[i - COUNT][..self.states - COUNT]);
            } else if i < self.all {
                row[i] = 1.0;
            }
        }
        for (sensor, state) in self.state_of.iter().enumerate() {
            if let (Some(s), Some([mean, sd])) = (state, gain(sensor)) {
                let b = s + self.states - COUNT;
                (self.mean[b], self.covariance[b][b]) = (mean, sd * sd);
            }
        }
    }

    /// Time passes: deviations are forgotten.
    pub fn pass(&mut self, dt: f64) {
        let keep = (-dt / self.time_s).exp();
        for i in COUNT..self.states {
            self.mean[i] *= keep;
            for k in 0..COUNT {
                self.covariance[i][k] *= keep;
                self.covariance[k][i] *= keep;
            }
            for k in self.states..self.all {
                self.covariance[i][k] *= keep;
                self.covariance[k][i] *= keep;
            }
            for j in COUNT..self.states {
                let c = self.correlation[i - COUNT][j - COUNT];
                self.covariance[i][j] =
                    keep * keep * self.covariance[i][j] + (1.0 - keep * keep) * c;
            }
        }
    }

    /// Takes a measurement of a pressure sensor: `residual` is measured less model, with the model's slopes, the
    /// deviation's standard deviation, the sensor's gain error at this pressure and its noise.
    pub fn pressure(
        &mut self,
        sensor: usize,
        residual: f64,
        slopes: &[f64; COUNT],
        sd: f64,
        gain: f64,
        noise: f64,
    ) -> Innovation {
        let own = self.state_of[sensor].map(|s| (s, sd, gain));
        self.update(residual, slopes, own, noise)
    }

    fn update(
        &mut self,
        residual: f64,
        slopes: &[f64; COUNT],
        own: Option<(usize, f64, f64)>,
        noise: f64,
    ) -> Innovation {
        let mut h = [0.0; STATES];
        h[..COUNT].copy_from_slice(slopes);
        if let Some((s, sd, gain)) = own {
            h[s] = sd;
            h[s + self.states - COUNT] = gain;
        }
        let n = self.all;
        let mut ph = [0.0; STATES];
        for (ph, row) in ph.iter_mut().zip(self.covariance.iter()).take(n) {
            *ph = row[..n].iter().zip(&h).map(|(p, h)| p * h).sum();
        }
        let predicted: f64 = (0..n).map(|i| h[i] * self.mean[i]).sum();
        let variance: f64 = (0..n).map(|i| h[i] * ph[i]).sum::<f64>() + noise * noise;
        let innovation = residual - predicted;
        let sd = variance.max(0.0).sqrt();
        // What is no number lies in no range: it is refused as well.
        if !(0.0..=GATE * sd).contains(&innovation.abs()) || sd == 0.0 {
            return Innovation {
                residual: innovation,
                sd,
                verdict: Verdict::Gated,
            };
        }
        for i in 0..n {
            let gain = ph[i] / variance;
            self.mean[i] += gain * innovation;
            for j in 0..n {
                self.covariance[i][j] -= gain * ph[j];
            }
        }
        Innovation {
            residual: innovation,
            sd,
            verdict: Verdict::Fused,
        }
    }

    /// Variance of a sensor's value, from directions and deviation.
    pub fn variance(&self, sensor: usize, slopes: &[f64; COUNT], sd: f64) -> f64 {
        let own = self.state_of[sensor];
        let mut variance = 0.0;
        for i in 0..COUNT {
            if slopes[i] == 0.0 {
                continue;
            }
            let row = &self.covariance[i];
            let mut along: f64 = row[..COUNT].iter().zip(slopes).map(|(p, h)| p * h).sum();
            if let Some(s) = own {
                along += 2.0 * row[s] * sd;
            }
            variance += slopes[i] * along;
        }
        variance += sd * sd * own.map_or(1.0, |s| self.covariance[s][s]);
        variance.max(0.0)
    }

    /// Shift of a sensor's value from the model's: the deviation alone. What a shot says about slow latents counts
    /// from the next shot on: moved within the shot they follow what only one place has (measured strip, P3 from P1
    /// and P2: 2.34 % of peak with, 1.95 % without).
    pub fn shift(&self, sensor: usize, sd: f64) -> f64 {
        self.state_of[sensor].map_or(0.0, |s| sd * self.mean[s])
    }

    /// Variance of a sensor before any measurement of this shot: slopes of independent directions and the deviation.
    pub fn before(slopes: &[f64; COUNT], sd: f64, noise: f64) -> f64 {
        slopes.iter().map(|s| s * s).sum::<f64>() + sd * sd + noise * noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use models_physics::mold::SensorQuantity;

    fn estimate(f: &Deviation, sensor: usize, slopes: &[f64; COUNT]) -> (f64, f64) {
        (f.shift(sensor, 1e6), f.variance(sensor, slopes, 1e6))
    }

    fn filter() -> Deviation {
        let place = |name: &str, path_m| Place {
            name: name.into(),
            quantity: SensorQuantity::Pressure,
            path_m,
        };
        let places = [place("p1", 0.0), place("p2", 0.03), place("p3", 0.06)];
        Deviation::new(&places, 0, &Discrepancy::MEASURED_RIG)
    }

    #[test]
    fn a_deviation_at_one_place_is_seen_at_the_next_and_forgotten_with_time() {
        let mut f = filter();
        let none = [0.0; COUNT];
        let seen = f.pressure(1, 2e6, &none, 1e6, 0.0, 1e4);
        assert_eq!(seen.verdict, Verdict::Fused);
        let (here, var) = estimate(&f, 1, &none);
        assert!((here - 2e6).abs() < 1e3 && var.sqrt() < 2e4);
        let (next, var) = estimate(&f, 2, &none);
        let c = (-0.03_f64 / Discrepancy::MEASURED_RIG.length_m).exp();
        assert!((next - c * 2e6).abs() < 1e3 && (var - 1e12 * (1.0 - c * c)).abs() < 1e9);
        f.pass(100.0);
        let (later, var) = estimate(&f, 2, &none);
        assert!(later.abs() < 1.0 && (var - 1e12).abs() < 1e6);
    }

    #[test]
    fn doubt_is_shared_between_direction_and_deviation_by_their_variances() {
        let mut f = filter();
        let mut slopes = [0.0; COUNT];
        slopes[0] = 3e6;
        f.pressure(1, 2e6, &slopes, 1e6, 0.0, 0.0);
        assert!((f.mean[0] - 2e6 * 3e6 / 1e13).abs() < 1e-9);
        assert!((f.covariance[0][0] - 0.1).abs() < 1e-9);
        assert!(f.covariance[1][1] == 1.0);
    }

    #[test]
    fn what_is_far_off_or_no_number_is_refused_and_changes_nothing() {
        let mut f = filter();
        for residual in [8e6, f64::NAN, f64::INFINITY] {
            let seen = f.pressure(1, residual, &[0.0; COUNT], 1e6, 0.0, 1e4);
            assert_eq!(seen.verdict, Verdict::Gated);
        }
        assert_eq!(estimate(&f, 1, &[0.0; COUNT]), (0.0, 1e12));
    }

    /// The constants of the gap belong to no sensor: repeated equal measurements do not make the band vanish.
    #[test]
    fn a_constant_bias_is_not_certainty_about_the_far_place() {
        let mut f = filter();
        for _ in 0..2000 {
            f.pass(2e-3);
            f.pressure(1, 1e6, &[0.0; COUNT], 1e6, 0.0, 1e4);
        }
        let (_, var) = estimate(&f, 2, &[0.0; COUNT]);
        assert!(var.sqrt() > 0.5e6, "{}", var.sqrt());
    }
}

//! How far the model is from the machine: a correlated deviation whose size follows the curve itself.
//!
//! ```text
//! sd^2 = (a g)^2 + b^2 (p_inlet - p) g + (p(t) - p(t - d))^2 + floor^2,   g = p - p_atm,  d = t0 + c t
//! ```
//! `a` is gain, `b` the loss of pressure on the way, `d` timing: when the front passes and when layers freeze. Deviations
//! of two places `x` apart along the flow are correlated by `exp(-x / length)`, those of one place by `exp(-dt / time)`
//! (Ornstein-Uhlenbeck; Kennedy and O'Hagan 2001, J. R. Stat. Soc. B 63, call it model discrepancy).

use serde::{Deserialize, Serialize};

use crate::input::InputError;

/// The deviation's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discrepancy {
    /// `a`: share of the pressure.
    pub gain: f64,
    /// `b`: share of the geometric mean of pressure and pressure lost on the way.
    pub loss: f64,
    /// `t0`, s.
    pub delay_s: f64,
    /// `c`: share of the time since fill began.
    pub timing: f64,
    /// What is left anywhere, Pa.
    pub floor_pa: f64,
    /// Correlation time, s.
    pub time_s: f64,
    /// Correlation length along the flow, m.
    pub length_m: f64,
}

/// One sensor in one shot that the model was not fitted to.
#[derive(Clone, Debug)]
pub struct Residual {
    /// The shot: deviations of one shot are compared along the flow.
    pub shot: String,
    /// Distance of the sensor along the flow, m.
    pub path_m: f64,
    /// Times since fill began, s.
    pub times: Vec<f64>,
    /// Pressure at the inlet, Pa.
    pub inlet: Vec<f64>,
    /// Predicted pressure, Pa.
    pub predicted: Vec<f64>,
    /// Measured pressure, Pa.
    pub measured: Vec<f64>,
}

/// Degrees of freedom of the t distribution used to fit: a front that passes early leaves a few huge deviations.
const FREEDOM: f64 = 5.0;
/// Independent readings that one curve is worth, as in calibration.
const CURVE_WORTH: f64 = 10.0;
/// Standard deviations at which a deviation is cut for its correlations.
const FAR: f64 = 3.0;
/// Share of samples that two standard deviations should hold.
const HELD: f64 = 0.95;
/// Lag at which a deviation's memory is measured, s.
const LAG_S: f64 = 0.4;
/// Atmosphere, Pa.
const ATMOSPHERE_PA: f64 = models_units::ATMOSPHERIC.pa();

impl Discrepancy {
    /// Found on the measured strip (`moldlab calibrate --prior`): the start for a mold nobody measured.
    pub const MEASURED_RIG: Self = Self {
        gain: 0.0222,
        loss: 0.0134,
        delay_s: 0.0054,
        timing: 0.0570,
        floor_pa: 0.15e6,
        time_s: 0.91,
        length_m: 0.0408,
    };

    /// Standard deviation, Pa, of a predicted pressure `p` that was `past` a [`Discrepancy::delay`] ago, at inlet pressure
    /// `inlet`.
    pub fn sd(&self, p: f64, past: f64, inlet: f64) -> f64 {
        let g = (p - ATMOSPHERE_PA).max(0.0);
        let gain = self.gain * g;
        let loss = self.loss * self.loss * (inlet - p).max(0.0) * g;
        let moved = p - past;
        (gain * gain + loss + moved * moved + self.floor_pa * self.floor_pa).sqrt()
    }

    /// How long ago the pressure counts as timing, s, at time `t` since fill began.
    pub fn delay(&self, t: f64) -> f64 {
        self.delay_s + self.timing * t.max(0.0)
    }

    /// Fits gain, loss, delay and timing to curves by a t likelihood with the values of the measured rig as
    /// weak priors (a factor e is one standard deviation); then correlation time and length to the scaled deviations.
    pub fn fit(curves: &[Residual]) -> Self {
        let start = Self::MEASURED_RIG;
        let at = |logs: &[f64; 4]| Self {
            gain: start.gain * logs[0].exp(),
            loss: start.loss * logs[1].exp(),
            delay_s: start.delay_s * logs[2].exp(),
            timing: start.timing * logs[3].exp(),
            ..start
        };
        let cost = |logs: &[f64; 4]| {
            let d = at(logs);
            let fits: f64 = curves.iter().map(|c| d.cost(c)).sum();
            CURVE_WORTH * fits + 0.5 * logs.iter().map(|l| l * l).sum::<f64>()
        };
        // Pattern search: four parameters, one smooth valley.
        let (mut best, mut step) = ([0.0; 4], 0.5);
        let mut lowest = cost(&best);
        while step > 1e-3 {
            let mut better = false;
            for k in 0..4 {
                for sign in [-1.0, 1.0] {
                    let mut there = best;
                    there[k] += sign * step;
                    let c = cost(&there);
                    if c < lowest {
                        (best, lowest, better) = (there, c, true);
                    }
                }
            }
            if !better {
                step *= 0.5;
            }
        }
        let sized = at(&best).widened_to_hold(curves);
        Self {
            time_s: sized.correlation_time(curves).unwrap_or(start.time_s),
            length_m: sized.correlation_length(curves).unwrap_or(start.length_m),
            ..sized
        }
    }

    /// Scaled, floor aside, until two standard deviations hold [`HELD`] of all samples: a likelihood alone lets a few curves
    /// with long deviations fall out of their bands.
    fn widened_to_hold(&self, curves: &[Residual]) -> Self {
        let by = |f: f64| Self {
            gain: f * self.gain,
            loss: f * self.loss,
            delay_s: f * self.delay_s,
            timing: f * self.timing,
            ..*self
        };
        let held = |d: &Self| {
            let (mut inside, mut count) = (0.0, 0.0);
            for c in curves {
                let off = c
                    .measured
                    .iter()
                    .zip(&c.predicted)
                    .map(|(m, p)| (m - p).abs());
                inside += off.zip(d.sds(c)).filter(|(o, sd)| *o <= 2.0 * sd).count() as f64;
                count += c.times.len() as f64;
            }
            inside / f64::max(count, 1.0)
        };
        let (mut low, mut high) = (0.5, 2.0);
        for _ in 0..12 {
            let middle = 0.5 * (low + high);
            if held(&by(middle)) < HELD {
                low = middle;
            } else {
                high = middle;
            }
        }
        by(high)
    }

    /// Deviations in standard deviations; the few huge ones of a front that passes early are cut at [`FAR`].
    fn scaled(&self, c: &Residual) -> Vec<f64> {
        let off = c.measured.iter().zip(&c.predicted).map(|(m, p)| m - p);
        off.zip(self.sds(c))
            .map(|(r, sd)| (r / sd).clamp(-FAR, FAR))
            .collect()
    }

    /// Time over which a deviation forgets itself, from its correlation over [`LAG_S`].
    fn correlation_time(&self, curves: &[Residual]) -> Option<f64> {
        let (mut product, mut square) = (0.0, 0.0);
        for c in curves {
            let z = self.scaled(c);
            for (k, t) in c.times.iter().enumerate() {
                let later = interpolate(&c.times, &z, t + LAG_S);
                product += z[k] * later;
                square += 0.5 * (z[k] * z[k] + later * later);
            }
        }
        let correlation = product / square;
        (correlation > 0.05 && correlation < 1.0).then(|| -LAG_S / correlation.ln())
    }

    /// Length over which a deviation changes along the flow, from pairs of sensors in one shot.
    fn correlation_length(&self, curves: &[Residual]) -> Option<f64> {
        let (mut product, mut square, mut apart, mut pairs) = (0.0, 0.0, 0.0, 0.0);
        for (i, a) in curves.iter().enumerate() {
            for b in curves[i + 1..].iter().filter(|b| b.shot == a.shot) {
                let (za, zb) = (self.scaled(a), self.scaled(b));
                for (x, y) in za.iter().zip(&zb) {
                    product += x * y;
                    square += 0.5 * (x * x + y * y);
                }
                apart += (a.path_m - b.path_m).abs();
                pairs += 1.0;
            }
        }
        let correlation = product / square;
        (pairs > 0.0 && correlation > 0.05 && correlation < 1.0)
            .then(|| -apart / pairs / correlation.ln())
    }
    /// Negative log likelihood of a curve, per sample.
    fn cost(&self, c: &Residual) -> f64 {
        let sum: f64 = self
            .sds(c)
            .zip(c.predicted.iter().zip(&c.measured))
            .map(|(sd, (p, m))| {
                let z = (m - p) / sd;
                sd.ln() + 0.5 * (FREEDOM + 1.0) * (z * z / FREEDOM).ln_1p()
            })
            .sum();
        sum / c.times.len().max(1) as f64
    }

    /// Standard deviation at each sample of a curve, Pa.
    pub fn sds<'a>(&'a self, c: &'a Residual) -> impl Iterator<Item = f64> + 'a {
        (0..c.times.len()).map(|k| {
            let then = c.times[k] - self.delay(c.times[k]);
            let past = interpolate(&c.times, &c.predicted, then);
            self.sd(c.predicted[k], past, c.inlet[k])
        })
    }

    pub(super) fn check(&self, file: &str) -> Result<(), InputError> {
        let all = [
            ("gain", self.gain, 0.0),
            ("loss", self.loss, 0.0),
            ("delay_s", self.delay_s, 0.0),
            ("timing", self.timing, 0.0),
            ("floor_pa", self.floor_pa, 1.0),
            ("time_s", self.time_s, 1e-4),
            ("length_m", self.length_m, 1e-4),
        ];
        match all.iter().find(|(_, v, low)| !(v.is_finite() && v >= low)) {
            None => Ok(()),
            Some((key, v, low)) => Err(InputError::key(
                file,
                format!("discrepancy.{key}"),
                format!("is {v}; it must be at least {low}"),
            )),
        }
    }
}

/// Value at `t`, held at both ends.
fn interpolate(times: &[f64], values: &[f64], t: f64) -> f64 {
    let k = times.partition_point(|x| *x <= t);
    if k == 0 || k == times.len() {
        return values[k.saturating_sub(1)];
    }
    let w = (t - times[k - 1]) / (times[k] - times[k - 1]);
    values[k - 1] + w * (values[k] - values[k - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve whose gain is off by twice the usual share comes out with about that gain.
    #[test]
    fn a_wrong_gain_is_found() {
        let times: Vec<f64> = (0..400).map(|k| 0.01 * f64::from(k)).collect();
        let predicted: Vec<f64> = times.iter().map(|t| 1e5 + 3e7 * (-t / 6.0).exp()).collect();
        let curve = |gain: f64| Residual {
            shot: String::new(),
            path_m: 0.0,
            inlet: predicted.clone(),
            measured: predicted.iter().map(|p| p + gain * (p - 1e5)).collect(),
            predicted: predicted.clone(),
            times: times.clone(),
        };
        let small = Discrepancy::fit(&[curve(0.004), curve(-0.004)]);
        let large = Discrepancy::fit(&[curve(0.08), curve(-0.08)]);
        let sd = |d: Discrepancy| d.sd(3e7, 3e7, 3e7) / 3e7;
        assert!(
            sd(small) < 0.012 && sd(large) > 0.035,
            "{small:?} {large:?}"
        );
    }
}

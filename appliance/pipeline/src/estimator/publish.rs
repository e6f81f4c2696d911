//! The estimate as others read it.

use super::Estimator;
use crate::estimate::Source;
use crate::sample::MOST_SENSORS;
use crate::setup::ATMOSPHERE_PA;

impl Estimator {
    pub(super) fn publish(&mut self, t: f64) {
        let values = self.model();
        let e = &mut self.estimate;
        e.shot_time_s = t;
        e.filled = self.tuning.ensemble.filled;
        let fallback = e.refused.is_some() && self.tuning.witness.is_some();
        e.source = if fallback {
            Source::Witness
        } else {
            self.source
        };
        let turned = self.tuning.ensemble.turned();
        for (i, p) in self.setup.places.iter().enumerate() {
            let model = match &self.tuning.witness {
                // The models are driven by this one: what they make of it in frozen melt is no estimate of it.
                _ if i == self.setup.drive => e.measured[i],
                Some(w) if fallback => w.read(i),
                _ => values[i],
            };
            // Before the first turn nothing is known of the deviation.
            let spread = if self.spread[i].is_finite() {
                self.spread[i]
            } else {
                0.0
            };
            if turned || e.sd[i].is_nan() {
                let slopes = &self.tuning.ensemble.slopes[i];
                let model = if i == self.setup.drive {
                    0.0
                } else {
                    self.deviation.variance(i, slopes, spread)
                };
                let noise = if p.is_pressure() {
                    self.setup.noise_pa
                } else {
                    0.0
                };
                e.sd[i] = (model + noise * noise).sqrt();
            }
            let shift = self.deviation.shift(i, spread);
            e.value[i] = if p.is_pressure() {
                (model + shift).max(ATMOSPHERE_PA)
            } else {
                model + shift
            };
        }
        if e.refused.is_some() && self.tuning.witness.is_none() {
            e.value = [f64::NAN; MOST_SENSORS];
            e.sd = [f64::NAN; MOST_SENSORS];
        }
    }

    /// Nothing in the mold.
    pub(super) fn rest(&mut self) {
        let e = &mut self.estimate;
        (e.shot_time_s, e.filled, e.frozen, e.refused) = (0.0, 0.0, 0.0, None);
        for (i, p) in self.setup.places.iter().enumerate() {
            let at_rest = if p.is_pressure() {
                (
                    ATMOSPHERE_PA,
                    self.tuning.belief.prior().discrepancy.floor_pa,
                )
            } else {
                (f64::NAN, f64::NAN)
            };
            (e.value[i], e.sd[i]) = at_rest;
        }
        self.spread = [f64::NAN; MOST_SENSORS];
    }
}

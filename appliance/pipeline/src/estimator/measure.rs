//! Measurements, re-zeroed between shots.

use super::Estimator;
use crate::phase::CyclePhase;
use crate::sample::Sample;
use crate::setup::ATMOSPHERE_PA;

/// Change of the screw's volume, as a share of the mold's, within which it counts as resting.
const SCREW_RESTS: f64 = 0.01;

impl Estimator {
    /// Re-zeroed measurements.
    pub(super) fn measure(&mut self, sample: &Sample, phase: CyclePhase) {
        // Nobody knows yet whether a press seen for the first time is between two shots.
        let idle = phase == CyclePhase::Idle && self.state.settled;
        for (i, zero) in self
            .zero
            .iter_mut()
            .enumerate()
            .take(self.setup.places.len())
        {
            let raw = sample.sensors[i];
            self.estimate.measured[i] = if self.setup.rezero[i] {
                zero.step(raw, ATMOSPHERE_PA, self.dt, idle)
            } else {
                raw
            };
        }
        if idle && sample.screw_m3.is_finite() {
            // A resting screw is averaged; one that doses is followed.
            let off = sample.screw_m3 - self.screw_rest_m3;
            self.screw_rest_m3 = if off.abs() < SCREW_RESTS * self.setup.fill_volume_m3 {
                self.screw_rest_m3 + (self.dt / 0.3).min(1.0) * off
            } else {
                sample.screw_m3
            };
        }
        if idle && sample.surface_k.is_finite() {
            self.surface_k = if self.surface_k.is_finite() {
                self.surface_k + (self.dt / 0.5).min(1.0) * (sample.surface_k - self.surface_k)
            } else {
                sample.surface_k
            };
        }
    }

    /// Highest measured pressure in the mold, above atmosphere.
    pub(super) fn cavity(&self) -> f64 {
        let measured = self
            .setup
            .used
            .iter()
            .map(|i| self.estimate.measured[*i] - ATMOSPHERE_PA);
        measured.fold(0.0, f64::max)
    }
}

//! What is measured once a shot: the mold's surface before it, and the volume injected.

use models_physics::latents::{COUNT, Latent};

use super::Estimator;
use crate::evidence::Once;
use crate::phase::CyclePhase;
use crate::sample::Sample;
use crate::setup::ATMOSPHERE_PA;

impl Estimator {
    /// The mold's surface before the shot says how warm it is.
    pub(super) fn learn_surface(&mut self) {
        // A surface sensor's noise and lag between two shots.
        const SURFACE_SCATTER_K: f64 = 0.3;
        let at = Latent::MoldTemperature as usize;
        if !self.surface_k.is_finite() {
            return;
        }
        let slopes: [f64; COUNT] = std::array::from_fn(|k| self.tuning.ensemble.root[at][k]);
        if slopes.iter().all(|s| *s == 0.0) {
            return;
        }
        let residual = self.surface_k - self.setup.mold_k - self.tuning.belief.mean[at];
        self.record.evidence.surface = Some(Once {
            residual,
            slopes,
            scatter: SURFACE_SCATTER_K,
        });
    }

    /// The volume the screw has injected says how far the mold must be full.
    pub(super) fn learn_volume(&mut self, t: f64, sample: &Sample) {
        const AT_SHARE: f64 = 0.7;
        if self.volume_taken || self.state.phase != CyclePhase::Fill {
            return;
        }
        let gauge = self.estimate.measured[self.setup.drive] - ATMOSPHERE_PA;
        let injected = self.screw_m3 - sample.screw_m3;
        let flowed = injected - self.setup.compressibility * sample.screw_m3 * gauge;
        // In the mold the melt stands under about half the inlet pressure.
        let share =
            flowed * (1.0 + 0.5 * self.setup.compressibility * gauge) / self.setup.fill_volume_m3;
        if share.is_nan() || share < AT_SHARE {
            return;
        }
        self.volume_taken = true;
        let filled = self.tuning.ensemble.filled;
        if filled <= 0.05 {
            return;
        }
        let slopes = self.tuning.ensemble.filled_slopes.map(|s| s / filled);
        let residual = (share / filled).ln();
        // The shot's begin is known to a sample.
        let scatter = self.dt / t;
        self.record.evidence.volume = Some(Once {
            residual,
            slopes,
            scatter,
        });
    }
}

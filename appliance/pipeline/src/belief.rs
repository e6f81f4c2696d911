//! The slow latents: what shots have taught so far, with covariance, carried from shot to shot.
//!
//! The deviation filter works with independent directions `xi ~ N(0, 1)`, latents = mean + root xi; after a shot the
//! directions have a posterior, which is mapped back here. Between two shots latents drift.

// Indices of rows and columns are what the formulas say.
#![allow(clippy::needless_range_loop)]

use models_physics::latents::{COUNT, LATENTS};
use models_physics::prior::Prior;

use crate::matrix::cholesky;

/// Drift of a latent from one shot to the next, as a share of the standard deviation it had before the first shot.
const DRIFT: f64 = 0.07;
/// A latent is never known better than this share of it.
const SHARPEST: f64 = 0.05;

/// A square matrix over all latents.
pub type Square = [[f64; COUNT]; COUNT];

/// Mean and covariance of the latents now.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// Means, in the order of [`LATENTS`].
    pub mean: [f64; COUNT],
    /// Covariance.
    pub covariance: Square,
    prior: Prior,
    /// Values a model can be evaluated at.
    range: [[f64; 2]; COUNT],
    /// Latents that ended at the end of their range.
    pub at_bound: [bool; COUNT],
}

/// What a shot said about the directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// Posterior mean of the directions.
    pub mean: [f64; COUNT],
    /// Posterior covariance.
    pub covariance: Square,
}

impl Belief {
    /// Before the first shot; `range` is what the model can be evaluated at.
    pub fn new(prior: Prior, range: [[f64; 2]; COUNT]) -> Self {
        let mut covariance = [[0.0; COUNT]; COUNT];
        for (i, row) in covariance.iter_mut().enumerate() {
            for (j, c) in row.iter_mut().enumerate() {
                *c = prior.covariance(i, j);
            }
        }
        // A latent the model does not take is known to stand where it stands.
        for i in (0..COUNT).filter(|i| range[*i][0] >= range[*i][1]) {
            for j in 0..COUNT {
                covariance[i][j] = 0.0;
                covariance[j][i] = 0.0;
            }
        }
        let mut mean = prior.mean;
        for (m, [low, high]) in mean.iter_mut().zip(range) {
            *m = m.clamp(low, high.max(low));
        }
        Self {
            mean,
            covariance,
            prior,
            range,
            at_bound: [false; COUNT],
        }
    }

    /// The prior it started from.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// Root of the covariance: a column a direction.
    pub fn root(&self) -> Square {
        cholesky(&self.covariance, COUNT)
    }

    /// Standard deviation of a latent.
    pub fn sd(&self, i: usize) -> f64 {
        self.covariance[i][i].max(0.0).sqrt()
    }

    /// Share of the prior variance that shots have removed: near zero is not identifiable.
    pub fn learned(&self, i: usize) -> f64 {
        let before = self.prior.sd[i] * self.prior.sd[i];
        if before > 0.0 {
            (1.0 - self.covariance[i][i] / before).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Values the model can be evaluated at.
    pub fn range(&self, i: usize) -> [f64; 2] {
        self.range[i]
    }

    /// Takes what a shot taught about the directions of `root`, then lets a shot's drift widen it; `inflation`
    /// (at least 1) widens it more when the shot was a surprise.
    pub fn learn(&mut self, root: &Square, lesson: &Lesson, inflation: f64) {
        for i in 0..COUNT {
            let step: f64 = (0..COUNT).map(|k| root[i][k] * lesson.mean[k]).sum();
            let [low, high] = self.range[i];
            let value = self.mean[i] + step;
            self.at_bound[i] = step != 0.0 && !(low..=high).contains(&value);
            if low < high {
                self.mean[i] = value.clamp(low, high);
            }
        }
        let mut half = [[0.0; COUNT]; COUNT];
        for i in 0..COUNT {
            for k in 0..COUNT {
                half[i][k] = (0..COUNT)
                    .map(|m| root[i][m] * lesson.covariance[m][k])
                    .sum();
            }
        }
        for i in 0..COUNT {
            for j in 0..=i {
                let c: f64 = (0..COUNT).map(|k| half[i][k] * root[j][k]).sum();
                self.covariance[i][j] = c;
                self.covariance[j][i] = c;
            }
        }
        self.drift(inflation.max(1.0));
    }

    /// Widens by a shot's drift, never beyond what was known before the first shot.
    pub(crate) fn drift(&mut self, inflation: f64) {
        for i in 0..COUNT {
            let before = self.prior.sd[i] * self.prior.sd[i];
            if self.range[i][0] >= self.range[i][1] || before == 0.0 {
                continue;
            }
            let now = self.covariance[i][i].max(0.0);
            let wider = (now * inflation + DRIFT * DRIFT * before)
                .clamp(SHARPEST * SHARPEST * before, before.max(now));
            if now > 0.0 {
                // Scaling row and column keeps the correlations; the rest of the drift is independent.
                let scale = (wider.min(now * inflation) / now).sqrt();
                for j in (0..COUNT).filter(|j| *j != i) {
                    self.covariance[i][j] *= scale;
                    self.covariance[j][i] *= scale;
                }
            }
            self.covariance[i][i] = wider;
        }
    }

    /// Latents in a sentence: name, value, sd, unit.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, f64, f64, &'static str)> + '_ {
        LATENTS
            .iter()
            .enumerate()
            .map(|(i, l)| (l.name, self.mean[i], self.sd(i), l.unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Belief {
        let mold = models_physics::molds::builtin("plate-ps").unwrap();
        let range = LATENTS.map(|l| l.bounds);
        Belief::new(Prior::of_mold(&mold).unwrap(), range)
    }

    #[test]
    fn nothing_learned_changes_nothing_beyond_the_prior() {
        let mut belief = fresh();
        let before = belief.clone();
        let mut lesson = Lesson {
            mean: [0.0; COUNT],
            covariance: [[0.0; COUNT]; COUNT],
        };
        for i in 0..COUNT {
            lesson.covariance[i][i] = 1.0;
        }
        for _ in 0..50 {
            belief.learn(&before.root(), &lesson, 1.0);
        }
        for i in 0..COUNT {
            assert!(
                (belief.sd(i) / before.sd(i) - 1.0).abs() < 1e-9,
                "{}",
                LATENTS[i].name
            );
            assert_eq!(belief.mean[i], before.mean[i]);
        }
    }

    #[test]
    fn a_known_direction_moves_the_mean_and_narrows_it_and_drift_widens_it_again() {
        let mut belief = fresh();
        let before = belief.clone();
        let mut lesson = Lesson {
            mean: [0.0; COUNT],
            covariance: [[0.0; COUNT]; COUNT],
        };
        for i in 1..COUNT {
            lesson.covariance[i][i] = 1.0;
        }
        (lesson.mean[0], lesson.covariance[0][0]) = (1.0, 0.01);
        belief.learn(&before.root(), &lesson, 1.0);
        assert!((belief.mean[0] - before.mean[0] - before.sd(0)).abs() < 1e-9);
        let narrow = belief.sd(0);
        assert!(narrow < 0.15 * before.sd(0) && belief.learned(0) > 0.97);
        let root = belief.root();
        lesson.mean[0] = 0.0;
        lesson.covariance[0][0] = 1.0;
        for _ in 0..20 {
            belief.learn(&root, &lesson, 1.0);
        }
        assert!(belief.sd(0) > narrow && belief.sd(0) <= before.sd(0) * (1.0 + 1e-9));
    }

    #[test]
    fn a_latent_stops_at_the_end_of_its_range_and_says_so() {
        let mut belief = fresh();
        let root = belief.root();
        let mut lesson = Lesson {
            mean: [0.0; COUNT],
            covariance: root,
        };
        lesson.mean[0] = 100.0;
        belief.learn(&root, &lesson, 1.0);
        assert!(belief.at_bound[0] && belief.mean[0] == belief.range(0)[1]);
    }
}

//! The slow unknowns: latents, and the errors that repeat from shot to shot, in one covariance.
//!
//! ```text
//! latents    l       an AR(1) process around what card and mold say; its stationary spread is the prior
//! volume     v       error of the injected volume (barrel density, check ring): the same in every shot
//! surface    c       error of the mold surface (where its sensor sits): the same in every shot
//! gain       b_u     gain error of each used cavity sensor
//! deviation  d_uk    what the model itself gets wrong at sensor u, moment k, and gets wrong again in the next shot
//! ```
//! A model that is off by as much in every shot is one error, not as many as there were shots. Taken for new each time it
//! averages out, latents explain it, and places that nobody measures get worse with every shot (simulated plate, matched material,
//! nozzle and P1: 1.1 % of peak in the first shot, 1.6 % from the eighth).

// Indices of rows and columns are what the formulas say.
#![allow(clippy::needless_range_loop)]

use models_physics::latents::{COUNT, LATENTS, Latent};
use models_physics::prior::Prior;
use serde::{Deserialize, Serialize};

use crate::evidence::{KNOTS, knot_s};
use crate::joint::Joint;
use crate::lesson::{Lesson, Story};
use crate::matrix::cholesky;

/// What changes with the granulate and the heat: a new lot or an operator moves these at once.
const PROCESS: [Latent; 3] = [
    Latent::Viscosity,
    Latent::MeltTemperature,
    Latent::MoldTemperature,
];
/// Drift of these from one shot to the next, as a share of the spread they have without any measurement: the whole
/// spread within some two hundred shots, an hour or two.
const PROCESS_DRIFT: f64 = 0.07;
/// Drift of the rest, constants of material and steel: the whole spread within some ten thousand shots.
const CONSTANT_DRIFT: f64 = 0.01;
/// Drift of sensors' gains and of the volume's and surface's errors: as constants.
const SENSOR_DRIFT: f64 = 0.01;
/// Drift of the model's repeated deviation: it follows latents and setpoints, which wander.
const DEVIATION_DRIFT: f64 = 0.05;
/// A latent is at its bound when it wants to go beyond by this many standard deviations.
const BEYOND: f64 = 1.0;

pub(crate) const VOLUME: usize = COUNT;
pub(crate) const SURFACE: usize = COUNT + 1;
pub(crate) const GAINS: usize = COUNT + 2;

/// A square matrix over all latents.
pub type Square = [[f64; COUNT]; COUNT];

/// A used cavity sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Used {
    /// Its place in the mold's list.
    pub sensor: usize,
    /// Distance along the flow, m.
    pub path_m: f64,
}

/// How well cavity sensors measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensors {
    /// Standard deviation of their gain errors.
    pub gain: f64,
    /// Noise, Pa.
    pub noise_pa: f64,
}

/// Mean and covariance of everything slow.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// Means of the latents, in the order of [`models_physics::latents::LATENTS`].
    pub mean: [f64; COUNT],
    /// Latents as differences from `mean`, then the errors that repeat, in units of their standard deviations.
    pub(crate) joint: Joint,
    pub(crate) prior: Prior,
    pub(crate) used: Vec<Used>,
    /// Values a model can be evaluated at.
    range: [[f64; 2]; COUNT],
    /// Latents that want to go beyond the end of their range.
    pub at_bound: [bool; COUNT],
    /// What was calibrated has been given up.
    pub(crate) opened: bool,
    /// The sensor that stood alone against all else when it was given up.
    pub(crate) alone: Option<usize>,
    /// Lessons taken.
    pub(crate) lessons: u64,
}

/// A belief as plain values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeliefMemory {
    /// Means of the latents, in the order of the list.
    pub mean: Vec<f64>,
    /// Differences, then errors that repeat: their means.
    pub joint_mean: Vec<f64>,
    /// Their covariance, row by row.
    pub covariance: Vec<f64>,
    /// Latents that wanted to go beyond the end of their range.
    pub at_bound: Vec<bool>,
    /// What was calibrated has been given up.
    pub opened: bool,
    /// Lessons taken.
    pub lessons: u64,
}

impl Belief {
    /// Before the first shot; `range` is what the model can be evaluated at, `used` the cavity sensors that will be heard.
    pub fn new(prior: Prior, range: [[f64; 2]; COUNT], used: Vec<Used>) -> Self {
        let mut mean = prior.mean;
        for (m, [low, high]) in mean.iter_mut().zip(range) {
            *m = m.clamp(low, high.max(low));
        }
        let size = GAINS + used.len() * (1 + KNOTS);
        let mut new = Self {
            mean,
            joint: Joint::zero(size),
            prior,
            used,
            range,
            at_bound: [false; COUNT],
            opened: false,
            alone: None,
            lessons: 0,
        };
        for a in 0..size {
            for b in 0..=a {
                new.joint.set(a, b, new.before(a, b));
            }
        }
        new
    }

    /// The same unknowns with nothing learned.
    #[must_use]
    pub fn before_the_first_shot(&self) -> Self {
        Self::new(self.prior.clone(), self.range, self.used.clone())
    }

    /// The prior it started from.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// As plain values.
    pub fn memory(&self) -> BeliefMemory {
        let n = self.joint.size();
        BeliefMemory {
            mean: self.mean.to_vec(),
            joint_mean: self.joint.mean.clone(),
            covariance: (0..n * n).map(|k| self.joint.at(k / n, k % n)).collect(),
            at_bound: self.at_bound.to_vec(),
            opened: self.opened,
            lessons: self.lessons,
        }
    }

    /// This belief with what was kept of an earlier one over the same unknowns; `None` when that is no belief about them.
    pub fn with(&self, kept: &BeliefMemory) -> Option<Self> {
        let n = self.joint.size();
        let fits = kept.mean.len() == COUNT
            && kept.at_bound.len() == COUNT
            && kept.joint_mean.len() == n
            && kept.covariance.len() == n * n;
        let mut numbers = kept
            .mean
            .iter()
            .chain(&kept.joint_mean)
            .chain(&kept.covariance);
        if !(fits && numbers.all(|v| v.is_finite())) {
            return None;
        }
        let mut belief = self.clone();
        for (i, [low, high]) in self.range.iter().enumerate() {
            belief.mean[i] = kept.mean[i].clamp(*low, high.max(*low));
            belief.at_bound[i] = kept.at_bound[i];
            if (belief.mean[i] - kept.mean[i]).abs() > 1e-9 * kept.mean[i].abs() {
                return None;
            }
        }
        belief.joint.mean.clone_from(&kept.joint_mean);
        for a in 0..n {
            if kept.covariance[a * n + a] < 0.0 {
                return None;
            }
            for b in 0..=a {
                belief.joint.set(a, b, kept.covariance[a * n + b]);
            }
        }
        (belief.opened, belief.lessons) = (kept.opened, kept.lessons);
        Some(belief)
    }

    /// Covariance before the first shot, which drift leads back to.
    pub(crate) fn before(&self, a: usize, b: usize) -> f64 {
        match (a.min(b), a.max(b)) {
            // A latent the model does not take is known to stand where it stands.
            (a, b) if b < COUNT => {
                if self.free(a) && self.free(b) {
                    self.prior.covariance(a, b)
                } else {
                    0.0
                }
            }
            (a, b) if a >= self.deviations() => self.alike(a, b),
            (a, b) => f64::from(u8::from(a == b)),
        }
    }

    /// True for a latent that the model takes.
    pub(crate) fn free(&self, i: usize) -> bool {
        self.range[i][0] < self.range[i][1]
    }

    /// First of the deviations.
    pub(crate) fn deviations(&self) -> usize {
        GAINS + self.used.len()
    }

    /// Correlation of two deviations: along the flow and over time.
    pub(crate) fn alike(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (a - self.deviations(), b - self.deviations());
        let discrepancy = &self.prior.discrepancy;
        let apart = self.used[a / KNOTS].path_m - self.used[b / KNOTS].path_m;
        let later = knot_s(a % KNOTS) - knot_s(b % KNOTS);
        (-apart.abs() / discrepancy.length_m - later.abs() / discrepancy.time_s).exp()
    }

    /// Whether everything believed is a number.
    pub fn is_sound(&self) -> bool {
        let n = self.joint.size();
        let means = self.mean.iter().chain(&self.joint.mean);
        means.copied().all(f64::is_finite)
            && (0..n).all(|a| (0..=a).all(|b| self.joint.at(a, b).is_finite()))
    }

    /// Root of the covariance of the latents: a column a direction.
    pub fn root(&self) -> Square {
        let square = std::array::from_fn(|i| std::array::from_fn(|j| self.joint.at(i, j)));
        cholesky(&square, COUNT)
    }

    /// Standard deviation of a latent.
    pub fn sd(&self, i: usize) -> f64 {
        self.joint.at(i, i).max(0.0).sqrt()
    }

    /// Share of the prior variance that shots have removed: near zero is not identifiable.
    pub fn learned(&self, i: usize) -> f64 {
        let before = self.prior.sd[i] * self.prior.sd[i];
        if before > 0.0 {
            (1.0 - self.joint.at(i, i) / before).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Values the model can be evaluated at.
    pub fn range(&self, i: usize) -> [f64; 2] {
        self.range[i]
    }

    /// Latents in a sentence: name, value, sd, unit.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, f64, f64, &'static str)> + '_ {
        LATENTS
            .iter()
            .enumerate()
            .map(|(i, l)| (l.name, self.mean[i], self.sd(i), l.unit))
    }

    /// Gain error of a used cavity sensor as believed, in standard deviations of such errors, with its own; `None` for others.
    pub fn gain(&self, sensor: usize) -> Option<[f64; 2]> {
        let at = GAINS + self.used.iter().position(|u| u.sensor == sensor)?;
        Some([self.joint.mean[at], self.joint.at(at, at).max(0.0).sqrt()])
    }

    /// Takes a lesson, then lets a shot's drift widen it.
    ///
    /// What changed at a stroke is a long way along a bent response: the means take the step, but nothing counts as known better for it.
    /// The next shot says it again from there.
    pub fn learn(&mut self, lesson: &Lesson) {
        self.lessons += 1;
        let root = &lesson.root;
        for i in 0..COUNT {
            let step: f64 = (0..COUNT).map(|k| root[i][k] * lesson.joint.mean[k]).sum();
            let [low, high] = self.range[i];
            let value = self.mean[i] + step;
            let beyond = (low - value).max(value - high);
            self.at_bound[i] = low < high && beyond > BEYOND * self.sd(i);
            if low < high {
                self.mean[i] = value.clamp(low, high);
            }
        }
        if lesson.story == Story::Opened {
            self.alone = lesson.alone;
        }
        if lesson.story == Story::Drifted {
            self.narrow(lesson);
        } else {
            self.widen(lesson.story);
        }
        self.drift();
    }

    /// Takes over what a lesson says of covariances and of errors that repeat.
    fn narrow(&mut self, lesson: &Lesson) {
        let (root, kept) = (&lesson.root, self.joint.size());
        let along = |i: usize, o: usize| -> f64 {
            (0..COUNT).map(|k| root[i][k] * lesson.joint.at(k, o)).sum()
        };
        let mut half = [[0.0; COUNT]; COUNT];
        for i in 0..COUNT {
            for k in 0..COUNT {
                half[i][k] = along(i, k);
            }
        }
        for i in 0..COUNT {
            for j in 0..=i {
                let c: f64 = (0..COUNT).map(|k| half[i][k] * root[j][k]).sum();
                self.joint.set(i, j, c);
            }
        }
        for o in COUNT..kept {
            self.joint.mean[o] = lesson.joint.mean[o];
            for i in 0..COUNT {
                self.joint.set(i, o, along(i, o));
            }
            for p in COUNT..=o {
                self.joint.set(p, o, lesson.joint.at(p, o));
            }
        }
    }

    /// Latents become as uncertain as a story makes them, and what was held while it was calibrated as well.
    fn widen(&mut self, story: Story) {
        self.opened |= story == Story::Opened;
        for i in 0..COUNT {
            for j in 0..=i {
                let wider = self.joint.at(i, j) + self.moved(story, i, j);
                self.joint.set(i, j, wider);
            }
        }
    }

    /// A shot passes: everything slow goes a little back to what it was before the first shot.
    ///
    /// ```text
    /// x' = q x + w,   q = sqrt(1 - drift^2),   cov(w) = drift drift' cov(x before the first shot)
    /// ```
    pub(crate) fn drift(&mut self) {
        let size = self.joint.size();
        let first = self.deviations();
        let drifts: Vec<f64> = (0..size)
            .map(|i| match i {
                i if is_process(i) => PROCESS_DRIFT,
                i if i < COUNT => CONSTANT_DRIFT,
                i if i < first => SENSOR_DRIFT,
                _ => DEVIATION_DRIFT,
            })
            .collect();
        let keep = |i: usize| (1.0 - drifts[i] * drifts[i]).sqrt();
        for a in 0..size {
            for b in 0..=a {
                let wider = drifts[a] * drifts[b] * self.before(a, b);
                let kept = keep(a) * keep(b) * self.joint.at(a, b);
                self.joint.set(a, b, kept + wider);
            }
        }
        for i in 0..COUNT {
            let [low, high] = self.range[i];
            let home = self.prior.mean[i].clamp(low, high.max(low));
            self.mean[i] = home + keep(i) * (self.mean[i] - home);
        }
        for o in COUNT..size {
            self.joint.mean[o] *= keep(o);
        }
    }
}

/// True for what a new lot or an operator moves.
pub(crate) fn is_process(i: usize) -> bool {
    PROCESS.iter().any(|p| *p as usize == i)
}

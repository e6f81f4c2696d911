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

use crate::evidence::{Evidence, KNOTS, Once, knot_s};
use crate::joint::Joint;
use crate::matrix::{cholesky, forward};

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
/// Share of the deviation's variance that repeats. Simulated plate at one setting: all but a few thousandths. Measured strip: nothing
/// between three settings of 36 to 61 MPa (correlation 0.05); nobody measured two shots at one setting there. A
/// tenth is left for what a real process does not repeat.
const REPEATS: f64 = 0.9;
/// Standard deviation of the injected volume's repeated error, ln: melt density in the barrel and the check ring's closing.
const VOLUME_SD: f64 = 0.03;
/// Its scatter from shot to shot, ln: the check ring closes earlier or later.
const VOLUME_SCATTER: f64 = 0.01;
/// Standard deviation of the repeated error of the mold surface, K: between the sensor's place and the cavity's mean.
const SURFACE_SD_K: f64 = 1.5;
/// Chance that a shot is the first of something else: a lot of granulate lasts some hundred shots and more.
const LOT_CHANCE: f64 = 0.01;
/// Chance that the first shot finds another material or mold than was calibrated: mistakes are made while setting up.
const SET_UP_CHANCE: f64 = 0.1;
/// Chance that a later one does.
const OTHER_CHANCE: f64 = 0.001;
/// A latent is at its bound when it wants to go beyond by this many standard deviations.
const BEYOND: f64 = 1.0;
/// A single reading is as surprising as a whole curve at this multiple of its squared innovation: three standard deviations
/// count as much as a mean square of four.
const SINGLE: f64 = 4.0 / 9.0;

/// Standard deviations from where it was before the first shot beyond which something is not what the files say: by chance one
/// of a few dozen is that far in one mold out of a hundred.
const FAR: f64 = 3.5;
/// The same in terms of an uncalibrated mold, once a calibration was given up: enough to point at the most likely.
const FAR_OPENED: f64 = 0.5;

const VOLUME: usize = COUNT;
const SURFACE: usize = COUNT + 1;
const GAINS: usize = COUNT + 2;

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
    joint: Joint,
    prior: Prior,
    used: Vec<Used>,
    /// Values a model can be evaluated at.
    range: [[f64; 2]; COUNT],
    /// Latents that want to go beyond the end of their range.
    pub at_bound: [bool; COUNT],
    /// What was calibrated has been given up.
    opened: bool,
    /// Lessons taken.
    lessons: u64,
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

/// How the process came to where a shot finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// It drifted on.
    Drifted,
    /// Granulate or temperatures were changed at a stroke.
    Changed,
    /// The constants of material or mold are not those that were calibrated.
    Opened,
}

/// What a shot taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Directions, then the errors that repeat.
    joint: Joint,
    root: Square,
    /// Mean squared reading of the cavity sensors over its variance before the shot: one when bands are right; NaN without any.
    pub pressure: f64,
    /// The same of the injected volume.
    pub volume: f64,
    /// The story believed.
    pub story: Story,
}

impl Lesson {
    /// The largest surprise; NaN when nothing was measured.
    pub fn surprise(&self) -> f64 {
        self.pressure.max(SINGLE * self.volume)
    }
}

/// What may be other than the files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suspect {
    /// The granulate; the latent shows it.
    Material(usize),
    /// Melt or mold temperature, by its latent.
    Temperature(usize),
    /// The mold, by its latent; `None` when its volume is not that of the file.
    Mold(Option<usize>),
    /// A cavity sensor: its gain or its place.
    Sensor(usize),
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
            lessons: 0,
        };
        for a in 0..size {
            for b in 0..=a {
                new.joint.set(a, b, new.before(a, b));
            }
        }
        new
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
    fn before(&self, a: usize, b: usize) -> f64 {
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
    fn free(&self, i: usize) -> bool {
        self.range[i][0] < self.range[i][1]
    }

    /// First of the deviations.
    fn deviations(&self) -> usize {
        GAINS + self.used.len()
    }

    /// Correlation of two deviations: along the flow and over time.
    fn alike(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (a - self.deviations(), b - self.deviations());
        let discrepancy = &self.prior.discrepancy;
        let apart = self.used[a / KNOTS].path_m - self.used[b / KNOTS].path_m;
        let later = knot_s(a % KNOTS) - knot_s(b % KNOTS);
        (-apart.abs() / discrepancy.length_m - later.abs() / discrepancy.time_s).exp()
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

    /// Gain error of a used cavity sensor as believed, in standard deviations of such errors, with its own; `None` for others.
    pub fn gain(&self, sensor: usize) -> Option<[f64; 2]> {
        let at = GAINS + self.used.iter().position(|u| u.sensor == sensor)?;
        Some([self.joint.mean[at], self.joint.at(at, at).max(0.0).sqrt()])
    }

    /// Weighs what a shot measured, with what is known of the sensors. Changes nothing yet.
    ///
    /// Three stories are told: the process drifted on; it was changed at a stroke by as much as was unknown before the first
    /// shot; what was calibrated does not hold, and every latent is as unknown as in a mold that nobody measured. The most
    /// likely one is believed.
    pub fn weigh(&self, evidence: &Evidence, sensors: &Sensors) -> Lesson {
        let readings = self.readings(evidence, sensors);
        let (pressure, volume) = self.surprises(evidence, &readings);
        let told = |story: Story| {
            let mut joint = self.start(&evidence.root, story);
            let mut ln_likelihood = self.chance(story).ln();
            for r in &readings {
                let (innovation, variance) = joint.take(r.value, &r.slopes, r.noise);
                ln_likelihood -= 0.5 * (innovation * innovation / variance + variance.ln());
            }
            (ln_likelihood, joint, story)
        };
        let others = [Story::Changed, Story::Opened].map(told);
        let best = others.into_iter().fold(told(Story::Drifted), |best, next| {
            if next.0 > best.0 { next } else { best }
        });
        Lesson {
            joint: best.1,
            root: evidence.root,
            pressure,
            volume,
            story: best.2,
        }
    }

    /// Chance of a story before anything is measured.
    fn chance(&self, story: Story) -> f64 {
        let opened = match self.lessons {
            _ if self.opened => 0.0,
            0 => SET_UP_CHANCE,
            _ => OTHER_CHANCE,
        };
        match story {
            Story::Drifted => 1.0 - LOT_CHANCE - opened,
            Story::Changed => LOT_CHANCE,
            Story::Opened => opened,
        }
    }

    /// Everything measured, as slopes on directions, on errors that repeat, and on deviations that do not.
    fn readings(&self, evidence: &Evidence, sensors: &Sensors) -> Vec<Weighed> {
        let on = |slopes: &[f64; COUNT]| -> Vec<(usize, f64)> {
            slopes.iter().copied().enumerate().collect()
        };
        let once = |o: &Once, place: usize, sd: f64, scatter: f64| {
            let mut slopes = on(&o.slopes);
            slopes.push((place, sd));
            Weighed {
                value: o.residual,
                slopes,
                noise: scatter * scatter + o.scatter * o.scatter,
            }
        };
        let mut all = Vec::new();
        let volume = evidence.volume.iter();
        all.extend(volume.map(|o| once(o, VOLUME, VOLUME_SD, VOLUME_SCATTER)));
        let surface = evidence.surface.iter();
        all.extend(surface.map(|o| once(o, SURFACE, SURFACE_SD_K, 0.0)));
        for r in &evidence.readings {
            let Some(u) = self.used.iter().position(|u| u.sensor == r.sensor) else {
                continue;
            };
            let place = self.deviations() + u * KNOTS + r.knot;
            let mut slopes = on(&r.slopes);
            slopes.push((GAINS + u, sensors.gain * r.gauge));
            slopes.push((place, REPEATS.sqrt() * r.spread));
            let fresh = place + self.used.len() * KNOTS;
            slopes.push((fresh, (1.0 - REPEATS).sqrt() * r.spread));
            all.push(Weighed {
                value: r.residual,
                slopes,
                noise: sensors.noise_pa * sensors.noise_pa,
            });
        }
        all
    }

    /// Mean squares of what was read over its variance before the shot: pressures, volume.
    fn surprises(&self, evidence: &Evidence, readings: &[Weighed]) -> (f64, f64) {
        let start = self.start(&evidence.root, Story::Drifted);
        let square = |r: &Weighed| {
            let (expected, variance) = start.expect(&r.slopes);
            (r.value - expected).powi(2) / (variance + r.noise)
        };
        let once = usize::from(evidence.volume.is_some()) + usize::from(evidence.surface.is_some());
        let curves = &readings[once..];
        let pressure = curves.iter().map(square).sum::<f64>() / curves.len() as f64;
        let volume = evidence.volume.and(readings.first()).map(square);
        (pressure, volume.unwrap_or(f64::NAN))
    }

    /// Directions, errors that repeat as believed, and deviations of this shot alone.
    fn start(&self, root: &Square, story: Story) -> Joint {
        let (kept, first) = (self.joint.size(), self.deviations());
        let mut joint = Joint::zero(kept + self.used.len() * KNOTS);
        for k in (0..COUNT).filter(|k| root[*k][*k] > 0.0) {
            joint.set(k, k, 1.0);
        }
        let moved: Vec<(usize, [f64; COUNT])> = (0..COUNT)
            .filter(|i| match story {
                Story::Drifted => false,
                Story::Changed => is_process(*i),
                Story::Opened => self.joint.at(*i, *i) > 0.0,
            })
            .map(|i| {
                (
                    i,
                    forward(root, &std::array::from_fn(|k| f64::from(u8::from(k == i)))),
                )
            })
            .collect();
        for a in 0..COUNT {
            for b in 0..=a {
                let mut sum = joint.at(a, b);
                for (p, x) in &moved {
                    for (q, y) in &moved {
                        sum += x[a] * self.moved(story, *p, *q) * y[b];
                    }
                }
                joint.set(a, b, sum);
            }
        }
        for o in COUNT..kept {
            joint.mean[o] = self.joint.mean[o];
            let along = forward(root, &std::array::from_fn(|i| self.joint.at(i, o)));
            for (k, c) in along.into_iter().enumerate() {
                joint.set(k, o, c);
            }
            for p in COUNT..=o {
                joint.set(p, o, self.joint.at(p, o));
            }
        }
        for a in first..kept {
            for b in first..=a {
                let shift = kept - first;
                joint.set(a + shift, b + shift, self.alike(a, b));
            }
        }
        joint
    }

    /// Covariance that a story other than drift adds to two latents.
    fn moved(&self, story: Story, a: usize, b: usize) -> f64 {
        match story {
            Story::Drifted => 0.0,
            Story::Changed => self.before(a, b),
            Story::Opened if a == b => LATENTS[a].prior_sd * LATENTS[a].prior_sd,
            Story::Opened => 0.0,
        }
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
        for i in (0..COUNT).filter(|i| story == Story::Opened || is_process(*i)) {
            for j in (0..=i).filter(|j| story == Story::Opened || is_process(*j)) {
                if self.free(i) && self.free(j) {
                    let wider = self.joint.at(i, j) + self.moved(story, i, j);
                    self.joint.set(i, j, wider);
                }
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

    /// What is probably not what the files say: the unknown that lies farthest from where it was before the first shot, if that is far.
    pub fn suspect(&self) -> Option<Suspect> {
        let latent = |i: usize| {
            let wider = if self.opened {
                LATENTS[i].prior_sd
            } else {
                0.0
            };
            let sd = self.prior.sd[i].hypot(wider);
            let limit = if self.opened { FAR_OPENED } else { FAR };
            let far = (self.mean[i] - self.prior.mean[i]).abs() / (sd * limit);
            (suspect(i), if sd > 0.0 && self.free(i) { far } else { 0.0 })
        };
        let sensor = |(u, used): (usize, &Used)| {
            let first = self.deviations() + u * KNOTS;
            let deviations = &self.joint.mean[first..first + KNOTS];
            let square = deviations.iter().map(|d| d * d).sum::<f64>() / KNOTS as f64;
            let far = self.joint.mean[GAINS + u].abs().max(square.sqrt());
            (Suspect::Sensor(used.sensor), far / FAR)
        };
        let volume = (Suspect::Mold(None), self.joint.mean[VOLUME].abs() / FAR);
        let (suspect, far) = (0..COUNT)
            .map(latent)
            .chain(self.used.iter().enumerate().map(sensor))
            .fold(volume, |far, next| if next.1 > far.1 { next } else { far });
        (far > 1.0).then_some(suspect)
    }
}

/// True for what a new lot or an operator moves.
fn is_process(i: usize) -> bool {
    PROCESS.iter().any(|p| *p as usize == i)
}

/// What a latent far from its prior points to.
fn suspect(i: usize) -> Suspect {
    const TEMPERATURES: [usize; 2] = [
        Latent::MeltTemperature as usize,
        Latent::MoldTemperature as usize,
    ];
    const MOLD: [usize; 5] = [
        Latent::WallHtc as usize,
        Latent::Compliance as usize,
        Latent::Gap as usize,
        Latent::HoldLoss as usize,
        Latent::Leakage as usize,
    ];
    if TEMPERATURES.contains(&i) {
        Suspect::Temperature(i)
    } else if MOLD.contains(&i) {
        Suspect::Mold(Some(i))
    } else {
        Suspect::Material(i)
    }
}

/// A reading ready to be taken.
struct Weighed {
    value: f64,
    slopes: Vec<(usize, f64)>,
    noise: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Reading;

    const SENSORS: Sensors = Sensors {
        gain: 0.01,
        noise_pa: 3e4,
    };

    fn fresh() -> Belief {
        let mold = models_physics::molds::builtin("plate-ps").unwrap();
        let used = vec![Used {
            sensor: 1,
            path_m: 0.07,
        }];
        Belief::new(
            Prior::of_mold(&mold).unwrap(),
            LATENTS.map(|l| l.bounds),
            used,
        )
    }

    /// A shot in which the used sensor is off by `share` of a pressure of 40 MPa all the time, and depends on viscosity by
    /// `slope` Pa.
    fn shot(belief: &Belief, share: f64, slope: f64) -> Evidence {
        let mut e = Evidence::with_room();
        e.root = belief.root();
        let slopes = std::array::from_fn(|k| if k == 0 { slope } else { 0.0 });
        for knot in 0..30 {
            e.keep(Reading {
                knot,
                sensor: 1,
                residual: share * 4e7,
                gauge: 4e7,
                slopes,
                spread: 2e5,
            });
        }
        e
    }

    fn volume(belief: &Belief, residual: f64) -> Evidence {
        let mut e = Evidence::with_room();
        e.root = belief.root();
        // An ln of volume per unit of viscosity.
        let slopes = e.root[0];
        e.volume = Some(Once {
            residual,
            slopes,
            scatter: 0.0,
        });
        e
    }

    fn teach(belief: &mut Belief, e: &Evidence) -> Lesson {
        let lesson = belief.weigh(e, &SENSORS);
        belief.learn(&lesson);
        lesson
    }

    #[test]
    fn a_shot_without_measurements_leaves_the_belief_where_it_was() {
        let mut belief = fresh();
        let before = belief.clone();
        for _ in 0..50 {
            let mut e = Evidence::with_room();
            e.root = belief.root();
            assert!(teach(&mut belief, &e).surprise().is_nan());
        }
        for i in 0..COUNT {
            let same = (belief.sd(i) - before.sd(i)).abs() <= 1e-6 * before.sd(i);
            assert!(same, "{}", LATENTS[i].name);
            assert_eq!(belief.mean[i], before.mean[i]);
        }
        assert_eq!(belief.suspect(), None);
    }

    /// The same error of the model in every shot is one error: the hundredth shot says hardly more than the first.
    #[test]
    fn what_repeats_is_not_learned_again_with_every_shot() {
        let mut belief = fresh();
        let e = shot(&belief, 0.004, 1e5);
        teach(&mut belief, &e);
        let once = belief.mean[0] - belief.prior().mean[0];
        for _ in 0..100 {
            let e = shot(
                &belief,
                0.004 - (belief.mean[0] - belief.prior().mean[0]) / belief.prior().sd[0] * 0.0025,
                1e5 * belief.sd(0) / belief.prior().sd[0],
            );
            teach(&mut belief, &e);
        }
        let after = belief.mean[0] - belief.prior().mean[0];
        assert!(once > 0.0 && after.abs() < 2.0 * once, "{once} {after}");
        let [gain, sd] = belief.gain(1).unwrap();
        assert!(gain > 0.0 && sd < 1.0 && belief.gain(0).is_none());
    }

    #[test]
    fn a_step_of_the_volume_is_a_change_and_a_constant_error_is_not() {
        let mut belief = fresh();
        for _ in 0..10 {
            let e = volume(&belief, 0.0);
            assert_eq!(teach(&mut belief, &e).story, Story::Drifted);
        }
        let narrow = belief.sd(0);
        let e = volume(&belief, 0.12);
        assert_eq!(teach(&mut belief, &e).story, Story::Changed);
        assert!(belief.mean[0] > belief.prior().mean[0] + narrow);
    }

    #[test]
    fn what_no_calibration_explains_gives_it_up_and_names_a_cause() {
        let mut belief = fresh();
        let narrow = belief.sd(Latent::Conductivity as usize);
        let e = volume(&belief, 0.9);
        let lesson = teach(&mut belief, &e);
        assert_eq!(lesson.story, Story::Opened);
        assert!(belief.sd(Latent::Conductivity as usize) > 5.0 * narrow);
        assert_eq!(belief.suspect(), Some(Suspect::Material(0)));
    }

    #[test]
    fn a_sensor_that_reads_far_off_is_named() {
        let mut belief = fresh();
        for _ in 0..3 {
            let e = shot(&belief, 0.08, 1e3);
            teach(&mut belief, &e);
        }
        assert_eq!(belief.suspect(), Some(Suspect::Sensor(1)));
    }

    #[test]
    fn a_latent_stops_at_the_end_of_its_range_and_says_so() {
        let mut belief = fresh();
        let e = volume(&belief, 30.0);
        teach(&mut belief, &e);
        assert!(belief.at_bound[0] && belief.mean[0] <= belief.range(0)[1]);
    }
}

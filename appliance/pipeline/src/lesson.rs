//! What a finished shot teaches: the evidence weighed under three stories of how the process came to where the shot finds it.

// Indices of rows and columns are what the formulas say.
#![allow(clippy::needless_range_loop)]

use models_physics::latents::{COUNT, LATENTS};

use crate::belief::{Belief, GAINS, SURFACE, Sensors, Square, VOLUME, is_process};
use crate::evidence::{Evidence, KNOTS, Once};
use crate::joint::Joint;
use crate::matrix::forward;

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
/// A single reading is as surprising as a whole curve at this multiple of its squared innovation: three standard deviations
/// count as much as a mean square of four.
const SINGLE: f64 = 4.0 / 9.0;

/// Mean square above which cavity pressures disagree, and below which (two standard deviations) the injected volume agrees.
const DISAGREES: f64 = 2.0;
const AGREES: f64 = 4.0;

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
    pub(crate) joint: Joint,
    pub(crate) root: Square,
    /// Mean squared reading of the cavity sensors over its variance before the shot: one when bands are right; NaN without any.
    pub pressure: f64,
    /// The same of the injected volume.
    pub volume: f64,
    /// The story believed.
    pub story: Story,
    /// The sensor that disagrees most while the injected volume is as expected: then not the melt is another.
    pub alone: Option<usize>,
}

impl Lesson {
    /// The largest surprise; NaN when nothing was measured.
    pub fn surprise(&self) -> f64 {
        self.pressure.max(SINGLE * self.volume)
    }
}

impl Belief {
    /// Weighs what a shot measured, with what is known of the sensors. Changes nothing yet.
    ///
    /// Three stories are told: the process drifted on; it was changed at a stroke by as much as was unknown before the first
    /// shot; what was calibrated does not hold, and every latent is as unknown as in a mold that nobody measured. The most
    /// likely one is believed.
    pub fn weigh(&self, evidence: &Evidence, sensors: &Sensors) -> Lesson {
        let readings = self.readings(evidence, sensors);
        let (pressure, volume, worst) = self.surprises(evidence, &readings);
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
            alone: worst.filter(|_| pressure > DISAGREES && volume < AGREES),
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
        let late = self.late(evidence);
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
        for r in &mut all {
            let since = r.slopes.iter().zip(&late).map(|((_, s), z)| s * z);
            r.value -= since.sum::<f64>();
        }
        all
    }

    /// How far, along the directions, the belief has moved since the model of this evidence was made: on a busy box the models of a
    /// shot come too late for the next one, which then says again what is known already. Taken twice it overshoots, shot for shot.
    fn late(&self, evidence: &Evidence) -> [f64; COUNT] {
        let Some(then) = evidence.mean else {
            return [0.0; COUNT];
        };
        forward(
            &evidence.root,
            &std::array::from_fn(|i| self.mean[i] - then[i]),
        )
    }

    /// Mean squares of what was read over its variance before the shot: pressures, volume; and the sensor of the largest square.
    fn surprises(&self, evidence: &Evidence, readings: &[Weighed]) -> (f64, f64, Option<usize>) {
        let start = self.start(&evidence.root, Story::Drifted);
        let square = |r: &Weighed| {
            let (expected, variance) = start.expect(&r.slopes);
            (r.value - expected).powi(2) / (variance + r.noise)
        };
        let once = usize::from(evidence.volume.is_some()) + usize::from(evidence.surface.is_some());
        let curves = &readings[once..];
        let pressure = curves.iter().map(square).sum::<f64>() / curves.len() as f64;
        let volume = evidence.volume.and(readings.first()).map(square);
        let squares = curves.iter().zip(&evidence.readings);
        let worst = squares.max_by(|a, b| square(a.0).total_cmp(&square(b.0)));
        (
            pressure,
            volume.unwrap_or(f64::NAN),
            worst.map(|(_, r)| r.sensor),
        )
    }

    /// Latents as believed, along the directions; errors that repeat as believed; deviations of this shot alone.
    ///
    /// The directions are those of the belief the models were made of, which may be an older one. Taken for a variance of one along each, as it was
    /// then, beside what latents and errors have in common now, it need not be a covariance: variances below zero, and after a few
    /// readings no numbers at all.
    fn start(&self, root: &Square, story: Story) -> Joint {
        let (kept, first) = (self.joint.size(), self.deviations());
        let mut joint = Joint::zero(kept + self.used.len() * KNOTS);
        let half: Vec<[f64; COUNT]> = (0..COUNT)
            .map(|j| {
                let latents = |i| self.joint.at(i, j) + self.moved(story, i, j);
                forward(root, &std::array::from_fn(latents))
            })
            .collect();
        for a in 0..COUNT {
            let along = forward(root, &std::array::from_fn(|j| half[j][a]));
            for b in 0..=a {
                joint.set(a, b, along[b]);
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
    pub(crate) fn moved(&self, story: Story, a: usize, b: usize) -> f64 {
        match story {
            Story::Changed if is_process(a) && is_process(b) => self.before(a, b),
            Story::Opened if a == b && self.free(a) => LATENTS[a].prior_sd * LATENTS[a].prior_sd,
            _ => 0.0,
        }
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
    use crate::belief::Used;
    use crate::evidence::Reading;
    use crate::suspect::Suspect;
    use models_physics::latents::Latent;
    use models_physics::prior::Prior;
    use proptest::prelude::*;

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

    /// A box that is late with its models ends where one ends that is in time.
    #[test]
    fn what_a_late_model_says_again_is_not_taken_twice() {
        let (mut in_time, mut late) = (fresh(), fresh());
        let truth = in_time.mean[0] + 0.5 * in_time.sd(0);
        let old = late.clone();
        for _ in 0..6 {
            let e = volume(&in_time, truth - in_time.mean[0]);
            teach(&mut in_time, &e);
            // Every shot is measured against the very first model.
            let mut e = volume(&old, truth - old.mean[0]);
            e.mean = Some(old.mean);
            teach(&mut late, &e);
        }
        let [a, b] = [&in_time, &late].map(|x| (x.mean[0] - truth).abs());
        assert!(b < 1.5 * a.max(0.1 * old.sd(0)), "{a} in time, {b} late");
        assert_eq!(late.suspect(), None);
    }

    /// A shot in which volume, surface and pressures say where the latents stand, told by the models of an earlier belief: the
    /// viscosity is off by `off` of the spread it had before the first shot.
    fn told_by(old: &Belief, now: &Belief, off: f64) -> Evidence {
        let mut e = Evidence::with_room();
        let root = old.root();
        (e.root, e.mean) = (root, Some(old.mean));
        let along = |gradient: &dyn Fn(usize) -> f64| -> [f64; COUNT] {
            std::array::from_fn(|k| (0..COUNT).map(|i| gradient(i) * root[i][k]).sum())
        };
        let prior = old.prior();
        let share = |i: usize| {
            if prior.sd[i] > 0.0 {
                1.0 / prior.sd[i]
            } else {
                0.0
            }
        };
        let moved = prior.mean[0] + off * prior.sd[0] - old.mean[0];
        let slopes = along(&|i| 0.03 * share(i));
        let residual = 0.03 * share(0) * moved;
        let scatter = 1e-3;
        e.volume = Some(Once {
            residual,
            slopes,
            scatter,
        });
        for knot in 0..KNOTS {
            let pa = |i: usize| 2e6 * share(i) * (0.7 + (knot * (i + 1)) as f64 * 0.05).sin();
            e.keep(Reading {
                knot,
                sensor: now.used[0].sensor,
                residual: pa(0) * moved,
                gauge: 4e7,
                slopes: along(&pa),
                spread: 2e5,
            });
        }
        e
    }

    /// Every unknown asked in turn: how far below zero, as a share of what it was, its variance gets that the others leave.
    fn least(belief: &Belief) -> f64 {
        let mut joint = belief.joint.clone();
        let mut least = 0.0_f64;
        for a in (0..joint.size()).filter(|a| belief.joint.at(*a, *a) > 0.0) {
            let share = joint.at(a, a) / belief.joint.at(a, a);
            least = least.min(share);
            if share > 1e-9 {
                joint.take(0.0, &[(a, 1.0)], 0.0);
            }
        }
        least
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        /// Whatever a press does and however late its models are: one lot or another, few readings or many, another material.
        #[test]
        fn late_models_leave_a_belief_that_is_one(
            shots in proptest::collection::vec(
                (
                    0..4_usize,
                    prop_oneof![Just(0.0), Just(0.3), Just(4.0), Just(12.0)],
                    prop_oneof![Just(0), Just(1), Just(3), Just(KNOTS)],
                    prop_oneof![2 => Just(true), 1 => Just(false)],
                ),
                16,
            ),
        ) {
            let mut past = vec![fresh()];
            for (late, off, readings, volume) in shots {
                let last = past.len() - 1;
                let mut e = told_by(&past[last.saturating_sub(late)], &past[last], off);
                e.readings.truncate(readings);
                e.volume = e.volume.filter(|_| volume);
                let mut next = past[last].clone();
                teach(&mut next, &e);
                prop_assert!(next.is_sound(), "no number after shot {last}");
                let least = least(&next);
                prop_assert!(least > -1e-6, "a variance of {least} after shot {last}");
                past.push(next);
            }
        }
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

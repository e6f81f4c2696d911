//! The slow part of a quantity that scatters from shot to shot, told by two stories:
//!
//! ```text
//! still:     level(n + 1) = level(n) + what our own moves do
//! drifting:  level(n + 1) = level(n) + slope(n) + what our own moves do + drift,   slope(n + 1) = slope(n) + bend
//! measured(n) = level(n) + scatter
//! ```
//! A Kalman filter a story; what both say is weighed by how likely each made the last dozen shots. A process that only scatters is
//! averaged over all its shots, so that nothing is moved for its scatter; one that drifts is followed without the lag of a filter
//! that believes in neither (one random walk with a fixed drift had to be slow for the first and quick for the second: simulated plate,
//! undisturbed spread 1.2 times its own or slow drift halved, not both).
//!
//! How much it scatters is learned from the shots themselves: what is told beforehand counts as a few shots, differences of neighbours say the
//! rest. Told for the tracker is 2.7 mg (how exactly marks are met on any press), seen on the simulated plate 0.8 mg.
//!
//! A measurement far outside both stories, or two in a row clearly outside on the same side, is a jump: both forget and follow.

/// Surprise (squared, in variances) at which one measurement is a jump.
const JUMP: f64 = 20.0;
/// Surprise at which two in a row are.
const TWICE: f64 = 6.0;
/// Share of what earlier shots said about the stories that is kept from one to the next: about fifteen shots count.
const REMEMBERED: f64 = 0.93;
/// No story is ruled out: what stood still may begin to drift.
const LEAST_WEIGHT: f64 = 0.01;
/// Drift of the drifting level, and bend of its slope, a shot, in tolerances.
const DRIFT: f64 = 0.03;
const BEND: f64 = 0.05;
/// Slope of what drifts before anything is known, a shot, in tolerances.
const SLOPE: f64 = 0.1;

/// Shots that the scatter told beforehand counts as.
const TOLD_SHOTS: f64 = 3.0;
/// Shots that what was seen of it counts as at most: scatter changes too.
const SEEN_SHOTS: f64 = 30.0;

/// Scatter as seen: half the mean square of what one shot differs from the one before, our own moves apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Scatter {
    before: Option<f64>,
    square: f64,
    shots: f64,
}

impl Scatter {
    fn moved(&mut self, by: f64) {
        if let Some(before) = &mut self.before {
            *before += by;
        }
    }

    /// Variance of a measurement that is told to scatter by `told`.
    fn variance(&self, told: f64) -> f64 {
        (TOLD_SHOTS * told * told + self.shots * self.square) / (TOLD_SHOTS + self.shots)
    }

    /// Takes a measurement; `jumped` ones say nothing of scatter.
    fn measure(&mut self, measured: f64, jumped: bool) {
        if let (Some(before), false) = (self.before, jumped) {
            self.shots = (self.shots + 1.0).min(SEEN_SHOTS);
            let half = 0.5 * (measured - before).powi(2);
            self.square += (half - self.square) / self.shots;
        }
        self.before = Some(measured);
    }
}

/// One story.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Story {
    drifts: bool,
    weight: f64,
    level: f64,
    slope: f64,
    /// Variance of the level, covariance, variance of the slope.
    spread: [f64; 3],
}

impl Story {
    fn pass(&mut self, tolerance: f64, by: f64, sd: f64) {
        let [level, both, slope] = self.spread;
        if self.drifts {
            self.level += self.slope;
            let drift = (DRIFT * tolerance).powi(2);
            let bend = (BEND * tolerance).powi(2);
            self.spread = [
                level + 2.0 * both + slope + drift,
                both + slope,
                slope + bend,
            ];
        }
        self.level += by;
        self.spread[0] += sd * sd;
    }

    /// Takes a measurement of this variance; ln of how likely it was.
    fn measure(&mut self, measured: f64, variance: f64) -> f64 {
        let [level, both, slope] = self.spread;
        let (off, s) = (measured - self.level, level + variance);
        let (gain, slope_gain) = (level / s, both / s);
        self.level += gain * off;
        self.slope += slope_gain * off;
        self.spread = [
            (1.0 - gain) * level,
            (1.0 - gain) * both,
            slope - slope_gain * both,
        ];
        -0.5 * (off * off / s + s.ln())
    }

    /// It jumped by about this much.
    fn jump(&mut self, by: f64, tolerance: f64) {
        self.weight = 0.5;
        self.slope = 0.0;
        let slope = if self.drifts {
            (SLOPE * tolerance).powi(2)
        } else {
            0.0
        };
        self.spread = [self.spread[0] + by * by, 0.0, slope];
    }
}

/// Both stories.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// How far off is worth a movement: drift is counted in it.
    tolerance: f64,
    /// Nothing before the first measurement.
    stories: Option<[Story; 2]>,
    /// Side of the last measurement that was clearly outside.
    side: f64,
    scatter: Scatter,
}

impl Trend {
    /// Nothing is known yet.
    pub const fn new(tolerance: f64) -> Self {
        Self {
            tolerance,
            stories: None,
            side: 0.0,
            scatter: Scatter {
                before: None,
                square: 0.0,
                shots: 0.0,
            },
        }
    }

    /// Standard deviation of a measurement that is told to scatter by `told`.
    pub fn scatter(&self, told: f64) -> f64 {
        self.scatter.variance(told).sqrt()
    }

    /// Level and standard deviation, once something was measured.
    pub fn get(&self) -> Option<[f64; 2]> {
        let stories = self.stories.as_ref()?;
        let level: f64 = stories.iter().map(|s| s.weight * s.level).sum();
        let spread = |s: &Story| s.weight * (s.spread[0] + (s.level - level).powi(2));
        Some([level, stories.iter().map(spread).sum::<f64>().sqrt()])
    }

    /// A shot goes by, and our own moves shifted the level by `by`, known to `sd`.
    pub fn pass(&mut self, by: f64, sd: f64) {
        self.scatter.moved(by);
        for story in self.stories.iter_mut().flatten() {
            story.pass(self.tolerance, by, sd);
        }
    }

    /// A measurement told to scatter by `told`.
    pub fn measure(&mut self, measured: f64, told: f64) {
        let variance = self.scatter.variance(told);
        let Some([level, known]) = self.get() else {
            let first = |drifts| {
                let mut story = Story {
                    drifts,
                    weight: 0.5,
                    level: measured,
                    slope: 0.0,
                    spread: [variance, 0.0, 0.0],
                };
                story.jump(0.0, self.tolerance);
                story
            };
            self.stories = Some([first(false), first(true)]);
            self.scatter.measure(measured, false);
            return;
        };
        let off = measured - level;
        let surprise = off * off / (known * known + variance);
        let again = surprise > TWICE && self.side * off > 0.0;
        let jumped = surprise > JUMP || again;
        self.side = if surprise > TWICE && !again {
            off.signum()
        } else {
            0.0
        };
        self.scatter.measure(measured, jumped);
        let Some(stories) = &mut self.stories else {
            return;
        };
        let likely = stories.each_mut().map(|story| {
            if jumped {
                story.jump(off, self.tolerance);
            }
            REMEMBERED * story.weight.ln() + story.measure(measured, variance)
        });
        weigh(stories, likely);
    }
}

/// Weights from logarithms of how likely the stories are.
fn weigh(stories: &mut [Story; 2], likely: [f64; 2]) {
    let drifting = 1.0 / (1.0 + (likely[0] - likely[1]).exp());
    let drifting = drifting.clamp(LEAST_WEIGHT, 1.0 - LEAST_WEIGHT);
    (stories[0].weight, stories[1].weight) = (1.0 - drifting, drifting);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the offset: it is learned from a few shots, with a band that holds it.
        #[test]
        fn an_offset_is_learned(offset in -5.0..5.0_f64, seed in 0..u64::MAX) {
            let mut trend = Trend::new(1.0);
            for s in independent(seed).take(40) {
                trend.pass(0.0, 0.0);
                trend.measure(offset + s, TOLD);
            }
            let [value, sd] = trend.get().unwrap();
            prop_assert!((value - offset).abs() < 4.0 * sd, "{value} {sd} {offset}");
            prop_assert!(sd < TOLD, "no surer than one shot: {sd}");
        }

        /// A step is followed at once when it is large and after two shots when it is clear.
        #[test]
        fn a_step_is_followed(step in prop_oneof![6.0..50.0_f64, -50.0..-6.0_f64]) {
            let mut trend = Trend::new(1.0);
            for _ in 0..20 {
                trend.pass(0.0, 0.0);
                trend.measure(0.0, 1.0);
            }
            for _ in 0..2 {
                trend.pass(0.0, 0.0);
                trend.measure(step, 1.0);
            }
            let [value, _] = trend.get().unwrap();
            prop_assert!((value / step - 1.0).abs() < 0.15, "{value} of {step}");
        }
    }

    /// Standard deviation that a measurement is told to have.
    const TOLD: f64 = 0.3;

    /// Even scatter between -0.5 and 0.5 without memory (SplitMix64): what proptest shrinks a list to is no scatter, it drifts and steps.
    pub fn independent(seed: u64) -> impl Iterator<Item = f64> {
        (1..).map(move |n: u64| {
            let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as f64 / u64::MAX as f64 - 0.5
        })
    }

    /// Chance makes some runs look like drift; what they say is then surer than one shot, but not by much.
    #[test]
    fn chance_seldom_looks_like_drift() {
        let sure = (0..1000).filter(|seed| {
            let mut trend = Trend::new(1.0);
            for s in independent(seed * 7919).take(40) {
                trend.pass(0.0, 0.0);
                trend.measure(s, TOLD);
            }
            trend.get().unwrap()[1] < 0.5 * TOLD
        });
        let sure = sure.count();
        assert!(sure > 900, "{sure} of 1000");
    }

    /// Scatter as in a real run: even, of standard deviation 0.29.
    fn scatter(n: u32) -> f64 {
        (f64::from(n) * 0.618_034).fract() - 0.5
    }

    /// What only scatters is averaged: after thirty shots it is known six times better than one of them tells.
    #[test]
    fn what_stands_still_is_averaged() {
        let mut trend = Trend::new(1.0);
        for n in 0..30 {
            trend.pass(0.0, 0.0);
            trend.measure(scatter(n), 0.3);
        }
        let [value, sd] = trend.get().unwrap();
        assert!(value.abs() < 0.1 && sd < 0.1, "{value} {sd}");
    }

    /// What drifts by half its scatter a shot is followed with hardly any lag.
    #[test]
    fn what_drifts_is_followed_without_lag() {
        let mut trend = Trend::new(1.0);
        let mut lag = 0.0;
        for n in 0..40 {
            let level = 0.12 * f64::from(n.max(10) - 10);
            trend.pass(0.0, 0.0);
            trend.measure(level + scatter(n), 0.3);
            if n >= 20 {
                lag += (level - trend.get().unwrap()[0]) / 20.0;
            }
        }
        assert!(lag.abs() < 0.15, "{lag}");
    }

    #[test]
    fn our_own_moves_are_no_surprise() {
        let mut trend = Trend::new(1.0);
        trend.measure(0.0, 0.1);
        trend.pass(7.0, 0.5);
        trend.measure(7.2, 0.1);
        let [value, _] = trend.get().unwrap();
        assert!((value - 7.2).abs() < 0.1);
    }
}

//! What moving a setpoint does: the last shot replayed at the latents believed in, as it was and as it would have run.
//!
//! Only differences of two replays are promised: what the shot itself came to is the estimate's business. Bands come from
//! replays at one standard deviation of the belief along each of its directions.

use std::sync::OnceLock;

use models_physics::latents::{COUNT, LATENTS, Latent, Latents};

use crate::belief::{Belief, Square};
use crate::correct::marks::{Mark, Marks, Sense, Slope, TRACKED};
use crate::correct::quantity::{Outcome, QUANTITIES, Quantity};
use crate::correct::recorded::{Piece, Recorded};
use crate::correct::replay::{Instant, Replay};
use crate::error::PipelineError;
use crate::keeper::Keeper;
use crate::ports::{Change, SETPOINTS, Setpoint, Setpoints};
use crate::shot::ShotRecord;

/// A value and its standard deviation.
pub type Banded = [f64; 2];

/// The last shot, ready to be replayed with other setpoints.
#[derive(Clone, Debug)]
pub struct Effect {
    replay: Replay,
    shot: Recorded,
    setpoints: Setpoints,
    latents: Latents,
    /// One standard deviation of the belief along each direction.
    off: Vec<Latents>,
    fill: Vec<Piece>,
    estimate: Outcome,
    base: Outcome,
    /// The shot with its own setpoints, at the latents believed in and off them: the same for every change that is asked about.
    unchanged: OnceLock<Vec<Ran>>,
}

/// Results and evenly spaced curves of a run.
type Ran = (Outcome, Vec<Instant>);

/// What a change of setpoints would do, once temperatures have settled.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// The last shot, by [`Quantity`], with standard deviation.
    pub before: [Banded; QUANTITIES],
    /// The same with the change.
    pub after: [Banded; QUANTITIES],
    /// Change alone: much better known than either.
    pub change: [Banded; QUANTITIES],
    /// Curves of the last shot as the model sees it.
    pub curves_before: Vec<BandedInstant>,
    /// Curves with the change.
    pub curves_after: Vec<BandedInstant>,
}

/// One instant of a predicted curve.
#[derive(Clone, Debug, PartialEq)]
pub struct BandedInstant {
    /// Time since the shot began, s.
    pub time_s: f64,
    /// By sensor of the mold, Pa or K; NaN where the model does not reach.
    pub values: Vec<Banded>,
}

/// Change of every quantity with every setpoint, in SI units of the quantity per SI unit of the setpoint, with standard deviation;
/// zero with infinite standard deviation where it was not asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// By quantity, then by setpoint.
    pub slope: [[Banded; SETPOINTS]; QUANTITIES],
}

impl Default for Gradient {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            slope: [[[0.0, f64::INFINITY]; SETPOINTS]; QUANTITIES],
        }
    }
}

impl Gradient {
    /// Slope of a quantity with a setpoint, and its standard deviation.
    pub fn of(&self, quantity: Quantity, setpoint: Setpoint) -> Banded {
        self.slope[quantity as usize][setpoint as usize]
    }
}

/// Time between two points of a predicted curve, s.
const CURVE_S: f64 = 0.05;

/// Half the distance over which a gradient is taken: a share of the value, or kelvins.
const fn reach(setpoint: Setpoint) -> Reach {
    match setpoint {
        Setpoint::HoldPressure | Setpoint::InjectionRate | Setpoint::CoolingTime => {
            Reach::Share(0.05)
        }
        Setpoint::HoldTime => Reach::Share(0.1),
        Setpoint::TransferVolume => Reach::Share(0.01),
        Setpoint::MeltTemperature | Setpoint::MoldTemperature => Reach::Kelvins(2.0),
    }
}

enum Reach {
    Share(f64),
    Kelvins(f64),
}

impl Effect {
    /// Prepares a finished shot that ran with `setpoints`. Call after [`Keeper::finish`]: the shot is seen with what it taught.
    /// `None` for a shot that was not filled, held and let go.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn new(
        keeper: &Keeper,
        record: &ShotRecord,
        setpoints: &Setpoints,
    ) -> Result<Option<Self>, PipelineError> {
        let names: Vec<String> = keeper
            .setup()
            .places
            .iter()
            .map(|p| p.name.clone())
            .collect();
        let replay = Replay::new(
            keeper.mold(),
            keeper.material(),
            &names,
            keeper.setup().last,
        );
        let Some(shot) = Recorded::of(record, keeper.setup().drive) else {
            return Ok(None);
        };
        Self::at(replay, shot, &keeper.belief, setpoints).map(Some)
    }

    /// As [`Effect::new`] with everything at hand.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn at(
        replay: Replay,
        shot: Recorded,
        belief: &Belief,
        setpoints: &Setpoints,
    ) -> Result<Self, PipelineError> {
        let latents = Latents::from_values(belief.mean);
        let fill = replay.fill(&latents, &shot)?;
        let estimate = replay.as_recorded(&latents, &shot)?;
        let (base, _) = replay.run(&latents, &shot.with(&fill, setpoints, setpoints), false)?;
        Ok(Self {
            off: neighbours(belief, &belief.root()),
            replay,
            shot,
            setpoints: *setpoints,
            latents,
            fill,
            estimate,
            base,
            unchanged: OnceLock::new(),
        })
    }

    /// Setpoints the shot ran with.
    pub fn setpoints(&self) -> &Setpoints {
        &self.setpoints
    }

    /// What the shot came to by the reduced solver under the recorded pressure at the latents believed in after it.
    pub fn estimate(&self) -> &Outcome {
        &self.estimate
    }

    /// What the belief leaves open about [`Effect::estimate`], one standard deviation.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn estimate_sd(&self) -> Result<Outcome, PipelineError> {
        let mut sum = Outcome::default();
        for latents in &self.off {
            add_square(
                &mut sum,
                &self.replay.as_recorded(latents, &self.shot)?,
                &self.estimate,
            );
        }
        Ok(Outcome(sum.0.map(f64::sqrt)))
    }

    fn run(
        &self,
        latents: &Latents,
        after: &Setpoints,
        keep: bool,
    ) -> Result<(Outcome, Vec<Instant>), PipelineError> {
        let kelvins = |s: Setpoint| {
            let change = after[s] - self.setpoints[s];
            if change.is_finite() { change } else { 0.0 }
        };
        let latents = Replay::moved(
            latents,
            kelvins(Setpoint::MeltTemperature),
            kelvins(Setpoint::MoldTemperature),
        );
        let course = self.shot.with(&self.fill, &self.setpoints, after);
        self.replay.run(&latents, &course, keep)
    }

    /// By how much each quantity changes when the shot is run with setpoints `after`, temperatures settled.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn change(&self, after: &Setpoints) -> Result<Outcome, PipelineError> {
        Ok(self.run(&self.latents, after, false)?.0.less(&self.base))
    }

    /// What every sensor of the mold would show with setpoints `after`, temperatures settled: without bands, fast enough to follow a
    /// slider.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn curves(&self, after: &Setpoints) -> Result<Vec<Instant>, PipelineError> {
        Ok(self.run(&self.latents, after, true)?.1)
    }

    /// How the marks and the results of this shot follow the melt, the wall and the setpoints.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn sense(&self, used: &[usize]) -> Result<Sense, PipelineError> {
        let look = |latents: &Latents, after: &Setpoints| -> Result<_, PipelineError> {
            let course = self.shot.with(&self.fill, &self.setpoints, after);
            let (outcome, curve) = self.run(latents, after, true)?;
            Ok((outcome, Marks::of(&curve, &course.times(), used, f64::NAN)))
        };
        let slope = |a: &(Outcome, Marks), b: &(Outcome, Marks), by: f64| Slope {
            marks: a.1.less(&b.1).iter().map(|d| d / by).collect(),
            outcome: Outcome(a.0.less(&b.0).0.map(|d| d / by)),
        };
        let base = look(&self.latents, &self.setpoints)?;
        let mut sense = Sense::default();
        for (latent, step) in TRACKED {
            let with = |by: f64| {
                let mut moved = self.latents;
                moved[latent] = if step.shares {
                    moved[latent] * (1.0 + by)
                } else {
                    moved[latent] + by
                };
                look(&moved, &self.setpoints)
            };
            let mut by = slope(&with(step.by)?, &with(-step.by)?, 2.0 * step.by);
            // The surface before the shot is the wall's temperature and nothing else.
            let warmer = latent == Latent::MoldTemperature;
            by.marks[Mark::Surface as usize] = f64::from(u8::from(warmer));
            sense.latents.push(by);
        }
        for setpoint in Setpoint::ALL {
            // Temperatures act through their latents.
            let step = match reach(setpoint) {
                Reach::Share(share) => share * self.setpoints[setpoint],
                Reach::Kelvins(_) => f64::NAN,
            };
            let mut after = self.setpoints;
            after[setpoint] += step;
            sense.setpoints.push(if step > 0.0 {
                let mut by = slope(&look(&self.latents, &after)?, &base, step);
                by.marks[Mark::Surface as usize] = 0.0;
                by
            } else {
                Slope {
                    marks: vec![0.0; base.1.values.len()],
                    outcome: Outcome::default(),
                }
            });
        }
        Ok(sense)
    }

    /// What the screw displaced in fill.
    pub fn fill(&self) -> &[Piece] {
        &self.fill
    }

    /// The recorded shot.
    pub fn shot(&self) -> &Recorded {
        &self.shot
    }

    /// Runs with setpoints `after`: at the latents believed in, then off them along each direction.
    fn everywhere(&self, after: &Setpoints) -> Result<Vec<Ran>, PipelineError> {
        let all = std::iter::once(&self.latents).chain(&self.off);
        let run = |latents: &Latents| -> Result<Ran, PipelineError> {
            let (outcome, curve) = self.run(latents, after, true)?;
            Ok((outcome, even(&curve)))
        };
        all.map(run).collect()
    }

    /// Those with the shot's own setpoints, run once.
    fn unchanged(&self) -> Result<&[Ran], PipelineError> {
        if let Some(ran) = self.unchanged.get() {
            return Ok(ran);
        }
        let ran = self.everywhere(&self.setpoints)?;
        Ok(self.unchanged.get_or_init(|| ran))
    }

    /// Curves and results with a change of setpoints, beside the last shot. The first change costs two replays a direction of the belief, every
    /// further one half of that.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn what_if(&self, change: &Change) -> Result<WhatIf, PipelineError> {
        let before = self.unchanged()?;
        let after = self.everywhere(&change.applied_to(&self.setpoints))?;
        let ((a, a_curve), (b, b_curve)) = (&before[0], &after[0]);
        let (mut a_sd, mut b_sd, mut moved_sd) =
            (Outcome::default(), Outcome::default(), Outcome::default());
        let (mut a_bands, mut b_bands) = (spreads(a_curve), spreads(b_curve));
        for ((a_off, a_curve_off), (b_off, b_curve_off)) in before.iter().zip(&after).skip(1) {
            add_square(&mut a_sd, a_off, a);
            add_square(&mut b_sd, b_off, b);
            add_square(&mut moved_sd, &b_off.less(a_off), &b.less(a));
            add_squares(&mut a_bands, a_curve_off, a_curve);
            add_squares(&mut b_bands, b_curve_off, b_curve);
        }
        let shift = self.estimate.less(a);
        let banded = |value: &Outcome, variance: &Outcome| {
            std::array::from_fn(|i| [value.0[i] + shift.0[i], variance.0[i].sqrt()])
        };
        Ok(WhatIf {
            before: banded(a, &a_sd),
            after: banded(b, &b_sd),
            change: std::array::from_fn(|i| [b.0[i] - a.0[i], moved_sd.0[i].sqrt()]),
            curves_before: join(a_curve.clone(), &a_bands),
            curves_after: join(b_curve.clone(), &b_bands),
        })
    }

    /// Slopes with the setpoints asked for, by central differences. The standard deviation is half the difference between the
    /// slopes to either side: large where the response is bent or only noise.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn gradient(&self, movable: &[Setpoint]) -> Result<Gradient, PipelineError> {
        let mut gradient = Gradient::default();
        for setpoint in movable.iter().copied() {
            let now = self.setpoints[setpoint];
            let step = match reach(setpoint) {
                Reach::Share(share) => share * now,
                Reach::Kelvins(k) => k,
            };
            if !(step.is_finite() && step > 0.0) {
                continue;
            }
            let with = |value: f64| {
                let mut after = self.setpoints;
                after[setpoint] = value;
                self.change(&after)
            };
            let (up, down) = (with(now + step)?, with(now - step)?);
            for (q, row) in gradient.slope.iter_mut().enumerate() {
                let (above, below) = (up.0[q] / step, -down.0[q] / step);
                row[setpoint as usize] = [0.5 * (above + below), 0.5 * (above - below).abs()];
            }
        }
        Ok(gradient)
    }
}

/// The belief's mean moved by one standard deviation along every direction, inside what the model can be evaluated at.
fn neighbours(belief: &Belief, root: &Square) -> Vec<Latents> {
    let directions = (0..COUNT).filter(|k| root[*k][*k] > 0.0);
    let moved = directions.map(|k| {
        let value = |i: usize| {
            let [low, high] = belief.range(i);
            let physics = LATENTS[i].bounds;
            let moved = belief.mean[i] + root[i][k];
            if low < high {
                moved.clamp(low.max(physics[0]), high.min(physics[1]))
            } else {
                belief.mean[i]
            }
        };
        Latents::from_values(std::array::from_fn(value))
    });
    moved.collect()
}

fn add_square(sum: &mut Outcome, off: &Outcome, mean: &Outcome) {
    for (s, d) in sum.0.iter_mut().zip(off.less(mean).0) {
        *s += d * d;
    }
}

/// A curve at even times.
fn even(curve: &[Instant]) -> Vec<Instant> {
    let end = curve.last().map_or(0.0, |c| c.time_s);
    let times = (1..).map(|k| f64::from(k) * CURVE_S);
    times
        .take_while(|t| *t <= end)
        .filter_map(|time_s| {
            let after = curve.partition_point(|c| c.time_s < time_s).max(1);
            let (a, b) = (curve.get(after - 1)?, curve.get(after).or(curve.last())?);
            let w = if b.time_s > a.time_s {
                ((time_s - a.time_s) / (b.time_s - a.time_s)).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let values = a.values.iter().zip(&b.values);
            let between = |x: f64, y: f64| x + w * (y - x);
            Some(Instant {
                time_s,
                inlet_pa: between(a.inlet_pa, b.inlet_pa),
                displaced_m3: between(a.displaced_m3, b.displaced_m3),
                values: values.map(|(x, y)| between(*x, *y)).collect(),
            })
        })
        .collect()
}

fn spreads(curve: &[Instant]) -> Vec<Vec<f64>> {
    curve.iter().map(|c| vec![0.0; c.values.len()]).collect()
}

fn add_squares(sum: &mut [Vec<f64>], off: &[Instant], mean: &[Instant]) {
    for ((s, o), m) in sum.iter_mut().zip(off).zip(mean) {
        for ((s, o), m) in s.iter_mut().zip(&o.values).zip(&m.values) {
            *s += (o - m) * (o - m);
        }
    }
}

fn join(curve: Vec<Instant>, variance: &[Vec<f64>]) -> Vec<BandedInstant> {
    let points = curve.into_iter().zip(variance);
    points
        .map(|(c, v)| BandedInstant {
            time_s: c.time_s,
            values: c
                .values
                .iter()
                .zip(v)
                .map(|(x, v)| [*x, v.sqrt()])
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests;

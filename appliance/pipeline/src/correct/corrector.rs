//! What to ask of the press for the next shot: nothing, unless something is known to be off its target and a setpoint is known
//! to bring it back.

use std::collections::VecDeque;

use crate::correct::effect::{Banded, Effect, Gradient};
use crate::correct::level::Level;
use crate::correct::program::{Aimed, Lever, Wall, least_movement};
use crate::correct::quantity::{QUANTITIES, Quantity};
use crate::correct::recorded::Recorded;
use crate::correct::settling::{Reached, Settling};
use crate::correct::target::{Bound, Target};
use crate::correct::tracker::{Off, Tracker};
use crate::correct::trend::Trend;
use crate::error::PipelineError;
use crate::keeper::Keeper;
use crate::kind::Kind;
use crate::ports::{Change, Limits, SETPOINTS, Setpoint, Setpoints};
use crate::shot::ShotRecord;

mod kept;
mod said;

use kept::Kept;
pub use said::{Decided, Held, Judged, Seen};

/// A deviation must be this many of its standard deviations before anything is moved for it. What scatters alone is averaged over
/// all shots, so a run of chance moves little; twice as much made slow drift be followed late (simulated plate: 0.65 instead of 0.49
/// of the spread without correction, and 1.01 instead of 1.03 of an undisturbed one).
const SURE: f64 = 1.0;
/// A slope must be this many of its standard deviations.
const SLOPE_SURE: f64 = 2.0;
/// Standard deviations that a hard limit is kept away by.
const WALL_SURE: f64 = 1.645;
/// Drift of the estimate's own error, in its tolerance.
const BIAS_DRIFT: f64 = 0.05;
/// Slopes are right to this share.
const SLOPE_SD: f64 = 0.15;
/// Shots whose estimates wait for a label.
const WAITING: usize = 500;
/// An hour, s.
const HOUR_S: f64 = 3600.0;

/// What does not change from shot to shot.
#[derive(Clone, Debug)]
pub struct Correction {
    /// What is wanted.
    pub targets: Vec<Target>,
    /// What must never happen.
    pub bounds: Vec<Bound>,
    /// Setpoints that may be moved, and how far.
    pub limits: Limits,
    /// Price of moving a setpoint by a whole step, beside a result that is off by its tolerance; above zero.
    pub cost: [f64; SETPOINTS],
    /// How setpoints are followed.
    pub settling: [Settling; SETPOINTS],
}

impl Correction {
    /// These targets and limits, with usual prices and settling.
    pub fn new(targets: Vec<Target>, bounds: Vec<Bound>, limits: Limits) -> Self {
        Self {
            targets,
            bounds,
            limits,
            cost: [0.02; SETPOINTS],
            settling: Setpoint::ALL.map(Settling::usual),
        }
    }
}

/// Keeps all this from shot to shot.
#[derive(Clone, Debug)]
pub struct Corrector {
    settings: Correction,
    tracker: Tracker,
    reached: Reached,
    at: Option<Setpoints>,
    set: Option<Setpoints>,
    kept: Vec<Kept>,
    /// When a setpoint moved and by how much.
    moves: VecDeque<(f64, [f64; SETPOINTS])>,
}

impl Corrector {
    /// Before the first shot; `tracker` for the sensors of the mold.
    pub fn new(settings: Correction, tracker: Tracker) -> Self {
        let kept = |target: &Target| Kept {
            target: *target,
            level: Trend::new(target.tolerance),
            learned_sd: 0.0,
            bias: Level::default(),
            bias_then: None,
            waiting: VecDeque::new(),
        };
        Self {
            kept: settings.targets.iter().map(kept).collect(),
            reached: Reached::new(settings.settling),
            tracker,
            at: None,
            set: None,
            moves: VecDeque::new(),
            settings,
        }
    }

    /// For a mold as its keeper knows it.
    pub fn of(settings: Correction, keeper: &Keeper) -> Self {
        let press = keeper.mold().press.as_ref();
        // The leak sees the pressure before the nozzle.
        let leakage = press.map_or(0.0, |p| p.check_ring_leakage / (1.0 - p.hold_loss));
        Self::new(settings, Tracker::new(&keeper.setup().used, leakage))
    }

    /// Forgets the reference: another mold, material or recipe by hand.
    pub fn forget(&mut self) {
        *self = Self::new(self.settings.clone(), self.tracker.fresh());
    }

    /// Setpoints that may be moved.
    fn movable(&self) -> Vec<Setpoint> {
        let limited = |s: &Setpoint| self.settings.limits[*s as usize].is_some();
        Setpoint::ALL.into_iter().filter(limited).collect()
    }

    /// Takes a finished shot, after [`Keeper::finish`], and says what to ask for.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn shot(
        &mut self,
        keeper: &Keeper,
        record: &ShotRecord,
        seen: &Seen,
    ) -> Result<Decided, PipelineError> {
        let reached = self.follow(seen);
        if self.kept.is_empty() {
            return Ok(Decided::held(Held::NoTarget));
        }
        let recorded = Recorded::of(record, keeper.setup().drive);
        let (Kind::Production, Some(recorded)) = (seen.kind, recorded) else {
            return Ok(Decided::held(Held::NotProduction));
        };
        let movable = self.movable();
        let off = self.tracker.shot(&recorded, &reached, &movable, || {
            Effect::new(keeper, record, &seen.setpoints)
        })?;
        let Some(off) = off else {
            self.take_references();
            return Ok(Decided::held(Held::Learning(self.tracker.missing())));
        };
        let gradient = self.tracker.gradient().cloned().unwrap_or_default();
        let reference: [Banded; QUANTITIES] = std::array::from_fn(|q| {
            let unknown = [f64::NAN, f64::INFINITY];
            self.tracker.reference(Quantity::ALL[q]).unwrap_or(unknown)
        });
        Ok(self.decide(seen, reached, off, &gradient, &reference))
    }

    /// The reference shots are measurements too: they tell how shots scatter, and whether they drifted.
    fn take_references(&mut self) {
        let references = self.tracker.references();
        for off in references.iter().filter(|off| off.understood) {
            for kept in &mut self.kept {
                kept.level.pass(0.0, 0.0);
                kept.measure(off);
            }
        }
    }

    /// Books what has moved, by whomever.
    fn follow(&mut self, seen: &Seen) -> Setpoints {
        if let Some(before) = self.set
            && before != seen.setpoints
        {
            let moved = std::array::from_fn(|i| {
                let moved = (seen.setpoints.0[i] - before.0[i]).abs();
                if moved.is_finite() { moved } else { 0.0 }
            });
            self.moves.push_back((seen.time_s, moved));
        }
        self.set = Some(seen.setpoints);
        while self
            .moves
            .front()
            .is_some_and(|(t, _)| seen.time_s - t >= HOUR_S)
        {
            self.moves.pop_front();
        }
        self.reached.step(seen.time_s, &seen.setpoints)
    }

    /// A label for a shot: the quantity as it was measured, and how exactly. False when the shot is not remembered.
    pub fn label(&mut self, shot: u64, quantity: Quantity, value: f64, sd: f64) -> bool {
        let reference = self.tracker.reference(quantity);
        reference.is_some_and(|r| self.label_with(shot, quantity, value, sd, r))
    }

    fn label_with(
        &mut self,
        shot: u64,
        quantity: Quantity,
        value: f64,
        sd: f64,
        [reference, reference_sd]: Banded,
    ) -> bool {
        let mut taken = false;
        for kept in self
            .kept
            .iter_mut()
            .filter(|k| k.target.quantity == quantity)
        {
            let found = kept.waiting.iter().position(|(s, _)| *s == shot);
            let Some((_, [off, off_sd])) = found.and_then(|at| kept.waiting.remove(at)) else {
                continue;
            };
            if !(value.is_finite() && sd.is_finite()) {
                continue;
            }
            if kept.bias.get().is_none() {
                kept.bias = Level::at(0.0, reference_sd);
            }
            kept.bias.measure(value - reference - off, sd.hypot(off_sd));
            if kept.bias_then.is_none() {
                kept.bias_then = kept.bias.get();
            }
            taken = true;
        }
        taken
    }

    /// The rest of [`Corrector::shot`] with everything at hand: `reached` is what the setpoints had come to, `reference` what the
    /// reference shots came to.
    fn decide(
        &mut self,
        seen: &Seen,
        reached: Setpoints,
        off: Off,
        gradient: &Gradient,
        reference: &[Banded; QUANTITIES],
    ) -> Decided {
        let before = self.at.replace(reached);
        for kept in &mut self.kept {
            let q = kept.target.quantity;
            let moved: f64 = before.map_or(0.0, |before| {
                let by = Setpoint::ALL.iter().map(|s| {
                    let moved = reached[*s] - before[*s];
                    gradient.of(q, *s)[0] * if moved.is_finite() { moved } else { 0.0 }
                });
                by.sum()
            });
            let tolerance = kept.target.tolerance;
            kept.level.pass(moved, SLOPE_SD * moved);
            kept.bias.pass(BIAS_DRIFT * tolerance, 0.0, 0.0);
            if off.understood {
                let seen_off = kept.measure(&off);
                kept.waiting.push_back((seen.shot, seen_off));
                if kept.waiting.len() > WAITING {
                    kept.waiting.pop_front();
                }
            }
        }
        let judged: Vec<Judged> = self
            .kept
            .iter()
            .filter_map(|k| k.judge(&reference[k.target.quantity as usize]))
            .collect();
        let held = |held, judged, off| Decided {
            held: Some(held),
            judged,
            off: Some(off),
            ..Decided::default()
        };
        if !seen.trusted {
            return held(Held::NotTrusted, judged, off);
        }
        if !off.understood {
            return held(Held::NotUnderstood, judged, off);
        }
        let sure = |j: &Judged| j.off[0].abs() > SURE * j.off[1];
        if !judged.iter().any(sure) {
            return held(Held::WithinBand, judged, off);
        }
        match self.ask(seen, gradient, &judged, &off, reference) {
            Ok(change) => Decided {
                effects: Quantity::ALL.map(|q| effect(q, &change, &seen.setpoints, gradient)),
                judged: judged
                    .into_iter()
                    .map(|j| expected(j, &change, &seen.setpoints, gradient))
                    .collect(),
                change,
                held: None,
                off: Some(off),
            },
            Err(why) => held(why, judged, off),
        }
    }

    fn ask(
        &self,
        seen: &Seen,
        gradient: &Gradient,
        judged: &[Judged],
        off: &Off,
        reference: &[Banded; QUANTITIES],
    ) -> Result<Change, Held> {
        let helps = |s: Setpoint| {
            judged.iter().any(|j| {
                let [slope, sd] = gradient.of(j.quantity, s);
                slope != 0.0 && slope.abs() > SLOPE_SURE * sd
            })
        };
        let mut levers = Vec::new();
        for s in Setpoint::ALL {
            let (Some(limit), now) = (self.settings.limits[s as usize], seen.setpoints[s]) else {
                continue;
            };
            let inside = (limit.low..=limit.high).contains(&now);
            if !inside || !helps(s) || self.reached.unseen(s) {
                continue;
            }
            let spent: f64 = self.moves.iter().map(|(_, by)| by[s as usize]).sum();
            let most = limit.step.min(limit.per_hour - spent).max(0.0);
            levers.push((
                s,
                limit.step,
                Lever {
                    cost: self.settings.cost[s as usize],
                    low: -most.min(now - limit.low) / limit.step,
                    high: most.min(limit.high - now) / limit.step,
                },
            ));
        }
        if levers.is_empty() {
            return Err(Held::NoLever);
        }
        let pending = |q: Quantity| -> f64 {
            let still = Setpoint::ALL.iter();
            still
                .map(|s| gradient.of(q, *s)[0] * self.reached.pending(*s))
                .sum()
        };
        let slopes = |q: Quantity, size: f64| -> Vec<f64> {
            let each = levers.iter();
            each.map(|(s, step, _)| gradient.of(q, *s)[0] * step / size)
                .collect()
        };
        let aimed: Vec<Aimed> = judged
            .iter()
            .zip(&self.kept)
            .map(|(j, k)| {
                // What is on its target, as far as anyone can tell, is to stay where it is.
                let now = if j.off[0].abs() > SURE * j.off[1] {
                    j.off[0] + pending(j.quantity)
                } else {
                    0.0
                };
                Aimed {
                    off: now / k.target.tolerance,
                    slopes: slopes(j.quantity, k.target.tolerance),
                }
            })
            .collect();
        let mut walls = Vec::new();
        for bound in &self.settings.bounds {
            let q = bound.quantity;
            let [value, _] = reference[q as usize];
            let (now, margin) = (value + off.outcome[q] + pending(q), WALL_SURE * off.sd[q]);
            if let Some(high) = bound.high {
                walls.push(Wall {
                    room: known(high - margin - now),
                    slopes: slopes(q, 1.0),
                });
            }
            if let Some(low) = bound.low {
                walls.push(Wall {
                    room: known(now - margin - low),
                    slopes: slopes(q, -1.0),
                });
            }
        }
        let moves: Vec<Lever> = levers.iter().map(|(_, _, lever)| *lever).collect();
        let z = least_movement(&moves, &aimed, &walls).ok_or(Held::NotWorth)?;
        let values: Vec<(Setpoint, f64)> = levers
            .iter()
            .zip(z)
            .filter(|(_, z)| *z != 0.0)
            .map(|((s, step, _), z)| (*s, seen.setpoints[*s] + z * step))
            .collect();
        if values.is_empty() {
            return Err(Held::NotWorth);
        }
        Ok(Change { values })
    }
}

/// Room that nobody knows is none.
fn known(room: f64) -> f64 {
    if room.is_finite() { room.max(0.0) } else { 0.0 }
}

/// A judgement with what a change is expected to do.
fn expected(
    mut judged: Judged,
    change: &Change,
    before: &Setpoints,
    gradient: &Gradient,
) -> Judged {
    let [by, sd] = effect(judged.quantity, change, before, gradient);
    judged.moved_sd = sd;
    judged.after = [judged.off[0] + by, judged.off[1].hypot(sd)];
    judged
}

/// What a change does to a quantity, by slopes that are known.
fn effect(quantity: Quantity, change: &Change, before: &Setpoints, gradient: &Gradient) -> Banded {
    let (mut by, mut variance) = (0.0, 0.0);
    for (s, value) in &change.values {
        let [slope, sd] = gradient.of(quantity, *s);
        let moved = value - before[*s];
        by += slope * moved;
        if sd.is_finite() {
            variance += (SLOPE_SD * slope * moved).powi(2) + (sd * moved).powi(2);
        }
    }
    [by, variance.sqrt()]
}

#[cfg(test)]
mod tests;

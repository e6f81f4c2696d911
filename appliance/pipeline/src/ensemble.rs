//! The forward model at the latents believed in, and at one standard deviation along every direction of doubt.
//!
//! ```text
//! value = model(mean),   slope of direction k = (model(mean + a root_k) - value) / a
//! ```
//! A difference over a whole standard deviation sees more of a bent response than a derivative does (statistical
//! linearisation). Models off the mean are moved on in turn, each every few ticks, in calm more rarely: a shot's doubts change slowly.

use std::sync::Arc;

use models_infer::error::InferError;
use models_infer::follow::{Follower, Stage};
use models_infer::network::Network;
use models_physics::latents::{COUNT, Latents};

use crate::belief::{Belief, Square};
use crate::pace::{Pace, STEP_S};
use crate::sample::MOST_SENSORS;
use crate::walker::Walker;

/// What follows a shot.
#[derive(Debug)]
enum Engine {
    Network(Box<Follower>),
    Witness(Box<Walker>),
}

impl Engine {
    fn reset(&mut self) {
        match self {
            Self::Network(f) => f.reset(),
            Self::Witness(w) => w.reset(),
        }
    }

    fn push(&mut self, t: f64, pa: f64) -> Result<(), Refusal> {
        match self {
            Self::Network(f) => f.push(t, pa).map_err(Refusal::from),
            Self::Witness(w) => match w.push(t, pa) {
                Ok(_) => Ok(()),
                Err(_) => Err(Refusal::Broken),
            },
        }
    }

    fn read(&self, slot: usize) -> f64 {
        match self {
            Self::Network(f) => f.readings()[slot],
            Self::Witness(w) => w.read(slot),
        }
    }

    fn filled(&self) -> f64 {
        match self {
            Self::Network(f) => f.filled(),
            Self::Witness(w) => w.filled(),
        }
    }
}

/// Why the model cannot go on with a sample. Small and without text: it is made in the tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The driving sensor shows no number.
    DriveMissing,
    /// The pressure is above what the network was trained for.
    PressureRange,
    /// The shot lasts longer than any the network was trained for.
    TooLong,
    /// Time did not rise.
    Time,
    /// The model's own output is no number.
    Broken,
}

impl From<InferError> for Refusal {
    fn from(error: InferError) -> Self {
        match error {
            InferError::NotANumber { .. } => Self::DriveMissing,
            InferError::PressureRange { .. } => Self::PressureRange,
            InferError::Time { .. } => Self::Time,
            _ => Self::Broken,
        }
    }
}

#[derive(Debug)]
struct Member {
    engine: Engine,
    direction: usize,
    scale: f64,
}

/// The model at the mean and its neighbours.
#[derive(Debug)]
pub struct Ensemble {
    nominal: Engine,
    members: Vec<Member>,
    /// Root of the covariance that the directions are columns of.
    pub root: Square,
    /// Mold sensor to reading of the engines.
    slots: Vec<Option<usize>>,
    turn: usize,
    turns: usize,
    /// A turn ended with the last sample.
    turned: bool,
    /// How often turns are taken.
    pace: Pace,
    /// When the last turn began, s, and the values at the mean then.
    began: (f64, [f64; MOST_SENSORS]),
    /// Values at the mean, Pa or K, by sensor of the mold.
    pub values: [f64; MOST_SENSORS],
    /// Slopes along the directions, by sensor.
    pub slopes: [[f64; COUNT]; MOST_SENSORS],
    /// Filled share at the mean, and its slopes.
    pub filled: f64,
    /// See `filled`.
    pub filled_slopes: [f64; COUNT],
}

impl Ensemble {
    /// Around a belief, through a network. `names` are the sensors of the mold.
    ///
    /// # Errors
    /// When the network refuses the latents.
    pub fn of_network(
        net: &Arc<Network>,
        belief: &Belief,
        names: &[String],
    ) -> Result<Self, InferError> {
        let follower = |mean: &[f64; COUNT]| -> Result<Engine, InferError> {
            let latents: Vec<f64> = net
                .about
                .latents
                .iter()
                .map(|l| mean[index(&l.name)])
                .collect();
            Ok(Engine::Network(Box::new(Follower::new(
                net.clone(),
                &latents,
            )?)))
        };
        let slots = names
            .iter()
            .map(|n| net.about.sensors.iter().position(|s| s.name == *n));
        Self::new(belief, slots.collect(), Pace::STRIDING, follower)
    }

    /// Around a belief, through the reduced solver; `walker` prepares one at given latents.
    ///
    /// # Errors
    /// As `walker`.
    pub fn of_witness<E>(
        belief: &Belief,
        names: usize,
        walker: impl Fn(&Latents) -> Result<Walker, E>,
    ) -> Result<Self, E> {
        let slots = (0..names).map(Some).collect();
        // A solver's error depends on its steps: neighbours take those of the mean.
        Self::new(belief, slots, Pace::STEADY, |mean| {
            let latents = Latents::from_values(*mean);
            Ok(Engine::Witness(Box::new(walker(&latents)?)))
        })
    }

    fn new<E>(
        belief: &Belief,
        slots: Vec<Option<usize>>,
        pace: Pace,
        engine: impl Fn(&[f64; COUNT]) -> Result<Engine, E>,
    ) -> Result<Self, E> {
        let root = belief.root();
        let mut members = Vec::new();
        for direction in (0..COUNT).filter(|k| root[*k][*k] > 0.0) {
            let scale = reach(belief, &root, direction);
            if scale != 0.0 {
                let mean = std::array::from_fn(|i| belief.mean[i] + scale * root[i][direction]);
                members.push(Member {
                    engine: engine(&mean)?,
                    direction,
                    scale,
                });
            }
        }
        Ok(Self {
            nominal: engine(&belief.mean)?,
            members,
            root,
            slots,
            turn: 0,
            turns: 1,
            turned: true,
            pace,
            began: (f64::NEG_INFINITY, [f64::NAN; MOST_SENSORS]),
            values: [f64::NAN; MOST_SENSORS],
            slopes: [[0.0; COUNT]; MOST_SENSORS],
            filled: 0.0,
            filled_slopes: [0.0; COUNT],
        })
    }

    /// A new shot begins, sampled every `dt` seconds.
    pub fn reset(&mut self, dt: f64) {
        self.nominal.reset();
        self.members.iter_mut().for_each(|m| m.engine.reset());
        // Only sampling faster than a turn leaves time to take turns.
        self.turns = ((STEP_S / dt.max(1e-6)).floor() as usize).clamp(1, self.members.len().max(1));
        (self.turn, self.turned) = (0, true);
        self.pace.reset();
        self.began = (f64::NEG_INFINITY, [f64::NAN; MOST_SENSORS]);
        self.slopes = [[0.0; COUNT]; MOST_SENSORS];
        (self.filled, self.filled_slopes) = (0.0, [0.0; COUNT]);
        self.take();
    }

    /// Takes the inlet pressure `pa` at `t` seconds since the shot began. In calm no turn begins with a `busy` sample, one that
    /// makes other work: it begins with the next.
    ///
    /// # Errors
    /// When the model cannot go on; values stay as they were.
    pub fn push(&mut self, t: f64, pa: f64, busy: bool) -> Result<(), Refusal> {
        self.nominal.push(t, pa)?;
        self.take();
        self.turned = false;
        if self.turn == 0 && !self.due(t, busy) {
            return Ok(());
        }
        let (turn, turns) = (self.turn, self.turns);
        for m in self.members.iter_mut().skip(turn).step_by(turns) {
            // A neighbour that cannot follow says nothing about its direction; the mean goes on.
            if m.engine.push(t, pa).is_err() {
                continue;
            }
            for (sensor, slot) in self.slots.iter().enumerate() {
                if let Some(slot) = slot {
                    self.slopes[sensor][m.direction] =
                        (m.engine.read(*slot) - self.values[sensor]) / m.scale;
                }
            }
            self.filled_slopes[m.direction] = (m.engine.filled() - self.filled) / m.scale;
        }
        self.turn = (turn + 1) % turns;
        self.turned = self.turn == 0;
        Ok(())
    }

    /// Whether another turn begins with a sample; if so, it is the beginning of it.
    fn due(&mut self, t: f64, busy: bool) -> bool {
        let (then, values) = self.began;
        // The drive stands among the values; where it does not, the others tell.
        let moved = self.values.iter().zip(&values).map(|(a, b)| (a - b).abs());
        let moved_pa = moved.fold(0.0, f64::max);
        let longest_s = self.pace.longest_s(moved_pa);
        // Where a turn is a single sample there may be other work with every one.
        let wait = busy && self.turns > 1;
        if longest_s > STEP_S && (wait || t - then < longest_s * (1.0 - 1e-6)) {
            return false;
        }
        self.began = (t, self.values);
        let full = self.full();
        self.pace.stepped(t, full, moved_pa);
        true
    }

    /// True when every neighbour has been moved since the last time it was true: once a turn.
    pub fn turned(&self) -> bool {
        self.turned
    }

    fn take(&mut self) {
        for (value, slot) in self.values.iter_mut().zip(&self.slots) {
            *value = slot.map_or(f64::NAN, |s| self.nominal.read(s));
        }
        self.filled = self.nominal.filled();
    }

    /// The solver, where the model is one.
    pub fn walker(&self) -> Option<&Walker> {
        match &self.nominal {
            Engine::Witness(w) => Some(w),
            Engine::Network(_) => None,
        }
    }

    /// True once the mold is full at the mean.
    pub fn full(&self) -> bool {
        match &self.nominal {
            Engine::Network(f) => f.stage() == Stage::Full,
            Engine::Witness(w) => w.filled() >= 1.0,
        }
    }
}

/// Signed share of a standard deviation that a direction can be followed within the model's range.
fn reach(belief: &Belief, root: &Square, direction: usize) -> f64 {
    let room = |sign: f64| {
        (0..COUNT).fold(1.0_f64, |room, i| {
            let step = sign * root[i][direction];
            let [low, high] = belief.range(i);
            let end = if step > 0.0 { high } else { low };
            if step == 0.0 {
                room
            } else {
                room.min(((end - belief.mean[i]) / step).max(0.0))
            }
        })
    };
    let (up, down) = (room(1.0), room(-1.0));
    // Too short a step would drown in the network's rounding.
    if up.max(down) < 0.02 {
        0.0
    } else if up >= down {
        up
    } else {
        -down
    }
}

/// Place of a latent of a release in the list; releases are checked when the estimator is built.
pub(crate) fn index(name: &str) -> usize {
    models_physics::latents::Latent::from_name(name).map_or(0, |l| l as usize)
}

//! A shot, sample by sample: fill by closed integrals, then the recurrent state on its own schedule.
//!
//! ```text
//!  Waiting --pressure rises--> Filling --front reaches the end--> Full --new shot--> Waiting
//! ```
//! The recurrent state moves on at times fixed by the schedule, whatever the sampling rate; between two of them
//! a provisional step leads from the last one to now. No step allocates.

use std::sync::Arc;

use crate::backend::{Backend, Cpu};
use crate::error::InferError;
use crate::memory::{FEATURES, FillMemory};
use crate::network::{CLOCK, DRIVE, Network, PASSED, clock};
use crate::release::Quantity;

mod tangent;

pub use tangent::TangentFollower;

/// Where a shot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No melt at the inlet yet.
    Waiting,
    /// The front is on its way.
    Filling,
    /// The mold is full: hold, then cooling.
    Full,
}

/// Pressure above atmosphere at which melt counts as arrived, Pa.
const ARRIVED_PA: f64 = 2e4;
/// Evaluations, at most, for the moment the front passes a mark; within a fill two or three are enough.
const TRIES: usize = 14;
/// Evaluations after which every other one halves the interval: just behind the inlet nothing is straight.
const STRAIGHT: usize = 4;
/// Error of the logarithm of the share that is good enough: what single precision resolves.
const NEAR_ENOUGH: f64 = 1e-6;
/// Share that counts as none.
const SMALLEST_SHARE: f64 = 1e-6;
/// Scaled inlet pressure below which the pressure of the fill is no longer relative to it.
const SMALLEST_DRIVE: f64 = 0.02;

/// One virtual sensor: its readings of the two decoders.
#[derive(Clone, Debug)]
struct Reading {
    quantity: Quantity,
    /// Share of the measured inlet pressure.
    inlet: f64,
    /// Filled share at which the front passes it.
    order: f64,
}

/// Follows one shot after the other, on any backend.
#[derive(Clone, Debug)]
pub struct Follower<B = Cpu> {
    net: Arc<Network>,
    backend: B,
    readings: Vec<Reading>,
    latents: Vec<f32>,
    melt_k: f64,
    mold_k: f64,
    stage: Stage,
    last: Option<(f64, f64)>,
    start: f64,
    memory: FillMemory,
    share: f64,
    /// Share one sample before.
    before: f64,
    broken: bool,
    passed: [(f64, f64); PASSED.len()],
    full_at: f64,
    /// Time, pressure and pressure integral at the last move of the state; number of the next one.
    moved: (f64, f64, f64),
    next: usize,
    state: Vec<f32>,
    now: Vec<f32>,
    x: Vec<f32>,
    fill_out: Vec<f32>,
    later_out: Vec<f32>,
    values: Vec<f64>,
}

impl Follower {
    /// A follower on the cpu kernel, at given latents: differences of melt and mold temperature, factors and so on, in the order
    /// and units of the release.
    ///
    /// # Errors
    /// When a latent is outside the range of the training shots.
    pub fn new(net: Arc<Network>, latents: &[f64]) -> Result<Self, InferError> {
        Follower::on(Cpu::new(net.clone()), net, latents)
    }
}

impl<B: Backend> Follower<B> {
    /// A follower of `net`, evaluated by a backend made for it.
    ///
    /// # Errors
    /// When a latent is outside the range of the training shots.
    pub fn on(backend: B, net: Arc<Network>, latents: &[f64]) -> Result<Self, InferError> {
        let readings = net
            .about
            .sensors
            .iter()
            .map(|s| Reading {
                quantity: s.quantity,
                inlet: s
                    .nodes
                    .iter()
                    .zip(&s.shares)
                    .filter(|(n, _)| **n == 0)
                    .map(|(_, w)| w)
                    .sum(),
                order: s
                    .nodes
                    .iter()
                    .zip(&s.shares)
                    .map(|(n, w)| f64::from(net.order[*n]) * w)
                    .sum(),
            })
            .collect::<Vec<_>>();
        let width = net.widest();
        let mut follower = Self {
            latents: vec![0.0; net.about.latents.len()],
            melt_k: 0.0,
            mold_k: 0.0,
            stage: Stage::Waiting,
            last: None,
            start: 0.0,
            memory: FillMemory::default(),
            share: 0.0,
            before: 0.0,
            broken: false,
            passed: [(0.0, 0.0); PASSED.len()],
            full_at: f64::NAN,
            moved: (0.0, 0.0, 0.0),
            next: 0,
            state: vec![0.0; net.state],
            now: vec![0.0; net.state],
            x: vec![0.0; width],
            fill_out: vec![0.0; net.fill_sensors.outputs],
            later_out: vec![0.0; net.later_sensors.outputs],
            values: vec![0.0; readings.len()],
            readings,
            net,
            backend,
        };
        follower.set_latents(latents)?;
        follower.reset();
        Ok(follower)
    }

    /// Takes other latents; meant between shots.
    ///
    /// # Errors
    /// When one is outside the range of the training shots, or no number; nothing changes then.
    pub fn set_latents(&mut self, latents: &[f64]) -> Result<(), InferError> {
        if latents.len() != self.net.about.latents.len() {
            return Err(InferError::Count {
                found: latents.len(),
                needed: self.net.about.latents.len(),
            });
        }
        for (l, v) in self.net.about.latents.iter().zip(latents) {
            let slack = 1e-6 * (l.high - l.low);
            if !(l.low - slack..=l.high + slack).contains(v) {
                return Err(InferError::LatentRange {
                    name: l.name.clone(),
                    value: *v,
                    low: l.low,
                    high: l.high,
                    unit: l.unit.clone(),
                });
            }
        }
        let about = &self.net.about;
        let named = |name: &str| {
            about
                .latents
                .iter()
                .position(|l| l.name == name)
                .map_or(0.0, |i| latents[i])
        };
        (self.melt_k, self.mold_k) = (
            about.melt_k + named("melt_temperature"),
            about.mold_k + named("mold_temperature"),
        );
        for ((u, l), v) in self.latents.iter_mut().zip(&about.latents).zip(latents) {
            let half = 0.5 * (l.high - l.low) / 3.0_f64.sqrt();
            *u = if half > 0.0 {
                ((v - 0.5 * (l.low + l.high)) / half) as f32
            } else {
                0.0
            };
        }
        Ok(())
    }

    /// A new shot begins.
    pub fn reset(&mut self) {
        self.stage = Stage::Waiting;
        self.last = None;
        self.memory = FillMemory::default();
        self.share = 0.0;
        self.before = 0.0;
        self.broken = false;
        self.passed = [(0.0, 0.0); PASSED.len()];
        self.full_at = f64::NAN;
        self.next = 0;
        self.rest();
    }

    /// Readings of an empty mold.
    fn rest(&mut self) {
        for (v, r) in self.values.iter_mut().zip(&self.readings) {
            *v = match r.quantity {
                Quantity::Pressure => self.net.about.atmosphere_pa,
                Quantity::Temperature => self.mold_k,
            };
        }
    }

    /// What evaluates the network.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// Where the shot stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Share of the mold behind the front.
    pub fn filled(&self) -> f64 {
        self.share.min(1.0)
    }

    /// Time the mold was full, s; NaN before.
    pub fn full_at(&self) -> f64 {
        self.full_at
    }

    /// Readings of the release's sensors, Pa or K.
    pub fn readings(&self) -> &[f64] {
        &self.values
    }

    /// Takes the inlet pressure `pa` at time `t` \[s\]; pressure runs straight between samples.
    ///
    /// # Errors
    /// When a value is no number, time does not rise or the pressure is above the trained range; the shot then stands where it
    /// stood. When the network's own output is no number or its backend fails; every sample up to the next `reset` is then
    /// refused.
    pub fn push(&mut self, t: f64, pa: f64) -> Result<(), InferError> {
        if self.broken {
            return Err(InferError::Broken { time_s: t });
        }
        if !(pa.is_finite() && t.is_finite()) {
            return Err(InferError::NotANumber { time_s: t });
        }
        let about = &self.net.about;
        if pa > about.highest_pa * (1.0 + 1e-6) {
            return Err(InferError::PressureRange {
                mpa: pa * 1e-6,
                time_s: t,
                highest_mpa: about.highest_pa * 1e-6,
            });
        }
        let drive = ((pa - about.atmosphere_pa) / about.pressure_scale_pa).max(0.0);
        let Some((from_s, from)) = self.last else {
            self.last = Some((t, drive));
            return Ok(());
        };
        if t <= from_s {
            return Err(InferError::Time { from_s, to_s: t });
        }
        self.last = Some((t, drive));
        if self.stage == Stage::Waiting {
            if pa - about.atmosphere_pa < ARRIVED_PA {
                return Ok(());
            }
            self.stage = Stage::Filling;
            self.start = from_s;
            self.memory.pressure = from;
        }
        if self.stage == Stage::Filling && !self.fill(from_s, from, t, drive) {
            self.read_fill();
            return self.sound(t);
        }
        self.follow_full(from_s.max(self.full_at), t, drive, from_s, from);
        self.read_full(drive);
        self.sound(t)
    }

    /// Refuses readings that are no numbers: the weights or the machine are broken.
    fn sound(&mut self, time_s: f64) -> Result<(), InferError> {
        if let Some(trouble) = self.backend.trouble() {
            self.values.fill(f64::NAN);
            self.broken = true;
            return Err(trouble);
        }
        if self.share.is_finite() && self.values.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        self.values.fill(f64::NAN);
        self.broken = true;
        Err(InferError::Broken { time_s })
    }

    /// Moves the front on; true when it reached the end, at `full_at`.
    fn fill(&mut self, from_s: f64, from: f64, t: f64, drive: f64) -> bool {
        let before = self.memory;
        let was = self.share;
        self.before = was;
        self.memory.step(drive, t - from_s);
        let share = self.front(&self.memory.clone());
        // No `max`: it would hide an output that is no number.
        self.share = if share < was { was } else { share };
        for (i, goal) in PASSED.into_iter().enumerate() {
            if was < goal && self.share >= goal {
                let (memory, _) = self.crossing(before, from, drive, t - from_s, goal);
                self.passed[i] = (memory.time, memory.pressure);
            }
        }
        if self.share < 1.0 {
            return false;
        }
        let (memory, dt) = self.crossing(before, from, drive, t - from_s, 1.0);
        self.full_at = from_s + dt;
        self.moved = (self.full_at, memory.pressure, memory.integrals[0]);
        self.next = 1;
        self.stage = Stage::Full;
        let x = &mut self.x;
        x[..FEATURES].copy_from_slice(&memory.features());
        for (i, (time, pressure)) in self.passed.iter().enumerate() {
            x[FEATURES + 2 * i] = (time / memory.time.max(1e-6)) as f32;
            x[FEATURES + 2 * i + 1] = *pressure as f32;
        }
        let at = FEATURES + 2 * PASSED.len();
        x[at..at + self.latents.len()].copy_from_slice(&self.latents);
        self.backend
            .start(&x[..at + self.latents.len()], &mut self.state);
        self.now.copy_from_slice(&self.state);
        true
    }

    /// Filled share by the network.
    fn front(&mut self, memory: &FillMemory) -> f64 {
        let n = FEATURES + self.latents.len();
        self.x[..FEATURES].copy_from_slice(&memory.features());
        self.x[FEATURES..n].copy_from_slice(&self.latents);
        f64::from(self.backend.front(&self.x[..n]))
    }

    /// The memory at which the front passed `goal`, within a step of `dt` from `before`, and the time into it.
    fn crossing(
        &mut self,
        before: FillMemory,
        from: f64,
        to: f64,
        dt: f64,
        goal: f64,
    ) -> (FillMemory, f64) {
        let at = |w: f64| {
            let mut m = before;
            m.step(from + w * (to - from), w * dt);
            m
        };
        // Between samples the logarithm of the share is nearly straight: regula falsi, the kept end's value halved when the
        // same end stays twice (Illinois).
        let over = |share: f64| share.max(SMALLEST_SHARE).ln() - goal.ln();
        let (mut low, mut high) = ((0.0, over(self.before)), (1.0, over(self.share)));
        let mut kept = 0;
        for i in 0..TRIES {
            let w = if i < STRAIGHT || i % 2 == 0 {
                high.0 - high.1 * (high.0 - low.0) / (high.1 - low.1)
            } else {
                0.5 * (low.0 + high.0)
            };
            let found = self.front(&at(w)).ln() - goal.ln();
            if found.abs() < NEAR_ENOUGH || !found.is_finite() {
                return (at(w), w * dt);
            }
            if found > 0.0 {
                high = (w, found);
                low.1 *= if kept > 0 { 0.5 } else { 1.0 };
                kept = 1;
            } else {
                low = (w, found);
                high.1 *= if kept < 0 { 0.5 } else { 1.0 };
                kept = -1;
            }
        }
        (at(high.0), high.0 * dt)
    }

    fn read_fill(&mut self) {
        let n = FEATURES + 1 + self.latents.len();
        self.x[..FEATURES].copy_from_slice(&self.memory.features());
        self.x[FEATURES] = self.share as f32;
        self.x[FEATURES + 1..n].copy_from_slice(&self.latents);
        self.backend.fill(&self.x[..n], &mut self.fill_out);
        let about = &self.net.about;
        let drive = self.memory.pressure;
        for ((v, r), out) in self
            .values
            .iter_mut()
            .zip(&self.readings)
            .zip(&self.fill_out)
        {
            let fall = 1.0 - r.order / self.share.max(1e-6);
            *v = match r.quantity {
                Quantity::Pressure => {
                    let p = if fall > 0.0 {
                        drive * fall + f64::from(*out) * drive.max(SMALLEST_DRIVE)
                    } else {
                        0.0
                    };
                    about.atmosphere_pa + about.pressure_scale_pa * at_least_zero(p)
                }
                Quantity::Temperature if fall <= 0.0 => self.mold_k,
                Quantity::Temperature => temperature(*out, self.mold_k, self.melt_k),
            };
        }
    }

    /// Moves the state over every scheduled time up to `t`, then provisionally to `t`.
    fn follow_full(&mut self, begin: f64, t: f64, drive: f64, from_s: f64, from: f64) {
        let slope = (drive - from) / (t - from_s);
        let at = |time: f64| from + slope * (time - from_s);
        // The integral of the pressure runs on in the memory.
        let (mut time, mut integral) = (
            begin,
            if begin > from_s {
                self.moved.2
            } else {
                self.memory.integrals[0]
            },
        );
        while let Some(due) = self
            .net
            .times
            .get(self.next)
            .map(|g| self.full_at + g)
            .filter(|due| *due <= t)
        {
            integral += 0.5 * (at(time) + at(due)) * (due - time);
            time = due;
            let p = at(due);
            self.inputs(due, p, integral);
            let dt = (due - self.moved.0) as f32;
            self.backend
                .step(&self.x[..self.taken()], dt, &mut self.state);
            self.moved = (due, p, integral);
            self.next += 1;
        }
        integral += 0.5 * (at(time) + drive) * (t - time);
        self.memory.integrals[0] = integral;
        self.now.copy_from_slice(&self.state);
        if t > self.moved.0 + 1e-9 {
            self.inputs(t, drive, integral);
            let dt = (t - self.moved.0) as f32;
            self.backend
                .step(&self.x[..self.taken()], dt, &mut self.now);
        } else {
            self.inputs(t, drive, integral);
        }
    }

    /// Number of inputs of a move.
    fn taken(&self) -> usize {
        DRIVE + CLOCK + self.latents.len()
    }

    /// Writes the inputs of a move to `x`.
    fn inputs(&mut self, t: f64, drive: f64, integral: f64) {
        let (time, pressure, before) = self.moved;
        let dt = t - time;
        let mean = if dt > 1e-9 {
            (integral - before) / dt
        } else {
            drive
        };
        let x = &mut self.x;
        x[..DRIVE].copy_from_slice(&[drive as f32, mean as f32, (drive - pressure) as f32]);
        x[DRIVE..DRIVE + CLOCK].copy_from_slice(&clock(t - self.full_at));
        x[DRIVE + CLOCK..DRIVE + CLOCK + self.latents.len()].copy_from_slice(&self.latents);
    }

    fn read_full(&mut self, drive: f64) {
        let (n, h) = (self.taken(), self.now.len());
        // State first, then the inputs that lie in front.
        self.x.copy_within(..n, h);
        self.x[..h].copy_from_slice(&self.now);
        self.backend.later(&self.x[..h + n], &mut self.later_out);
        let about = &self.net.about;
        let mut at = 0;
        for (v, r) in self.values.iter_mut().zip(&self.readings) {
            *v = match r.quantity {
                Quantity::Pressure => {
                    let p = f64::from(self.later_out[at])
                        + drive * f64::from(self.later_out[at + 1])
                        + r.inlet * drive;
                    at += 2;
                    about.atmosphere_pa + about.pressure_scale_pa * at_least_zero(p)
                }
                Quantity::Temperature => {
                    at += 1;
                    temperature(self.later_out[at - 1], self.mold_k, self.melt_k)
                }
            };
        }
    }
}

/// Zero for what is below; unlike `max` it lets pass what is no number.
fn at_least_zero(v: f64) -> f64 {
    if v < 0.0 { 0.0 } else { v }
}

/// Melt heated by compression and shear stays below this above the span of melt and mold.
const HOTTEST: f64 = 1.4;
/// Steel may cool to this share of the span below the mold's start.
const COLDEST: f64 = -0.1;

fn temperature(theta: f32, mold_k: f64, melt_k: f64) -> f64 {
    mold_k + f64::from(theta).clamp(COLDEST, HOTTEST) * (melt_k - mold_k)
}

//! A shot with derivatives: every reading and its derivative with respect to every latent, at every sample.
//!
//! Forward mode: each vector of the network travels with one tangent a latent, through the layers, the recurrent state and
//! the moment the mold is full. That moment `t*` is given by `share(memory(t*), latents) = 1`, so that
//!
//! ```text
//! dt*/du = - (d ln share / du) / (d ln share / dt)
//! ```
//! and whatever hangs on it (what is remembered of the fill, the schedule, the clock) moves along with `dt*/du`.

use std::sync::Arc;

use super::{COLDEST, Follower, HOTTEST, SMALLEST_DRIVE, Stage};
use crate::error::InferError;
use crate::kernel::Precision;
use crate::kernel::chain::{Columns, TangentScratch};
use crate::memory::{FEATURES, FillMemory};
use crate::network::{CLOCK, DRIVE, Network, PASSED, clock, clock_rate};
use crate::release::Quantity;

/// Inputs of a move before the latents.
const MOVING: usize = DRIVE + CLOCK;

/// Straight piece of the drive from one sample to the next.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from_s: f64,
    from: f64,
    to_s: f64,
    to: f64,
}

impl Piece {
    fn slope(&self) -> f64 {
        (self.to - self.from) / (self.to_s - self.from_s)
    }

    fn at(&self, t: f64) -> f64 {
        self.from + self.slope() * (t - self.from_s)
    }

    /// `before`, `dt` seconds into the piece.
    fn memory(&self, mut before: FillMemory, dt: f64) -> FillMemory {
        before.step(self.from + self.slope() * dt, dt);
        before
    }
}

/// Follows one shot after the other, readings and derivatives; no sample allocates.
#[derive(Clone, Debug)]
pub struct TangentFollower {
    plain: Follower,
    net: Arc<Network>,
    /// Scaled latents per unit of each.
    units: Vec<f64>,
    mold: Option<usize>,
    melt: Option<usize>,
    /// Derivatives by scaled latents: filled share, time of each passing, time the mold is full.
    share: Vec<f64>,
    passed: [Vec<f64>; PASSED.len()],
    full: Vec<f64>,
    /// Slope of the drive at each passing, and at the last move of the state.
    passed_slope: [f64; PASSED.len()],
    moved_slope: f64,
    /// Inputs of front, fill and start; with one more column, for time.
    x: Columns,
    timed: Columns,
    scratch: TangentScratch,
    timed_scratch: TangentScratch,
    /// State and inputs at the last move, and now.
    state: Columns,
    now: Columns,
    dts: Vec<f32>,
    /// `[sensors, latents]`, Pa or K per unit of the latent.
    jacobian: Vec<f64>,
}

impl TangentFollower {
    /// A follower at given latents; see [`Follower::new`].
    ///
    /// # Errors
    /// Also when the network is not packed in single precision, or is wider than the kernels take.
    pub fn new(net: Arc<Network>, latents: &[f64]) -> Result<Self, InferError> {
        let engine = net.engine();
        if engine.precision != Precision::Float {
            return Err(InferError::Tangents {
                reason: "8-bit weights have none; pack the network in single precision",
            });
        }
        let about = &net.about;
        let (u, width) = (about.latents.len(), engine.width());
        let wide = InferError::Tangents {
            reason: "a layer is wider than 1024",
        };
        let columns = |n: usize| Columns::new(n, width);
        let buffers = (|| {
            let scratch = TangentScratch::new(u + 1, width)?;
            let timed = TangentScratch::new(u + 2, width)?;
            let (mut state, x) = (columns(u + 1)?, columns(u + 1)?);
            for k in 0..u {
                state.column_mut(k + 1)[engine.padded + MOVING + k] = 1.0;
            }
            Some((scratch, timed, state, x, columns(u + 2)?))
        })();
        let (scratch, timed_scratch, state, x, timed) = buffers.ok_or(wide)?;
        let named = |name: &str| about.latents.iter().position(|l| l.name == name);
        let mut follower = Self {
            units: about
                .latents
                .iter()
                .map(|l| {
                    let half = 0.5 * (l.high - l.low) / 3.0_f64.sqrt();
                    if half > 0.0 { 1.0 / half } else { 0.0 }
                })
                .collect(),
            mold: named("mold_temperature"),
            melt: named("melt_temperature"),
            share: vec![0.0; u],
            passed: std::array::from_fn(|_| vec![0.0; u]),
            full: vec![0.0; u],
            passed_slope: [0.0; PASSED.len()],
            moved_slope: 0.0,
            x,
            timed,
            scratch,
            timed_scratch,
            now: state.clone(),
            state,
            dts: vec![0.0; u + 1],
            jacobian: vec![0.0; u * about.sensors.len()],
            plain: Follower::new(net.clone(), latents)?,
            net,
        };
        follower.reset();
        Ok(follower)
    }

    /// Takes other latents; see [`Follower::set_latents`].
    ///
    /// # Errors
    /// When one is outside the range of the training shots, or no number; nothing changes then.
    pub fn set_latents(&mut self, latents: &[f64]) -> Result<(), InferError> {
        self.plain.set_latents(latents)
    }

    /// A new shot begins.
    pub fn reset(&mut self) {
        self.plain.reset();
        self.share.fill(0.0);
        self.full.fill(0.0);
        self.jacobian.fill(0.0);
        let u = self.units.len();
        let sensors = self.net.about.sensors.iter();
        for (s, row) in sensors.zip(self.jacobian.chunks_exact_mut(u.max(1))) {
            if let (Quantity::Temperature, Some(mold)) = (s.quantity, self.mold) {
                row[mold] = 1.0;
            }
        }
    }

    /// The follower itself: stage, filled share, time the mold was full.
    pub fn plain(&self) -> &Follower {
        &self.plain
    }

    /// Readings of the release's sensors, Pa or K: those of [`Follower::readings`].
    pub fn values(&self) -> &[f64] {
        self.plain.readings()
    }

    /// Their derivatives, `[sensors, latents]`, in Pa or K per unit of the latent.
    pub fn jacobian(&self) -> &[f64] {
        &self.jacobian
    }

    /// Takes the inlet pressure `pa` at time `t` \[s\]; see [`Follower::push`].
    ///
    /// # Errors
    /// As `Follower::push`.
    pub fn push(&mut self, t: f64, pa: f64) -> Result<(), InferError> {
        let (last, was, stage) = (self.plain.last, self.plain.share, self.plain.stage);
        let (mut memory, mut moved, mut next) =
            (self.plain.memory, self.plain.moved, self.plain.next);
        self.plain.push(t, pa)?;
        let (Some((from_s, from)), Some((to_s, to))) = (last, self.plain.last) else {
            return Ok(());
        };
        if self.plain.stage == Stage::Waiting {
            return Ok(());
        }
        let piece = Piece {
            from_s,
            from,
            to_s,
            to,
        };
        if stage == Stage::Waiting {
            memory.pressure = from;
        }
        if stage != Stage::Full {
            self.pass(&piece, memory, was);
        }
        if self.plain.stage == Stage::Filling {
            self.read_fill(was);
        } else {
            let mut begin = from_s;
            if stage != Stage::Full {
                begin = self.plain.full_at;
                let memory = self.begin(&piece, memory);
                moved = (begin, memory.pressure, memory.integrals[0]);
                next = 1;
            }
            let integral = if begin > from_s {
                moved.2
            } else {
                memory.integrals[0]
            };
            self.follow(&piece, begin, integral, moved, next);
            self.read_full(to);
        }
        if self.jacobian.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        self.plain.broken = true;
        Err(InferError::Broken { time_s: t })
    }

    /// Derivatives of the passings inside the piece.
    fn pass(&mut self, piece: &Piece, before: FillMemory, was: f64) {
        for (i, goal) in PASSED.into_iter().enumerate() {
            if was < goal && self.plain.share >= goal {
                let dt = self.plain.passed[i].0 - before.time;
                let mut found = std::mem::take(&mut self.passed[i]);
                self.cross(&piece.memory(before, dt), piece.slope(), &mut found);
                self.passed[i] = found;
                self.passed_slope[i] = piece.slope();
            }
        }
    }

    /// Derivatives of the time at which the front is where it is with this memory.
    fn cross(&mut self, memory: &FillMemory, slope: f64, times: &mut [f64]) {
        let u = self.units.len();
        let x = &mut self.timed;
        let first = x.column_mut(0);
        first[..FEATURES].copy_from_slice(&memory.features());
        first[FEATURES..FEATURES + u].copy_from_slice(&self.plain.latents);
        for k in 0..u {
            let column = x.column_mut(k + 1);
            column[..FEATURES + u].fill(0.0);
            column[FEATURES + k] = 1.0;
        }
        x.column_mut(u + 1)[..FEATURES].copy_from_slice(&memory.rates(slope));
        let y = self.net.engine.front.tangents(x, &mut self.timed_scratch);
        let rate = f64::from(y.column(u + 1)[0]);
        for (k, time) in times.iter_mut().enumerate() {
            *time = -f64::from(y.column(k + 1)[0]) / rate;
        }
    }

    /// Readings while the mold fills.
    fn read_fill(&mut self, was: f64) {
        let u = self.units.len();
        let (memory, share) = (&self.plain.memory, self.plain.share);
        let x = &mut self.x;
        let features = memory.features();
        let write = |column: &mut [f32], features: &[f32], at: usize| {
            column[..features.len()].copy_from_slice(features);
            column[features.len()..at + u].fill(0.0);
        };
        write(x.column_mut(0), &features, FEATURES);
        x.column_mut(0)[FEATURES..FEATURES + u].copy_from_slice(&self.plain.latents);
        for k in 0..u {
            write(x.column_mut(k + 1), &[], FEATURES);
            x.column_mut(k + 1)[FEATURES + k] = 1.0;
        }
        // Where the front would have gone back it stands, and its derivative with it.
        if share > was {
            let y = self.net.engine.front.tangents(x, &mut self.scratch);
            for (k, d) in self.share.iter_mut().enumerate() {
                *d = share * f64::from(y.column(k + 1)[0]);
            }
        }
        write(x.column_mut(0), &features, FEATURES + 1);
        x.column_mut(0)[FEATURES] = share as f32;
        x.column_mut(0)[FEATURES + 1..FEATURES + 1 + u].copy_from_slice(&self.plain.latents);
        for k in 0..u {
            write(x.column_mut(k + 1), &[], FEATURES + 1);
            x.column_mut(k + 1)[FEATURES] = self.share[k] as f32;
            x.column_mut(k + 1)[FEATURES + 1 + k] = 1.0;
        }
        let y = self.net.engine.fill.tangents(x, &mut self.scratch);
        let about = &self.net.about;
        let drive = memory.pressure;
        let rows = self.jacobian.chunks_exact_mut(u.max(1));
        for (s, (r, row)) in self.plain.readings.iter().zip(rows).enumerate() {
            let floor = share.max(1e-6);
            let fall = 1.0 - r.order / floor;
            let out = f64::from(y.column(0)[s]);
            let by = drive.max(SMALLEST_DRIVE);
            row.fill(0.0);
            match r.quantity {
                Quantity::Pressure if fall > 0.0 && drive * fall + out * by >= 0.0 => {
                    for (k, d) in row.iter_mut().enumerate() {
                        let falls = r.order / (floor * floor) * self.share[k];
                        let p = drive * falls + by * f64::from(y.column(k + 1)[s]);
                        *d = about.pressure_scale_pa * p * self.units[k];
                    }
                }
                Quantity::Pressure => {}
                Quantity::Temperature if fall <= 0.0 => {
                    if let Some(mold) = self.mold {
                        row[mold] = 1.0;
                    }
                }
                Quantity::Temperature => {
                    let slope = |k: usize| f64::from(y.column(k + 1)[s]) * self.units[k];
                    let span = self.plain.melt_k - self.plain.mold_k;
                    temperature(row, out, slope, span, (self.mold, self.melt));
                }
            }
        }
    }

    /// The first state of a full mold; returns what is remembered then.
    fn begin(&mut self, piece: &Piece, before: FillMemory) -> FillMemory {
        let memory = piece.memory(before, self.plain.full_at - piece.from_s);
        let mut full = std::mem::take(&mut self.full);
        self.cross(&memory, piece.slope(), &mut full);
        let u = self.units.len();
        let rates = memory.rates(piece.slope());
        let x = &mut self.x;
        let first = x.column_mut(0);
        first[..FEATURES].copy_from_slice(&memory.features());
        let whole = memory.time.max(1e-6);
        for (i, (time, pressure)) in self.plain.passed.iter().enumerate() {
            first[FEATURES + 2 * i] = (time / whole) as f32;
            first[FEATURES + 2 * i + 1] = *pressure as f32;
        }
        let at = FEATURES + 2 * PASSED.len();
        first[at..at + u].copy_from_slice(&self.plain.latents);
        for (k, full) in full.iter().enumerate() {
            let column = x.column_mut(k + 1);
            for (x, rate) in column.iter_mut().zip(rates) {
                *x = rate * *full as f32;
            }
            for (i, (time, _)) in self.plain.passed.iter().enumerate() {
                let passing = self.passed[i][k];
                column[FEATURES + 2 * i] = ((passing - time / whole * full) / whole) as f32;
                column[FEATURES + 2 * i + 1] = (self.passed_slope[i] * passing) as f32;
            }
            column[at..at + u].fill(0.0);
            column[at + k] = 1.0;
        }
        let y = self.net.engine.start.tangents(x, &mut self.scratch);
        let n = self.net.engine.padded;
        for c in 0..=u {
            self.state.column_mut(c)[..n].copy_from_slice(&y.column(c)[..n]);
        }
        self.full = full;
        self.moved_slope = piece.slope();
        memory
    }

    /// Moves the state over every scheduled time in the piece, then provisionally to its end.
    fn follow(
        &mut self,
        piece: &Piece,
        begin: f64,
        mut integral: f64,
        mut moved: (f64, f64, f64),
        first: usize,
    ) {
        let (full_at, slope) = (self.plain.full_at, piece.slope());
        let mut time = begin;
        for next in first..self.plain.next {
            let due = full_at + self.net.times[next];
            let p = piece.at(due);
            integral += 0.5 * (piece.at(time) + p) * (due - time);
            time = due;
            let dt = due - moved.0;
            // The schedule moves along with the moment the mold is full.
            let mean = (integral - moved.2) / dt;
            let by_full = [
                slope,
                (p - moved.1) / dt,
                slope - self.moved_slope,
                0.0,
                0.0,
            ];
            let drive = [p, mean, p - moved.1];
            self.write(true, drive, due - full_at, by_full);
            self.dts.fill(0.0);
            self.step(true, dt);
            moved = (due, p, integral);
            self.moved_slope = slope;
        }
        let t = piece.to_s;
        integral += 0.5 * (piece.at(time) + piece.to) * (t - time);
        let n = self.net.engine.padded;
        for c in 0..self.dts.len() {
            self.now.column_mut(c)[..n].copy_from_slice(&self.state.column(c)[..n]);
        }
        let dt = t - moved.0;
        let moves = dt > 1e-9;
        let mean = if moves {
            (integral - moved.2) / dt
        } else {
            piece.to
        };
        // Now stands still, and the last move goes along with the moment the mold is full.
        let clock = clock_rate(t - full_at).map(|r| -r);
        let by_mean = if moves { (mean - moved.1) / dt } else { 0.0 };
        let by_full = [0.0, by_mean, -self.moved_slope, clock[0], clock[1]];
        let drive = [piece.to, mean, piece.to - moved.1];
        self.write(false, drive, t - full_at, by_full);
        if moves {
            for (d, full) in self.dts[1..].iter_mut().zip(&self.full) {
                *d = -*full as f32;
            }
            self.step(false, dt);
        }
    }

    /// Writes the inputs of a move: values, and derivatives by the time the mold is full. `last` is the scheduled state.
    fn write(&mut self, last: bool, drive: [f64; DRIVE], since: f64, by_full: [f64; MOVING]) {
        let at = self.net.engine.padded;
        let to = if last { &mut self.state } else { &mut self.now };
        let first = &mut to.column_mut(0)[at..];
        for (x, v) in first.iter_mut().zip(drive) {
            *x = v as f32;
        }
        first[DRIVE..MOVING].copy_from_slice(&clock(since));
        first[MOVING..MOVING + self.units.len()].copy_from_slice(&self.plain.latents);
        for (k, full) in self.full.iter().enumerate() {
            let column = &mut to.column_mut(k + 1)[at..];
            for (x, by) in column.iter_mut().zip(by_full) {
                *x = (by * full) as f32;
            }
        }
    }

    fn step(&mut self, last: bool, dt: f64) {
        let engine = &self.net.engine;
        let h = if last { &mut self.state } else { &mut self.now };
        let out = engine.cell.tangents(h, &mut self.scratch);
        let (dts, n) = (&self.dts, engine.padded);
        engine.cell.cell_tangents(out, dt as f32, dts, h, n);
    }

    /// Readings of a full mold.
    fn read_full(&mut self, drive: f64) {
        let u = self.units.len();
        let y = self.net.engine.later.tangents(&self.now, &mut self.scratch);
        let scale = self.net.about.pressure_scale_pa;
        let mut at = 0;
        let rows = self.jacobian.chunks_exact_mut(u.max(1));
        for (r, row) in self.plain.readings.iter().zip(rows) {
            let out = |c: usize, at: usize| f64::from(y.column(c)[at]);
            row.fill(0.0);
            match r.quantity {
                Quantity::Pressure => {
                    let p = |c: usize| out(c, at) + drive * out(c, at + 1);
                    if p(0) + r.inlet * drive >= 0.0 {
                        for (k, d) in row.iter_mut().enumerate() {
                            *d = scale * p(k + 1) * self.units[k];
                        }
                    }
                    at += 2;
                }
                Quantity::Temperature => {
                    let slope = |k: usize| out(k + 1, at) * self.units[k];
                    let span = self.plain.melt_k - self.plain.mold_k;
                    temperature(row, out(0, at), slope, span, (self.mold, self.melt));
                    at += 1;
                }
            }
        }
    }
}

/// Derivatives of `mold + theta (melt - mold)`, where `slope(k)` is that of `theta`.
fn temperature(
    row: &mut [f64],
    theta: f64,
    slope: impl Fn(usize) -> f64,
    span: f64,
    (mold, melt): (Option<usize>, Option<usize>),
) {
    let held = theta.clamp(COLDEST, HOTTEST);
    if theta == held {
        for (k, d) in row.iter_mut().enumerate() {
            *d = slope(k) * span;
        }
    }
    if let Some(mold) = mold {
        row[mold] += 1.0 - held;
    }
    if let Some(melt) = melt {
        row[melt] += held;
    }
}

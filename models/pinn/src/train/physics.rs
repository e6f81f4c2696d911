//! The solver's residual in the loss: on labelled shots, and on shots of which only the drive and the latents are known.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use models_infer::schedule::Schedule;
use models_physics::latents::{COUNT, LATENTS, Latents};
use models_physics::mold::Mold;
use models_physics::solver::Model;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::filling::full_times;
use super::later::{LaterRows, X, pressure_modes};
use crate::basis::Basis;
use crate::dataset::ShotRecord;
use crate::error::PinnError;
use crate::network::{FILL_SUMMARY, Network};
use crate::op::residual::{Pair, Seen, residual};
use crate::prepare::{Bases, PreparedShot};
use crate::scales::{Scales, TAKEN};

/// A shot as far as the residual needs it: no field of the solver.
#[derive(Clone, Debug)]
pub struct DrivenShot {
    /// Latents in the order of [`LATENTS`].
    pub latents: [f64; COUNT],
    /// Times, s, and inlet pressure, Pa.
    pub time: Vec<f64>,
    /// See `time`.
    pub inlet: Vec<f64>,
}

impl DrivenShot {
    /// The drive and latents of a simulated shot.
    pub fn of(shot: &ShotRecord) -> Self {
        Self {
            latents: shot.latents,
            time: shot.time.iter().map(|t| f64::from(*t)).collect(),
            inlet: shot.inlet.iter().map(|p| f64::from(*p)).collect(),
        }
    }

    /// Another shot with this one's waveform, distorted, and latents drawn inside the trained ranges.
    pub fn varied(&self, scales: &Scales, rng: &mut StdRng) -> Self {
        let mut latents = self.latents;
        for (latent, [low, high]) in TAKEN.iter().zip(&scales.latents) {
            latents[*latent as usize] = low + (high - low) * rng.random::<f64>();
        }
        let stretch: f64 = rng.random_range(0.85..1.18);
        let level: f64 = rng.random_range(0.85..1.18);
        let waves: Vec<[f64; 3]> = (0..3)
            .map(|_| {
                [
                    rng.random_range(0.0..0.08),
                    0.3 * 30.0_f64.powf(rng.random::<f64>()),
                    rng.random_range(0.0..6.3),
                ]
            })
            .collect();
        let inlet = self
            .time
            .iter()
            .zip(&self.inlet)
            .map(|(t, p)| {
                let ripple: f64 = waves
                    .iter()
                    .map(|[a, f, phase]| a * (std::f64::consts::TAU * f * t + phase).sin())
                    .sum();
                scales.atmosphere + (p - scales.atmosphere).max(0.0) * level * (1.0 + ripple)
            })
            .collect();
        Self {
            latents,
            time: self.time.iter().map(|t| t * stretch).collect(),
            inlet,
        }
    }

    /// As the network takes it, with nothing known of its front or fields.
    fn prepared(&self, scales: &Scales) -> PreparedShot {
        let (melt, mold) = scales.temperatures(&self.latents);
        PreparedShot {
            latents: scales.latents(&self.latents),
            melt_k: melt as f32,
            mold_k: mold as f32,
            time: self.time.clone(),
            drive: self
                .inlet
                .iter()
                .map(|p| scales.drive(*p).max(0.0))
                .collect(),
            filled: Vec::new(),
            full_at: f64::INFINITY,
            fill_tick: Vec::new(),
            fill_share: Vec::new(),
            fill_features: Vec::new(),
            fill_target: Vec::new(),
            tick: Vec::new(),
            pressure: Vec::new(),
            temperature: Vec::new(),
            thermal: Vec::new(),
        }
    }
}

/// Share of a tick's spacing by which it is moved, as in a dataset.
const JITTER: f64 = 0.45;

/// A shot that the residual is taken on: what the network sees, and the solver's model of it.
#[derive(Clone, Debug)]
pub struct Collocation {
    shot: PreparedShot,
    row: LaterRows,
    model: Arc<Model>,
}

impl Collocation {
    /// Of shots whose front the network has learned to follow; those it never sees full are left out.
    ///
    /// # Errors
    /// When the mold's card cannot be used or the device refuses.
    pub fn new(
        net: &Network,
        mold: &Mold,
        scales: &Scales,
        shots: &[DrivenShot],
        seed: u64,
    ) -> std::result::Result<Vec<Self>, PinnError> {
        use rayon::prelude::*;
        let mut rng = StdRng::seed_from_u64(seed ^ 0xc0110);
        let mut bare: Vec<PreparedShot> = shots.iter().map(|s| s.prepared(scales)).collect();
        let passing = full_times(net, &bare)?;
        for (shot, passing) in bare.iter_mut().zip(&passing) {
            let last = shot.time[shot.time.len() - 1];
            shot.full_at = passing.full;
            shot.tick = Schedule::default()
                .jittered(last - passing.full, JITTER, || rng.random_range(-1.0..1.0))
                .into_iter()
                .map(|t| passing.full + t)
                .filter(|t| *t < last)
                .collect();
        }
        let material = mold.card()?.require_simulation()?;
        let made: Vec<Option<Self>> = bare
            .into_par_iter()
            .zip(passing.par_iter())
            .zip(shots)
            .map(|((shot, passing), driven)| {
                let row = LaterRows::new(&shot, passing);
                if row.first + 2 > shot.tick.len() {
                    return None;
                }
                let mut latents = Latents::default();
                for l in &LATENTS {
                    latents[l.latent] = driven.latents[l.latent as usize];
                }
                let model = Model::with_material(mold, &material, &latents, mold.cut(), None, None);
                Some(Self {
                    shot,
                    row,
                    model: Arc::new(model),
                })
            })
            .collect();
        Ok(made.into_iter().flatten().collect())
    }
}

/// How much the residual weighs and where it is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhysicsEffort {
    /// Shots a step.
    pub shots: usize,
    /// Pairs of neighbouring ticks a shot.
    pub pairs: usize,
    /// Weight of the unexplained share of pressure and of temperature, once full, against those of the data.
    pub weight: [f64; 2],
    /// Share of the steps that train on data alone.
    pub warm: f64,
    /// Share of the steps over which the weight then rises.
    pub ramp: f64,
    /// Times within which pressure and temperature may drift by their residuals, s: a residual counts by the time it
    /// took, because it adds up.
    pub drift_s: [f64; 2],
    /// Residual beyond which it counts by its size: of pressure in units of the scale, of temperature in K.
    pub bend: [f64; 2],
    /// Whether mass moves pressure alone and energy temperature alone, as in the solver's own sweeps.
    pub apart: bool,
}

impl Default for PhysicsEffort {
    fn default() -> Self {
        Self {
            shots: 24,
            pairs: 12,
            weight: [0.1, 5.0],
            warm: 0.05,
            ramp: 0.1,
            drift_s: [1.0, 1.0],
            bend: [0.05, 3.0],
            apart: true,
        }
    }
}

/// Smallest time that a residual is taken to have taken, as a share of `drift_s`.
const SHORTEST: f64 = 0.05;

/// One line of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// Optimiser step.
    pub step: usize,
    /// Weight relative to its final value.
    pub weight: f64,
    /// Root mean square of the pressure residual, Pa.
    pub pressure: f64,
    /// Root mean square of the temperature residual, K.
    pub temperature: f64,
}

/// The residual's part of the loss.
#[derive(Debug)]
pub struct Physics {
    pool: Vec<Collocation>,
    effort: PhysicsEffort,
    rng: StdRng,
    pressure: Decoder,
    temperature: Decoder,
    scale: f64,
    atmosphere: f64,
    /// What it was at the steps it was asked at.
    pub log: Vec<Logged>,
}

/// A basis as tensors.
#[derive(Debug)]
struct Decoder {
    mean: Tensor,
    modes: Tensor,
    /// Mean variance of an entry.
    variance: f64,
    count: usize,
}

impl Decoder {
    fn new(basis: &Basis, entries: usize) -> Result<Self> {
        let device = Device::Cpu;
        let mut modes = basis.modes.clone();
        for (mode, d) in modes.chunks_exact_mut(basis.width).zip(&basis.deviation) {
            mode.iter_mut().for_each(|m| *m *= d);
        }
        let total: f64 = basis.deviation.iter().map(|d| f64::from(d * d)).sum();
        Ok(Self {
            mean: Tensor::from_vec(basis.mean.clone(), (1, basis.width), &device)?,
            modes: Tensor::from_vec(modes, (basis.len(), basis.width), &device)?,
            variance: total / entries as f64,
            count: basis.len(),
        })
    }

    fn field(&self, z: &Tensor) -> Result<Tensor> {
        z.matmul(&self.modes)?.broadcast_add(&self.mean)
    }
}

impl Physics {
    /// Over a pool of shots.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn new(
        pool: Vec<Collocation>,
        bases: &Bases,
        scales: &Scales,
        effort: PhysicsEffort,
        seed: u64,
    ) -> Result<Self> {
        let nodes = bases.pressure.width;
        let layers = bases.temperature.width / nodes;
        Ok(Self {
            pool,
            effort,
            rng: StdRng::seed_from_u64(seed ^ 0x9e51d),
            pressure: Decoder::new(&bases.pressure, nodes - 1)?,
            temperature: Decoder::new(&bases.temperature, (nodes - 1) * layers)?,
            scale: scales.pressure,
            atmosphere: scales.atmosphere,
            log: Vec::new(),
        })
    }

    /// Weight at `step` of `steps`, relative to its final value: none while the data warms up, then a straight rise.
    pub fn share(&self, step: usize, steps: usize) -> f64 {
        let x = step as f64 / steps.max(1) as f64 - self.effort.warm;
        (x / self.effort.ramp.max(1e-9)).clamp(0.0, 1.0)
    }

    /// The residual's part of the loss at `step` of `steps`; `None` while its weight is zero.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn term(&mut self, net: &Network, step: usize, steps: usize) -> Result<Option<Tensor>> {
        let share = self.share(step, steps);
        if share <= 0.0 || self.pool.is_empty() {
            return Ok(None);
        }
        let (mean, seen) = self.measure(net)?;
        if step.is_multiple_of(LOGGED) || step + 1 == steps {
            self.log.push(Logged {
                step,
                weight: share,
                pressure: seen.pressure.sqrt(),
                temperature: seen.temperature.sqrt(),
            });
        }
        Ok(Some((mean * share)?))
    }

    /// Weighted mean over freshly drawn pairs, and their mean squares.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn measure(&mut self, net: &Network) -> Result<(Tensor, Seen)> {
        let device = Device::Cpu;
        let count = self.effort.shots.min(self.pool.len());
        let chosen: Vec<usize> = (0..count)
            .map(|_| self.rng.random_range(0..self.pool.len()))
            .collect();
        let ticks = chosen
            .iter()
            .map(|i| self.pool[*i].shot.tick.len())
            .max()
            .unwrap_or(1);
        let mut x = vec![0.0_f32; count * ticks * X];
        let mut summary = Vec::with_capacity(count * (FILL_SUMMARY + TAKEN.len()));
        let (mut at, mut inputs, mut now) = (Vec::new(), Vec::new(), Vec::new());
        let mut pairs = Vec::with_capacity(count * self.effort.pairs);
        for (j, i) in chosen.into_iter().enumerate() {
            let Collocation { shot, row, model } = &self.pool[i];
            x[j * ticks * X..][..row.x.len()].copy_from_slice(&row.x);
            summary.extend_from_slice(&row.summary);
            for _ in 0..self.effort.pairs {
                let k = self.rng.random_range(row.first..shot.tick.len() - 1);
                let mut inlet = [0.0; 2];
                for (side, k) in [k, k + 1].into_iter().enumerate() {
                    at.push((j * ticks + k) as u32);
                    now.push(row.x[k * X + 1]);
                    inputs.extend_from_slice(&row.x[k * X + 1..(k + 1) * X]);
                    inlet[side] = self.atmosphere + f64::from(row.x[k * X + 1]) * self.scale;
                }
                let dt = shot.tick[k + 1] - shot.tick[k];
                let span = f64::from(shot.melt_k - shot.mold_k);
                let drift = |within: f64| (SHORTEST + dt / within).min(1.0);
                let [drift_p, drift_t] = self.effort.drift_s.map(drift);
                pairs.push(Pair {
                    model: model.clone(),
                    dt,
                    inlet,
                    temperature: [f64::from(shot.mold_k), span],
                    pressure: self.scale,
                    bend: [self.effort.bend[0] * self.scale, self.effort.bend[1]],
                    apart: self.effort.apart,
                    weight: [
                        self.effort.weight[0] / (self.pressure.variance * drift_p * drift_p),
                        self.effort.weight[1]
                            / (self.temperature.variance * span * span * drift_t * drift_t),
                    ],
                });
            }
        }
        let n = at.len();
        let x = Tensor::from_vec(x, (count, ticks, X), &device)?;
        let summary = Tensor::from_vec(summary, (count, FILL_SUMMARY + TAKEN.len()), &device)?;
        let h = net
            .states(&summary, &x)?
            .reshape((count * ticks, net.widths.state))?
            .index_select(&Tensor::from_vec(at, n, &device)?, 0)?;
        let inputs = Tensor::from_vec(inputs, (n, X - 1), &device)?;
        let out = net.later.forward(&Tensor::cat(&[h, inputs], 1)?)?;
        let now = Tensor::from_vec(now, (n, 1), &device)?;
        let (kp, kt) = (self.pressure.count, self.temperature.count);
        let p = self.pressure.field(&pressure_modes(&out, &now, kp)?)?;
        let t = self.temperature.field(&out.narrow(1, 2 * kp, kt)?)?;
        let (each, seen) = residual(&Arc::new(pairs), &p, &t)?;
        Ok((each.mean_all()?, seen))
    }
}

/// Steps between lines of the log.
const LOGGED: usize = 100;

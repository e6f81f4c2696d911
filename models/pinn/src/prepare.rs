//! Shots turned into rows of inputs and targets.

use models_infer::memory::{FEATURES, FillMemory};
use models_physics::mold::Mold;

use crate::basis::Basis;
use crate::dataset::{Dataset, ShotRecord};
use crate::scales::{Scales, TAKEN};

/// Modes of the four fields.
#[derive(Clone, Copy, Debug)]
pub struct Modes {
    /// Pressure shapes while filling.
    pub fill_pressure: usize,
    /// Temperature while filling.
    pub fill_temperature: usize,
    /// Pressure in hold and cooling.
    pub pressure: usize,
    /// Temperature in hold and cooling.
    pub temperature: usize,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            fill_pressure: 16,
            fill_temperature: 48,
            pressure: 32,
            temperature: 72,
        }
    }
}

/// The bases of the four fields and where each node lies in the filling order.
#[derive(Clone, Debug)]
pub struct Bases {
    /// Pressure over that of the inlet less the straight fall to the front, `[N]`.
    pub fill_pressure: Basis,
    /// Dimensionless temperature while filling, `[N L]`.
    pub fill_temperature: Basis,
    /// Pressure less that of the inlet at the inlet, `[N]`, over the pressure scale.
    pub pressure: Basis,
    /// Dimensionless temperature, `[N L]`.
    pub temperature: Basis,
    /// Filled share of the mold at which the front passes each node's centre.
    pub order: Vec<f32>,
}

/// Scaled inlet pressure below which a fill pressure is no longer taken relative to it.
pub const SMALLEST_DRIVE: f64 = 0.02;

/// One shot: memories at every solver step, targets at its ticks.
#[derive(Clone, Debug)]
pub struct PreparedShot {
    /// Latents as inputs.
    pub latents: [f32; TAKEN.len()],
    /// Melt and mold temperature, K.
    pub melt_k: f32,
    /// Mold temperature, K.
    pub mold_k: f32,
    /// Times of the solver's steps, s.
    pub time: Vec<f64>,
    /// Inlet pressure there, scaled.
    pub drive: Vec<f64>,
    /// Filled share there.
    pub filled: Vec<f32>,
    /// Time the mold was full, s.
    pub full_at: f64,
    /// Times of fill ticks, s, and memories there.
    pub fill_tick: Vec<f64>,
    /// Filled share at the fill ticks.
    pub fill_share: Vec<f32>,
    /// Features at the fill ticks `[ticks, FEATURES]`.
    pub fill_features: Vec<f32>,
    /// Targets at the fill ticks `[ticks, modes]`.
    pub fill_target: Vec<f32>,
    /// Times of the later ticks, s.
    pub tick: Vec<f64>,
    /// Pressure targets at the later ticks `[ticks, modes]`.
    pub pressure: Vec<f32>,
    /// Temperature targets; zero where not kept `[ticks, modes]`.
    pub temperature: Vec<f32>,
    /// Whether the temperature of a tick was kept.
    pub thermal: Vec<bool>,
}

/// Average filled share at which each node is half full.
pub fn filling_order(data: &Dataset) -> Vec<f32> {
    let n = data.meta.nodes;
    let (mut sum, mut count) = (vec![0.0_f64; n], vec![0.0_f64; n]);
    let total: f64 = data.meta.volume_m3.iter().sum();
    for shot in data.shots.iter().filter(|s| s.is_full()) {
        let shares: Vec<f64> = shot
            .node_fill
            .chunks_exact(n)
            .map(|f| {
                f.iter()
                    .zip(&data.meta.volume_m3)
                    .map(|(f, v)| f64::from(f.min(1.0)) * v)
                    .sum::<f64>()
                    / total
            })
            .collect();
        for node in 1..n {
            let fill = |k: usize| f64::from(shot.node_fill[k * n + node]);
            // The first pair of ticks between which the node passes one half.
            if let Some(k) = (1..shares.len()).find(|&k| fill(k - 1) < 0.5 && fill(k) >= 0.5) {
                let w = (0.5 - fill(k - 1)) / (fill(k) - fill(k - 1));
                sum[node] += shares[k - 1] + w * (shares[k] - shares[k - 1]);
                count[node] += 1.0;
            }
        }
    }
    (0..n)
        .map(|i| {
            if count[i] > 0.0 {
                (sum[i] / count[i]) as f32
            } else {
                0.0
            }
        })
        .collect()
}

/// Pressure over that of the inlet, less a straight fall to the front over the filled volume; zero beyond the front.
fn bulge(pressure: &[f32], inlet: f64, share: f32, order: &[f32], scales: &Scales) -> Vec<f32> {
    let over = inlet.max(SMALLEST_DRIVE);
    let one = |(p, at): (&f32, &f32)| {
        let fall = 1.0 - at / share;
        if fall <= 0.0 {
            return 0.0;
        }
        ((scales.drive(f64::from(*p)) - inlet * f64::from(fall)) / over).clamp(-1.0, 1.0) as f32
    };
    pressure.iter().zip(order).map(one).collect()
}

/// Dimensionless temperatures: 0 at the mold, 1 at the melt; empty nodes take the column before them.
fn dimensionless(
    t: &[f32],
    layers: usize,
    (melt, mold): (f64, f64),
    share: f32,
    order: &[f32],
) -> Vec<f32> {
    let span = (melt - mold) as f32;
    let mut theta: Vec<f32> = t.iter().map(|t| (t - mold as f32) / span).collect();
    let mut nodes: Vec<usize> = (0..order.len()).collect();
    nodes.sort_by(|a, b| order[*a].total_cmp(&order[*b]));
    let mut before = 0;
    for node in nodes {
        if order[node] > share {
            theta.copy_within(before * layers..(before + 1) * layers, node * layers);
        } else {
            before = node;
        }
    }
    theta
}

/// Filled share at time `t`, straight between steps.
fn share_at(shot: &ShotRecord, t: f32) -> f32 {
    let k = shot
        .time
        .partition_point(|x| *x < t)
        .clamp(1, shot.time.len() - 1);
    let w = ((t - shot.time[k - 1]) / (shot.time[k] - shot.time[k - 1])).clamp(0.0, 1.0);
    shot.filled[k - 1] + w * (shot.filled[k] - shot.filled[k - 1])
}

/// Raw fields of a set of shots.
struct Fields {
    fill_pressure: Vec<f32>,
    fill_temperature: Vec<f32>,
    pressure: Vec<f32>,
    temperature: Vec<f32>,
}

fn fields<'a>(
    data: &'a Dataset,
    shots: impl Iterator<Item = &'a ShotRecord>,
    scales: &Scales,
    order: &[f32],
) -> Fields {
    let (n, l) = (data.meta.nodes, data.meta.layers);
    let mut f = Fields {
        fill_pressure: vec![],
        fill_temperature: vec![],
        pressure: vec![],
        temperature: vec![],
    };
    for shot in shots {
        let temperatures = scales.temperatures(&shot.latents);
        for (k, p) in shot.pressure.chunks_exact(n).enumerate() {
            if k < shot.fill_ticks {
                let share = share_at(shot, shot.tick[k]);
                f.fill_pressure.extend(bulge(
                    p,
                    scales.drive(f64::from(p[0])),
                    share,
                    order,
                    scales,
                ));
            } else {
                f.pressure.extend(after_pressure(p, scales));
            }
        }
        for (k, t) in shot
            .thermal
            .iter()
            .zip(shot.temperature.chunks_exact(n * l))
        {
            let fill = (*k as usize) < shot.fill_ticks;
            let share = if fill {
                share_at(shot, shot.tick[*k as usize])
            } else {
                2.0
            };
            let theta = dimensionless(t, l, temperatures, share, order);
            if fill {
                &mut f.fill_temperature
            } else {
                &mut f.temperature
            }
            .extend(theta);
        }
    }
    f
}

/// Pressure over the scale; zero at the inlet, where it is measured.
fn after_pressure(p: &[f32], scales: &Scales) -> Vec<f32> {
    let mut p: Vec<f32> = p
        .iter()
        .map(|p| scales.drive(f64::from(*p)) as f32)
        .collect();
    p[0] = 0.0;
    p
}

/// Shots that the bases are fitted on.
const BASIS_SHOTS: usize = 400;

impl Bases {
    /// Fits all bases to a dataset.
    pub fn fit(data: &Dataset, scales: &Scales, modes: &Modes) -> Self {
        let order = filling_order(data);
        let full: Vec<&ShotRecord> = data.shots.iter().filter(|s| s.is_full()).collect();
        let step = (full.len() / BASIS_SHOTS).max(1);
        let f = fields(data, full.into_iter().step_by(step), scales, &order);
        let (n, wide) = (data.meta.nodes, data.meta.nodes * data.meta.layers);
        Self {
            fill_pressure: Basis::fit(&f.fill_pressure, n, modes.fill_pressure),
            fill_temperature: Basis::fit(&f.fill_temperature, wide, modes.fill_temperature),
            pressure: Basis::fit(&f.pressure, n, modes.pressure),
            temperature: Basis::fit(&f.temperature, wide, modes.temperature),
            order,
        }
    }
}

/// Prepares every full shot of a dataset.
pub fn prepare(data: &Dataset, scales: &Scales, bases: &Bases) -> Vec<PreparedShot> {
    use rayon::prelude::*;
    data.shots
        .par_iter()
        .filter(|s| s.is_full())
        .map(|s| prepare_one(data, s, scales, bases))
        .collect()
}

fn prepare_one(data: &Dataset, shot: &ShotRecord, scales: &Scales, bases: &Bases) -> PreparedShot {
    let f = fields(data, std::iter::once(shot), scales, &bases.order);
    let temperatures = scales.temperatures(&shot.latents);
    let (fp, ft) = (
        bases.fill_pressure.project(&f.fill_pressure),
        bases.fill_temperature.project(&f.fill_temperature),
    );
    let (kp, kt) = (bases.fill_pressure.len(), bases.fill_temperature.len());
    let fill_target = (0..shot.fill_ticks)
        .flat_map(|k| [&fp[k * kp..][..kp], &ft[k * kt..][..kt]].concat())
        .collect();
    let mut p = PreparedShot {
        latents: scales.latents(&shot.latents),
        melt_k: temperatures.0 as f32,
        mold_k: temperatures.1 as f32,
        time: shot.time.iter().map(|t| f64::from(*t)).collect(),
        drive: shot
            .inlet
            .iter()
            .map(|p| scales.drive(f64::from(*p)).max(0.0))
            .collect(),
        filled: shot.filled.clone(),
        full_at: f64::from(shot.full_at),
        fill_tick: shot.tick[..shot.fill_ticks]
            .iter()
            .map(|t| f64::from(*t))
            .collect(),
        fill_share: shot.tick[..shot.fill_ticks]
            .iter()
            .map(|t| share_at(shot, *t))
            .collect(),
        fill_features: Vec::new(),
        fill_target,
        tick: shot.tick[shot.fill_ticks..]
            .iter()
            .map(|t| f64::from(*t))
            .collect(),
        pressure: bases.pressure.project(&f.pressure),
        temperature: Vec::new(),
        thermal: Vec::new(),
    };
    let z = bases.temperature.project(&f.temperature);
    let kt = bases.temperature.len();
    p.temperature = vec![0.0; p.tick.len() * kt];
    p.thermal = vec![false; p.tick.len()];
    let later = shot
        .thermal
        .iter()
        .filter(|k| **k as usize >= shot.fill_ticks);
    for (z, k) in z.chunks_exact(kt).zip(later) {
        let k = *k as usize - shot.fill_ticks;
        p.thermal[k] = true;
        p.temperature[k * kt..][..kt].copy_from_slice(z);
    }
    p.fill_features = p
        .memories(&p.fill_tick)
        .iter()
        .flat_map(FillMemory::features)
        .collect();
    p
}

impl PreparedShot {
    /// Memories at rising times `at`, s.
    pub fn memories(&self, at: &[f64]) -> Vec<FillMemory> {
        let mut memory = FillMemory::default();
        let (mut k, mut t) = (0, self.time.first().map_or(0.0, |t| t.min(0.0)));
        at.iter()
            .map(|&goal| {
                while k < self.time.len() && self.time[k] <= goal {
                    memory.step(self.drive[k], self.time[k] - t);
                    t = self.time[k];
                    k += 1;
                }
                let mut now = memory;
                if goal > t {
                    now.step(self.drive_at(goal), goal - t);
                }
                now
            })
            .collect()
    }

    /// Inlet pressure at time `t`, scaled.
    pub fn drive_at(&self, t: f64) -> f64 {
        let k = self
            .time
            .partition_point(|x| *x < t)
            .clamp(1, self.time.len() - 1);
        let w = ((t - self.time[k - 1]) / (self.time[k] - self.time[k - 1])).clamp(0.0, 1.0);
        self.drive[k - 1] + w * (self.drive[k] - self.drive[k - 1])
    }

    /// Integral of the inlet pressure up to each of the rising times `at`.
    pub fn drive_integral(&self, at: &[f64]) -> Vec<f64> {
        self.memories(at).iter().map(|m| m.integrals[0]).collect()
    }
}

/// The width of the features, for readers of [`PreparedShot`].
pub const FILL_FEATURES: usize = FEATURES;

/// Scales, bases and rows of a training set.
#[derive(Debug)]
pub struct Prepared {
    /// Scales.
    pub scales: Scales,
    /// Bases.
    pub bases: Bases,
    /// Shots.
    pub shots: Vec<PreparedShot>,
}

impl Prepared {
    /// Fits scales and bases to `data` and prepares its shots.
    pub fn new(mold: &Mold, data: &Dataset, modes: &Modes) -> Self {
        let scales = Scales::of(mold, &data.shots);
        let bases = Bases::fit(data, &scales, modes);
        let shots = prepare(data, &scales, &bases);
        Self {
            scales,
            bases,
            shots,
        }
    }
}

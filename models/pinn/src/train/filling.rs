//! Front and fields while the mold fills: every row stands for itself.

use candle_core::{Device, Result, Tensor};
use models_infer::memory::{FEATURES, FillMemory};
use rand::Rng;

use super::fit::{Loss, Row, Watch, fit, told_only};
use super::{Effort, draw, split};
use crate::error::PinnError;
use crate::network::Network;
use crate::prepare::{Bases, PreparedShot, SMALLEST_DRIVE};
use crate::scales::TAKEN;

/// Rows of one of the two networks of the fill: inputs, targets, weights.
struct Rows {
    width: usize,
    outputs: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    weight: Vec<f32>,
}

/// Some of these rows as tensors.
struct Batch {
    x: Tensor,
    y: Tensor,
    weight: Tensor,
}

impl Rows {
    fn new(width: usize, outputs: usize) -> Self {
        Self {
            width,
            outputs,
            x: Vec::new(),
            y: Vec::new(),
            weight: Vec::new(),
        }
    }

    fn batch(&self, chosen: &[usize]) -> Result<Batch> {
        let n = chosen.len();
        let gather = |rows: &[f32], width: usize| {
            let mut flat = Vec::with_capacity(n * width);
            for i in chosen {
                flat.extend_from_slice(&rows[i * width..(i + 1) * width]);
            }
            Tensor::from_vec(flat, (n, width), &Device::Cpu)
        };
        Ok(Batch {
            x: gather(&self.x, self.width)?,
            y: gather(&self.y, self.outputs)?,
            weight: gather(&self.weight, 1)?,
        })
    }

    fn len(&self) -> usize {
        self.weight.len()
    }
}

/// Steps of a shot that the front is trained on.
const FRONT_STEPS: usize = 40;
/// Filled share from which on the front must be right in time, not only in place: this fixes the moment of full.
const END: f32 = 0.9;
/// Weight there.
const END_WEIGHT: f32 = 10.0;
/// Rate of filling above which that weight falls, 1/s.
const QUICK: f32 = 3.0;
/// By how much the weight of slow fronts may rise over that of quick ones.
const MOST: f32 = 8.0;

/// By how much the share is continued behind the end, in so many steps, closer together at first.
const BEYOND: f32 = 0.05;
const BEYOND_STEPS: usize = 8;
/// Weight there: that the end was passed matters, by how much does not.
const BEYOND_WEIGHT: f32 = 3.0;

/// Rate of the filled share over the four steps before step `k`, 1/s; above zero.
fn filling_rate(shot: &PreparedShot, k: usize) -> f32 {
    let before = k.saturating_sub(4);
    (shot.filled[k] - shot.filled[before]).max(1e-6)
        / (shot.time[k] - shot.time[before]).max(1e-6) as f32
}

/// Rows of the front: features and latents to filled share.
fn front_rows(shots: &[PreparedShot], of: &[usize]) -> Rows {
    let mut rows = Rows::new(FEATURES + TAKEN.len(), 1);
    for shot in of.iter().map(|i| &shots[*i]) {
        let end = shot.time.partition_point(|t| *t <= shot.full_at + 1e-9);
        let stride = (end / FRONT_STEPS).max(1);
        // Counted from the end: the moment the mold is full is always among them.
        let chosen: Vec<usize> = (0..end)
            .rev()
            .step_by(stride)
            .filter(|&k| shot.filled[k] > 1e-3)
            .collect();
        let mut at: Vec<f64> = chosen.iter().map(|&k| shot.time[k]).collect();
        at.reverse();
        for (m, &k) in shot.memories(&at).iter().zip(chosen.iter().rev()) {
            rows.x.extend(m.features());
            rows.x.extend(shot.latents);
            rows.y.push(shot.filled[k].min(1.0));
            let rate = filling_rate(shot, k);
            // An error of the share over the rate is one of time.
            rows.weight.push(if shot.filled[k] >= END {
                END_WEIGHT * (QUICK / rate.max(1e-3)).clamp(1.0, MOST)
            } else {
                1.0
            });
        }
        // Behind the end the share goes on as it came, a little: a front that is late still crosses 1 where it has learned to,
        // not where nothing was ever asked of it.
        let rate = filling_rate(shot, end.saturating_sub(1));
        let span = f64::from(BEYOND / rate).min(SEARCH_S);
        let until = shot.time.last().copied().unwrap_or(shot.full_at);
        let at: Vec<f64> = (1..=BEYOND_STEPS)
            .map(|k| shot.full_at + span * (k as f64 / BEYOND_STEPS as f64).powi(2))
            .filter(|t| *t <= until)
            .collect();
        for (m, t) in shot.memories(&at).iter().zip(&at) {
            rows.x.extend(m.features());
            rows.x.extend(shot.latents);
            rows.y.push(1.0 + rate * (t - shot.full_at) as f32);
            rows.weight.push(BEYOND_WEIGHT);
        }
    }
    rows
}

/// Share of a row's weight that does not depend on the pressure then.
const BASE_WEIGHT: f32 = 0.1;

/// Rows of the fields: features, filled share and latents to coefficients.
fn field_rows(shots: &[PreparedShot], of: &[usize], modes: usize) -> Rows {
    let mut rows = Rows::new(FEATURES + 1 + TAKEN.len(), modes);
    for shot in of.iter().map(|i| &shots[*i]) {
        let peak = shot.drive.iter().fold(0.0_f64, |m, p| m.max(*p)).max(1e-3);
        for (k, f) in shot.fill_features.chunks_exact(FEATURES).enumerate() {
            rows.x.extend_from_slice(f);
            rows.x.push(shot.fill_share[k]);
            rows.x.extend(shot.latents);
            // Shapes are relative to the inlet's pressure now, errors count in percent of the peak.
            let now = shot.drive_at(shot.fill_tick[k]).max(SMALLEST_DRIVE);
            rows.weight
                .push(BASE_WEIGHT + ((now / peak).powi(2) as f32).min(1.0));
        }
        rows.y.extend_from_slice(&shot.fill_target);
    }
    rows
}

/// The two networks of the fill and what they are measured by.
struct Filling<'a> {
    net: &'a Network,
    pressures: usize,
    modes: Tensor,
}

impl Filling<'_> {
    /// Mean square error of the share times [`FRONT_WEIGHT`], and unexplained share of the variance of the fields.
    fn losses(&self, front: &Batch, field: &Batch) -> Result<[Tensor; 2]> {
        let share = self.net.front.forward(&front.x)?.exp()?;
        let front = ((share - &front.y)?.sqr()? * &front.weight)?.mean_all()?;
        let front = (front * FRONT_WEIGHT)?;
        let off = (self.net.fill.forward(&field.x)? - &field.y)?
            .sqr()?
            .broadcast_mul(&self.modes)?;
        let n = off.dim(1)?;
        let pressure = off
            .narrow(1, 0, self.pressures)?
            .broadcast_mul(&field.weight)?;
        let rest = off.narrow(1, self.pressures, n - self.pressures)?;
        let field = (pressure.sum(1)?.mean_all()? + rest.sum(1)?.mean_all()?)?;
        Ok([front, field])
    }
}

/// Weight of the front against the fields: a thousandth of the share squared is much, one of a variance is not.
const FRONT_WEIGHT: f64 = 100.0;
/// Rows of each kind that a look takes.
const LOOKED_AT: usize = 4096;

/// Trains front and fill fields; `told` gets the step and the two losses.
///
/// # Errors
/// When it diverges.
pub fn train_filling(
    net: &Network,
    shots: &[PreparedShot],
    bases: &Bases,
    effort: &Effort,
    told: impl FnMut(usize, f32, f32),
) -> std::result::Result<(), PinnError> {
    told_only(told, |watch| {
        train_filling_watched(net, shots, bases, effort, watch).map(|_| ())
    })
}

/// The same with checkpoints; returns the losses at every look.
///
/// # Errors
/// When it diverges or a checkpoint cannot be used.
pub fn train_filling_watched(
    net: &Network,
    shots: &[PreparedShot],
    bases: &Bases,
    effort: &Effort,
    watch: &mut Watch<'_>,
) -> std::result::Result<Vec<Row>, PinnError> {
    let modes = bases.fill_pressure.len() + bases.fill_temperature.len();
    let (own, back) = split(shots.len());
    let (fronts, fields) = (front_rows(shots, &own), field_rows(shots, &own, modes));
    let filling = Filling {
        net,
        pressures: bases.fill_pressure.len(),
        modes: mode_weights(
            &[
                &bases.fill_pressure.deviation,
                &bases.fill_temperature.deviation,
            ],
            &Device::Cpu,
        )?,
    };
    let spread = |rows: &Rows| -> Result<Batch> {
        let stride = (rows.len() / LOOKED_AT).max(1);
        rows.batch(&(0..rows.len()).step_by(stride).collect::<Vec<_>>())
    };
    let looked = if back.is_empty() {
        None
    } else {
        Some((
            spread(&front_rows(shots, &back))?,
            spread(&field_rows(shots, &back, modes))?,
        ))
    };
    fit(
        net.fill_blocks(),
        effort,
        |step| {
            let mut rng = draw(effort.seed, 0xf111, step);
            let mut some = |rows: &Rows| {
                let chosen: Vec<usize> = (0..effort.batch)
                    .map(|_| rng.random_range(0..rows.len()))
                    .collect();
                rows.batch(&chosen)
            };
            let (front, field) = (some(&fronts)?, some(&fields)?);
            let parts = filling.losses(&front, &field)?;
            Ok(Loss {
                whole: (&parts[0] + &parts[1])?,
                parts,
            })
        },
        || {
            let Some((front, field)) = &looked else {
                return Ok(None);
            };
            let [front, field] = filling.losses(front, field)?;
            Ok(Some([front.to_scalar()?, field.to_scalar()?]))
        },
        watch,
    )
}

/// Weight of each mode's squared error: its share of the field's variance, so that the sum over a field is its
/// unexplained part; one field after another.
pub(super) fn mode_weights(deviations: &[&[f32]], device: &Device) -> Result<Tensor> {
    let mut w = Vec::new();
    for d in deviations {
        let total: f32 = d.iter().map(|d| d * d).sum();
        w.extend(d.iter().map(|d| d * d / total));
    }
    let n = w.len();
    Tensor::from_vec(w, (1, n), device)
}

/// When the front reaches the end, by the network: memories at full and at each passing of [`crate::network::PASSED`].
pub struct Passing {
    /// Time the mold is full, s.
    pub full: f64,
    /// Memory then.
    pub memory: FillMemory,
    /// Memories when the front passed the given shares.
    pub passed: Vec<FillMemory>,
}

/// Longest time after the true end that is searched, s.
const SEARCH_S: f64 = 0.4;

/// Finds for every shot when its front passes the given shares and 1, by the trained front.
///
/// # Errors
/// When the device refuses.
pub fn full_times(net: &Network, shots: &[PreparedShot]) -> Result<Vec<Passing>> {
    let device = Device::Cpu;
    let mut all = Vec::with_capacity(shots.len());
    for shot in shots {
        let end = shot.time.partition_point(|t| *t <= shot.full_at + SEARCH_S);
        let mut at = Vec::new();
        // Steps of the solver, halved so that the crossing is on a short straight line.
        for w in shot.time[..end].windows(2) {
            at.push(w[0].max(0.0));
            at.push(0.5 * (w[0] + w[1]).max(0.0));
        }
        let memories = shot.memories(&at);
        let x: Vec<f32> = memories
            .iter()
            .flat_map(|m| m.features().into_iter().chain(shot.latents))
            .collect();
        let x = Tensor::from_vec(x, (at.len(), FEATURES + TAKEN.len()), &device)?;
        let share = net.front.forward(&x)?.squeeze(1)?.exp()?.to_vec1::<f32>()?;
        let cross = |goal: f64| -> f64 {
            match share.iter().position(|s| f64::from(*s) >= goal) {
                None => at[at.len() - 1],
                Some(0) => at[0],
                Some(k) => {
                    let (a, b) = (f64::from(share[k - 1]), f64::from(share[k]));
                    at[k - 1] + (goal - a) / (b - a) * (at[k] - at[k - 1])
                }
            }
        };
        let full = cross(1.0);
        let mut times: Vec<f64> = crate::network::PASSED
            .iter()
            .map(|g| cross(*g).min(full))
            .collect();
        times.push(full);
        let mut memories = shot.memories(&times);
        let memory = memories.pop().unwrap_or_default();
        all.push(Passing {
            full,
            memory,
            passed: memories,
        });
    }
    Ok(all)
}

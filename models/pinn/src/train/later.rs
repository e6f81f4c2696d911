//! Everything after the mold is full: the recurrence trained through time.

use candle_core::{Device, Result, Tensor};
use rand::Rng;
use rand::seq::SliceRandom;

use super::filling::{Passing, mode_weights};
use super::fit::{Loss, Row, Watch, fit, told_only};
use super::{Effort, draw, split, weights};
use crate::error::PinnError;
use crate::network::{CLOCK, DRIVE, FILL_SUMMARY, Network, clock};
use crate::prepare::{Bases, PreparedShot};
use crate::scales::TAKEN;

/// One shot as the later network sees it.
#[derive(Clone, Debug)]
pub struct LaterRows {
    /// Summary of the fill and latents.
    pub summary: Vec<f32>,
    /// Inputs `[T, 1 + DRIVE + CLOCK + latents]`, the step length first.
    pub x: Vec<f32>,
    /// First tick after the network's own full time.
    pub first: usize,
}

/// Width of a tick's inputs, the step length included.
pub(crate) const X: usize = 1 + DRIVE + CLOCK + TAKEN.len();

impl LaterRows {
    /// Of a shot whose passing the front has found.
    pub fn new(shot: &PreparedShot, passing: &Passing) -> Self {
        let mut summary: Vec<f32> = passing.memory.features().to_vec();
        for m in &passing.passed {
            summary.push((m.time / passing.full.max(1e-6)) as f32);
            summary.push(m.pressure as f32);
        }
        summary.extend(shot.latents);
        let integral = shot.drive_integral(&shot.tick);
        let mut x = Vec::with_capacity(shot.tick.len() * X);
        let mut before = (
            passing.full,
            passing.memory.pressure,
            passing.memory.integrals[0],
        );
        let mut first = shot.tick.len();
        for (k, &t) in shot.tick.iter().enumerate() {
            let now = shot.drive_at(t);
            let dt = t - before.0;
            if dt <= 1e-6 {
                // Before the network believes the mold full: nothing moves.
                x.extend([0.0; X]);
                continue;
            }
            first = first.min(k);
            x.push(dt as f32);
            x.extend([
                now as f32,
                ((integral[k] - before.2) / dt) as f32,
                (now - before.1) as f32,
            ]);
            x.extend(clock(t - passing.full));
            x.extend(shot.latents);
            before = (t, now, integral[k]);
        }
        Self { summary, x, first }
    }
}

/// Ticks a shot that are decoded in one optimiser step.
const DECODED: usize = 48;

/// Some shots, with some of their ticks, as tensors.
struct Batch {
    /// `[B, T, 1 + inputs]`.
    x: Tensor,
    /// `[B, summary]`.
    summary: Tensor,
    /// Rows of the flattened states that are decoded.
    at: Tensor,
    /// Inputs there.
    inputs: Tensor,
    /// Inlet pressure there, `[n, 1]`.
    now: Tensor,
    pressure: Tensor,
    temperature: Tensor,
    /// Weight of a row's pressure, `[n, 1]`.
    weight: Tensor,
    /// Weight of its temperature: over those that were kept.
    thermal: Tensor,
}

/// Everything that the training after full is made of.
struct Later<'a> {
    net: &'a Network,
    shots: &'a [PreparedShot],
    rows: &'a [LaterRows],
    weights: Vec<f32>,
    modes: [usize; 2],
    mode_weights: [Tensor; 2],
}

impl Later<'_> {
    /// Ticks `ticks(shot)` of the shots `chosen`.
    fn batch(&self, chosen: &[usize], mut ticks: impl FnMut(usize) -> Vec<usize>) -> Result<Batch> {
        let device = Device::Cpu;
        let [kp, kt] = self.modes;
        let longest = chosen
            .iter()
            .map(|i| self.shots[*i].tick.len())
            .max()
            .unwrap_or(1);
        let b = chosen.len();
        let mut x = vec![0.0_f32; b * longest * X];
        let mut summary = Vec::with_capacity(b * (FILL_SUMMARY + TAKEN.len()));
        let (mut at, mut inputs, mut now) = (Vec::new(), Vec::new(), Vec::new());
        let (mut p, mut t) = (Vec::new(), Vec::new());
        let (mut weight, mut thermal) = (Vec::new(), Vec::new());
        for (j, &i) in chosen.iter().enumerate() {
            let (shot, row) = (&self.shots[i], &self.rows[i]);
            x[j * longest * X..][..row.x.len()].copy_from_slice(&row.x);
            summary.extend_from_slice(&row.summary);
            for k in ticks(i) {
                at.push((j * longest + k) as u32);
                now.push(row.x[k * X + 1]);
                inputs.extend_from_slice(&row.x[k * X + 1..(k + 1) * X]);
                p.extend_from_slice(&shot.pressure[k * kp..][..kp]);
                t.extend_from_slice(&shot.temperature[k * kt..][..kt]);
                weight.push(self.weights[i]);
                thermal.push(f32::from(u8::from(shot.thermal[k])));
            }
        }
        let n = at.len();
        let kept = thermal.iter().sum::<f32>().max(1.0);
        thermal.iter_mut().for_each(|w| *w /= kept);
        weight.iter_mut().for_each(|w| *w /= n as f32);
        Ok(Batch {
            x: Tensor::from_vec(x, (b, longest, X), &device)?,
            summary: Tensor::from_vec(summary, (b, FILL_SUMMARY + TAKEN.len()), &device)?,
            at: Tensor::from_vec(at, n, &device)?,
            inputs: Tensor::from_vec(inputs, (n, X - 1), &device)?,
            now: Tensor::from_vec(now, (n, 1), &device)?,
            pressure: Tensor::from_vec(p, (n, kp), &device)?,
            temperature: Tensor::from_vec(t, (n, kt), &device)?,
            weight: Tensor::from_vec(weight, (n, 1), &device)?,
            thermal: Tensor::from_vec(thermal, (n, 1), &device)?,
        })
    }

    /// Unexplained shares of the variance of pressure and temperature.
    fn losses(&self, batch: &Batch) -> Result<[Tensor; 2]> {
        let [kp, kt] = self.modes;
        let (b, ticks, _) = batch.x.dims3()?;
        let h = self
            .net
            .states(&batch.summary, &batch.x)?
            .reshape((b * ticks, self.net.widths.state))?
            .index_select(&batch.at, 0)?;
        let out = self
            .net
            .later
            .forward(&Tensor::cat(&[&h, &batch.inputs], 1)?)?;
        let pressure = (pressure_modes(&out, &batch.now, kp)? - &batch.pressure)?
            .sqr()?
            .broadcast_mul(&self.mode_weights[0])?
            .broadcast_mul(&batch.weight)?
            .sum_all()?;
        let temperature = (out.narrow(1, 2 * kp, kt)? - &batch.temperature)?
            .sqr()?
            .broadcast_mul(&self.mode_weights[1])?
            .broadcast_mul(&batch.thermal)?
            .sum_all()?;
        Ok([pressure, temperature])
    }
}

/// Ticks between two that a look takes.
const LOOK_STRIDE: usize = 5;

/// Trains start, recurrence and decoder; `told` gets the step and the losses of pressure and temperature.
///
/// # Errors
/// When it diverges.
pub fn train_later(
    net: &Network,
    shots: &[PreparedShot],
    rows: &[LaterRows],
    bases: &Bases,
    effort: &Effort,
    told: impl FnMut(usize, f32, f32),
) -> std::result::Result<(), PinnError> {
    train_later_with(net, shots, rows, bases, effort, told, |_| Ok(None))
}

/// The same with a further part of the loss, given by the step.
///
/// # Errors
/// When it diverges.
pub fn train_later_with(
    net: &Network,
    shots: &[PreparedShot],
    rows: &[LaterRows],
    bases: &Bases,
    effort: &Effort,
    told: impl FnMut(usize, f32, f32),
    further: impl FnMut(usize) -> Result<Option<Tensor>>,
) -> std::result::Result<(), PinnError> {
    told_only(told, |watch| {
        train_later_watched(net, shots, rows, bases, effort, watch, further).map(|_| ())
    })
}

/// The same with checkpoints; returns the losses of pressure and temperature at every look.
///
/// # Errors
/// When it diverges or a checkpoint cannot be used.
pub fn train_later_watched(
    net: &Network,
    shots: &[PreparedShot],
    rows: &[LaterRows],
    bases: &Bases,
    effort: &Effort,
    watch: &mut Watch<'_>,
    mut further: impl FnMut(usize) -> Result<Option<Tensor>>,
) -> std::result::Result<Vec<Row>, PinnError> {
    let later = Later {
        net,
        shots,
        rows,
        weights: weights(shots),
        modes: [bases.pressure.len(), bases.temperature.len()],
        mode_weights: [
            mode_weights(&[&bases.pressure.deviation], &Device::Cpu)?,
            mode_weights(&[&bases.temperature.deviation], &Device::Cpu)?,
        ],
    };
    // Shots that the front never sees full cannot be learned from.
    let full = |i: &usize| rows[*i].first < shots[*i].tick.len();
    let (own, back) = split(shots.len());
    let (own, back): (Vec<usize>, Vec<usize>) = (
        own.into_iter().filter(full).collect(),
        back.into_iter().filter(full).collect(),
    );
    let looked = if back.is_empty() {
        None
    } else {
        Some(later.batch(&back, |i| {
            (rows[i].first..shots[i].tick.len())
                .step_by(LOOK_STRIDE)
                .collect()
        })?)
    };
    let size = effort.batch.min(own.len()).max(1);
    let an_epoch = own.len() / size;
    let (mut order, mut epoch) = (own.clone(), usize::MAX);
    fit(
        net.later_blocks(),
        effort,
        |step| {
            if step / an_epoch != epoch {
                epoch = step / an_epoch;
                order.clone_from(&own);
                order.shuffle(&mut draw(effort.seed, 0x5bff, epoch));
            }
            let mut rng = draw(effort.seed, 0x1a7e, step);
            let batch = later.batch(&order[step % an_epoch * size..][..size], |i| {
                (0..DECODED)
                    .map(|_| rng.random_range(rows[i].first..shots[i].tick.len()))
                    .collect()
            })?;
            let parts = later.losses(&batch)?;
            let mut whole = (&parts[0] + &parts[1])?;
            if let Some(further) = further(step)? {
                whole = (whole + further)?;
            }
            Ok(Loss { whole, parts })
        },
        || {
            let Some(looked) = &looked else {
                return Ok(None);
            };
            let [pressure, temperature] = later.losses(looked)?;
            Ok(Some([pressure.to_scalar()?, temperature.to_scalar()?]))
        },
        watch,
    )
}

/// Pressure coefficients `[n, modes]`: decoded, plus decoded responses times the inlet pressure now `[n, 1]`. Between
/// two ticks the melt is a linear medium: what is frozen stays, the rest follows the inlet.
///
/// # Errors
/// When shapes do not fit.
pub fn pressure_modes(out: &Tensor, now: &Tensor, modes: usize) -> Result<Tensor> {
    out.narrow(1, 0, modes)? + out.narrow(1, modes, modes)?.broadcast_mul(now)?
}

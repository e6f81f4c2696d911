//! Everything after the mold is full: the recurrence trained through time.

use candle_core::{Device, Result, Tensor};
use candle_nn::optim::Optimizer;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::filling::{Passing, mode_weights};
use super::{Effort, adam, rate};
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

/// Trains start, recurrence and decoder; `told` gets the step and the losses of pressure and temperature.
///
/// # Errors
/// When the device refuses.
pub fn train_later(
    net: &Network,
    shots: &[PreparedShot],
    rows: &[LaterRows],
    bases: &Bases,
    effort: &Effort,
    told: impl FnMut(usize, f32, f32),
) -> Result<()> {
    train_later_with(net, shots, rows, bases, effort, told, |_| Ok(None))
}

/// The same with a further part of the loss, given by the step.
///
/// # Errors
/// When the device refuses.
pub fn train_later_with(
    net: &Network,
    shots: &[PreparedShot],
    rows: &[LaterRows],
    bases: &Bases,
    effort: &Effort,
    mut told: impl FnMut(usize, f32, f32),
    mut further: impl FnMut(usize) -> Result<Option<Tensor>>,
) -> Result<()> {
    let device = Device::Cpu;
    let mut rng = StdRng::seed_from_u64(effort.seed ^ 0x1a7e);
    let (kp, kt) = (bases.pressure.len(), bases.temperature.len());
    let weight_p = mode_weights(&[&bases.pressure.deviation], &device)?;
    let weight_t = mode_weights(&[&bases.temperature.deviation], &device)?;
    let mut optimiser = adam(net.later_vars(), effort.rate)?;
    let mut order: Vec<usize> = (0..rows.len())
        .filter(|i| rows[*i].first < shots[*i].tick.len())
        .collect();
    let mut next = order.len();
    for step in 0..effort.steps {
        if next + effort.batch > order.len() {
            order.shuffle(&mut rng);
            next = 0;
        }
        let batch = &order[next..(next + effort.batch).min(order.len())];
        next += effort.batch;
        let ticks = batch
            .iter()
            .map(|i| shots[*i].tick.len())
            .max()
            .unwrap_or(1);
        let b = batch.len();
        let mut x = vec![0.0_f32; b * ticks * X];
        let mut summary = Vec::with_capacity(b * (FILL_SUMMARY + TAKEN.len()));
        let (mut at, mut inputs, mut now) = (Vec::new(), Vec::new(), Vec::new());
        let (mut p, mut t, mut has_t) = (Vec::new(), Vec::new(), Vec::new());
        for (j, &i) in batch.iter().enumerate() {
            let (shot, row) = (&shots[i], &rows[i]);
            x[j * ticks * X..][..row.x.len()].copy_from_slice(&row.x);
            summary.extend_from_slice(&row.summary);
            for _ in 0..DECODED {
                let k = rng.random_range(row.first..shot.tick.len());
                at.push((j * ticks + k) as u32);
                now.push(row.x[k * X + 1]);
                inputs.extend_from_slice(&row.x[k * X + 1..(k + 1) * X]);
                p.extend_from_slice(&shot.pressure[k * kp..][..kp]);
                t.extend_from_slice(&shot.temperature[k * kt..][..kt]);
                has_t.push(f32::from(u8::from(shot.thermal[k])));
            }
        }
        let n = at.len();
        let x = Tensor::from_vec(x, (b, ticks, X), &device)?;
        let summary = Tensor::from_vec(summary, (b, FILL_SUMMARY + TAKEN.len()), &device)?;
        let h = net
            .states(&summary, &x)?
            .reshape((b * ticks, net.widths.state))?;
        let h = h.index_select(&Tensor::from_vec(at, n, &device)?, 0)?;
        let out = net.later.forward(&Tensor::cat(
            &[h, Tensor::from_vec(inputs, (n, X - 1), &device)?],
            1,
        )?)?;
        let p = Tensor::from_vec(p, (n, kp), &device)?;
        let t = Tensor::from_vec(t, (n, kt), &device)?;
        let kept = has_t.iter().sum::<f32>().max(1.0);
        let has_t = Tensor::from_vec(has_t, (n, 1), &device)?;
        let now = Tensor::from_vec(now, (n, 1), &device)?;
        let loss_p = (pressure_modes(&out, &now, kp)? - p)?
            .sqr()?
            .broadcast_mul(&weight_p)?
            .mean(0)?
            .sum_all()?;
        let loss_t = (out.narrow(1, 2 * kp, kt)? - t)?
            .sqr()?
            .broadcast_mul(&weight_t)?
            .broadcast_mul(&has_t)?
            .sum_all()?;
        let loss_t = (loss_t / f64::from(kept))?;
        let mut loss = (&loss_p + &loss_t)?;
        if let Some(further) = further(step)? {
            loss = (loss + further)?;
        }
        optimiser.set_learning_rate(rate(effort, step));
        optimiser.backward_step(&loss)?;
        if step % 100 == 0 || step + 1 == effort.steps {
            told(step, loss_p.to_scalar()?, loss_t.to_scalar()?);
        }
    }
    Ok(())
}

/// Pressure coefficients `[n, modes]`: decoded, plus decoded responses times the inlet pressure now `[n, 1]`. Between
/// two ticks the melt is a linear medium: what is frozen stays, the rest follows the inlet.
///
/// # Errors
/// When shapes do not fit.
pub fn pressure_modes(out: &Tensor, now: &Tensor, modes: usize) -> Result<Tensor> {
    out.narrow(1, 0, modes)? + out.narrow(1, modes, modes)?.broadcast_mul(now)?
}

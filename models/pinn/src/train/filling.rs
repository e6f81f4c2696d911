//! Front and fields while the mold fills: every row stands for itself.

use candle_core::{Device, Result, Tensor};
use candle_nn::optim::Optimizer;
use models_infer::memory::{FEATURES, FillMemory};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Effort, adam, rate};
use crate::network::Network;
use crate::prepare::{Bases, PreparedShot};
use crate::scales::TAKEN;

/// Rows of the front: features, latents, filled share.
struct FrontRows {
    x: Vec<f32>,
    share: Vec<f32>,
}

/// Steps of a shot that the front is trained on.
const FRONT_STEPS: usize = 40;

fn front_rows(shots: &[PreparedShot]) -> FrontRows {
    let mut rows = FrontRows {
        x: Vec::new(),
        share: Vec::new(),
    };
    for shot in shots {
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
        for (m, k) in shot.memories(&at).iter().zip(chosen.iter().rev()) {
            rows.x.extend(m.features());
            rows.x.extend(shot.latents);
            rows.share.push(shot.filled[*k].min(1.0));
        }
    }
    rows
}

fn gather(rows: &[f32], width: usize, chosen: &[usize], device: &Device) -> Result<Tensor> {
    let flat: Vec<f32> = chosen
        .iter()
        .flat_map(|i| &rows[i * width..(i + 1) * width])
        .copied()
        .collect();
    Tensor::from_vec(flat, (chosen.len(), width), device)
}

/// Trains front and fill fields; `told` gets step and the two losses.
///
/// # Errors
/// When the device refuses.
pub fn train_filling(
    net: &Network,
    shots: &[PreparedShot],
    bases: &Bases,
    effort: &Effort,
    mut told: impl FnMut(usize, f32, f32),
) -> Result<()> {
    let device = Device::Cpu;
    let mut rng = StdRng::seed_from_u64(effort.seed ^ 0xf111);
    let fronts = front_rows(shots);
    let width = FEATURES + TAKEN.len();
    let modes = bases.fill_pressure.len() + bases.fill_temperature.len();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for shot in shots {
        for (k, f) in shot.fill_features.chunks_exact(FEATURES).enumerate() {
            x.extend_from_slice(f);
            x.push(shot.fill_share[k]);
            x.extend(shot.latents);
        }
        y.extend_from_slice(&shot.fill_target);
    }
    let weights = mode_weights(
        &[
            &bases.fill_pressure.deviation,
            &bases.fill_temperature.deviation,
        ],
        &device,
    )?;
    let mut optimiser = adam(net.fill_vars(), effort.rate)?;
    let rows = y.len() / modes;
    for step in 0..effort.steps {
        let chosen: Vec<usize> = (0..effort.batch)
            .map(|_| rng.random_range(0..fronts.share.len()))
            .collect();
        let share = Tensor::from_vec(
            chosen.iter().map(|i| fronts.share[*i]).collect::<Vec<_>>(),
            effort.batch,
            &device,
        )?;
        let out = net
            .front
            .forward(&gather(&fronts.x, width, &chosen, &device)?)?
            .squeeze(1)?
            .exp()?;
        // Ten times the weight on the last tenth, which fixes the moment the mold is full.
        let late = (share.ge(0.9)?.to_dtype(candle_core::DType::F32)? * 9.0)?.affine(1.0, 1.0)?;
        let front = ((out - share)?.sqr()? * late)?.mean_all()?;
        let chosen: Vec<usize> = (0..effort.batch)
            .map(|_| rng.random_range(0..rows))
            .collect();
        let out = net
            .fill
            .forward(&gather(&x, width + 1, &chosen, &device)?)?;
        let field = (out - gather(&y, modes, &chosen, &device)?)?
            .sqr()?
            .broadcast_mul(&weights)?
            .mean(0)?
            .sum_all()?;
        let loss = ((&front * 300.0)? + &field)?;
        optimiser.set_learning_rate(rate(effort, step));
        optimiser.backward_step(&loss)?;
        if step % 200 == 0 || step + 1 == effort.steps {
            told(step, front.to_scalar()?, field.to_scalar()?);
        }
    }
    Ok(())
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

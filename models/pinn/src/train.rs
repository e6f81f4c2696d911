//! Training: first what happens while the mold fills, then everything after.

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::prepare::PreparedShot;

mod checkpoint;
mod filling;
mod fit;
mod later;
mod optimiser;
mod physics;

pub(crate) use later::X;

pub use checkpoint::{Checkpoint, Named};
pub use filling::{Passing, full_times, train_filling, train_filling_watched};
pub use fit::{Row, Watch};
pub use later::{LaterRows, pressure_modes, train_later, train_later_watched, train_later_with};
pub use optimiser::{Block, Optimiser, whole};
pub use physics::{Collocation, DrivenShot, Logged, Physics, PhysicsEffort};

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Optimiser steps.
    pub steps: usize,
    /// Shots (or rows) a step.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f64,
    /// Seed of weights and order.
    pub seed: u64,
}

/// Learning rate over a run: a short rise, then a cosine down to one hundredth.
fn rate(effort: &Effort, step: usize) -> f64 {
    let rise = (effort.steps / 30).max(1);
    if step < rise {
        return effort.rate * (step + 1) as f64 / rise as f64;
    }
    let x = (step - rise) as f64 / (effort.steps - rise).max(1) as f64;
    effort.rate * (0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * x).cos()))
}

/// Everything drawn in a step comes from its number: a training that goes on draws what it would have drawn.
fn draw(seed: u64, what: u64, step: usize) -> StdRng {
    StdRng::seed_from_u64(seed ^ (what << 48) ^ (step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// One shot in so many is kept back to judge the training by.
const KEPT_BACK: usize = 20;
/// Most shots kept back.
const MOST_KEPT_BACK: usize = 128;

/// Fewest shots of which some are kept back: of fewer, each is worth more to train on.
const FEW: usize = 200;

/// Splits numbers of shots into those to train on and those kept back, spread over the sample.
pub fn split(shots: usize) -> (Vec<usize>, Vec<usize>) {
    let stride = KEPT_BACK.max(shots.div_ceil(MOST_KEPT_BACK));
    let back = |i: &usize| shots >= FEW && i % stride == stride - 1;
    (
        (0..shots).filter(|i| !back(i)).collect(),
        (0..shots).filter(back).collect(),
    )
}

/// Smallest and largest weight of a shot over that of a shot with a usual peak.
const WEIGHTS: [f32; 2] = [0.2, 6.0];

/// Weight of each shot: errors count in percent of the shot's own peak.
fn weights(shots: &[PreparedShot]) -> Vec<f32> {
    let w: Vec<f32> = shots
        .iter()
        .map(|s| {
            let peak = s.drive.iter().fold(0.0_f64, |m, p| m.max(*p)).max(1e-3);
            (peak.powi(-2) as f32).clamp(WEIGHTS[0], WEIGHTS[1])
        })
        .collect();
    let mean = w.iter().sum::<f32>() / w.len().max(1) as f32;
    w.into_iter().map(|w| w / mean).collect()
}

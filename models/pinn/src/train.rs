//! Training: first what happens while the mold fills, then everything after.

use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

mod filling;
mod later;
mod physics;

pub(crate) use later::X;

pub use filling::{Passing, full_times, train_filling};
pub use later::{LaterRows, pressure_modes, train_later, train_later_with};
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

fn adam(vars: Vec<candle_core::Var>, rate: f64) -> candle_core::Result<AdamW> {
    AdamW::new(
        vars,
        ParamsAdamW {
            lr: rate,
            beta1: 0.9,
            beta2: 0.99,
            eps: 1e-8,
            weight_decay: 0.0,
        },
    )
}

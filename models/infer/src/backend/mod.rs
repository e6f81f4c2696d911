//! What computes the parts of the network: the own kernel by default, ONNX Runtime (feature `onnx`) or candle (features
//! `candle`, `cuda`).
//!
//! FAIL CLOSED: [`open`] hands out a backend only when the library, the provider and the device that were asked for are there
//! and the [`check`](check::beside_the_cpu) at start-up found the cpu kernel's readings. Nothing ever falls back.

#[cfg(feature = "candle")]
pub mod candle;
pub mod check;
pub mod choice;
pub mod cpu;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod recorder;

pub use choice::{Any, Choice, open};
pub use cpu::Cpu;

use crate::error::InferError;

/// Evaluates the parts of one network, one sample at a time, for a [`crate::follow::Follower`].
///
/// Inputs are as long as the part takes them ([`crate::network`] draws the parts). A part that cannot be evaluated answers NaN
/// and keeps the reason for [`Backend::trouble`], which the follower asks after every sample: arithmetic stays free of branches.
pub trait Backend {
    /// Filled share, from the memory's features and the latents.
    fn front(&mut self, x: &[f32]) -> f32;

    /// Readings while the mold fills, from features, filled share and latents.
    fn fill(&mut self, x: &[f32], out: &mut [f32]);

    /// First state, from how the mold filled.
    fn start(&mut self, x: &[f32], state: &mut [f32]);

    /// Moves the state on by `dt` \[s\], from drive, clock and latents.
    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]);

    /// Readings of a full mold, from state, drive, clock and latents.
    fn later(&mut self, x: &[f32], out: &mut [f32]);

    /// Why an evaluation failed since this was last asked.
    fn trouble(&mut self) -> Option<InferError>;
}

impl<B: Backend> Backend for &mut B {
    fn front(&mut self, x: &[f32]) -> f32 {
        (**self).front(x)
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        (**self).fill(x, out);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        (**self).start(x, state);
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        (**self).step(x, dt, state);
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        (**self).later(x, out);
    }

    fn trouble(&mut self) -> Option<InferError> {
        (**self).trouble()
    }
}

//! The virtual sensor that ships: a trained network that follows a shot from the pressure at its inlet.
//!
//! Reading order: [`release`] (what a folder of weights holds, and why one is refused), [`memory`] (what is remembered of
//! the drive while the mold fills), [`schedule`] (when the recurrent state moves on), [`follow`] (a shot, sample by sample),
//! [`backend`] (what computes it: own kernel, ONNX Runtime, CUDA).
#![warn(missing_docs)]

pub mod backend;
pub mod error;
pub mod follow;
pub mod kernel;
pub mod memory;
pub mod mlp;
pub mod network;
#[cfg(feature = "export")]
pub mod onnx;
pub mod release;
pub mod schedule;
pub mod shelf;
pub mod smooth;

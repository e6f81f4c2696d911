//! Trains the virtual sensor of a mold: shots from the reference solver, a network on their fields.
//!
//! Reading order: [`dataset`] (what is simulated), [`op`] (the recurrence as one operation).
#![warn(missing_docs)]

pub mod basis;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod export;
pub mod few;
pub mod layers;
pub mod network;
pub mod op;
pub mod prepare;
pub mod quantise;
pub mod scales;
pub mod train;

//! Operations with their own backward pass.

pub mod recurrence;
pub mod residual;
pub mod silu;

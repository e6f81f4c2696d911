//! Operations with their own backward pass.

pub mod recurrence;
pub mod silu;

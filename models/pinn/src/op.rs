//! Operations with their own backward pass: what autograd would take many passes over memory for.

pub mod dense;
pub mod recurrence;
pub mod residual;
mod wide;

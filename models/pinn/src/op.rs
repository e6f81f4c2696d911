//! Operations with their own backward pass.

pub mod recurrence;

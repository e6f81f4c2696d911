//! What is wanted of a part, and what must never happen.

use crate::correct::quantity::Quantity;

/// Where a target comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// A value in the quantity's unit. The model alone hits it only as far as its band goes; labels make it exact.
    Value(f64),
    /// What the reference shots came to: constant errors of model and sensors cancel.
    Reference,
}

/// What a quantity should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The quantity.
    pub quantity: Quantity,
    /// What it should be.
    pub aim: Aim,
    /// How far off is worth a movement, in the quantity's unit; above zero.
    pub tolerance: f64,
}

/// What a quantity must not exceed or fall below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// The quantity.
    pub quantity: Quantity,
    /// Lowest, if there is one.
    pub low: Option<f64>,
    /// Highest, if there is one.
    pub high: Option<f64>,
}

//! The virtual sensor that ships: a trained network that follows a shot from the pressure at its inlet.
//!
//! Reading order: [`memory`] (what is remembered of the drive while the mold fills), [`schedule`] (when the
//! recurrent state moves on).
#![warn(missing_docs)]

pub mod memory;
pub mod schedule;

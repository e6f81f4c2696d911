//! The reference physics of injection molding: material laws, the mold as a graph, a whole shot.
//!
//! Reading order: [`laws`] (what the melt does), [`card`] (which numbers it has), [`mold`] (where it
//! flows), [`recipe`] and [`drive`] (what the press or a measured waveform does to it).
#![warn(missing_docs)]

pub mod calibrate;
pub mod card;
pub mod cards;
pub mod drive;
pub mod input;
pub mod latents;
pub mod laws;
pub mod mold;
pub mod molds;
pub mod observer;
pub mod prior;
pub mod recipe;
pub mod recipes;
pub mod shot;
pub mod solver;
pub mod validation;

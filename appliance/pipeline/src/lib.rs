//! From samples to estimates: pure, without input or output, without a clock, and without an allocation a tick.
//!
//! ```text
//!  Sample --PhaseDetector--> CyclePhase
//!         --Ensemble------->  what the model says, and by how much it would say otherwise   (a tick)
//!         --Deviation------>  what the measured sensors say about both                      (a tick)
//!         --Estimate                                                                        (published)
//!         --Evidence------>  kept for the end of the shot                                  (a tick)
//!  shot ends --Belief------>  latents and errors that repeat, carried to the next shot       (a shot)
//!            --Judge------->  network against witness, part, kind of shot, trust
//! ```
#![deny(unsafe_code)]

pub mod belief;
pub mod correct;
pub mod deviation;
pub mod ensemble;
pub mod error;
pub mod estimate;
pub mod estimator;
pub mod evidence;
pub mod forecast;
pub mod guard;
pub mod joint;
pub mod keeper;
pub mod kind;
pub mod lead;
pub mod lesson;
pub mod matrix;
pub mod memory;
mod pace;
pub mod part;
pub mod phase;
pub mod places;
pub mod ports;
pub mod quality;
pub mod rezero;
pub mod sample;
pub mod setup;
pub mod shot;
pub mod sort;
pub mod suspect;
pub mod transfer;
pub mod trust;
pub mod walker;

pub use error::PipelineError;
pub use estimate::{Estimate, Source};
pub use estimator::Estimator;
pub use phase::CyclePhase;
pub use sample::Sample;

//! From a finished shot to bounded advice for the next one: pure, without input or output, without a clock.
//!
//! ```text
//!  ShotRecord --Recorded--> the inlet's pressure and the volume in fill
//!             --Replay----> the shot again at the latents believed in, as it was or with other setpoints
//!             --Effect----> gradient for the correction, curves and bands for the what-if page
//! ```

pub mod effect;
pub mod marks;
pub mod quantity;
pub mod recorded;
pub mod replay;
pub mod tracker;

pub use effect::{Effect, Gradient, WhatIf};
pub use quantity::{Outcome, QUANTITIES, Quantity};
pub use tracker::Tracker;

//! From a finished shot to bounded advice for the next one: pure, without input or output, without a clock.
//!
//! ```text
//!  ShotRecord --Recorded--> the inlet's pressure and the volume in fill
//!             --Replay----> the shot again at the latents believed in, as it was or with other setpoints
//!             --Effect----> gradient for the correction, curves and bands for the what-if page
//!             --Marks-----> a few numbers that follow the melt --Tracker--> how far the shot is off the reference shots
//!  Off --Trend--> the slow part of it, with what labels say about the estimate --Corrector--> program --> Decision
//! ```

pub mod corrector;
pub mod effect;
pub mod level;
pub mod marks;
pub mod program;
pub mod quantity;
pub mod recorded;
pub mod replay;
pub mod settling;
pub mod target;
pub mod tracker;
pub mod trend;

pub use corrector::{Correction, Corrector, Decided, Held, Judged, Seen};
pub use effect::{Effect, Gradient, WhatIf};
pub use quantity::{Outcome, QUANTITIES, Quantity};
pub use settling::Settling;
pub use target::{Aim, Bound, Target};
pub use tracker::{Off, Tracker};

//! Part quality from features, with honest uncertainty.
//!
//! Two halves. **Tables**: [`Table`] reads a file, [`Predictor`] learns one target from it and
//! predicts with a standard deviation, [`evaluate`] repeats that on settings left out and compares
//! it with plain boosted trees. **The box**: [`Learner`] learns from labelled shots on top of a
//! physics prediction, [`Cusum`] watches it for drift, [`RangeCheck`] flags inputs outside what was
//! seen, [`DefectModel`] moves the physics' defect probabilities by what inspected parts showed.
//!
//! Shots of one setting share an error (the machine's state, the lot, the day), so everything here
//! splits, weighs and calibrates by **setting**, never by shot.

mod cusum;
mod defects;
mod error;
pub mod evaluate;
mod gp;
mod gp_kernel;
mod lbfgs;
mod learner;
mod linalg;
mod members;
mod random;
mod range;
mod ridge;
mod scale;
mod stack;
mod standard;
mod state;
mod table;
mod trees;

pub use cusum::{Cusum, Drift};
pub use defects::{Defect, DefectModel, Inspected};
pub use error::QualityError;
pub use learner::{Case, Corrected, Foretold, Learner};
pub use linalg::Matrix;
pub use range::RangeCheck;
pub use stack::{Prediction, Predictor};
pub use standard::Standard;
pub use table::{Grouping, Table, read_features};
pub use trees::{BoostedTrees, TreeSettings};

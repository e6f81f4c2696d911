//! Part quality from features, with honest uncertainty.
//!
//! Two halves. **Tables**: [`Table`] reads a file, [`Predictor`] learns one target from it and
//! predicts with a standard deviation, [`evaluate`] repeats that on settings left out and compares
//! what was seen, [`DefectModel`] turns indicators into probabilities, [`Targets`] says what good is.
//!
//! Shots of one setting share an error (the machine's state, the lot, the day), so everything here
//! splits, weighs and calibrates by **setting**, never by shot.

mod error;
pub mod evaluate;
mod gp;
mod gp_kernel;
mod lbfgs;
mod linalg;
mod random;
mod ridge;
mod scale;
mod stack;
mod table;
mod trees;

pub use error::QualityError;
pub use linalg::Matrix;
pub use stack::{Prediction, Predictor};
pub use table::{Grouping, Table, read_features};
pub use trees::{BoostedTrees, TreeSettings};

//! The solver against closed forms and independently computed numbers.
//!
//! Every flow and energy case runs the solver itself on a mold small enough to have a known answer;
//! nothing here re-derives what the solver should have computed.

use crate::input::InputError;
use crate::laws::TableError;
use crate::solver::{LinearError, MarchError, StepError};

mod bench;
mod compression;
mod contact;
mod disc;
mod fill;
mod freezing;
mod heating;
mod order;
mod packing;
mod slab;
mod slot;
mod volume;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the case, with a suffix where a case has several numbers.
    pub id: String,
    /// What is computed.
    pub case: String,
    /// Reference value.
    pub expected: f64,
    /// What the solver found; NaN when it did not get that far.
    pub found: f64,
    /// Unit of both.
    pub unit: &'static str,
    /// Deviation, in the measure of `tolerance`.
    pub error: f64,
    /// Largest error that passes: a share of the reference, or absolute in `unit` where `absolute`.
    pub tolerance: f64,
    /// True when error and tolerance are in `unit` rather than shares of the reference.
    pub absolute: bool,
    /// Observed order of convergence, where the case is a refinement study.
    pub order: Option<f64>,
    /// Whether the error is within the tolerance.
    pub pass: bool,
}

impl Row {
    /// A row judged by the share of `scale` it is off.
    fn scaled(
        id: &str,
        case: &str,
        expected: f64,
        found: f64,
        unit: &'static str,
        scale: f64,
        tolerance: f64,
    ) -> Self {
        let error = (found - expected).abs() / scale.abs();
        Self {
            id: id.into(),
            case: case.into(),
            expected,
            found,
            unit,
            error,
            tolerance,
            absolute: false,
            order: None,
            pass: error <= tolerance,
        }
    }

    /// A row judged relative to its reference.
    fn relative(
        id: &str,
        case: &str,
        expected: f64,
        found: f64,
        unit: &'static str,
        tolerance: f64,
    ) -> Self {
        Self::scaled(id, case, expected, found, unit, expected, tolerance)
    }

    /// A row judged in its own unit.
    fn absolute(
        id: &str,
        case: &str,
        expected: f64,
        found: f64,
        unit: &'static str,
        tolerance: f64,
    ) -> Self {
        Self {
            absolute: true,
            ..Self::scaled(id, case, expected, found, unit, 1.0, tolerance)
        }
    }

    /// A refinement study: at least `least` of the stated order must be seen.
    fn of_order(id: &str, case: &str, stated: f64, least: f64, found: f64) -> Self {
        let error = (stated - found).max(0.0);
        let pass = found >= least;
        Self {
            error,
            pass,
            order: Some(found),
            ..Self::absolute(id, case, stated, found, "order", stated - least)
        }
    }

    /// A case that ended with an error.
    fn failed(id: &str, case: &str) -> Self {
        Self {
            pass: false,
            ..Self::relative(id, case, f64::NAN, f64::NAN, "", 0.0)
        }
    }
}

/// Why a case has no result.
#[derive(Debug, thiserror::Error)]
enum CaseError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Linear(#[from] LinearError),
    #[error(transparent)]
    Step(#[from] StepError),
    #[error(transparent)]
    March(#[from] MarchError),
    #[error("card `{0}` lacks what this case needs")]
    Card(&'static str),
}

type Rows = Result<Vec<Row>, CaseError>;

/// A case: the name to report it under when it fails, and what runs it.
type Case = (&'static str, fn() -> Rows);

/// Accuracy asked of flow and energy on the default grid, relative.
const HALF_PERCENT: f64 = 0.005;

/// Runs every case. A case that fails to run is a row that does not pass and says why.
pub fn rows() -> Vec<Row> {
    let cases: [Case; 15] = [
        ("V1", slot::newtonian),
        ("V2", slot::power_law),
        ("V3", slot::tube),
        ("V4", disc::rows),
        ("V5", fill::rows),
        ("V6", slot::cards),
        ("V7", slab::rows),
        ("V8", contact::rows),
        ("V9", freezing::rows),
        ("V10", heating::rows),
        ("V11", packing::rows),
        ("V12", volume::rows),
        ("V13", volume::sealed),
        ("V15", compression::rows),
        ("order", order::rows),
    ];
    let mut all = Vec::new();
    for (id, case) in cases {
        match case() {
            Ok(rows) => all.extend(rows),
            Err(error) => all.push(Row::failed(id, &error.to_string())),
        }
    }
    all
}

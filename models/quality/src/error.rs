//! Why quality could not be learned or predicted.

use std::path::PathBuf;

/// Why quality could not be learned or predicted. The cause, where there is one, is the source.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// A file could not be opened or read.
    #[error("reading `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not a CSV table.
    #[error("reading the table `{}`", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the CSV reader said.
        #[source]
        source: csv::Error,
    },
    /// A column is named that the table does not have.
    #[error("`{}` has no column `{column}`", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
    },
    /// A column appears twice in a header or in a list of features.
    #[error("`{}` names the column `{column}` twice", path.display())]
    TwiceNamed {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A cell is empty or not a finite number.
    #[error("`{}` line {line}, column `{column}`: `{text}` is not a finite number", path.display())]
    BadCell {
        /// The file.
        path: PathBuf,
        /// Line in the file; the header is line 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell as it stands.
        text: String,
    },
    /// The list of features is empty.
    #[error("`{}` names no feature", path.display())]
    NoFeatures {
        /// The file.
        path: PathBuf,
    },
    /// The target is in the list of features: it would predict itself.
    #[error("the target `{column}` is also a feature")]
    TargetIsFeature {
        /// The column.
        column: String,
    },
    /// Too few settings to leave some out.
    #[error("{settings} settings in {rows} rows: at least {needed} settings are needed")]
    TooFewSettings {
        /// Distinct settings found.
        settings: usize,
        /// Rows found.
        rows: usize,
        /// Settings needed.
        needed: usize,
    },
    /// Every feature, or the target, is constant.
    #[error("`{what}` does not vary: there is nothing to learn")]
    Constant {
        /// What is constant.
        what: String,
    },
    /// A covariance was not positive definite.
    #[error("a covariance of {size} rows is not positive definite")]
    NotPositiveDefinite {
        /// Its size.
        size: usize,
    },
    /// A vector has another length than the model expects.
    #[error("{what} has {got} entries, expected {expected}")]
    Length {
        /// What was handed in.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The length expected.
        expected: usize,
    },
    /// A setting of a model makes no sense.
    #[error("{what} must be {must}, got {got}")]
    BadSetting {
        /// The setting.
        what: &'static str,
        /// What it must be.
        must: &'static str,
        /// What it is.
        got: f64,
    },
}

//! Why the recorder could not do what it was asked.

use crate::health::Reason;
use std::io;
use std::path::PathBuf;

/// Everything that can go wrong between a raw code and a row in the book.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// A file or folder refused.
    #[error("{what} {}", path.display())]
    File {
        /// What was attempted, for example `writing`.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The book refused.
    #[error("{what} in the book of shots")]
    Book {
        /// What was attempted.
        what: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer program wrote the book.
    #[error(
        "the book of shots has format {found}, this program knows {known}: install the newer program again"
    )]
    BookFormat {
        /// What the file says.
        found: usize,
        /// The newest this program reads.
        known: usize,
    },
    /// Curves could not be written or understood.
    #[error("{what} the curves of shot {number}")]
    Curves {
        /// What was attempted.
        what: &'static str,
        /// Which shot.
        number: u64,
        /// Why.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// A file of curves is not one of ours.
    #[error("the curves of shot {number} lack {missing}")]
    CurvesIncomplete {
        /// Which shot.
        number: u64,
        /// What is not there.
        missing: &'static str,
    },
    /// A table for export could not be encoded.
    #[error("encoding the table `{table}`")]
    Encode {
        /// Which.
        table: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The shot is not in the book.
    #[error("shot {0} is not recorded")]
    NoSuchShot(u64),
    /// The shot has no beginning in the log any more.
    #[error("the log holds no beginning of shot {0}")]
    NotInLog(u64),
    /// The curves are gone; the row stays.
    #[error("the curves of shot {0} were removed to keep the disk within its budget")]
    CurvesRemoved(u64),
    /// There were never any.
    #[error("shot {0} has no such curves")]
    NoCurves(u64),
    /// The file is not what was written.
    #[error("the curves of shot {0} changed on the disk since they were written")]
    CurvesDamaged(u64),
    /// A label is not a number.
    #[error("`{0}` is not a finite number")]
    NotANumber(String),
    /// The entry has no photo.
    #[error("entry {0} of the log has no photo")]
    NoPhoto(i64),
    /// There is no decision of this number.
    #[error("there is no decision {0}")]
    NoDecision(i64),
    /// Another recorder is at work there.
    #[error("another program records into {}", .0.display())]
    InUse(PathBuf),
    /// A thread could not be started.
    #[error("starting the recorder's threads")]
    Thread(#[source] io::Error),
    /// The folder to export into holds something already.
    #[error("{} exists and is not empty: name a new folder", .0.display())]
    TargetNotEmpty(PathBuf),
    /// The folder to export into has no name of its own.
    #[error("{} cannot be created: name a folder inside one that exists", .0.display())]
    TargetUnusable(PathBuf),
    /// No shot lies in the range.
    #[error("no shot lies in the range asked for")]
    NothingToExport,
    /// A date is not `YYYY-MM-DD`.
    #[error("`{0}` is not a date like 2026-03-02")]
    Date(String),
    /// A photo is not a picture this box stores.
    #[error("the photo is not a JPEG, PNG or WebP picture of at most {limit_mib} MiB")]
    Photo {
        /// Largest size.
        limit_mib: usize,
    },
}

/// Names the file in an error of the file layer.
pub(crate) trait At<T> {
    /// Adds what was attempted and where.
    fn at(self, what: &'static str, path: &std::path::Path) -> Result<T, RecorderError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, what: &'static str, path: &std::path::Path) -> Result<T, RecorderError> {
        self.map_err(|source| RecorderError::File {
            what,
            path: path.to_owned(),
            source,
        })
    }
}

/// Names the attempt in an error of the book.
pub(crate) trait InBook<T> {
    /// Adds what was attempted.
    fn in_book(self, what: &'static str) -> Result<T, RecorderError>;
}

impl<T> InBook<T> for rusqlite::Result<T> {
    fn in_book(self, what: &'static str) -> Result<T, RecorderError> {
        self.map_err(|source| RecorderError::Book { what, source })
    }
}

impl RecorderError {
    /// What it means for [`crate::Health`].
    #[must_use]
    pub fn reason(&self) -> Reason {
        use rusqlite::ErrorCode;
        match self {
            Self::File { source, .. } => Reason::of(source),
            Self::Book { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Reason::DiskFull,
                Some(ErrorCode::ReadOnly) => Reason::ReadOnly,
                _ => Reason::Book(source.to_string()),
            },
            other => Reason::Book(other.to_string()),
        }
    }

    /// Whether the disk is full or may not be written, so that trying again later makes sense.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
        match self {
            Self::File { .. } => true,
            Self::Book { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DiskFull | ReadOnly | SystemIoFailure | CannotOpen)
            ),
            _ => false,
        }
    }
}

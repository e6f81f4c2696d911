//! How the recorder is, in values a page can show.

use crate::log::writer::Dropped;
use serde::Serialize;
use std::fmt;
use std::io;

/// Why something could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The disk is full.
    DiskFull,
    /// The disk may not be written.
    ReadOnly,
    /// The log reached its limit: finished shots cannot be stored.
    LogFull,
    /// More came than the disk took.
    TooSlow,
    /// The disk reported something else.
    Disk(String),
    /// The book of shots cannot be written.
    Book(String),
}

impl Reason {
    /// What an error of the file layer means.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => f.write_str("the disk is full"),
            Self::ReadOnly => f.write_str("the disk is read-only"),
            Self::LogFull => f.write_str("finished shots cannot be stored and the log is full"),
            Self::TooSlow => f.write_str("the disk is slower than the data"),
            Self::Disk(text) => write!(f, "the disk reports: {text}"),
            Self::Book(text) => write!(f, "the book of shots cannot be written: {text}"),
        }
    }
}

/// Whether records are safe. Whatever the state, the estimate goes on.
///
/// ```text
/// Recording --disk or book refuses--> Delayed --memory or log is full--> Losing
///     ^------------ they take again -----'                                  |
///     '------------ ten seconds without a loss -----------------------------'
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum RecordingState {
    /// Everything is kept.
    #[default]
    Recording,
    /// The disk or the book refuses; nothing is lost yet.
    Delayed {
        /// Why.
        reason: Reason,
        /// Box time in ns since when.
        since_ns: i64,
    },
    /// Raw codes or estimates are being dropped.
    Losing {
        /// Why.
        reason: Reason,
        /// Box time in ns since when.
        since_ns: i64,
    },
}

/// Bytes that were not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Segment of the log.
    pub segment: u64,
    /// Offset.
    pub at: u64,
    /// Bytes that are lost.
    pub len: u64,
}

/// The recorder's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether records are safe.
    pub state: RecordingState,
    /// Records given up since the start.
    pub dropped: Dropped,
    /// Bytes a power cut would cost now.
    pub unsynced_bytes: usize,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Segments of the log.
    pub segments: usize,
    /// Shots that ended and are not yet stored.
    pub waiting_shots: usize,
    /// The shot that is open.
    pub open_shot: Option<u64>,
    /// The last shot of this run that is proven on disk from beginning to end.
    pub last_finished: Option<u64>,
    /// How far the time of day last jumped against the box time, ms; null when it never did.
    pub clock_step_ms: Option<i64>,
    /// Bytes free on the disk; null when it does not say.
    pub free_bytes: Option<u64>,
}

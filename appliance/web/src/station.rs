//! The seam between the web and everything behind it.
//!
//! The daemon implements [`Station`] over the pipeline and the recorder; the tests implement it in
//! memory. Every method may block: the web calls them on its blocking threads, a few at a time.
//! None of them may ever wait for the tick.

use std::collections::BTreeMap;
use std::path::Path;

use crate::view::{
    AuditPage, CorrectionNow, Decision, DecisionPage, Health, LogEntry, LogKind, LogPage, Mode,
    MoldView, PressSetup, Setup, SetupChange, ShotDetail, ShotPage, Target, Targets, Trend,
    Verdict, WhatIf, WhiteBox,
};

/// Why the station did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// There is none (HTTP 404).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was asked makes no sense (HTTP 422).
    #[error("`{field}`: {reason}")]
    Invalid {
        /// Key of the request.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It makes sense, but not in the state the box is in (HTTP 409).
    #[error("{reason}")]
    Conflict {
        /// Key of the sentence the dashboard shows.
        key: &'static str,
        /// Why, in English.
        reason: String,
    },
    /// Not now: disk full, read-only, starting (HTTP 503).
    #[error("{reason}")]
    Unavailable {
        /// Key of the sentence the dashboard shows.
        key: &'static str,
        /// Why, in English.
        reason: String,
    },
    /// It broke (HTTP 500); the cause goes to the log of the box, not to the reader.
    #[error("{attempted}")]
    Failed {
        /// What was attempted.
        attempted: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a method of the station gives.
pub type Answer<T> = Result<T, StationError>;

/// Which shots to list, newest first. All given conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShotQuery {
    /// Only shots with a smaller number.
    pub before: Option<u64>,
    /// At most this many, 1 to 500.
    pub limit: usize,
    /// Started at or after, ms since 1970.
    pub from_ms: Option<i64>,
    /// Started before, ms since 1970.
    pub to_ms: Option<i64>,
    /// Of this material lot.
    pub lot: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
}

/// A page of a list with numbers, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// Only entries with a smaller number.
    pub before: Option<u64>,
    /// At most this many, 1 to 500.
    pub limit: usize,
}

/// A line to be written into the log.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLogEntry {
    /// Kind.
    pub kind: LogKind,
    /// Words.
    pub text: String,
    /// Material lot.
    pub lot: Option<String>,
    /// Name of the defect.
    pub defect: Option<String>,
    /// Shot it belongs to.
    pub shot: Option<u64>,
    /// Picture, already checked to be one.
    pub photo: Option<Photo>,
}

/// A picture as it was uploaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// `image/jpeg`, `image/png` or `image/webp`; found in the bytes, never taken from the sender.
    pub media_type: &'static str,
    /// Bytes.
    pub bytes: Vec<u8>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma separated values.
    Csv,
    /// Parquet.
    Parquet,
}

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportQuery {
    /// First shot.
    pub from: u64,
    /// Last shot, included.
    pub to: u64,
    /// Format.
    pub format: ExportFormat,
}

/// What the box can be asked. See the module for the rules.
pub trait Station: Send + Sync + 'static {
    /// The mold as drawn.
    fn mold(&self) -> Answer<MoldView>;
    /// Whether everything that should be connected is. Also asked for `/healthz` and `/metrics`.
    fn health(&self) -> Answer<Health>;

    /// Finished shots.
    fn shots(&self, query: &ShotQuery) -> Answer<ShotPage>;
    /// One shot, each curve thinned to at most `points` points.
    fn shot(&self, shot: u64, points: usize) -> Answer<ShotDetail>;
    /// A feature, prediction or label over the last shots.
    fn trend(&self, feature: &str, last: usize) -> Answer<Trend>;
    /// Writes a measured label (`part_weight_g`, ...) to a shot; a second one of the same name replaces the first.
    fn label(&self, shot: u64, name: &str, value: f64) -> Answer<()>;
    /// The reference shot of the overlay, each curve thinned to at most `points` points.
    fn reference(&self, points: usize) -> Answer<Option<ShotDetail>>;
    /// Makes a shot the reference.
    fn set_reference(&self, shot: u64) -> Answer<()>;
    /// A person cleared what the box suspects: it begins again where card and mold say, once no shot runs.
    fn begin_again(&self) -> Answer<()>;
    /// Latents and innovations over the last shots.
    fn white_box(&self, shots: usize) -> Answer<WhiteBox>;

    /// Log, newest first.
    fn log(&self, query: PageQuery) -> Answer<LogPage>;
    /// Adds a line; gives it back with its number. `photo` of the answer is [`photo_address`].
    fn add_log(&self, user: &str, entry: NewLogEntry) -> Answer<LogEntry>;
    /// The photo of a line.
    fn photo(&self, id: u64) -> Answer<Photo>;

    /// What is set.
    fn setup(&self) -> Answer<Setup>;
    /// Checks the change as a whole and keeps it, or keeps nothing.
    fn change_setup(&self, change: &SetupChange) -> Answer<Setup>;
    /// Takes over a release unpacked in `folder` (plain files and folders only) after checking its hashes; gives its name.
    /// The folder is removed afterwards.
    fn import_release(&self, folder: &Path) -> Answer<String>;
    /// Writes an export into the empty folder `into`.
    fn export(&self, query: &ExportQuery, into: &Path) -> Answer<()>;

    /// What the box may do now; observe while it is off the press.
    fn mode(&self) -> Mode;
    /// Changes the mode; the web has checked the role.
    fn set_mode(&self, mode: Mode) -> Answer<()>;
    /// Takes everything off: nothing is written or advised until an engineer arms, plans and advice are withdrawn, at once. Never
    /// fails for want of a press.
    fn off(&self) -> Answer<()>;

    /// Guard, waiting advice, setpoints and press link now. Also asked for `/metrics`.
    fn correction(&self) -> Answer<CorrectionNow>;
    /// Decisions, newest first.
    fn corrections(&self, query: PageQuery) -> Answer<DecisionPage>;
    /// One decision.
    fn decision(&self, id: u64) -> Answer<Decision>;
    /// A person agrees to a waiting advice; it is written as soon as the guard allows. [`StationError::Conflict`] with the key
    /// `advice_gone` when it no longer waits.
    fn confirm(&self, user: &str, id: u64) -> Answer<Decision>;
    /// A person does not. The same refusal as [`Station::confirm`].
    fn decline(&self, user: &str, id: u64, reason: &str) -> Answer<Decision>;
    /// Puts the box back on the press after it was taken off or let go, in the mode of before; the web has checked the role.
    fn arm(&self, user: &str) -> Answer<()>;
    /// A person accepts the recipe as it reads after somebody changed it at the press. [`StationError::Conflict`] with the key
    /// `no_edit` when nothing waits to be accepted.
    fn accept_edit(&self, user: &str) -> Answer<()>;
    /// What would happen with these setpoints (SI) instead of those of the last shot, each curve thinned to at most `points` points.
    fn what_if(&self, changes: &BTreeMap<String, f64>, points: usize) -> Answer<WhatIf>;
    /// What was agreed about the press.
    fn press(&self) -> Answer<PressSetup>;
    /// Pins the press to a certificate; [`StationError::Conflict`] with the key `other_certificate` when it is not the one it showed last.
    fn pin_press(&self, user: &str, thumbprint: &str) -> Answer<PressSetup>;
    /// Quality targets.
    fn targets(&self) -> Answer<Targets>;
    /// Replaces them; checks them as a whole, or changes nothing.
    fn set_targets(&self, targets: &[Target]) -> Answer<Targets>;

    /// Writes a line of the hash-chained audit. Asked after everything that changed something, and for refused logins.
    fn audit(&self, user: &str, action: &str, detail: &str) -> Answer<()>;
    /// Audit, newest first.
    fn audit_trail(&self, query: PageQuery) -> Answer<AuditPage>;
}

/// Where the photo of a line of the log is found.
pub fn photo_address(id: u64) -> String {
    format!("/api/v1/log/{id}/photo")
}

//! What people wrote down.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// A material lot began.
    Lot,
    /// Somebody changed or cleaned something.
    Action,
    /// A bad part was seen.
    Defect,
    /// Anything else.
    Note,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Number.
    pub id: u64,
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// Who wrote it.
    pub user: String,
    /// Kind.
    pub kind: LogKind,
    /// Words.
    pub text: String,
    /// Material lot, for `lot`.
    pub lot: Option<String>,
    /// Name of the defect, for `defect` (`short_shot`, `flash`, `sink_mark`, `weld_line`, `warpage`, ...).
    pub defect: Option<String>,
    /// Shot it belongs to.
    pub shot: Option<u64>,
    /// Address of the photo, where there is one.
    pub photo: Option<String>,
}

/// A page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// Lines.
    pub entries: Vec<LogEntry>,
    /// Pass as `before` for the next page.
    pub next: Option<u64>,
}

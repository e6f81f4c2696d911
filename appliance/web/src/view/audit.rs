//! Who did what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Number.
    pub id: u64,
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// Who; `token:NAME` for an API token, `-` for nobody.
    pub user: String,
    /// What (`login`, `mode`, `setup`, ...).
    pub action: String,
    /// Particulars.
    pub detail: String,
}

/// A page of the audit, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// Lines.
    pub entries: Vec<AuditEntry>,
    /// Pass as `before` for the next page.
    pub next: Option<u64>,
    /// False when a line was changed or removed behind the box's back.
    pub chain_ok: bool,
}

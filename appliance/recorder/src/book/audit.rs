//! The audit: who did what, in a chain nobody can change unseen.
//!
//! ```text
//! hash(n) = SHA-256( hash(n-1) | n | at_ms | who | action | detail )      hash(0) = 32 zero bytes
//! ```
//! Numbers are 8 bytes little-endian, texts are preceded by their length in 8 bytes. Rows count up
//! from 1 without a gap. Rows cut off at the end leave a whole chain: whoever must notice that too
//! notes the last hash elsewhere, see [`Head`].

use crate::book::Book;
use crate::error::{InBook, RecorderError};
use crate::wall::WallTime;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place, from 1.
    pub id: i64,
    /// When, ms since 1970 UTC.
    pub at: WallTime,
    /// Who.
    pub who: String,
    /// What, a word for machines.
    pub action: String,
    /// About what, in words or JSON.
    pub detail: String,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Rows.
    pub rows: i64,
    /// Hash of the last, in hexadecimal digits.
    pub hash: String,
}

/// What checking the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum AuditCheck {
    /// Every row is as it was written.
    Whole(Head),
    /// This row is missing or not as it was written; nothing after it can be trusted.
    Broken {
        /// Its place.
        id: i64,
    },
}

fn hash_of(
    before: &[u8],
    id: i64,
    at: WallTime,
    who: &str,
    action: &str,
    detail: &str,
) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(before);
    sha.update(id.to_le_bytes());
    sha.update(at.ms().to_le_bytes());
    for text in [who, action, detail] {
        sha.update((text.len() as u64).to_le_bytes());
        sha.update(text.as_bytes());
    }
    sha.finalize().into()
}

/// Digits of a hash.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn last(book: &Connection) -> rusqlite::Result<(i64, Vec<u8>)> {
    let found = book
        .query_row(
            "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(found.unwrap_or_else(|| (0, vec![0; 32])))
}

/// Adds a row inside a transaction that began as IMMEDIATE, so no other row gets in between.
pub(crate) fn append(
    book: &Connection,
    at: WallTime,
    who: &str,
    action: &str,
    detail: &str,
) -> rusqlite::Result<i64> {
    let (before, hash) = last(book)?;
    let id = before + 1;
    let hash = hash_of(&hash, id, at, who, action, detail);
    book.execute(
        "INSERT INTO audit (id, at_ms, who, action, detail, hash) VALUES (?, ?, ?, ?, ?, ?)",
        params![id, at.ms(), who, action, detail, hash],
    )?;
    Ok(id)
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let hash: Vec<u8> = row.get(5)?;
    Ok(AuditRow {
        id: row.get(0)?,
        at: WallTime::from_ms(row.get(1)?),
        who: row.get(2)?,
        action: row.get(3)?,
        detail: row.get(4)?,
        hash: hex(&hash),
    })
}

impl Book {
    /// Notes who did what. Returns its place in the chain.
    ///
    /// # Errors
    /// When the book refuses; then what was to be noted must not be done.
    pub fn audit(&self, who: &str, action: &str, detail: &str) -> Result<i64, RecorderError> {
        self.write("noting in the audit", |step| {
            append(step, WallTime::now(), who, action, detail)
        })
    }

    /// A page of the audit, newest first, from before a place.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn audit_page(
        &self,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, RecorderError> {
        self.read("reading the audit", |book| {
            book.prepare(
                "SELECT id, at_ms, who, action, detail, hash FROM audit WHERE id < ? \
                 ORDER BY id DESC LIMIT ?",
            )?
            .query_map(params![before.unwrap_or(i64::MAX), limit as i64], row_of)?
            .collect()
        })
    }

    /// Checks the whole chain and names the first row that is not as it was written.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn verify_audit(&self) -> Result<AuditCheck, RecorderError> {
        self.read("checking the audit", |book| {
            // One moment of the book, whatever is added meanwhile.
            let moment = book.unchecked_transaction()?;
            let mut rows = moment
                .prepare("SELECT id, at_ms, who, action, detail, hash FROM audit ORDER BY id")?;
            let mut rows = rows.query([])?;
            let (mut expected, mut hash) = (1, vec![0; 32]);
            while let Some(row) = rows.next()? {
                // A value of another type than we write is a change, not a failure.
                let Ok(found) = row_of(row) else {
                    return Ok(AuditCheck::Broken { id: expected });
                };
                let right = hash_of(
                    &hash,
                    found.id,
                    found.at,
                    &found.who,
                    &found.action,
                    &found.detail,
                );
                if found.id != expected || found.hash != hex(&right) {
                    return Ok(AuditCheck::Broken { id: expected });
                }
                hash = right.to_vec();
                expected += 1;
            }
            Ok(AuditCheck::Whole(Head {
                rows: expected - 1,
                hash: hex(&hash),
            }))
        })
    }
}

/// Opens a transaction no other writer can get into.
pub(crate) fn immediate<T>(
    book: &mut Connection,
    what: &'static str,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, RecorderError> {
    let step = book
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .in_book(what)?;
    let result = work(&step).in_book(what)?;
    step.commit().in_book(what)?;
    Ok(result)
}

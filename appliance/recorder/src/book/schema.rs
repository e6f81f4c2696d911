//! The tables of the book and their history.
//!
//! `PRAGMA user_version` counts the steps below that a file has seen. A step is never edited after
//! it has shipped; a new one is appended.

use crate::error::{InBook, RecorderError};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// Times are milliseconds since 1970 UTC (`_ms`), texts in columns ending `_json` are JSON.
const STEPS: [&str; 2] = ["
CREATE TABLE shots (
    number        INTEGER PRIMARY KEY,
    session       INTEGER NOT NULL,
    began_ms      INTEGER NOT NULL,
    ended_ms      INTEGER,
    duration_s    REAL,
    clock_step_ms INTEGER,
    mold          TEXT NOT NULL,
    material      TEXT NOT NULL,
    lot           TEXT NOT NULL,
    kind          TEXT NOT NULL,
    verdict       TEXT NOT NULL,
    trust         TEXT NOT NULL,
    interrupted   TEXT,
    recipe_json   TEXT NOT NULL,
    notes_json    TEXT NOT NULL,
    phases_json   TEXT NOT NULL,
    features_json TEXT NOT NULL,
    latents_json  TEXT NOT NULL,
    quality_json  TEXT NOT NULL,
    lost_samples   INTEGER NOT NULL,
    lost_blocks    INTEGER NOT NULL,
    lost_estimates INTEGER NOT NULL,
    raw_file        TEXT,
    raw_bytes       INTEGER NOT NULL,
    raw_sha256      TEXT,
    raw_removed     INTEGER NOT NULL DEFAULT 0,
    estimate_file   TEXT,
    estimate_bytes  INTEGER NOT NULL,
    estimate_sha256 TEXT,
    estimate_removed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX shots_by_time ON shots (began_ms);
CREATE INDEX shots_by_lot ON shots (lot);
CREATE INDEX shots_with_raw ON shots (number, raw_bytes)
    WHERE raw_file IS NOT NULL AND raw_removed = 0;
CREATE INDEX shots_with_estimates ON shots (number, estimate_bytes)
    WHERE estimate_file IS NOT NULL AND estimate_removed = 0;

CREATE TABLE events (
    session INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    shot    INTEGER,
    at_ms   INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    source  TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
CREATE INDEX events_by_shot ON events (shot);

CREATE TABLE entries (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who   TEXT NOT NULL,
    kind  TEXT NOT NULL,
    shot  INTEGER,
    text  TEXT NOT NULL,
    form_json TEXT NOT NULL,
    photo TEXT
);

CREATE TABLE labels (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    shot  INTEGER NOT NULL REFERENCES shots (number),
    name  TEXT NOT NULL,
    value REAL NOT NULL,
    unit  TEXT NOT NULL,
    who   TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE INDEX labels_by_shot ON labels (shot, name);

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    who    TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash   BLOB NOT NULL
);

CREATE TRIGGER audit_stays_whole BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never shortened'); END;
CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
CREATE TRIGGER labels_stay_whole BEFORE DELETE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are never removed'); END;
CREATE TRIGGER labels_stay_as_they_are BEFORE UPDATE ON labels
    BEGIN SELECT RAISE(ABORT, 'labels are never changed'); END;
", "
CREATE TABLE corrections (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms         INTEGER NOT NULL,
    shot          INTEGER NOT NULL,
    mode          TEXT NOT NULL,
    verdict       TEXT NOT NULL,
    decision_json TEXT NOT NULL,
    answer_json   TEXT,
    written_json  TEXT,
    outcome_json  TEXT
);
CREATE INDEX corrections_by_shot ON corrections (shot);
CREATE TRIGGER corrections_stay_whole BEFORE DELETE ON corrections
    BEGIN SELECT RAISE(ABORT, 'corrections are never removed'); END;
CREATE TRIGGER corrections_stay_decided BEFORE UPDATE OF at_ms, shot, mode, verdict, decision_json ON corrections
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
"];

/// Opens the book for writing, bringing it to the present format.
///
/// Write-ahead log with full syncs: what a transaction commits survives a power cut, and readers
/// never wait for the writer.
///
/// # Errors
/// When the disk refuses or a newer program wrote the book.
pub fn open(file: &Path) -> Result<Connection, RecorderError> {
    let mut book = Connection::open(file).in_book("opening a connection")?;
    settle(&book).in_book("setting up")?;
    let found = version(&book)?;
    if found > STEPS.len() {
        return Err(RecorderError::BookFormat {
            found,
            known: STEPS.len(),
        });
    }
    if found < STEPS.len() {
        migrate(&mut book)?;
    }
    Ok(book)
}

/// Opens the book of a disk that may not be written: pages still show what is there.
///
/// # Errors
/// When there is no book.
pub fn open_read_only(file: &Path) -> Result<Connection, RecorderError> {
    // `immutable` because the write-ahead log needs a shared-memory file beside the book, which a
    // read-only disk does not allow. It is a URI: `?`, `#` and `%` in a path are escaped.
    let mut uri = String::from("file:");
    for c in file.to_string_lossy().chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let book = Connection::open_with_flags(uri, flags).in_book("opening read-only")?;
    version(&book)?;
    Ok(book)
}

fn settle(book: &Connection) -> rusqlite::Result<()> {
    book.busy_timeout(Duration::from_secs(5))?;
    book.pragma_update(None, "journal_mode", "wal")?;
    book.pragma_update(None, "synchronous", "full")?;
    book.pragma_update(None, "foreign_keys", true)
}

fn version(book: &Connection) -> Result<usize, RecorderError> {
    let found: i64 = book
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .in_book("reading the format")?;
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}

fn migrate(book: &mut Connection) -> Result<(), RecorderError> {
    const WHAT: &str = "bringing the format up to date";
    let step = book
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .in_book(WHAT)?;
    // Read again inside: another process may have been faster.
    let found = version(&step)?;
    for text in STEPS.iter().skip(found) {
        step.execute_batch(text).in_book(WHAT)?;
    }
    step.pragma_update(None, "user_version", STEPS.len() as i64)
        .in_book(WHAT)?;
    step.commit().in_book(WHAT)
}

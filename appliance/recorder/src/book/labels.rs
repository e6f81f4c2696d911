//! Labels: what people measured on the part of a shot. They are never changed and never removed; a
//! second label of a name is a correction, and the latest counts.

use crate::book::{Book, audit};
use crate::error::RecorderError;
use crate::wall::WallTime;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

/// A label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelRow {
    /// Its place.
    pub id: i64,
    /// The shot.
    pub shot: u64,
    /// What, for example `weight`.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Unit.
    pub unit: String,
    /// Who measured.
    pub who: String,
    /// When it was entered, ms since 1970 UTC.
    pub at: WallTime,
}

fn label_of(row: &Row<'_>) -> rusqlite::Result<LabelRow> {
    Ok(LabelRow {
        id: row.get(0)?,
        shot: row.get::<_, i64>(1)?.cast_unsigned(),
        name: row.get(2)?,
        value: row.get(3)?,
        unit: row.get(4)?,
        who: row.get(5)?,
        at: WallTime::from_ms(row.get(6)?),
    })
}

impl Book {
    /// Enters a label, and notes it in the audit.
    ///
    /// # Errors
    /// When the shot is not recorded, the value is not a number, or the book refuses.
    pub fn label(
        &self,
        shot: u64,
        name: &str,
        value: f64,
        unit: &str,
        who: &str,
    ) -> Result<i64, RecorderError> {
        if !value.is_finite() {
            return Err(RecorderError::NotANumber(name.to_owned()));
        }
        let at = WallTime::now();
        self.write("entering a label", |step| {
            let known = step
                .query_row(
                    "SELECT 1 FROM shots WHERE number = ?",
                    [shot.cast_signed()],
                    |_| Ok(()),
                )
                .optional()?;
            if known.is_none() {
                return Ok(None);
            }
            step.execute(
                "INSERT INTO labels (shot, name, value, unit, who, at_ms) VALUES (?,?,?,?,?,?)",
                params![shot.cast_signed(), name, value, unit, who, at.ms()],
            )?;
            let id = step.last_insert_rowid();
            let detail = format!("shot {shot}: {name} = {value} {unit}");
            audit::append(step, at, who, "label", &detail)?;
            Ok(Some(id))
        })?
        .ok_or(RecorderError::NoSuchShot(shot))
    }

    /// All labels of a range of shots, in the order they were entered.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn labels(&self, first: u64, last: u64) -> Result<Vec<LabelRow>, RecorderError> {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.read("reading labels", |book| {
            book.prepare(
                "SELECT id, shot, name, value, unit, who, at_ms FROM labels \
                 WHERE shot BETWEEN ? AND ? ORDER BY id",
            )?
            .query_map([whole(first), whole(last)], label_of)?
            .collect()
        })
    }
}

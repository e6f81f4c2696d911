//! Shots and events, newest first.

use crate::book::Book;
use crate::book::entries::within;
use crate::book::store::word;
use crate::error::RecorderError;
use crate::log::record::{PhaseTime, ShotKind, Uncertain, Verdict};
use crate::wall::WallTime;
use rusqlite::types::{Type, Value};
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the book says about a shot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShotRow {
    /// Counts up for ever, whatever the clock does.
    pub number: u64,
    /// Counts the recorder's starts.
    pub session: u64,
    /// When it began, ms since 1970 UTC as the box believed.
    pub began: WallTime,
    /// When it ended; null when the box stopped in the middle.
    pub ended: Option<WallTime>,
    /// Seconds it took, by the box's own clock.
    pub duration_s: Option<f64>,
    /// How far the time of day jumped against the box's clock since the shot before, ms.
    pub clock_step_ms: Option<i64>,
    /// Mold.
    pub mold: String,
    /// Material.
    pub material: String,
    /// Material lot.
    pub lot: String,
    /// What the cycle was for.
    pub kind: ShotKind,
    /// About the part.
    pub verdict: Verdict,
    /// State of trust in one word.
    pub trust: String,
    /// Why it is not a whole shot, if it is not.
    pub interrupted: Option<String>,
    /// Setpoints.
    pub recipe: serde_json::Value,
    /// Whatever else became known.
    pub notes: BTreeMap<String, String>,
    /// When each phase began.
    pub phases: Vec<PhaseTime>,
    /// Numbers of the whole shot.
    pub features: BTreeMap<String, f64>,
    /// Physical latents.
    pub latents: BTreeMap<String, Uncertain>,
    /// Predicted quality.
    pub quality: BTreeMap<String, Uncertain>,
    /// Codes that the nodes counted but that never came.
    pub lost_samples: u64,
    /// Blocks of codes the recorder gave up.
    pub lost_blocks: u64,
    /// Estimate rows the recorder gave up.
    pub lost_estimates: u64,
    /// File of raw codes in the folder of records; null when there was none or it was removed.
    pub raw_file: Option<String>,
    /// Whether the raw codes were removed to keep the disk within its budget.
    pub raw_removed: bool,
    /// File of estimates.
    pub estimate_file: Option<String>,
    /// Whether the estimates were removed.
    pub estimate_removed: bool,
}

/// Which shots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShotFilter {
    /// Begun at or after.
    pub from: Option<WallTime>,
    /// Begun before.
    pub until: Option<WallTime>,
    /// Of this mold.
    pub mold: Option<String>,
    /// Of this lot.
    pub lot: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Of this kind.
    pub kind: Option<ShotKind>,
    /// This number or above.
    pub first: Option<u64>,
    /// This number or below; for the next page, the last number seen less one.
    pub last: Option<u64>,
}

impl ShotFilter {
    /// A condition in SQL and its values.
    pub(crate) fn sql(&self) -> (String, Vec<Value>) {
        let number = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let text = |t: &String| Value::Text(t.clone());
        let conditions = [
            ("began_ms >= ?", self.from.map(|t| Value::Integer(t.ms()))),
            ("began_ms < ?", self.until.map(|t| Value::Integer(t.ms()))),
            ("mold = ?", self.mold.as_ref().map(text)),
            ("lot = ?", self.lot.as_ref().map(text)),
            ("verdict = ?", self.verdict.map(|v| Value::Text(word(&v)))),
            ("kind = ?", self.kind.map(|k| Value::Text(word(&k)))),
            ("number >= ?", self.first.map(number)),
            ("number <= ?", self.last.map(number)),
        ];
        let mut sql = String::from("1");
        let mut values = Vec::new();
        for (condition, value) in conditions {
            if let Some(value) = value {
                sql.push_str(" AND ");
                sql.push_str(condition);
                values.push(value);
            }
        }
        (sql, values)
    }
}

/// Columns of [`shot_of`].
const COLUMNS: &str = "number, session, began_ms, ended_ms, duration_s, clock_step_ms, mold, \
    material, lot, kind, verdict, trust, interrupted, recipe_json, notes_json, phases_json, \
    features_json, latents_json, quality_json, lost_samples, lost_blocks, lost_estimates, \
    CASE raw_removed WHEN 0 THEN raw_file END, raw_removed, \
    CASE estimate_removed WHEN 0 THEN estimate_file END, estimate_removed";

fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into()))
}

/// A word this program does not know reads as the default, so that a page of old shots still shows.
fn named<T: DeserializeOwned + Default>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    Ok(serde_json::from_value(text.into()).unwrap_or_default())
}

fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::cast_unsigned)
}

fn shot_of(row: &Row<'_>) -> rusqlite::Result<ShotRow> {
    Ok(ShotRow {
        number: count(row, 0)?,
        session: count(row, 1)?,
        began: WallTime::from_ms(row.get(2)?),
        ended: row.get::<_, Option<i64>>(3)?.map(WallTime::from_ms),
        duration_s: row.get(4)?,
        clock_step_ms: row.get(5)?,
        mold: row.get(6)?,
        material: row.get(7)?,
        lot: row.get(8)?,
        kind: named(row, 9)?,
        verdict: named(row, 10)?,
        trust: row.get(11)?,
        interrupted: row.get(12)?,
        recipe: json(row, 13)?,
        notes: json(row, 14)?,
        phases: json(row, 15)?,
        features: json(row, 16)?,
        latents: json(row, 17)?,
        quality: json(row, 18)?,
        lost_samples: count(row, 19)?,
        lost_blocks: count(row, 20)?,
        lost_estimates: count(row, 21)?,
        raw_file: row.get(22)?,
        raw_removed: row.get(23)?,
        estimate_file: row.get(24)?,
        estimate_removed: row.get(25)?,
    })
}

/// Something that happened, as the book has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// The recorder's session.
    pub session: u64,
    /// Number in the session.
    pub id: u64,
    /// The shot that was open.
    pub shot: Option<u64>,
    /// When, ms since 1970 UTC.
    pub at: WallTime,
    /// A word for machines.
    pub kind: String,
    /// Who says so.
    pub source: String,
    /// The sentence an operator reads.
    pub text: String,
}

fn event_of(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        session: count(row, 0)?,
        id: count(row, 1)?,
        shot: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        at: WallTime::from_ms(row.get(3)?),
        kind: row.get(4)?,
        source: row.get(5)?,
        text: row.get(6)?,
    })
}

impl Book {
    /// A page of shots, newest first.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn shots(&self, filter: &ShotFilter, limit: usize) -> Result<Vec<ShotRow>, RecorderError> {
        let (condition, mut values) = filter.sql();
        values.push(Value::Integer(limit as i64));
        self.read("reading shots", |book| {
            let sql = format!(
                "SELECT {COLUMNS} FROM shots WHERE {condition} ORDER BY number DESC LIMIT ?"
            );
            book.prepare(&sql)?
                .query_map(params_from_iter(values), shot_of)?
                .collect()
        })
    }

    /// How many shots a filter lets through.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn count_shots(&self, filter: &ShotFilter) -> Result<u64, RecorderError> {
        let (condition, values) = filter.sql();
        self.read("counting shots", |book| {
            let sql = format!("SELECT count(*) FROM shots WHERE {condition}");
            book.query_row(&sql, params_from_iter(values), |row| count(row, 0))
        })
    }

    /// One shot.
    ///
    /// # Errors
    /// When it is not recorded or the book refuses.
    pub fn shot(&self, number: u64) -> Result<ShotRow, RecorderError> {
        self.read("reading a shot", |book| {
            book.prepare(&format!("SELECT {COLUMNS} FROM shots WHERE number = ?"))?
                .query_row([number.cast_signed()], shot_of)
                .optional()
        })?
        .ok_or(RecorderError::NoSuchShot(number))
    }

    /// Events of a shot, or of all time, newest first.
    ///
    /// # Errors
    /// When the book refuses.
    pub fn events(&self, shot: Option<u64>, limit: usize) -> Result<Vec<EventRow>, RecorderError> {
        let condition = if shot.is_some() {
            "shot = ?1"
        } else {
            "?1 IS NULL"
        };
        self.read("reading events", |book| {
            book.prepare(&format!(
                "SELECT session, id, shot, at_ms, kind, source, text FROM events \
                 WHERE {condition} ORDER BY session DESC, id DESC LIMIT ?2",
            ))?
            .query_map(params![shot.map(u64::cast_signed), limit as i64], event_of)?
            .collect()
        })
    }

    /// Events of a time, or of the shots of a range, in order.
    pub(crate) fn events_within(
        &self,
        time: (WallTime, WallTime),
        shots: (u64, u64),
    ) -> Result<Vec<EventRow>, RecorderError> {
        self.read("reading events", |book| {
            book.prepare(
                "SELECT session, id, shot, at_ms, kind, source, text FROM events \
                 WHERE (at_ms >= ? AND at_ms < ?) OR shot BETWEEN ? AND ? ORDER BY session, id",
            )?
            .query_map(within(time, shots), event_of)?
            .collect()
        })
    }
}

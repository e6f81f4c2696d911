//! How the archive writes into the book.

use crate::archive::curves::{ShotAbout, lost_samples};
use crate::book::Book;
use crate::error::RecorderError;
use crate::front::Before;
use crate::log::record::{Event, ShotKind, Verdict};
use crate::log::recover::LoggedShot;
use crate::log::shot::ShotData;
use crate::wall::WallTime;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::collections::BTreeMap;

/// A file of curves as the book knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFile {
    /// Path in the folder of records; `None` when there was nothing to store.
    pub file: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: Option<String>,
}

/// A name as it stands in JSON, without quotes: `ShotKind::StartUp` is `startup`.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// JSON of our own types: keys are texts, so it cannot fail.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our keys are texts")
}

/// Session and beginning of the shot that has a number.
fn holder(book: &Connection, number: u64) -> rusqlite::Result<Option<(u64, WallTime)>> {
    book.query_row(
        "SELECT session, began_ms FROM shots WHERE number = ?",
        [number.cast_signed()],
        |row| {
            let session: i64 = row.get(0)?;
            Ok((session.cast_unsigned(), WallTime::from_ms(row.get(1)?)))
        },
    )
    .optional()
}

impl Book {
    /// What the book knows about earlier starts. `logged` are the shots found in the log.
    pub(crate) fn before<'a>(
        &self,
        logged: impl Iterator<Item = &'a LoggedShot>,
    ) -> Result<Before, RecorderError> {
        self.read("reading the last shot", |book| {
            let one = |sql: &str| -> rusqlite::Result<Option<i64>> {
                book.query_row(sql, [], |row| row.get(0))
            };
            let highest = |value: Option<i64>| value.map_or(0, i64::cast_unsigned);
            let shots = highest(one("SELECT max(session) FROM shots")?);
            let events = highest(one("SELECT max(session) FROM events")?);
            let wall = one("SELECT coalesce(ended_ms, began_ms) FROM shots \
                            WHERE number = (SELECT max(number) FROM shots)");
            let mut stored = Vec::new();
            for shot in logged {
                if holder(book, shot.number)? == Some((shot.session, shot.began)) {
                    stored.push(shot.number);
                }
            }
            Ok(Before {
                shot: highest(one("SELECT max(number) FROM shots")?),
                session: shots.max(events),
                wall: wall.optional()?.flatten().map(WallTime::from_ms),
                stored,
            })
        })
    }

    /// The number a shot gets in the book; `None` when it has it already.
    ///
    /// It is its own unless another shot has that. This happens only when log and book were parted,
    /// for example by bringing back an old copy of one of them; the shot that was there first stays.
    pub(crate) fn number_for(&self, shot: &LoggedShot) -> Result<Option<u64>, RecorderError> {
        self.read("looking for a shot", |book| {
            match holder(book, shot.number)? {
                None => return Ok(Some(shot.number)),
                Some(held) if held == (shot.session, shot.began) => return Ok(None),
                Some(_) => {}
            }
            let (renumbered, last): (i64, i64) = book.query_row(
                "SELECT coalesce(sum(session = ? AND began_ms = ? \
                 AND json_extract(notes_json, '$.recorded_as') = ?), 0), max(number) FROM shots",
                params![
                    shot.session.cast_signed(),
                    shot.began.ms(),
                    shot.number.to_string()
                ],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            Ok((renumbered == 0).then_some(last.cast_unsigned() + 1))
        })
    }

    /// Enters a shot. Never over another: a number that is taken is an error.
    pub(crate) fn enter_shot(
        &self,
        number: u64,
        shot: &ShotData,
        about: &ShotAbout,
        raw: &StoredFile,
        estimates: &StoredFile,
    ) -> Result<(), RecorderError> {
        let mut context = about.begin.context.clone();
        let mut notes = BTreeMap::new();
        for note in &about.notes {
            match note.key.as_str() {
                "mold" => context.mold.clone_from(&note.value),
                "material" => context.material.clone_from(&note.value),
                "lot" => context.lot.clone_from(&note.value),
                "recipe" => context.recipe_json.clone_from(&note.value),
                key => {
                    notes.insert(key.to_owned(), note.value.clone());
                }
            }
        }
        if number != about.begin.number {
            notes.insert("recorded_as".into(), about.begin.number.to_string());
        }
        if shot.damaged > 0 {
            notes.insert(
                "damaged_stretches_of_the_log".into(),
                shot.damaged.to_string(),
            );
        }
        // What the press sent is kept even when it is no JSON, as a text.
        let recipe: serde_json::Value = serde_json::from_str(&context.recipe_json)
            .unwrap_or(serde_json::Value::String(context.recipe_json));
        let end = about.end.as_ref();
        let summary = end.map(|e| e.summary.clone()).unwrap_or_default();
        let interrupted = end.map_or_else(
            || Some("the box stopped".to_owned()),
            |e| e.interrupted.clone(),
        );
        let lost = |of: fn(&crate::log::record::Lost) -> u64| {
            about.lost.iter().map(of).sum::<u64>().cast_signed()
        };
        let seconds = |ns: i64| ns as f64 * 1e-9;
        self.write("entering a shot", |step| {
            step.prepare(
                "INSERT INTO shots (number, session, began_ms, ended_ms, duration_s, \
                 clock_step_ms, mold, material, lot, kind, verdict, trust, interrupted, \
                 recipe_json, notes_json, phases_json, features_json, latents_json, quality_json, \
                 lost_samples, lost_blocks, lost_estimates, \
                 raw_file, raw_bytes, raw_sha256, estimate_file, estimate_bytes, estimate_sha256) \
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )?
            .execute(params![
                number.cast_signed(),
                about.session.cast_signed(),
                about.begin.wall.ms(),
                end.map(|e| e.wall.ms()),
                end.map(|e| seconds(e.at_ns - about.begin.at_ns)),
                about.begin.clock_step_ms,
                context.mold,
                context.material,
                context.lot,
                word::<ShotKind>(&summary.kind),
                word::<Verdict>(&summary.verdict),
                summary.trust,
                interrupted,
                json(&recipe),
                json(&notes),
                json(&summary.phases),
                json(&summary.features),
                json(&summary.latents),
                json(&summary.quality),
                lost_samples(shot).cast_signed(),
                lost(|l| l.blocks),
                lost(|l| l.estimates),
                raw.file,
                raw.bytes.cast_signed(),
                raw.sha256,
                estimates.file,
                estimates.bytes.cast_signed(),
                estimates.sha256,
            ])?;
            Ok(())
        })
    }

    /// Enters events; those already there stay as they are.
    pub(crate) fn enter_events(&self, events: &[Event]) -> Result<(), RecorderError> {
        self.write("entering events", |step| {
            let mut insert = step.prepare(
                "INSERT OR IGNORE INTO events (session, id, shot, at_ms, kind, source, text) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?;
            for event in events {
                insert.execute(params![
                    event.session.cast_signed(),
                    event.id.cast_signed(),
                    event.shot.map(u64::cast_signed),
                    event.wall.ms(),
                    event.kind,
                    event.source,
                    event.text,
                ])?;
            }
            Ok(())
        })
    }
}

//! What the box decided about the press after each shot, and what came of it.
//!
//! A row is made when something is decided and never removed. Three columns are filled in later, each as it becomes known:
//! what a person answered, what was written and read back, and the effect that was seen.

use crate::book::{Book, audit, store::word};
use crate::error::RecorderError;
use crate::wall::WallTime;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// What a decision came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// Nothing is to be done, or nothing may be.
    #[default]
    Nothing,
    /// A person is asked.
    Advise,
    /// The press is written to.
    Write,
}

/// A decision to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewDecision {
    /// The shot it was made after.
    pub shot: u64,
    /// Mode: `observe`, `advise` or `correct`.
    pub mode: String,
    /// What it came to.
    pub kind: DecisionKind,
    /// What was seen, every rule with its numbers, the values and their predicted effect.
    pub decision: serde_json::Value,
}

/// What is filled in later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Who confirmed or declined.
    Answer,
    /// What was written and what was read back.
    Written,
    /// The effect that was seen.
    Outcome,
}

impl Later {
    const fn update(self) -> &'static str {
        match self {
            Self::Answer => "UPDATE corrections SET answer_json = ?2 WHERE id = ?1",
            Self::Written => "UPDATE corrections SET written_json = ?2 WHERE id = ?1",
            Self::Outcome => "UPDATE corrections SET outcome_json = ?2 WHERE id = ?1",
        }
    }
}

/// A decision kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CorrectionRow {
    /// Its place.
    pub id: i64,
    /// When, ms since 1970 UTC.
    pub at: WallTime,
    /// The shot it was made after.
    pub shot: u64,
    /// Mode.
    pub mode: String,
    /// What it came to.
    pub kind: DecisionKind,
    /// What was seen and decided.
    pub decision: serde_json::Value,
    /// What a person answered; null while nobody did.
    pub answer: serde_json::Value,
    /// What was written and read back; null while nothing was.
    pub written: serde_json::Value,
    /// The effect seen; null while it is not known.
    pub outcome: serde_json::Value,
}

const COLUMNS: &str =
    "id, at_ms, shot, mode, verdict, decision_json, answer_json, written_json, outcome_json";

fn row_of(row: &Row<'_>) -> rusqlite::Result<CorrectionRow> {
    let json = |at: usize| -> rusqlite::Result<serde_json::Value> {
        let text: Option<String> = row.get(at)?;
        Ok(text.map_or(serde_json::Value::Null, |t| {
            serde_json::from_str(&t).unwrap_or_default()
        }))
    };
    let kind: String = row.get(4)?;
    Ok(CorrectionRow {
        id: row.get(0)?,
        at: WallTime::from_ms(row.get(1)?),
        shot: row.get::<_, i64>(2)?.cast_unsigned(),
        mode: row.get(3)?,
        kind: serde_json::from_value(kind.into()).unwrap_or_default(),
        decision: json(5)?,
        answer: json(6)?,
        written: json(7)?,
        outcome: json(8)?,
    })
}

impl Book {
    /// Keeps a decision; one that asks a person or writes is noted in the audit too. Returns its place.
    ///
    /// # Errors
    /// When the disk or the book refuses.
    pub fn decide(&self, new: &NewDecision) -> Result<i64, RecorderError> {
        let at = WallTime::now();
        self.write("keeping a decision", |step| {
            step.execute(
                "INSERT INTO corrections (at_ms, shot, mode, verdict, decision_json) VALUES (?,?,?,?,?)",
                params![
                    at.ms(),
                    new.shot.cast_signed(),
                    new.mode,
                    word(&new.kind),
                    new.decision.to_string()
                ],
            )?;
            let id = step.last_insert_rowid();
            if new.kind != DecisionKind::Nothing {
                let detail = format!("decision {id} after shot {}: {}", new.shot, word(&new.kind));
                audit::append(step, at, "moldsight", "correction", &detail)?;
            }
            Ok(id)
        })
    }

    /// Fills in what became known of a decision, and notes it in the audit as `who` did it.
    ///
    /// # Errors
    /// When there is no such decision, or the disk or the book refuses.
    pub fn tell_correction(
        &self,
        id: i64,
        what: Later,
        value: &serde_json::Value,
        who: &str,
    ) -> Result<(), RecorderError> {
        let found = self.write("adding to a decision", |step| {
            let text = value.to_string();
            let found = step.execute(what.update(), params![id, text])?;
            if found > 0 && what != Later::Outcome {
                let what = if what == Later::Answer {
                    "correction answered"
                } else {
                    "correction written"
                };
                audit::append(
                    step,
                    WallTime::now(),
                    who,
                    what,
                    &format!("decision {id}: {text}"),
                )?;
            }
            Ok(found)
        })?;
        if found == 0 {
            return Err(RecorderError::NoDecision(id));
        }
        Ok(())
    }

    /// Decisions before a place, newest first.
    ///
    /// # Errors
    /// When the disk or the book refuses.
    pub fn corrections(
        &self,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<CorrectionRow>, RecorderError> {
        self.read("reading decisions", |book| {
            let mut query = book.prepare(&format!(
                "SELECT {COLUMNS} FROM corrections WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            query
                .query_map(params![before.unwrap_or(i64::MAX), limit], row_of)?
                .collect()
        })
    }

    /// One decision.
    ///
    /// # Errors
    /// When there is none of that number, or the disk or the book refuses.
    pub fn correction(&self, id: i64) -> Result<CorrectionRow, RecorderError> {
        let found = self.read("reading a decision", |book| {
            let mut query =
                book.prepare(&format!("SELECT {COLUMNS} FROM corrections WHERE id = ?1"))?;
            query.query_map([id], row_of)?.next().transpose()
        })?;
        found.ok_or(RecorderError::NoDecision(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_decision_is_kept_completed_and_audited_but_never_changed() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::new(&Settings::in_folder(folder.path().to_path_buf()));
        let new = |shot, kind| NewDecision {
            shot,
            mode: "advise".into(),
            kind,
            decision: serde_json::json!({ "shot": shot }),
        };
        let quiet = book.decide(&new(1, DecisionKind::Nothing)).unwrap();
        let asked = book.decide(&new(2, DecisionKind::Advise)).unwrap();
        let yes = serde_json::json!({ "answer": "confirmed" });
        book.tell_correction(asked, Later::Answer, &yes, "kim")
            .unwrap();
        let effect = serde_json::json!({ "mass_kg": 0.0116 });
        book.tell_correction(asked, Later::Outcome, &effect, "moldsight")
            .unwrap();
        let row = book.correction(asked).unwrap();
        assert_eq!((row.kind, row.shot), (DecisionKind::Advise, 2));
        assert_eq!((row.answer, row.outcome), (yes, effect));
        assert!(row.written.is_null());
        let all = book.corrections(None, 10).unwrap();
        assert_eq!(all.iter().map(|r| r.id).collect::<Vec<_>>(), [asked, quiet]);
        assert_eq!(book.corrections(Some(asked), 10).unwrap().len(), 1);
        // The one that did nothing is not in the audit; the other stands there with its answer.
        let audit = book.audit_page(None, 10).unwrap();
        let actions: Vec<_> = audit
            .iter()
            .map(|a| (a.who.as_str(), a.action.as_str()))
            .collect();
        assert_eq!(
            actions,
            [("kim", "correction answered"), ("moldsight", "correction")]
        );
        assert!(matches!(
            book.tell_correction(99, Later::Answer, &serde_json::Value::Null, "kim"),
            Err(RecorderError::NoDecision(99))
        ));
        let forged = book.write("forging", |b| {
            b.execute(
                "UPDATE corrections SET decision_json = '{}' WHERE id = 1",
                [],
            )
        });
        assert!(forged.is_err());
    }
}

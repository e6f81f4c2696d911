//! What became of orders, as the book and the journal keep it.

use appliance_pipeline::guard::{Outcome, ReadBack};
use appliance_pipeline::ports::Setpoints;
use appliance_recorder::{Book, CorrectionRow, DecisionKind, Later, NewDecision};
use appliance_web::view;

use super::{Desk, Inner};
use crate::press::record::{Answered, Found, Written};
use crate::snapshot::now_ms;

/// Decisions looked through for a write whose read back is open.
const RECENT: usize = 50;

impl Desk {
    pub(super) fn read_back(&self, inner: &mut Inner, read: &ReadBack) {
        let Some(row) = inner.rows.remove(&read.id) else {
            return;
        };
        if !read.good {
            inner.open = None;
        }
        let finite = |v: f64| v.is_finite().then_some(v);
        let values = read.values.iter();
        let written = Written {
            at_ms: self
                .book
                .correction(row)
                .ok()
                .and_then(|r| serde_json::from_value::<Written>(r.written).ok())
                .map_or_else(now_ms, |w| w.at_ms),
            read_ms: Some(now_ms()),
            read: values
                .map(|(s, _, found)| (s.name().to_owned(), finite(*found)))
                .collect(),
            good: read.good,
            refusal: read.refused.clone(),
        };
        if let Err(why) = self.tell(row, Later::Written, &written, "moldsight") {
            eprintln!("moldsight: a read back cannot be kept: {why}");
        }
    }

    /// The effect of the last order, by the first production shot that began with its values.
    pub(super) fn outcome(
        &self,
        inner: &mut Inner,
        shot: u64,
        ran_with: &Setpoints,
        found: &[(String, f64, f64)],
    ) {
        let Some((order, row)) = inner.open.take() else {
            return;
        };
        let values: Vec<(String, f64)> = found.iter().map(|(n, v, _)| (n.clone(), *v)).collect();
        let in_force = order.change.values.iter().all(|(s, value)| {
            let ability = self.fixed.abilities.setpoints[*s as usize].as_ref();
            let tolerance = ability.map_or(0.0, |a| a.tolerance);
            (ran_with[*s] - value).abs() <= tolerance
        });
        if !in_force || Outcome::of(&order, shot, &values).is_none() {
            // A restore promised no effect.
            inner.open = (!order.effects.is_empty()).then_some((order, row));
            return;
        }
        let seen: Vec<Found> = found
            .iter()
            .filter(|(_, v, _)| v.is_finite())
            .map(|(name, value, sd)| Found {
                name: name.clone(),
                seen: *value,
                sd: sd.is_finite().then_some(*sd),
                shot,
            })
            .collect();
        if let Err(why) = self.tell(row, Later::Outcome, &seen, "moldsight") {
            eprintln!("moldsight: what came of a correction cannot be kept: {why}");
        }
    }

    pub(super) fn answer(
        &self,
        inner: &mut Inner,
        row: i64,
        user: Option<&str>,
        confirmed: bool,
        reason: Option<String>,
    ) {
        if inner.waiting == Some(row) {
            inner.waiting = None;
        }
        let answered = Answered {
            user: user.map(str::to_owned),
            at_ms: now_ms(),
            confirmed,
            reason,
        };
        if let Err(why) = self.tell(row, Later::Answer, &answered, user.unwrap_or("moldsight")) {
            eprintln!("moldsight: an answer to advice cannot be kept: {why}");
        }
    }

    pub(super) fn keep(&self, kind: DecisionKind, view: &view::Decision) -> Result<i64, String> {
        let new = NewDecision {
            shot: view.shot,
            mode: format!("{:?}", view.mode).to_lowercase(),
            kind,
            decision: serde_json::to_value(view).map_err(|e| e.to_string())?,
        };
        self.book
            .decide(&new)
            .map_err(|e| format!("keeping a decision: {e}"))
    }

    pub(super) fn tell(
        &self,
        row: i64,
        what: Later,
        value: &impl serde::Serialize,
        who: &str,
    ) -> Result<(), String> {
        let value = serde_json::to_value(value).map_err(|e| e.to_string())?;
        self.book
            .tell_correction(row, what, &value, who)
            .map_err(|e| format!("adding to a decision: {e}"))
    }
}

pub(super) fn count(counts: &mut view::CorrectionCounts, rule: &str) {
    match counts.refusals.iter_mut().find(|(name, _)| name == rule) {
        Some((_, n)) => *n += 1,
        None => counts.refusals.push((rule.into(), 1)),
    }
}

/// Row of the write that a restart left open: written after this shot and never read back.
pub(super) fn unread_row(book: &Book, shot: u64) -> Option<i64> {
    let rows = book.corrections(None, RECENT).ok()?;
    let open = |row: &&CorrectionRow| {
        let written = serde_json::from_value::<Written>(row.written.clone());
        row.shot == shot && written.is_ok_and(|w| w.read_ms.is_none() && w.refusal.is_none())
    };
    rows.iter().find(open).map(|row| row.id)
}

//! A decision as it is kept and shown.

use appliance_pipeline::guard::{Check, Decision, Mode, Order, OrderKind, Rule, Verdict};
use appliance_pipeline::ports::{Setpoint, Setpoints};
use appliance_recorder::{CorrectionRow, DecisionKind};
use appliance_web::view;
use serde::{Deserialize, Serialize};

use super::desk::Plan;

/// What was written and what was read back, as kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// When, ms since 1970.
    pub at_ms: i64,
    /// When it was read back, ms since 1970.
    pub read_ms: Option<i64>,
    /// Setpoint and value read back, SI; none where it could not be read.
    pub read: Vec<(String, Option<f64>)>,
    /// Everything read back as written.
    pub good: bool,
    /// What stood in the way.
    pub refusal: Option<String>,
}

/// What a person answered, as kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Who; nobody when it expired.
    pub user: Option<String>,
    /// When, ms since 1970.
    pub at_ms: i64,
    /// Confirmed.
    pub confirmed: bool,
    /// In their words.
    pub reason: Option<String>,
}

/// A property of the part that was seen afterwards, as kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Value, SI.
    pub seen: f64,
    /// Its standard deviation.
    pub sd: Option<f64>,
    /// In which shot.
    pub shot: u64,
}

/// Mode in the words of the API.
pub const fn mode(mode: Mode) -> view::Mode {
    match mode {
        Mode::Observe => view::Mode::Observe,
        Mode::Advise => view::Mode::Advise,
        Mode::Correct => view::Mode::Correct,
    }
}

fn finite(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

/// Rules for the page, those that failed first.
pub fn rules(checks: &[Check]) -> Vec<view::RuleLine> {
    let mut lines: Vec<view::RuleLine> = checks
        .iter()
        .map(|c| view::RuleLine {
            rule: c.rule.key().into(),
            passed: c.pass,
            subject: c.setpoint.map(|s| s.name().to_owned()),
            value: finite(c.value),
            limit: finite(c.bound),
            unit: match (c.setpoint, c.rule) {
                (Some(s), _) => s.unit(),
                (None, Rule::SignalsFresh | Rule::Heartbeat | Rule::WishRecent) => "s",
                _ => "",
            }
            .into(),
        })
        .collect();
    lines.sort_by_key(|l| l.passed);
    lines
}

/// What an order comes to, beside the plan it came from.
fn changes(order: &Order, decision: &Decision, wanted: &Setpoints) -> Vec<view::SetpointChange> {
    let before = |s: Setpoint| {
        let stood = order.before.iter().find(|(b, _)| *b == s);
        stood.map_or(f64::NAN, |(_, v)| *v)
    };
    let clipped = decision.clipped.map(|c| c.by.key().to_owned());
    let one = |(s, value): &(Setpoint, f64)| view::SetpointChange {
        setpoint: s.name().into(),
        unit: s.unit().into(),
        before: before(*s),
        wanted: finite(wanted[*s]).unwrap_or(*value),
        value: *value,
        clipped_by: clipped.clone(),
        read_back: None,
    };
    order.change.values.iter().map(one).collect()
}

/// A decision to be kept; its number comes from the book.
pub fn kept(
    decision: &Decision,
    plan: Option<&Plan>,
    now_ms: i64,
) -> (DecisionKind, view::Decision) {
    let wish = decision.seen.wish.as_ref();
    let (kind, order) = match &decision.verdict {
        Verdict::Nothing => (DecisionKind::Nothing, None),
        Verdict::Advise(advice) => (DecisionKind::Advise, Some(&advice.order)),
        Verdict::Write(order) => (DecisionKind::Write, Some(order)),
    };
    let restore = order.is_some_and(|o| o.kind == OrderKind::Restore);
    let wanted = plan.map(|p| p.wanted).unwrap_or_default();
    let changes = match (order, wish) {
        (Some(order), _) => changes(order, decision, &wanted),
        (None, Some(wish)) => {
            let one = |(s, value): &(Setpoint, f64)| view::SetpointChange {
                setpoint: s.name().into(),
                unit: s.unit().into(),
                before: decision.seen.setpoints[*s],
                wanted: *value,
                value: decision.seen.setpoints[*s],
                clipped_by: None,
                read_back: None,
            };
            wish.change.values.iter().map(one).collect()
        }
        (None, None) => Vec::new(),
    };
    let mut effect = match plan {
        Some(plan) if !restore => plan.effects.clone(),
        _ => Vec::new(),
    };
    // A shortened wish does less.
    let share = decision.clipped.map_or(1.0, |c| c.share);
    for e in &mut effect {
        e.change *= share;
        e.after = e.before + e.change;
    }
    let reason = match plan {
        _ if restore => "advice.restore",
        Some(plan) => &plan.reason,
        None => "advice.none",
    };
    let view = view::Decision {
        id: 0,
        shot: decision.seen.shot.map_or(0, |(number, ..)| number),
        wall_ms: now_ms,
        mode: mode(decision.mode),
        state: view::DecisionState::Withheld,
        kind: if restore {
            view::DecisionKind::Restore
        } else {
            view::DecisionKind::Correction
        },
        reason: reason.into(),
        rules: rules(&decision.reasons),
        changes,
        effect,
        expires_ms: None,
        answer: None,
        written_ms: None,
        read_back_ms: None,
        refusal: None,
    };
    (kind, view)
}

/// A row of the book for the pages; `waiting` is the row of the advice that waits now.
///
/// # Errors
/// When the row is not one this program wrote.
pub fn shown(
    row: &CorrectionRow,
    waiting: Option<i64>,
) -> Result<view::Decision, serde_json::Error> {
    let mut view: view::Decision = serde_json::from_value(row.decision.clone())?;
    let part = |v: &serde_json::Value| (!v.is_null()).then(|| v.clone());
    let answered: Option<Answered> = part(&row.answer).map(serde_json::from_value).transpose()?;
    let written: Option<Written> = part(&row.written).map(serde_json::from_value).transpose()?;
    let found: Vec<Found> = part(&row.outcome)
        .map(serde_json::from_value)
        .transpose()?
        .unwrap_or_default();
    view.id = u64::try_from(row.id).unwrap_or(0);
    view.wall_ms = row.at.ms();
    let confirmed = answered.as_ref().is_some_and(|a| a.confirmed);
    view.state = match (&written, row.kind) {
        (Some(w), _) if w.refusal.is_some() => view::DecisionState::Refused,
        (Some(w), _) if w.good => view::DecisionState::InForce,
        (Some(w), _) if w.read_ms.is_some() => view::DecisionState::Differs,
        (Some(_), _) => view::DecisionState::Written,
        (None, DecisionKind::Nothing) => view::DecisionState::Withheld,
        (None, DecisionKind::Write) => view::DecisionState::Written,
        (None, DecisionKind::Advise) if waiting == Some(row.id) => view::DecisionState::Waiting,
        (None, DecisionKind::Advise) if confirmed => view::DecisionState::Written,
        (None, DecisionKind::Advise) if answered.as_ref().is_some_and(|a| a.user.is_some()) => {
            view::DecisionState::Declined
        }
        (None, DecisionKind::Advise) => view::DecisionState::Expired,
    };
    view.answer = answered.and_then(|a| {
        Some(view::PersonsAnswer {
            user: a.user?,
            wall_ms: a.at_ms,
            confirmed: a.confirmed,
            reason: a.reason,
        })
    });
    if let Some(written) = written {
        view.written_ms = Some(written.at_ms);
        view.read_back_ms = written.read_ms;
        view.refusal = written.refusal;
        for change in &mut view.changes {
            let read = written.read.iter().find(|(s, _)| *s == change.setpoint);
            change.read_back = read.and_then(|(_, v)| *v);
        }
    }
    for effect in &mut view.effect {
        if let Some(f) = found.iter().find(|f| f.name == effect.name) {
            (effect.seen, effect.seen_sd, effect.seen_shot) = (Some(f.seen), f.sd, Some(f.shot));
        }
    }
    Ok(view)
}

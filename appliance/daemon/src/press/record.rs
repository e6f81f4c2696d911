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
                (
                    None,
                    Rule::SignalsFresh | Rule::Heartbeat | Rule::WishRecent | Rule::BeforeInjection,
                ) => "s",
                _ => "",
            }
            .into(),
        })
        .collect();
    lines.sort_by_key(|l| l.passed);
    lines
}

/// The key at the press stands in the way. No rule of the guard: it cannot be argued with, and nothing is asked while it is off.
pub fn key_is_off() -> view::RuleLine {
    view::RuleLine {
        rule: "key_on".into(),
        passed: false,
        subject: None,
        value: None,
        limit: None,
        unit: String::new(),
    }
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
    let wanted = match plan {
        Some(plan) if !restore => plan.wanted,
        _ => Setpoints::default(),
    };
    let mut changes = match (order, wish) {
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
    // A number that nobody knows cannot be kept as one.
    changes.retain(|c| c.before.is_finite() && c.wanted.is_finite() && c.value.is_finite());
    let mut effect = match plan {
        Some(plan) if !restore => plan.effects.clone(),
        _ => Vec::new(),
    };
    effect.retain(|e| e.before.is_finite() && e.after.is_finite() && e.change.is_finite());
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use appliance_pipeline::guard::{Seen, State};
    use appliance_pipeline::ports::Operating;
    use appliance_recorder::WallTime;
    use serde_json::{Value, json};

    fn decision() -> Decision {
        Decision {
            at_s: 0.0,
            seen: Seen {
                link: true,
                cycle: None,
                operating: Operating::Automatic,
                released: None,
                frozen: None,
                setpoints: Setpoints::default(),
                age_s: f64::NAN,
                shot: None,
                wish: None,
            },
            state: State::Ready,
            mode: Mode::Advise,
            arrows: Vec::new(),
            reasons: Vec::new(),
            clipped: None,
            read_back: None,
            verdict: Verdict::Write(Order {
                id: 1,
                kind: OrderKind::Correction,
                shot: 7,
                before: vec![(Setpoint::HoldPressure, 45e6)],
                change: appliance_pipeline::ports::Change {
                    values: vec![(Setpoint::HoldPressure, 46e6)],
                },
                effects: Vec::new(),
            }),
            store: true,
        }
    }

    fn row(kind: DecisionKind, answer: Value, written: Value) -> CorrectionRow {
        CorrectionRow {
            id: 4,
            at: WallTime::from_ms(1),
            shot: 7,
            mode: "advise".into(),
            kind,
            decision: serde_json::to_value(kept(&decision(), None, 1).1).unwrap(),
            answer,
            written,
            outcome: Value::Null,
        }
    }

    fn answered(user: Option<&str>, confirmed: bool) -> Value {
        json!({ "user": user, "at_ms": 2, "confirmed": confirmed, "reason": null })
    }

    fn written(read_ms: Option<i64>, good: bool, refusal: Option<&str>) -> Value {
        let read = [("hold_pressure", 46e6)];
        json!({ "at_ms": 3, "read_ms": read_ms, "read": read, "good": good, "refusal": refusal })
    }

    #[test]
    fn the_state_of_a_row_follows_from_what_was_added_to_it() {
        use view::DecisionState as S;
        let none = || Value::Null;
        let yes = || answered(Some("kim"), true);
        let cases = [
            (DecisionKind::Nothing, none(), none(), S::Withheld),
            (DecisionKind::Advise, none(), none(), S::Expired),
            (
                DecisionKind::Advise,
                answered(None, false),
                none(),
                S::Expired,
            ),
            (
                DecisionKind::Advise,
                answered(Some("kim"), false),
                none(),
                S::Declined,
            ),
            (DecisionKind::Advise, yes(), none(), S::Written),
            (
                DecisionKind::Advise,
                yes(),
                written(None, false, None),
                S::Written,
            ),
            (
                DecisionKind::Advise,
                yes(),
                written(Some(5), true, None),
                S::InForce,
            ),
            (
                DecisionKind::Write,
                none(),
                written(Some(5), false, None),
                S::Differs,
            ),
            (
                DecisionKind::Write,
                none(),
                written(Some(5), false, Some("range")),
                S::Refused,
            ),
        ];
        for (kind, answer, written, state) in cases {
            let row = row(kind, answer, written);
            assert_eq!(shown(&row, None).unwrap().state, state, "{row:?}");
        }
        let waits = row(DecisionKind::Advise, none(), none());
        assert_eq!(shown(&waits, Some(4)).unwrap().state, S::Waiting);
    }

    #[test]
    fn what_was_read_back_and_answered_stands_beside_what_was_written() {
        let row = row(
            DecisionKind::Advise,
            answered(Some("kim"), true),
            written(Some(5), true, None),
        );
        let view = shown(&row, None).unwrap();
        assert_eq!(view.changes[0].before, 45e6);
        assert_eq!(view.changes[0].read_back, Some(46e6));
        assert_eq!((view.written_ms, view.read_back_ms), (Some(3), Some(5)));
        assert_eq!(view.answer.unwrap().user, "kim");
    }

    #[test]
    fn a_number_that_nobody_knows_does_not_spoil_the_row() {
        let mut unknown = decision();
        if let Verdict::Write(order) = &mut unknown.verdict {
            order.before.clear();
        }
        let mut row = row(DecisionKind::Write, Value::Null, Value::Null);
        row.decision = serde_json::to_value(kept(&unknown, None, 1).1).unwrap();
        assert!(shown(&row, None).unwrap().changes.is_empty());
    }
}

//! How things stand at the press, for pages, metrics and the live stream.

use appliance_pipeline::guard::{Arrow, Effect, Mode, Rule, State};
use appliance_pipeline::ports::Setpoint;
use appliance_web::view;

use super::desk::{Desk, Inner};
use super::link::operating;
use super::record;

impl Desk {
    /// Everything about corrections now, the waiting advice left out.
    pub fn now(&self) -> view::CorrectionNow {
        let inner = &*self.lock();
        view::CorrectionNow {
            mode: if inner.guard.state().armed() {
                record::mode(inner.guard.mode())
            } else {
                view::Mode::Observe
            },
            arms_to: (inner.guard.state() == State::Released)
                .then(|| record::mode(inner.guard.mode().max(Mode::Advise))),
            guard: line(inner),
            rules: inner.rules.clone(),
            advice: None,
            setpoints: setpoints(self, inner),
            press: inner.link.shown(&self.fixed),
            counts: inner.counts.clone(),
        }
    }

    /// Row of the advice that waits.
    pub fn waiting(&self) -> Option<i64> {
        self.lock().waiting
    }

    /// What was agreed about the press.
    pub fn agreed(&self) -> view::PressSetup {
        let seen = self.lock().link.thumbprint.clone();
        self.fixed.agreed(seen.as_deref())
    }

    /// The certificate the press showed and nobody confirmed.
    pub fn shown_certificate(&self) -> Option<String> {
        self.lock().link.thumbprint.clone()
    }

    /// Keys and pins.
    pub fn folder(&self) -> &std::path::Path {
        &self.fixed.folder
    }

    /// For the live stream: advice, guard, press.
    pub fn live(&self) -> (Vec<view::Advice>, view::GuardLine, view::PressRead) {
        let inner = &*self.lock();
        let row = inner.waiting.and_then(|r| u64::try_from(r).ok());
        let advice = match (inner.guard.advice(), row) {
            (Some(advice), Some(row)) => {
                let order = &advice.order;
                let effect = |e: &Effect| view::QualityLine {
                    name: e.target.clone(),
                    value: e.change,
                    sd: e.sd,
                    unit: e.unit.clone(),
                    limits: [None, None],
                };
                let effects: Vec<_> = order.effects.iter().map(effect).collect();
                let reason = inner.plan.as_ref().map(|p| p.reason.clone());
                let before = |s: Setpoint| {
                    let found = order.before.iter().find(|(b, _)| *b == s);
                    found.map_or(f64::NAN, |(_, v)| *v)
                };
                let one = |(s, value): &(Setpoint, f64)| view::Advice {
                    decision: row,
                    setpoint: s.name().into(),
                    change: value - before(*s),
                    unit: s.unit().into(),
                    effect: effects.clone(),
                    reason: reason.clone().unwrap_or_default(),
                };
                order.change.values.iter().map(one).collect()
            }
            _ => Vec::new(),
        };
        let signals = inner.link.signals.as_ref().map(|(s, _)| s);
        let press = view::PressRead {
            connected: inner.link.lost.is_none() && signals.is_some() && !inner.link.stale,
            operating_mode: operating(signals.map(|s| s.operating).unwrap_or_default()).into(),
            setpoints: signals
                .map(|s| {
                    s.setpoints
                        .known()
                        .map(|(s, v)| (s.name().into(), v))
                        .collect()
                })
                .unwrap_or_default(),
        };
        (advice, line(inner), press)
    }
}

/// Rules whose failure leads to a hold.
const HOLDS: [&str; 5] = [
    Rule::LinkUp.key(),
    Rule::SignalsFresh.key(),
    Rule::Heartbeat.key(),
    Rule::PressInAutomatic.key(),
    Rule::EstimateTrusted.key(),
];

/// Rules by which the press takes nothing, while the guard stays where it is.
const CLOSED: [&str; 3] = [
    Rule::SetpointsReleased.key(),
    Rule::NotFrozen.key(),
    Rule::SetpointsKnown.key(),
];

/// State in a word, and the key of the sentence that says why: the rule that stands in the way, or the arrow that led there.
fn line(inner: &Inner) -> view::GuardLine {
    let state = inner.guard.state();
    // The hold itself is a rule too; it is named only once nothing else stands in the way.
    let fails = |r: &&view::RuleLine| !r.passed;
    let cause = |r: &&view::RuleLine| fails(r) && HOLDS.contains(&r.rule.as_str());
    let closed = |r: &&view::RuleLine| fails(r) && CLOSED.contains(&r.rule.as_str());
    let rules = || inner.rules.iter();
    let failed = match state {
        State::Holding => rules()
            .find(cause)
            .or_else(|| rules().find(closed))
            .or_else(|| rules().find(fails)),
        State::Ready | State::Waiting | State::Written => rules().find(closed),
        _ => rules().find(fails),
    };
    let by_arrow =
        |arrow: Option<Arrow>| format!("guard.by.{}", arrow.map_or("read_observing", Arrow::key));
    let (reason, subject) = match (state, failed) {
        (State::Edited, _) => (by_arrow(inner.arrow), edited(inner)),
        (
            State::Unread | State::Holding | State::Ready | State::Waiting | State::Written,
            Some(rule),
        ) => (format!("guard.not.{}", rule.rule), rule.subject.clone()),
        (State::Unread, None) => ("guard.not.read_first".to_owned(), None),
        _ => (by_arrow(inner.arrow), None),
    };
    view::GuardLine {
        state: state.key().into(),
        reason,
        subject,
        since_ms: inner.since_ms,
    }
}

/// The setpoint somebody moved last at the press.
fn edited(inner: &Inner) -> Option<String> {
    let moved = Setpoint::ALL.into_iter().filter_map(|s| {
        let (who, at) = inner.link.moved[s as usize]?;
        (who == "press").then_some((at, s))
    });
    moved
        .max_by_key(|(at, _)| *at)
        .map(|(_, s)| s.name().to_owned())
}

fn setpoints(desk: &Desk, inner: &Inner) -> Vec<view::SetpointLine> {
    let now = inner
        .link
        .signals
        .as_ref()
        .map(|(s, _)| s.setpoints)
        .unwrap_or_default();
    let finite = |v: f64| v.is_finite().then_some(v);
    let moves = inner.guard.memory().moves;
    let shown = Setpoint::ALL
        .into_iter()
        .filter(|s| desk.fixed.abilities.setpoints[*s as usize].is_some());
    shown
        .map(|s| {
            let limit = inner.limits[s as usize];
            let moved = inner.link.moved[s as usize];
            view::SetpointLine {
                setpoint: s.name().into(),
                unit: s.unit().into(),
                value: finite(now[s]),
                recipe: finite(inner.guard.baseline()[s]),
                changed_by: moved.map(|(who, _)| who.to_owned()),
                changed_ms: moved.map(|(_, at)| at),
                movable: limit.is_some() && desk.fixed.abilities.writable(s).is_some(),
                low: limit.map(|l| l.low),
                high: limit.map(|l| l.high),
                step: limit.map(|l| l.step),
                per_hour: limit.map(|l| l.per_hour),
                used_hour: moves.iter().filter(|m| m.setpoint == s).map(|m| m.by).sum(),
            }
        })
        .collect()
}

/// Rules in one line, for an answer that refuses.
pub fn in_words(rules: &[view::RuleLine]) -> String {
    let names: Vec<&str> = rules.iter().map(|r| r.rule.as_str()).collect();
    names.join(", ")
}

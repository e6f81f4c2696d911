//! The rules: every one must pass, or nothing is written. Each looks at the same view and knows nothing of the others.

use super::decision::{Effect, OrderKind};
use super::pause::Pause;
use super::settings::{GuardSettings, Mode};
use super::state::State;
use crate::kind::Kind;
use crate::ports::{
    Change, Limit, Limits, Operating, PressSignals, SETPOINTS, Setpoint, Setpoints,
};
use crate::trust::TrustState;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Armed, in *advise* or *correct*.
    Armed,
    /// Setpoints were read since the start and are as they were left.
    ReadFirst,
    /// No hold.
    Steady,
    /// No operator edit waits to be accepted.
    NoOperatorEdit,
    /// The last write read back.
    ReadBack,
    /// The press answers.
    LinkUp,
    /// The last reading is recent.
    SignalsFresh,
    /// The controller's heartbeat is fed.
    Heartbeat,
    /// The press runs in automatic.
    PressInAutomatic,
    /// The press released its setpoints.
    SetpointsReleased,
    /// The press does not forbid changes.
    NotFrozen,
    /// Every setpoint that was known still is.
    SetpointsKnown,
    /// The estimate is trusted.
    EstimateTrusted,
    /// The last shot was production.
    ProductionShot,
    /// Nothing was written after this shot yet.
    OneWritePerShot,
    /// What the box writes by itself is read back before the next injection. A person who confirms decides when.
    BeforeInjection,
    /// The wish is recent.
    WishRecent,
    /// Finite values, each setpoint once.
    WellFormed,
    /// Every setpoint of the change may be moved and is known.
    MayMove,
    /// Every new value is within its limits.
    AbsoluteLimits,
    /// No setpoint moves farther than its step.
    StepLimit,
    /// No setpoint moves farther in an hour than it may.
    HourlyMovement,
    /// Some setpoint moves farther than the read back can tell.
    Noticeable,
    /// The prediction is within the range it was learned in.
    PredictionInRange,
    /// The prediction says how sure it is.
    PredictionHasBand,
    /// The expected effect is larger than its doubt.
    LargerThanDoubt,
    /// Only an engineer arms. Looked at when somebody arms.
    EngineerArms,
    /// The settings allow the mode. Looked at when somebody arms.
    ModeAllowed,
    /// The advice asked about is the one that waits. Looked at when somebody confirms or declines.
    AdviceWaits,
}

impl Rule {
    /// Those that need no wish, in the order shown.
    pub const PRESS: [Self; 15] = [
        Self::Armed,
        Self::ReadFirst,
        Self::Steady,
        Self::NoOperatorEdit,
        Self::ReadBack,
        Self::LinkUp,
        Self::SignalsFresh,
        Self::Heartbeat,
        Self::PressInAutomatic,
        Self::SetpointsReleased,
        Self::NotFrozen,
        Self::SetpointsKnown,
        Self::EstimateTrusted,
        Self::ProductionShot,
        Self::OneWritePerShot,
    ];
    /// Those about a change.
    pub const WISH: [Self; 11] = [
        Self::BeforeInjection,
        Self::WishRecent,
        Self::WellFormed,
        Self::MayMove,
        Self::AbsoluteLimits,
        Self::StepLimit,
        Self::HourlyMovement,
        Self::Noticeable,
        Self::PredictionInRange,
        Self::PredictionHasBand,
        Self::LargerThanDoubt,
    ];
    /// Those that hold when the recipe of before is written: it needs no trust in the estimate and no prediction, and it goes
    /// back in one step.
    pub const RESTORE: [Self; 13] = [
        Self::ReadFirst,
        Self::NoOperatorEdit,
        Self::ReadBack,
        Self::LinkUp,
        Self::SignalsFresh,
        Self::Heartbeat,
        Self::PressInAutomatic,
        Self::SetpointsReleased,
        Self::NotFrozen,
        Self::SetpointsKnown,
        Self::OneWritePerShot,
        Self::MayMove,
        Self::AbsoluteLimits,
    ];
    /// Those whose failure leads to a hold.
    pub const STANDING: [Self; 5] = [
        Self::LinkUp,
        Self::SignalsFresh,
        Self::Heartbeat,
        Self::PressInAutomatic,
        Self::EstimateTrusted,
    ];

    /// Those that hold while a transfer signal may be added on the node's wire: it is no write to the controller, so that it may come
    /// in every shot; everything else that keeps the box from writing keeps it from this as well.
    pub fn transfer() -> impl Iterator<Item = Self> {
        let often = |rule: &Self| *rule != Self::OneWritePerShot;
        Self::PRESS.into_iter().filter(often)
    }

    /// Key of its text on the page, and its name in records.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Armed => "armed",
            Self::ReadFirst => "read_first",
            Self::Steady => "steady",
            Self::NoOperatorEdit => "no_operator_edit",
            Self::ReadBack => "read_back",
            Self::LinkUp => "link_up",
            Self::SignalsFresh => "signals_fresh",
            Self::Heartbeat => "heartbeat",
            Self::PressInAutomatic => "press_in_automatic",
            Self::SetpointsReleased => "setpoints_released",
            Self::NotFrozen => "not_frozen",
            Self::SetpointsKnown => "setpoints_known",
            Self::EstimateTrusted => "estimate_trusted",
            Self::ProductionShot => "production_shot",
            Self::OneWritePerShot => "one_write_per_shot",
            Self::BeforeInjection => "before_injection",
            Self::WishRecent => "wish_recent",
            Self::WellFormed => "well_formed",
            Self::MayMove => "may_move",
            Self::AbsoluteLimits => "absolute_limits",
            Self::StepLimit => "step_limit",
            Self::HourlyMovement => "hourly_movement",
            Self::Noticeable => "noticeable",
            Self::PredictionInRange => "prediction_in_range",
            Self::PredictionHasBand => "prediction_has_band",
            Self::LargerThanDoubt => "larger_than_doubt",
            Self::EngineerArms => "engineer_arms",
            Self::ModeAllowed => "mode_allowed",
            Self::AdviceWaits => "advice_waits",
        }
    }
}

/// How a rule came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// The rule.
    pub rule: Rule,
    /// Whether it passed.
    pub pass: bool,
    /// The setpoint that came closest to failing, or failed, where the rule is about setpoints.
    pub setpoint: Option<Setpoint>,
    /// What was found, SI; NaN where the rule is a yes or no, or nothing is known.
    pub value: f64,
    /// What it was held against, SI; NaN where there is no number.
    pub bound: f64,
}

impl Check {
    /// A rule without numbers.
    pub(super) const fn plain(rule: Rule, pass: bool) -> Self {
        Self {
            rule,
            pass,
            setpoint: None,
            value: f64::NAN,
            bound: f64::NAN,
        }
    }

    /// At most `bound`; false for NaN.
    fn at_most(rule: Rule, value: f64, bound: f64) -> Self {
        Self {
            value,
            bound,
            ..Self::plain(rule, value <= bound)
        }
    }
}

/// A reading of the press.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub signals: PressSignals,
    /// Time since the controller last took our heartbeat, s.
    pub heartbeat_age_s: Option<f64>,
    /// When it arrived, s.
    pub at_s: f64,
}

/// A change and what is said about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub kind: OrderKind,
    pub change: &'a Change,
    pub effects: &'a [Effect],
    pub in_range: bool,
    pub since_s: f64,
}

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub settings: &'a GuardSettings,
    pub limits: &'a Limits,
    pub now_s: f64,
    pub state: State,
    pub mode: Mode,
    pub link: bool,
    pub reading: Option<&'a Reading>,
    /// Setpoints as the guard knows them; `None` before the first reading.
    pub known: Option<&'a Setpoints>,
    pub pending: bool,
    pub shot: Option<(u64, Kind, TrustState)>,
    pub pause: &'a Pause,
    pub last_write_shot: Option<u64>,
    /// Movement within the last hour, SI.
    pub moved: [f64; SETPOINTS],
    pub asked: Option<Asked<'a>>,
}

impl View<'_> {
    /// Age of the oldest value of the last reading, s; NaN without one or where the press says nonsense.
    pub fn age_s(&self) -> f64 {
        match self.reading {
            Some(r) if r.signals.age_s >= 0.0 => r.signals.age_s + (self.now_s - r.at_s),
            _ => f64::NAN,
        }
    }

    fn read(&self, setpoint: Setpoint) -> f64 {
        self.reading
            .map_or(f64::NAN, |r| r.signals.setpoints[setpoint])
    }

    /// The worst of a rule over the setpoints of the change; `excess` above 0 fails.
    fn worst(&self, rule: Rule, look: impl Fn(Setpoint, f64, &Limit) -> (f64, f64, f64)) -> Check {
        let mut worst = (f64::NEG_INFINITY, Check::plain(rule, true));
        for (setpoint, value) in self.asked.iter().flat_map(|a| &a.change.values) {
            let Some(limit) = &self.limits[*setpoint as usize] else {
                continue;
            };
            let (found, bound, excess) = look(*setpoint, *value, limit);
            let excess = if excess.is_nan() {
                f64::INFINITY
            } else {
                excess
            };
            if excess > worst.0 {
                let check = Check {
                    setpoint: Some(*setpoint),
                    value: found,
                    bound,
                    ..Check::plain(rule, excess <= 0.0)
                };
                worst = (excess, check);
            }
        }
        worst.1
    }
}

/// Every rule that applies: those of the press, and with a change those about it; only those of a restore for a restore.
pub(super) fn check(view: &View) -> Vec<Check> {
    let look = |rules: &[Rule]| -> Vec<Check> { rules.iter().map(|r| examine(*r, view)).collect() };
    match view.asked {
        Some(asked) if asked.kind == OrderKind::Restore => look(&Rule::RESTORE),
        Some(_) => {
            let mut checks = look(&Rule::PRESS);
            checks.extend(Rule::WISH.iter().map(|r| examine(*r, view)));
            checks
        }
        None => look(&Rule::PRESS),
    }
}

/// Whether all of `rules` pass.
pub(super) fn pass(rules: &[Rule], view: &View) -> bool {
    rules.iter().all(|rule| examine(*rule, view).pass)
}

/// One rule.
fn examine(rule: Rule, view: &View) -> Check {
    match rule {
        Rule::Armed => Check::plain(rule, view.state.armed()),
        Rule::ReadFirst => Check::plain(rule, view.state != State::Unread),
        Rule::Steady => Check::plain(rule, view.state != State::Holding),
        Rule::NoOperatorEdit => Check::plain(rule, view.state != State::Edited),
        Rule::ReadBack => Check::plain(rule, !view.pending),
        Rule::LinkUp => Check::plain(rule, view.link),
        Rule::SignalsFresh => Check::at_most(rule, view.age_s(), view.settings.fresh_s),
        Rule::Heartbeat => heartbeat(view),
        Rule::PressInAutomatic => automatic(view),
        Rule::SetpointsReleased => released(view),
        Rule::NotFrozen => not_frozen(view),
        Rule::SetpointsKnown => known(view),
        Rule::EstimateTrusted => {
            Check::plain(rule, matches!(view.shot, Some((_, _, TrustState::Trusted))))
        }
        Rule::ProductionShot => {
            Check::plain(rule, matches!(view.shot, Some((_, Kind::Production, _))))
        }
        Rule::OneWritePerShot => one_write(view),
        Rule::BeforeInjection => before_injection(view),
        Rule::WishRecent => {
            let age_s = view.asked.map_or(f64::NAN, |a| view.now_s - a.since_s);
            Check::at_most(rule, age_s, view.settings.wish_s)
        }
        Rule::WellFormed => Check::plain(rule, view.asked.is_some_and(|a| well_formed(a.change))),
        Rule::MayMove => may_move(view),
        Rule::AbsoluteLimits => view.worst(rule, |_, value, limit| {
            let above = (value, limit.high, value - limit.high);
            let below = (value, limit.low, limit.low - value);
            if above.2 > below.2 { above } else { below }
        }),
        Rule::StepLimit => view.worst(rule, |setpoint, value, limit| {
            let step = (value - view.read(setpoint)).abs();
            (step, limit.step, step - limit.step)
        }),
        Rule::HourlyMovement => view.worst(rule, |setpoint, value, limit| {
            let sum = view.moved[setpoint as usize] + (value - view.read(setpoint)).abs();
            (sum, limit.per_hour, sum - limit.per_hour)
        }),
        Rule::Noticeable => noticeable(view),
        Rule::PredictionInRange => Check::plain(rule, view.asked.is_some_and(|a| a.in_range)),
        Rule::PredictionHasBand => has_band(view),
        Rule::LargerThanDoubt => larger_than_doubt(view),
        // Looked at where a person asks, not here.
        Rule::EngineerArms | Rule::ModeAllowed | Rule::AdviceWaits => Check::plain(rule, false),
    }
}

fn heartbeat(view: &View) -> Check {
    match view.settings.heartbeat_s {
        None => Check::plain(Rule::Heartbeat, true),
        Some(longest_s) => {
            let age_s = view.reading.and_then(|r| {
                let since_s = view.now_s - r.at_s;
                r.heartbeat_age_s
                    .filter(|age| *age >= 0.0)
                    .map(|age| age + since_s)
            });
            Check::at_most(Rule::Heartbeat, age_s.unwrap_or(f64::NAN), longest_s)
        }
    }
}

fn automatic(view: &View) -> Check {
    let pass = match view.reading.map(|r| r.signals.operating) {
        Some(Operating::Automatic) => true,
        Some(Operating::SemiAutomatic) => view.settings.semi_automatic,
        Some(Operating::Manual | Operating::Setup | Operating::Unknown) | None => false,
    };
    Check::plain(Rule::PressInAutomatic, pass)
}

fn released(view: &View) -> Check {
    let said = view.reading.and_then(|r| r.signals.released);
    let pass = said.unwrap_or(!view.settings.says_released);
    Check::plain(Rule::SetpointsReleased, pass)
}

fn not_frozen(view: &View) -> Check {
    let said = view.reading.and_then(|r| r.signals.frozen);
    let pass = !said.unwrap_or(view.settings.says_frozen);
    Check::plain(Rule::NotFrozen, pass)
}

fn known(view: &View) -> Check {
    let known = view.known.iter().flat_map(|k| k.known());
    let lost = known.map(|(s, _)| s).find(|s| !view.read(*s).is_finite());
    Check {
        setpoint: lost,
        ..Check::plain(Rule::SetpointsKnown, lost.is_none())
    }
}

fn one_write(view: &View) -> Check {
    let pass = match (view.shot, view.last_write_shot) {
        (Some((shot, ..)), Some(written)) => written < shot,
        (Some(_), None) => true,
        (None, _) => false,
    };
    Check::plain(Rule::OneWritePerShot, pass)
}

fn before_injection(view: &View) -> Check {
    let (left, needed) = (view.pause.left_s(view.now_s), view.pause.needed_s());
    let found = if left.is_finite() { left } else { f64::NAN };
    Check {
        value: found,
        bound: needed,
        ..Check::plain(
            Rule::BeforeInjection,
            view.mode != Mode::Correct || left >= needed,
        )
    }
}

fn well_formed(change: &Change) -> bool {
    let finite = change.values.iter().all(|(_, value)| value.is_finite());
    let ordered = change.values.windows(2).all(|pair| pair[0].0 < pair[1].0);
    finite && ordered && !change.is_empty()
}

fn may_move(view: &View) -> Check {
    let mut setpoints = view
        .asked
        .iter()
        .flat_map(|a| &a.change.values)
        .map(|(s, _)| *s);
    let not = setpoints.find(|s| view.limits[*s as usize].is_none() || !view.read(*s).is_finite());
    Check {
        setpoint: not,
        ..Check::plain(Rule::MayMove, not.is_none())
    }
}

fn noticeable(view: &View) -> Check {
    let mut best = Check::plain(Rule::Noticeable, false);
    for (setpoint, value) in view.asked.iter().flat_map(|a| &a.change.values) {
        let by = (value - view.read(*setpoint)).abs();
        let tolerance = view.settings.tolerance[*setpoint as usize];
        if best.setpoint.is_none() || by / tolerance > best.value / best.bound {
            best = Check {
                rule: Rule::Noticeable,
                pass: by > tolerance,
                setpoint: Some(*setpoint),
                value: by,
                bound: tolerance,
            };
        }
    }
    best
}

fn has_band(view: &View) -> Check {
    let effects = view.asked.map_or(&[][..], |a| a.effects);
    let whole =
        |e: &Effect| e.before.is_finite() && e.change.is_finite() && e.sd.is_finite() && e.sd > 0.0;
    let pass = !effects.is_empty() && effects.iter().all(whole);
    Check::plain(Rule::PredictionHasBand, pass)
}

/// The surest effect, in standard deviations.
fn larger_than_doubt(view: &View) -> Check {
    let Some(times) = view.settings.surer_than else {
        return Check::plain(Rule::LargerThanDoubt, true);
    };
    let effects = view.asked.map_or(&[][..], |a| a.effects);
    let surest = effects
        .iter()
        .map(|e| e.change.abs() / e.sd)
        .fold(f64::NAN, f64::max);
    Check {
        value: surest,
        bound: times,
        ..Check::plain(Rule::LargerThanDoubt, surest > times)
    }
}

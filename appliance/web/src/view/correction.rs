//! What the box would change at the press, why, who agreed, and what came of it. SI units throughout.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Mode, PressLink};

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionState {
    /// Advice that waits for a person.
    Waiting,
    /// A person said no.
    Declined,
    /// Nobody answered in time, or it was withdrawn.
    Expired,
    /// A rule forbade it; nothing was sent.
    Withheld,
    /// Sent; not read back yet.
    Written,
    /// Read back as it was written.
    InForce,
    /// The press refused it.
    Refused,
    /// The press reads back something else.
    Differs,
}

/// What a decision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Toward the targets.
    Correction,
    /// Back to the recipe the box found.
    Restore,
}

/// One rule of the guard, as it was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleLine {
    /// Its key in the file of rules (`press_in_automatic`, `step_limit`, ...); the dashboard has its words.
    pub rule: String,
    /// True when it does not stand in the way.
    pub passed: bool,
    /// What it is about, e.g. a setpoint.
    pub subject: Option<String>,
    /// What was compared, in `unit`.
    pub value: Option<f64>,
    /// With what, in `unit`.
    pub limit: Option<f64>,
    /// SI unit of both; empty where there are none.
    pub unit: String,
}

/// One setpoint of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SetpointChange {
    /// `hold_pressure`, `hold_time`, `transfer_volume`, `injection_rate`, `melt_temperature`, `mold_temperature`, `cooling_time`.
    pub setpoint: String,
    /// SI unit.
    pub unit: String,
    /// In the controller before.
    pub before: f64,
    /// What would have been best, before limits and steps.
    pub wanted: f64,
    /// What was advised or written.
    pub value: f64,
    /// Rule that clipped it, where one did.
    pub clipped_by: Option<String>,
    /// What the controller read back.
    pub read_back: Option<f64>,
}

/// A property of the part before and after a change, and what was found afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// `part_weight`, `shrinkage`, `end_of_fill_pressure`, `core_at_ejection`, ...
    pub name: String,
    /// SI unit.
    pub unit: String,
    /// Without the change.
    pub before: f64,
    /// Its standard deviation; none when nobody knows.
    pub before_sd: Option<f64>,
    /// Predicted with the change.
    pub after: f64,
    /// Its standard deviation; none when nobody knows.
    pub after_sd: Option<f64>,
    /// Predicted difference. Its deviation is smaller than that of either side: they err together.
    pub change: f64,
    /// Standard deviation of the difference; none when nobody knows.
    pub change_sd: Option<f64>,
    /// Target, where one is set.
    pub target: Option<f64>,
    /// Allowed distance from it.
    pub tolerance: Option<f64>,
    /// What the first shot with the change showed.
    pub seen: Option<f64>,
    /// Its standard deviation; none where it was measured.
    pub seen_sd: Option<f64>,
    /// That shot.
    pub seen_shot: Option<u64>,
}

/// A person's answer to advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PersonsAnswer {
    /// Who.
    pub user: String,
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// True when confirmed.
    pub confirmed: bool,
    /// Why not, in their words.
    pub reason: Option<String>,
}

/// One decision, from what was seen to what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// Number.
    pub id: u64,
    /// Shot it was made after.
    pub shot: u64,
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// What it is for.
    pub kind: DecisionKind,
    /// Mode it was made in.
    pub mode: Mode,
    /// What became of it.
    pub state: DecisionState,
    /// Key of the sentence that says what was seen (`advice.weight_low`, ...; `advice.restore` for a restore).
    pub reason: String,
    /// Every rule, those that failed first.
    pub rules: Vec<RuleLine>,
    /// What was advised or written.
    pub changes: Vec<SetpointChange>,
    /// What was seen, predicted and found afterwards.
    pub effect: Vec<Effect>,
    /// Wall clock after which a waiting advice can no longer be confirmed, ms since 1970.
    pub expires_ms: Option<i64>,
    /// Who answered.
    pub answer: Option<PersonsAnswer>,
    /// Wall clock of the write, ms since 1970.
    pub written_ms: Option<i64>,
    /// Wall clock of the reading back, ms since 1970.
    pub read_back_ms: Option<i64>,
    /// What the press said when it refused.
    pub refusal: Option<String>,
}

/// A page of decisions, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DecisionPage {
    /// Decisions.
    pub decisions: Vec<Decision>,
    /// Pass as `before` for the next page.
    pub next: Option<u64>,
}

/// Words of [`GuardLine::state`].
pub const GUARD_STATES: [&str; 9] = [
    "none",
    "unread",
    "observing",
    "released",
    "holding",
    "edited",
    "ready",
    "waiting",
    "written",
];

/// Where the guard stands, in a word and with the key of a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GuardLine {
    /// Word of its state machine, one of [`GUARD_STATES`]; `none` without a press.
    pub state: String,
    /// Key of the sentence that says why; the dashboard translates it. `guard.not.RULE` for a rule that stands in the way,
    /// otherwise `guard.by.ARROW` for the arrow that led there, `guard.no_press` without a press.
    pub reason: String,
    /// Value the sentence names, e.g. a setpoint or a user.
    pub subject: Option<String>,
    /// Wall clock since, ms since 1970.
    pub since_ms: i64,
}

/// A setpoint as it stands in the controller, and how far it may be moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SetpointLine {
    /// As in [`SetpointChange::setpoint`].
    pub setpoint: String,
    /// SI unit.
    pub unit: String,
    /// In the controller now.
    pub value: Option<f64>,
    /// Of the recipe the box found.
    pub recipe: Option<f64>,
    /// Who changed it last: `moldsight`, or `press` for the controller's own panel.
    pub changed_by: Option<String>,
    /// Wall clock of that, ms since 1970.
    pub changed_ms: Option<i64>,
    /// True when the box may move it.
    pub movable: bool,
    /// Lowest value the box may ask for.
    pub low: Option<f64>,
    /// Highest.
    pub high: Option<f64>,
    /// Largest change from one shot to the next.
    pub step: Option<f64>,
    /// Largest sum of changes in any hour, signs left out.
    pub per_hour: Option<f64>,
    /// Sum of the changes in the last hour, signs left out.
    pub used_hour: f64,
}

/// How often, since the box started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionCounts {
    /// Changes written to the press.
    pub writes: u64,
    /// Changes a rule forbade, or the press refused (`press`), by rule.
    pub refusals: Vec<(String, u64)>,
}

/// Everything about corrections now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionNow {
    /// What the box may do now: observe while it is off the press.
    pub mode: Mode,
    /// Mode that arming leads back to, while the box is off the press.
    pub arms_to: Option<Mode>,
    /// Guard.
    pub guard: GuardLine,
    /// Rules as they stand now.
    pub rules: Vec<RuleLine>,
    /// Advice that waits for a person.
    pub advice: Option<Decision>,
    /// Setpoints.
    pub setpoints: Vec<SetpointLine>,
    /// Link to the press.
    pub press: PressLink,
    /// Counts.
    pub counts: CorrectionCounts,
}

//! The running shot.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a cycle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The press stands still, or waits between shots.
    Idle,
    /// Melt enters the mold.
    Fill,
    /// The mold is full and held.
    Hold,
    /// Cooling at constant mass.
    Cool,
}

/// How far the numbers can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// Too few shots to say.
    Learning,
    /// Bands hold what they promise.
    Trusted,
    /// Something moved: numbers shown, corrections held.
    Watch,
    /// The model does not describe this mold now.
    NotTrusted,
}

/// Trust with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trust {
    /// State.
    pub state: TrustState,
    /// Key of the sentence that says why (`trust.mismatch`, `trust.sensor_silent`, ...); the dashboard translates it.
    pub reason: String,
    /// Values the sentence names, e.g. a sensor or a latent.
    pub subject: Option<String>,
    /// Shot since which it holds.
    pub since_shot: u64,
}

/// What computes the estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The trained network.
    Network,
    /// The reduced solver, live: no release for this mold.
    Witness,
}

/// One sensor of the mold now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    /// Name in the mold file.
    pub sensor: String,
    /// Measured value, Pa or K.
    pub measured: Option<f64>,
    /// Estimated value, Pa or K.
    pub estimate: Option<f64>,
    /// Standard deviation of the estimate, Pa or K.
    pub sd: Option<f64>,
    /// Age of the older of the two, s.
    pub age_s: f64,
    /// Why there is no estimate or measurement.
    pub missing: Option<String>,
}

/// What one sensor is expected to show for the rest of the shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// Name in the mold file.
    pub sensor: String,
    /// Time since fill began, s.
    pub time_s: Vec<f32>,
    /// Pa or K.
    pub value: Vec<f32>,
    /// Pa or K.
    pub sd: Vec<f32>,
}

/// Good, reject, or nobody can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within all limits, as sure as asked, by a trusted estimate.
    Good,
    /// Outside a limit, as sure as asked, or no production shot.
    Reject,
    /// Everything else; always when no limit is set.
    Uncertain,
}

/// Why a verdict is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VerdictReason {
    /// `inside`, `no_part`, `outside`, `defect`, `no_limits`, `not_trusted`, `unknown`, `drift`, `out_of_range`, `unsure`.
    pub key: String,
    /// The quantity or defect it is about.
    pub subject: Option<String>,
    /// Probability behind it, 0 to 1.
    pub chance: Option<f64>,
}

/// What labels made of a prediction; the corrected value stands in the line of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Taught {
    /// The prediction.
    pub name: String,
    /// Value by the physics alone, in `unit`.
    pub physics: f64,
    /// Its standard deviation.
    pub physics_sd: f64,
    /// Unit.
    pub unit: String,
    /// Labels behind the correction.
    pub labels: u32,
    /// `drift_up`, `drift_down`: labels left the prediction; `out_of_range`: unlike the labelled shots; `unseen`: a lot or a
    /// state of the machine without a label yet.
    pub flags: Vec<String>,
}

/// A predicted property of the part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityLine {
    /// `part_weight`, `shrinkage`, `end_of_fill_pressure`, `core_at_ejection`, ...
    pub name: String,
    /// Value in `unit`.
    pub value: f64,
    /// Standard deviation in `unit`.
    pub sd: f64,
    /// `kg`, `1`, `Pa`, `K`.
    pub unit: String,
    /// Lower and upper limit, where set.
    pub limits: [Option<f64>; 2],
}

/// The chance of a defect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Indicator {
    /// `short_shot`, `flash`, `sink_mark`, `weld_line`, `burn_mark`.
    pub name: String,
    /// 0 to 1.
    pub probability: f64,
}

/// Who may write to the press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is advised or written.
    Observe,
    /// Advice is shown; an operator confirms.
    Advise,
    /// Corrections are written within limits.
    Correct,
}

/// Advice that waits for a person: one line a setpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Advice {
    /// Number of the decision it belongs to; confirmed or declined by it.
    pub decision: u64,
    /// Setpoint (`hold_pressure`, `transfer_volume`, ...).
    pub setpoint: String,
    /// Change in the setpoint's unit.
    pub change: f64,
    /// Unit.
    pub unit: String,
    /// Predicted effect on the targets.
    pub effect: Vec<QualityLine>,
    /// Key of the sentence that says why.
    pub reason: String,
}

/// What the press itself tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressRead {
    /// True while data flows.
    pub connected: bool,
    /// `automatic`, `semi_automatic`, `manual`, `unknown`.
    pub operating_mode: String,
    /// Setpoints by name with units in the name (`hold_pressure_pa`).
    pub setpoints: Vec<(String, f64)>,
}

/// What became of the transfer that the box asks the node to signal in this shot, earlier than the press by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TransferNow {
    /// `armed`; `fired` as asked, `fallback` at the position of the press; `held` for a reason, `withdrawn` for a reason after it
    /// was armed; `press_first`; `refused` by the node; `no_answer`, `expired`, `host_silent`, `wire_failed`.
    pub state: String,
    /// Key of the reason (`rule`, `mode`, `press_earlier`, `already_reached`, ...), where there is one.
    pub reason: Option<String>,
    /// What the reason is about: a rule of the guard.
    pub subject: Option<String>,
    /// Injected volume at which the signal is asked for, m3.
    pub asked_m3: Option<f64>,
    /// Standard deviation of it, where it follows from an estimate, m3.
    pub asked_sd_m3: Option<f64>,
    /// Injected volume at which it came, m3.
    pub fired_m3: Option<f64>,
    /// Where the press transfers by itself, m3 injected.
    pub press_m3: Option<f64>,
}

/// The running (or last) shot as far as it was published, for a page that is opened in its midst.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Course {
    /// Its number.
    pub shot: u64,
    /// Begin of each phase so far: name and time since fill began, s.
    pub phases: Vec<(Phase, f64)>,
    /// Every sensor's readings so far, about 15 a second.
    pub curves: Vec<super::Curve>,
}

/// Everything the Live page shows; pushed about 15 times a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveSnapshot {
    /// Number of this snapshot.
    pub sequence: u64,
    /// Wall clock, ms since 1970.
    pub wall_ms: i64,
    /// Number of the running (or last) shot.
    pub shot: u64,
    /// Production, purge, ...
    pub kind: super::ShotKind,
    /// Phase.
    pub phase: Phase,
    /// Time since fill began, s.
    pub shot_time_s: f64,
    /// Usual length of a cycle, s.
    pub cycle_s: Option<f64>,
    /// What the people here call the press.
    pub press_name: String,
    /// Mold and material in use.
    pub mold: String,
    /// Name of the material card.
    pub material: String,
    /// Material lot, if logged.
    pub lot: Option<String>,
    /// Trust.
    pub trust: Trust,
    /// Mode.
    pub mode: Mode,
    /// Who computes.
    pub source: Source,
    /// Sensors of the mold, in the order of [`super::MoldView::sensors`].
    pub readings: Vec<Reading>,
    /// Filled share, 0 to 1.
    pub filled: f64,
    /// Frozen share of the gap over the mold, 0 to 1.
    pub frozen: f64,
    /// Field at the nodes of [`super::MoldView::nodes`]: pressure, Pa. Sent with every third snapshot.
    pub node_pressure_pa: Option<Vec<f32>>,
    /// Mean temperature of the gap at the nodes, K.
    pub node_temperature_k: Option<Vec<f32>>,
    /// Frozen share of the gap at the nodes.
    pub node_frozen: Option<Vec<f32>>,
    /// 0 empty, 1 full.
    pub node_filled: Option<Vec<f32>>,
    /// Forecast of the rest of the shot, sent when it changed.
    pub forecast: Option<Vec<Forecast>>,
    /// Verdict on the last finished shot.
    pub last_verdict: Option<Verdict>,
    /// Why.
    pub verdict_reason: Option<VerdictReason>,
    /// What the sorting lines of the node show now, where it has them.
    pub output: Option<Verdict>,
    /// What became of the transfer the node is asked to signal, where a box is set up for it.
    #[serde(default)]
    pub transfer: Option<TransferNow>,
    /// Prediction for the running shot, or the last one while idle.
    pub quality: Vec<QualityLine>,
    /// Indicators, same shot.
    pub indicators: Vec<Indicator>,
    /// Advice that waits.
    pub advice: Vec<Advice>,
    /// Where the guard stands; none without a press.
    pub guard: Option<super::GuardLine>,
    /// What the press tells, when a port is configured.
    pub press: Option<PressRead>,
}

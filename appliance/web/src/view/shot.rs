//! Finished shots.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Indicator, QualityLine, Taught, TransferNow, TrustState, Verdict, VerdictReason};

/// What kind of cycle it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShotKind {
    /// A part.
    Production,
    /// First shots after a pause: thermally not settled.
    StartUp,
    /// Melt pushed into the open.
    Purge,
    /// Screw moved without a shot.
    Idle,
    /// Recorded only in part (power cut, link lost).
    Broken,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShotRow {
    /// Number.
    pub shot: u64,
    /// Wall clock of its start, ms since 1970.
    pub started_ms: i64,
    /// Mold.
    pub mold: String,
    /// Material lot.
    pub lot: Option<String>,
    /// Kind.
    pub kind: ShotKind,
    /// Trust at its end.
    pub trust: TrustState,
    /// Verdict.
    pub verdict: Option<Verdict>,
    /// Why.
    pub verdict_reason: Option<VerdictReason>,
    /// Predictions.
    pub quality: Vec<QualityLine>,
    /// What labels made of them.
    pub taught: Vec<Taught>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
    /// Features for trends and control charts: `fill_time_s`, `transfer_pressure_pa`, `peak_pressure_pa`, ...
    pub features: Vec<(String, f64)>,
    /// Measured labels (`part_weight_g`, ...).
    pub labels: Vec<(String, f64)>,
    /// Samples lost.
    pub lost: u64,
}

/// A page of the table, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShotPage {
    /// Lines.
    pub shots: Vec<ShotRow>,
    /// Pass as `before` for the next page.
    pub next: Option<u64>,
}

/// One sensor over a shot, thinned to what a screen can show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Curve {
    /// Sensor.
    pub sensor: String,
    /// Time since fill began, s.
    pub time_s: Vec<f32>,
    /// Measured, Pa or K; NaN is written as null.
    pub measured: Vec<Option<f32>>,
    /// Estimated.
    pub estimate: Vec<Option<f32>>,
    /// Standard deviation of the estimate.
    pub sd: Vec<Option<f32>>,
}

/// One shot opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShotDetail {
    /// Its line.
    pub row: ShotRow,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Begin of each phase: name and time since fill began, s.
    pub phases: Vec<(String, f64)>,
    /// What happened meanwhile, beside the process.
    pub events: Vec<ShotEvent>,
    /// Latents at its end: name, value, sd, unit.
    pub latents: Vec<(String, f64, f64, String)>,
    /// What the press said, where it was asked.
    pub press: Option<PressShot>,
    /// What operators wrote down since the shot before.
    pub actions: Vec<ShotAction>,
    /// What became of the transfer the node was asked to signal, where a box is set up for it.
    #[serde(default)]
    pub transfer: Option<TransferNow>,
}

/// Something that happened during a shot: to a node, a sensor, a line or the box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShotEvent {
    /// Time since fill began, s.
    pub after_s: f64,
    /// A word for machines; the dashboard has its words.
    pub kind: String,
    /// Port, port and channel, or program it happened to.
    pub source: String,
    /// In English, for kinds without words.
    pub text: String,
}

/// What the press said about a shot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PressShot {
    /// How it was run: `automatic`, `semi_automatic`, `manual`, `setup`, `unknown`.
    pub mode: Option<String>,
    /// The cycle as the press counts.
    pub cycle: Option<u64>,
    /// Setpoints at its beginning: name, value, unit, SI.
    pub recipe: Vec<(String, f64, String)>,
    /// Data of the finished cycle: name, value, unit, SI.
    pub data: Vec<(String, f64, String)>,
}

/// An operator's action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShotAction {
    /// When, ISO 8601, UTC.
    pub at_utc: String,
    /// Who.
    pub who: String,
    /// In words.
    pub text: String,
}

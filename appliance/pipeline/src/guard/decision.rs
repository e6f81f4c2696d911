//! What goes into the guard and what comes out of it; rich enough for the record, the audit and the *Corrections* page.

use serde::{Deserialize, Serialize};

use super::Mode;
use super::clip::Clipped;
use super::rules::Check;
use super::state::{Arrow, State};
use crate::kind::Kind;
use crate::ports::{Change, Operating, Setpoint, Setpoints};
use crate::trust::TrustState;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Confirms and declines advice, accepts an edit, takes the box off the press.
    Operator,
    /// Also arms.
    Engineer,
}

/// What a change is expected to do to one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The target, as in the quality settings (`part_weight`).
    pub target: String,
    /// Its SI unit.
    pub unit: String,
    /// Predicted value without the change.
    pub before: f64,
    /// Expected change of it.
    pub change: f64,
    /// Standard deviation of that change; NaN when nobody knows.
    pub sd: f64,
}

/// A change somebody would like to see written, and what it is expected to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The change.
    pub change: Change,
    /// What it is expected to do.
    pub effects: Vec<Effect>,
    /// Whether the prediction is within the range it was learned in.
    pub in_range: bool,
}

/// A finished shot, as the guard needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// Its number; only ever grows, also over restarts.
    pub number: u64,
    /// Its kind.
    pub kind: Kind,
    /// How far the estimate can be relied on after it.
    pub trust: TrustState,
    /// What is wished for the next.
    pub wish: Option<Wish>,
}

/// Why something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// A correction by the box, or advice that a person confirmed.
    Correction,
    /// The recipe of before.
    Restore,
}

/// A change to be written now, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its number; only ever grows, shared with advice: an order that was advice keeps the advice's number.
    pub id: u64,
    /// Why.
    pub kind: OrderKind,
    /// The shot after which it is written.
    pub shot: u64,
    /// Setpoints it moves, as they stood, SI.
    pub before: Vec<(Setpoint, f64)>,
    /// What to write, SI.
    pub change: Change,
    /// What it is expected to do; empty for a restore.
    pub effects: Vec<Effect>,
}

/// A change that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// The order it becomes when confirmed.
    pub order: Order,
    /// Whether its prediction is within the range it was learned in.
    pub in_range: bool,
    /// When it was given, s.
    pub since_s: f64,
}

impl Advice {
    /// The number to confirm or decline it by.
    pub fn id(&self) -> u64 {
        self.order.id
    }
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Verdict {
    /// Nothing.
    #[default]
    Nothing,
    /// Store [`super::Guard::memory`], then write this, once.
    Write(Order),
    /// Show this to a person.
    Advise(Advice),
}

/// What the guard looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Whether the press answers.
    pub link: bool,
    /// Cycles counted by the press.
    pub cycle: Option<u64>,
    /// How it is run.
    pub operating: Operating,
    /// Whether it released its setpoints.
    pub released: Option<bool>,
    /// Whether it forbids every change.
    pub frozen: Option<bool>,
    /// Setpoints as last read, SI.
    pub setpoints: Setpoints,
    /// Age of the oldest value of the last reading, s; NaN when there is none.
    pub age_s: f64,
    /// Last shot: its number, its kind, and the trust after it.
    pub shot: Option<(u64, Kind, TrustState)>,
    /// The wish as it came, before any clipping.
    pub wish: Option<Wish>,
}

/// What became of a write at the controller.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBack {
    /// The order.
    pub id: u64,
    /// Setpoint, value written, value read, SI.
    pub values: Vec<(Setpoint, f64, f64)>,
    /// Whether all read as written, within their tolerance.
    pub good: bool,
    /// What the press said when it refused.
    pub refused: Option<String>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// When, s on the guard's clock.
    pub at_s: f64,
    /// What was looked at.
    pub seen: Seen,
    /// State after it.
    pub state: State,
    /// Mode after it.
    pub mode: Mode,
    /// Arrows of the drawing taken, in order.
    pub arrows: Vec<Arrow>,
    /// Rules as they stand; with a wish, advice or restore all that apply to it.
    pub reasons: Vec<Check>,
    /// How the wish was shortened to its limits.
    pub clipped: Option<Clipped>,
    /// What became of an earlier write.
    pub read_back: Option<ReadBack>,
    /// What is to be done.
    pub verdict: Verdict,
    /// Whether [`super::Guard::memory`] changed and must be stored, before anything is written.
    pub store: bool,
}

impl Decision {
    /// Rules that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.reasons.iter().filter(|check| !check.pass)
    }

    /// Whether it belongs in the record and the audit: something moved, was written, read back, or wished.
    pub fn noteworthy(&self) -> bool {
        self.verdict != Verdict::Nothing
            || !self.arrows.is_empty()
            || self.read_back.is_some()
            || self.seen.wish.is_some()
    }
}

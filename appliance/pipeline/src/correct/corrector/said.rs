//! What a corrector is told and what it says.

use crate::correct::effect::Banded;
use crate::correct::quantity::{QUANTITIES, Quantity};
use crate::correct::tracker::Off;
use crate::kind::Kind;
use crate::ports::{Change, Setpoints};

/// A finished shot, beside its record.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its number.
    pub shot: u64,
    /// When it began, s on any clock that only goes forward.
    pub time_s: f64,
    /// Its kind.
    pub kind: Kind,
    /// Whether its estimates may be relied on.
    pub trusted: bool,
    /// Setpoints it ran with, as read from the press.
    pub setpoints: Setpoints,
}

/// Why nothing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// No target is set.
    NoTarget,
    /// Not a production shot, or it was not filled, held and let go.
    NotProduction,
    /// Reference shots still needed.
    Learning(u32),
    /// The estimates may not be relied on.
    NotTrusted,
    /// Melt, wall and setpoints do not explain what was measured.
    NotUnderstood,
    /// Nothing is off its target by more than its band.
    WithinBand,
    /// No setpoint that may be moved is known to help, or its last move could not be seen yet.
    NoLever,
    /// What may be moved stands at its limits, or the gain is not worth a movement.
    NotWorth,
}

impl Held {
    /// In a sentence, for the page and the audit.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NoTarget => "no target is set",
            Self::NotProduction => "not a production shot",
            Self::Learning(_) => "the reference shots are being learned",
            Self::NotTrusted => "the estimate is not trusted",
            Self::NotUnderstood => "melt, wall and setpoints do not explain what was measured",
            Self::WithinBand => "nothing is off its target by more than its band",
            Self::NoLever => "no setpoint is known to help, or its last move could not be seen yet",
            Self::NotWorth => "what may be moved is at its limits, or not worth moving",
        }
    }
}

/// One target after a shot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The quantity.
    pub quantity: Quantity,
    /// Its slow part now less its target, with standard deviation.
    pub off: Banded,
    /// The same once the change is in force and temperatures have settled.
    pub after: Banded,
    /// Standard deviation of what the change does.
    pub moved_sd: f64,
    /// What the target is, in the quantity's unit, as far as it is known.
    pub target: f64,
}

/// What came of a shot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decided {
    /// What to ask for; empty for nothing.
    pub change: Change,
    /// Why nothing.
    pub held: Option<Held>,
    /// Targets, as far as they are known.
    pub judged: Vec<Judged>,
    /// What the change does to every quantity, by [`Quantity`]; nothing without one.
    pub effects: [Banded; QUANTITIES],
    /// The shot itself, less the reference.
    pub off: Option<Off>,
}

impl Decided {
    pub(super) fn held(held: Held) -> Self {
        Self {
            held: Some(held),
            ..Self::default()
        }
    }
}

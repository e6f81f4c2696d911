//! What a record holds. Payloads are postcard, so a block is read without a copy.

use crate::wall::WallTime;
use firmware_wire::SampleBlock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::frame;

/// Which channels a group of a node has, and what their codes mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelTable {
    /// Identity of the node.
    pub node: u64,
    /// Restarts of the node as the box saw them.
    pub run: u32,
    /// Group index.
    pub group: u8,
    /// Ticks in a second.
    pub tick_hz: u32,
    /// Ticks between rows.
    pub period_ticks: u32,
    /// In the order of the codes in a row.
    pub channels: Vec<Channel>,
}

/// One channel: `value = code * scale + offset`, then `points` if there are any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Name on the node.
    pub name: String,
    /// Unit of the value.
    pub unit: String,
    /// Unit a code.
    pub scale: f64,
    /// Unit at code zero.
    pub offset: f64,
    /// Points (straight-line value, true value), increasing; straight lines between them.
    #[serde(default)]
    pub points: Vec<[f64; 2]>,
    /// Who calibrated it and when, in words.
    #[serde(default)]
    pub calibration: String,
}

impl Channel {
    /// The value of a code. `None` outside the points: nothing is extrapolated.
    #[must_use]
    pub fn value(&self, code: i32) -> Option<f64> {
        let straight = f64::from(code) * self.scale + self.offset;
        if self.points.is_empty() {
            return Some(straight);
        }
        self.points.windows(2).find_map(|pair| {
            let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
            (x0..=x1)
                .contains(&straight)
                .then(|| y0 + (straight - x0) / (x1 - x0) * (y1 - y0))
        })
    }
}

/// A quantity with a name and a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
}

/// What an estimate row holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateTable {
    /// Virtual sensors.
    pub sensors: Vec<Quantity>,
    /// Measurements the estimator fuses; at most 32.
    pub measurements: Vec<Quantity>,
}

/// Rows of one group as they came from a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawBlock<'a> {
    /// Identity of the node.
    pub node: u64,
    /// Restarts of the node as the box saw them.
    pub run: u32,
    /// Box time of the first row in ns; `None` before the clocks are compared.
    pub first_ns: Option<i64>,
    /// Box time of the last row in ns.
    pub last_ns: Option<i64>,
    /// The rows.
    #[serde(borrow)]
    pub block: SampleBlock<'a>,
}

/// One result of the estimator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EstimateRow<'a> {
    /// Box time in ns.
    pub at_ns: i64,
    /// Phase of the shot as a number; its words are in [`ShotSummary::phases`].
    pub phase: u8,
    /// One bit per measurement that the gate refused.
    pub gated: u32,
    /// Virtual sensors, in the order of the table.
    pub values: &'a [f32],
    /// Their standard deviations.
    pub sds: &'a [f32],
    /// Measured minus predicted, per measurement.
    pub innovations: &'a [f32],
    /// Predicted standard deviation of that difference.
    pub innovation_sds: &'a [f32],
}

/// [`EstimateRow`] as it is read back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OwnedEstimateRow {
    /// Box time in ns.
    pub at_ns: i64,
    /// Phase.
    pub phase: u8,
    /// One bit per measurement that the gate refused.
    pub gated: u32,
    /// Virtual sensors.
    pub values: Vec<f32>,
    /// Their standard deviations.
    pub sds: Vec<f32>,
    /// Innovations.
    pub innovations: Vec<f32>,
    /// Their standard deviations.
    pub innovation_sds: Vec<f32>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The recorder's session, counted up at every start.
    pub session: u64,
    /// Number in the session.
    pub id: u64,
    /// The shot that was open.
    pub shot: Option<u64>,
    /// Box time in ns.
    pub at_ns: i64,
    /// Time of day.
    pub wall: WallTime,
    /// A word for machines, for example `node-unplugged`.
    pub kind: String,
    /// Who says so.
    pub source: String,
    /// The sentence an operator reads.
    pub text: String,
}

/// What is known when a shot begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShotContext {
    /// Name of the mold.
    pub mold: String,
    /// Name of the material.
    pub material: String,
    /// Material lot.
    pub lot: String,
    /// Setpoints, as a JSON object.
    pub recipe_json: String,
}

/// The beginning of a shot. Written again at the head of each segment while the shot lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShotBegin {
    /// Counts up for ever, whatever the clock does.
    pub number: u64,
    /// Box time in ns.
    pub at_ns: i64,
    /// Box time in ns from which raw codes belong to the shot.
    pub from_ns: i64,
    /// Time of day as the box believed.
    pub wall: WallTime,
    /// How far the time of day jumped against the box time since the shot before, ms.
    pub clock_step_ms: Option<i64>,
    /// Mold, lot, recipe.
    pub context: ShotContext,
}

/// Something about the open shot that became known later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextNote {
    /// The shot.
    pub number: u64,
    /// `mold`, `material`, `lot` and `recipe` replace what the beginning said; other keys are kept as they are.
    pub key: String,
    /// Text.
    pub value: String,
}

/// A phase of a shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseTime {
    /// Number in the estimate rows.
    pub phase: u8,
    /// Word, for example `hold`.
    pub name: String,
    /// When it began, seconds since the shot did.
    pub at_s: f64,
}

/// What a cycle of the press was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShotKind {
    /// Parts for the box.
    Production,
    /// Melt thrown away.
    Purge,
    /// Parts while the press comes into rhythm.
    StartUp,
    /// No melt moved.
    Idle,
    /// Nobody said.
    #[default]
    Unknown,
}

/// What was decided about the part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Good.
    Good,
    /// Not good.
    Reject,
    /// The estimate is not sure enough to say.
    Uncertain,
    /// Nobody judged.
    #[default]
    None,
}

/// A number with its standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uncertain {
    /// The number.
    pub value: f64,
    /// Its standard deviation, in the same unit.
    pub sd: f64,
}

impl Uncertain {
    /// Whether both are numbers.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.value.is_finite() && self.sd.is_finite()
    }
}

/// What is known when a shot ends. Units are the suffixes of the names (`part_mass_g`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShotSummary {
    /// What the cycle was for.
    pub kind: ShotKind,
    /// State of trust in one word.
    pub trust: String,
    /// About the part.
    pub verdict: Verdict,
    /// When each phase began.
    pub phases: Vec<PhaseTime>,
    /// Numbers of the whole shot.
    pub features: BTreeMap<String, f64>,
    /// Physical latents as identified after the shot.
    pub latents: BTreeMap<String, Uncertain>,
    /// Predicted quality.
    pub quality: BTreeMap<String, Uncertain>,
}

/// The end of a shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShotEnd {
    /// The shot.
    pub number: u64,
    /// Box time in ns.
    pub at_ns: i64,
    /// Time of day.
    pub wall: WallTime,
    /// Why it is not a whole shot, if it is not.
    pub interrupted: Option<String>,
    /// Results.
    pub summary: ShotSummary,
}

/// What could not be kept, and was said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Blocks of raw codes.
    pub blocks: u64,
    /// Estimate rows.
    pub estimates: u64,
    /// Box time in ns at which dropping began.
    pub from_ns: i64,
    /// Box time in ns at which it ended.
    pub to_ns: i64,
    /// Why.
    pub reason: String,
}

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// [`ChannelTable`].
    Channels = 1,
    /// [`EstimateTable`].
    Estimates = 2,
    /// [`RawBlock`].
    Block = 3,
    /// [`EstimateRow`].
    Estimate = 4,
    /// [`Event`].
    Event = 5,
    /// [`ShotBegin`].
    Begin = 6,
    /// [`ContextNote`].
    Context = 7,
    /// [`ShotEnd`].
    End = 8,
    /// [`Lost`].
    Lost = 9,
    /// The cycle of the open shot is over. On the way to the log only.
    Over = 10,
    /// Nothing more will be said about a shot. On the way to the log only.
    Settled = 11,
}

impl Kind {
    /// The kind of a number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Channels,
            2 => Self::Estimates,
            3 => Self::Block,
            4 => Self::Estimate,
            5 => Self::Event,
            6 => Self::Begin,
            7 => Self::Context,
            8 => Self::End,
            9 => Self::Lost,
            10 => Self::Over,
            11 => Self::Settled,
            _ => return None,
        })
    }

    /// Whether the record may be given up first when the disk refuses.
    #[must_use]
    pub const fn is_bulk(kind: u8) -> bool {
        kind == Self::Block as u8 || kind == Self::Estimate as u8
    }
}

/// A record read back.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'a> {
    /// A channel table.
    Channels(ChannelTable),
    /// The columns of the estimates.
    Estimates(EstimateTable),
    /// Raw codes.
    Block(RawBlock<'a>),
    /// An estimate.
    Estimate(OwnedEstimateRow),
    /// An event.
    Event(Event),
    /// A shot begins.
    Begin(ShotBegin),
    /// More about a shot.
    Context(ContextNote),
    /// A shot ends.
    End(ShotEnd),
    /// Something was not kept.
    Lost(Lost),
}

impl<'a> Record<'a> {
    /// Reads a payload. `None` for a kind or content this program does not know.
    #[must_use]
    pub fn read(kind: u8, payload: &'a [u8]) -> Option<Self> {
        fn of<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Option<T> {
            postcard::from_bytes(payload).ok()
        }
        Some(match Kind::of(kind)? {
            Kind::Channels => Self::Channels(of(payload)?),
            Kind::Estimates => Self::Estimates(of(payload)?),
            Kind::Block => Self::Block(of(payload)?),
            Kind::Estimate => Self::Estimate(of(payload)?),
            Kind::Event => Self::Event(of(payload)?),
            Kind::Begin => Self::Begin(of(payload)?),
            Kind::Context => Self::Context(of(payload)?),
            Kind::End => Self::End(of(payload)?),
            Kind::Lost => Self::Lost(of(payload)?),
            Kind::Over | Kind::Settled => return None,
        })
    }
}

/// Appends a record. False, and nothing appended, when the content is longer than a record may be.
pub fn append<T: Serialize>(out: &mut Vec<u8>, kind: Kind, content: &T) -> bool {
    frame::write(out, kind as u8, |out| {
        // Writing into memory fails only for types postcard cannot express; ours are none of these.
        *out = postcard::to_extend(content, std::mem::take(out))
            .expect("the record types have known lengths");
    })
}

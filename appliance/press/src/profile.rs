//! A press profile: which nodes or registers a controller has, what they mean, and what the box may do with them.
//!
//! One strict TOML file per kind of controller; unknown keys are refused. `profiles/` holds those that ship.

pub mod modbus;
pub mod opcua;
pub mod quantity;

mod check;

use crate::error::PressError;
use crate::port::Abilities;
use modbus::{ModbusLink, Register};
use opcua::{Node, OpcUaLink};
use quantity::{Kind, Quantity};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::time::Duration;

use appliance_pipeline::ports::{Operating, SETPOINTS, Setpoint};

/// Where a protocol keeps a value.
pub trait Place: DeserializeOwned + Clone + std::fmt::Debug + PartialEq {
    /// Such a place can be written.
    fn writable(&self) -> bool;
}

/// A checked profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What it is for.
    pub name: String,
    /// The recipe may be written back when the box stops correcting and every value still reads back as its own.
    pub restore: bool,
    /// Longest time without a finished cycle, s.
    pub stale_after_s: f64,
    /// How long a written value may take to show, s.
    pub read_back_within_s: f64,
    /// How the press is reached, and where its values are.
    pub link: Link,
}

/// The protocols.
#[expect(clippy::large_enum_variant, reason = "there is one, read once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// OPC UA.
    OpcUa(OpcUaLink, Map<Node>),
    /// Modbus TCP or RTU.
    Modbus(ModbusLink, Map<Register>),
}

/// What is where.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<P> {
    /// Setpoints.
    pub setpoints: [Option<SetpointEntry<P>>; SETPOINTS],
    /// How the press is run.
    pub operating: Option<OperatingEntry<P>>,
    /// Setpoints released.
    pub released: Option<FlagEntry<P>>,
    /// Every change forbidden.
    pub frozen: Option<FlagEntry<P>>,
    /// Cycles.
    pub cycle_counter: Option<CounterEntry<P>>,
    /// Watchdog of the controller.
    pub heartbeat: Option<HeartbeatEntry<P>>,
    /// Cycle data, name with its unit as suffix.
    pub cycle_data: Vec<(String, DataEntry<P>)>,
}

/// A setpoint, table `[setpoint.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetpointEntry<P> {
    /// Where it is written, and read unless `read_back` is given.
    pub at: P,
    /// Where the controller shows what it took.
    pub read_back: Option<P>,
    /// Its number.
    pub quantity: Quantity,
    /// Who may write it.
    pub writer: Writer,
}

/// Who may write a setpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The operator only: the box reads it.
    #[default]
    Operator,
    /// The box too, while everybody agrees.
    Box,
}

/// Table `[signal.operating_mode]`: the texts, or numbers as texts, that stand for each way to run a press.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
pub struct OperatingEntry<P> {
    /// Where.
    pub at: P,
    /// Type where the protocol does not tell; a text or number of its own in OPC UA.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// Automatic.
    #[serde(default)]
    pub automatic: Vec<String>,
    /// Semi-automatic.
    #[serde(default)]
    pub semi_automatic: Vec<String>,
    /// Manual.
    #[serde(default)]
    pub manual: Vec<String>,
    /// Setup.
    #[serde(default)]
    pub setup: Vec<String>,
}

impl<P> OperatingEntry<P> {
    /// What a text of the press means.
    pub fn means(&self, text: &str) -> Operating {
        let is = |texts: &[String]| texts.iter().any(|t| t == text);
        if is(&self.automatic) {
            Operating::Automatic
        } else if is(&self.semi_automatic) {
            Operating::SemiAutomatic
        } else if is(&self.manual) {
            Operating::Manual
        } else if is(&self.setup) {
            Operating::Setup
        } else {
            Operating::Unknown
        }
    }
}

/// A truth value; in a number, 0 is false and everything else true.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
pub struct FlagEntry<P> {
    /// Where.
    pub at: P,
    /// Type where the protocol does not tell.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
}

/// A counter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
pub struct CounterEntry<P> {
    /// Where.
    pub at: P,
    /// Type where the protocol does not tell.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
}

/// Table `[heartbeat]`: the box counts it up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
pub struct HeartbeatEntry<P> {
    /// Where.
    pub at: P,
    /// Type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How often, s.
    pub period_s: f64,
}

/// Table `[cycle_data.NAME]`: value = `scale` number + `offset`, in the unit of the name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
pub struct DataEntry<P> {
    /// Where.
    pub at: P,
    /// Type where the protocol does not tell.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// Value per count.
    #[serde(default = "unity")]
    pub scale: f64,
    /// Value of zero.
    #[serde(default)]
    pub offset: f64,
}

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// With the file, the key and the reason.
    pub fn load(path: &Path) -> Result<Self, PressError> {
        let text = std::fs::read_to_string(path).map_err(|source| PressError::File {
            doing: "reading",
            path: path.into(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a profile; relative files in it are looked up beside `path`.
    ///
    /// # Errors
    /// With `path`, the key and the reason.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PressError> {
        check::profile(text, path.parent().unwrap_or(Path::new("."))).map_err(|(key, reason)| {
            PressError::Profile {
                path: path.into(),
                key,
                reason,
            }
        })
    }

    /// The same controller somewhere else: `opc.tcp://host:port/` or `host:port`.
    #[must_use]
    pub fn reached_at(mut self, address: &str) -> Self {
        match &mut self.link {
            Link::OpcUa(link, _) => link.endpoint = address.into(),
            Link::Modbus(link, _) => {
                link.host = Some(address.into());
                link.serial = None;
            }
        }
        self
    }

    /// What the press can do.
    pub fn abilities(&self) -> Abilities {
        match &self.link {
            Link::OpcUa(_, map) => map.abilities(self.restore),
            Link::Modbus(_, map) => map.abilities(self.restore),
        }
    }
}

impl<P> Map<P> {
    fn abilities(&self, restore: bool) -> Abilities {
        Abilities {
            setpoints: Setpoint::ALL.map(|s| {
                self.setpoints[s as usize]
                    .as_ref()
                    .map(SetpointEntry::ability)
            }),
            says_operating: self.operating.is_some(),
            says_released: self.released.is_some(),
            says_frozen: self.frozen.is_some(),
            counts_cycles: self.cycle_counter.is_some(),
            heartbeat: self
                .heartbeat
                .as_ref()
                .map(|h| Duration::from_secs_f64(h.period_s)),
            restore,
        }
    }
}

const fn unity() -> f64 {
    1.0
}

const fn one_second() -> f64 {
    1.0
}

const fn two_seconds() -> f64 {
    2.0
}

//! A scenario: which mold and recipe, what is wrong with the world, which sensors look at it.
//!
//! Strict TOML: an unknown key, a wrong number or a name that does not exist is refused with file,
//! key and reason.

use crate::error::PressSimError;
use firmware_wire::channel::MAX_NAME;
use firmware_wire::{MAX_CHANNELS, Unit};
use models_physics::input::InputError;
use models_physics::latents::Latent;
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use models_physics::{molds, recipes};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Name and text of every shipped scenario.
const SHIPPED: &[(&str, &str)] = &[
    ("demo", include_str!("../scenarios/demo.toml")),
    ("disturbed", include_str!("../scenarios/disturbed.toml")),
    (
        "loop-melt-drift",
        include_str!("../scenarios/loop-melt-drift.toml"),
    ),
    (
        "loop-melt-step",
        include_str!("../scenarios/loop-melt-step.toml"),
    ),
    (
        "loop-slow-drift",
        include_str!("../scenarios/loop-slow-drift.toml"),
    ),
    (
        "loop-undisturbed",
        include_str!("../scenarios/loop-undisturbed.toml"),
    ),
    (
        "loop-viscosity-step",
        include_str!("../scenarios/loop-viscosity-step.toml"),
    ),
    ("lot-change", include_str!("../scenarios/lot-change.toml")),
    ("matched", include_str!("../scenarios/matched.toml")),
    (
        "purge-and-startup",
        include_str!("../scenarios/purge-and-startup.toml"),
    ),
    (
        "sensor-death",
        include_str!("../scenarios/sensor-death.toml"),
    ),
];

/// Latent name to a factor (to kelvins for temperatures).
pub type Changes = BTreeMap<String, f64>;

/// A scenario as read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file it was read from, as messages call it.
    #[serde(skip)]
    pub file: String,
    /// Name for people.
    pub title: String,
    /// A shipped mold, or a path ending in `.toml`, relative to the scenario.
    pub mold: String,
    /// A shipped recipe, or a path; the mold's own when absent.
    pub recipe: Option<String>,
    /// Start of all randomness.
    pub seed: u64,
    /// Identity of the node, sixteen hexadecimal digits.
    #[serde(default = "default_node")]
    pub node: String,
    /// Sampling rate of the node.
    #[serde(default = "default_rate")]
    pub rate_hz: u32,
    /// The rest of the cycle.
    #[serde(default)]
    pub cycle: Cycle,
    /// How temperatures follow their setpoints.
    #[serde(default)]
    pub thermal: Thermal,
    /// What is always different from the card: factors, or kelvins for temperatures.
    #[serde(default)]
    pub disturbance: Changes,
    /// What moves from shot to shot.
    #[serde(default, rename = "drift")]
    pub drifts: Vec<Drift>,
    /// What happens at a shot.
    #[serde(default, rename = "event")]
    pub events: Vec<Event>,
    /// The sensors, in the order of the node's table.
    #[serde(rename = "channel")]
    pub channels: Vec<Channel>,
}

/// The parts of the cycle the solver does not know.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cycle {
    /// From the start of the cycle to the start of injection: the mold closes.
    pub close_s: f64,
    /// From the end of hold to the start of plastification.
    pub plastification_delay_s: f64,
    /// How long the screw turns; at most the cooling time less the delay.
    pub plastification_s: f64,
    /// From the end of cooling to the start of the next cycle.
    pub open_s: f64,
}

impl Default for Cycle {
    fn default() -> Self {
        Self {
            close_s: 1.5,
            plastification_delay_s: 0.5,
            plastification_s: 7.0,
            open_s: 2.5,
        }
    }
}

/// Dead time and first-order settling of temperatures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thermal {
    /// Before the melt feels a new setpoint.
    pub melt_dead_s: f64,
    /// Time constant of the melt.
    pub melt_settle_s: f64,
    /// Before the mold feels a new setpoint.
    pub mold_dead_s: f64,
    /// Time constant of the mold.
    pub mold_settle_s: f64,
}

impl Default for Thermal {
    fn default() -> Self {
        Self {
            melt_dead_s: 30.0,
            melt_settle_s: 180.0,
            mold_dead_s: 20.0,
            mold_settle_s: 240.0,
        }
    }
}

impl Drift {
    /// How many steps of `per_shot` have been made when shot `shot` begins.
    #[must_use]
    pub fn steps(&self, shot: u64) -> u64 {
        let last = self.until_shot.map_or(shot, |until| until.min(shot));
        (last + 1).saturating_sub(self.from_shot)
    }
}

/// One latent's movement. Shares for factors, kelvins for temperatures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Which latent.
    pub latent: String,
    /// Standard deviation of the random walk's step.
    #[serde(default)]
    pub walk_sd: f64,
    /// Steady change a shot, from `from_shot` on; it stays where `until_shot` brought it.
    #[serde(default)]
    pub per_shot: f64,
    /// The first shot that moves by `per_shot`; the second of all when absent.
    #[serde(default = "second_shot")]
    pub from_shot: u64,
    /// The last shot that moves by it; every one when absent.
    pub until_shot: Option<u64>,
    /// Independent scatter of each shot (regrind, moisture).
    #[serde(default)]
    pub scatter_sd: f64,
    /// Amplitude of a slow sinusoid (coolant).
    #[serde(default)]
    pub swing: f64,
    /// Its period.
    #[serde(default = "default_period")]
    pub swing_period_s: f64,
}

/// What can happen at a shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Another material lot: `change` holds from here on.
    Lot,
    /// `count` shots of air before this one.
    Purge,
    /// The press stands for `idle_s` before this shot.
    Idle,
    /// `count` shots during which `change` fades to nothing.
    Startup,
    /// The channel gives no reading any more.
    Silent,
    /// The channel's converter reports an open circuit.
    Open,
    /// The channel's code leaves its range.
    OverRange,
    /// The channel repeats its last code.
    Stuck,
    /// The channel drifts by `drift_per_s` of its unit.
    SensorDrift,
    /// The channel works again.
    Recover,
}

/// Something happens at a shot.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Number of the molded shot, from 1.
    pub shot: u64,
    /// What.
    pub kind: EventKind,
    /// Shots of a purge or a start-up.
    pub count: Option<u64>,
    /// Length of a pause.
    pub idle_s: Option<f64>,
    /// Factors and kelvins of a lot or a start-up.
    #[serde(default)]
    pub change: Changes,
    /// The channel it happens to.
    pub channel: Option<String>,
    /// Speed of a sensor's drift, unit of the channel a second.
    pub drift_per_s: Option<f64>,
    /// Time after the start of injection at which a sensor event happens.
    #[serde(default)]
    pub after_s: f64,
}

/// What a channel looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A sensor of the mold file, absolute pressure or temperature.
    Sensor,
    /// The wall's surface at a place of the mold, flush with the melt.
    Surface,
    /// Specific pressure before the screw tip, absolute.
    SpecificPressure,
    /// Position of the screw tip before its front stop.
    Screw,
    /// 24 V while the press injects or holds.
    Injection,
    /// 24 V pulse when the press transfers.
    Transfer,
}

/// One channel of the node and everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Name in the node's table.
    pub name: String,
    /// What it looks at.
    pub signal: Signal,
    /// Sensor of the mold file, for `signal = "sensor"`.
    pub sensor: Option<String>,
    /// Element of the mold, for `signal = "surface"`.
    pub element: Option<String>,
    /// Place on it, for `signal = "surface"`.
    pub at_mm: Option<f64>,
    /// Unit of everything below: Megapascal, Millimetre, Celsius or Volt.
    pub unit: Unit,
    /// Value at the lowest valid code.
    pub min: f64,
    /// Value at the highest valid code.
    pub max: f64,
    /// Standard deviation of white noise.
    #[serde(default)]
    pub noise_sd: f64,
    /// First-order lag.
    #[serde(default)]
    pub lag_s: f64,
    /// Gain error: 0.01 reads one percent high.
    #[serde(default)]
    pub gain_error: f64,
    /// Constant offset.
    #[serde(default)]
    pub offset: f64,
    /// Drift of a charge amplifier since its reset at the start of injection.
    #[serde(default)]
    pub charge_drift_per_s: f64,
    /// Standard deviation of the zero each reset leaves.
    #[serde(default)]
    pub zero_sd: f64,
}

fn default_node() -> String {
    "00000000005e0001".into()
}

const fn default_rate() -> u32 {
    2000
}

const fn second_shot() -> u64 {
    2
}

const fn default_period() -> f64 {
    600.0
}

impl Scenario {
    /// Names of the shipped scenarios.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// A shipped scenario by its name, or a file ending in `.toml`.
    ///
    /// # Errors
    /// With file, key and reason of the first thing wrong, or the names there are.
    pub fn open(name: &str) -> Result<Self, PressSimError> {
        if name.ends_with(".toml") {
            let text =
                std::fs::read_to_string(Path::new(name)).map_err(|source| InputError::File {
                    file: name.to_owned(),
                    source,
                })?;
            return Self::from_toml(&text, name);
        }
        let shipped = SHIPPED.iter().find(|(known, _)| *known == name);
        match shipped {
            Some((name, text)) => Self::from_toml(text, &format!("scenarios/{name}.toml")),
            None => Err(PressSimError::UnknownScenario {
                name: name.to_owned(),
                known: Self::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Parses and checks a scenario; `file` is what messages call it.
    ///
    /// # Errors
    /// With file, key and reason of the first thing wrong.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, PressSimError> {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let document = toml::Deserializer::parse(text).map_err(|error| InputError::Syntax {
            file: file.to_owned(),
            line: error
                .span()
                .map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            reason: one_line(error.message()),
        })?;
        let mut scenario: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let key = error.path().to_string();
            InputError::key(file, key, one_line(error.inner().message()))
        })?;
        file.clone_into(&mut scenario.file);
        let mold = scenario.mold()?;
        scenario.check(&mold)?;
        Ok(scenario)
    }

    /// The mold.
    ///
    /// # Errors
    /// When there is none of that name or it is wrong.
    pub fn mold(&self) -> Result<Mold, PressSimError> {
        Ok(if self.mold.ends_with(".toml") {
            Mold::load(self.beside(&self.mold))?
        } else {
            molds::builtin(&self.mold)?
        })
    }

    /// The recipe.
    ///
    /// # Errors
    /// As [`Scenario::mold`], or when the press cannot run it.
    pub fn recipe(&self, mold: &Mold) -> Result<Recipe, PressSimError> {
        let recipe = match &self.recipe {
            Some(name) if name.ends_with(".toml") => Recipe::load(self.beside(name))?,
            Some(name) => recipes::builtin(name)?,
            None => Recipe::default_of(mold)?,
        };
        recipe.fits(mold)?;
        Ok(recipe)
    }

    fn beside(&self, path: &str) -> std::path::PathBuf {
        Path::new(&self.file)
            .parent()
            .unwrap_or(Path::new(""))
            .join(path)
    }

    /// The node's identity.
    #[must_use]
    pub fn node_id(&self) -> u64 {
        u64::from_str_radix(&self.node, 16).expect("checked when it was read")
    }

    fn check(&self, mold: &Mold) -> Result<(), InputError> {
        let ensure = |holds: bool, key: String, reason: &str| match holds {
            true => Ok(()),
            false => Err(InputError::key(&self.file, key, reason)),
        };
        ensure(
            mold.press.is_some(),
            "mold".into(),
            "this mold has no press",
        )?;
        ensure(
            self.node.len() == 16 && u64::from_str_radix(&self.node, 16).is_ok(),
            "node".into(),
            "must be sixteen hexadecimal digits",
        )?;
        ensure(
            (100..=2000).contains(&self.rate_hz) && 1_000_000 % self.rate_hz == 0,
            "rate_hz".into(),
            "must be 100 to 2000 and divide 1 000 000",
        )?;
        let seconds = [
            ("cycle.close_s", self.cycle.close_s, 0.2),
            ("cycle.open_s", self.cycle.open_s, 0.2),
            (
                "cycle.plastification_delay_s",
                self.cycle.plastification_delay_s,
                0.0,
            ),
            ("cycle.plastification_s", self.cycle.plastification_s, 0.1),
            ("thermal.melt_dead_s", self.thermal.melt_dead_s, 0.0),
            ("thermal.melt_settle_s", self.thermal.melt_settle_s, 0.1),
            ("thermal.mold_dead_s", self.thermal.mold_dead_s, 0.0),
            ("thermal.mold_settle_s", self.thermal.mold_settle_s, 0.1),
        ];
        for (key, value, least) in seconds {
            let holds = (least..=3600.0).contains(&value);
            ensure(holds, key.into(), &format!("must be {least} to 3600"))?;
        }
        self.check_changes("disturbance", &self.disturbance)?;
        for (at, drift) in self.drifts.iter().enumerate() {
            let key = |name: &str| format!("drift[{at}].{name}");
            self.latent(key("latent"), &drift.latent)?;
            for (name, value) in [("walk_sd", drift.walk_sd), ("scatter_sd", drift.scatter_sd)] {
                ensure(
                    (0.0..=100.0).contains(&value),
                    key(name),
                    "must be 0 to 100",
                )?;
            }
            ensure(
                drift.per_shot.is_finite(),
                key("per_shot"),
                "must be finite",
            )?;
            ensure(drift.from_shot >= 1, key("from_shot"), "shots count from 1")?;
            ensure(
                drift
                    .until_shot
                    .is_none_or(|until| until >= drift.from_shot),
                key("until_shot"),
                "must not be before from_shot",
            )?;
            ensure(drift.swing.is_finite(), key("swing"), "must be finite")?;
            let period = drift.swing_period_s;
            ensure(
                period.is_finite() && period > 0.0,
                key("swing_period_s"),
                "must be above 0",
            )?;
        }
        self.check_events()?;
        self.check_channels(mold)
    }

    fn latent(&self, key: String, name: &str) -> Result<Latent, InputError> {
        Latent::from_name(name).map_err(|e| InputError::key(&self.file, key, e.to_string()))
    }

    fn check_changes(&self, at: &str, changes: &Changes) -> Result<(), InputError> {
        for (name, value) in changes {
            let key = format!("{at}.{name}");
            let kelvins = adds(self.latent(key.clone(), name)?);
            let holds = value.is_finite() && (kelvins || *value > 0.0);
            if !holds {
                let reason = "must be a finite number, and a factor above 0";
                return Err(InputError::key(&self.file, key, reason));
            }
        }
        Ok(())
    }

    fn check_events(&self) -> Result<(), InputError> {
        use EventKind::*;
        for (at, event) in self.events.iter().enumerate() {
            let key = |name: &str| format!("event[{at}].{name}");
            let refuse =
                |name: &str, reason: &str| Err(InputError::key(&self.file, key(name), reason));
            if event.shot == 0 {
                return refuse("shot", "shots count from 1");
            }
            let of_channel = matches!(
                event.kind,
                Silent | Open | OverRange | Stuck | SensorDrift | Recover
            );
            let wants = [
                (
                    "count",
                    event.count.is_some(),
                    matches!(event.kind, Purge | Startup),
                ),
                ("idle_s", event.idle_s.is_some(), event.kind == Idle),
                ("channel", event.channel.is_some(), of_channel),
                (
                    "drift_per_s",
                    event.drift_per_s.is_some(),
                    event.kind == SensorDrift,
                ),
                (
                    "change",
                    !event.change.is_empty(),
                    matches!(event.kind, Lot | Startup),
                ),
            ];
            for (name, given, wanted) in wants {
                if given && !wanted {
                    return refuse(name, "does not belong to this kind of event");
                }
                if wanted && !given {
                    return refuse(name, "missing for this kind of event");
                }
            }
            if event.idle_s.is_some_and(|s| !(s > 0.0 && s <= 36_000.0)) {
                return refuse("idle_s", "must be above 0 and at most 36000");
            }
            if event.count.is_some_and(|n| n == 0 || n > 1000) {
                return refuse("count", "must be 1 to 1000");
            }
            if event.drift_per_s.is_some_and(|d| !d.is_finite()) {
                return refuse("drift_per_s", "must be finite");
            }
            if !(0.0..=3600.0).contains(&event.after_s) {
                return refuse("after_s", "must be 0 to 3600");
            }
            if let Some(name) = &event.channel
                && !self.channels.iter().any(|c| c.name == *name)
            {
                return refuse("channel", &format!("there is no channel `{name}`"));
            }
            self.check_changes(&key("change"), &event.change)?;
        }
        Ok(())
    }

    fn check_channels(&self, mold: &Mold) -> Result<(), InputError> {
        let key = |at: usize, name: &str| format!("channel[{at}].{name}");
        let refuse =
            |at, name: &str, reason: &str| Err(InputError::key(&self.file, key(at, name), reason));
        if self.channels.is_empty() || self.channels.len() > MAX_CHANNELS {
            return Err(InputError::key(
                &self.file,
                "channel",
                format!("a node has 1 to {MAX_CHANNELS} channels"),
            ));
        }
        for (at, channel) in self.channels.iter().enumerate() {
            let name = &channel.name;
            if name.is_empty() || name.len() > MAX_NAME {
                return refuse(at, "name", &format!("must have 1 to {MAX_NAME} bytes"));
            }
            if self.channels[..at].iter().any(|c| c.name == *name) {
                return refuse(at, "name", "is there twice");
            }
            let mut unit = match channel.signal {
                Signal::Sensor | Signal::SpecificPressure => Unit::Megapascal,
                Signal::Surface => Unit::Celsius,
                Signal::Screw => Unit::Millimetre,
                Signal::Injection | Signal::Transfer => Unit::Volt,
            };
            match (&channel.sensor, channel.signal) {
                (Some(name), Signal::Sensor) => match mold.sensor(name) {
                    Some(sensor) => {
                        if sensor.quantity != models_physics::mold::SensorQuantity::Pressure {
                            unit = Unit::Celsius;
                        }
                    }
                    None => {
                        let reason = format!("mold `{}` has no sensor `{name}`", mold.name);
                        return refuse(at, "sensor", &reason);
                    }
                },
                (None, Signal::Sensor) => return refuse(at, "sensor", "missing for this signal"),
                (Some(_), _) => return refuse(at, "sensor", "does not belong to this signal"),
                (None, _) => {}
            }
            let surface = channel.signal == Signal::Surface;
            if channel.element.is_some() != surface || channel.at_mm.is_some() != surface {
                let reason = "element and at_mm belong to signal = \"surface\", both";
                return refuse(at, "element", reason);
            }
            if let Some(element) = &channel.element
                && mold.element(element).is_none()
            {
                let reason = format!("mold `{}` has no element `{element}`", mold.name);
                return refuse(at, "element", &reason);
            }
            if channel.unit != unit {
                return refuse(at, "unit", &format!("this signal is in {unit:?}"));
            }
            if !(channel.min.is_finite() && channel.max.is_finite() && channel.min < channel.max) {
                return refuse(at, "max", "must be above min, both finite");
            }
            let not_negative = [
                ("noise_sd", channel.noise_sd),
                ("lag_s", channel.lag_s),
                ("zero_sd", channel.zero_sd),
            ];
            for (name, value) in not_negative {
                if !(value.is_finite() && value >= 0.0) {
                    return refuse(at, name, "must be finite and not below 0");
                }
            }
            let finite = [
                ("gain_error", channel.gain_error),
                ("offset", channel.offset),
                ("charge_drift_per_s", channel.charge_drift_per_s),
                ("at_mm", channel.at_mm.unwrap_or(0.0)),
            ];
            for (name, value) in finite {
                if !value.is_finite() {
                    return refuse(at, name, "must be finite");
                }
            }
        }
        Ok(())
    }
}

/// Whether changes of a latent add (kelvins) instead of multiplying.
#[must_use]
pub fn adds(latent: Latent) -> bool {
    latent.info().unit == "K"
}

//! A scenario: which mold and recipe, what is wrong with the world, which sensors look at it.
//!
//! Strict TOML: an unknown key, a wrong number or a name that does not exist is refused with file,
//! key and reason.

mod check;

use crate::controller::{Act, Operating};
use crate::error::PressSimError;
use crate::setpoints::Setpoint;
use firmware_wire::Unit;
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
    /// The controller.
    #[serde(default)]
    pub controller: Controller,
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

/// How the controller deals with its clients.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Controller {
    /// The recipe comes back when the heartbeat has not changed for so long; never when absent.
    pub heartbeat_s: Option<f64>,
    /// Setpoint name to the lowest and highest value taken, in the setpoint's unit; else those of the mold's press.
    pub limits: BTreeMap<String, [f64; 2]>,
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

impl Event {
    /// What it means to the controller, which does it before the shot begins.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        use EventKind as K;
        Some(match self.kind {
            K::OperatorEdit => Act::Edit(Setpoint::from_name(self.setpoint.as_ref()?)?, self.by?),
            K::Manual => Act::Run(Operating::Manual),
            K::Setup => Act::Run(Operating::Setup),
            K::SemiAutomatic => Act::Run(Operating::SemiAutomatic),
            K::Automatic => Act::Run(Operating::Automatic),
            K::Revoke => Act::Release(false),
            K::Release => Act::Release(true),
            K::Freeze => Act::Freeze(true),
            K::Thaw => Act::Freeze(false),
            K::Hang => Act::Hang,
            _ => return None,
        })
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
    /// The operator moves `setpoint` by `by`.
    OperatorEdit,
    /// The press is run by hand from here on.
    Manual,
    /// It is being set up.
    Setup,
    /// A person starts each shot.
    SemiAutomatic,
    /// It runs by itself again.
    Automatic,
    /// Setpoints are not released any more.
    Revoke,
    /// Setpoints are released again.
    Release,
    /// The controller forbids every change.
    Freeze,
    /// The controller allows changes again.
    Thaw,
    /// This shot never begins: the press stands, its controller still answers.
    Hang,
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
    /// The setpoint an operator moves.
    pub setpoint: Option<String>,
    /// By how much, in its unit.
    pub by: Option<f64>,
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
}

/// Whether changes of a latent add (kelvins) instead of multiplying.
#[must_use]
pub fn adds(latent: Latent) -> bool {
    latent.info().unit == "K"
}

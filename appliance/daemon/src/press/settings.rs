//! The `[press_port]` table: which press, how far the box may go, and within which limits.

use std::collections::BTreeMap;
use std::path::PathBuf;

use appliance_pipeline::guard::{GuardSettings, Mode};
use appliance_pipeline::ports::{Limit, Limits, SETPOINTS, Setpoint};
use appliance_press::Abilities;
use serde::{Deserialize, Serialize};

use super::link::NO_WIRE;

/// The press this box talks to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PressConfig {
    /// Press profile: a file, the name of a shipped one, or `none` where no wire reaches the press and a person sets it by hand.
    pub profile: PathBuf,
    /// Where the press is reached, when not where the profile says.
    #[serde(default)]
    pub address: Option<String>,
    /// The farthest mode that may be chosen.
    #[serde(default)]
    pub mode: Mode,
    /// Whether the box may write while a person starts each shot.
    #[serde(default)]
    pub semi_automatic: bool,
    /// Pause between two readings of the press, s.
    #[serde(default = "half_a_second")]
    pub read_every_s: f64,
    /// Good shots in a row until a hold ends.
    #[serde(default = "three")]
    pub good_shots: u32,
    /// Time in hold until the press is released, s.
    #[serde(default = "half_an_hour")]
    pub hold_s: f64,
    /// Shots after an operator's edit until the new recipe counts as accepted; only a person accepts it where this is missing.
    #[serde(default)]
    pub untouched_shots: Option<u32>,
    /// An expected effect must be more than this many of its standard deviations.
    #[serde(default)]
    pub surer_than: Option<f64>,
    /// Limits by setpoint, the unit in each key: `[press_port.limit.hold_pressure]` with `low_mpa`, `high_mpa`, `step_mpa`, `per_hour_mpa`.
    #[serde(default, rename = "limit")]
    pub limits: BTreeMap<String, BTreeMap<String, f64>>,
}

const fn half_a_second() -> f64 {
    0.5
}

const fn three() -> u32 {
    3
}

const fn half_an_hour() -> f64 {
    1800.0
}

/// Zero of the Celsius scale, K.
const ZERO_CELSIUS_K: f64 = 273.15;

/// Suffix of the bounds, suffix of movements, factor and zero to SI.
const fn written_as(setpoint: Setpoint) -> (&'static str, &'static str, f64, f64) {
    match setpoint {
        Setpoint::HoldPressure => ("mpa", "mpa", 1e6, 0.0),
        Setpoint::HoldTime | Setpoint::CoolingTime => ("s", "s", 1.0, 0.0),
        Setpoint::TransferVolume => ("cm3", "cm3", 1e-6, 0.0),
        Setpoint::InjectionRate => ("cm3_per_s", "cm3_per_s", 1e-6, 0.0),
        Setpoint::MeltTemperature | Setpoint::MoldTemperature => {
            ("celsius", "k", 1.0, ZERO_CELSIUS_K)
        }
    }
}

impl PressConfig {
    /// No wire reaches the press: a person sets it by hand after advice on the screen.
    pub fn no_wire(&self) -> bool {
        self.profile == std::path::Path::new(NO_WIRE)
    }

    /// Limits in SI; key and reason of the first thing wrong.
    ///
    /// # Errors
    /// A setpoint or key that does not exist, or one that is missing.
    pub fn limits(&self) -> Result<Limits, (String, String)> {
        let mut limits = [None; SETPOINTS];
        for (name, table) in &self.limits {
            let at = |key: &str| {
                format!(
                    "press_port.limit.{name}{}{key}",
                    if key.is_empty() { "" } else { "." }
                )
            };
            let setpoint = Setpoint::from_name(name).ok_or_else(|| {
                let known = Setpoint::ALL.map(Setpoint::name).join(", ");
                (at(""), format!("is no setpoint; there are {known}"))
            })?;
            let (bound, movement, factor, zero) = written_as(setpoint);
            let keys = [
                format!("low_{bound}"),
                format!("high_{bound}"),
                format!("step_{movement}"),
                format!("per_hour_{movement}"),
            ];
            if let Some(other) = table.keys().find(|k| !keys.contains(k)) {
                return Err((
                    at(other),
                    format!("is unknown; expected {}", keys.join(", ")),
                ));
            }
            let value = |key: &String| {
                let found = table.get(key).copied();
                found.ok_or_else(|| (at(key), "is missing".to_owned()))
            };
            limits[setpoint as usize] = Some(Limit {
                low: value(&keys[0])? * factor + zero,
                high: value(&keys[1])? * factor + zero,
                step: value(&keys[2])? * factor,
                per_hour: value(&keys[3])? * factor,
            });
        }
        Ok(limits)
    }

    /// Settings of the guard for a press that can do this.
    pub fn guard(&self, press: &Abilities, silent_after_s: f64) -> GuardSettings {
        let tolerance = std::array::from_fn(|i| {
            let known = press.setpoints[i].as_ref().map(|a| a.tolerance);
            // Setpoints the press does not show are never moved; any tolerance will do for them.
            known.filter(|t| *t > 0.0).unwrap_or(1e-9)
        });
        GuardSettings {
            mode: self.mode,
            semi_automatic: self.semi_automatic,
            says_released: press.says_released,
            says_frozen: press.says_frozen,
            heartbeat_s: press.heartbeat.map(|h| 3.0 * h.as_secs_f64()),
            fresh_s: silent_after_s,
            wish_s: silent_after_s,
            read_back_s: (6.0 * self.read_every_s).max(5.0),
            tolerance,
            good_shots: self.good_shots,
            hold_s: self.hold_s,
            untouched_shots: self.untouched_shots,
            surer_than: self.surer_than,
            restore: press.restore,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> PressConfig {
        toml::from_str(&format!("profile = \"p.toml\"\n{text}")).unwrap()
    }

    #[test]
    fn limits_are_read_in_the_unit_of_their_key_and_a_wrong_one_is_named() {
        let good = read(
            "[limit.hold_pressure]\nlow_mpa = 20\nhigh_mpa = 80\nstep_mpa = 2\nper_hour_mpa = 10\n\
             [limit.melt_temperature]\nlow_celsius = 220\nhigh_celsius = 240\nstep_k = 2\nper_hour_k = 8\n",
        );
        let limits = good.limits().unwrap();
        let hold = limits[Setpoint::HoldPressure as usize].unwrap();
        assert_eq!((hold.low, hold.step), (2e7, 2e6));
        let melt = limits[Setpoint::MeltTemperature as usize].unwrap();
        assert_eq!((melt.high, melt.per_hour), (513.15, 8.0));
        assert!(limits[Setpoint::HoldTime as usize].is_none());
        for (text, key) in [
            (
                "[limit.holdpressure]\nlow_mpa = 1\n",
                "press_port.limit.holdpressure",
            ),
            (
                "[limit.hold_pressure]\nlow_bar = 1\n",
                "press_port.limit.hold_pressure.low_bar",
            ),
            (
                "[limit.hold_time]\nlow_s = 1\n",
                "press_port.limit.hold_time.high_s",
            ),
        ] {
            assert_eq!(read(text).limits().unwrap_err().0, key);
        }
    }
}

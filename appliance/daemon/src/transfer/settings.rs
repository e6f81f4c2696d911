//! The `[transfer]` table: which node signals transfer, and when.

use std::path::PathBuf;

use appliance_pipeline::guard::Mode;
use appliance_pipeline::ports::Setpoint;
use appliance_pipeline::setup::Setup;
use appliance_pipeline::transfer::Law;
use serde::{Deserialize, Serialize};

use crate::config::{Config, Feeds};

/// Where melt arrives last, as a place.
const END_OF_FILL: &str = "end_of_fill";
/// Lowest pressure that can be asked for, MPa, absolute.
const LEAST_MPA: f64 = 0.2;
/// Longest a plan may stand, s: nodes stay armed for a minute.
const LONGEST_S: f64 = 55.0;

/// A transfer signalled by a node, earlier than the press would by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// Port of the node that has the wire and the screw's position, as in `[[node]]`.
    pub node: PathBuf,
    /// Law: at this injected volume, cm3.
    #[serde(default)]
    pub injected_volume_cm3: Option<f64>,
    /// Law: when the estimate here reaches `pressure_mpa`: a pressure sensor of the mold, measured or not, or `end_of_fill`.
    #[serde(default)]
    pub place: Option<String>,
    /// Pressure at `place`, MPa, absolute.
    #[serde(default)]
    pub pressure_mpa: Option<f64>,
    /// How long a plan may fire after it was armed, s; the box renews it while the press waits.
    #[serde(default = "half_a_minute")]
    pub window_s: f64,
}

const fn half_a_minute() -> f64 {
    30.0
}

/// Key and reason of what is wrong.
type Wrong = (String, String);

fn wrong<T>(key: &str, reason: impl Into<String>) -> Result<T, Wrong> {
    Err((format!("transfer.{key}"), reason.into()))
}

impl TransferConfig {
    /// Whether the rest of the configuration has what this needs.
    ///
    /// # Errors
    /// Key and reason of the first thing wrong.
    pub fn check(&self, config: &Config) -> Result<(), Wrong> {
        let Some(node) = config.nodes.iter().find(|n| n.port == self.node) else {
            let port = self.node.display();
            return wrong("node", format!("no [[node]] has the port `{port}`"));
        };
        if !node
            .channels
            .iter()
            .any(|c| c.feeds == Feeds::ScrewPosition)
        {
            return wrong(
                "node",
                "has no channel with feeds = \"screw_position\": injected volume cannot be measured there",
            );
        }
        let all = || config.nodes.iter().flat_map(|n| &n.channels);
        for (feeds, name, why) in [
            (
                Feeds::InjectionSignal,
                "injection_signal",
                "when injection starts",
            ),
            (
                Feeds::TransferSignal,
                "transfer_signal",
                "whether the press has transferred",
            ),
        ] {
            if !all().any(|c| c.feeds == feeds) {
                let reason =
                    format!("needs a channel with feeds = \"{name}\" on some node, to know {why}");
                return wrong("node", reason);
            }
        }
        if !(1.0..=LONGEST_S).contains(&self.window_s) {
            return wrong("window_s", format!("must lie between 1 and {LONGEST_S} s"));
        }
        let Some(press) = config
            .press_port
            .as_ref()
            .filter(|p| p.mode == Mode::Correct)
        else {
            return wrong(
                "node",
                "needs [press_port] with mode = \"correct\": a signal is as much influence as a write",
            );
        };
        let limits = press.limits()?;
        let Some(limit) = limits[Setpoint::TransferVolume as usize] else {
            return wrong(
                "node",
                "needs [press_port.limit.transfer_volume]: without limits nothing is signalled",
            );
        };
        match (self.injected_volume_cm3, &self.place, self.pressure_mpa) {
            (Some(cm3), None, None) => {
                let (low, high) = (limit.low * 1e6, limit.high * 1e6);
                if !(low..=high).contains(&cm3) {
                    let reason = format!(
                        "{cm3} lies outside press_port.limit.transfer_volume, {low:.3} to {high:.3}"
                    );
                    return wrong("injected_volume_cm3", reason);
                }
            }
            (None, Some(_), Some(mpa)) => {
                if !(mpa.is_finite() && mpa > LEAST_MPA) {
                    return wrong(
                        "pressure_mpa",
                        format!("must be above {LEAST_MPA}: well above the atmosphere"),
                    );
                }
            }
            (None, Some(_), None) => {
                return wrong("pressure_mpa", "is missing: which pressure at the place?");
            }
            (None, None, Some(_)) => {
                return wrong("place", "is missing: where is the pressure to be reached?");
            }
            (None, None, None) => {
                return wrong(
                    "injected_volume_cm3",
                    "is missing, and so are place and pressure_mpa: one law must be given",
                );
            }
            (Some(_), ..) => {
                return wrong(
                    "injected_volume_cm3",
                    "stands beside place or pressure_mpa: only one law can be given",
                );
            }
        }
        Ok(())
    }

    /// The law, for a mold set up like this.
    ///
    /// # Errors
    /// Key and reason of the first thing wrong.
    pub fn law(&self, setup: &Setup, screw_area_m2: f64) -> Result<Law, Wrong> {
        if !screw_area_m2.is_finite() {
            return Err((
                "screw_diameter_mm".into(),
                "is missing: [transfer] needs it to know the injected volume".into(),
            ));
        }
        if let Some(cm3) = self.injected_volume_cm3 {
            return Ok(Law::InjectedVolume(cm3 * 1e-6));
        }
        let name = self.place.as_deref().unwrap_or_default();
        let pressures = || {
            setup
                .places
                .iter()
                .enumerate()
                .filter(|(_, p)| p.is_pressure())
        };
        let place = match name {
            END_OF_FILL => setup.last,
            _ => match pressures().find(|(_, p)| p.name == name) {
                Some((place, _)) => place,
                None => {
                    let known: Vec<&str> = pressures().map(|(_, p)| p.name.as_str()).collect();
                    let reason = format!(
                        "`{name}` is no pressure sensor of the mold; there are {}, {END_OF_FILL}",
                        known.join(", ")
                    );
                    return wrong("place", reason);
                }
            },
        };
        let pa = self.pressure_mpa.unwrap_or(f64::NAN) * 1e6;
        Ok(Law::Pressure { place, pa })
    }
}

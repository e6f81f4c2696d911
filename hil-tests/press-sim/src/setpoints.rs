//! The setpoints a controller shows to the outside, and how each one stands in the recipe.
//!
//! | setpoint | unit | in the recipe |
//! |---|---|---|
//! | `hold_pressure` | MPa, absolute | pressure of the first hold stage; the others move by the same difference |
//! | `hold_time` | s | sum over the hold stages, which scale together |
//! | `transfer_volume` | cm3 injected | volume of the switch-over; the last rate stage reaches at least as far |
//! | `injection_rate` | cm3/s | rate of the first stage; the others scale with it |
//! | `melt_temperature` | degC | melt temperature |
//! | `mold_temperature` | degC | mold temperature |
//! | `cooling_time` | s | from the end of hold to ejection |

use models_physics::mold::Press;
use models_physics::recipe::Recipe;

/// Zero of the Celsius scale, K.
const ZERO_CELSIUS_K: f64 = 273.15;
const MPA: f64 = 1e6;
const CM3: f64 = 1e-6;

/// Number of setpoints.
pub const SETPOINTS: usize = 7;

/// A setpoint of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Setpoint {
    /// Specific pressure of the first hold stage, absolute.
    HoldPressure,
    /// Length of hold.
    HoldTime,
    /// Injected volume at transfer.
    TransferVolume,
    /// Rate of the first injection stage.
    InjectionRate,
    /// Melt temperature.
    MeltTemperature,
    /// Mold temperature.
    MoldTemperature,
    /// Time from the end of hold to ejection.
    CoolingTime,
}

/// Lowest and highest value a controller takes, in the setpoint's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
}

impl Range {
    /// Whether it takes this value. A limit itself is allowed, whatever single precision did to its last digit.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        let slack = 1e-7 * self.low.abs().max(self.high.abs());
        (self.low - slack..=self.high + slack).contains(&value)
    }
}

/// A range for every setpoint, in their order.
pub type Ranges = [Range; SETPOINTS];

impl Setpoint {
    /// All, in order.
    pub const ALL: [Self; SETPOINTS] = [
        Self::HoldPressure,
        Self::HoldTime,
        Self::TransferVolume,
        Self::InjectionRate,
        Self::MeltTemperature,
        Self::MoldTemperature,
        Self::CoolingTime,
    ];

    /// Name: the node id in OPC UA, the key in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HoldPressure => "hold_pressure",
            Self::HoldTime => "hold_time",
            Self::TransferVolume => "transfer_volume",
            Self::InjectionRate => "injection_rate",
            Self::MeltTemperature => "melt_temperature",
            Self::MoldTemperature => "mold_temperature",
            Self::CoolingTime => "cooling_time",
        }
    }

    /// By name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Unit of its values.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::HoldPressure => "MPa",
            Self::HoldTime | Self::CoolingTime => "s",
            Self::TransferVolume => "cm3",
            Self::InjectionRate => "cm3/s",
            Self::MeltTemperature | Self::MoldTemperature => "degC",
        }
    }

    /// Its value in a recipe, in its unit. A recipe without hold has 0 for pressure and time of hold.
    #[must_use]
    pub fn read(self, recipe: &Recipe) -> f64 {
        match self {
            Self::HoldPressure => recipe.hold.first().map_or(0.0, |s| s.pressure / MPA),
            Self::HoldTime => recipe.hold_time_s(),
            Self::TransferVolume => recipe.transfer.injected_volume / CM3,
            Self::InjectionRate => recipe.rate_stages.first().map_or(0.0, |s| s.rate / CM3),
            Self::MeltTemperature => recipe.melt_k - ZERO_CELSIUS_K,
            Self::MoldTemperature => recipe.mold_k - ZERO_CELSIUS_K,
            Self::CoolingTime => recipe.cooling_time_s,
        }
    }

    /// Puts a value, in its unit, into a recipe; whether a press can run that is not checked here.
    pub fn write(self, recipe: &mut Recipe, value: f64) {
        let before = self.read(recipe);
        match self {
            Self::HoldPressure => {
                for (at, stage) in recipe.hold.iter_mut().enumerate() {
                    // The first is the value itself, so that it reads back to the last digit.
                    stage.pressure = match at {
                        0 => value * MPA,
                        _ => stage.pressure + (value - before) * MPA,
                    };
                }
            }
            Self::HoldTime => {
                for stage in &mut recipe.hold {
                    stage.time *= value / before;
                }
            }
            Self::TransferVolume => {
                recipe.transfer.injected_volume = value * CM3;
                if let Some(last) = recipe.rate_stages.last_mut() {
                    last.until_injected = last.until_injected.max(value * CM3);
                }
            }
            Self::InjectionRate => {
                for stage in &mut recipe.rate_stages {
                    stage.rate *= value / before;
                }
            }
            Self::MeltTemperature => recipe.melt_k = value + ZERO_CELSIUS_K,
            Self::MoldTemperature => recipe.mold_k = value + ZERO_CELSIUS_K,
            Self::CoolingTime => recipe.cooling_time_s = value,
        }
    }

    /// What the controller of a press takes where a scenario does not say otherwise.
    #[must_use]
    pub fn range(self, press: &Press) -> Range {
        let celsius = |(low, high): (f64, f64)| (low - ZERO_CELSIUS_K, high - ZERO_CELSIUS_K);
        let (low, high) = match self {
            Self::HoldPressure => (1.0, press.max_hold_pressure / MPA),
            Self::HoldTime => (0.1, 60.0),
            Self::TransferVolume => (0.5, (press.max_stroke_volume - press.cushion_volume) / CM3),
            Self::InjectionRate => (1.0, press.max_rate / CM3),
            Self::MeltTemperature => celsius(press.melt_range_k),
            Self::MoldTemperature => celsius(press.mold_range_k),
            Self::CoolingTime => (0.5, 300.0),
        };
        Range { low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use models_physics::recipes;

    #[test]
    fn a_value_reads_back_and_nothing_else_moves() {
        let recipe = recipes::builtin("plate-ps").expect("shipped");
        for setpoint in Setpoint::ALL {
            let mut edited = recipe.clone();
            let value = setpoint.read(&recipe) * 1.1;
            setpoint.write(&mut edited, value);
            for other in Setpoint::ALL {
                let expected = if other == setpoint {
                    value
                } else {
                    other.read(&recipe)
                };
                assert!(
                    (other.read(&edited) / expected - 1.0).abs() < 1e-12,
                    "{other:?}"
                );
            }
        }
    }

    #[test]
    fn later_stages_follow_the_first() {
        let mut recipe = recipes::builtin("plate-ps").expect("shipped");
        Setpoint::HoldPressure.write(&mut recipe, 50.0);
        Setpoint::HoldTime.write(&mut recipe, 9.0);
        Setpoint::InjectionRate.write(&mut recipe, 30.0);
        Setpoint::TransferVolume.write(&mut recipe, 12.4);
        let hold: Vec<f64> = recipe
            .hold
            .iter()
            .flat_map(|s| [s.pressure / MPA, s.time])
            .collect();
        for (found, expected) in hold.iter().zip([50.0, 4.5, 35.0, 4.5]) {
            assert!((found - expected).abs() < 1e-9, "{hold:?}");
        }
        assert!((recipe.rate_stages[1].rate / CM3 - 50.0).abs() < 1e-9);
        assert!(recipe.rate_stages[1].until_injected >= recipe.transfer.injected_volume);
    }
}

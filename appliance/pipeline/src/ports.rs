//! What crosses between the box and the press, in SI units; who carries it is `appliance-press`.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Number of setpoints.
pub const SETPOINTS: usize = 7;

/// A setpoint the box may read and, where everybody agrees, move. The order is that of every list of setpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(usize)]
pub enum Setpoint {
    /// Specific pressure of the first hold stage, absolute, Pa. Further stages move with it.
    HoldPressure,
    /// Length of hold, s.
    HoldTime,
    /// Injected volume at transfer (switch-over), m3.
    TransferVolume,
    /// Injection rate, m3/s.
    InjectionRate,
    /// Melt temperature, K.
    MeltTemperature,
    /// Mold temperature, K.
    MoldTemperature,
    /// Time from the end of hold to opening, s.
    CoolingTime,
}

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

    /// Name in profiles, records and the API.
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

    /// Unit of its values.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::HoldPressure => "Pa",
            Self::HoldTime | Self::CoolingTime => "s",
            Self::TransferVolume => "m3",
            Self::InjectionRate => "m3/s",
            Self::MeltTemperature | Self::MoldTemperature => "K",
        }
    }

    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// A value for every setpoint, SI; NaN where the press has none or has not said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setpoints(pub [f64; SETPOINTS]);

impl Default for Setpoints {
    fn default() -> Self {
        Self([f64::NAN; SETPOINTS])
    }
}

impl Index<Setpoint> for Setpoints {
    type Output = f64;
    fn index(&self, setpoint: Setpoint) -> &f64 {
        &self.0[setpoint as usize]
    }
}

impl IndexMut<Setpoint> for Setpoints {
    fn index_mut(&mut self, setpoint: Setpoint) -> &mut f64 {
        &mut self.0[setpoint as usize]
    }
}

impl Setpoints {
    /// Those that are known.
    pub fn known(&self) -> impl Iterator<Item = (Setpoint, f64)> + '_ {
        let pairs = Setpoint::ALL.into_iter().map(|s| (s, self[s]));
        pairs.filter(|(_, v)| v.is_finite())
    }
}

/// What a setpoint may be and how fast it may move. SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Lowest value ever asked for.
    pub low: f64,
    /// Highest.
    pub high: f64,
    /// Largest change from one shot to the next.
    pub step: f64,
    /// Largest sum of changes, taken without their sign, within any hour.
    pub per_hour: f64,
}

/// Limits of the setpoints that may be moved; the others stay as they are.
pub type Limits = [Option<Limit>; SETPOINTS];

/// How the press is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operating {
    /// Shot after shot by itself.
    Automatic,
    /// Each shot started by a person.
    SemiAutomatic,
    /// By hand.
    Manual,
    /// Being set up.
    Setup,
    /// The press does not say, or says something unknown.
    #[default]
    Unknown,
}

/// Everything a press said in one reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PressSignals {
    /// Cycles counted by the press.
    pub cycle: Option<u64>,
    /// How it is run.
    pub operating: Operating,
    /// Whether setpoints may be written now; `None` where the press has no such signal.
    pub released: Option<bool>,
    /// OPC 40077 `Frozen`: true forbids every change; `None` where the press has no such signal.
    pub frozen: Option<bool>,
    /// Setpoints as they stand in the controller.
    pub setpoints: Setpoints,
    /// Cycle data: name as in OPC 40077 in lower case with underscores and its unit as suffix (`cushion_stroke_mm`), value.
    pub cycle_data: Vec<(String, f64)>,
    /// Age of the oldest value in it, s.
    pub age_s: f64,
}

/// Setpoints to be written together, SI; in force from the next shot on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// New values, each setpoint at most once, in order.
    pub values: Vec<(Setpoint, f64)>,
}

impl Change {
    /// True when nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The setpoints after it.
    pub fn applied_to(&self, before: &Setpoints) -> Setpoints {
        let mut after = *before;
        for (setpoint, value) in &self.values {
            after[*setpoint] = *value;
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (i, s) in Setpoint::ALL.into_iter().enumerate() {
            assert_eq!((s as usize, Setpoint::from_name(s.name())), (i, Some(s)));
        }
        let mut before = Setpoints::default();
        before[Setpoint::HoldTime] = 4.0;
        let change = Change {
            values: vec![(Setpoint::HoldPressure, 3e7)],
        };
        let after = change.applied_to(&before);
        assert_eq!(after.known().count(), 2);
        assert_eq!(after[Setpoint::HoldTime], 4.0);
    }
}

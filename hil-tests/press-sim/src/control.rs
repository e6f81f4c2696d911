//! What follows the setpoints slowly, and the cycle data a press publishes in the words of OPC 40077 (EUROMAP 77).

use crate::scenario::Thermal;
use models_physics::recipe::Recipe;
use serde::Serialize;

/// A quantity that reaches its setpoint after a dead time, first order.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    from: f64,
    target: f64,
    begins_s: f64,
    dead_s: f64,
    tau_s: f64,
}

impl Settling {
    /// Settled at `value`.
    #[must_use]
    pub const fn at(value: f64, dead_s: f64, tau_s: f64) -> Self {
        Self {
            from: value,
            target: value,
            begins_s: 0.0,
            dead_s,
            tau_s,
        }
    }

    /// A new setpoint at `now_s`. What it had reached by then is where it starts from.
    pub fn aim(&mut self, target: f64, now_s: f64) {
        if target != self.target {
            self.from = self.value(now_s);
            self.target = target;
            self.begins_s = now_s + self.dead_s;
        }
    }

    /// `from` until the dead time is over, then `target + (from - target) exp(-(t - begin) / tau)`.
    #[must_use]
    pub fn value(&self, t: f64) -> f64 {
        let since = (t - self.begins_s).max(0.0);
        self.target + (self.from - self.target) * (-since / self.tau_s).exp()
    }
}

/// Melt and mold temperature as they are, K.
#[derive(Clone, Copy, Debug)]
pub struct Temperatures {
    /// Melt.
    pub melt: Settling,
    /// Mold.
    pub mold: Settling,
}

impl Temperatures {
    /// Settled at a recipe.
    #[must_use]
    pub const fn settled(recipe: &Recipe, thermal: &Thermal) -> Self {
        Self {
            melt: Settling::at(recipe.melt_k, thermal.melt_dead_s, thermal.melt_settle_s),
            mold: Settling::at(recipe.mold_k, thermal.mold_dead_s, thermal.mold_settle_s),
        }
    }

    /// Follows the setpoints from `now_s` on.
    pub fn aim(&mut self, recipe: &Recipe, now_s: f64) {
        self.melt.aim(recipe.melt_k, now_s);
        self.mold.aim(recipe.mold_k, now_s);
    }
}

/// What the controller publishes at the end of a cycle. Names follow OPC 40077; units are suffixes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CycleData {
    /// `JobCycleCounter`: molded shots.
    pub job_cycle_counter: u64,
    /// `MachineCycleCounter`: every cycle, purges included.
    pub machine_cycle_counter: u64,
    /// `CycleTime`.
    pub cycle_time_s: f64,
    /// `InjectionTime`: to transfer.
    pub injection_time_s: f64,
    /// `HoldTime`.
    pub hold_time_s: f64,
    /// `PlastificationTime`.
    pub plastification_time_s: f64,
    /// `CoolingTime`: from the end of hold.
    pub cooling_time_s: f64,
    /// `CushionStroke`: smallest screw position.
    pub cushion_stroke_mm: f64,
    /// `CushionVolume`.
    pub cushion_volume_cm3: f64,
    /// `TransferStroke`: screw position at transfer.
    pub transfer_stroke_mm: f64,
    /// `TransferSpecificPressure`, absolute.
    pub transfer_specific_pressure_mpa: f64,
    /// `SpecificPressureMaximum`, absolute.
    pub maximum_specific_pressure_mpa: f64,
    /// `SpecificPressureHoldMaximum`, absolute.
    pub maximum_hold_pressure_mpa: f64,
    /// Melt temperature the barrel reports.
    pub melt_temperature_celsius: f64,
    /// Mold temperature the coolant reports.
    pub mold_temperature_celsius: f64,
}

impl CycleData {
    /// The numbers in it, counters aside, by the names of their fields.
    #[must_use]
    pub const fn numbers(&self) -> [(&'static str, f64); 13] {
        [
            ("cycle_time_s", self.cycle_time_s),
            ("injection_time_s", self.injection_time_s),
            ("hold_time_s", self.hold_time_s),
            ("plastification_time_s", self.plastification_time_s),
            ("cooling_time_s", self.cooling_time_s),
            ("cushion_stroke_mm", self.cushion_stroke_mm),
            ("cushion_volume_cm3", self.cushion_volume_cm3),
            ("transfer_stroke_mm", self.transfer_stroke_mm),
            (
                "transfer_specific_pressure_mpa",
                self.transfer_specific_pressure_mpa,
            ),
            (
                "maximum_specific_pressure_mpa",
                self.maximum_specific_pressure_mpa,
            ),
            ("maximum_hold_pressure_mpa", self.maximum_hold_pressure_mpa),
            ("melt_temperature_celsius", self.melt_temperature_celsius),
            ("mold_temperature_celsius", self.mold_temperature_celsius),
        ]
    }
}

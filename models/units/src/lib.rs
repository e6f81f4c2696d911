//! Physical quantities. Each is one `f64` in SI inside a newtype named after the quantity; the unit
//! is visible wherever a number goes in or out.
//!
//! ```
//! use models_units::{Pressure, Temperature};
//! let hold = Pressure::from_mpa(40.0);
//! let melt = Temperature::from_celsius(230.0);
//! assert_eq!(hold.pa(), 4.0e7);
//! assert!((melt.k() - 503.15).abs() < 1e-12);
//! ```
#![no_std]

/// Declares a quantity: its SI accessor pair, then further units as `from`, `read`, factor.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $from_si:ident, $si:ident $(, $from:ident, $read:ident, $factor:expr)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name { si: f64 }
        impl $name {
            #[doc = concat!("Builds from the SI unit (", stringify!($si), ").")]
            pub const fn $from_si(value: f64) -> Self { Self { si: value } }
            #[doc = concat!("Reads in the SI unit (", stringify!($si), ").")]
            pub const fn $si(self) -> f64 { self.si }
            $(
                #[doc = concat!("Builds from ", stringify!($read), ".")]
                pub const fn $from(value: f64) -> Self { Self { si: value * $factor } }
                #[doc = concat!("Reads in ", stringify!($read), ".")]
                pub const fn $read(self) -> f64 { self.si / $factor }
            )*
        }
    };
}

quantity!(/// A pressure, absolute unless named otherwise. Held in pascals.
    Pressure, from_pa, pa, from_mpa, mpa, 1e6, from_bar, bar, 1e5);
quantity!(/// An absolute temperature. Held in kelvins.
    Temperature, from_k, k);
quantity!(/// A shear rate. Held in 1/s.
    ShearRate, from_per_s, per_s);
quantity!(/// A dynamic viscosity. Held in Pa s.
    Viscosity, from_pa_s, pa_s);
quantity!(/// A specific volume. Held in m3/kg.
    SpecificVolume, from_m3_per_kg, m3_per_kg, from_cm3_per_g, cm3_per_g, 1e-3);
quantity!(/// A density. Held in kg/m3.
    Density, from_kg_per_m3, kg_per_m3, from_g_per_cm3, g_per_cm3, 1e3);
quantity!(/// A specific heat capacity at constant pressure. Held in J/(kg K).
    SpecificHeat, from_j_per_kg_k, j_per_kg_k);
quantity!(/// A thermal conductivity. Held in W/(m K).
    ThermalConductivity, from_w_per_m_k, w_per_m_k);
quantity!(/// A duration or a time since fill began. Held in seconds.
    Seconds, from_s, s, from_ms, ms, 1e-3);
quantity!(/// A length. Held in metres.
    Length, from_m, m, from_mm, mm, 1e-3);
quantity!(/// A volume. Held in m3.
    Volume, from_m3, m3, from_cm3, cm3, 1e-6);
quantity!(/// A volume flow rate. Held in m3/s.
    VolumeRate, from_m3_per_s, m3_per_s, from_cm3_per_s, cm3_per_s, 1e-6);
quantity!(/// A mass. Held in kilograms.
    Mass, from_kg, kg, from_g, g, 1e-3);
quantity!(/// A heat transfer coefficient. Held in W/(m2 K).
    HeatTransfer, from_w_per_m2_k, w_per_m2_k);
quantity!(/// A force. Held in newtons.
    Force, from_n, n, from_kn, kn, 1e3);

impl Temperature {
    /// Builds from degrees Celsius.
    pub const fn from_celsius(celsius: f64) -> Self {
        Self {
            si: celsius + 273.15,
        }
    }
    /// Reads in degrees Celsius.
    pub const fn celsius(self) -> f64 {
        self.si - 273.15
    }
}

/// Standard atmosphere as the measured data use it: the baseline of the recorded shots.
pub const ATMOSPHERIC: Pressure = Pressure::from_bar(1.0);

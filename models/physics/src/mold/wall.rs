//! The way heat leaves the melt.

use crate::laws::WallContact;

/// Contact of the melt with the mold and what lies behind the surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Wall {
    /// Heat transfer coefficient between melt and mold surface.
    pub htc: WallContact,
    /// Mold surface temperature at the start of a shot, K.
    pub mold_temperature_k: f64,
    /// Steel and coolant; without them the surface stays at `mold_temperature_k`.
    pub steel: Option<Steel>,
}

/// Steel between cavity and coolant, SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steel {
    /// Distance from cavity surface to cooling channel, m.
    pub thickness: f64,
    /// Thermal conductivity, W/(m K).
    pub conductivity: f64,
    /// Density, kg/m3.
    pub density: f64,
    /// Heat capacity, J/(kg K).
    pub heat_capacity: f64,
    /// Heat transfer coefficient to the coolant, W/(m2 K).
    pub coolant_htc: f64,
    /// Coolant temperature, K.
    pub coolant_k: f64,
}

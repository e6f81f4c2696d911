//! Limits and losses of the press, and the defaults of the process.

/// What the press can do and what it loses, SI. Pressures are absolute specific pressures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Press {
    /// Screw diameter, m.
    pub screw_diameter: f64,
    /// Largest dose, m3.
    pub max_stroke_volume: f64,
    /// Largest injection rate, m3/s.
    pub max_rate: f64,
    /// Largest injection pressure, Pa.
    pub max_injection_pressure: f64,
    /// Largest hold pressure, Pa.
    pub max_hold_pressure: f64,
    /// Clamp force, N.
    pub clamp_force_n: f64,
    /// Flow back over the check ring per specific pressure, m3/(s Pa).
    pub check_ring_leakage: f64,
    /// Share of the specific pressure lost before the mold's inlet.
    pub hold_loss: f64,
    /// Melt that must stay before the screw, m3.
    pub cushion_volume: f64,
    /// Melt temperatures it may be set to, K.
    pub melt_range_k: (f64, f64),
    /// Mold temperatures it may be set to, K.
    pub mold_range_k: (f64, f64),
}

impl Press {
    /// Screw area, m2.
    pub fn screw_area(&self) -> f64 {
        std::f64::consts::FRAC_PI_4 * self.screw_diameter * self.screw_diameter
    }
}

/// What the process does when no recipe says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessDefaults {
    /// Melt temperature at the inlet, K.
    pub melt_k: f64,
    /// Ejection temperature, K; the card's when absent.
    pub eject_k: Option<f64>,
    /// Name of a shipped recipe, or path of a recipe file ending in `.toml`.
    pub recipe: Option<String>,
}

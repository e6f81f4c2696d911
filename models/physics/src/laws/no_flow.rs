//! The no-flow temperature.

use models_units::Temperature;

/// The temperature below which a layer no longer flows.
///
/// Applied AFTER shear thinning: a layer below it has fluidity zero whatever its stress. Cutting the
/// viscosity first and thinning it afterwards lets "frozen" layers creep, which biases cavity
/// pressures late in the hold by several MPa. It is a fitted number, not a property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoFlow {
    /// The temperature, K.
    pub temperature_k: f64,
}

impl NoFlow {
    /// Whether melt at this temperature still flows.
    pub fn flows(&self, t: Temperature) -> bool {
        t.k() >= self.temperature_k
    }
}

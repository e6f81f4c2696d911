//! What a shot comes to: the quantities that targets and hard limits are set for.

use std::ops::{Index, IndexMut};

/// Number of quantities.
pub const QUANTITIES: usize = 7;

/// A quantity of a finished shot. The order is that of every list of quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Quantity {
    /// Mass of the part without its feed system, kg.
    PartMass,
    /// Mean volumetric shrinkage.
    Shrinkage,
    /// Largest local shrinkage less the mean: where sinks show.
    Sink,
    /// Share of the part that stayed empty: a short shot.
    ShortShare,
    /// Highest pressure where the flow ends, above atmosphere, Pa.
    EndOfFillPressure,
    /// Largest clamp force the cavity needs, N: above that of the press the mold flashes.
    ClampForce,
    /// Highest temperature in the part at ejection, K.
    CoreTemperature,
}

impl Quantity {
    /// All, in order.
    pub const ALL: [Self; QUANTITIES] = [
        Self::PartMass,
        Self::Shrinkage,
        Self::Sink,
        Self::ShortShare,
        Self::EndOfFillPressure,
        Self::ClampForce,
        Self::CoreTemperature,
    ];

    /// Name in configuration, records and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PartMass => "part_mass",
            Self::Shrinkage => "shrinkage",
            Self::Sink => "sink",
            Self::ShortShare => "short_share",
            Self::EndOfFillPressure => "end_of_fill_pressure",
            Self::ClampForce => "clamp_force",
            Self::CoreTemperature => "core_temperature",
        }
    }

    /// Unit of its values.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::PartMass => "kg",
            Self::Shrinkage | Self::Sink | Self::ShortShare => "1",
            Self::EndOfFillPressure => "Pa",
            Self::ClampForce => "N",
            Self::CoreTemperature => "K",
        }
    }

    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|q| q.name() == name)
    }
}

/// A value for every quantity, SI.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome(pub [f64; QUANTITIES]);

impl Index<Quantity> for Outcome {
    type Output = f64;
    fn index(&self, quantity: Quantity) -> &f64 {
        &self.0[quantity as usize]
    }
}

impl IndexMut<Quantity> for Outcome {
    fn index_mut(&mut self, quantity: Quantity) -> &mut f64 {
        &mut self.0[quantity as usize]
    }
}

impl Outcome {
    /// This less another.
    pub fn less(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (i, q) in Quantity::ALL.into_iter().enumerate() {
            assert_eq!((q as usize, Quantity::from_name(q.name())), (i, Some(q)));
        }
    }
}

//! The one list of latent parameters: what calibration fits, datasets sample, identification and the
//! estimator infer, and the simulated press disturbs. Order, names, units, priors and bounds are fixed
//! here and nowhere else.
//!
//! Latents are EFFECTIVE values of this model, not laboratory constants.

use std::ops::{Index, IndexMut};

/// One latent parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Latent {
    /// Factor on the zero-shear viscosity of the card.
    Viscosity,
    /// Factor on the exponent `n` of the card.
    Thinning,
    /// Factor on `tau*` of the card.
    TauStar,
    /// Melt temperature at the inlet less the nominal one, K.
    MeltTemperature,
    /// Mold wall temperature less the nominal one, K.
    MoldTemperature,
    /// Factor on the wall heat transfer coefficient of the mold.
    WallHtc,
    /// Opening of the gap per mean cavity pressure, m/Pa.
    Compliance,
    /// Factor on every cavity gap.
    Gap,
    /// Share of the specific pressure lost before the nozzle.
    HoldLoss,
    /// Flow back over the check ring, m3/(s Pa).
    Leakage,
    /// Factor on the thermal conductivity of the card.
    Conductivity,
    /// Factor on the compressibility of the card.
    Compressibility,
    /// No-flow temperature less that of the card, K.
    NoFlow,
    /// Rise of the no-flow temperature with pressure, K/Pa.
    NoFlowPressure,
}

/// What is known of a latent before any shot.
#[derive(Clone, Copy, Debug)]
pub struct LatentInfo {
    /// The latent.
    pub latent: Latent,
    /// Name in files, metrics and on screen.
    pub name: &'static str,
    /// Unit; "1" for a factor or share.
    pub unit: &'static str,
    /// Prior mean (what the card and the mold say).
    pub prior: f64,
    /// Prior standard deviation.
    pub prior_sd: f64,
    /// Lowest and highest value that is still physics.
    pub bounds: [f64; 2],
}

/// Number of latents.
pub const COUNT: usize = 14;

const fn row(
    latent: Latent,
    name: &'static str,
    unit: &'static str,
    prior: f64,
    prior_sd: f64,
    bounds: [f64; 2],
) -> LatentInfo {
    LatentInfo {
        latent,
        name,
        unit,
        prior,
        prior_sd,
        bounds,
    }
}

/// Every latent, in order. Compliance is the one whose prior mean comes from the mold (its entry
/// here is the value published for the measured rig, key `krebelj2021`).
pub const LATENTS: [LatentInfo; COUNT] = [
    row(Latent::Viscosity, "viscosity", "1", 1.0, 0.25, [0.3, 3.0]),
    row(Latent::Thinning, "thinning", "1", 1.0, 0.06, [0.7, 1.4]),
    row(Latent::TauStar, "tau_star", "1", 1.0, 0.2, [0.4, 2.5]),
    row(
        Latent::MeltTemperature,
        "melt_temperature",
        "K",
        0.0,
        5.0,
        [-30.0, 30.0],
    ),
    row(
        Latent::MoldTemperature,
        "mold_temperature",
        "K",
        0.0,
        4.0,
        [-20.0, 25.0],
    ),
    row(Latent::WallHtc, "wall_htc", "1", 1.0, 0.4, [0.2, 8.0]),
    row(
        Latent::Compliance,
        "compliance",
        "m/Pa",
        0.75e-12,
        0.25e-12,
        [0.0, 4.0e-12],
    ),
    row(Latent::Gap, "gap", "1", 1.0, 0.01, [0.9, 1.1]),
    row(Latent::HoldLoss, "hold_loss", "1", 0.0, 0.05, [0.0, 0.5]),
    row(
        Latent::Leakage,
        "leakage",
        "m3/(s Pa)",
        0.0,
        2.0e-15,
        [0.0, 5.0e-14],
    ),
    row(
        Latent::Conductivity,
        "conductivity",
        "1",
        1.0,
        0.1,
        [0.6, 1.6],
    ),
    row(
        Latent::Compressibility,
        "compressibility",
        "1",
        1.0,
        0.08,
        [0.7, 1.4],
    ),
    row(Latent::NoFlow, "no_flow", "K", 0.0, 12.0, [-25.0, 60.0]),
    row(
        Latent::NoFlowPressure,
        "no_flow_pressure",
        "K/Pa",
        0.0,
        1.0e-7,
        [0.0, 6.0e-7],
    ),
];

/// A value for every latent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latents {
    values: [f64; COUNT],
}

/// A latent that does not exist or a value outside its bounds.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LatentError {
    /// No such name.
    #[error("unknown latent `{name}`; known are {}", known())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// Not physics any more.
    #[error("latent `{name}` is {value}, outside {low} to {high} {unit}")]
    OutOfBounds {
        /// Name of the latent.
        name: &'static str,
        /// Value given.
        value: f64,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
        /// Unit.
        unit: &'static str,
    },
}

fn known() -> String {
    LATENTS.map(|l| l.name).join(", ")
}

impl Latent {
    /// Its row in [`LATENTS`].
    pub fn info(self) -> &'static LatentInfo {
        &LATENTS[self as usize]
    }

    /// Finds a latent by its name in files.
    ///
    /// # Errors
    /// When there is no such latent; the message lists those there are.
    pub fn from_name(name: &str) -> Result<Self, LatentError> {
        let found = LATENTS.iter().find(|l| l.name == name);
        found
            .map(|l| l.latent)
            .ok_or_else(|| LatentError::Unknown { name: name.into() })
    }
}

impl Default for Latents {
    fn default() -> Self {
        Self {
            values: LATENTS.map(|l| l.prior),
        }
    }
}

impl Latents {
    /// From values in the order of [`LATENTS`]. Unchecked: for estimates that are kept within their own bounds.
    pub fn from_values(values: [f64; COUNT]) -> Self {
        Self { values }
    }

    /// All values in the order of [`LATENTS`].
    pub fn values(&self) -> &[f64; COUNT] {
        &self.values
    }

    /// Sets one value.
    ///
    /// # Errors
    /// When it is NaN or outside the latent's bounds.
    pub fn set(&mut self, latent: Latent, value: f64) -> Result<(), LatentError> {
        let info = latent.info();
        let [low, high] = info.bounds;
        if !(low..=high).contains(&value) {
            return Err(LatentError::OutOfBounds {
                name: info.name,
                value,
                low,
                high,
                unit: info.unit,
            });
        }
        self.values[latent as usize] = value;
        Ok(())
    }
}

impl Latents {
    /// Priors of a mold: the list's means, the mold's own compliance, leakage and hold loss, then the values
    /// its file gives.
    ///
    /// # Errors
    /// When the file names an unknown latent or a value outside its bounds.
    pub fn of_mold(mold: &crate::mold::Mold) -> Result<Self, LatentError> {
        let mut latents = Self::default();
        latents.set(Latent::Compliance, mold.compliance_m_per_pa)?;
        if let Some(press) = &mold.press {
            latents.set(Latent::Leakage, press.check_ring_leakage)?;
            latents.set(Latent::HoldLoss, press.hold_loss)?;
        }
        for (name, value) in &mold.latents {
            latents.set(Latent::from_name(name)?, *value)?;
        }
        Ok(latents)
    }
}

impl Index<Latent> for Latents {
    type Output = f64;
    fn index(&self, latent: Latent) -> &f64 {
        &self.values[latent as usize]
    }
}

impl IndexMut<Latent> for Latents {
    /// Unchecked: for solvers that bound their own steps. Files go through [`Latents::set`].
    fn index_mut(&mut self, latent: Latent) -> &mut f64 {
        &mut self.values[latent as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_its_priors_are_inside_their_bounds() {
        for (i, l) in LATENTS.iter().enumerate() {
            assert_eq!(l.latent as usize, i);
            assert_eq!(Latent::from_name(l.name).unwrap(), l.latent);
            assert!(
                (l.bounds[0]..=l.bounds[1]).contains(&l.prior) && l.prior_sd > 0.0,
                "{}",
                l.name
            );
        }
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        let mut l = Latents::default();
        assert!(l.set(Latent::Gap, f64::NAN).is_err());
        let e = l.set(Latent::Gap, 2.0).unwrap_err().to_string();
        assert!(e.contains("`gap`") && e.contains("1.1"), "{e}");
        assert!(
            Latent::from_name("gapp")
                .unwrap_err()
                .to_string()
                .contains("compliance")
        );
    }
}

//! One melt's flow law, in the rate form and in the stress form that the solver uses.

use models_units::{Pressure, ShearRate, Temperature, Viscosity};

use super::{Cross, CrossWlf, PowerLaw, cross};

/// The flow law of a melt.
///
/// In a thin gap the shear STRESS is known before the rate is (it is linear through the gap), so the
/// solver uses `1/eta = F(s) / eta0(T, p)` with `s = stress / stress_scale`: `F` depends on one
/// number only and `eta0` on temperature and pressure only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rheology {
    /// Constant viscosity, for closed-form checks.
    Newtonian {
        /// Viscosity, Pa s.
        eta: f64,
    },
    /// Power law, for closed-form checks and comparison.
    PowerLaw(PowerLaw),
    /// Cross thinning with an exponential temperature law, for comparison.
    Cross(Cross),
    /// Cross-WLF: what material cards carry.
    CrossWlf(CrossWlf),
}

impl Rheology {
    /// Shear viscosity, or `None` where the law says nothing (Cross-WLF below `T*`).
    pub fn viscosity(&self, t: Temperature, p: Pressure, rate: ShearRate) -> Option<Viscosity> {
        match self {
            Self::Newtonian { eta } => Some(Viscosity::from_pa_s(*eta)),
            Self::PowerLaw(law) => Some(law.viscosity(t, rate)),
            Self::Cross(law) => Some(law.viscosity(t, rate)),
            Self::CrossWlf(law) => law.viscosity(t, p, rate),
        }
    }

    /// `eta0(T, p)` of the stress form, or `None` where the law says nothing.
    ///
    /// Pa s, except for the power law, which has no plateau: there `eta0 = K(T)^(1/n)` and
    /// `F(s) = s^(1/n - 1)` with `s` the stress in Pa.
    #[inline]
    pub fn zero_shear(&self, t_k: f64, p_pa: f64) -> Option<f64> {
        match self {
            Self::Newtonian { eta } => Some(*eta),
            Self::PowerLaw(law) => Some(law.consistency(t_k).powf(1.0 / law.n)),
            Self::Cross(law) => Some(law.zero_shear(t_k)),
            Self::CrossWlf(law) => law.zero_shear(t_k, p_pa),
        }
    }

    /// The stress \[Pa\] that makes `s = stress / stress_scale` dimensionless: `tau_star` of the Cross
    /// laws, 1 Pa otherwise.
    #[inline]
    pub fn stress_scale(&self) -> f64 {
        match self {
            Self::Newtonian { .. } | Self::PowerLaw(_) => 1.0,
            Self::Cross(law) => law.tau_star,
            Self::CrossWlf(law) => law.tau_star,
        }
    }

    /// Reduced fluidity `F(s)`, `s >= 0`: how much thinner than `eta0` the melt is at that stress.
    ///
    /// 1 for a Newtonian melt and for a Cross law at rest, never below 1 for Cross laws. The power
    /// law gives `s^(1/n - 1)`, which is 0 at rest (n < 1). Overflows to infinity only where the
    /// shear rate itself would.
    #[inline]
    pub fn reduced_fluidity(&self, s: f64) -> f64 {
        match self {
            Self::Newtonian { .. } => 1.0,
            Self::PowerLaw(law) => s.powf(1.0 / law.n - 1.0),
            Self::Cross(law) => cross::reduced_fluidity(law.n, s),
            Self::CrossWlf(law) => cross::reduced_fluidity(law.n, s),
        }
    }
}

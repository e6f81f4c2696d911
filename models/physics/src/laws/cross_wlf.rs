//! The Cross-WLF law: shear thinning after Cross, temperature and pressure shift after WLF.

use models_units::{Pressure, ShearRate, Temperature, Viscosity};

/// Constants of the Cross-WLF law, all in SI.
///
/// Valid for melts above `T*`, at the rates the card was measured at (usually 10 to 1e5 1/s).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossWlf {
    /// Power-law index of the thinning branch, 0 < n < 1.
    pub n: f64,
    /// Stress at which thinning sets in, Pa.
    pub tau_star: f64,
    /// Zero-shear viscosity at `T*`, Pa s.
    pub d1: f64,
    /// `T*` at zero pressure, K.
    pub d2: f64,
    /// Rise of `T*` with pressure, K/Pa.
    pub d3: f64,
    /// WLF factor, dimensionless.
    pub a1: f64,
    /// WLF temperature at zero pressure, K.
    pub a2_tilde: f64,
}

impl CrossWlf {
    /// Shear viscosity of the melt by the Cross-WLF law.
    ///
    /// ```text
    /// eta  = eta0 / (1 + (eta0 * shear_rate / tau_star)^(1 - n))
    /// eta0 = D1 * exp(-A1 (T - T*) / (A2 + T - T*)),  T* = D2 + D3 p,  A2 = A2~ + D3 p
    /// ```
    ///
    /// Returns `None` below `T*`: there the melt is glassy and the law says nothing.
    ///
    /// Sources: Cross (1965), J. Colloid Sci. 20; Williams, Landel and Ferry (1955),
    /// J. Am. Chem. Soc. 77. Keys `cross1965`, `wlf1955` in `models/cards/literature.bib`.
    pub fn viscosity(&self, t: Temperature, p: Pressure, rate: ShearRate) -> Option<Viscosity> {
        let eta0 = self.zero_shear(t.k(), p.pa())?;
        let thinning = (eta0 * rate.per_s() / self.tau_star).powf(1.0 - self.n);
        Some(Viscosity::from_pa_s(eta0 / (1.0 + thinning)))
    }

    /// Zero-shear viscosity `eta0` \[Pa s\] at `t_k` \[K\] and `p_pa` \[Pa\]; `None` below `T*`.
    #[inline]
    pub fn zero_shear(&self, t_k: f64, p_pa: f64) -> Option<f64> {
        let shift = self.d3 * p_pa;
        let above_t_star = t_k - (self.d2 + shift);
        if above_t_star < 0.0 || above_t_star.is_nan() {
            return None;
        }
        let a2 = self.a2_tilde + shift;
        Some(self.d1 * (-self.a1 * above_t_star / (a2 + above_t_star)).exp())
    }
}

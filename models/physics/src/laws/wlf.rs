//! Zero-shear viscosity alone, for sources that print no thinning stress.

use models_units::{Temperature, Viscosity};

/// A WLF set around a REFERENCE temperature, without the stress at which thinning sets in.
///
/// ```text
/// eta0 = D1 * exp(-A1 (T - Tref) / (A2 + T - Tref))
/// ```
///
/// Valid near `t_ref` (the source states processing temperatures). It is not enough for a flow
/// simulation and no card with only this law is accepted for one. Source: key `osswald2015`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZeroShearWlf {
    /// Power-law index the source prints beside it, dimensionless.
    pub n: f64,
    /// Zero-shear viscosity at `t_ref`, Pa s.
    pub d1: f64,
    /// Reference temperature, K. Not a glass transition.
    pub t_ref: f64,
    /// WLF factor, dimensionless.
    pub a1: f64,
    /// WLF temperature, K.
    pub a2: f64,
}

impl ZeroShearWlf {
    /// Zero-shear viscosity; `None` at or below the pole `T = t_ref - A2`.
    pub fn viscosity(&self, t: Temperature) -> Option<Viscosity> {
        let above = t.k() - self.t_ref;
        (self.a2 + above > 0.0)
            .then(|| Viscosity::from_pa_s(self.d1 * (-self.a1 * above / (self.a2 + above)).exp()))
    }
}

//! The power law (Ostwald and de Waele): pure thinning without a plateau.

use models_units::{ShearRate, Temperature, Viscosity};

/// Constants of the power law, in SI.
///
/// Valid between the rates it was fitted at; it has no zero-shear plateau, so the centre of a
/// channel is far too stiff. Used for closed-form checks and for comparing laws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// Consistency at `t_ref`, Pa s^n.
    pub k: f64,
    /// Power-law index, dimensionless, above 0.
    pub n: f64,
    /// Temperature factor, 1/K.
    pub b: f64,
    /// Reference temperature, K.
    pub t_ref: f64,
}

impl PowerLaw {
    /// Shear viscosity.
    ///
    /// ```text
    /// eta = K exp(-b (T - Tref)) * shear_rate^(n - 1)
    /// ```
    ///
    /// Infinite at rest when n < 1. Source: key `bird1987` in `models/cards/literature.bib`.
    pub fn viscosity(&self, t: Temperature, rate: ShearRate) -> Viscosity {
        Viscosity::from_pa_s(self.consistency(t.k()) * rate.per_s().powf(self.n - 1.0))
    }

    /// Consistency K(T) \[Pa s^n\] at `t_k` \[K\].
    #[inline]
    pub fn consistency(&self, t_k: f64) -> f64 {
        if self.b == 0.0 {
            return self.k;
        }
        self.k * (-self.b * (t_k - self.t_ref)).exp()
    }
}

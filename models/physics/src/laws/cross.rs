//! Cross thinning with an exponential temperature law, and the stress form that both Cross laws share.

use models_units::{ShearRate, Temperature, Viscosity};

/// Cross law with `eta0 = B exp(Tb / T)`, all in SI. For comparing laws; it has no pressure term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cross {
    /// Power-law index of the thinning branch, 0 < n < 1.
    pub n: f64,
    /// Stress at which thinning sets in, Pa.
    pub tau_star: f64,
    /// Viscosity scale, Pa s.
    pub b: f64,
    /// Activation temperature, K.
    pub t_b: f64,
}

impl Cross {
    /// Shear viscosity.
    ///
    /// ```text
    /// eta = eta0 / (1 + (eta0 * shear_rate / tau_star)^(1 - n)),  eta0 = B exp(Tb / T)
    /// ```
    ///
    /// Valid for melts well above their transition. Source: key `cross1965` in
    /// `models/cards/literature.bib`.
    pub fn viscosity(&self, t: Temperature, rate: ShearRate) -> Viscosity {
        let eta0 = self.zero_shear(t.k());
        let thinning = (eta0 * rate.per_s() / self.tau_star).powf(1.0 - self.n);
        Viscosity::from_pa_s(eta0 / (1.0 + thinning))
    }

    /// Zero-shear viscosity \[Pa s\] at `t_k` \[K\].
    #[inline]
    pub fn zero_shear(&self, t_k: f64) -> f64 {
        self.b * (self.t_b / t_k).exp()
    }
}

/// Reduced fluidity `F(s)` of Cross thinning: `1/eta = F(s)/eta0` with `s = stress/tau_star`.
///
/// With `x = eta0 * rate / tau_star` the flow curve is `s = x / (1 + x^(1-n))`, so
/// `F = x/s = 1 + x^(1-n)`. Solved for `u = ln x` by Newton: the function
/// `u - ln(1 + e^((1-n)u)) - ln s` is increasing and concave, hence every iterate after the first
/// lies left of the root and climbs to it; `u >= ln s` bounds it from below. `F(0) = 1`.
pub(super) fn reduced_fluidity(n: f64, s: f64) -> f64 {
    if s <= 0.0 {
        return 1.0;
    }
    let m = 1.0 - n;
    let ln_s = s.ln();
    // Both asymptotes: x = s when nothing thins, x = s^(1/n) when everything does.
    let mut u = if ln_s > 0.0 { ln_s / n } else { ln_s };
    for _ in 0..60 {
        let e = (-(m * u).abs()).exp();
        let softplus = (m * u).max(0.0) + e.ln_1p();
        let logistic = if u >= 0.0 {
            1.0 / (1.0 + e)
        } else {
            e / (1.0 + e)
        };
        let next = (u - (u - softplus - ln_s) / (1.0 - m * logistic)).max(ln_s);
        let step = (next - u).abs();
        u = next;
        if step <= 1e-14 * (1.0 + u.abs()) {
            break;
        }
    }
    1.0 + (m * u).exp()
}

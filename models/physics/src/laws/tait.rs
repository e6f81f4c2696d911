//! Two-domain Tait equation of state.

use models_units::{Pressure, SpecificVolume, Temperature};

/// The universal constant `C` of the Tait equation, dimensionless.
pub const TAIT_C: f64 = 0.0894;

/// Constants of the two-domain Tait law, all in SI; `m` melt, `s` solid.
///
/// Valid from 0 to about 200 MPa within the temperatures the card was measured at; the solid branch
/// is the equilibrium at the measuring rate, not at molding rates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tait {
    /// Melt volume at the transition, m3/kg.
    pub b1m: f64,
    /// Melt expansion, m3/(kg K).
    pub b2m: f64,
    /// Melt stiffness at the transition, Pa.
    pub b3m: f64,
    /// Loss of melt stiffness with temperature, 1/K.
    pub b4m: f64,
    /// Solid volume at the transition, m3/kg.
    pub b1s: f64,
    /// Solid expansion, m3/(kg K).
    pub b2s: f64,
    /// Solid stiffness at the transition, Pa.
    pub b3s: f64,
    /// Loss of solid stiffness with temperature, 1/K.
    pub b4s: f64,
    /// Transition temperature at zero pressure, K.
    pub b5: f64,
    /// Rise of the transition with pressure, K/Pa.
    pub b6: f64,
    /// Crystallisation volume at the transition, m3/kg; 0 for amorphous polymers.
    pub b7: f64,
    /// Its growth with temperature, 1/K.
    pub b8: f64,
    /// Its decay with pressure, 1/Pa.
    pub b9: f64,
}

/// Specific volume and its derivatives at one temperature and pressure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaitPoint {
    /// Specific volume, m3/kg.
    pub v: f64,
    /// Derivative with pressure at constant temperature, m3/(kg Pa); below zero.
    pub dv_dp: f64,
    /// Derivative with temperature at constant pressure, m3/(kg K).
    pub dv_dt: f64,
}

impl Tait {
    /// Specific volume.
    ///
    /// ```text
    /// v  = v0(T) (1 - C ln(1 + p / B(T))) + vt(T, p),  C = 0.0894
    /// v0 = b1 + b2 (T - b5),  B = b3 exp(-b4 (T - b5))
    /// vt = b7 exp(b8 (T - b5) - b9 p) in the solid, 0 in the melt
    /// solid where T < b5 + b6 p
    /// ```
    ///
    /// Source: key `kennedy2013` in `models/cards/literature.bib`.
    pub fn specific_volume(&self, t: Temperature, p: Pressure) -> SpecificVolume {
        SpecificVolume::from_m3_per_kg(self.point(t.k(), p.pa()).v)
    }

    /// Transition temperature \[K\] at `p_pa` \[Pa\].
    #[inline]
    pub fn transition_k(&self, p_pa: f64) -> f64 {
        self.b5 + self.b6 * p_pa
    }

    /// Specific volume with analytic derivatives at `t_k` \[K\] and `p_pa` \[Pa\] (above `-B`).
    #[inline(always)]
    pub fn point(&self, t_k: f64, p_pa: f64) -> TaitPoint {
        let dt = t_k - self.b5;
        if t_k < self.transition_k(p_pa) {
            let solid = branch(self.b1s, self.b2s, self.b3s, self.b4s, dt, p_pa);
            if self.b7 == 0.0 {
                return solid;
            }
            let vt = self.b7 * (self.b8 * dt - self.b9 * p_pa).exp();
            TaitPoint {
                v: solid.v + vt,
                dv_dp: solid.dv_dp - self.b9 * vt,
                dv_dt: solid.dv_dt + self.b8 * vt,
            }
        } else {
            branch(self.b1m, self.b2m, self.b3m, self.b4m, dt, p_pa)
        }
    }
}

impl Tait {
    /// As [`Tait::point`], but passing from one domain to the other over [`BLEND_K`] kelvins.
    ///
    /// The two domains of a fitted card do not meet exactly: the law jumps at the transition (5e-4 for
    /// polystyrene at 60 MPa, percents for a semi-crystalline grade), and across a jump no pressure
    /// satisfies a mass balance. A cubic step makes volume and slopes continuous.
    #[inline(always)]
    pub fn blended(&self, t_k: f64, p_pa: f64) -> TaitPoint {
        let x = (t_k - self.transition_k(p_pa)) / BLEND_K + 0.5;
        if x <= 0.0 || x >= 1.0 {
            return self.point(t_k, p_pa);
        }
        let dt = t_k - self.b5;
        let melt = branch(self.b1m, self.b2m, self.b3m, self.b4m, dt, p_pa);
        let mut solid = branch(self.b1s, self.b2s, self.b3s, self.b4s, dt, p_pa);
        if self.b7 != 0.0 {
            let vt = self.b7 * (self.b8 * dt - self.b9 * p_pa).exp();
            solid.v += vt;
            solid.dv_dp -= self.b9 * vt;
            solid.dv_dt += self.b8 * vt;
        }
        let w = x * x * (3.0 - 2.0 * x);
        let slope = 6.0 * x * (1.0 - x) / BLEND_K * (melt.v - solid.v);
        TaitPoint {
            v: solid.v + w * (melt.v - solid.v),
            dv_dp: solid.dv_dp + w * (melt.dv_dp - solid.dv_dp) - slope * self.b6,
            dv_dt: solid.dv_dt + w * (melt.dv_dt - solid.dv_dt) + slope,
        }
    }
}

/// Width of the passage between the domains in [`Tait::blended`], K.
pub const BLEND_K: f64 = 4.0;

/// `ln(1 + x)` to 1e-14: the series of `2 atanh(x / (2 + x))` where it is short, the library elsewhere.
#[inline(always)]
fn ln_1p(x: f64) -> f64 {
    let y = x / (2.0 + x);
    let z = y * y;
    if z > 0.025 {
        return (1.0 + x).ln();
    }
    let series = 1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0 + z * (1.0 / 17.0)));
    let series = 1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * series))));
    2.0 * y * series
}

/// One domain of the law; `dt` is `T - b5`.
#[inline(always)]
pub(super) fn branch(b1: f64, b2: f64, b3: f64, b4: f64, dt: f64, p_pa: f64) -> TaitPoint {
    let v0 = b1 + b2 * dt;
    let b = b3 * (-b4 * dt).exp();
    let squeezed = 1.0 - TAIT_C * ln_1p(p_pa / b);
    TaitPoint {
        v: v0 * squeezed,
        dv_dp: -v0 * TAIT_C / (b + p_pa),
        dv_dt: b2 * squeezed - v0 * TAIT_C * b4 * p_pa / (b + p_pa),
    }
}

#[cfg(test)]
mod tests {
    use super::ln_1p;

    #[test]
    fn the_series_is_the_logarithm() {
        for i in -900..4000 {
            let x = f64::from(i) * 1e-3;
            let exact = x.ln_1p();
            assert!(
                (ln_1p(x) - exact).abs() <= 1e-14 + 1e-13 * exact.abs(),
                "{x}"
            );
        }
    }
}

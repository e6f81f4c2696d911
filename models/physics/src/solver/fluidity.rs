//! Fluidity as a function of stress, from a table.
//!
//! A generalised Newtonian law in stress form is `1/eta = F(s) / eta0(T, p)` with `s = stress / scale`:
//! `F` depends on one variable only. In a thin gap the stress is known exactly (`z |grad p|`), so one
//! lookup replaces the implicit viscosity of every layer, and its slope gives Newton's method an
//! exact tangent.

use crate::laws::Rheology;

/// Knots a unit of `ln s`; the cubic's relative error is `(p / KNOTS)^4 / 384` for `F ~ s^p`: 1e-8 for p = 3.
const KNOTS_PER_UNIT: f64 = 64.0;
const LN_MIN: f64 = -16.0;
const LN_MAX: f64 = 8.0;

/// `F(ln s)` and its derivative with respect to `ln s`, as a cubic Hermite table.
#[derive(Clone, Debug)]
pub struct FluidityTable {
    /// `(F, dF/d ln s / KNOTS_PER_UNIT)` at each knot.
    knots: Vec<[f64; 2]>,
    /// ln of the law's stress scale, Pa.
    ln_scale: f64,
}

impl FluidityTable {
    /// Tabulates the law between `e^-16` and `e^8` times its stress scale.
    pub fn new(law: &Rheology) -> Self {
        let count = ((LN_MAX - LN_MIN) * KNOTS_PER_UNIT) as usize + 2;
        let h = 1.0 / KNOTS_PER_UNIT;
        let f = |i: f64| law.reduced_fluidity((LN_MIN + i * h).exp());
        // Fourth-order differences keep the slope's error below the interpolation error.
        let knots = (0..count)
            .map(|i| {
                let i = i as f64;
                let slope = (8.0 * (f(i + 0.5) - f(i - 0.5)) - (f(i + 1.0) - f(i - 1.0))) / 6.0;
                [f(i), slope]
            })
            .collect();
        Self {
            knots,
            ln_scale: law.stress_scale().ln(),
        }
    }

    /// ln of the stress scale in Pa: subtract it from `ln(stress)` before `get`.
    pub fn ln_scale(&self) -> f64 {
        self.ln_scale
    }

    /// `(F, dF/d ln s)` at `ln s`. Above the table it continues as a power law (a law without a stress
    /// scale gets there), below it keeps the end value: melt at rest keeps a trace of fluidity.
    #[inline(always)]
    pub fn get(&self, ln_s: f64) -> (f64, f64) {
        let x = (ln_s.clamp(LN_MIN, LN_MAX) - LN_MIN) * KNOTS_PER_UNIT;
        let i = (x as usize).min(self.knots.len() - 2);
        let t = x - i as f64;
        let [f0, d0] = self.knots[i];
        let [f1, d1] = self.knots[i + 1];
        let df = f1 - f0;
        let c2 = 3.0 * df - 2.0 * d0 - d1;
        let c3 = d0 + d1 - 2.0 * df;
        let f = f0 + t * (d0 + t * (c2 + t * c3));
        let d = (d0 + t * (2.0 * c2 + t * 3.0 * c3)) * KNOTS_PER_UNIT;
        if ln_s > LN_MAX {
            let exponent = d / f;
            let f = f * (exponent * (ln_s - LN_MAX)).exp();
            return (f, exponent * f);
        }
        (f, d)
    }
}

//! Heat capacity and enthalpy in one lookup.

use crate::laws::HeatCapacity;

/// Spacing of the table, K.
const STEP_K: f64 = 0.5;
const LOWEST_K: f64 = 150.0;
const HIGHEST_K: f64 = 900.0;

/// Enthalpy on an even grid: exact on its knots, a cubic between them, its slope the heat capacity.
#[derive(Clone, Debug)]
pub struct HeatTable {
    /// `(enthalpy, heat capacity times the spacing)`.
    knots: Vec<[f64; 2]>,
}

impl HeatTable {
    /// Tabulates a law between 150 and 900 K; beyond, the ends continue.
    pub fn new(law: &HeatCapacity) -> Self {
        let count = ((HIGHEST_K - LOWEST_K) / STEP_K) as usize + 1;
        let at = |i: usize| LOWEST_K + i as f64 * STEP_K;
        // A central mean keeps the cubic faithful across the corners of a piecewise linear law.
        let slope = |t: f64| law.enthalpy(t + 0.5 * STEP_K) - law.enthalpy(t - 0.5 * STEP_K);
        Self { knots: (0..count).map(|i| [law.enthalpy(at(i)), slope(at(i))]).collect() }
    }

    /// `(heat capacity J/(kg K), enthalpy J/kg)` at `t_k` \[K\].
    #[inline(always)]
    pub fn get(&self, t_k: f64) -> (f64, f64) {
        let x = (t_k - LOWEST_K) * (1.0 / STEP_K);
        let i = (x as usize).min(self.knots.len() - 2);
        let t = x - i as f64;
        let [h0, d0] = self.knots[i];
        let [h1, d1] = self.knots[i + 1];
        if !(0.0..=1.0).contains(&t) {
            let (h, d, past) = if t < 0.0 { (h0, d0, t) } else { (h1, d1, t - 1.0) };
            return (d / STEP_K, h + d * past);
        }
        let dh = h1 - h0;
        let c2 = 3.0 * dh - 2.0 * d0 - d1;
        let c3 = d0 + d1 - 2.0 * dh;
        ((d0 + t * (2.0 * c2 + t * 3.0 * c3)) / STEP_K, h0 + t * (d0 + t * (c2 + t * c3)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_law() {
        let law = HeatCapacity::from_table(&[273.15, 350.0, 362.0, 600.0], &[1300.0, 1500.0, 1900.0, 2400.0]).unwrap();
        let table = HeatTable::new(&law);
        for i in 0..900 {
            let t = 160.0 + 0.731 * f64::from(i);
            let (cp, h) = table.get(t);
            assert!((h - law.enthalpy(t)).abs() < 3.0, "{t}: {h} {}", law.enthalpy(t));
            assert!((cp / law.cp(t) - 1.0).abs() < 0.01, "{t}: {cp} {}", law.cp(t));
        }
    }
}

//! Thermal properties on even grids: one lookup each, without a search.

use crate::laws::{Conductivity, HeatCapacity};

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
        Self {
            knots: (0..count)
                .map(|i| [law.enthalpy(at(i)), slope(at(i))])
                .collect(),
        }
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
            let (h, d, past) = if t < 0.0 {
                (h0, d0, t)
            } else {
                (h1, d1, t - 1.0)
            };
            return (d / STEP_K, h + d * past);
        }
        let dh = h1 - h0;
        let c2 = 3.0 * dh - 2.0 * d0 - d1;
        let c3 = d0 + d1 - 2.0 * dh;
        (
            (d0 + t * (2.0 * c2 + t * 3.0 * c3)) / STEP_K,
            h0 + t * (d0 + t * (c2 + t * c3)),
        )
    }
}

/// Conductivity, bilinear on an even grid of temperature and pressure.
#[derive(Clone, Debug)]
pub struct ConductivityTable {
    rows: Vec<f64>,
}

const K_STEP_K: f64 = 2.5;
const K_LOWEST_K: f64 = 250.0;
const K_COUNT: usize = 161;
const P_STEP_PA: f64 = 5e6;
const P_COUNT: usize = 51;

impl ConductivityTable {
    /// Tabulates a law times `factor` between 250 and 650 K and 0 and 250 MPa; the ends are held beyond.
    pub fn new(law: &Conductivity, factor: f64) -> Self {
        let value = |i: usize| {
            let (t, p) = ((i % K_COUNT) as f64, (i / K_COUNT) as f64);
            law.k(K_LOWEST_K + t * K_STEP_K, p * P_STEP_PA)
        };
        Self {
            rows: (0..K_COUNT * P_COUNT).map(|i| factor * value(i)).collect(),
        }
    }

    /// The table at one pressure \[Pa\].
    #[inline(always)]
    pub fn at(&self, p_pa: f64) -> ConductivityRow<'_> {
        let y = (p_pa * (1.0 / P_STEP_PA)).clamp(0.0, (P_COUNT - 1) as f64);
        let j = (y as usize).min(P_COUNT - 2);
        ConductivityRow {
            low: &self.rows[j * K_COUNT..][..K_COUNT],
            high: &self.rows[(j + 1) * K_COUNT..][..K_COUNT],
            share: y - j as f64,
        }
    }
}

/// A [`ConductivityTable`] at one pressure.
#[derive(Clone, Copy, Debug)]
pub struct ConductivityRow<'a> {
    low: &'a [f64],
    high: &'a [f64],
    share: f64,
}

impl ConductivityRow<'_> {
    /// W/(m K) at `t_k` \[K\].
    #[inline(always)]
    pub fn get(&self, t_k: f64) -> f64 {
        let x = ((t_k - K_LOWEST_K) * (1.0 / K_STEP_K)).clamp(0.0, (K_COUNT - 1) as f64);
        let i = (x as usize).min(K_COUNT - 2);
        let u = x - i as f64;
        let low = self.low[i] + u * (self.low[i + 1] - self.low[i]);
        let high = self.high[i] + u * (self.high[i + 1] - self.high[i]);
        low + self.share * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_law() {
        let law = HeatCapacity::from_table(
            &[273.15, 350.0, 362.0, 600.0],
            &[1300.0, 1500.0, 1900.0, 2400.0],
        )
        .unwrap();
        let table = HeatTable::new(&law);
        for i in 0..900 {
            let t = 160.0 + 0.731 * f64::from(i);
            let (cp, h) = table.get(t);
            assert!(
                (h - law.enthalpy(t)).abs() < 3.0,
                "{t}: {h} {}",
                law.enthalpy(t)
            );
            assert!(
                (cp / law.cp(t) - 1.0).abs() < 0.01,
                "{t}: {cp} {}",
                law.cp(t)
            );
        }
    }
}

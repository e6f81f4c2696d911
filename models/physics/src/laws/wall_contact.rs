//! Heat transfer between melt and mold wall.

use models_units::{HeatTransfer, Pressure};

use super::knots::{Knots, TableError, check_values};

/// Wall heat transfer coefficient, W/(m2 K), constant or piecewise linear over local melt pressure.
///
/// ```text
/// -k dT/dz = htc(p) (T - T_wall)   at the wall, z from the mid-plane
/// ```
///
/// Higher pressure presses the melt into the surface texture. Source: key `krebelj2021`.
#[derive(Clone, Debug, PartialEq)]
pub struct WallContact {
    knots: Knots,
    htc: Vec<f64>,
    constant: bool,
}

impl WallContact {
    /// From pressures \[Pa\], strictly rising, and coefficients \[W/(m2 K)\].
    ///
    /// # Errors
    /// When the two do not pair up, are unsorted, or a value is not finite and positive.
    pub fn from_table(p_pa: &[f64], htc_w_per_m2_k: &[f64]) -> Result<Self, TableError> {
        let knots = Knots::new(p_pa)?;
        check_values(htc_w_per_m2_k, p_pa.len())?;
        let mut htc = htc_w_per_m2_k.to_vec();
        htc.resize(knots.positions().len(), htc[htc.len() - 1]);
        Ok(Self {
            knots,
            htc,
            constant: p_pa.len() == 1,
        })
    }

    /// The same at every pressure.
    ///
    /// # Errors
    /// When the value is not finite and positive.
    pub fn constant(htc_w_per_m2_k: f64) -> Result<Self, TableError> {
        Self::from_table(&[0.0], &[htc_w_per_m2_k])
    }

    /// Coefficient, held at the end values outside the table.
    pub fn at_or_end(&self, p: Pressure) -> HeatTransfer {
        HeatTransfer::from_w_per_m2_k(self.htc(p.pa()))
    }

    /// Kernel of [`WallContact::at_or_end`]: W/(m2 K) at `p_pa` \[Pa\].
    #[inline]
    pub fn htc(&self, p_pa: f64) -> f64 {
        let (i, w) = self.knots.locate_or_end(p_pa);
        self.htc[i] + w * (self.htc[i + 1] - self.htc[i])
    }

    /// The value if it does not depend on pressure, W/(m2 K).
    pub fn as_constant(&self) -> Option<f64> {
        self.constant.then(|| self.htc[0])
    }

    /// The table as (pressure \[Pa\], coefficient \[W/(m2 K)\]) pairs; one pair for a constant.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let shown = if self.constant { 1 } else { self.htc.len() };
        let pairs = self
            .knots
            .positions()
            .iter()
            .copied()
            .zip(self.htc.iter().copied());
        pairs.take(shown).collect()
    }
}

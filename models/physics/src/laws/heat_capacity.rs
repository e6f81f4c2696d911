//! Specific heat capacity as a table over temperature.

use models_units::{SpecificHeat, Temperature};

use super::knots::{Knots, TableError, check_values};

/// Piecewise linear cp(T) at atmospheric pressure, J/(kg K), with its exact integral.
///
/// A crystallisation peak may be part of the table (apparent heat capacity). Then use
/// [`HeatCapacity::enthalpy`] over a time step: a point value can step over the peak.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatCapacity {
    knots: Knots,
    cp: Vec<f64>,
    /// Integral of cp from the first knot to each knot, J/kg.
    enthalpy: Vec<f64>,
    constant: bool,
}

impl HeatCapacity {
    /// From temperatures \[K\], strictly rising, and heat capacities \[J/(kg K)\].
    ///
    /// # Errors
    /// When the two do not pair up, are unsorted, or a value is not finite and positive.
    pub fn from_table(t_k: &[f64], cp_j_per_kg_k: &[f64]) -> Result<Self, TableError> {
        let knots = Knots::new(t_k)?;
        check_values(cp_j_per_kg_k, t_k.len())?;
        let mut cp = cp_j_per_kg_k.to_vec();
        cp.resize(knots.positions().len(), cp[cp.len() - 1]);
        let mut enthalpy = vec![0.0];
        for (i, t) in knots.positions().windows(2).enumerate() {
            enthalpy.push(enthalpy[i] + 0.5 * (cp[i] + cp[i + 1]) * (t[1] - t[0]));
        }
        Ok(Self {
            knots,
            cp,
            enthalpy,
            constant: t_k.len() == 1,
        })
    }

    /// The same at every temperature.
    ///
    /// # Errors
    /// When the value is not finite and positive.
    pub fn constant(cp_j_per_kg_k: f64) -> Result<Self, TableError> {
        Self::from_table(&[0.0], &[cp_j_per_kg_k])
    }

    /// Heat capacity, `None` outside the table.
    pub fn at(&self, t: Temperature) -> Option<SpecificHeat> {
        let x = self.knots.positions();
        let inside = self.constant || (x[0]..=x[x.len() - 1]).contains(&t.k());
        inside.then(|| self.at_or_end(t))
    }

    /// Heat capacity, held at the end values outside the table.
    pub fn at_or_end(&self, t: Temperature) -> SpecificHeat {
        SpecificHeat::from_j_per_kg_k(self.cp(t.k()))
    }

    /// Kernel of [`HeatCapacity::at_or_end`]: J/(kg K) at `t_k` \[K\].
    #[inline]
    pub fn cp(&self, t_k: f64) -> f64 {
        let (i, w) = self.knots.locate_or_end(t_k);
        self.cp[i] + w * (self.cp[i + 1] - self.cp[i])
    }

    /// Integral of cp from the first table entry to `t_k` \[K\], J/kg; the end values continue outside.
    #[inline]
    pub fn enthalpy(&self, t_k: f64) -> f64 {
        let x = self.knots.positions();
        let last = x.len() - 1;
        if t_k <= x[0] {
            return self.cp[0] * (t_k - x[0]);
        }
        if t_k >= x[last] {
            return self.enthalpy[last] + self.cp[last] * (t_k - x[last]);
        }
        let (i, w) = self.knots.locate_or_end(t_k);
        let here = self.cp[i] + w * (self.cp[i + 1] - self.cp[i]);
        self.enthalpy[i] + 0.5 * (self.cp[i] + here) * (t_k - x[i])
    }
}

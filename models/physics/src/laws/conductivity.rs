//! Thermal conductivity as a table over temperature and pressure.

use models_units::{Pressure, Temperature, ThermalConductivity};

use super::knots::{Knots, TableError, check_values};

/// Bilinear k(T, p), W/(m K). One temperature or one pressure in the table means no dependence on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conductivity {
    t: Knots,
    p: Knots,
    /// Row per temperature, column per pressure.
    k: Vec<f64>,
    t_constant: bool,
    p_constant: bool,
}

impl Conductivity {
    /// From temperatures \[K\], pressures \[Pa\] and one row of conductivities \[W/(m K)\] per temperature.
    ///
    /// # Errors
    /// When rows and positions do not pair up, are unsorted, or a value is not finite and positive.
    pub fn from_table(t_k: &[f64], p_pa: &[f64], rows: &[Vec<f64>]) -> Result<Self, TableError> {
        let (t, p) = (Knots::new(t_k)?, Knots::new(p_pa)?);
        if rows.len() != t_k.len() {
            return Err(TableError::Length {
                expected: t_k.len(),
                found: rows.len(),
            });
        }
        let mut k = Vec::new();
        for row in rows {
            check_values(row, p_pa.len())?;
            k.extend_from_slice(row);
            if p_pa.len() == 1 {
                k.push(row[0]);
            }
        }
        if t_k.len() == 1 {
            k.extend_from_within(..);
        }
        Ok(Self {
            t,
            p,
            k,
            t_constant: t_k.len() == 1,
            p_constant: p_pa.len() == 1,
        })
    }

    /// The same at every temperature and pressure.
    ///
    /// # Errors
    /// When the value is not finite and positive.
    pub fn constant(k_w_per_m_k: f64) -> Result<Self, TableError> {
        Self::from_table(&[0.0], &[0.0], &[vec![k_w_per_m_k]])
    }

    /// Conductivity, `None` outside the table.
    pub fn at(&self, t: Temperature, p: Pressure) -> Option<ThermalConductivity> {
        let inside = |knots: &Knots, at: f64| {
            let x = knots.positions();
            (x[0]..=x[x.len() - 1]).contains(&at)
        };
        ((self.t_constant || inside(&self.t, t.k()))
            && (self.p_constant || inside(&self.p, p.pa())))
        .then(|| self.at_or_end(t, p))
    }

    /// Conductivity, held at the end values outside the table.
    pub fn at_or_end(&self, t: Temperature, p: Pressure) -> ThermalConductivity {
        ThermalConductivity::from_w_per_m_k(self.k(t.k(), p.pa()))
    }

    /// Kernel of [`Conductivity::at_or_end`]: W/(m K) at `t_k` \[K\] and `p_pa` \[Pa\].
    #[inline]
    pub fn k(&self, t_k: f64, p_pa: f64) -> f64 {
        let (i, wt) = self.t.locate_or_end(t_k);
        let (j, wp) = self.p.locate_or_end(p_pa);
        let columns = self.p.positions().len();
        let at = i * columns + j;
        let cold = self.k[at] + wp * (self.k[at + 1] - self.k[at]);
        let hot = self.k[at + columns] + wp * (self.k[at + columns + 1] - self.k[at + columns]);
        cold + wt * (hot - cold)
    }
}

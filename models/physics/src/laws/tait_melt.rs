//! The melt domain of the Tait equation alone, as handbooks print it.

use models_units::{Pressure, SpecificVolume, Temperature};

use super::tait::branch;

/// Melt-only Tait law around a REFERENCE temperature, all in SI.
///
/// `b5` here is the lower end of the source's range, not a transition: the law says nothing about
/// the solid, and a card with only this law is not accepted for a simulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaitMelt {
    /// Volume at `b5`, m3/kg.
    pub b1m: f64,
    /// Expansion, m3/(kg K).
    pub b2m: f64,
    /// Stiffness at `b5`, Pa.
    pub b3m: f64,
    /// Loss of stiffness with temperature, 1/K.
    pub b4m: f64,
    /// Reference temperature and lower end of the range, K.
    pub b5: f64,
    /// Upper end of the range, K; `None` when the source states none.
    pub t_max: Option<f64>,
    /// Largest pressure of the range, Pa; `None` when the source states none.
    pub p_max: Option<f64>,
}

impl TaitMelt {
    /// Specific volume, `None` outside the range of the source.
    ///
    /// ```text
    /// v = (b1m + b2m (T - b5)) (1 - C ln(1 + p / (b3m exp(-b4m (T - b5)))))
    /// ```
    ///
    /// Source: key `danner1993` in `models/cards/literature.bib`.
    pub fn specific_volume(&self, t: Temperature, p: Pressure) -> Option<SpecificVolume> {
        let hot = self.t_max.is_some_and(|max| t.k() > max);
        let high = self.p_max.is_some_and(|max| p.pa() > max);
        if hot || high || t.k() < self.b5 {
            return None;
        }
        let point = branch(
            self.b1m,
            self.b2m,
            self.b3m,
            self.b4m,
            t.k() - self.b5,
            p.pa(),
        );
        Some(SpecificVolume::from_m3_per_kg(point.v))
    }
}

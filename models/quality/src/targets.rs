//! What a good part is: targets per mold.

use crate::Corrected;

/// What a target measures; the unit is part of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Part weight in grams.
    WeightG,
    /// A dimension in millimetres, by its name on the drawing.
    DimensionMm(String),
    /// Linear shrinkage in percent.
    ShrinkagePercent,
    /// An indicator without a unit, by name.
    Indicator(String),
}

/// A quantity with its nominal value and limits, in its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What is measured.
    pub quantity: Quantity,
    /// Wanted value.
    pub nominal: f64,
    /// Lowest good value.
    pub low: f64,
    /// Highest good value.
    pub high: f64,
}

/// What is said of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole band lies inside the limits.
    Good,
    /// The whole band lies outside.
    Reject,
    /// The band crosses a limit, or is unknown.
    Uncertain,
}

impl Target {
    /// Judges a prediction by its 90 % band, value +- 1.645 sd.
    pub fn judge(&self, p: Corrected) -> Verdict {
        let (low, high) = (p.value - 1.645 * p.sd, p.value + 1.645 * p.sd);
        if low >= self.low && high <= self.high {
            Verdict::Good
        } else if high < self.low || low > self.high {
            Verdict::Reject
        } else {
            Verdict::Uncertain
        }
    }
}

/// All targets of a mold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets(pub Vec<Target>);

impl Targets {
    /// The worst verdict over all targets; a target without a prediction is uncertain.
    pub fn judge(&self, predictions: &[Option<Corrected>]) -> Verdict {
        let verdicts: Vec<Verdict> = self
            .0
            .iter()
            .enumerate()
            .map(|(i, t)| {
                predictions
                    .get(i)
                    .copied()
                    .flatten()
                    .map_or(Verdict::Uncertain, |p| t.judge(p))
            })
            .collect();
        if verdicts.contains(&Verdict::Reject) {
            Verdict::Reject
        } else if verdicts.is_empty() || verdicts.contains(&Verdict::Uncertain) {
            Verdict::Uncertain
        } else {
            Verdict::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_decide_and_the_unknown_is_never_good() {
        let t = Targets(vec![Target {
            quantity: Quantity::WeightG,
            nominal: 8.0,
            low: 7.9,
            high: 8.1,
        }]);
        let judge = |value, sd| t.judge(&[Some(Corrected { value, sd })]);
        assert_eq!(judge(8.0, 0.01), Verdict::Good);
        assert_eq!(judge(8.09, 0.01), Verdict::Uncertain);
        assert_eq!(judge(8.2, 0.01), Verdict::Reject);
        assert_eq!(judge(f64::NAN, 0.01), Verdict::Uncertain);
        assert_eq!(t.judge(&[None]), Verdict::Uncertain);
        assert_eq!(Targets::default().judge(&[]), Verdict::Uncertain);
    }
}

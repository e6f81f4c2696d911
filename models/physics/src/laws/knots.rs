//! Sorted table positions with constant-time lookup, shared by the tabulated laws.

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// Nothing in it.
    #[error("the table is empty")]
    Empty,
    /// Positions and values do not pair up.
    #[error("expected {expected} values, found {found}")]
    Length {
        /// Values that the positions ask for.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// Positions must rise strictly.
    #[error("positions must rise strictly, but entry {index} is {found} after {before}")]
    Unsorted {
        /// Index of the offending entry, from 0.
        index: usize,
        /// The entry before it.
        before: f64,
        /// The entry itself.
        found: f64,
    },
    /// Values must be finite and above zero.
    #[error("entry {index} must be finite and above 0, found {found}")]
    NotPositive {
        /// Index of the offending entry, from 0.
        index: usize,
        /// The entry itself.
        found: f64,
    },
}

/// Bins per table: several per knot for the tables of material cards.
const BINS: usize = 128;

/// Strictly rising positions (at least two) and, per uniform bin, the first segment it may be in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Knots {
    x: Vec<f64>,
    first_segment: Vec<u32>,
    bins_per_unit: f64,
}

impl Knots {
    /// Checks and indexes positions. One position becomes a table that is constant everywhere.
    pub fn new(positions: &[f64]) -> Result<Self, TableError> {
        let mut x = positions.to_vec();
        match x.as_slice() {
            [] => return Err(TableError::Empty),
            [only] => x.push(only + 1.0),
            _ => {}
        }
        if !x[0].is_finite() {
            return Err(TableError::Unsorted {
                index: 0,
                before: f64::NEG_INFINITY,
                found: x[0],
            });
        }
        for (i, pair) in x.windows(2).enumerate() {
            if !pair[1].is_finite() || pair[1] <= pair[0] {
                return Err(TableError::Unsorted {
                    index: i + 1,
                    before: pair[0],
                    found: pair[1],
                });
            }
        }
        let width = (x[x.len() - 1] - x[0]) / BINS as f64;
        let first_segment = (0..BINS)
            .map(|bin| {
                let start = x[0] + width * bin as f64;
                // One step back absorbs the rounding of the bin computation.
                (x.partition_point(|&knot| knot <= start)
                    .saturating_sub(1)
                    .min(x.len() - 2)
                    .saturating_sub(1)) as u32
            })
            .collect();
        Ok(Self {
            x,
            first_segment,
            bins_per_unit: 1.0 / width,
        })
    }

    /// The positions as stored (two for a constant).
    pub fn positions(&self) -> &[f64] {
        &self.x
    }

    /// Segment and weight of its upper end, held at the table's ends outside it.
    #[inline]
    pub fn locate_or_end(&self, at: f64) -> (usize, f64) {
        let last = self.x.len() - 2;
        let from_start = at - self.x[0];
        // `as` saturates: far below gives bin 0, far above the last bin, NaN bin 0.
        let bin = ((from_start * self.bins_per_unit) as usize).min(BINS - 1);
        let mut i = self.first_segment[bin] as usize;
        while i < last && at >= self.x[i + 1] {
            i += 1;
        }
        let weight = (at - self.x[i]) / (self.x[i + 1] - self.x[i]);
        (i, weight.clamp(0.0, 1.0))
    }
}

/// Checks that `values` pair with `expected` positions and are finite and positive.
pub(super) fn check_values(values: &[f64], expected: usize) -> Result<(), TableError> {
    if values.len() != expected {
        return Err(TableError::Length {
            expected,
            found: values.len(),
        });
    }
    match values.iter().position(|v| !v.is_finite() || *v <= 0.0) {
        Some(index) => Err(TableError::NotPositive {
            index,
            found: values[index],
        }),
        None => Ok(()),
    }
}

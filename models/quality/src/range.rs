//! Whether features lie where the model was trained.

use crate::QualityError;
use crate::linalg::{Cholesky, Matrix, dot, mean, quantile};

/// Mahalanobis distance to the trained features.
///
/// ```text
/// d^2 = (x - m)' S^-1 (x - m),   S = covariance + 1e-6 of its diagonal
/// ```
///
/// Out of range above twice the distance that 99 % of the trained rows keep (no unit).
/// Source: Mahalanobis (1936), Proc. Natl. Inst. Sci. India 2.
#[derive(Clone, Debug)]
pub struct RangeCheck {
    centre: Vec<f64>,
    factor: Cholesky,
    limit: f64,
}

impl RangeCheck {
    /// Learns the range of the rows of `x`.
    pub fn fit(x: &Matrix) -> Result<Self, QualityError> {
        let columns: Vec<Vec<f64>> = (0..x.cols()).map(|j| x.column(j)).collect();
        let centre: Vec<f64> = columns.iter().map(|c| mean(c)).collect();
        let centred: Vec<Vec<f64>> = columns
            .iter()
            .zip(&centre)
            .map(|(c, m)| c.iter().map(|v| v - m).collect())
            .collect();
        let n = x.rows().max(1) as f64;
        let covariance = Matrix::par_rows(x.cols(), x.cols(), |i, row| {
            for (j, v) in row.iter_mut().enumerate() {
                *v = dot(&centred[i], &centred[j]) / n * if i == j { 1.0 + 1e-6 } else { 1.0 };
            }
            row[i] += 1e-12;
        });
        let mut check = Self {
            centre,
            factor: Cholesky::new(covariance)?,
            limit: 0.0,
        };
        let distances = (0..x.rows())
            .map(|i| check.distance(x.row(i)))
            .collect::<Result<Vec<_>, _>>()?;
        check.limit = 2.0 * quantile(&distances, 0.99);
        Ok(check)
    }

    /// Mahalanobis distance of one row.
    pub fn distance(&self, row: &[f64]) -> Result<f64, QualityError> {
        let expected = self.centre.len();
        if row.len() != expected {
            return Err(QualityError::Length {
                what: "the features",
                got: row.len(),
                expected,
            });
        }
        let off: Vec<f64> = row.iter().zip(&self.centre).map(|(a, b)| a - b).collect();
        let v = self.factor.forward(&off);
        Ok(dot(&v, &v).sqrt())
    }

    /// Whether a row lies outside; so does one that is not finite.
    pub fn is_outside(&self, row: &[f64]) -> Result<bool, QualityError> {
        let d = self.distance(row)?;
        Ok(!d.is_finite() || d > self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_inside_each_range_but_off_the_trained_line_is_outside() {
        let rows: Vec<Vec<f64>> = (0..100)
            .map(|i| vec![f64::from(i), f64::from(i) + (f64::from(i) * 1.7).sin()])
            .collect();
        let check = RangeCheck::fit(&Matrix::from_rows(&rows)).unwrap();
        assert!(!check.is_outside(&[50.0, 50.5]).unwrap());
        assert!(check.is_outside(&[20.0, 80.0]).unwrap());
        assert!(check.is_outside(&[f64::NAN, 0.0]).unwrap());
    }
}

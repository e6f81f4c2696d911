//! Ridge regression on all terms up to the second degree.

use crate::QualityError;
use crate::linalg::{Cholesky, Matrix, dot, mean, std_dev};

/// Ridge regression on the linear, square and product terms of scaled features.
///
/// ```text
/// w = (Z'Z + lambda I)^-1 Z'(y - mean y),  Z = standardised [x_i, x_i x_j]
/// ```
///
/// Source: Hoerl and Kennard (1970), Technometrics 12.
#[derive(Clone, Debug)]
pub struct QuadraticRidge {
    centre: Vec<f64>,
    spread: Vec<f64>,
    weights: Vec<f64>,
    offset: f64,
    low: f64,
    high: f64,
}

fn terms(row: &[f64], quadratic: bool) -> Vec<f64> {
    let mut out = row.to_vec();
    if quadratic {
        for i in 0..row.len() {
            for j in i..row.len() {
                out.push(row[i] * row[j]);
            }
        }
    }
    out
}

/// The most features whose products are all formed; above it only the linear terms are used.
const MOST_QUADRATIC: usize = 40;

impl QuadraticRidge {
    /// Fits `y` on scaled features with penalty `lambda` (in rows).
    pub fn fit(x: &Matrix, y: &[f64], lambda: f64) -> Result<Self, QualityError> {
        let rows: Vec<Vec<f64>> = (0..x.rows())
            .map(|i| terms(x.row(i), x.cols() <= MOST_QUADRATIC))
            .collect();
        let z = Matrix::from_rows(&rows);
        let p = z.cols();
        let columns: Vec<Vec<f64>> = (0..p).map(|j| z.column(j)).collect();
        let centre: Vec<f64> = columns.iter().map(|c| mean(c)).collect();
        let spread: Vec<f64> = columns.iter().map(|c| std_dev(c).max(1e-9)).collect();
        let offset = mean(y);
        let scaled: Vec<Vec<f64>> = columns
            .iter()
            .enumerate()
            .map(|(j, c)| c.iter().map(|v| (v - centre[j]) / spread[j]).collect())
            .collect();
        let centred: Vec<f64> = y.iter().map(|v| v - offset).collect();
        let gram = Matrix::par_rows(p, p, |i, row| {
            for j in 0..=i {
                row[j] = dot(&scaled[i], &scaled[j]);
            }
            row[i] += lambda;
        });
        let right: Vec<f64> = scaled.iter().map(|c| dot(c, &centred)).collect();
        let weights = Cholesky::new(gram)?.solve(&right);
        let (min, max) = y
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let margin = 0.25 * (max - min);
        Ok(Self {
            centre,
            spread,
            weights,
            offset,
            low: min - margin,
            high: max + margin,
        })
    }

    /// Predicts every row; bounded a quarter of the trained range outside it.
    pub fn predict(&self, x: &Matrix) -> Vec<f64> {
        (0..x.rows())
            .map(|i| {
                let z = terms(x.row(i), x.cols() <= MOST_QUADRATIC);
                let sum: f64 = z
                    .iter()
                    .zip(&self.centre)
                    .zip(&self.spread)
                    .zip(&self.weights)
                    .map(|(((z, c), s), w)| w * (z - c) / s)
                    .sum();
                (self.offset + sum).clamp(self.low, self.high)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_law_is_recovered() {
        let law = |a: f64, b: f64| 2.0 + a - 0.5 * a * b + b * b;
        let rows: Vec<Vec<f64>> = (0..100)
            .map(|i| vec![(f64::from(i) * 0.7).sin(), (f64::from(i) * 1.3).cos()])
            .collect();
        let y: Vec<f64> = rows.iter().map(|r| law(r[0], r[1])).collect();
        let x = Matrix::from_rows(&rows);
        let model = QuadraticRidge::fit(&x, &y, 1e-6).unwrap();
        for (got, want) in model.predict(&x).iter().zip(&y) {
            assert!((got - want).abs() < 1e-4);
        }
    }
}

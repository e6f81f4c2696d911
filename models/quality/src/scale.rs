//! Features to a common scale that a few wild rows cannot bend.

use crate::linalg::{Matrix, mean, quantile, std_dev};

/// Clips each feature a little outside its 0.5 and 99.5 % quantiles, then centres and scales it.
///
/// Columns that do not vary are dropped. A row far outside the trained range ends on the clip, so
/// no polynomial or kernel sees more than a small extrapolation.
#[derive(Clone, Debug)]
pub struct Scale {
    kept: Vec<usize>,
    low: Vec<f64>,
    high: Vec<f64>,
    centre: Vec<f64>,
    spread: Vec<f64>,
}

/// Margin beyond the quantiles, as a part of their distance.
const MARGIN: f64 = 0.1;

impl Scale {
    /// Learns the scale of `x`.
    pub fn fit(x: &Matrix) -> Self {
        let mut scale = Self {
            kept: vec![],
            low: vec![],
            high: vec![],
            centre: vec![],
            spread: vec![],
        };
        for j in 0..x.cols() {
            let column = x.column(j);
            let (mut low, mut high) = (quantile(&column, 0.005), quantile(&column, 0.995));
            if high <= low {
                low = quantile(&column, 0.0);
                high = quantile(&column, 1.0);
            }
            let margin = MARGIN * (high - low);
            let clipped: Vec<f64> = column
                .iter()
                .map(|v| v.clamp(low - margin, high + margin))
                .collect();
            let spread = std_dev(&clipped);
            if spread <= 1e-12 * (1.0 + mean(&clipped).abs()) {
                continue;
            }
            scale.kept.push(j);
            scale.low.push(low - margin);
            scale.high.push(high + margin);
            scale.centre.push(mean(&clipped));
            scale.spread.push(spread);
        }
        scale
    }

    /// Features that vary.
    pub fn width(&self) -> usize {
        self.kept.len()
    }

    /// The scaled features.
    pub fn apply(&self, x: &Matrix) -> Matrix {
        let mut out = Matrix::zeros(x.rows(), self.kept.len());
        for i in 0..x.rows() {
            let from = x.row(i);
            for (k, v) in out.row_mut(i).iter_mut().enumerate() {
                let clipped = from[self.kept[k]].clamp(self.low[k], self.high[k]);
                *v = (clipped - self.centre[k]) / self.spread[k];
            }
        }
        out
    }

    /// Which features of a row lie outside the clip by more than `margin` trained ranges.
    pub fn outside(&self, row: &[f64], margin: f64) -> Vec<usize> {
        (0..self.kept.len())
            .filter(|&k| {
                let slack = margin * (self.high[k] - self.low[k]);
                let v = row[self.kept[k]];
                v < self.low[k] - slack || v > self.high[k] + slack
            })
            .map(|k| self.kept[k])
            .collect()
    }
}

//! The predictor: Gaussian processes, boosted trees and quadratic ridge, weighed by what they are
//! worth on settings left out.

use crate::QualityError;
use crate::linalg::{Cholesky, Matrix, dot, quantile, std_dev};
use crate::members::Members;
use crate::random::group_folds;
use crate::scale::Scale;
use crate::state::Kinds;

/// Inner folds, by setting.
const FOLDS: usize = 5;
/// Rows that find the kernel's parameters, of the final process and inside the folds. The folds
/// search anew: parameters that have seen a fold flatter the process there by a fifth.
const SEARCH_ROWS: usize = 500;
const FOLD_SEARCH_ROWS: usize = 330;
/// Features further outside the trained range than this part of it flag a row.
const RANGE_MARGIN: f64 = 0.25;
/// Weight of the prior "all members alike" in the stack, in mean squared errors.
const EVEN: f64 = 0.2;

/// A prediction with its honest spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// In the target's unit.
    pub value: f64,
    /// Standard deviation of a new shot in a new setting; value +- 1.645 sd is a 90 % band.
    pub sd: f64,
    /// Features (by index) outside the trained range: the value is an extrapolation.
    pub out_of_range: Vec<usize>,
}

/// Learns one target from features, and knows how wrong it is on settings it has not seen.
#[derive(Clone, Debug)]
pub struct Predictor {
    scale: Scale,
    members: Members,
    weights: Vec<f64>,
    inflate: f64,
    outliers: Vec<usize>,
}

pub(crate) fn pick<T: Copy>(of: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|&i| of[i]).collect()
}

/// Rows outside and inside a fold.
pub(crate) fn split(folds: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..folds.len()).partition(|&i| folds[i] != fold)
}

impl Predictor {
    /// Learns `y` from the rows of `x`; `groups` tells the setting of each row. Same seed, same
    /// model.
    pub fn fit(x: &Matrix, y: &[f64], groups: &[usize], seed: u64) -> Result<Self, QualityError> {
        for (what, got) in [("the target", y.len()), ("the settings", groups.len())] {
            if got != x.rows() {
                return Err(QualityError::Length {
                    what,
                    got,
                    expected: x.rows(),
                });
            }
        }
        let settings = groups.iter().max().map_or(0, |m| m + 1);
        if settings < 2 * FOLDS {
            return Err(QualityError::TooFewSettings {
                settings,
                rows: x.rows(),
                needed: 2 * FOLDS,
            });
        }
        if std_dev(y) <= 0.0 {
            return Err(QualityError::Constant {
                what: "the target".to_owned(),
            });
        }
        let scale = Scale::fit(x);
        if scale.width() == 0 {
            return Err(QualityError::Constant {
                what: "every feature".to_owned(),
            });
        }
        let z = scale.apply(x);
        let kinds = Kinds::of(&z, groups);
        let folds = group_folds(groups, FOLDS, seed);
        let mut process_sd = vec![0.0; y.len()];
        let mut out: Vec<Vec<f64>> = Vec::new();
        for fold in 0..FOLDS {
            let (rest, held) = split(&folds, fold);
            let members = Members::fit(
                &x.select(&rest),
                &z.select(&rest),
                &pick(y, &rest),
                &pick(groups, &rest),
                kinds.as_ref(),
                FOLD_SEARCH_ROWS,
                seed,
            )?;
            let (said, sd) = members.predict(&x.select(&held), &z.select(&held));
            out.resize(said.len(), vec![0.0; y.len()]);
            for (k, &i) in held.iter().enumerate() {
                process_sd[i] = sd[k];
                for (out, said) in out.iter_mut().zip(&said) {
                    out[i] = said[k];
                }
            }
        }
        let weights = stack_weights(&out, y)?;
        let ratios: Vec<f64> = (0..y.len())
            .map(|i| {
                let said: Vec<f64> = out.iter().map(|m| m[i]).collect();
                (y[i] - dot(&weights, &said)).abs() / raw_sd(&said, &weights, process_sd[i])
            })
            .collect();
        let inflate = (quantile(&ratios, 0.9) / 1.645).max(1e-6);
        let members = Members::fit(x, &z, y, groups, kinds.as_ref(), SEARCH_ROWS, seed)?;
        let outliers = (0..x.rows())
            .filter(|&i| !scale.outside(x.row(i), RANGE_MARGIN).is_empty())
            .collect();
        Ok(Self {
            scale,
            members,
            weights,
            inflate,
            outliers,
        })
    }

    /// Predicts every row, in order. Rows do not see one another.
    pub fn predict(&self, x: &Matrix) -> Vec<Prediction> {
        let z = self.scale.apply(x);
        let (members, process_sd) = self.members.predict(x, &z);
        (0..x.rows())
            .map(|i| {
                let said: Vec<f64> = members.iter().map(|m| m[i]).collect();
                let out_of_range = self.scale.outside(x.row(i), RANGE_MARGIN);
                let wider = if out_of_range.is_empty() { 1.0 } else { 2.0 };
                Prediction {
                    value: dot(&self.weights, &said),
                    sd: wider * self.inflate * raw_sd(&said, &self.weights, process_sd[i]),
                    out_of_range,
                }
            })
            .collect()
    }

    /// Training rows far outside the range of the others.
    pub fn outliers(&self) -> &[usize] {
        &self.outliers
    }

    /// Weights of the process or processes, trees, trees on the ridge, ridge.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// The process's own spread and how far the members disagree.
fn raw_sd(said: &[f64], weights: &[f64], process_sd: f64) -> f64 {
    let value = dot(said, weights);
    let apart: f64 = said
        .iter()
        .zip(weights)
        .map(|(s, w)| w * (s - value).powi(2))
        .sum();
    (process_sd * process_sd + apart).sqrt()
}

/// Weights that are not negative and sum to one, least squares on the left-out predictions of
/// clipped errors (Breiman 1996, Machine Learning 24: stacked regressions).
fn stack_weights(out: &[Vec<f64>], y: &[f64]) -> Result<Vec<f64>, QualityError> {
    let m = out.len();
    let limit = 15.0
        * quantile(
            &out[0]
                .iter()
                .zip(y)
                .map(|(p, y)| (p - y).abs())
                .collect::<Vec<_>>(),
            0.7,
        )
        .max(1e-12);
    let errors: Vec<Vec<f64>> = out
        .iter()
        .map(|p| {
            p.iter()
                .zip(y)
                .map(|(p, y)| (p - y).clamp(-limit, limit))
                .collect()
        })
        .collect();
    let n = y.len() as f64;
    let mut active: Vec<usize> = (0..m).collect();
    loop {
        let size = active.len();
        let even = EVEN
            * active
                .iter()
                .map(|&k| dot(&errors[k], &errors[k]) / n)
                .sum::<f64>()
            / size as f64;
        let gram = Matrix::par_rows(size, size, |a, row| {
            for (b, v) in row.iter_mut().enumerate() {
                *v = dot(&errors[active[a]], &errors[active[b]]) / n
                    + if a == b { even } else { 0.0 };
            }
        });
        let solved = Cholesky::new(gram)?.solve(&vec![1.0; size]);
        let sum: f64 = solved.iter().sum();
        if size == 1 || solved.iter().all(|w| *w >= 0.0) {
            let mut weights = vec![0.0; m];
            for (&k, w) in active.iter().zip(&solved) {
                weights[k] = w / sum;
            }
            return Ok(weights);
        }
        let worst = (0..size)
            .min_by(|&a, &b| solved[a].total_cmp(&solved[b]))
            .unwrap_or(0);
        active.remove(worst);
    }
}

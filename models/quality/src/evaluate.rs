//! Cross-validation that leaves whole settings out, beside plain boosted trees on the same folds.

use crate::linalg::{Matrix, mean};
use crate::random::group_folds;
use crate::stack::{pick, split};
use crate::{BoostedTrees, Predictor, QualityError, TreeSettings};

/// What one random deal of the settings into folds gave.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Seed of the deal.
    pub seed: u64,
    /// Root mean square error, percent of the mean target.
    pub own_percent: f64,
    /// The same of plain boosted trees.
    pub trees_percent: f64,
    /// Part of the rows inside prediction +- 1.645 sd.
    pub coverage: f64,
}

impl Score {
    /// Own error over that of the trees.
    pub fn ratio(&self) -> f64 {
        self.own_percent / self.trees_percent
    }
}

/// Leaves each of `folds` parts of the settings out once. Every part of the predictor, weights and
/// calibration included, is learned without the settings it is scored on.
pub fn leave_settings_out(
    x: &Matrix,
    y: &[f64],
    groups: &[usize],
    folds: usize,
    seed: u64,
) -> Result<Score, QualityError> {
    let fold_of = group_folds(groups, folds, seed);
    let (mut own, mut trees, mut inside) = (vec![], vec![], 0_usize);
    for fold in 0..folds {
        let (rest, held) = split(&fold_of, fold);
        let (train, target) = (x.select(&rest), pick(y, &rest));
        let settings = renumber(&pick(groups, &rest));
        let predictor = Predictor::fit(&train, &target, &settings, 0)?;
        let plain = BoostedTrees::fit(&train, &target, TreeSettings::PLAIN);
        let unseen = x.select(&held);
        for ((&i, p), t) in held
            .iter()
            .zip(predictor.predict(&unseen))
            .zip(plain.predict(&unseen))
        {
            own.push((p.value - y[i]).powi(2));
            trees.push((t - y[i]).powi(2));
            inside += usize::from((p.value - y[i]).abs() <= 1.645 * p.sd);
        }
    }
    let percent = |squares: &[f64]| 100.0 * mean(squares).sqrt() / mean(y).abs();
    Ok(Score {
        seed,
        own_percent: percent(&own),
        trees_percent: percent(&trees),
        coverage: inside as f64 / own.len() as f64,
    })
}

fn renumber(groups: &[usize]) -> Vec<usize> {
    let mut known = std::collections::HashMap::new();
    groups
        .iter()
        .map(|g| {
            let next = known.len();
            *known.entry(*g).or_insert(next)
        })
        .collect()
}

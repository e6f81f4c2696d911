//! The members of the stack: Gaussian processes, boosted trees with and without the ridge, and the quadratic ridge.

use rayon::prelude::*;

use crate::gp::Process;
use crate::linalg::Matrix;
use crate::random::group_folds;
use crate::ridge::QuadraticRidge;
use crate::stack::{pick, split};
use crate::state::{Kinds, StateProcess};
use crate::{BoostedTrees, QualityError, TreeSettings};

const LAMBDA: f64 = 10.0;
const TREE_SEEDS: u64 = 5;

/// Members that are refitted without each fold.
#[derive(Clone, Debug)]
struct Simple {
    ridge: QuadraticRidge,
    trees: Vec<BoostedTrees>,
    on_ridge: Vec<BoostedTrees>,
}

/// The processes: one, or two where setpoints and measured features stand side by side.
#[derive(Clone, Debug)]
enum Smooth {
    One(Box<Process>),
    Apart(Box<[StateProcess; 2]>),
}

impl Smooth {
    /// By member and row: mean and standard deviation.
    fn predict(&self, z: &Matrix) -> Vec<Vec<(f64, f64)>> {
        match self {
            Self::One(process) => vec![process.predict(z)],
            Self::Apart(both) => both.iter().map(|p| p.predict(z)).collect(),
        }
    }
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Members {
    smooth: Smooth,
    simple: Simple,
}

impl Members {
    /// Fits features `x`, scaled `z`, whose columns are of these kinds; `search_rows` rows find the kernel of a single process.
    pub fn fit(
        x: &Matrix,
        z: &Matrix,
        y: &[f64],
        groups: &[usize],
        kinds: Option<&Kinds>,
        search_rows: usize,
        seed: u64,
    ) -> Result<Self, QualityError> {
        let smooth = match kinds {
            Some(kinds) => {
                Smooth::Apart(Box::new(StateProcess::fit_both(z, y, groups, kinds, seed)?))
            }
            None => Smooth::One(Box::new(Process::fit(z, y, groups, 0, search_rows, seed)?)),
        };
        Ok(Self {
            smooth,
            simple: Simple::fit(x, z, y, groups, seed)?,
        })
    }

    /// What every member says, by member and row, and the standard deviation of the first.
    pub fn predict(&self, x: &Matrix, z: &Matrix) -> (Vec<Vec<f64>>, Vec<f64>) {
        let smooth = self.smooth.predict(z);
        let sd = smooth[0].iter().map(|p| p.1).collect();
        let values = smooth.iter().map(|m| m.iter().map(|p| p.0).collect());
        (values.chain(self.simple.predict(x, z)).collect(), sd)
    }
}

impl Simple {
    fn fit(
        x: &Matrix,
        z: &Matrix,
        y: &[f64],
        groups: &[usize],
        seed: u64,
    ) -> Result<Self, QualityError> {
        let folds = group_folds(groups, 8, seed ^ 0xF0);
        let mut ridge_out = vec![0.0; y.len()];
        for fold in 0..8 {
            let (rest, held) = split(&folds, fold);
            if rest.is_empty() || held.is_empty() {
                continue;
            }
            let model = QuadraticRidge::fit(&z.select(&rest), &pick(y, &rest), LAMBDA)?;
            for (&i, p) in held.iter().zip(model.predict(&z.select(&held))) {
                ridge_out[i] = p;
            }
        }
        let wider = x.beside(&column(&ridge_out));
        let grow = |x: &Matrix| {
            (0..TREE_SEEDS)
                .into_par_iter()
                .map(|s| {
                    let settings = TreeSettings {
                        columns: 0.7,
                        leaves: 10,
                        seed: seed + s,
                        ..TreeSettings::PLAIN
                    };
                    BoostedTrees::fit(x, y, settings)
                })
                .collect()
        };
        Ok(Self {
            ridge: QuadraticRidge::fit(z, y, LAMBDA)?,
            trees: grow(x),
            on_ridge: grow(&wider),
        })
    }

    fn predict(&self, x: &Matrix, z: &Matrix) -> [Vec<f64>; 3] {
        let ridge = self.ridge.predict(z);
        let wider = x.beside(&column(&ridge));
        [
            average(&self.trees, x),
            average(&self.on_ridge, &wider),
            ridge,
        ]
    }
}

fn average(trees: &[BoostedTrees], x: &Matrix) -> Vec<f64> {
    let each: Vec<Vec<f64>> = trees.par_iter().map(|t| t.predict(x)).collect();
    (0..x.rows())
        .map(|i| each.iter().map(|p| p[i]).sum::<f64>() / each.len() as f64)
        .collect()
}

fn column(v: &[f64]) -> Matrix {
    Matrix::par_rows(v.len(), 1, |i, row| row[0] = v[i])
}

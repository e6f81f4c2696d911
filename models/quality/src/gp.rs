//! Gaussian process whose settings share an error.

use rayon::prelude::*;

use crate::QualityError;
use crate::gp_kernel::Kernel;
use crate::lbfgs::minimise;
use crate::linalg::{Cholesky, Matrix, dot, inverse_block, mean, std_dev};
use crate::random::Random;

/// Rows used to find the kernel's parameters; the prediction uses all rows.
const SEARCH_ROWS: usize = 500;
const SEARCH_STEPS: usize = 30;

/// A fitted Gaussian process.
#[derive(Clone, Debug)]
pub struct Process {
    kernel: Kernel,
    x: Matrix,
    factor: Cholesky,
    alpha: Vec<f64>,
    offset: f64,
    spread: f64,
}

impl Process {
    /// Fits `y` on scaled features `x`; rows with the same group share an error.
    pub fn fit(x: &Matrix, y: &[f64], groups: &[usize], seed: u64) -> Result<Self, QualityError> {
        let (offset, spread) = (mean(y), std_dev(y).max(1e-12));
        let z: Vec<f64> = y.iter().map(|v| (v - offset) / spread).collect();
        let kernel = search(x, &z, groups, seed);
        let factor = Cholesky::new(kernel.covariance(x, groups))?;
        let alpha = factor.solve(&z);
        Ok(Self { kernel, x: x.clone(), factor, alpha, offset, spread })
    }

    /// Mean and standard deviation of a new shot in a new setting, per row.
    pub fn predict(&self, x: &Matrix) -> Vec<(f64, f64)> {
        (0..x.rows())
            .into_par_iter()
            .map(|i| {
                let row = x.row(i);
                let k: Vec<f64> = (0..self.x.rows()).map(|j| self.kernel.smooth(row, self.x.row(j))).collect();
                let v = self.factor.forward(&k);
                let own = self.kernel.smooth(row, row) + self.kernel.setting + self.kernel.shot;
                let variance = (own - dot(&v, &v)).max(self.kernel.shot);
                (self.offset + self.spread * dot(&k, &self.alpha), self.spread * variance.sqrt())
            })
            .collect()
    }

    /// What the process would have said of each row had its whole fold been left out (parameters
    /// kept): residual of fold F is `(K^-1_FF)^-1 alpha_F`, covariance `(K^-1_FF)^-1`.
    pub fn left_out(&self, y: &[f64], folds: &[usize]) -> Result<Vec<(f64, f64)>, QualityError> {
        let inverse = self.factor.inverse_factor();
        let mut out = vec![(0.0, 0.0); y.len()];
        for fold in 0..=folds.iter().copied().max().unwrap_or(0) {
            let rows: Vec<usize> = (0..y.len()).filter(|&i| folds[i] == fold).collect();
            if rows.is_empty() {
                continue;
            }
            let block = Cholesky::new(inverse_block(&inverse, &rows))?;
            let residual = block.solve(&rows.iter().map(|&i| self.alpha[i]).collect::<Vec<_>>());
            let factor = block.inverse_factor();
            for (a, &i) in rows.iter().enumerate() {
                let variance = dot(factor.row(a), factor.row(a)).max(0.0);
                out[i] = (y[i] - self.spread * residual[a], self.spread * variance.sqrt());
            }
        }
        Ok(out)
    }
}

/// Rows for the search: as many from each setting as fit.
fn search_rows(groups: &[usize], seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    Random::new(seed).shuffle(&mut order);
    let mut seen = vec![0_usize; groups.iter().max().map_or(0, |m| m + 1)];
    let mut ranked: Vec<(usize, usize)> = order
        .into_iter()
        .map(|i| {
            seen[groups[i]] += 1;
            (seen[groups[i]], i)
        })
        .collect();
    ranked.sort_by_key(|r| r.0);
    ranked.truncate(SEARCH_ROWS);
    ranked.into_iter().map(|r| r.1).collect()
}

fn search(x: &Matrix, z: &[f64], groups: &[usize], seed: u64) -> Kernel {
    let rows = search_rows(groups, seed);
    let sub = x.select(&rows);
    let target: Vec<f64> = rows.iter().map(|&i| z[i]).collect();
    let setting: Vec<usize> = rows.iter().map(|&i| groups[i]).collect();
    let (prior, _) = Kernel::prior(x.cols());
    let theta = minimise(prior, SEARCH_STEPS, |theta| objective(theta, &sub, &target, &setting));
    Kernel::from_log(&theta)
}

/// Negative log posterior of the parameters and its gradient.
fn objective(theta: &[f64], x: &Matrix, z: &[f64], groups: &[usize]) -> Option<(f64, Vec<f64>)> {
    let (n, d) = (x.rows(), x.cols());
    let kernel = Kernel::from_log(theta);
    let factor = Cholesky::new(kernel.covariance(x, groups)).ok()?;
    let alpha = factor.solve(z);
    let inverse = factor.inverse_factor();
    let mut value = 0.5 * dot(z, &alpha) + factor.half_log_det();
    let mut gradient: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|i| {
            let mut g = vec![0.0; d + 4];
            for j in 0..=i {
                let twice = if i == j { 0.5 } else { 1.0 };
                let q = twice * (dot(&inverse.row(i)[i..], &inverse.row(j)[i..]) - alpha[i] * alpha[j]);
                let (xi, xj) = (x.row(i), x.row(j));
                let (k, slope) = kernel.matern(xi, xj);
                let pull = q * kernel.signal * slope;
                for (gd, (a, b)) in g.iter_mut().zip(xi.iter().zip(xj)) {
                    *gd += pull * (a - b) * (a - b);
                }
                g[d] += q * kernel.signal * k;
                g[d + 1] += q * kernel.linear * dot(xi, xj) / d as f64;
                if groups[i] == groups[j] {
                    g[d + 2] += q * kernel.setting;
                }
                if i == j {
                    g[d + 3] += q * kernel.shot;
                }
            }
            g
        })
        .collect::<Vec<_>>()
        .into_iter()
        .fold(vec![0.0; d + 4], |mut sum, g| {
            sum.iter_mut().zip(&g).for_each(|(s, g)| *s += g);
            sum
        });
    for (g, w) in gradient.iter_mut().zip(&kernel.weights) {
        *g *= w;
    }
    let (prior, sd) = Kernel::prior(d);
    for i in 0..d + 4 {
        let off = (theta[i] - prior[i]) / sd[i];
        value += 0.5 * off * off;
        gradient[i] += off / sd[i];
    }
    value.is_finite().then_some((value, gradient))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shots() -> (Matrix, Vec<f64>, Vec<usize>) {
        let mut random = Random::new(9);
        let mut unit = || random.below(2001) as f64 / 1000.0 - 1.0;
        let (mut rows, mut y, mut groups) = (vec![], vec![], vec![]);
        for group in 0..40 {
            let (a, b, shared) = (unit(), unit(), 0.05 * unit());
            for _ in 0..4 {
                let jitter = 0.1 * unit();
                rows.push(vec![a + jitter, b, unit()]);
                y.push((2.0 * (a + jitter)).sin() + b + shared + 0.01 * unit());
                groups.push(group);
            }
        }
        (Matrix::from_rows(&rows), y, groups)
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let (x, y, groups) = shots();
        let theta = [-1.0, -1.5, -2.0, 0.2, -0.3, -3.0, -3.5];
        let (_, gradient) = objective(&theta, &x, &y, &groups).unwrap();
        for k in 0..theta.len() {
            let at = |h: f64| {
                let mut t = theta;
                t[k] += h;
                objective(&t, &x, &y, &groups).unwrap().0
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - gradient[k]).abs() < 1e-3 * (1.0 + slope.abs()), "{k}: {slope} {}", gradient[k]);
        }
    }

    #[test]
    fn leaving_a_fold_out_in_closed_form_is_what_fitting_without_it_says() {
        let (x, y, groups) = shots();
        let process = Process::fit(&x, &y, &groups, 1).unwrap();
        let folds: Vec<usize> = groups.iter().map(|g| g % 4).collect();
        let out = process.left_out(&y, &folds).unwrap();
        let rest: Vec<usize> = (0..y.len()).filter(|&i| folds[i] != 2).collect();
        let target: Vec<f64> = rest.iter().map(|&i| (y[i] - process.offset) / process.spread).collect();
        let setting: Vec<usize> = rest.iter().map(|&i| groups[i]).collect();
        let sub = x.select(&rest);
        let factor = Cholesky::new(process.kernel.covariance(&sub, &setting)).unwrap();
        let alpha = factor.solve(&target);
        let refit = Process { x: sub, factor, alpha, ..process.clone() };
        for i in (0..y.len()).filter(|&i| folds[i] == 2) {
            let (m, sd) = refit.predict(&x.select(&[i]))[0];
            assert!((m - out[i].0).abs() < 1e-5 && (sd - out[i].1).abs() < 1e-5);
        }
    }
}

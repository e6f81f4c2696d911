//! Gaussian process whose settings share an error.

use rayon::prelude::*;

use crate::QualityError;
use crate::gp_kernel::{ABSENT, Kernel, TAIL};
use crate::lbfgs::minimise;
use crate::linalg::{Cholesky, Matrix, dot, mean, std_dev};
use crate::random::Random;
use crate::stack::pick;

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
    /// Fits `y` on scaled features `x`, of which the first `first` are a block of their own; rows with the same group share an
    /// error. `search_rows` rows find the kernel's parameters; the prediction uses all.
    pub fn fit(
        x: &Matrix,
        y: &[f64],
        groups: &[usize],
        first: usize,
        search_rows: usize,
        seed: u64,
    ) -> Result<Self, QualityError> {
        let (offset, spread) = (mean(y), std_dev(y).max(1e-12));
        let z: Vec<f64> = y.iter().map(|v| (v - offset) / spread).collect();
        let kernel = search(x, &z, groups, first, search_rows, seed);
        let factor = Cholesky::new(kernel.covariance(x, groups))?;
        let alpha = factor.solve(&z);
        Ok(Self {
            kernel,
            x: x.clone(),
            factor,
            alpha,
            offset,
            spread,
        })
    }

    /// Mean and standard deviation of a new shot in a new setting, per row.
    pub fn predict(&self, x: &Matrix) -> Vec<(f64, f64)> {
        (0..x.rows())
            .into_par_iter()
            .map(|i| {
                let row = x.row(i);
                let k: Vec<f64> = (0..self.x.rows())
                    .map(|j| self.kernel.smooth(row, self.x.row(j)))
                    .collect();
                let v = self.factor.forward(&k);
                let own = self.kernel.smooth(row, row) + self.kernel.setting + self.kernel.shot;
                let variance = (own - dot(&v, &v)).max(self.kernel.shot);
                (
                    self.offset + self.spread * dot(&k, &self.alpha),
                    self.spread * variance.sqrt(),
                )
            })
            .collect()
    }
}

/// Rows for the search: as many from each setting as fit.
fn spread_rows(groups: &[usize], most: usize, seed: u64) -> Vec<usize> {
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
    ranked.truncate(most);
    ranked.into_iter().map(|r| r.1).collect()
}

fn search(x: &Matrix, z: &[f64], groups: &[usize], first: usize, most: usize, seed: u64) -> Kernel {
    let rows = spread_rows(groups, most, seed);
    let sub = x.select(&rows);
    let (target, setting) = (pick(z, &rows), pick(groups, &rows));
    let (prior, _) = Kernel::prior(x.cols(), first);
    let theta = minimise(prior, SEARCH_STEPS, |theta| {
        objective(theta, first, &sub, &target, &setting)
    });
    Kernel::from_log(&theta, first)
}

/// Negative log posterior of the parameters and its gradient.
fn objective(
    theta: &[f64],
    first: usize,
    x: &Matrix,
    z: &[f64],
    groups: &[usize],
) -> Option<(f64, Vec<f64>)> {
    let (n, d) = (x.rows(), x.cols());
    let kernel = Kernel::from_log(theta, first);
    let factor = Cholesky::new(kernel.covariance(x, groups)).ok()?;
    let alpha = factor.solve(z);
    let inverse = factor.inverse_factor();
    let mut value = 0.5 * dot(z, &alpha) + factor.half_log_det();
    let mut gradient: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|i| {
            let mut g = vec![0.0; d + TAIL];
            let [sa, sb, sab] = kernel.signal;
            for j in 0..=i {
                let twice = if i == j { 0.5 } else { 1.0 };
                let q =
                    twice * (dot(&inverse.row(i)[i..], &inverse.row(j)[i..]) - alpha[i] * alpha[j]);
                let (xi, xj) = (x.row(i), x.row(j));
                let m = kernel.matern(xi, xj);
                let ([a, b], [ta, tb]) = (m.value, kernel.trends(xi, xj));
                let pull = [
                    q * (sa + sab * b) * m.slope[0],
                    q * (sb + sab * a) * m.slope[1],
                ];
                for (k, (gd, (a, b))) in g.iter_mut().zip(xi.iter().zip(xj)).enumerate() {
                    *gd += pull[usize::from(k >= first)] * (a - b) * (a - b);
                }
                let tail = [
                    sa * a,
                    sb * b,
                    sab * a * b,
                    kernel.linear[0] * ta,
                    kernel.linear[1] * tb,
                ];
                for (g, t) in g[d..].iter_mut().zip(tail) {
                    *g += q * t;
                }
                if groups[i] == groups[j] {
                    g[d + 5] += q * kernel.setting;
                }
                if i == j {
                    g[d + 6] += q * kernel.shot;
                }
            }
            g
        })
        .collect::<Vec<_>>()
        .into_iter()
        .fold(vec![0.0; d + TAIL], |mut sum, g| {
            sum.iter_mut().zip(&g).for_each(|(s, g)| *s += g);
            sum
        });
    for (g, w) in gradient.iter_mut().zip(&kernel.weights) {
        *g *= w;
    }
    let (prior, sd) = Kernel::prior(d, first);
    for i in (0..d + TAIL).filter(|i| prior[*i] != ABSENT) {
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
        let none = ABSENT;
        let one = [-1.0, -1.5, -2.0, none, 0.2, none, none, -0.3, -3.0, -3.5];
        let two = [-1.0, -1.5, -2.0, 0.2, -0.4, -0.8, -0.3, -0.9, -3.0, -3.5];
        for (first, theta) in [(0, one), (2, two)] {
            let (_, gradient) = objective(&theta, first, &x, &y, &groups).unwrap();
            for k in (0..theta.len()).filter(|k| theta[*k] != ABSENT) {
                let at = |h: f64| {
                    let mut t = theta;
                    t[k] += h;
                    objective(&t, first, &x, &y, &groups).unwrap().0
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (slope - gradient[k]).abs() < 1e-3 * (1.0 + slope.abs()),
                    "{first}, {k}: {slope} {}",
                    gradient[k]
                );
            }
        }
    }

    #[test]
    fn a_setting_not_seen_is_predicted_within_its_band() {
        let (x, y, groups) = shots();
        let rest: Vec<usize> = (0..y.len()).filter(|&i| groups[i] < 30).collect();
        let target: Vec<f64> = rest.iter().map(|&i| y[i]).collect();
        let setting: Vec<usize> = rest.iter().map(|&i| groups[i]).collect();
        let process = Process::fit(&x.select(&rest), &target, &setting, 0, 200, 1).unwrap();
        let inside = process
            .predict(&x)
            .iter()
            .zip(&y)
            .skip(120)
            .filter(|((m, sd), y)| (m - *y).abs() < 2.0 * sd)
            .count();
        assert!(inside >= 34, "{inside} of 40");
    }
}

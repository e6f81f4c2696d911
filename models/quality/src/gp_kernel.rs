//! The covariance of the Gaussian process and its logarithmic parameters.

use crate::linalg::{Matrix, dot};

/// Logarithms of the kernel's parameters, one weight per feature first.
///
/// ```text
/// k(x, z) = sf (1 + a) exp(-a) + sl x.z / D + 1,  a = sqrt(3 sum_d w_d (x_d - z_d)^2)
/// cov     = k + ss [same setting] + sn [same shot]
/// ```
///
/// Matern 3/2 with one weight per feature (automatic relevance), a linear trend, an effect each
/// setting shares, and shot noise; targets standardised, so all are relative variances.
/// Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ch. 4 and 5.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Weights of the features.
    pub weights: Vec<f64>,
    /// Variance of the Matern part.
    pub signal: f64,
    /// Variance of the linear trend.
    pub linear: f64,
    /// Variance a setting shares.
    pub setting: f64,
    /// Variance of a single shot.
    pub shot: f64,
}

impl Kernel {
    /// From the logarithms.
    pub fn from_log(theta: &[f64]) -> Self {
        let d = theta.len() - 4;
        let e = |i: usize| theta[i].clamp(-14.0, 6.0).exp();
        Self {
            weights: (0..d).map(e).collect(),
            signal: e(d),
            linear: e(d + 1),
            setting: e(d + 2),
            shot: e(d + 3),
        }
    }

    /// Prior mean and standard deviation of the logarithms (also where the search starts).
    pub fn prior(features: usize) -> (Vec<f64>, Vec<f64>) {
        let mut mean = vec![0.1_f64.ln(); features];
        mean.extend([0.0, 0.0, 0.02_f64.ln(), 0.05_f64.ln()]);
        let mut sd = vec![2.0; features];
        sd.extend([1.5, 2.0, 1.5, 1.5]);
        (mean, sd)
    }

    fn squared(&self, x: &[f64], z: &[f64]) -> f64 {
        self.weights
            .iter()
            .zip(x.iter().zip(z))
            .map(|(w, (a, b))| w * (a - b) * (a - b))
            .sum()
    }

    /// Matern part without its variance, and its derivative by the squared distance.
    pub fn matern(&self, x: &[f64], z: &[f64]) -> (f64, f64) {
        let a = (3.0 * self.squared(x, z)).sqrt();
        let e = (-a).exp();
        ((1.0 + a) * e, -1.5 * e)
    }

    /// Covariance of the smooth part at two points.
    pub fn smooth(&self, x: &[f64], z: &[f64]) -> f64 {
        self.signal * self.matern(x, z).0 + self.linear * dot(x, z) / x.len() as f64 + 1.0
    }

    /// Covariance of all training rows: lower half with the diagonal.
    pub fn covariance(&self, x: &Matrix, groups: &[usize]) -> Matrix {
        Matrix::par_rows(x.rows(), x.rows(), |i, row| {
            for j in 0..=i {
                row[j] = self.smooth(x.row(i), x.row(j));
                if groups[i] == groups[j] {
                    row[j] += self.setting;
                }
            }
            row[i] += self.shot + 1e-8;
        })
    }
}

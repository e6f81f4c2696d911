//! The covariance of the Gaussian process and its logarithmic parameters.

use crate::linalg::{Matrix, dot};

/// Logarithms of the kernel's parameters, one weight per feature first.
///
/// ```text
/// k(x, z) = sa m(a) + sb m(b) + sab m(a) m(b) + la xa.za / Da + lb xb.zb / Db + 1
/// m       = (1 + r) exp(-r),  r = sqrt(3 sum_d w_d (x_d - z_d)^2)
/// cov     = k + ss [same setting] + sn [same shot]
/// ```
///
/// Features come in one or two blocks `a`, `b`; what belongs to an absent first block is zero. Matern 3/2 with one weight per
/// feature (automatic relevance) for each block alone and for both together, linear trends, an effect each setting shares, and
/// shot noise; targets standardised, so all are relative variances.
/// Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ch. 4 and 5; Duvenaud et al. (2011),
/// Additive Gaussian Processes, NeurIPS.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Weights of the features.
    pub weights: Vec<f64>,
    /// Features of the first block.
    pub first: usize,
    /// Variances of the Matern parts: first block, second block, both together.
    pub signal: [f64; 3],
    /// Variances of the linear trends, by block.
    pub linear: [f64; 2],
    /// Variance a setting shares.
    pub setting: f64,
    /// Variance of a single shot.
    pub shot: f64,
}

/// Both Matern parts, each with its derivative by the squared distance.
pub struct Matern {
    /// By block.
    pub value: [f64; 2],
    /// By block.
    pub slope: [f64; 2],
}

/// Parameters after the weights.
pub const TAIL: usize = 7;

/// Stands for the logarithm of a variance that is not there, and never is anything else.
pub const ABSENT: f64 = -1e3;

impl Kernel {
    /// From the logarithms.
    pub fn from_log(theta: &[f64], first: usize) -> Self {
        let d = theta.len() - TAIL;
        let e = |i: usize| {
            if theta[i] == ABSENT {
                0.0
            } else {
                theta[i].clamp(-14.0, 6.0).exp()
            }
        };
        Self {
            weights: (0..d).map(e).collect(),
            first,
            signal: [e(d), e(d + 1), e(d + 2)],
            linear: [e(d + 3), e(d + 4)],
            setting: e(d + 5),
            shot: e(d + 6),
        }
    }

    /// Prior mean and standard deviation of the logarithms (also where the search starts).
    pub fn prior(features: usize, first: usize) -> (Vec<f64>, Vec<f64>) {
        let mut mean = vec![0.1_f64.ln(); features];
        mean.extend(if first == 0 {
            [ABSENT, 0.0, ABSENT, ABSENT, 0.0]
        } else {
            [0.0, -1.0, -2.0, 0.0, -1.0]
        });
        mean.extend([0.02_f64.ln(), 0.05_f64.ln()]);
        let mut sd = vec![2.0; features];
        sd.extend([1.5, 1.5, 1.5, 2.0, 2.0, 1.5, 1.5]);
        (mean, sd)
    }

    /// The Matern parts without their variances.
    pub fn matern(&self, x: &[f64], z: &[f64]) -> Matern {
        let far = |from: usize, to: usize| -> f64 {
            let (w, x, z) = (&self.weights[from..to], &x[from..to], &z[from..to]);
            w.iter()
                .zip(x.iter().zip(z))
                .map(|(w, (a, b))| w * (a - b) * (a - b))
                .sum()
        };
        let part = |from: usize, to: usize| {
            // Most tables have one block, and this is what a fit spends its time on.
            if from == to {
                return (1.0, 0.0);
            }
            let r = (3.0 * far(from, to)).sqrt();
            let e = (-r).exp();
            ((1.0 + r) * e, -1.5 * e)
        };
        let (a, b) = (part(0, self.first), part(self.first, x.len()));
        Matern {
            value: [a.0, b.0],
            slope: [a.1, b.1],
        }
    }

    /// Products of the linear trends, by block.
    pub fn trends(&self, x: &[f64], z: &[f64]) -> [f64; 2] {
        let (a, b) = (self.first, x.len() - self.first);
        [
            dot(&x[..a], &z[..a]) / a.max(1) as f64,
            dot(&x[a..], &z[a..]) / b.max(1) as f64,
        ]
    }

    /// Covariance of the smooth part at two points.
    pub fn smooth(&self, x: &[f64], z: &[f64]) -> f64 {
        let [a, b] = self.matern(x, z).value;
        let [sa, sb, sab] = self.signal;
        let [ta, tb] = self.trends(x, z);
        sa * a + sb * b + sab * a * b + self.linear[0] * ta + self.linear[1] * tb + 1.0
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

//! Proper orthogonal decomposition: the few field shapes that a mold's shots are made of.

use faer::{Mat, Side};

use crate::op::recurrence::outer;

/// Orthonormal modes of a field about its mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Entries of a field.
    pub width: usize,
    /// Mean field `[width]`.
    pub mean: Vec<f32>,
    /// Modes `[modes, width]`, each of length one, strongest first.
    pub modes: Vec<f32>,
    /// Standard deviation of each mode's coefficient.
    pub deviation: Vec<f32>,
    /// Share of the variance that the modes leave out.
    pub rest: f64,
}

/// Rows summed at a time.
const BLOCK: usize = 512;

impl Basis {
    /// Decomposes `rows` (`[n, width]`, flattened) into at most `count` modes.
    pub fn fit(rows: &[f32], width: usize, count: usize) -> Self {
        let n = (rows.len() / width).max(1);
        let mut mean = vec![0.0_f64; width];
        for row in rows.chunks_exact(width) {
            for (m, v) in mean.iter_mut().zip(row) {
                *m += f64::from(*v) / n as f64;
            }
        }
        let mean: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
        let mut covariance = vec![0.0_f64; width * width];
        for block in rows.chunks(BLOCK * width) {
            let centred: Vec<f32> = block
                .chunks_exact(width)
                .flat_map(|row| row.iter().zip(&mean).map(|(v, m)| v - m))
                .collect();
            let mut part = vec![0.0_f32; width * width];
            outer(
                (width, width, centred.len() / width),
                &centred,
                &centred,
                &mut part,
            );
            for (sum, v) in covariance.iter_mut().zip(part) {
                *sum += f64::from(v) / n as f64;
            }
        }
        let matrix = Mat::from_fn(width, width, |i, j| covariance[i * width + j]);
        let total: f64 = (0..width).map(|i| covariance[i * width + i]).sum();
        let count = count.min(width);
        let (mut modes, mut deviation, mut kept) =
            (Vec::with_capacity(count * width), Vec::new(), 0.0);
        if let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) {
            // Eigenvalues rise: the strongest modes come last.
            for mode in (width - count..width).rev() {
                let value = eigen.S()[mode].max(0.0);
                modes.extend((0..width).map(|i| eigen.U()[(i, mode)] as f32));
                deviation.push((value.sqrt() as f32).max(1e-9));
                kept += value;
            }
        }
        Self {
            width,
            mean,
            modes,
            deviation,
            rest: (1.0 - kept / total.max(1e-300)).max(0.0),
        }
    }

    /// Number of modes.
    pub fn len(&self) -> usize {
        self.deviation.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.deviation.is_empty()
    }

    /// Coefficients `[n, modes]` of `rows`, each over its deviation.
    pub fn project(&self, rows: &[f32]) -> Vec<f32> {
        let n = rows.len() / self.width;
        let centred: Vec<f32> = rows
            .chunks_exact(self.width)
            .flat_map(|row| row.iter().zip(&self.mean).map(|(v, m)| v - m))
            .collect();
        let mut z = vec![0.0; n * self.len()];
        crate::op::recurrence::product(
            (n, self.len(), self.width),
            &centred,
            &self.modes,
            true,
            &mut z,
            false,
        );
        for row in z.chunks_exact_mut(self.len()) {
            for (z, d) in row.iter_mut().zip(&self.deviation) {
                *z /= d;
            }
        }
        z
    }

    /// The field of scaled coefficients `z`.
    pub fn field(&self, z: &[f32], field: &mut [f32]) {
        field.copy_from_slice(&self.mean);
        for ((z, d), mode) in z
            .iter()
            .zip(&self.deviation)
            .zip(self.modes.chunks_exact(self.width))
        {
            let a = z * d;
            for (f, m) in field.iter_mut().zip(mode) {
                *f += a * m;
            }
        }
    }
}

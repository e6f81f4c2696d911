//! Dense linear algebra for a few thousand rows: no BLAS, cache-friendly, deterministic.

use rayon::prelude::*;

use crate::QualityError;

/// A dense matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            data: vec![0.0; rows * cols],
        }
    }

    /// From rows of equal length.
    pub fn from_rows(rows: &[Vec<f64>]) -> Self {
        let cols = rows.first().map_or(0, Vec::len);
        Self {
            rows: rows.len(),
            cols,
            data: rows.iter().flatten().copied().collect(),
        }
    }

    /// Number of rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub const fn cols(&self) -> usize {
        self.cols
    }

    /// One row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// One row, to change.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// One column, copied.
    pub fn column(&self, j: usize) -> Vec<f64> {
        (0..self.rows).map(|i| self.row(i)[j]).collect()
    }

    /// The rows named, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let data = rows.iter().flat_map(|&i| self.row(i)).copied().collect();
        Self {
            rows: rows.len(),
            cols: self.cols,
            data,
        }
    }

    /// Both side by side (equal numbers of rows).
    pub fn beside(&self, other: &Self) -> Self {
        let mut data = Vec::with_capacity(self.rows * (self.cols + other.cols));
        for i in 0..self.rows {
            data.extend_from_slice(self.row(i));
            data.extend_from_slice(other.row(i));
        }
        Self {
            rows: self.rows,
            cols: self.cols + other.cols,
            data,
        }
    }

    /// Fills row after row in parallel.
    pub fn par_rows(rows: usize, cols: usize, fill: impl Fn(usize, &mut [f64]) + Sync) -> Self {
        let mut m = Self::zeros(rows, cols);
        if cols > 0 {
            m.data
                .par_chunks_mut(cols)
                .enumerate()
                .for_each(|(i, row)| fill(i, row));
        }
        m
    }

    /// `self * v`.
    pub fn times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|i| dot(self.row(i), v)).collect()
    }
}

/// Inner product over the shorter length, in eight independent sums (so that it vectorises).
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a8, a_rest) = a[..n].as_chunks::<8>();
    let (b8, b_rest) = b[..n].as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in a8.iter().zip(b8) {
        for k in 0..8 {
            sums[k] += x[k] * y[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

/// Mean of a slice; zero for an empty one.
pub fn mean(v: &[f64]) -> f64 {
    if v.is_empty() {
        0.0
    } else {
        v.iter().sum::<f64>() / v.len() as f64
    }
}

/// Population standard deviation.
pub fn std_dev(v: &[f64]) -> f64 {
    let m = mean(v);
    mean(&v.iter().map(|x| (x - m).powi(2)).collect::<Vec<_>>()).sqrt()
}

/// Quantile `p` in 0..1 by linear interpolation; zero for an empty slice.
pub fn quantile(v: &[f64], p: f64) -> f64 {
    let mut sorted = v.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = p * last as f64;
    let low = (at.floor() as usize).min(last);
    let high = (low + 1).min(last);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// The lower factor `L` of `A = L L'`, and what is solved with it.
#[derive(Clone, Debug)]
pub struct Cholesky {
    l: Matrix,
}

const BLOCK: usize = 48;

impl Cholesky {
    /// Factors a symmetric matrix (only its lower half is read). Column blocks from the left; the
    /// rows below a block in parallel.
    pub fn new(mut a: Matrix) -> Result<Self, QualityError> {
        let n = a.rows;
        for start in (0..n).step_by(BLOCK) {
            let end = (start + BLOCK).min(n);
            for i in start..end {
                let (above, here) = a.data.split_at_mut(i * n);
                let row = &mut here[..n];
                for j in start..i {
                    let other = &above[j * n..j * n + j + 1];
                    row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
                }
                let pivot = row[i] - dot(&row[..i], &row[..i]);
                if !(pivot > 0.0 && pivot.is_finite()) {
                    return Err(QualityError::NotPositiveDefinite { size: n });
                }
                row[i] = pivot.sqrt();
            }
            let (above, below) = a.data.split_at_mut(end * n);
            below.par_chunks_mut(n).for_each(|row| {
                for j in start..end {
                    let other = &above[j * n..j * n + j + 1];
                    row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
                }
            });
        }
        Ok(Self { l: a })
    }

    /// `L^-1 b`.
    pub fn forward(&self, b: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = Vec::with_capacity(b.len());
        for (i, &bi) in b.iter().enumerate() {
            let row = self.l.row(i);
            x.push((bi - dot(&row[..i], &x)) / row[i]);
        }
        x
    }

    /// `A^-1 b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = self.forward(b);
        for i in (0..x.len()).rev() {
            let row = self.l.row(i);
            x[i] /= row[i];
            let xi = x[i];
            for (xk, lk) in x[..i].iter_mut().zip(row) {
                *xk -= lk * xi;
            }
        }
        x
    }

    /// Half the logarithm of the determinant.
    pub fn half_log_det(&self) -> f64 {
        (0..self.l.rows).map(|i| self.l.row(i)[i].ln()).sum()
    }

    /// `(L^-1)'`: row `j` holds column `j` of the inverse factor (zero before `j`).
    pub fn inverse_factor(&self) -> Matrix {
        let n = self.l.rows;
        Matrix::par_rows(n, n, |j, x| {
            x[j] = 1.0 / self.l.row(j)[j];
            for i in j + 1..n {
                let row = self.l.row(i);
                x[i] = -dot(&row[j..i], &x[j..i]) / row[i];
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn positive_definite(n: usize) -> Matrix {
        let mut random = Random::new(3);
        let b = Matrix::from_rows(
            &(0..n)
                .map(|_| (0..n).map(|_| random.below(1000) as f64 / 1000.0).collect())
                .collect::<Vec<_>>(),
        );
        Matrix::par_rows(n, n, |i, row| {
            for (j, v) in row.iter_mut().enumerate() {
                *v = dot(b.row(i), b.row(j)) + f64::from(u8::from(i == j));
            }
        })
    }

    #[test]
    fn a_solution_put_back_gives_the_right_side() {
        let a = positive_definite(131);
        let b: Vec<f64> = (0..131).map(|i| (i as f64).sin()).collect();
        let x = Cholesky::new(a.clone()).unwrap().solve(&b);
        for (got, want) in a.times(&x).iter().zip(&b) {
            assert!((got - want).abs() < 1e-9);
        }
    }

    #[test]
    fn an_indefinite_matrix_is_refused() {
        let a = Matrix::from_rows(&[vec![1.0, 2.0], vec![2.0, 1.0]]);
        assert!(Cholesky::new(a).is_err());
    }
}

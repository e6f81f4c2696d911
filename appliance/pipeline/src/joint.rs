//! A normal distribution over a list of unknowns, told one scalar reading after the other.
//!
//! ```text
//! y = h x + noise,   S = h P h' + r,   x += P h' (y - h x) / S,   P -= P h' h P / S
//! ```
//! Meant for the shot path: its size is known only when the mold is, and it allocates.

/// Mean and covariance.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Means.
    pub mean: Vec<f64>,
    /// Covariance, row by row.
    covariance: Vec<f64>,
}

impl Joint {
    /// All unknowns at zero and known.
    pub fn zero(size: usize) -> Self {
        Self {
            mean: vec![0.0; size],
            covariance: vec![0.0; size * size],
        }
    }

    /// Unknowns.
    pub fn size(&self) -> usize {
        self.mean.len()
    }

    /// Covariance of two unknowns.
    pub fn at(&self, a: usize, b: usize) -> f64 {
        self.covariance[a * self.size() + b]
    }

    /// Sets a covariance, both ways.
    pub fn set(&mut self, a: usize, b: usize, value: f64) {
        let n = self.size();
        self.covariance[a * n + b] = value;
        self.covariance[b * n + a] = value;
    }

    /// What a reading that depends on unknowns by `h` (place, slope) is expected to be, and the variance of that.
    pub fn expect(&self, h: &[(usize, f64)]) -> (f64, f64) {
        let mean = h.iter().map(|(i, s)| s * self.mean[*i]).sum();
        let mut variance = 0.0;
        for (i, s) in h {
            for (j, t) in h {
                variance += s * t * self.at(*i, *j);
            }
        }
        (mean, variance.max(0.0))
    }

    /// Takes a reading with noise variance `noise`; returns the innovation and its variance.
    pub fn take(&mut self, reading: f64, h: &[(usize, f64)], noise: f64) -> (f64, f64) {
        let n = self.size();
        let mut ph = vec![0.0; n];
        for (j, s) in h {
            let row = &self.covariance[j * n..(j + 1) * n];
            ph.iter_mut().zip(row).for_each(|(p, c)| *p += s * c);
        }
        let (expected, variance) = self.expect(h);
        let (innovation, variance) = (reading - expected, variance + noise);
        if variance > 0.0 {
            for (i, gain) in ph.iter().map(|p| p / variance).enumerate() {
                self.mean[i] += gain * innovation;
                let row = &mut self.covariance[i * n..(i + 1) * n];
                row.iter_mut().zip(&ph).for_each(|(c, p)| *c -= gain * p);
            }
        }
        (innovation, variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_of_a_sum_narrows_the_sum_and_not_the_difference() {
        let mut joint = Joint::zero(2);
        joint.set(0, 0, 1.0);
        joint.set(1, 1, 1.0);
        let (innovation, variance) = joint.take(3.0, &[(0, 1.0), (1, 1.0)], 1.0);
        assert_eq!((innovation, variance), (3.0, 3.0));
        assert!((joint.mean[0] - 1.0).abs() < 1e-12 && (joint.mean[1] - 1.0).abs() < 1e-12);
        let (_, sum) = joint.expect(&[(0, 1.0), (1, 1.0)]);
        let (_, difference) = joint.expect(&[(0, 1.0), (1, -1.0)]);
        assert!((sum - 2.0 / 3.0).abs() < 1e-12 && (difference - 2.0).abs() < 1e-12);
        assert_eq!(joint.at(0, 1), joint.at(1, 0));
    }
}

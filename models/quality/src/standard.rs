//! Features in units of their own scatter, from every shot seen, labelled or not.

/// Furthest a feature counts, in standard deviations; what lies beyond is flagged, not believed.
const FURTHEST: f64 = 10.0;

/// Running mean and scatter of each feature. Source: Welford (1962), Technometrics 4.
#[derive(Clone, Debug)]
pub struct Standard {
    seen: Vec<f64>,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Standard {
    /// Of `width` features, none seen.
    pub fn new(width: usize) -> Self {
        Self {
            seen: vec![0.0; width],
            mean: vec![0.0; width],
            squares: vec![0.0; width],
        }
    }

    /// Number of features.
    pub const fn width(&self) -> usize {
        self.mean.len()
    }

    /// Takes a shot; features that are not finite were not measured.
    pub fn see(&mut self, features: &[f64]) {
        for (j, &v) in features.iter().enumerate().take(self.width()) {
            if v.is_finite() {
                self.seen[j] += 1.0;
                let off = v - self.mean[j];
                self.mean[j] += off / self.seen[j];
                self.squares[j] += off * (v - self.mean[j]);
            }
        }
    }

    /// Centred and scaled. What was not measured, or never moved so far and does not now, is zero.
    pub fn apply(&self, features: &[f64]) -> Vec<f64> {
        let one = |j: usize| {
            let v = features.get(j).copied().unwrap_or(f64::NAN);
            if !v.is_finite() || self.seen[j] < 2.0 {
                return 0.0;
            }
            // A feature that stood still is allowed a part in a thousand before it counts as moved.
            let sd = (self.squares[j] / (self.seen[j] - 1.0)).sqrt();
            let sd = sd.max(1e-3 * self.mean[j].abs()).max(1e-12);
            ((v - self.mean[j]) / sd).clamp(-FURTHEST, FURTHEST)
        };
        (0..self.width()).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scatter_is_one_gaps_are_zero_and_far_is_bounded() {
        let mut s = Standard::new(2);
        for i in 0..100 {
            s.see(&[f64::from(i % 2), f64::NAN]);
        }
        let z = s.apply(&[1.0, 3.0]);
        assert!((z[0] - 0.995).abs() < 0.01 && z[1] == 0.0, "{z:?}");
        assert_eq!(s.apply(&[1e9, f64::NAN]), [FURTHEST, 0.0]);
    }
}

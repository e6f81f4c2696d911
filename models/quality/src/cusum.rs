//! Drift of standardised residuals.

/// Which way the residuals drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Labels come out above what is predicted.
    Up,
    /// Labels come out below.
    Down,
}

/// Two-sided cumulative sum of standardised residuals (no unit).
///
/// ```text
/// up <- max(0, up + r - slack),  down <- max(0, down - r - slack);  alarm above the limit
/// ```
///
/// Slack 0.5 and limit 5 find a shift of one sigma in about 10 shots and raise a false alarm about
/// once in 465 (tables in the source). Source: Page (1954), Biometrika 41; Montgomery (2009),
/// Introduction to Statistical Quality Control, ch. 9.
#[derive(Clone, Debug)]
pub struct Cusum {
    slack: f64,
    limit: f64,
    up: f64,
    down: f64,
    up_run: u32,
    down_run: u32,
}

impl Default for Cusum {
    fn default() -> Self {
        Self::new(0.5, 5.0)
    }
}

impl Cusum {
    /// Both in standard deviations.
    pub const fn new(slack: f64, limit: f64) -> Self {
        Self {
            slack,
            limit,
            up: 0.0,
            down: 0.0,
            up_run: 0,
            down_run: 0,
        }
    }

    /// Takes one standardised residual; says whether a drift stands. Residuals count to at most
    /// 4 sigma, so one wild label is no drift; one that is not finite is skipped.
    pub fn step(&mut self, residual: f64) -> Option<Drift> {
        if residual.is_finite() {
            let r = residual.clamp(-4.0, 4.0);
            self.up = (self.up + r - self.slack).max(0.0);
            self.down = (self.down - r - self.slack).max(0.0);
            let run = |sum: f64, run: u32| if sum > 0.0 { run + 1 } else { 0 };
            self.up_run = run(self.up, self.up_run);
            self.down_run = run(self.down, self.down_run);
        }
        self.drift()
    }

    /// Residuals since the larger sum left zero: where the drift began, by Page's own estimate.
    pub const fn run(&self) -> u32 {
        if self.up >= self.down {
            self.up_run
        } else {
            self.down_run
        }
    }

    /// The drift that stands.
    pub fn drift(&self) -> Option<Drift> {
        if self.up > self.limit {
            Some(Drift::Up)
        } else if self.down > self.limit {
            Some(Drift::Down)
        } else {
            None
        }
    }

    /// Starts over, after an operator confirmed the cause.
    pub const fn reset(&mut self) {
        (self.up, self.down) = (0.0, 0.0);
        (self.up_run, self.down_run) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_of_one_sigma_is_found_within_twelve_shots_and_one_wild_label_is_not() {
        let mut c = Cusum::default();
        assert_eq!(c.step(40.0), None);
        c.reset();
        assert_eq!((c.step(1.0), c.step(-2.0)), (None, None));
        let at = (1..30).find(|_| c.step(-1.0) == Some(Drift::Down)).unwrap();
        assert!(at <= 12 && c.run() == at + 1, "{at}, {}", c.run());
    }

    #[test]
    fn residuals_that_alternate_never_alarm() {
        let mut c = Cusum::default();
        assert!((0..1000).all(|i| c.step(if i % 2 == 0 { 1.2 } else { -1.2 }).is_none()));
    }
}

//! How much a channel trembles while nothing happens: streaming, without allocation.
//!
//! Half a second of values is fitted by a straight line; what is left is noise. A slow drift (a charge amplifier, a cooling mold, a
//! screw that moves steadily) does not count, mains hum does. A window that a shot cuts into is thrown away.
//!
//! ```text
//! sd^2 = (S_yy - S_xy^2 / S_xx) / (n - 2),   x = 0 .. n-1,   S_xx = n (n^2 - 1) / 12
//! ```

/// Length of a window, s.
const WINDOW_S: f64 = 0.5;
/// Fewest values a line is fitted through, for channels that come slowly.
const FEWEST: u32 = 32;

/// One channel.
#[derive(Clone, Debug)]
pub struct Noise {
    window: u32,
    n: u32,
    /// The first value of the window: sums are of differences to it, so that large offsets cost no digits.
    first: f64,
    sum: f64,
    sum_squares: f64,
    sum_by_place: f64,
    sd: f64,
}

impl Noise {
    /// For a channel that comes `rate_hz` times a second.
    pub fn new(rate_hz: f64) -> Self {
        Self {
            window: ((rate_hz * WINDOW_S) as u32).max(FEWEST),
            n: 0,
            first: 0.0,
            sum: 0.0,
            sum_squares: 0.0,
            sum_by_place: 0.0,
            sd: f64::NAN,
        }
    }

    /// Takes a value; `quiet` between shots.
    pub fn push(&mut self, value: f64, quiet: bool) {
        if !quiet || !value.is_finite() {
            self.n = 0;
            return;
        }
        if self.n == 0 {
            self.first = value;
            (self.sum, self.sum_squares, self.sum_by_place) = (0.0, 0.0, 0.0);
        }
        let y = value - self.first;
        self.sum += y;
        self.sum_squares += y * y;
        self.sum_by_place += f64::from(self.n) * y;
        self.n += 1;
        if self.n == self.window {
            self.sd = self.left();
            self.n = 0;
        }
    }

    /// Standard deviation over the last whole window, in the unit of the values; NaN before the first.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    fn left(&self) -> f64 {
        let n = f64::from(self.n);
        let yy = self.sum_squares - self.sum * self.sum / n;
        let xy = self.sum_by_place - self.sum * (n - 1.0) / 2.0;
        let xx = n * (n * n - 1.0) / 12.0;
        ((yy - xy * xy / xx) / (n - 2.0)).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of standard deviation one, by the sum of twelve numbers of a linear congruential generator.
    fn tremble(seed: &mut u64) -> f64 {
        (0..12)
            .map(|_| {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (*seed >> 33) as f64 / f64::from(1_u32 << 31)
            })
            .sum::<f64>()
            - 6.0
    }

    #[test]
    fn noise_on_an_offset_and_a_drift_is_measured_and_the_drift_is_not() {
        let (mut noise, mut seed) = (Noise::new(2000.0), 7);
        for k in 0..1000 {
            noise.push(1e7 + 30.0 * f64::from(k) + 5e4 * tremble(&mut seed), true);
        }
        assert!((noise.sd() / 5e4 - 1.0).abs() < 0.1, "{}", noise.sd());
        let mut drift = Noise::new(100.0);
        (0..50).for_each(|k| drift.push(1e5 + f64::from(k), true));
        assert!(drift.sd() < 1e-3, "{}", drift.sd());
    }

    #[test]
    fn a_window_that_a_shot_or_a_hole_cuts_into_does_not_count() {
        let mut noise = Noise::new(100.0);
        for k in 0..500 {
            noise.push(f64::from(k % 2), k % 40 != 0);
        }
        assert!(noise.sd().is_nan());
        (0..50).for_each(|k| noise.push(f64::from(k % 2), true));
        let before = noise.sd();
        assert!((before - 0.5).abs() < 0.02, "{before}");
        (0..49).for_each(|_| noise.push(1e6, false));
        noise.push(f64::NAN, true);
        assert_eq!(noise.sd(), before);
    }
}

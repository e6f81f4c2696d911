//! What is remembered of the drive while the mold fills: closed integrals of the inlet pressure.
//!
//! For a power-law melt in an isothermal slot the front obeys `dx/dt ~ (P/x)^(1/n)`, so that its place is a
//! function of the integral of `P^(1/n)` alone. The memory keeps integrals for several exponents, exact for a
//! pressure that is linear between samples: the answer does not depend on the sampling rate.

/// Exponents of the integrals.
pub const EXPONENTS: [f64; 3] = [1.0, 2.0, 3.5];
/// Time constants of the averages, s.
pub(crate) const AVERAGES_S: [f64; 2] = [0.015, 0.06];
/// Time that the logarithms are taken against, s.
pub(crate) const TIME_SCALE_S: f64 = 0.1;
/// Smallest integral under a logarithm.
const FLOOR: f64 = 1e-6;
/// Number of features.
pub const FEATURES: usize = 1 + EXPONENTS.len() + 1 + AVERAGES_S.len();

/// Integrals of the inlet pressure since the front passed the inlet. Pressures are above atmosphere, over the
/// network's pressure scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FillMemory {
    /// Time since the front passed the inlet, s.
    pub time: f64,
    /// Pressure now.
    pub pressure: f64,
    /// Integrals of the pressure's powers, s.
    pub integrals: [f64; EXPONENTS.len()],
    averages: [f64; AVERAGES_S.len()],
}

impl FillMemory {
    /// Follows the pressure on a straight line to `pressure`, `dt` seconds later.
    pub fn step(&mut self, pressure: f64, dt: f64) {
        let (from, to) = (self.pressure.max(0.0), pressure.max(0.0));
        for (sum, m) in self.integrals.iter_mut().zip(EXPONENTS) {
            *sum += dt * mean_power(from, to, m);
        }
        for (average, tau) in self.averages.iter_mut().zip(AVERAGES_S) {
            // Exact answer of a first-order lag to a ramp.
            let (x, slope) = (dt / tau, if dt > 0.0 { (to - from) / dt } else { 0.0 });
            let gone = (-x).exp();
            *average = to - slope * tau + (*average - from + slope * tau) * gone;
        }
        self.time += dt;
        self.pressure = to;
    }

    /// The features: logarithms of time and integrals, pressure now and on average.
    pub fn features(&self) -> [f32; FEATURES] {
        let mut f = [0.0; FEATURES];
        let ln = |v: f64| (v / TIME_SCALE_S).max(FLOOR).ln() as f32;
        f[0] = ln(self.time);
        for ((f, v), m) in f[1..].iter_mut().zip(self.integrals).zip(EXPONENTS) {
            // Over its exponent, so that all have the scale of a pressure.
            *f = ln(v) / m as f32;
        }
        let at = 1 + EXPONENTS.len();
        f[at] = self.pressure as f32;
        for (f, v) in f[at + 1..].iter_mut().zip(self.averages) {
            *f = v as f32;
        }
        f
    }

    /// Change of the features per second on a straight line of `slope` \[1/s\]: their derivative with respect to the moment
    /// at which they are taken.
    pub fn rates(&self, slope: f64) -> [f32; FEATURES] {
        let mut f = [0.0; FEATURES];
        // Below the floor a logarithm stands still.
        let ln = |v: f64, rate: f64| {
            if v / TIME_SCALE_S > FLOOR {
                (rate / v) as f32
            } else {
                0.0
            }
        };
        f[0] = ln(self.time, 1.0);
        for ((f, v), m) in f[1..].iter_mut().zip(self.integrals).zip(EXPONENTS) {
            *f = ln(v, self.pressure.powf(m)) / m as f32;
        }
        let at = 1 + EXPONENTS.len();
        f[at] = slope as f32;
        for ((f, v), tau) in f[at + 1..].iter_mut().zip(self.averages).zip(AVERAGES_S) {
            *f = ((self.pressure - v) / tau) as f32;
        }
        f
    }
}

/// Mean of `p^m` over a straight line from `a` to `b`, both at least zero.
fn mean_power(a: f64, b: f64, m: f64) -> f64 {
    let middle = 0.5 * (a + b);
    if (b - a).abs() < 1e-3 * middle {
        // The closed form cancels; the midpoint is exact to 1e-6 here.
        return middle.powf(m);
    }
    if middle == 0.0 {
        return 0.0;
    }
    (b.powf(m + 1.0) - a.powf(m + 1.0)) / ((m + 1.0) * (b - a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp and its samples: a thousand steps or ten remember the same.
    #[test]
    fn the_sampling_rate_does_not_matter() {
        let run = |n: usize| {
            let mut m = FillMemory::default();
            for i in 1..=n {
                m.step(2.0 * i as f64 / n as f64, 0.3 / n as f64);
            }
            m.features()
        };
        for (a, b) in run(10).iter().zip(run(1000)) {
            assert!((a - b).abs() < 2e-5, "{a} {b}");
        }
    }

    /// Against the features a little later.
    #[test]
    fn rates_are_derivatives_of_the_features() {
        let mut m = FillMemory::default();
        m.step(0.7, 0.05);
        m.step(1.2, 0.02);
        let slope = 8.0;
        let (mut a, mut b) = (m, m);
        a.step(m.pressure + slope * 1e-3, 1e-3);
        b.step(m.pressure + slope * 2e-3, 2e-3);
        for ((r, f), (a, b)) in m
            .rates(slope)
            .iter()
            .zip(m.features())
            .zip(a.features().iter().zip(b.features()))
        {
            // Second order: (4 a - b - 3 f) / 2 h.
            let d = (4.0 * a - b - 3.0 * f) / 2e-3;
            assert!((r - d).abs() < 5e-3 * (1.0 + d.abs()), "{r} {d}");
        }
    }

    #[test]
    fn the_integral_of_a_ramp_is_its_closed_form() {
        let mut m = FillMemory::default();
        m.step(2.0, 0.3);
        for (i, e) in m.integrals.iter().zip(EXPONENTS) {
            let exact = 0.3 * 2.0_f64.powf(e) / (e + 1.0);
            assert!((i - exact).abs() < 1e-12 * exact.max(1.0), "{i} {exact}");
        }
    }
}

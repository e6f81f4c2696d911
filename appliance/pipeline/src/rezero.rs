//! The zero of a charge amplifier, taken between shots.

/// Running zero of one sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rezero {
    zero: f64,
    seen_s: f64,
}

/// Averaging time, s.
const TIME_S: f64 = 0.2;

impl Rezero {
    /// A raw value; while `idle` it is what the sensor shows at `rest`. Returns the value with that zero taken off.
    pub fn step(&mut self, raw: f64, rest: f64, dt: f64, idle: bool) -> f64 {
        if !raw.is_finite() {
            return raw;
        }
        if idle {
            self.seen_s += dt;
            // The first moments weigh equally, later ones fade.
            let share = (dt / self.seen_s.min(TIME_S)).min(1.0);
            self.zero += share * (raw - rest - self.zero);
        }
        raw - self.zero
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_gone_after_a_pause_and_stays_gone_during_the_shot() {
        let mut zero = Rezero::default();
        for _ in 0..2000 {
            zero.step(1e5 + 3e5, 1e5, 5e-4, true);
        }
        assert!((zero.step(4e5, 1e5, 5e-4, true) - 1e5).abs() < 1.0);
        assert!((zero.step(2e7 + 3e5, 1e5, 5e-4, false) - 2e7).abs() < 1.0);
        assert!(zero.step(f64::NAN, 1e5, 5e-4, true).is_nan());
    }
}

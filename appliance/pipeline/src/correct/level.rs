//! The slow part of a quantity that scatters from shot to shot: a random walk that may jump.
//!
//! ```text
//! level(n + 1) = level(n) + what our own moves do + drift,   measured(n) = level(n) + scatter
//! ```
//! A Kalman filter of one state. A measurement far outside its band, or two in a row clearly outside on the same side, is a
//! jump: the filter forgets and follows.

/// Surprise (squared, in variances) at which one measurement is a jump.
const JUMP: f64 = 20.0;
/// Surprise at which two in a row are.
const TWICE: f64 = 6.0;

/// The filter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Level and its variance; nothing before the first measurement.
    state: Option<(f64, f64)>,
    /// Side of the last measurement that was clearly outside.
    side: f64,
}

impl Level {
    /// Something is known beforehand.
    pub fn at(value: f64, sd: f64) -> Self {
        Self {
            state: Some((value, sd * sd)),
            side: 0.0,
        }
    }

    /// Level and standard deviation.
    pub fn get(&self) -> Option<[f64; 2]> {
        self.state.map(|(value, variance)| [value, variance.sqrt()])
    }

    /// A shot goes by: the level may have drifted by `drift`, and our own moves shifted it by `by`, known to `sd`.
    pub fn pass(&mut self, drift: f64, by: f64, sd: f64) {
        if let Some((value, variance)) = &mut self.state {
            *value += by;
            *variance += drift * drift + sd * sd;
        }
    }

    /// A measurement with scatter `sd`.
    pub fn measure(&mut self, measured: f64, sd: f64) {
        let Some((value, mut variance)) = self.state else {
            self.state = Some((measured, sd * sd));
            return;
        };
        let off = measured - value;
        let surprise = off * off / (variance + sd * sd);
        let again = surprise > TWICE && self.side * off > 0.0;
        if surprise > JUMP || again {
            variance += off * off;
        }
        self.side = if surprise > TWICE && !again {
            off.signum()
        } else {
            0.0
        };
        let gain = variance / (variance + sd * sd);
        self.state = Some((value + gain * off, (1.0 - gain) * variance));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the offset: it is learned from a few shots, with a band that holds it.
        #[test]
        fn an_offset_is_learned(offset in -5.0..5.0_f64, scatter in proptest::collection::vec(-1.0..1.0_f64, 40)) {
            let mut level = Level::default();
            for s in &scatter {
                level.pass(0.05, 0.0, 0.0);
                level.measure(offset + 0.5 * s, 0.3);
            }
            let [value, sd] = level.get().unwrap();
            prop_assert!((value - offset).abs() < 4.0 * sd, "{value} {sd} {offset}");
            prop_assert!(sd < 0.2);
        }

        /// A step is followed at once when it is large and after two shots when it is clear.
        #[test]
        fn a_step_is_followed(step in prop_oneof![4.0..50.0_f64, -50.0..-4.0_f64]) {
            let mut level = Level::default();
            for _ in 0..20 {
                level.pass(0.1, 0.0, 0.0);
                level.measure(0.0, 1.0);
            }
            for _ in 0..2 {
                level.pass(0.1, 0.0, 0.0);
                level.measure(step, 1.0);
            }
            let [value, _] = level.get().unwrap();
            prop_assert!((value / step - 1.0).abs() < 0.15, "{value} of {step}");
        }
    }

    #[test]
    fn our_own_moves_are_no_surprise() {
        let mut level = Level::at(0.0, 0.1);
        level.pass(0.0, 7.0, 0.5);
        level.measure(7.2, 0.1);
        let [value, _] = level.get().unwrap();
        assert!((value - 7.2).abs() < 0.1);
    }
}

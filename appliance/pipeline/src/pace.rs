//! How often a model is moved on: at short steps while things happen, at longer ones while the mold is full and pressures hardly move.
//!
//! Nine tenths of a shot are hold and cooling. At short steps throughout, the witness and the neighbours of the mean cost four fifths
//! of a tick's time, and a replay of a shot as much again, for nothing that a page or a part could show.

/// Longest step while things happen, s.
pub const STEP_S: f64 = 2e-3;
/// Longest step in calm, s.
pub const STRIDE_S: f64 = 0.01;
/// Growth from one calm step to the next.
const GROWTH: f64 = 1.5;
/// Change of pressure within a step from which the next is short again, Pa: several times a sensor's noise, a hundredth of hold.
const CALM_PA: f64 = 0.4e6;
/// Steps are at most this share of the time since the shot began: layers at the wall cool as its root.
const AGE_SHARE: f64 = 0.01;

/// The longest step now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    strides: bool,
    longest_s: f64,
}

impl Pace {
    /// Short steps always.
    pub const STEADY: Self = Self {
        strides: false,
        longest_s: STEP_S,
    };
    /// Longer steps in calm.
    pub const STRIDING: Self = Self {
        strides: true,
        longest_s: STEP_S,
    };

    /// A new shot begins.
    pub fn reset(&mut self) {
        self.longest_s = STEP_S;
    }

    /// The longest step, s, when the inlet's pressure has moved by `moved_pa` since the last one.
    pub fn longest_s(&self, moved_pa: f64) -> f64 {
        if moved_pa.abs() > CALM_PA {
            STEP_S
        } else {
            self.longest_s
        }
    }

    /// A step ended `t` seconds into the shot, in which pressures in the mold moved by at most `moved_pa`.
    pub fn stepped(&mut self, t: f64, full: bool, moved_pa: f64) {
        let calm = self.strides && full && moved_pa.abs() < CALM_PA;
        self.longest_s = if calm {
            let grown = (self.longest_s * GROWTH).min(STRIDE_S);
            grown.min(AGE_SHARE * t).max(STEP_S)
        } else {
            STEP_S
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calm_lengthens_steps_and_a_jump_ends_it() {
        let mut pace = Pace::STRIDING;
        pace.stepped(2.0, false, 0.0);
        assert_eq!(pace.longest_s(0.0), STEP_S, "not full");
        for _ in 0..10 {
            pace.stepped(2.0, true, 1e5);
        }
        assert_eq!(pace.longest_s(1e5), STRIDE_S);
        assert_eq!(pace.longest_s(-2e6), STEP_S, "the inlet jumps");
        pace.stepped(0.4, true, 1e5);
        assert!(pace.longest_s(0.0) <= 0.004, "young");
        pace.stepped(3.0, true, 2e6);
        assert_eq!(pace.longest_s(0.0), STEP_S, "the mold moves");
        let mut steady = Pace::STEADY;
        steady.stepped(10.0, true, 0.0);
        assert_eq!(steady.longest_s(0.0), STEP_S);
    }
}

//! What setpoints have reached: temperatures follow after a dead time, first order; the rest is there with the next shot.

use crate::ports::{SETPOINTS, Setpoint, Setpoints};

/// How a setpoint is followed. Zero for both: at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settling {
    /// Dead time, s.
    pub dead_s: f64,
    /// Time constant, s.
    pub settle_s: f64,
}

impl Settling {
    /// Usual values of a small press: melt and mold temperature are slow.
    pub const fn usual(setpoint: Setpoint) -> Self {
        let (dead_s, settle_s) = match setpoint {
            Setpoint::MeltTemperature => (30.0, 180.0),
            Setpoint::MoldTemperature => (20.0, 240.0),
            _ => (0.0, 0.0),
        };
        Self { dead_s, settle_s }
    }
}

/// Follows all setpoints.
#[derive(Clone, Debug)]
pub struct Reached {
    settling: [Settling; SETPOINTS],
    set: Setpoints,
    reached: Setpoints,
    moved_s: [f64; SETPOINTS],
    now_s: f64,
}

impl Reached {
    /// Before the first shot.
    pub fn new(settling: [Settling; SETPOINTS]) -> Self {
        Self {
            settling,
            set: Setpoints::default(),
            reached: Setpoints::default(),
            moved_s: [f64::NEG_INFINITY; SETPOINTS],
            now_s: f64::NEG_INFINITY,
        }
    }

    /// The shot at `now_s` ran with these setpoints; what they have reached by then. The first ones count as settled.
    pub fn step(&mut self, now_s: f64, set: &Setpoints) -> Setpoints {
        for s in Setpoint::ALL {
            let i = s as usize;
            let Settling { dead_s, settle_s } = self.settling[i];
            if set[s] != self.set[s] {
                // Taken over somewhere between the last shot and this one.
                self.moved_s[i] = if self.now_s.is_finite() {
                    self.now_s
                } else {
                    now_s
                };
                if !self.reached[s].is_finite() {
                    self.reached[s] = set[s];
                }
            }
            let begins = (self.moved_s[i] + dead_s).max(self.now_s);
            let since = (now_s - begins).max(0.0);
            let left = if settle_s > 0.0 {
                (-since / settle_s).exp()
            } else {
                0.0
            };
            self.reached[s] = set[s] + left * (self.reached[s] - set[s]);
        }
        (self.set, self.now_s) = (*set, now_s);
        self.reached
    }

    /// What is still to come of a setpoint's last move.
    pub fn pending(&self, setpoint: Setpoint) -> f64 {
        let left = self.set[setpoint] - self.reached[setpoint];
        if left.is_finite() { left } else { 0.0 }
    }

    /// True while the last move of a setpoint could not yet be seen.
    pub fn unseen(&self, setpoint: Setpoint) -> bool {
        let Settling { dead_s, settle_s } = self.settling[setpoint as usize];
        self.now_s - self.moved_s[setpoint as usize] < dead_s + settle_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_take_their_time_and_pressure_does_not() {
        let mut reached = Reached::new(Setpoint::ALL.map(Settling::usual));
        let mut set = Setpoints([4.5e7, 6.0, 1e-5, 2e-5, 500.0, 320.0, 15.0]);
        assert_eq!(reached.step(0.0, &set), set);
        set[Setpoint::MeltTemperature] = 510.0;
        set[Setpoint::HoldPressure] = 4.6e7;
        let after = reached.step(25.0, &set);
        assert_eq!(after[Setpoint::HoldPressure], 4.6e7);
        assert_eq!(after[Setpoint::MeltTemperature], 500.0);
        assert!(reached.unseen(Setpoint::MeltTemperature));
        assert!(!reached.unseen(Setpoint::HoldPressure));
        assert_eq!(reached.pending(Setpoint::MeltTemperature), 10.0);
        let mut t = 25.0;
        while t < 240.0 {
            t += 25.0;
            reached.step(t, &set);
        }
        // 220 s after the dead time of 30 s.
        let left = 10.0 * (-220.0_f64 / 180.0).exp();
        assert!((reached.pending(Setpoint::MeltTemperature) - left).abs() < 1e-9);
        assert!(!reached.unseen(Setpoint::MeltTemperature));
    }
}

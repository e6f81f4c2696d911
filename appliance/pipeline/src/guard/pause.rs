//! The pause between two shots: whether a write still fits before the next injection.
//!
//! What is written while the screw moves may act on half a shot. So a correction that would come too late is not written for that
//! shot; the next one asks again.

use std::collections::VecDeque;

/// Pauses remembered; the shortest counts.
const PAUSES: usize = 5;
/// Time a write and its read back take before one was seen, s.
const FIRST_WRITE_S: f64 = 0.5;
/// What a slow write counts for at each later shot: one hiccup must not forbid writing for good.
const FORGET: f64 = 0.8;

/// The pause.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    /// Shot that ended last, and when.
    ended: Option<(u64, f64)>,
    /// Newest shot that was seen to inject.
    injecting: u64,
    /// Times from the end of a shot to the next injection, s.
    pauses: VecDeque<f64>,
    /// Time that a write and its read back are given, s.
    write_s: f64,
}

impl Pause {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            ended: None,
            injecting: 0,
            pauses: VecDeque::new(),
            write_s: FIRST_WRITE_S,
        }
    }

    /// A shot injects.
    pub fn injects(&mut self, now_s: f64, shot: u64) {
        if shot <= self.injecting {
            return;
        }
        self.injecting = shot;
        if let Some((ended, at_s)) = self.ended
            && ended + 1 == shot
        {
            self.pauses.push_back(now_s - at_s);
            if self.pauses.len() > PAUSES {
                self.pauses.pop_front();
            }
        }
    }

    /// A shot ended.
    pub fn ends(&mut self, now_s: f64, shot: u64) {
        self.ended = Some((shot, now_s));
        self.write_s = (FORGET * self.write_s).max(FIRST_WRITE_S);
    }

    /// A write was read back after this long, s.
    pub fn wrote(&mut self, took_s: f64) {
        self.write_s = self.write_s.max(took_s);
    }

    /// Time left before the next injection, s: none once it began, unlimited while no pause was seen.
    pub fn left_s(&self, now_s: f64) -> f64 {
        let Some((shot, at_s)) = self.ended else {
            return f64::INFINITY;
        };
        if self.injecting > shot {
            return 0.0;
        }
        let shortest = self.pauses.iter().copied().fold(f64::INFINITY, f64::min);
        at_s + shortest - now_s
    }

    /// Time that a write needs, s.
    pub fn needed_s(&self) -> f64 {
        self.write_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_counted_to_the_earliest_injection() {
        let mut pause = Pause::new();
        assert_eq!(pause.left_s(0.0), f64::INFINITY);
        for (shot, pause_s) in [(1, 3.0), (2, 2.5), (3, 4.0)] {
            let ended_s = 20.0 * shot as f64;
            pause.ends(ended_s, shot);
            pause.injects(ended_s + pause_s, shot + 1);
            assert_eq!(pause.left_s(ended_s + pause_s), 0.0);
        }
        pause.ends(80.0, 4);
        assert_eq!(pause.left_s(80.0), 2.5);
        assert_eq!(pause.left_s(82.0), 0.5);
    }

    #[test]
    fn a_shot_told_late_leaves_nothing() {
        let mut pause = Pause::new();
        pause.injects(10.0, 2);
        pause.ends(11.0, 1);
        assert_eq!(pause.left_s(11.0), 0.0);
        // Nor is the time since then taken for a pause.
        pause.injects(30.0, 3);
        pause.ends(40.0, 3);
        assert_eq!(pause.left_s(40.0), f64::INFINITY);
    }

    #[test]
    fn a_slow_write_is_remembered_for_a_while() {
        let mut pause = Pause::new();
        pause.wrote(2.0);
        assert_eq!(pause.needed_s(), 2.0);
        for shot in 1..=10 {
            pause.ends(f64::from(shot), u64::from(shot as u32));
        }
        assert_eq!(pause.needed_s(), FIRST_WRITE_S);
    }
}

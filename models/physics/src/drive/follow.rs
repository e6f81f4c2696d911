//! Linear interpolation with a moving index.

/// Reads one waveform at times that move in small steps, in constant time per step.
#[derive(Clone, Debug)]
pub struct Follower<'a> {
    time_s: &'a [f64],
    values: &'a [f64],
    /// The segment used last.
    at: usize,
}

impl<'a> Follower<'a> {
    /// Over at least two rising times and as many values.
    pub(super) fn new(time_s: &'a [f64], values: &'a [f64]) -> Self {
        Self {
            time_s,
            values,
            at: 0,
        }
    }

    /// Value at `t` \[s\], linear between samples, held at the ends.
    pub fn at_or_end(&mut self, t: f64) -> f64 {
        let last = self.time_s.len() - 2;
        while self.at < last && t >= self.time_s[self.at + 1] {
            self.at += 1;
        }
        while self.at > 0 && t < self.time_s[self.at] {
            self.at -= 1;
        }
        let (t0, t1) = (self.time_s[self.at], self.time_s[self.at + 1]);
        let (v0, v1) = (self.values[self.at], self.values[self.at + 1]);
        let weight = ((t - t0) / (t1 - t0)).clamp(0.0, 1.0);
        v0 + weight * (v1 - v0)
    }
}

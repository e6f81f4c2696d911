//! Where the screw rests between two shots: the place injected volume counts from.

/// Time without movement after which a screw rests, s.
const RESTS_S: f64 = 0.2;
/// Movement that is none: share of the mold's volume.
const STILL: f64 = 0.005;
/// Readings averaged at most: a screw that creeps is followed.
const AVERAGED: f64 = 1000.0;

/// Follows the screw between shots.
#[derive(Clone, Debug)]
pub struct Rest {
    still_m3: f64,
    since_s: f64,
    mean_m3: f64,
    count: f64,
}

impl Rest {
    /// Nothing seen, for a mold of `fill_m3`.
    pub const fn new(fill_m3: f64) -> Self {
        Self {
            still_m3: STILL * fill_m3,
            since_s: f64::NAN,
            mean_m3: f64::NAN,
            count: 0.0,
        }
    }

    /// A reading between two shots: melt in front of the screw, m3.
    pub fn see(&mut self, time_s: f64, screw_m3: f64) {
        if !screw_m3.is_finite() {
            self.clear();
        } else if (screw_m3 - self.mean_m3).abs() <= self.still_m3 {
            self.count = (self.count + 1.0).min(AVERAGED);
            self.mean_m3 += (screw_m3 - self.mean_m3) / self.count;
        } else {
            (self.since_s, self.mean_m3, self.count) = (time_s, screw_m3, 1.0);
        }
    }

    /// A shot runs.
    pub const fn clear(&mut self) {
        (self.since_s, self.mean_m3) = (f64::NAN, f64::NAN);
    }

    /// Where it rests, m3.
    pub fn at(&self, time_s: f64) -> Option<f64> {
        (time_s - self.since_s >= RESTS_S).then_some(self.mean_m3)
    }
}

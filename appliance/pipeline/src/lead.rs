//! The moment a shot began, looked up in the last samples before it was noticed.

/// Samples kept.
const KEPT: usize = 128;

/// The last samples of the driving pressure.
#[derive(Clone, Debug)]
pub struct Lead {
    samples: [(f64, f64); KEPT],
    next: usize,
    count: usize,
}

impl Default for Lead {
    fn default() -> Self {
        Self {
            samples: [(0.0, 0.0); KEPT],
            next: 0,
            count: 0,
        }
    }
}

impl Lead {
    /// Keeps a sample (s, Pa).
    pub fn push(&mut self, t: f64, pa: f64) {
        self.samples[self.next] = (t, pa);
        self.next = (self.next + 1) % KEPT;
        self.count = (self.count + 1).min(KEPT);
    }

    /// Samples kept.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True before the first sample.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sample `k`, oldest first.
    pub fn get(&self, k: usize) -> (f64, f64) {
        self.samples[(self.next + KEPT - self.count + k) % KEPT]
    }

    /// Time the pressure left `rest_pa`, looked back from now while samples lie more than `noise_pa` above it. Where the
    /// samples begin above it, the first two are continued backwards, by at most two of their distances.
    pub fn start(&self, now: f64, rest_pa: f64, noise_pa: f64) -> f64 {
        let above = |k: usize| self.get(k).1 - rest_pa > noise_pa;
        let mut first = self.count;
        while first > 0 && above(first - 1) {
            first -= 1;
        }
        if first + 1 >= self.count {
            return if first < self.count {
                self.before(first, now)
            } else {
                now
            };
        }
        let ((t0, p0), (t1, p1)) = (self.get(first), self.get(first + 1));
        let (over, rise, step) = (p0 - rest_pa, p1 - p0, t1 - t0);
        let continued = t0
            - if rise > 0.0 {
                (over / rise).min(2.0) * step
            } else {
                0.0
            };
        // A quiet sample just before tells better; one from long ago tells nothing.
        if first > 0 {
            continued.max(self.get(first - 1).0)
        } else {
            continued
        }
    }

    /// The sample before `k`, unless a pause lies between.
    fn before(&self, k: usize, now: f64) -> f64 {
        const PAUSE_S: f64 = 0.1;
        let earlier = if k > 0 { self.get(k - 1).0 } else { now };
        if now - earlier < PAUSE_S {
            earlier
        } else {
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_followed_back_to_where_it_left_the_ground() {
        let mut lead = Lead::default();
        for k in 0..300 {
            let t = f64::from(k) * 1e-3;
            lead.push(t, 1e5 + (2e7 * (t - 0.25)).max(0.0));
        }
        assert!((lead.start(0.299, 1e5, 2e4) - 0.251).abs() < 1.5e-3);
    }

    #[test]
    fn a_quiet_sample_of_the_day_before_is_not_when_the_shot_began() {
        let mut lead = Lead::default();
        lead.push(0.0, 1e5);
        lead.push(1000.0, 1e5 + 6e4);
        lead.push(1000.01, 1e5 + 16e4);
        assert!((lead.start(1000.01, 1e5, 2e4) - 999.994).abs() < 1e-6);
    }

    #[test]
    fn a_recording_that_begins_on_the_ramp_is_continued_backwards() {
        let mut lead = Lead::default();
        lead.push(0.0, 1e5 + 6e4);
        lead.push(0.01, 1e5 + 16e4);
        assert!((lead.start(0.01, 1e5, 2e4) + 0.006).abs() < 1e-9);
    }
}

//! Times at which the network is looked at after the mold is full.

/// Geometrically growing steps up to a longest one: dense where pressure falls fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// First step, s.
    pub first: f64,
    /// Growth of a step over the one before.
    pub growth: f64,
    /// Longest step, s.
    pub longest: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: 0.002,
            growth: 1.055,
            longest: 0.12,
        }
    }
}

impl Schedule {
    /// Times from 0 up to `until`, s.
    pub fn times(&self, until: f64) -> Vec<f64> {
        let (mut t, mut step, mut times) = (0.0, self.first, Vec::new());
        while t < until {
            times.push(t);
            t += step;
            step = (step * self.growth).min(self.longest);
        }
        times
    }

    /// The same with every time but the first moved by up to `share` of its spacing; `uniform` draws from
    /// -1 to 1. A network trained on moved times may be asked at any time.
    pub fn jittered(&self, until: f64, share: f64, mut uniform: impl FnMut() -> f64) -> Vec<f64> {
        let mut times = self.times(until);
        for k in (1..times.len()).rev() {
            // Half the spacing to the earlier neighbour is never crossed.
            let spacing = times[k] - times[k - 1];
            times[k] += share * spacing * uniform();
        }
        times.sort_by(f64::total_cmp);
        times
    }
}

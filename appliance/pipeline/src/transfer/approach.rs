//! At which injected volume the estimate at a place will reach a pressure: as in the fills before, scaled by what this one has
//! shown so far.
//!
//! ```text
//! p(V) = p0 + r (p_last(V) - p0),    r = (p_now - p0) / (p_last(V_now) - p0) once the front has passed the place, 1 before
//! ```
//! The last fill says how the estimate rises with the injected volume, and the running one by how much it stands higher or lower.
//! Pressure of a fill is proportional to viscosity at a given volume, so a thicker lot scales it; the volume at which a mold is
//! full hardly moves. How far the crossings of earlier fills lie apart is counted as doubt, with the estimate's own.

use super::{Held, Law};
use crate::setup::ATMOSPHERE_PA;

/// Points kept of a fill.
const POINTS: usize = 400;
/// Distance of two points, share of the mold's volume.
const APART: f64 = 1.0 / 200.0;
/// Fills that must have shown the crossing.
const FILLS: usize = 3;
/// Crossings kept.
const KEPT: usize = 8;
/// How far the last fill is continued beyond its end, share of the mold's volume: it ended where transfer came.
const BEYOND: f64 = 0.02;
/// Standard deviations above atmosphere from which an estimate says how this fill compares.
const CLEAR: f64 = 5.0;
/// A fill whose estimate differs from the last by more than this factor is no longer the same process.
const UNLIKE: f64 = 1.3;
/// Standard deviations of the crossing that must fit into what the press allows: a band of 95 %.
const BAND: f64 = 4.0;

/// Injected volume, m3; estimate and its standard deviation, Pa.
type Point = [f64; 3];

/// What fills have shown.
#[derive(Clone, Debug)]
pub struct Approach {
    fill_m3: f64,
    running: Vec<Point>,
    last: Vec<Point>,
    /// Volumes at which the pressure was reached, newest last, m3.
    crossings: Vec<f64>,
}

impl Approach {
    /// Nothing seen, for a mold of `fill_m3`.
    pub fn new(fill_m3: f64) -> Self {
        Self {
            fill_m3,
            running: Vec::with_capacity(POINTS),
            last: Vec::with_capacity(POINTS),
            crossings: Vec::with_capacity(KEPT),
        }
    }

    /// Injection begins.
    pub fn begin(&mut self) {
        self.running.clear();
    }

    /// An instant of a fill. What is no number is left out.
    pub fn see(&mut self, injected: f64, [pa, sd]: [f64; 2]) {
        let from = self.running.last().map_or(0.0, |p| p[0]);
        let known = injected.is_finite() && pa.is_finite() && sd.is_finite();
        if known && self.running.len() < POINTS && injected - from >= APART * self.fill_m3 {
            self.running.push([injected, pa, sd]);
        }
    }

    /// The fill is over: it is what the next one is compared with.
    pub fn end(&mut self, law: Law) {
        let Law::Pressure { pa, .. } = law else {
            return;
        };
        // A start that was not seen, or a purge, teaches nothing.
        if self.running.len() < 2 {
            return;
        }
        std::mem::swap(&mut self.last, &mut self.running);
        match self.crossing(pa, 1.0, 0.0) {
            Some([volume, ..]) => {
                if self.crossings.len() == KEPT {
                    self.crossings.remove(0);
                }
                self.crossings.push(volume);
            }
            // A fill that ends below the pressure says that the ones before no longer count.
            None => self.crossings.clear(),
        }
    }

    /// Volume at which `pa` will be reached and its standard deviation, m3; `here` is where the running fill stands: injected
    /// volume, estimate and its standard deviation. `window` is the width of what the press allows, m3.
    ///
    /// # Errors
    /// Why that is not known well enough.
    pub fn reaches(
        &self,
        pa: f64,
        here: Option<(f64, [f64; 2])>,
        window: f64,
    ) -> Result<[f64; 2], Held> {
        if self.last.is_empty() {
            return Err(Held::FewShots(FILLS as u32));
        }
        let (ratio, from) = match here {
            None => (1.0, 0.0),
            Some((injected, now)) => (self.ratio(injected, now)?, injected),
        };
        let Some([volume, slope, sd_pa]) = self.crossing(pa, ratio, from) else {
            let highest = self.last.iter().map(|p| p[1]).fold(f64::NAN, f64::max);
            return Err(Held::NotReached(highest));
        };
        let missing = FILLS.saturating_sub(self.crossings.len());
        if missing > 0 {
            return Err(Held::FewShots(missing as u32));
        }
        let sd = self.scatter().hypot(sd_pa / slope);
        if sd.is_nan() || BAND * sd > window {
            return Err(Held::Unsure(sd, window / BAND));
        }
        Ok([volume, sd])
    }

    /// By how much the estimate of the running fill stands above that of the last at the same volume.
    fn ratio(&self, injected: f64, [pa, sd]: [f64; 2]) -> Result<f64, Held> {
        let [then, then_sd] = self.at(injected);
        let (now, then) = (pa - ATMOSPHERE_PA, then - ATMOSPHERE_PA);
        // Before the front has passed the place both are atmosphere, and say nothing.
        let clear = now > CLEAR * sd && then > CLEAR * then_sd;
        if !clear {
            return Ok(1.0);
        }
        let ratio = now / then;
        if (1.0 / UNLIKE..=UNLIKE).contains(&ratio) {
            Ok(ratio)
        } else {
            Err(Held::Unlike(ratio))
        }
    }

    /// Estimate of the last fill at a volume and its standard deviation, Pa; NaN beyond its end.
    fn at(&self, volume: f64) -> [f64; 2] {
        let after = self.last.partition_point(|p| p[0] < volume);
        let (Some(a), Some(b)) = (
            after.checked_sub(1).and_then(|k| self.last.get(k)),
            self.last.get(after),
        ) else {
            return [f64::NAN; 2];
        };
        let share = (volume - a[0]) / (b[0] - a[0]);
        [1, 2].map(|k| a[k] + share * (b[k] - a[k]))
    }

    /// First volume beyond `from` at which the scaled last fill reaches `pa`: volume, slope there, standard deviation there.
    fn crossing(&self, pa: f64, ratio: f64, from: f64) -> Option<[f64; 3]> {
        let scaled = |p: &Point| ATMOSPHERE_PA + ratio * (p[1] - ATMOSPHERE_PA);
        let end = self.last.last()?;
        let before = self.last.get(self.last.len().checked_sub(2)?)?;
        // The end of the last fill continued: it was cut off by transfer.
        let further = BEYOND * self.fill_m3;
        let steep = (end[1] - before[1]) / (end[0] - before[0]);
        let beyond = [end[0] + further, end[1] + steep * further, end[2]];
        let points = self.last.iter().chain(std::iter::once(&beyond));
        let mut earlier: Option<&Point> = None;
        for point in points {
            if let Some(a) = earlier.filter(|_| point[0] > from)
                && scaled(point) >= pa
            {
                let slope = (scaled(point) - scaled(a)) / (point[0] - a[0]);
                let volume = a[0] + (pa - scaled(a)).max(0.0) / slope;
                return (slope > 0.0).then_some([volume.max(from), slope, ratio * point[2]]);
            }
            earlier = Some(point);
        }
        None
    }

    /// Standard deviation of the crossings of earlier fills, m3.
    fn scatter(&self) -> f64 {
        let n = self.crossings.len() as f64;
        let mean = self.crossings.iter().sum::<f64>() / n;
        let squares = self.crossings.iter().map(|v| (v - mean).powi(2));
        (squares.sum::<f64>() / (n - 1.0)).sqrt()
    }
}

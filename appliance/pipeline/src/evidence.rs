//! What a running shot measured that may teach something: kept by the tick without allocating, weighed after the shot.

use models_physics::latents::COUNT;

use crate::belief::Square;
use crate::sample::MOST_SENSORS;

/// Moments of a shot at which cavity pressures are kept.
pub const KNOTS: usize = 48;

/// Time of a moment, s: dense while the mold fills and packs, then about half the memory of the deviation.
pub fn knot_s(knot: usize) -> f64 {
    const DENSE: usize = 10;
    if knot < DENSE {
        0.1 * (knot + 1) as f64
    } else {
        1.0 + 0.5 * (knot + 1 - DENSE) as f64
    }
}

/// A used cavity sensor at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Which moment.
    pub knot: usize,
    /// Sensor of the mold.
    pub sensor: usize,
    /// Measured less model, Pa.
    pub residual: f64,
    /// Measured above atmosphere, Pa.
    pub gauge: f64,
    /// Slopes of the model along the directions, Pa.
    pub slopes: [f64; COUNT],
    /// Standard deviation of the model's deviation, Pa.
    pub spread: f64,
}

/// Something measured once a shot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Once {
    /// Measured less model.
    pub residual: f64,
    /// Slopes along the directions.
    pub slopes: [f64; COUNT],
    /// Standard deviation from shot to shot that comes from how it was measured.
    pub scatter: f64,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Root of the covariance of the latents; its columns are the directions.
    pub root: Square,
    /// Latents the model stood at; `None` for those believed in when the evidence is weighed.
    pub mean: Option<[f64; COUNT]>,
    /// Cavity pressures.
    pub readings: Vec<Reading>,
    /// ln of injected volume over the model's.
    pub volume: Option<Once>,
    /// Mold surface less the model's, K.
    pub surface: Option<Once>,
    /// The next moment.
    next: usize,
}

impl Evidence {
    /// Nothing; `room` is the number of readings that can be kept.
    pub fn new(room: usize) -> Self {
        Self {
            root: [[0.0; COUNT]; COUNT],
            mean: None,
            readings: Vec::with_capacity(room),
            volume: None,
            surface: None,
            next: 0,
        }
    }

    /// With room for every moment of every sensor.
    pub fn with_room() -> Self {
        Self::new(KNOTS * MOST_SENSORS)
    }

    /// A new shot.
    pub fn clear(&mut self) {
        self.readings.clear();
        (self.volume, self.surface, self.next) = (None, None, 0);
    }

    /// The moment that `t` seconds have just reached, if any.
    pub fn due(&mut self, t: f64) -> Option<usize> {
        let mut reached = None;
        while self.next < KNOTS && t >= knot_s(self.next) {
            reached = Some(self.next);
            self.next += 1;
        }
        reached
    }

    /// Keeps a reading while there is room. One that is no number would be all that is believed afterwards.
    pub fn keep(&mut self, reading: Reading) {
        let numbers = [reading.residual, reading.gauge, reading.spread];
        let finite = numbers.iter().chain(&reading.slopes).all(|v| v.is_finite());
        if finite && self.readings.len() < self.readings.capacity() {
            self.readings.push(reading);
        }
    }
}

//! The rest of the shot, if the inlet does what it did in the last one.

use std::sync::Arc;

use models_infer::error::InferError;
use models_infer::follow::Follower;
use models_infer::network::Network;

use crate::shot::ShotRecord;

/// Follows the running shot and runs ahead of it. Meant for a thread that may take its time.
#[derive(Clone, Debug)]
pub struct Forecaster {
    follower: Follower,
    /// Inlet pressure of the last shot, (s, Pa), rows apart.
    last: Vec<(f64, f64)>,
    now: Option<(f64, f64)>,
}

/// One point of a forecast: time since the shot began, s, and the network's readings, Pa or K.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// s.
    pub time_s: f64,
    /// By sensor of the release.
    pub values: Vec<f64>,
}

impl Forecaster {
    /// At given latents, in the order of the release.
    ///
    /// # Errors
    /// When the network refuses them.
    pub fn new(net: &Arc<Network>, latents: &[f64]) -> Result<Self, InferError> {
        Ok(Self {
            follower: Follower::new(net.clone(), latents)?,
            last: Vec::new(),
            now: None,
        })
    }

    /// A shot is over: its inlet pressure is what the next one is expected to do. `drive` is the driving sensor.
    pub fn finished(&mut self, record: &ShotRecord, drive: usize) {
        self.last.clear();
        let rows = record
            .rows
            .iter()
            .map(|r| (f64::from(r.time_s), f64::from(r.measured[drive])));
        self.last.extend(rows.filter(|(_, p)| p.is_finite()));
    }

    /// A shot begins.
    pub fn begin(&mut self, latents: &[f64]) -> Result<(), InferError> {
        self.follower.set_latents(latents)?;
        self.follower.reset();
        self.now = None;
        Ok(())
    }

    /// The inlet pressure now.
    pub fn push(&mut self, t: f64, pa: f64) {
        if self.follower.push(t, pa).is_ok() {
            self.now = Some((t, pa));
        }
    }

    /// What comes, every `step` seconds up to the end of the last shot. Empty before a first shot is known. The inlet follows the
    /// last shot's course, shifted to meet the pressure now; the shift fades within a second.
    pub fn ahead(&self, step: f64) -> Vec<Ahead> {
        let (Some((now, pa)), Some((end, _))) = (self.now, self.last.last()) else {
            return Vec::new();
        };
        let at = |t: f64| {
            let k = self
                .last
                .partition_point(|(x, _)| *x <= t)
                .clamp(1, self.last.len())
                - 1;
            self.last[k].1
        };
        let shift = pa - at(now);
        let mut runner = self.follower.clone();
        let mut points = Vec::new();
        let mut t = now + step;
        while t <= *end {
            let p = (at(t) + shift * (now - t).exp()).max(0.0);
            if runner.push(t, p).is_err() {
                break;
            }
            points.push(Ahead {
                time_s: t,
                values: runner.readings().to_vec(),
            });
            t += step;
        }
        points
    }
}

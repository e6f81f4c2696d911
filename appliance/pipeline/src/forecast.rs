//! The rest of the shot, if the inlet does what it did in the last one.

use std::sync::Arc;

use models_infer::error::InferError;
use models_infer::follow::Follower;
use models_infer::network::Network;

use crate::shot::ShotRecord;

/// Longest step of the network, s: it was trained on steps of a fill.
const FINE_S: f64 = 0.02;
/// Steps between two moments at most.
const MOST_STEPS: f64 = 2000.0;

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

    /// The inlet pressure now. What lies between is taken from the last shot, shifted to meet both ends: the network
    /// remembers how it came here, and a thread that may wait sees few moments of a fill.
    pub fn push(&mut self, t: f64, pa: f64) {
        let before = self
            .now
            .or(self.last.first().map(|_| (0.0, self.usual(0.0))));
        if let Some((from, from_pa)) = before.filter(|(from, _)| t > *from) {
            let (first, last) = (from_pa - self.usual(from), pa - self.usual(t));
            let steps = ((t - from) / FINE_S).ceil().min(MOST_STEPS);
            for k in 1..steps as usize {
                let share = k as f64 / steps;
                let at = from + share * (t - from);
                let p = self.usual(at) + first + share * (last - first);
                let _ = self.follower.push(at, p.max(0.0));
            }
        }
        if self.follower.push(t, pa).is_ok() {
            self.now = Some((t, pa));
        }
    }

    /// The inlet pressure of the last shot at a time; nothing before one is known.
    fn usual(&self, t: f64) -> f64 {
        let after = self.last.partition_point(|(x, _)| *x <= t);
        let row = self.last.get(after.saturating_sub(1));
        row.map_or(0.0, |(_, pa)| *pa)
    }

    /// What comes, every `step` seconds up to the end of the last shot. Empty before a first shot is known. The inlet follows the
    /// last shot's course, shifted to meet the pressure now; the shift fades within a second.
    pub fn ahead(&self, step: f64) -> Vec<Ahead> {
        let (Some((now, pa)), Some((end, _))) = (self.now, self.last.last()) else {
            return Vec::new();
        };
        let shift = pa - self.usual(now);
        let mut runner = self.follower.clone();
        let mut points = Vec::new();
        let fine = (step / FINE_S).ceil().max(1.0);
        let mut t = now + step;
        while t <= *end {
            let moments = (1..=fine as usize).map(|k| t - step + step * k as f64 / fine);
            let pushed = moments.map(|at| {
                let p = self.usual(at) + shift * (now - at).exp();
                runner.push(at, p.max(0.0))
            });
            if pushed.collect::<Result<Vec<_>, _>>().is_err() {
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

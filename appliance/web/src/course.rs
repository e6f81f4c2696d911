//! The running shot as far as it was published, for a page that is opened in its midst.

use crate::view::{Course, Curve, LiveSnapshot, Phase};

/// Longest shot kept, s: what a page draws.
const LONGEST_S: f64 = 120.0;
/// A time that falls back by more than this begins a shot anew, s.
const BACK_S: f64 = 0.5;

impl Course {
    /// Takes a snapshot in. The press at rest leaves the finished shot standing.
    pub(crate) fn take(&mut self, snapshot: &LiveSnapshot) {
        if snapshot.phase == Phase::Idle {
            return;
        }
        let at = snapshot.shot_time_s;
        let last = self.curves.first().and_then(|c| c.time_s.last());
        let last = last.map_or(f64::NEG_INFINITY, |t| f64::from(*t));
        let same_sensors = snapshot.readings.len() == self.curves.len()
            && snapshot
                .readings
                .iter()
                .zip(&self.curves)
                .all(|(r, c)| r.sensor == c.sensor);
        if snapshot.shot != self.shot || at < last - BACK_S || !same_sensors {
            self.restart(snapshot);
        } else if at <= last || at > LONGEST_S {
            return;
        }
        if self.phases.last().map(|(phase, _)| *phase) != Some(snapshot.phase) {
            self.phases.push((snapshot.phase, at));
        }
        for (curve, reading) in self.curves.iter_mut().zip(&snapshot.readings) {
            let narrow = |v: Option<f64>| v.filter(|v| v.is_finite()).map(|v| v as f32);
            curve.time_s.push(at as f32);
            curve.measured.push(narrow(reading.measured));
            curve.estimate.push(narrow(reading.estimate));
            curve.sd.push(narrow(reading.sd));
        }
    }

    fn restart(&mut self, snapshot: &LiveSnapshot) {
        self.shot = snapshot.shot;
        self.phases.clear();
        self.curves = snapshot
            .readings
            .iter()
            .map(|reading| Curve {
                sensor: reading.sensor.clone(),
                time_s: Vec::new(),
                measured: Vec::new(),
                estimate: Vec::new(),
                sd: Vec::new(),
            })
            .collect();
    }
}

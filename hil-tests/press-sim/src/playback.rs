//! Measured shots as courses: recordings (`time_s`, `<sensor>_pa`) played through the same wire.

use crate::PressHandle;
use crate::course::{Course, CycleKind, Track};
use crate::error::PressSimError;
use crate::live::Source;
use crate::scenario::{Channel, Signal};
use firmware_wire::Unit;
use models_physics::drive::Drive;
use std::path::Path;
use std::sync::Arc;

/// Time in which pressure goes when a recording ends under pressure, s.
const RELEASE_S: f64 = 0.2;
/// Nominal range of a played channel, MPa.
const RANGE_MPA: (f64, f64) = (-10.0, 250.0);

/// Recordings in a circle, with a pause between them.
#[derive(Debug)]
pub struct Playback {
    shots: Vec<Vec<Track>>,
    durations: Vec<f64>,
    pause_s: f64,
    played: u64,
}

impl Playback {
    /// Reads recordings; every one must have every sensor.
    ///
    /// # Errors
    /// With file, place and reason of the first thing wrong.
    pub fn open(
        files: &[impl AsRef<Path>],
        sensors: &[String],
        pause_s: f64,
    ) -> Result<Self, PressSimError> {
        let rest = models_units::ATMOSPHERIC.pa() * 1e-6;
        let mut playback = Self {
            shots: Vec::new(),
            durations: Vec::new(),
            pause_s,
            played: 0,
        };
        for file in files {
            let drive = Drive::load(file)?;
            let (first, last) = drive.span_s();
            let mut time = vec![0.0];
            time.extend(drive.time_s.iter().map(|t| pause_s + t - first));
            time.push(pause_s + last - first + RELEASE_S);
            let time = Arc::new(time);
            let track = |sensor: &String| {
                let mut values = vec![rest];
                values.extend(drive.column(sensor)?.iter().map(|pa| pa * 1e-6));
                values.push(rest);
                Ok::<_, PressSimError>(Track {
                    time_s: time.clone(),
                    values,
                })
            };
            let mut tracks = sensors.iter().map(track).collect::<Result<Vec<_>, _>>()?;
            for track in &mut tracks {
                // The line from rest to the first sample is one sample long, not a whole pause.
                hold_until_the_first_sample(track, rest);
            }
            playback.shots.push(tracks);
            playback.durations.push(pause_s + last - first + RELEASE_S);
        }
        Ok(playback)
    }

    /// The node's table: one pressure channel a sensor, absolute, named as the sensor.
    #[must_use]
    pub fn channels(sensors: &[String]) -> Vec<Channel> {
        let channel = |name: &String| Channel {
            name: name.clone(),
            signal: Signal::Sensor,
            sensor: Some(name.clone()),
            element: None,
            at_mm: None,
            unit: Unit::Megapascal,
            min: RANGE_MPA.0,
            max: RANGE_MPA.1,
            noise_sd: 0.0,
            lag_s: 0.0,
            gain_error: 0.0,
            offset: 0.0,
            charge_drift_per_s: 0.0,
            zero_sd: 0.0,
        };
        sensors.iter().map(channel).collect()
    }
}

fn hold_until_the_first_sample(track: &mut Track, rest: f64) {
    let step = track.time_s[2] - track.time_s[1];
    let mut time = (*track.time_s).clone();
    time.insert(1, (time[1] - step).max(0.0));
    track.values.insert(1, rest);
    track.time_s = Arc::new(time);
}

impl Source for Playback {
    fn next(&mut self, _: f64) -> Result<Course, PressSimError> {
        self.played += 1;
        self.again(None)
    }

    fn again(&mut self, _: Option<f64>) -> Result<Course, PressSimError> {
        let at = (self.played.max(1) - 1) as usize % self.shots.len();
        Ok(Course {
            kind: CycleKind::Recording,
            shot: self.played,
            duration_s: self.durations[at],
            inject_s: self.pause_s,
            transfer_s: None,
            tracks: self.shots[at].clone(),
            injected: Track::constant(0.0),
            recipe: None,
            truth: None,
            cycle_data: None,
        })
    }

    fn handle(&self) -> Option<PressHandle> {
        None
    }
}

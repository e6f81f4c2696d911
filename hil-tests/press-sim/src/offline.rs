//! The same shots and the same sensors without a clock: plain arrays at any rate.

use crate::course::CycleKind;
use crate::error::PressSimError;
use crate::plant::Plant;
use crate::scenario::Scenario;
use crate::sensor::{Sensors, scale};
use crate::solved::Solved;
use crate::truth::Truth;
use crate::{CycleData, PressHandle};
use firmware_node::channel::Reading;
use firmware_wire::{MAX_CHANNELS, NO_READING};
use std::sync::Arc;

/// One cycle as the box would record it.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What kind of cycle.
    pub kind: CycleKind,
    /// Number of the molded shot, from 1.
    pub shot: u64,
    /// Start of the cycle since the press started, s.
    pub start_s: f64,
    /// Start of injection in the cycle, s.
    pub inject_s: f64,
    /// Time between two rows, s.
    pub step_s: f64,
    /// Raw codes by channel, then by row; [`NO_READING`] where there was none.
    pub codes: Vec<Vec<i32>>,
    /// What really happened.
    pub truth: Option<Arc<Truth>>,
    /// What the controller publishes.
    pub cycle_data: Option<CycleData>,
    scales: Arc<Vec<(f64, f64)>>,
}

impl Recording {
    /// Values of a channel in its unit, NaN where there was no reading.
    #[must_use]
    pub fn values(&self, channel: usize) -> Vec<f64> {
        let (gain, offset) = self.scales[channel];
        let value = |code: &i32| match *code {
            NO_READING => f64::NAN,
            code => f64::from(code) * gain + offset,
        };
        self.codes[channel].iter().map(value).collect()
    }
}

/// A press without a clock.
#[derive(Debug)]
pub struct Offline {
    plant: Plant,
    sensors: Sensors,
    step_s: f64,
    start_s: f64,
    rows: u64,
    scales: Arc<Vec<(f64, f64)>>,
}

impl Offline {
    /// A press of this scenario with its own seed, sampled at `rate_hz`.
    ///
    /// # Errors
    /// As [`Plant::new`].
    pub fn new(scenario: &Scenario, seed: u64, rate_hz: f64) -> Result<Self, PressSimError> {
        let sensors = Sensors::new(&scenario.channels, Some(scenario), seed, 1.0 / rate_hz);
        Ok(Self {
            plant: Plant::new(scenario.clone(), seed)?,
            sensors,
            step_s: 1.0 / rate_hz,
            start_s: 0.0,
            rows: 0,
            scales: Arc::new(scenario.channels.iter().map(scale).collect()),
        })
    }

    /// The same press, with the shots that others of its scenario have solved.
    #[must_use]
    pub fn remembering(mut self, solved: &Solved) -> Self {
        self.plant.remember(solved);
        self
    }

    /// The press's control: change setpoints between two calls of [`Offline::cycle`].
    #[must_use]
    pub fn handle(&self) -> PressHandle {
        self.plant.handle()
    }

    /// Runs one cycle, whatever kind comes next.
    ///
    /// # Errors
    /// When the solver stops, when the press stands ([`PressSimError::Stands`]), or when an operator's edit of the scenario is
    /// nothing the press can run.
    pub fn cycle(&mut self) -> Result<Recording, PressSimError> {
        let handle = self.plant.handle();
        if handle.hung() {
            return Err(PressSimError::Stands);
        }
        let start_s = self.start_s;
        let course = self.plant.next(start_s)?;
        self.sensors.begin(&course);
        let rows = (course.duration_s / self.step_s).round() as usize;
        let channels = course.tracks.len();
        let mut codes = vec![Vec::with_capacity(rows); channels];
        let mut readings = [Reading::Missing; MAX_CHANNELS];
        for row in 0..rows {
            let now_s = (self.rows + row as u64) as f64 * self.step_s;
            let t = row as f64 * self.step_s;
            self.sensors.read(&course, t, now_s, &mut readings);
            for (codes, reading) in codes.iter_mut().zip(&readings) {
                codes.push(match reading {
                    Reading::Code(code) => *code,
                    _ => NO_READING,
                });
            }
        }
        self.rows += rows as u64;
        self.start_s = self.rows as f64 * self.step_s;
        if let Some(data) = &course.cycle_data {
            handle.publish(data.clone());
        }
        handle.reach(self.plant.upcoming())?;
        Ok(Recording {
            kind: course.kind,
            shot: course.shot,
            start_s,
            inject_s: course.inject_s,
            step_s: self.step_s,
            codes,
            truth: course.truth,
            cycle_data: course.cycle_data,
            scales: self.scales.clone(),
        })
    }
}

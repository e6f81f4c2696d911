//! From what is to what the converter says: lag, gain, drift, noise, faults, code.

use crate::course::{Course, CycleKind};
use crate::random::Random;
use crate::scenario::{Channel, Event, EventKind, Scenario};
use firmware_node::channel::Reading;
use firmware_wire::Unit;

/// Valid codes reach from minus this to this; a 24-bit converter goes a little further.
pub const CODE_SPAN: i32 = 8_000_000;
/// Where a 24-bit converter stops.
const RAIL: i32 = 8_388_607;

/// What is wrong with a channel now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    None,
    Silent,
    Open,
    OverRange,
    Stuck,
    Drift { per_s: f64, since_s: f64 },
}

/// One sensor with its amplifier and converter.
#[derive(Clone, Debug)]
pub struct Sensor {
    channel: Channel,
    random: Random,
    lagged: Option<f64>,
    zero: f64,
    reset_s: f64,
    failure: Failure,
    last: Reading,
}

impl Sensor {
    /// A healthy sensor with random stream `stream` of the seed.
    #[must_use]
    pub fn new(channel: Channel, seed: u64, stream: u64) -> Self {
        Self {
            channel,
            random: Random::new(seed, stream),
            lagged: None,
            zero: 0.0,
            reset_s: 0.0,
            failure: Failure::None,
            last: Reading::Missing,
        }
    }

    /// The charge amplifier is reset at `now_s`.
    pub fn reset(&mut self, now_s: f64) {
        self.reset_s = now_s;
        self.zero = self.channel.zero_sd * self.random.normal();
    }

    fn suffer(&mut self, event: &Event, now_s: f64) {
        self.failure = match event.kind {
            EventKind::Silent => Failure::Silent,
            EventKind::Open => Failure::Open,
            EventKind::OverRange => Failure::OverRange,
            EventKind::Stuck => Failure::Stuck,
            EventKind::SensorDrift => Failure::Drift {
                per_s: event.drift_per_s.unwrap_or(0.0),
                since_s: now_s,
            },
            _ => Failure::None,
        };
    }

    /// What it shows zero for: pressure sensors are gauges, courses are absolute.
    fn nothing(&self) -> f64 {
        match self.channel.unit {
            Unit::Megapascal => models_units::ATMOSPHERIC.mpa(),
            _ => 0.0,
        }
    }

    /// One conversion of a true value, `dt` after the one before.
    ///
    /// ```text
    /// y += (1 - exp(-dt / lag)) (x - y)
    /// v  = (1 + gain_error) y + offset + zero + charge_drift (t - reset) + drift (t - since) + noise
    /// ```
    pub fn convert(&mut self, truth: f64, now_s: f64, dt: f64) -> Reading {
        let c = &self.channel;
        let before = self.lagged.unwrap_or(truth);
        let follow = if c.lag_s > 0.0 {
            1.0 - (-dt / c.lag_s).exp()
        } else {
            1.0
        };
        let y = before + follow * (truth - before);
        self.lagged = Some(y);
        let mut v = (1.0 + c.gain_error) * y
            + c.offset
            + self.zero
            + c.charge_drift_per_s * (now_s - self.reset_s);
        if c.noise_sd > 0.0 {
            v += c.noise_sd * self.random.normal();
        }
        let reading = match self.failure {
            Failure::None => Reading::Code(code(c, v)),
            Failure::Drift { per_s, since_s } => {
                Reading::Code(code(c, v + per_s * (now_s - since_s)))
            }
            Failure::Silent => Reading::Missing,
            Failure::Open => Reading::Open,
            Failure::OverRange => Reading::Code(RAIL),
            Failure::Stuck => self.last,
        };
        self.last = reading;
        reading
    }
}

/// The code of a value, up to the rails.
#[must_use]
pub fn code(channel: &Channel, value: f64) -> i32 {
    let share = (value - channel.min) / (channel.max - channel.min);
    let code = (2.0 * share - 1.0) * f64::from(CODE_SPAN);
    code.round().clamp(f64::from(-RAIL), f64::from(RAIL)) as i32
}

/// The value of a code: unit a code, and unit at code zero.
#[must_use]
pub fn scale(channel: &Channel) -> (f64, f64) {
    let gain = (channel.max - channel.min) / (2.0 * f64::from(CODE_SPAN));
    (gain, 0.5 * (channel.min + channel.max))
}

/// All sensors of the node, looking at one course after the other.
#[derive(Clone, Debug)]
pub struct Sensors {
    all: Vec<Sensor>,
    places: Vec<usize>,
    events: Vec<(usize, Event)>,
    due: Vec<(usize, Event)>,
    reset_due: bool,
    dt: f64,
}

impl Sensors {
    /// Healthy sensors of a table, sampled every `dt` seconds.
    #[must_use]
    pub fn new(channels: &[Channel], scenario: Option<&Scenario>, seed: u64, dt: f64) -> Self {
        let all = channels.iter().zip(100..);
        let all: Vec<_> = all
            .map(|(channel, stream)| Sensor::new(channel.clone(), seed, stream))
            .collect();
        let index = |event: &Event| {
            let name = event.channel.as_ref()?;
            let at = channels.iter().position(|c| c.name == *name)?;
            Some((at, event.clone()))
        };
        let events = scenario.map_or(&[][..], |s| &s.events);
        Self {
            places: vec![0; all.len()],
            all,
            events: events.iter().filter_map(index).collect(),
            due: Vec::new(),
            reset_due: true,
            dt,
        }
    }

    /// A course begins.
    pub fn begin(&mut self, course: &Course) {
        self.places.fill(0);
        self.reset_due = true;
        if matches!(course.kind, CycleKind::Shot | CycleKind::Startup) {
            let of_shot = self.events.iter().filter(|(_, e)| e.shot == course.shot);
            self.due.extend(of_shot.cloned());
        }
    }

    /// Reads every channel `t` seconds into the course; `now_s` is the time since the press started.
    pub fn read(&mut self, course: &Course, t: f64, now_s: f64, into: &mut [Reading]) {
        if self.reset_due && t >= course.inject_s {
            self.reset_due = false;
            for sensor in &mut self.all {
                sensor.reset(now_s);
            }
        }
        if !self.due.is_empty() {
            let all = &mut self.all;
            self.due.retain(|(at, event)| {
                let happens = t >= course.inject_s + event.after_s;
                if happens {
                    all[*at].suffer(event, now_s);
                }
                !happens
            });
        }
        let sensors = self
            .all
            .iter_mut()
            .zip(&course.tracks)
            .zip(&mut self.places);
        for (((sensor, track), place), into) in sensors.zip(into) {
            let truth = track.value(t, place) - sensor.nothing();
            *into = sensor.convert(truth, now_s, self.dt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Signal;

    fn plain() -> Channel {
        Channel {
            name: "p".into(),
            signal: Signal::SpecificPressure,
            sensor: None,
            element: None,
            at_mm: None,
            unit: Unit::Megapascal,
            min: -10.0,
            max: 200.0,
            noise_sd: 0.0,
            lag_s: 0.0,
            gain_error: 0.0,
            offset: 0.0,
            charge_drift_per_s: 0.0,
            zero_sd: 0.0,
        }
    }

    fn value(channel: &Channel, reading: Reading) -> f64 {
        let Reading::Code(code) = reading else {
            panic!("no code")
        };
        let (gain, offset) = scale(channel);
        f64::from(code) * gain + offset
    }

    #[test]
    fn a_lagging_sensor_has_63_percent_of_a_step_after_its_lag() {
        let channel = Channel {
            lag_s: 0.1,
            ..plain()
        };
        let mut sensor = Sensor::new(channel.clone(), 1, 1);
        sensor.convert(0.0, 0.0, 0.001);
        let mut last = 0.0;
        for k in 1..=100 {
            last = value(&channel, sensor.convert(50.0, 0.001 * f64::from(k), 0.001));
        }
        assert!(
            (last - 50.0 * (1.0 - (-1.0_f64).exp())).abs() < 1e-3,
            "{last}"
        );
    }

    #[test]
    fn a_charge_amplifier_drifts_from_its_reset_on() {
        let channel = Channel {
            charge_drift_per_s: 0.25,
            ..plain()
        };
        let mut sensor = Sensor::new(channel.clone(), 1, 1);
        sensor.reset(10.0);
        assert!((value(&channel, sensor.convert(20.0, 14.0, 0.1)) - 21.0).abs() < 1e-4);
        sensor.reset(14.0);
        assert!((value(&channel, sensor.convert(20.0, 14.0, 0.1)) - 20.0).abs() < 1e-4);
    }

    #[test]
    fn gain_error_and_noise_are_what_the_scenario_says() {
        let channel = Channel {
            gain_error: 0.02,
            noise_sd: 0.5,
            ..plain()
        };
        let mut sensor = Sensor::new(channel.clone(), 1, 1);
        let n = 20_000;
        let all: Vec<f64> = (0..n)
            .map(|_| value(&channel, sensor.convert(100.0, 0.0, 0.001)))
            .collect();
        let mean = all.iter().sum::<f64>() / f64::from(n);
        let sd = (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
        assert!((mean - 102.0).abs() < 0.02, "{mean}");
        assert!((sd - 0.5).abs() < 0.02, "{sd}");
    }

    #[test]
    fn values_beyond_the_range_leave_the_valid_codes_and_stop_at_the_rails() {
        assert_eq!(code(&plain(), 200.0), CODE_SPAN);
        assert!(code(&plain(), 201.0) > CODE_SPAN);
        assert_eq!(code(&plain(), 1e6), RAIL);
        assert_eq!(code(&plain(), -1e6), -RAIL);
    }
}

//! Snapshots of the running shot.

use std::time::Instant;

use appliance_web::view::{
    Forecast, Indicator, LiveSnapshot, Mode, MoldView, Phase, PressRead, Reading, SensorKind,
    ShotKind, Source, Trust, TrustState,
};

use super::curves::{CYCLE_S, Conditions, EJECT_S, conditions, scatter};
use super::plate::{self, SENSORS};
use super::shots;

/// A sensor's truth at a time, Pa or K.
pub fn truth(c: &Conditions, sensor: usize, t: f64) -> f64 {
    let (name, kind, path, ..) = SENSORS[sensor];
    match (kind, name) {
        (SensorKind::Pressure, _) => c.pressure_pa(path, t),
        (SensorKind::Temperature, "t_wall") => c.wall_k(t),
        (SensorKind::Temperature, _) => c.temperature_k(path, t),
    }
}

/// Estimate and its standard deviation: the truth, off by less than two of them.
pub fn estimate(c: &Conditions, shot: u64, sensor: usize, t: f64) -> (f64, f64) {
    let (_, kind, path, real, _) = SENSORS[sensor];
    let value = truth(c, sensor, t);
    let sd = match kind {
        SensorKind::Pressure => {
            0.15e6 + 0.015 * value * (1.0 + path.max(0.0)) * if real { 0.5 } else { 1.0 }
        }
        SensorKind::Temperature => 1.5,
    };
    let slow = scatter(shot, 40 + sensor as u64) * 0.8 + 0.4 * (t * 1.7 + sensor as f64).sin();
    ((value + slow * sd).max(0.0), sd)
}

/// A measurement with its noise, where a channel measures it.
pub fn measured(c: &Conditions, shot: u64, sensor: usize, t: f64) -> Option<f64> {
    let (_, kind, _, real, _) = SENSORS[sensor];
    let noise = scatter(shot, 1000 + (t * 500.0) as u64 + sensor as u64 * 100_000);
    let size = if kind == SensorKind::Pressure {
        0.06e6
    } else {
        0.08
    };
    real.then(|| truth(c, sensor, t) + size * noise)
}

/// The phase at a time since fill began.
pub fn phase(c: &Conditions, t: f64) -> Phase {
    match t {
        t if t >= EJECT_S => Phase::Idle,
        t if t < c.fill_s => Phase::Fill,
        t if t < c.hold_end_s => Phase::Hold,
        _ => Phase::Cool,
    }
}

/// Makes snapshots of a press that never stops.
pub struct Press {
    mold: MoldView,
    started: Instant,
    first_shot: u64,
    sequence: u64,
}

impl Press {
    pub fn new(first_shot: u64) -> Self {
        Self {
            mold: plate::mold(),
            started: Instant::now(),
            first_shot,
            sequence: 0,
        }
    }

    /// Number of the running shot and time since its fill began.
    pub fn place(&self, now: Instant) -> (u64, f64) {
        let t = now.duration_since(self.started).as_secs_f64();
        (self.first_shot + (t / CYCLE_S) as u64, t % CYCLE_S)
    }

    pub fn snapshot(
        &mut self,
        now: Instant,
        mode: Mode,
        lot: Option<String>,
        wall_ms: i64,
    ) -> LiveSnapshot {
        let (shot, t) = self.place(now);
        let c = conditions(shot);
        self.sequence += 1;
        let fields = self.sequence % 3 == 1;
        let field = |of: &dyn Fn(f64) -> f64| {
            fields.then(|| {
                self.mold
                    .nodes
                    .iter()
                    .map(|node| of(plate::path(node)) as f32)
                    .collect::<Vec<_>>()
            })
        };
        let (state, reason, subject) = trust(shot);
        LiveSnapshot {
            sequence: self.sequence,
            wall_ms,
            shot,
            kind: ShotKind::Production,
            phase: phase(&c, t),
            shot_time_s: t,
            cycle_s: Some(CYCLE_S),
            press_name: "press 7".into(),
            mold: self.mold.name.clone(),
            material: self.mold.material.clone(),
            lot,
            trust: Trust {
                state,
                reason: reason.into(),
                subject: subject.map(Into::into),
                since_shot: shot / 40 * 40,
            },
            mode,
            source: Source::Network,
            readings: (0..SENSORS.len())
                .map(|sensor| reading(&c, shot, sensor, t))
                .collect(),
            filled: if t < EJECT_S { c.filled(t) } else { 0.0 },
            frozen: if t < EJECT_S { c.frozen(0.4, t) } else { 0.0 },
            node_pressure_pa: field(&|path| c.pressure_pa(path, t)),
            node_temperature_k: field(&|path| {
                if t < EJECT_S {
                    c.temperature_k(path, t)
                } else {
                    super::curves::WALL_K
                }
            }),
            node_frozen: field(&|path| if t < EJECT_S { c.frozen(path, t) } else { 0.0 }),
            node_filled: field(&|path| f64::from(u8::from(t < EJECT_S && t > c.arrival_s(path)))),
            forecast: (fields && t < EJECT_S).then(|| forecast(&c, shot, (t / 0.4).floor() * 0.4)),
            last_verdict: shots::row(shot - 1, wall_ms).verdict,
            verdict_reason: None,
            output: None,
            transfer: None,
            quality: shots::quality(shot),
            indicators: indicators(shot),
            // The loop fills these in.
            advice: vec![],
            guard: None,
            press: Some(PressRead {
                connected: true,
                operating_mode: "automatic".into(),
                setpoints: vec![
                    ("hold_pressure_pa".into(), 42e6),
                    ("hold_time_s".into(), 5.2),
                    ("transfer_volume_m3".into(), 9.2e-6),
                    ("injection_rate_m3_per_s".into(), 32e-6),
                    ("melt_temperature_k".into(), 503.15),
                    ("mold_temperature_k".into(), 318.15),
                ],
            }),
        }
    }
}

/// Mostly trusted; every tenth group of shots something moved.
pub fn trust(shot: u64) -> (TrustState, &'static str, Option<&'static str>) {
    match shot / 40 % 6 {
        4 => (TrustState::Watch, "trust.mismatch", Some("viscosity")),
        _ => (TrustState::Trusted, "trust.bands_hold", None),
    }
}

fn reading(c: &Conditions, shot: u64, sensor: usize, t: f64) -> Reading {
    let (estimate, sd) = estimate(c, shot, sensor, t);
    let idle = t >= EJECT_S;
    Reading {
        sensor: SENSORS[sensor].0.into(),
        measured: measured(c, shot, sensor, t),
        estimate: (!idle).then_some(estimate),
        sd: (!idle).then_some(sd),
        age_s: 0.000_5,
        missing: idle.then(|| "missing.no_shot".into()),
    }
}

fn forecast(c: &Conditions, shot: u64, from: f64) -> Vec<Forecast> {
    (0..SENSORS.len())
        .map(|sensor| {
            let times = (0..60).map(|at| from + (EJECT_S - from) * f64::from(at) / 60.0);
            let mut forecast = Forecast {
                sensor: SENSORS[sensor].0.into(),
                time_s: vec![],
                value: vec![],
                sd: vec![],
            };
            for t in times {
                let (value, sd) = estimate(c, shot, sensor, t);
                forecast.time_s.push(t as f32);
                forecast.value.push(value as f32);
                forecast.sd.push((sd * (1.0 + 0.15 * (t - from))) as f32);
            }
            forecast
        })
        .collect()
}

/// Chances of defects.
pub fn indicators(shot: u64) -> Vec<Indicator> {
    let v = conditions(shot).viscosity - 1.0;
    let chance = |x: f64| 1.0 / (1.0 + (-x).exp());
    [
        ("short_shot", chance(60.0 * v - 6.0)),
        ("flash", chance(-60.0 * v - 6.0)),
        ("sink_mark", chance(40.0 * v - 4.0)),
    ]
    .map(|(name, probability)| Indicator {
        name: name.into(),
        probability,
    })
    .into()
}

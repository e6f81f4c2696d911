//! A shot in a few numbers that follow the melt and the wall, read alike from a record and from a replay.
//!
//! ```text
//! work      ln of the mean inlet pressure over the volume displaced from 40 to 95 % of fill
//! packed    volume displaced 0.4 to 0.6 s after transfer
//! fed       volume displaced at the end of hold: with the first a balance of mass, and thus a thermometer
//! surface   mold surface before the shot
//! a used cavity sensor: mean in the first half of hold, and what is left 0.6 to 1 s after hold
//! ```
//! Only differences to reference shots count: gain errors of sensors, the leak of the check ring and what the model gets wrong
//! all the time cancel.

use models_physics::latents::Latent;

use crate::correct::quantity::Outcome;
use crate::correct::recorded::{Recorded, Times};
use crate::correct::replay::Instant;
use crate::setup::ATMOSPHERE_PA;

/// Places of the marks every shot has; those of cavity sensors follow, two a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Mark {
    /// `ln` of the inlet pressure in fill.
    Work,
    /// Volume soon after transfer, m3.
    Packed,
    /// Volume at the end of hold, m3.
    Fed,
    /// Mold surface, K.
    Surface,
}

/// Marks every shot has.
const COMMON: usize = 4;

/// Scatter of a mark that says nothing: sensor noise, and how exactly windows are met. `ln`, m3, m3, K.
const COMMON_SD: [f64; COMMON] = [0.004, 2e-9, 2e-9, 0.15];
/// Scatter of a cavity sensor in hold and after it, Pa.
const SENSOR_SD: [f64; 2] = [8e4, 2e5];

/// The marks of one shot.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// By [`Mark`], then two a used sensor; NaN where nothing says.
    pub values: Vec<f64>,
    /// Mean inlet pressure in the first half of hold, Pa.
    pub hold_pa: f64,
}

/// How far a latent is moved to see what it does.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Distance.
    pub by: f64,
    /// As a share of its value.
    pub shares: bool,
    /// How far it may be off the reference, one standard deviation.
    pub sd: f64,
}

/// Latents that are followed from shot to shot.
pub const TRACKED: [(Latent, Step); 4] = [
    (Latent::Viscosity, step(0.1, true, 0.3)),
    (Latent::MeltTemperature, step(3.0, false, 6.0)),
    (Latent::MoldTemperature, step(2.0, false, 3.0)),
    (Latent::WallHtc, step(0.05, true, 0.02)),
];

const fn step(by: f64, shares: bool, sd: f64) -> Step {
    Step { by, shares, sd }
}

/// Change of marks and results with one cause, per its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// By mark.
    pub marks: Vec<f64>,
    /// Results.
    pub outcome: Outcome,
}

/// Change of marks and results with every cause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sense {
    /// By [`TRACKED`] latent: per share or kelvin.
    pub latents: Vec<Slope>,
    /// By setpoint, per SI unit; zero for temperatures, which act as latents.
    pub setpoints: Vec<Slope>,
}

impl Marks {
    /// Of a curve.
    pub fn of(curve: &[Instant], times: &Times, used: &[usize], surface_k: f64) -> Self {
        let (transfer, end) = (times.transfer_s, times.hold_end_s);
        let middle = 0.5 * (transfer + end);
        let displaced = |c: &Instant| c.displaced_m3;
        let mut values = vec![
            work(curve, transfer).ln(),
            mean(curve, transfer + 0.4, transfer + 0.6, displaced),
            mean(curve, end - 0.4, end - 0.04, displaced),
            surface_k,
        ];
        for i in used.iter().copied() {
            let sensor = |c: &Instant| c.values[i];
            values.push(mean(curve, transfer + 0.3, middle, sensor));
            values.push(mean(curve, end + 0.6, end + 1.0, sensor));
        }
        Self {
            values,
            hold_pa: mean(curve, transfer + 0.3, middle, |c| c.inlet_pa),
        }
    }

    /// Of a recorded shot; `leakage` is the flow back over the check ring, m3/(s Pa).
    pub fn of_record(shot: &Recorded, used: &[usize], leakage: f64) -> Self {
        let (mut leaked, mut before) = (0.0, 0.0);
        let curve: Vec<Instant> = shot
            .measured
            .iter()
            .map(|row| {
                leaked += leakage * (row.inlet_pa - ATMOSPHERE_PA).max(0.0) * (row.time_s - before);
                before = row.time_s;
                Instant {
                    displaced_m3: row.displaced_m3 - leaked,
                    ..row.clone()
                }
            })
            .collect();
        Self::of(&curve, &shot.times(), used, shot.surface_k)
    }

    /// Scatter of each.
    pub fn sd(&self) -> Vec<f64> {
        let sensors = self.values.len().saturating_sub(COMMON);
        let of = |k: usize| {
            if k < COMMON {
                COMMON_SD[k]
            } else {
                SENSOR_SD[(k - COMMON) % 2]
            }
        };
        (0..COMMON + sensors).map(of).collect()
    }

    /// Mean of shots; nothing for none.
    pub fn mean(shots: &[Self]) -> Option<Self> {
        let mut mean = shots.first()?.clone();
        let share = 1.0 / shots.len() as f64;
        for (k, value) in mean.values.iter_mut().enumerate() {
            *value = shots.iter().map(|m| share * m.values[k]).sum();
        }
        mean.hold_pa = shots.iter().map(|m| share * m.hold_pa).sum();
        Some(mean)
    }

    /// These less others.
    pub fn less(&self, other: &Self) -> Vec<f64> {
        let pairs = self.values.iter().zip(&other.values);
        pairs.map(|(a, b)| a - b).collect()
    }
}

/// Mean inlet pressure above atmosphere over the volume displaced from 40 to 95 % of that at transfer, Pa.
fn work(curve: &[Instant], transfer_s: f64) -> f64 {
    let before = curve.partition_point(|c| c.time_s <= transfer_s);
    let fill = &curve[..before];
    let Some(last) = fill.last() else {
        return f64::NAN;
    };
    let (from, to) = (0.4 * last.displaced_m3, 0.95 * last.displaced_m3);
    let (mut sum, mut volume) = (0.0, 0.0);
    for pair in fill.windows(2) {
        let (v0, v1) = (pair[0].displaced_m3, pair[1].displaced_m3);
        let (a, b) = (v0.max(from), v1.min(to));
        if b > a && v1 > v0 {
            let at = |v: f64| {
                let w = (v - v0) / (v1 - v0);
                pair[0].inlet_pa + w * (pair[1].inlet_pa - pair[0].inlet_pa) - ATMOSPHERE_PA
            };
            sum += 0.5 * (at(a) + at(b)) * (b - a);
            volume += b - a;
        }
    }
    if volume > 0.0 { sum / volume } else { f64::NAN }
}

/// Mean over time, straight between points.
fn mean(curve: &[Instant], from: f64, to: f64, of: impl Fn(&Instant) -> f64) -> f64 {
    let (mut sum, mut time) = (0.0, 0.0);
    for pair in curve.windows(2) {
        let (t0, t1) = (pair[0].time_s, pair[1].time_s);
        let (a, b) = (t0.max(from), t1.min(to));
        if b > a {
            let (x, y) = (of(&pair[0]), of(&pair[1]));
            let at = |t: f64| x + (y - x) * (t - t0) / (t1 - t0);
            sum += 0.5 * (at(a) + at(b)) * (b - a);
            time += b - a;
        }
    }
    if time > 0.0 { sum / time } else { f64::NAN }
}

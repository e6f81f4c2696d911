//! One shot followed beside the solver.

use std::sync::Arc;

use models_infer::follow::{Follower, Stage};
use models_infer::network::Network as Ready;
use models_infer::release::Quantity;

use crate::dataset::{Kind, ShotRecord};
use crate::error::PinnError;
use crate::scales::TAKEN;

/// Sampling of the drive, s: that of the box.
pub(crate) const SAMPLE_S: f64 = 1e-3;
/// Length of the first moments after full, s.
pub const FIRST_S: f64 = 0.06;

/// Mean square errors at one snapshot.
#[derive(Clone, Copy, Debug)]
pub struct TickError {
    /// Time since the mold was full, s; negative before.
    pub since_full_s: f64,
    /// Time since the snapshot before, s.
    pub span_s: f64,
    /// Pressure field, over the square of the shot's peak.
    pub pressure: f64,
    /// Pressure of the last node to fill: solver, network, Pa.
    pub last_pa: [f64; 2],
    /// Temperature everywhere and at the mid-plane, K2; where it was kept.
    pub temperature: Option<[f64; 2]>,
}

/// One shot's errors: root mean squares over time, pressures in percent of the shot's peak. NaN where a shot has no
/// such time.
#[derive(Clone, Debug)]
pub struct ShotScore {
    /// Number of the shot in its sample.
    pub index: u32,
    /// What drove it.
    pub kind: Kind,
    /// Peak of the inlet pressure above atmosphere, Pa.
    pub peak_pa: f64,
    /// When the solver's mold was full, s.
    pub full_at_s: f64,
    /// By how much the network came later, s.
    pub full_late_s: f64,
    /// Pressure at the mold's sensors.
    pub sensors: f64,
    /// Pressure field: fill, hold, cooling.
    pub phases: [f64; 3],
    /// Pressure field in hold and cooling together.
    pub later: f64,
    /// Pressure of the last node to fill, in hold.
    pub end_of_fill: f64,
    /// Pressure field in the first [`FIRST_S`] after full.
    pub first: f64,
    /// Temperature after full, everywhere and at the mid-plane, K.
    pub temperature: [f64; 2],
    /// Number of temperatures compared, everywhere and at the mid-plane.
    pub compared: [f64; 2],
    /// Errors at every snapshot.
    pub ticks: Vec<TickError>,
}

/// A mean square over time.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, square: f64, weight: f64) {
        self.sum += weight * square;
        self.weight += weight;
    }

    /// Root of the mean; NaN of nothing.
    fn root(&self) -> f64 {
        (self.sum / self.weight).sqrt()
    }
}

/// When hold ends, s: by the recipe, else by the freezing of the gate, else never.
fn hold_end(shot: &ShotRecord) -> f64 {
    [shot.hold_end, shot.gate_freeze]
        .into_iter()
        .find(|t| t.is_finite())
        .map_or(f64::INFINITY, f64::from)
}

/// Inlet pressure of a shot at time `t`, straight between the solver's steps, Pa.
pub(crate) fn inlet_at(shot: &ShotRecord, t: f64) -> f64 {
    let k = shot
        .time
        .partition_point(|x| f64::from(*x) < t)
        .clamp(1, shot.time.len() - 1);
    let (a, b) = (f64::from(shot.time[k - 1]), f64::from(shot.time[k]));
    let w = ((t - a) / (b - a)).clamp(0.0, 1.0);
    f64::from(shot.inlet[k - 1]) * (1.0 - w) + f64::from(shot.inlet[k]) * w
}

impl ShotScore {
    /// Follows `shot` sample by sample; `None` for a shot outside the trained range.
    ///
    /// `net` reads its own pressure sensors first, then, nameless, the pressure of every node but the inlet and some
    /// temperatures.
    pub(super) fn of(net: &Arc<Ready>, shot: &ShotRecord) -> Result<Option<Self>, PinnError> {
        let latents: Vec<f64> = TAKEN.iter().map(|l| shot.latents[*l as usize]).collect();
        let Ok(mut follower) = Follower::new(net.clone(), &latents) else {
            return Ok(None);
        };
        let (n, l) = (net.about.nodes, net.about.layers);
        let sensors = &net.about.sensors;
        let own = sensors.iter().take_while(|s| !s.name.is_empty()).count();
        let atmosphere = net.about.atmosphere_pa;
        let peak = shot.inlet.iter().fold(0.0_f64, |m, p| m.max(f64::from(*p))) - atmosphere;
        let (full_at, hold_end) = (f64::from(shot.full_at), hold_end(shot));
        let last = (1..n)
            .max_by(|a, b| net.order[*a].total_cmp(&net.order[*b]))
            .unwrap_or(n - 1);
        let (mut at_sensors, mut phases, mut later) =
            (Mean::default(), [Mean::default(); 3], Mean::default());
        let (mut end, mut first, mut warm) =
            (Mean::default(), Mean::default(), [Mean::default(); 2]);
        let mut ticks = Vec::with_capacity(shot.tick.len());
        follower.push(-1e-9, atmosphere)?;
        let (mut t, mut thermal, mut before) = (0.0, 0, 0.0);
        for (k, tick) in shot.tick.iter().enumerate() {
            let tick = f64::from(*tick);
            while t + SAMPLE_S < tick {
                t += SAMPLE_S;
                if follower.push(t, inlet_at(shot, t)).is_err() {
                    return Ok(None);
                }
            }
            if tick > t + 1e-7 {
                t = tick;
                if follower.push(t, inlet_at(shot, t)).is_err() {
                    return Ok(None);
                }
            }
            let span_s = tick - before;
            before = tick;
            let truth = &shot.pressure[k * n..][..n];
            let (mut sensor, mut field, mut last_pa) = (Mean::default(), Mean::default(), [0.0; 2]);
            for (s, v) in sensors.iter().zip(follower.readings()) {
                if s.quantity != Quantity::Pressure {
                    continue;
                }
                let real: f64 = s
                    .nodes
                    .iter()
                    .zip(&s.shares)
                    .map(|(k, w)| f64::from(truth[*k]) * w)
                    .sum();
                let off = ((v - real.max(atmosphere)) / peak).powi(2);
                if s.name.is_empty() {
                    field.add(off, 1.0);
                    if s.nodes == [last] {
                        last_pa = [real.max(atmosphere), *v];
                    }
                } else if s.nodes != [0, 0] {
                    sensor.add(off, 1.0);
                }
            }
            let pressure = field.sum / field.weight.max(1.0);
            at_sensors.add(sensor.sum / sensor.weight.max(1.0), span_s);
            let phase = match k {
                k if k < shot.fill_ticks => 0,
                _ if tick <= hold_end => 1,
                _ => 2,
            };
            phases[phase].add(pressure, span_s);
            if phase > 0 {
                later.add(pressure, span_s);
                if tick <= full_at + FIRST_S {
                    first.add(pressure, span_s);
                }
            }
            if phase == 1 {
                end.add(((last_pa[1] - last_pa[0]) / peak).powi(2), span_s);
            }
            let mut temperature = None;
            if shot.thermal.get(thermal) == Some(&(k as u32)) {
                if phase > 0 && follower.stage() == Stage::Full {
                    let real = &shot.temperature[thermal * n * l..][..n * l];
                    let mut now = [Mean::default(); 2];
                    for (s, v) in sensors.iter().zip(follower.readings()).skip(own) {
                        if s.quantity == Quantity::Temperature {
                            let off = v - f64::from(real[s.nodes[0] * l + s.layer]);
                            now[0].add(off * off, 1.0);
                            if s.layer == 0 {
                                now[1].add(off * off, 1.0);
                            }
                        }
                    }
                    for (all, now) in warm.iter_mut().zip(now) {
                        all.add(now.sum, 1.0);
                        all.weight += now.weight - 1.0;
                    }
                    temperature = Some(now.map(|m| m.sum / m.weight.max(1.0)));
                }
                thermal += 1;
            }
            ticks.push(TickError {
                since_full_s: tick - full_at,
                span_s,
                pressure,
                last_pa,
                temperature,
            });
        }
        // A front that never arrived is late by the rest of the shot.
        let found = follower.full_at();
        let found = if found.is_finite() { found } else { t };
        let percent = |m: &Mean| 100.0 * m.root();
        Ok(Some(Self {
            index: shot.index,
            kind: shot.kind,
            peak_pa: peak,
            full_at_s: full_at,
            full_late_s: found - full_at,
            sensors: percent(&at_sensors),
            phases: [
                percent(&phases[0]),
                percent(&phases[1]),
                percent(&phases[2]),
            ],
            later: percent(&later),
            end_of_fill: percent(&end),
            first: percent(&first),
            temperature: [warm[0].root(), warm[1].root()],
            compared: [warm[0].weight, warm[1].weight],
            ticks,
        }))
    }
}

//! Errors of a release against the solver, on shots that training never saw, followed as the box follows them.

use std::sync::Arc;

use models_infer::follow::{Follower, Stage};
use models_infer::network::Network as Ready;
use models_infer::release::{Errors, Quantity, Release, SensorPlace};

use crate::dataset::{Dataset, ShotRecord};
use crate::error::PinnError;
use crate::scales::TAKEN;

/// Sampling of the drive, s: that of the box.
const SAMPLE_S: f64 = 1e-3;

/// One shot's errors.
#[derive(Clone, Copy, Debug, Default)]
struct ShotErrors {
    sensors: f64,
    fill: f64,
    later: f64,
    warm: [f64; 2],
    warm_count: [f64; 2],
    full_s: f64,
}

/// Errors of `release` on every full shot of `fresh` that lies inside the trained range.
///
/// # Errors
/// When the release cannot be used.
pub fn errors(release: &Release, fresh: &Dataset) -> Result<Errors, PinnError> {
    use rayon::prelude::*;
    // Every node is a sensor here: pressure, and temperature at every layer of every fourth node.
    let mut whole = release.clone();
    let (n, l) = (whole.about.nodes, whole.about.layers);
    let own = whole.about.sensors.clone();
    let place = |node: usize, quantity, layer| SensorPlace {
        name: String::new(),
        quantity,
        layer,
        nodes: vec![node],
        shares: vec![1.0],
    };
    let pressures = (1..n).map(|k| place(k, Quantity::Pressure, 0));
    let layers = (1..n)
        .step_by(4)
        .flat_map(|k| (0..l).map(move |z| place(k, Quantity::Temperature, z)));
    whole.about.sensors = own
        .iter()
        .filter(|s| s.quantity == Quantity::Pressure)
        .cloned()
        .chain(pressures)
        .chain(layers)
        .collect();
    let net = Arc::new(Ready::new(&whole)?);
    let shots: Vec<&ShotRecord> = fresh.shots.iter().filter(|s| s.is_full()).collect();
    let all: Vec<Option<ShotErrors>> = shots
        .par_iter()
        .map(|s| one(&net, s))
        .collect::<Result<_, _>>()?;
    let all: Vec<ShotErrors> = all.into_iter().flatten().collect();
    let mean =
        |f: &dyn Fn(&ShotErrors) -> f64| all.iter().map(f).sum::<f64>() / all.len().max(1) as f64;
    let quantile = |q: f64, f: &dyn Fn(&ShotErrors) -> f64| {
        let mut v: Vec<f64> = all.iter().map(f).collect();
        v.sort_by(f64::total_cmp);
        v.get(((v.len() as f64 * q) as usize).min(v.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    };
    let warm = |i: usize| {
        let (sum, count) = all
            .iter()
            .fold((0.0, 0.0), |(s, c), e| (s + e.warm[i], c + e.warm_count[i]));
        (sum / f64::max(count, 1.0)).sqrt()
    };
    Ok(Errors {
        shots: all.len(),
        sensors_percent: [mean(&|e| e.sensors), quantile(0.95, &|e| e.sensors)],
        fill_percent: mean(&|e| e.fill),
        later_percent: mean(&|e| e.later),
        temperature_k: [warm(0), warm(1)],
        full_ms: [
            quantile(0.5, &|e| e.full_s * 1e3),
            quantile(0.95, &|e| e.full_s * 1e3),
        ],
    })
}

/// `None` for a shot outside the trained range.
fn one(net: &Arc<Ready>, shot: &ShotRecord) -> Result<Option<ShotErrors>, PinnError> {
    let latents: Vec<f64> = TAKEN.iter().map(|l| shot.latents[*l as usize]).collect();
    let Ok(mut follower) = Follower::new(net.clone(), &latents) else {
        return Ok(None);
    };
    let (n, l) = (net.about.nodes, net.about.layers);
    let sensors = &net.about.sensors;
    let own = sensors.iter().take_while(|s| !s.name.is_empty()).count();
    let inlet = |t: f64| {
        let k = shot
            .time
            .partition_point(|x| f64::from(*x) < t)
            .clamp(1, shot.time.len() - 1);
        let (a, b) = (f64::from(shot.time[k - 1]), f64::from(shot.time[k]));
        let w = ((t - a) / (b - a)).clamp(0.0, 1.0);
        f64::from(shot.inlet[k - 1]) * (1.0 - w) + f64::from(shot.inlet[k]) * w
    };
    let atmosphere = net.about.atmosphere_pa;
    let peak = shot.inlet.iter().fold(0.0_f64, |m, p| m.max(f64::from(*p))) - atmosphere;
    let mut e = ShotErrors::default();
    let (mut fill_t, mut later_t, mut all_t) = (0.0, 0.0, 0.0);
    follower.push(-1e-9, atmosphere)?;
    let (mut t, mut thermal) = (0.0, 0);
    let mut before = 0.0;
    for (k, tick) in shot.tick.iter().enumerate() {
        let tick = f64::from(*tick);
        while t + SAMPLE_S < tick {
            t += SAMPLE_S;
            if follower.push(t, inlet(t)).is_err() {
                return Ok(None);
            }
        }
        if tick > t + 1e-7 {
            t = tick;
            if follower.push(t, inlet(t)).is_err() {
                return Ok(None);
            }
        }
        let dt = tick - before;
        before = tick;
        let truth = &shot.pressure[k * n..][..n];
        let (mut at_sensors, mut field, mut count) = (0.0, 0.0, 0.0);
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
            let off = (v - real.max(atmosphere)) / peak;
            if s.name.is_empty() {
                field += off * off / (n - 1) as f64;
            } else if s.nodes != [0, 0] {
                at_sensors += off * off;
                count += 1.0;
            }
        }
        e.sensors += dt * at_sensors / f64::max(count, 1.0);
        all_t += dt;
        if k < shot.fill_ticks {
            e.fill += dt * field;
            fill_t += dt;
        } else {
            e.later += dt * field;
            later_t += dt;
        }
        if shot.thermal.get(thermal) == Some(&(k as u32)) {
            if k >= shot.fill_ticks && follower.stage() == Stage::Full {
                let real = &shot.temperature[thermal * n * l..][..n * l];
                for (s, v) in sensors.iter().zip(follower.readings()).skip(own) {
                    if s.quantity == Quantity::Temperature {
                        let off = v - f64::from(real[s.nodes[0] * l + s.layer]);
                        e.warm[0] += off * off;
                        e.warm_count[0] += 1.0;
                        if s.layer == 0 {
                            e.warm[1] += off * off;
                            e.warm_count[1] += 1.0;
                        }
                    }
                }
            }
            thermal += 1;
        }
    }
    let percent = |sum: f64, time: f64| 100.0 * (sum / f64::max(time, 1e-9)).sqrt();
    e.sensors = percent(e.sensors, all_t);
    e.fill = percent(e.fill, fill_t);
    e.later = percent(e.later, later_t);
    e.full_s = (follower.full_at() - f64::from(shot.full_at)).abs();
    if !e.full_s.is_finite() {
        e.full_s = t - f64::from(shot.full_at);
    }
    Ok(Some(e))
}

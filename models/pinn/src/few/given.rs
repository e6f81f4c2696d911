//! Errors after the mold is full when the moment it was full is told: what the later network does by itself.

use candle_core::{Device, Tensor};

use crate::dataset::ShotRecord;
use crate::error::PinnError;
use crate::network::{FILL_SUMMARY, Network, PASSED};
use crate::prepare::{Prepared, PreparedShot};
use crate::scales::TAKEN;
use crate::train::{LaterRows, Passing, X, pressure_modes};

/// When the front really passed the shares that the network is told, and the end.
fn passing(shot: &PreparedShot) -> Passing {
    let at = |goal: f64| {
        let k = shot
            .filled
            .partition_point(|f| f64::from(*f) < goal)
            .clamp(1, shot.time.len() - 1);
        let (a, b) = (f64::from(shot.filled[k - 1]), f64::from(shot.filled[k]));
        let w = if b > a { (goal - a) / (b - a) } else { 1.0 };
        (shot.time[k - 1] + w.clamp(0.0, 1.0) * (shot.time[k] - shot.time[k - 1])).min(shot.full_at)
    };
    let mut times: Vec<f64> = PASSED.iter().map(|g| at(*g)).collect();
    times.push(shot.full_at);
    let mut memories = shot.memories(&times);
    let memory = memories.pop().unwrap_or_default();
    Passing {
        full: shot.full_at,
        memory,
        passed: memories,
    }
}

/// Pressure after full, % of each shot's peak (mean over shots of the root mean square over nodes and time), and
/// temperature, K (root mean square over everything).
///
/// # Errors
/// When the device refuses.
pub fn errors_given_full(
    net: &Network,
    prepared: &Prepared,
    records: &[&ShotRecord],
    fresh: &[PreparedShot],
) -> Result<[f64; 2], PinnError> {
    let device = Device::Cpu;
    let (bases, scales) = (&prepared.bases, &prepared.scales);
    let (n, wide) = (bases.pressure.width, bases.temperature.width);
    let (kp, kt) = (bases.pressure.len(), bases.temperature.len());
    let mut sum = [0.0; 2];
    let (mut shots, mut warm) = (0.0, 0.0);
    for (record, shot) in records.iter().zip(fresh) {
        let row = LaterRows::new(shot, &passing(shot));
        let ticks = shot.tick.len();
        if row.first >= ticks {
            continue;
        }
        let x = Tensor::from_vec(row.x.clone(), (1, ticks, X), &device)?;
        let summary = Tensor::from_vec(
            row.summary.clone(),
            (1, FILL_SUMMARY + TAKEN.len()),
            &device,
        )?;
        let h = net
            .states(&summary, &x)?
            .reshape((ticks, net.widths.state))?;
        let inputs = x.reshape((ticks, X))?.narrow(1, 1, X - 1)?;
        let out = net.later.forward(&Tensor::cat(&[h, inputs.clone()], 1)?)?;
        let p = pressure_modes(&out, &inputs.narrow(1, 0, 1)?, kp)?.to_vec2::<f32>()?;
        let t = out.narrow(1, 2 * kp, kt)?.to_vec2::<f32>()?;
        let peak = record
            .inlet
            .iter()
            .fold(0.0_f64, |m, p| m.max(f64::from(*p)))
            - scales.atmosphere;
        let span = f64::from(shot.melt_k - shot.mold_k);
        let (mut field, mut columns) = (vec![0.0_f32; n], vec![0.0_f32; wide]);
        let (mut off, mut time) = (0.0, 0.0);
        for k in row.first.max(1)..ticks {
            let dt = shot.tick[k] - shot.tick[k - 1];
            bases.pressure.field(&p[k], &mut field);
            let truth = &record.pressure[(record.fill_ticks + k) * n..][..n];
            let square: f64 = field[1..]
                .iter()
                .zip(&truth[1..])
                .map(|(f, p)| {
                    let found = f64::from(*f).max(0.0) * scales.pressure;
                    ((found + scales.atmosphere - f64::from(*p)) / peak).powi(2)
                })
                .sum();
            off += dt * square / (n - 1) as f64;
            time += dt;
        }
        for (at, k) in record.thermal.iter().enumerate() {
            let Some(k) = (*k as usize).checked_sub(record.fill_ticks) else {
                continue;
            };
            if k < row.first {
                continue;
            }
            bases.temperature.field(&t[k], &mut columns);
            let truth = &record.temperature[at * wide..][..wide];
            let layers = wide / n;
            for (c, t) in columns[layers..].iter().zip(&truth[layers..]) {
                let found = f64::from(shot.mold_k) + f64::from(*c) * span;
                sum[1] += (found - f64::from(*t)).powi(2);
                warm += 1.0;
            }
        }
        sum[0] += (off / f64::max(time, 1e-9)).sqrt();
        shots += 1.0;
    }
    Ok([
        100.0 * sum[0] / f64::max(shots, 1.0),
        (sum[1] / f64::max(warm, 1.0)).sqrt(),
    ])
}

//! The start-up check: a backend and the cpu kernel follow the same shot side by side, and part by part.

use std::sync::Arc;

use super::recorder::{Record, Recorder};
use super::{Backend, Cpu};
use crate::error::InferError;
use crate::follow::{Follower, Stage};
use crate::network::Network;
use crate::release::Quantity;

/// Difference that single precision explains, in the network's own units: shares of the scale of pressure, of the span of melt
/// and mold, of the mold's volume. A device that computes in half precision or in 8 bits needs a wider one, given on purpose.
pub const TOLERANCE: f64 = 1e-4;
/// Sampling while the mold fills, s.
const FILL_S: f64 = 1e-3;
/// Sampling afterwards, s.
const LATER_S: f64 = 0.01;
/// Rise of the inlet pressure, s.
const RISE_S: f64 = 0.05;
/// A mold that is not full by then does not fill, s.
const PATIENCE_S: f64 = 60.0;

/// The largest difference and where it was.
struct Worst {
    difference: f64,
    place: String,
}

impl Worst {
    /// Keeps the larger one; a difference that is no number is the largest.
    fn note(&mut self, found: f64, place: impl FnOnce() -> String) {
        let smaller = found <= self.difference;
        if !smaller && !self.difference.is_nan() {
            self.difference = found;
            self.place = place();
        }
    }
}

/// Follows a shot at the release's own latents on `backend` and on the cpu kernel, through fill, hold and cooling, and then asks
/// `backend` for every part with the inputs the cpu kernel met; returns the largest difference.
///
/// # Errors
/// When it is above `tolerance`, or the backend fails.
pub fn beside_the_cpu<B: Backend>(
    name: &str,
    backend: &mut B,
    net: &Arc<Network>,
    tolerance: f64,
) -> Result<f64, InferError> {
    let refuse = |reason: String| InferError::Backend {
        backend: name.into(),
        reason,
    };
    if tolerance.is_nan() || tolerance <= 0.0 {
        return Err(refuse(format!("a tolerance of {tolerance} allows nothing")));
    }
    let mut worst = Worst {
        difference: 0.0,
        place: String::new(),
    };
    let record = shot(backend, net, &mut worst)?
        .ok_or_else(|| refuse("the start-up shot does not fill the mold at the release's own latents, or at once: the backend cannot be checked".into()))?;
    parts(backend, &record, net.state, &mut worst);
    if let Some(trouble) = backend.trouble() {
        return Err(trouble);
    }
    if worst.difference <= tolerance {
        return Ok(worst.difference);
    }
    Err(refuse(format!(
        "differs from the cpu kernel by {:.1e} of full scale ({}); {tolerance:.0e} is allowed: it cannot be trusted; use `cpu`, or a wider tolerance if this device is known to compute in less than single precision",
        worst.difference, worst.place
    )))
}

/// Side by side, each with its own memory and state; what the cpu kernel was asked, or `None` when that is not every part: the mold does not
/// fill, or at once.
fn shot<B: Backend>(
    backend: &mut B,
    net: &Arc<Network>,
    worst: &mut Worst,
) -> Result<Option<Record>, InferError> {
    let about = &net.about;
    let latents: Vec<f64> = about.latents.iter().map(|l| l.value).collect();
    let cpu = Recorder::new(Cpu::new(net.clone()));
    let mut own = Follower::on(cpu, net.clone(), &latents)?;
    let mut other = Follower::on(backend, net.clone(), &latents)?;
    let peak = about.pressure_scale_pa.min(0.9 * about.highest_pa);
    let mut t = 0.0;
    loop {
        t += if own.stage() == Stage::Full {
            LATER_S
        } else {
            FILL_S
        };
        let since_full = t - own.full_at();
        if since_full > about.longest_s {
            break;
        }
        if own.stage() != Stage::Full && t > PATIENCE_S {
            return Ok(None);
        }
        // Held for a third of the time, then let down to nothing over another.
        let held = if since_full.is_nan() {
            1.0
        } else {
            (2.0 - 3.0 * since_full / about.longest_s).clamp(0.0, 1.0)
        };
        let pa = about.atmosphere_pa + peak * (t / RISE_S).min(1.0) * held;
        own.push(t, pa)?;
        other.push(t, pa)?;
        worst.note((own.filled() - other.filled()).abs(), || {
            format!("the front, {t:.2} s into the start-up shot")
        });
        if own.stage() != other.stage() {
            // One tick apart at most, or the difference of the fronts above tells.
            continue;
        }
        for ((a, b), sensor) in own
            .readings()
            .iter()
            .zip(other.readings())
            .zip(&about.sensors)
        {
            let scale = match sensor.quantity {
                Quantity::Pressure => about.pressure_scale_pa,
                Quantity::Temperature => about.melt_k - about.mold_k,
            };
            worst.note((a - b).abs() / scale, || {
                format!("sensor `{}`, {t:.2} s into the start-up shot", sensor.name)
            });
        }
    }
    let record = own.backend().record.clone();
    let met = [
        &record.front,
        &record.fill,
        &record.start,
        &record.cell,
        &record.later,
    ];
    Ok(met.iter().all(|rows| rows.len > 0).then_some(record))
}

/// Every part on the inputs of a record.
fn parts<B: Backend>(backend: &mut B, record: &Record, state: usize, worst: &mut Worst) {
    let mut note = |part: &str, due: &[f32], found: &[f32]| {
        for (a, b) in due.iter().zip(found) {
            worst.note(f64::from((a - b).abs()), || format!("part `{part}`"));
        }
    };
    for (x, due) in record.front.iter() {
        note("front", due, &[backend.front(x)]);
    }
    let mut out = Vec::new();
    for (x, due) in record.fill.iter() {
        out.resize(due.len(), 0.0);
        backend.fill(x, &mut out);
        note("fill", due, &out);
    }
    for (x, due) in record.start.iter() {
        out.resize(due.len(), 0.0);
        backend.start(x, &mut out);
        note("start", due, &out);
    }
    let before = record.before.chunks_exact(state);
    for (((x, due), dt), before) in record.cell.iter().zip(&record.dt).zip(before) {
        out.clear();
        out.extend_from_slice(before);
        backend.step(x, *dt, &mut out);
        note("cell", due, &out);
    }
    for (x, due) in record.later.iter() {
        out.resize(due.len(), 0.0);
        backend.later(x, &mut out);
        note("later", due, &out);
    }
}

//! The network of a release, with its decoders read at the mold's sensors.
//!
//! A virtual sensor is a linear reading of a decoded field, the field is linear in its coefficients and they are linear in the
//! decoder's last hidden layer: the three products are taken once, at load.

use crate::error::InferError;
use crate::kernel::engine::{Engine, Parts};
use crate::kernel::{Isa, Precision};
use crate::memory::FEATURES;
use crate::mlp::{Dense, Hidden};
use crate::release::{Description, LatentInput, Quantity, Release};
use crate::schedule::Schedule;

/// Filled shares at which the passing of the front is remembered.
pub const PASSED: [f64; 3] = [0.25, 0.5, 0.75];
/// Width of what is remembered of the fill: memory at full, time and pressure of each passing.
pub const FILL_SUMMARY: usize = FEATURES + 2 * PASSED.len();
/// Drive inputs of a later tick: pressure now, its mean since the last tick, its change.
pub const DRIVE: usize = 3;
/// Functions of time since full.
pub const CLOCK: usize = 2;

/// Functions of the time since the mold was full, `t` in s.
pub fn clock(t: f64) -> [f32; CLOCK] {
    [
        ((1.0 + t.max(0.0) / 0.01).ln() / 4.0) as f32,
        (t / 5.0) as f32,
    ]
}

/// Their change per second.
pub(crate) fn clock_rate(t: f64) -> [f64; CLOCK] {
    let first = if t > 0.0 { 0.25 / (0.01 + t) } else { 0.0 };
    [first, 0.2]
}

/// A network ready to follow shots.
#[derive(Clone, Debug)]
// Other backends read the dense parts; the kernel has its own copy.
#[cfg_attr(not(any(feature = "export", feature = "candle")), allow(dead_code))]
pub struct Network {
    /// Its description.
    pub about: Description,
    /// Filled share at which the front passes each node.
    pub order: Vec<f32>,
    /// Times since full at which the state moves, s.
    pub times: Vec<f64>,
    /// Width of the state.
    pub state: usize,
    pub(crate) front_hidden: Hidden,
    pub(crate) front_last: Dense,
    pub(crate) fill_hidden: Hidden,
    pub(crate) fill_sensors: Dense,
    pub(crate) start_hidden: Hidden,
    pub(crate) start_last: Dense,
    pub(crate) cell_inputs: Dense,
    pub(crate) cell_state: Dense,
    pub(crate) cell_out: Dense,
    pub(crate) later_hidden: Hidden,
    pub(crate) later_sensors: Dense,
    /// The same, packed for this CPU.
    pub(crate) engine: Engine,
}

/// Layers of an MLP in a release: hidden ones and the last.
fn mlp(
    release: &Release,
    name: &str,
    inputs: usize,
    layers: usize,
) -> Result<(Hidden, Dense), InferError> {
    let mut all = Vec::with_capacity(layers);
    let mut width = inputs;
    for i in 0..layers {
        let weight = release.tensor(&format!("{name}.{i}.weight"), width)?;
        let bias = release.tensor(&format!("{name}.{i}.bias"), 0)?;
        if bias.len() * width != weight.len() {
            return Err(InferError::Tensor {
                path: crate::release::WEIGHTS.into(),
                tensor: format!("{name}.{i}.bias"),
                reason: format!("has {} values for {} weights", bias.len(), weight.len()),
            });
        }
        all.push(Dense::new(weight, bias));
        width = bias.len();
    }
    let last = all.pop().unwrap_or_else(|| Dense::new(&[], &[]));
    Ok((Hidden { layers: all }, last))
}

/// A field's mean and modes, `[modes, width]`, each mode times its deviation.
fn basis<'a>(
    release: &'a Release,
    name: &str,
    width: usize,
) -> Result<(&'a [f32], &'a [f32]), InferError> {
    Ok((
        release.tensor(&format!("{name}.mean"), width)?,
        release.tensor(&format!("{name}.modes"), width)?,
    ))
}

/// Most times of a schedule, over its first or its longest step.
const MOST_STEPS: f64 = 1e6;

/// Refuses numbers that no shot can be followed with: the hash covers the weights alone.
fn sensible(about: &Description) -> Result<(), InferError> {
    let positive = |v: f64| v.is_finite() && v > 0.0;
    let steps = |step: f64| positive(step) && about.longest_s < MOST_STEPS * step;
    let wrong = [
        ("nodes", about.nodes > 0),
        ("layers", about.layers > 0),
        ("pressure_scale_pa", positive(about.pressure_scale_pa)),
        ("atmosphere_pa", positive(about.atmosphere_pa)),
        ("highest_pa", positive(about.highest_pa)),
        ("melt_k", positive(about.melt_k)),
        ("mold_k", positive(about.mold_k)),
        ("longest_s", positive(about.longest_s)),
        ("schedule_first_s", steps(about.schedule_first_s)),
        ("schedule_longest_s", steps(about.schedule_longest_s)),
        (
            "schedule_growth",
            about.schedule_growth.is_finite() && about.schedule_growth >= 1.0,
        ),
    ]
    .into_iter()
    .find(|(_, good)| !good)
    .map(|(key, _)| key)
    .or_else(|| {
        let finite = |l: &&LatentInput| l.low.is_finite() && l.high.is_finite() && l.low <= l.high;
        let wrong = about.latents.iter().find(|l| !finite(l));
        wrong.map(|l| l.name.as_str())
    });
    match wrong {
        None => Ok(()),
        Some(key) => Err(InferError::Description {
            path: crate::release::DESCRIPTION.into(),
            reason: format!("the value of `{key}` makes no sense; copy the release again"),
        }),
    }
}

impl Network {
    /// Reads a release for the best vector unit of this CPU, in the release's precision (single, unless told otherwise).
    ///
    /// # Errors
    /// When a tensor is missing or has a shape that does not fit, or a number of the description makes no sense.
    pub fn new(release: &Release) -> Result<Self, InferError> {
        Self::with(release, Isa::best(), release.precision)
    }

    /// The same for a given vector unit and precision.
    ///
    /// # Errors
    /// Also when this CPU lacks `isa` or the release has no 8-bit weights where they are asked for.
    pub fn with(release: &Release, isa: Isa, precision: Precision) -> Result<Self, InferError> {
        let about = release.about.clone();
        sensible(&about)?;
        let (u, n, wide) = (about.latents.len(), about.nodes, about.nodes * about.layers);
        let (front_hidden, front_last) = mlp(release, "front", FEATURES + u, 3)?;
        let (fill_hidden, fill_last) = mlp(release, "fill", FEATURES + 1 + u, 4)?;
        let (start_hidden, start_last) = mlp(release, "start", FILL_SUMMARY + u, 2)?;
        let x = DRIVE + CLOCK + u;
        let state = start_last.outputs;
        let (later_hidden, later_last) = mlp(release, "later", state + x, 4)?;
        let cell_bias = release.tensor("cell.hidden.bias", 0)?;
        let cell_inputs = Dense::new(release.tensor("cell.inputs.weight", x)?, cell_bias);
        let cell_state = Dense::new(
            release.tensor("cell.state.weight", state)?,
            &vec![0.0; cell_bias.len()],
        );
        let cell_out = Dense::new(
            release.tensor("cell.out.weight", cell_bias.len())?,
            release.tensor("cell.out.bias", 0)?,
        );
        let (fp_mean, fp) = basis(release, "basis.fill_pressure", n)?;
        let (ft_mean, ft) = basis(release, "basis.fill_temperature", wide)?;
        let (p_mean, p) = basis(release, "basis.pressure", n)?;
        let (t_mean, t) = basis(release, "basis.temperature", wide)?;
        let (kfp, kft, kp, kt) = (fp.len() / n, ft.len() / wide, p.len() / n, t.len() / wide);
        let fits = |name: &str, found: usize, needed: usize| {
            if found == needed {
                return Ok(());
            }
            Err(InferError::Tensor {
                path: crate::release::WEIGHTS.into(),
                tensor: name.into(),
                reason: format!("has {found} outputs where its bases need {needed}"),
            })
        };
        fits("fill", fill_last.outputs, kfp + kft)?;
        fits("later", later_last.outputs, 2 * kp + kt)?;
        fits("cell.out", cell_out.outputs, 2 * state)?;
        let order = release.tensor("order", 0)?;
        for (name, found, needed) in [
            ("front", front_last.outputs, 1),
            ("cell.inputs", cell_inputs.inputs, x),
            ("cell.state", cell_state.inputs, state),
            ("cell.out", cell_out.inputs, cell_bias.len()),
            ("order", order.len(), n),
        ] {
            if found != needed {
                return Err(InferError::Tensor {
                    path: crate::release::WEIGHTS.into(),
                    tensor: name.into(),
                    reason: format!("has {found} columns; {needed} are needed"),
                });
            }
        }
        let (mut fill_rows, mut fill_offset, mut rows, mut offset) =
            (vec![], vec![], vec![], vec![]);
        for s in &about.sensors {
            let place = |k: usize| match s.quantity {
                Quantity::Pressure => k,
                Quantity::Temperature => k * about.layers + s.layer,
            };
            if s.nodes.iter().any(|k| *k >= n)
                || s.layer >= about.layers
                || s.nodes.len() != s.shares.len()
            {
                return Err(InferError::Description {
                    path: crate::release::DESCRIPTION.into(),
                    reason: format!("sensor `{}` lies off the field", s.name),
                });
            }
            // The inlet's own pressure is measured: it is no part of the decoded field.
            let weights = |mode: &[f32]| -> f32 {
                let skip = s.quantity == Quantity::Pressure;
                s.nodes
                    .iter()
                    .zip(&s.shares)
                    .filter(|(k, _)| !skip || **k > 0)
                    .map(|(k, w)| mode[place(*k)] * *w as f32)
                    .sum()
            };
            match s.quantity {
                Quantity::Pressure => {
                    fill_rows.extend(
                        fp.chunks_exact(n)
                            .map(weights)
                            .chain(std::iter::repeat_n(0.0, kft)),
                    );
                    fill_offset.push(weights(fp_mean));
                    let modes: Vec<f32> = p.chunks_exact(n).map(weights).collect();
                    let none = vec![0.0; kp];
                    rows.extend(
                        modes
                            .iter()
                            .chain(&none)
                            .copied()
                            .chain(std::iter::repeat_n(0.0, kt)),
                    );
                    rows.extend(
                        none.iter()
                            .chain(&modes)
                            .copied()
                            .chain(std::iter::repeat_n(0.0, kt)),
                    );
                    offset.extend([weights(p_mean), 0.0]);
                }
                Quantity::Temperature => {
                    fill_rows.extend(
                        std::iter::repeat_n(0.0, kfp).chain(ft.chunks_exact(wide).map(weights)),
                    );
                    fill_offset.push(weights(ft_mean));
                    rows.extend(
                        std::iter::repeat_n(0.0, 2 * kp).chain(t.chunks_exact(wide).map(weights)),
                    );
                    offset.push(weights(t_mean));
                }
            }
        }
        let schedule = Schedule {
            first: about.schedule_first_s,
            growth: about.schedule_growth,
            longest: about.schedule_longest_s,
        };
        let fill_sensors = fill_last.read_by(&fill_rows, &fill_offset);
        let later_sensors = later_last.read_by(&rows, &offset);
        let parts = Parts {
            front: (&front_hidden, &front_last),
            fill: (&fill_hidden, &fill_sensors),
            start: (&start_hidden, &start_last),
            cell_inputs: &cell_inputs,
            cell_state: &cell_state,
            cell_out: &cell_out,
            later: (&later_hidden, &later_sensors),
        };
        let engine = Engine::new(release, &parts, isa, precision)?;
        Ok(Self {
            order: order.to_vec(),
            times: schedule.times(about.longest_s),
            state,
            front_hidden,
            front_last,
            fill_sensors,
            fill_hidden,
            start_hidden,
            start_last,
            cell_inputs,
            cell_state,
            cell_out,
            later_sensors,
            later_hidden,
            engine,
            about,
        })
    }

    /// Vector unit and precision that it was packed for.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Widest vector of any layer.
    pub(crate) fn widest(&self) -> usize {
        let u = self.about.latents.len();
        [
            self.front_hidden.width(),
            self.fill_hidden.width(),
            self.start_hidden.width(),
            self.later_hidden.width(),
            self.cell_inputs.outputs,
            self.cell_out.outputs,
            FILL_SUMMARY + u,
            self.state + DRIVE + CLOCK + u,
        ]
        .into_iter()
        .max()
        .unwrap_or(0)
    }
}

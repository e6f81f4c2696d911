//! Runs one plan through the reference solver and keeps what the network needs.

use models_infer::schedule::Schedule;
use models_physics::drive::Drive;
use models_physics::latents::Latent;
use models_physics::mold::Mold;
use models_physics::shot::{self, Keep, Shot, ShotError};
use models_physics::solver::{Model, State, Tolerance};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::record::{Kind, ShotRecord};
use super::sample::{Plan, Sampler, WAVEFORM_S};

/// Snapshots kept while the mold fills.
const FILL_TICKS: usize = 28;
/// Share of a tick's spacing by which it is moved.
const JITTER: f64 = 0.45;
/// First ticks after full whose temperatures are all kept; later every third is.
const THERMAL_FIRST: usize = 8;

/// Shapes of a mold's fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Nodes, the inlet included.
    pub nodes: usize,
    /// Melt layers of a node.
    pub layers: usize,
    /// Volume of each node, m3; that of the inlet is zero.
    pub volume: Vec<f64>,
}

impl Layout {
    /// Of a model.
    pub fn of(model: &Model) -> Self {
        Self {
            nodes: model.nodes(),
            layers: model.layers.len(),
            volume: model
                .graph
                .nodes
                .iter()
                .enumerate()
                .map(|(i, n)| if i == 0 { 0.0 } else { n.volume })
                .collect(),
        }
    }
}

/// Runs plan `plan` on `mold`, which is cut at its driving sensor.
///
/// # Errors
/// When the solver stops or the melt hardly moves.
pub fn run_one(
    mold: &Mold,
    sampler: &Sampler,
    plan: &Plan,
    schedule: &Schedule,
) -> Result<ShotRecord, ShotError> {
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let recipe = &plan.recipe;
    let span = if mold.press.is_some() {
        recipe.hold_time_s() + recipe.cooling_time_s
    } else {
        WAVEFORM_S
    };
    let keep = Keep {
        snapshots: Vec::new(),
        after_full: schedule.jittered(span, JITTER, || rng.random_range(-1.0..1.0)),
        filling: true,
        tolerance: Some(Tolerance::DATASET),
    };
    let first = shot::run_recipe(
        mold,
        sampler.press(),
        recipe,
        &plan.latents,
        mold.cut(),
        &keep,
    )?;
    let shot = match plan.kind {
        Kind::Recipe => first,
        Kind::Waveform => {
            let drive = distorted(&first, &mut rng);
            let mut latents = plan.latents;
            // `run_drive` knows no recipe: its temperatures become part of the latents.
            latents[Latent::MeltTemperature] += recipe.melt_k - mold.process.melt_k;
            latents[Latent::MoldTemperature] += recipe.mold_k - mold.wall.mold_temperature_k;
            shot::run_drive(
                mold,
                &latents,
                mold.cut(),
                &drive,
                INLET,
                f64::INFINITY,
                &keep,
            )?
        }
    };
    Ok(record(mold, plan, &shot, &mut rng))
}

const INLET: &str = "inlet";

/// The inlet pressure of a shot with slow multiplicative noise, a stretched time and a ripple.
fn distorted(shot: &Shot, rng: &mut StdRng) -> Drive {
    let atmosphere = shot.model.atmosphere;
    let stretch: f64 = rng.random_range(0.8..1.25);
    let waves: Vec<[f64; 3]> = (0..4)
        .map(|_| {
            [
                rng.random_range(0.02..0.09),
                0.3 * 40.0_f64.powf(rng.random::<f64>()),
                rng.random_range(0.0..6.3),
            ]
        })
        .collect();
    let (mut time_s, mut pressure) = (vec![0.0], vec![atmosphere]);
    for m in &shot.moments {
        let t = m.time * stretch;
        if t < time_s[time_s.len() - 1] + 2e-4 {
            continue;
        }
        let factor: f64 = 1.0
            + waves
                .iter()
                .map(|[a, f, phase]| a * (std::f64::consts::TAU * f * t + phase).sin())
                .sum::<f64>();
        time_s.push(t);
        pressure.push(atmosphere + (m.inlet_pressure - atmosphere).max(0.0) * factor.max(0.2));
    }
    Drive {
        file: "sampled waveform".into(),
        time_s,
        columns: vec![(INLET.into(), pressure)],
    }
}

fn record(mold: &Mold, plan: &Plan, shot: &Shot, rng: &mut StdRng) -> ShotRecord {
    let (model, recipe) = (&shot.model, &plan.recipe);
    let mut latents = *plan.latents.values();
    latents[Latent::MeltTemperature as usize] += recipe.melt_k - mold.process.melt_k;
    latents[Latent::MoldTemperature as usize] += recipe.mold_k - mold.wall.mold_temperature_k;
    let full_at = shot.full_at.unwrap_or(f64::INFINITY);
    let mut snapshots: Vec<&State> = shot.snapshots.iter().collect();
    snapshots.sort_by(|a, b| a.time.total_cmp(&b.time));
    snapshots.dedup_by(|a, b| (a.time - b.time).abs() < 1e-7);
    let cut = snapshots.partition_point(|s| s.time < full_at - 1e-9);
    let (fill, after) = snapshots.split_at(cut);
    let fill = spread(fill, model, rng);
    let ticks: Vec<&State> = fill.iter().chain(after).copied().collect();
    let f = |v: f64| v as f32;
    let column = model.column();
    let layers = model.layers.len();
    let offset = rng.random_range(0..3);
    let thermal: Vec<u32> = (0..ticks.len())
        .filter(|&k| k < fill.len() + THERMAL_FIRST || (k + offset) % 3 == 0)
        .map(|k| k as u32)
        .collect();
    let press = plan.kind == Kind::Recipe && mold.press.is_some();
    let only_press = |v: f64| if press { f(v) } else { f32::NAN };
    ShotRecord {
        index: plan.index,
        kind: plan.kind,
        latents,
        time: shot.moments.iter().map(|m| f(m.time)).collect(),
        inlet: shot.moments.iter().map(|m| f(m.inlet_pressure)).collect(),
        injected: shot.moments.iter().map(|m| f(m.injected)).collect(),
        filled: shot.moments.iter().map(|m| f(m.filled)).collect(),
        mass: shot.moments.iter().map(|m| f(m.mass)).collect(),
        full_at: shot.full_at.map_or(f32::NAN, f),
        transfer_at: only_press(shot.transfer_at.unwrap_or(f64::NAN)),
        hold_end: only_press(shot.transfer_at.unwrap_or(f64::NAN) + recipe.hold_time_s()),
        gate_freeze: shot.gate_freeze.map_or(f32::NAN, f),
        tick: ticks.iter().map(|s| f(s.time)).collect(),
        pressure: ticks
            .iter()
            .flat_map(|s| s.pressure.iter().map(|p| f(*p)))
            .collect(),
        node_fill: fill
            .iter()
            .flat_map(|s| s.fill.iter().map(|v| f(*v)))
            .collect(),
        fill_ticks: fill.len(),
        temperature: thermal
            .iter()
            .flat_map(|&k| {
                ticks[k as usize]
                    .temperature
                    .chunks_exact(column)
                    .flat_map(|c| c[..layers].iter().map(|t| f(*t)))
            })
            .collect(),
        thermal,
        part_mass: only_press(shot.part.mass),
    }
}

/// States spread over the filled share of the mold, the last one before full always among them.
fn spread<'a>(states: &[&'a State], model: &Model, rng: &mut StdRng) -> Vec<&'a State> {
    let volume = model.graph.volume();
    let filled = |s: &State| -> f64 {
        model
            .graph
            .nodes
            .iter()
            .zip(&s.fill)
            .skip(1)
            .map(|(n, f)| n.volume * f.min(1.0))
            .sum::<f64>()
            / volume
    };
    let shares: Vec<f64> = states.iter().map(|s| filled(s)).collect();
    let mut chosen: Vec<usize> = (0..FILL_TICKS)
        .map(|i| (i as f64 + rng.random_range(0.0..1.0)) / FILL_TICKS as f64)
        .map(|goal| {
            shares
                .partition_point(|s| *s < goal)
                .min(states.len().saturating_sub(1))
        })
        .collect();
    chosen.push(states.len().saturating_sub(1));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
        .into_iter()
        .filter_map(|i| states.get(i).copied())
        .collect()
}

//! Training from few shots, with and without the solver's residual, at equal steps.

use models_infer::release::{Errors, Release};
use models_physics::mold::Mold;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Serialize;

mod given;

use given::errors_given_full;

use crate::dataset::{Dataset, ShotRecord};
use crate::error::PinnError;
use crate::evaluate::errors;
use crate::export::{describe, weights};
use crate::network::{Network, Widths};
use crate::prepare::{Bases, Modes, Prepared, prepare};
use crate::scales::Scales;
use crate::train::{
    Collocation, DrivenShot, Effort, LaterRows, Logged, Physics, PhysicsEffort, full_times,
    train_filling, train_later_with,
};

/// What is compared.
#[derive(Clone, Debug)]
pub struct FewOptions {
    /// Shots with fields.
    pub labelled: usize,
    /// Shots of which only drive and latents are known, for the residual alone.
    pub unlabelled: usize,
    /// Make those of the labelled shots' waveforms, distorted, and drawn latents; otherwise they are the dataset's
    /// further shots without their fields.
    pub varied: bool,
    /// Seeds: each chooses its own shots and weights.
    pub seeds: Vec<u64>,
    /// Optimiser steps of the fill, shared by both.
    pub fill_steps: usize,
    /// Optimiser steps of hold and cooling.
    pub steps: usize,
    /// Shots a step.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f64,
    /// Modes of the fields.
    pub modes: Modes,
    /// Widths of the network.
    pub widths: Widths,
    /// The residual.
    pub physics: PhysicsEffort,
    /// Which to train: data alone, with the residual, or both.
    pub arms: Vec<bool>,
}

impl Default for FewOptions {
    fn default() -> Self {
        Self {
            labelled: 60,
            unlabelled: 800,
            varied: true,
            seeds: vec![1, 2, 3],
            fill_steps: 3000,
            steps: 1500,
            batch: 32,
            rate: 3e-3,
            modes: Modes::default(),
            widths: Widths::default(),
            physics: PhysicsEffort::default(),
            arms: vec![false, true],
        }
    }
}

/// One training and its errors on fresh shots.
#[derive(Clone, Debug, Serialize)]
pub struct FewRun {
    /// Seed of shots and weights.
    pub seed: u64,
    /// Whether the residual was part of the loss.
    pub residual: bool,
    /// Optimiser steps of hold and cooling.
    pub steps: usize,
    /// Pressure field in hold and cooling, % of peak.
    pub hold_pressure_percent: f64,
    /// Sensors' pressure, % of peak: mean and 95th percentile.
    pub sensors_percent: [f64; 2],
    /// Temperature after the mold is full, all and mid-plane, K.
    pub temperature_k: [f64; 2],
    /// Pressure and temperature as above, over all nodes, when the moment the mold was full is told: %, K.
    pub given_full: [f64; 2],
    /// When the mold was full: median and 95th percentile of the error, ms.
    pub full_ms: [f64; 2],
    /// Last losses on the labelled shots: unexplained share of pressure and temperature.
    pub data_loss: [f32; 2],
    /// Time the training took, s.
    pub wall_s: f64,
    /// The residual while it was trained on: step, weight, Pa, K.
    pub log: Vec<(usize, f64, f64, f64)>,
}

/// All trainings and what the residual changed.
#[derive(Clone, Debug, Serialize)]
pub struct FewReport {
    /// Mold.
    pub mold: String,
    /// Shots with fields.
    pub labelled: usize,
    /// Shots for the residual alone.
    pub unlabelled: usize,
    /// Fresh shots that errors are measured on.
    pub fresh: usize,
    /// Every run.
    pub runs: Vec<FewRun>,
    /// Mean hold pressure error with the residual over that without.
    pub pressure_ratio: f64,
    /// The same of temperature.
    pub temperature_ratio: f64,
}

impl FewReport {
    /// Mean over seeds of one figure, with or without the residual.
    pub fn mean(&self, residual: bool, figure: impl Fn(&FewRun) -> f64) -> f64 {
        let of: Vec<f64> = self
            .runs
            .iter()
            .filter(|r| r.residual == residual)
            .map(figure)
            .collect();
        of.iter().sum::<f64>() / of.len().max(1) as f64
    }
}

/// A seed's labelled shots, its network with the fill trained, and what the residual is taken on.
struct Start {
    prepared: Prepared,
    meta: crate::dataset::Meta,
    net: Network,
    rows: Vec<LaterRows>,
    driven: Vec<DrivenShot>,
}

/// Trains with and without the residual for every seed; `told` hears what is under way and its step.
///
/// # Errors
/// When there are too few shots or a training fails.
pub fn compare(
    mold: &Mold,
    data: &Dataset,
    fresh: &Dataset,
    options: &FewOptions,
    mut told: impl FnMut(&str, usize),
) -> Result<FewReport, PinnError> {
    let mut report = FewReport {
        mold: mold.name.clone(),
        labelled: options.labelled,
        unlabelled: options.unlabelled,
        fresh: 0,
        runs: Vec::new(),
        pressure_ratio: f64::NAN,
        temperature_ratio: f64::NAN,
    };
    for &seed in &options.seeds {
        let start = begin(mold, data, options, seed, &mut told)?;
        for &residual in &options.arms {
            let (run, found) = run(mold, fresh, options, &start, seed, residual, &mut told)?;
            report.fresh = found.shots;
            report.runs.push(run);
        }
    }
    let ratio = |figure: fn(&FewRun) -> f64| report.mean(true, figure) / report.mean(false, figure);
    let ratios = [
        ratio(|r| r.hold_pressure_percent),
        ratio(|r| r.temperature_k[0]),
    ];
    [report.pressure_ratio, report.temperature_ratio] = ratios;
    Ok(report)
}

fn begin(
    mold: &Mold,
    data: &Dataset,
    options: &FewOptions,
    seed: u64,
    told: &mut impl FnMut(&str, usize),
) -> Result<Start, PinnError> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0xfe3);
    let mut full: Vec<&ShotRecord> = data.shots.iter().filter(|s| s.is_full()).collect();
    if full.len()
        < options.labelled
            + if options.varied {
                0
            } else {
                options.unlabelled
            }
    {
        return Err(PinnError::Training {
            reason: format!(
                "{} full shots in the dataset are fewer than asked for",
                full.len()
            ),
        });
    }
    full.shuffle(&mut rng);
    let (labelled, rest) = full.split_at(options.labelled);
    // Ranges are those of the sample, which is known before any shot is simulated.
    let scales = Scales::of(mold, &data.shots);
    let few = Dataset {
        meta: data.meta.clone(),
        shots: labelled.iter().map(|s| (*s).clone()).collect(),
        failures: Vec::new(),
    };
    let driven = labelled.iter().map(|s| DrivenShot::of(s));
    let further: Vec<DrivenShot> = if options.varied {
        (0..options.unlabelled)
            .map(|i| DrivenShot::of(labelled[i % labelled.len()]).varied(&scales, &mut rng))
            .collect()
    } else {
        rest[..options.unlabelled]
            .iter()
            .map(|s| DrivenShot::of(s))
            .collect()
    };
    let driven: Vec<DrivenShot> = driven.chain(further).collect();
    let bases = Bases::fit(&few, &scales, &options.modes);
    let shots = prepare(&few, &scales, &bases);
    let net = Network::new(
        options.widths,
        bases.fill_pressure.len() + bases.fill_temperature.len(),
        2 * bases.pressure.len() + bases.temperature.len(),
        seed,
        &candle_core::Device::Cpu,
    )?;
    let effort = Effort {
        steps: options.fill_steps,
        batch: 256,
        rate: options.rate,
        seed,
    };
    train_filling(&net, &shots, &bases, &effort, |step, _, _| {
        told("fill", step);
    })?;
    let passing = full_times(&net, &shots)?;
    let rows = shots
        .iter()
        .zip(&passing)
        .map(|(s, p)| LaterRows::new(s, p))
        .collect();
    Ok(Start {
        prepared: Prepared {
            scales,
            bases,
            shots,
        },
        meta: few.meta,
        net,
        rows,
        driven,
    })
}

fn run(
    mold: &Mold,
    fresh: &Dataset,
    options: &FewOptions,
    start: &Start,
    seed: u64,
    residual: bool,
    told: &mut impl FnMut(&str, usize),
) -> Result<(FewRun, Errors), PinnError> {
    let began = std::time::Instant::now();
    let Prepared {
        scales,
        bases,
        shots,
    } = &start.prepared;
    // The same first weights for both, on top of the same fill.
    let net = Network::new(
        options.widths,
        bases.fill_pressure.len() + bases.fill_temperature.len(),
        2 * bases.pressure.len() + bases.temperature.len(),
        seed,
        &candle_core::Device::Cpu,
    )?;
    for ((to, _), (from, _)) in net.fill_blocks().iter().zip(start.net.fill_blocks()) {
        to.set(from.as_tensor())?;
    }
    let mut physics = if residual {
        let pool = Collocation::new(&net, mold, scales, &start.driven, seed)?;
        Some(Physics::new(pool, bases, scales, options.physics, seed)?)
    } else {
        None
    };
    let effort = Effort {
        steps: options.steps,
        batch: options.batch.min(shots.len()),
        rate: options.rate,
        seed,
    };
    let what = if residual {
        "with residual"
    } else {
        "data alone"
    };
    let mut last = [f32::NAN; 2];
    train_later_with(
        &net,
        shots,
        &start.rows,
        bases,
        &effort,
        |step, p, t| {
            last = [p, t];
            told(what, step);
        },
        |step| match &mut physics {
            Some(physics) => physics.term(&net, step, options.steps),
            None => Ok(None),
        },
    )?;
    let wall_s = began.elapsed().as_secs_f64();
    let bytes = weights(&net, &start.prepared)?;
    let about = describe(
        mold,
        &start.meta,
        &start.prepared,
        seed,
        &bytes,
        Errors::default(),
    )?;
    let found = errors(&Release::from_parts(about, &bytes)?, fresh)?;
    let records: Vec<&ShotRecord> = fresh.shots.iter().filter(|s| s.is_full()).collect();
    let fresh_shots = prepare(fresh, scales, bases);
    let given_full = errors_given_full(&net, &start.prepared, &records, &fresh_shots)?;
    let lines = physics.map(|p| p.log).unwrap_or_default();
    let line = |l: &Logged| (l.step, l.weight, l.pressure, l.temperature);
    Ok((
        FewRun {
            seed,
            residual,
            steps: options.steps,
            hold_pressure_percent: found.later_percent,
            sensors_percent: found.sensors_percent,
            temperature_k: found.temperature_k,
            given_full,
            full_ms: found.full_ms,
            data_loss: last,
            wall_s,
            log: lines.iter().map(line).collect(),
        },
        found,
    ))
}

//! `moldlab train` and `moldlab verify`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use candle_core::Device;
use models_infer::kernel::Precision;
use models_infer::release::{Errors, Release};
use models_physics::molds;
use models_pinn::dataset::{Dataset, Options, generate, mold_hash};
use models_pinn::evaluate::errors;
use models_pinn::export::{describe, weights};
use models_pinn::network::{Network, Widths};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::quantise::{extra, refusal};
use models_pinn::train::{Effort, LaterRows, full_times, train_filling, train_later};

use crate::dataset::bar;
use crate::quantize::print_extra;
use crate::simulate::load_mold;

/// Arguments of `moldlab train`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab train --mold strip-ps --data data/strip-ps --out models/weights/strip-ps-001

Writes a release: `model.toml` (hashes, seed, ranges with units, errors on fresh shots) and `weights.safetensors`.
A release is never edited: an existing folder is refused.")]
pub struct TrainArgs {
    /// Mold file, or the name of a shipped mold.
    #[arg(long)]
    mold: String,
    /// Dataset of `moldlab dataset` for that mold.
    #[arg(long)]
    data: PathBuf,
    /// Folder of the release.
    #[arg(long)]
    out: PathBuf,
    /// Optimiser steps for what happens while the mold fills.
    #[arg(long, default_value_t = 8000)]
    fill_steps: usize,
    /// Optimiser steps for hold and cooling.
    #[arg(long, default_value_t = 6000)]
    steps: usize,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Fresh shots for the errors in the release.
    #[arg(long, default_value_t = 96)]
    fresh: u32,
}

/// First shot of the sample that errors are measured on: training never comes there.
const FRESH: u32 = 60_000;

/// Runs `train`.
///
/// # Errors
/// Bad input, or training that came to nothing.
pub fn train(args: &TrainArgs) -> Result<()> {
    if args.out.exists() {
        bail!(
            "{}: exists; a release is never edited, use another folder",
            args.out.display()
        );
    }
    let mold = load_mold(&args.mold)?;
    let data = Dataset::load(&args.data)?;
    let hash = mold_hash(&mold)?;
    if data.meta.mold_sha256 != hash {
        bail!(
            "{}: made for another state of `{}`; run `moldlab dataset` again",
            args.data.display(),
            mold.name
        );
    }
    let prepared = Prepared::new(&mold, &data, &Modes::default());
    if prepared.shots.len() < 32 {
        bail!(
            "{}: {} full shots are too few to train on",
            args.data.display(),
            prepared.shots.len()
        );
    }
    let meta = data.meta.clone();
    drop(data);
    let net = fit(&prepared, args)?;
    let bytes = weights(&net, &prepared)?;
    let blank = describe(
        &mold,
        &meta,
        &prepared,
        args.seed,
        &bytes,
        Errors::default(),
    )?;
    let release = Release::from_parts(blank.clone(), &bytes)?;
    let found = errors(
        &release,
        &fresh(
            &mold,
            &Options {
                shots: args.fresh,
                seed: meta.seed,
                first: FRESH,
                waveforms: meta.waveforms,
                spread: meta.spread,
            },
        )?,
    )?;
    print_errors(&mold.name, &found);
    let about = models_infer::release::Description {
        errors: found,
        fresh_shots: args.fresh,
        ..blank
    };
    about.write(&args.out, &bytes)?;
    println!(
        "release {} written ({:.1} MB)",
        args.out.display(),
        bytes.len() as f64 * 1e-6
    );
    Ok(())
}

fn fit(prepared: &Prepared, args: &TrainArgs) -> Result<Network> {
    let bases = &prepared.bases;
    let net = Network::new(
        Widths::default(),
        bases.fill_pressure.len() + bases.fill_temperature.len(),
        2 * bases.pressure.len() + bases.temperature.len(),
        args.seed,
        &Device::Cpu,
    )?;
    let progress = bar(args.fill_steps as u64, "steps of the fill")?;
    let effort = Effort {
        steps: args.fill_steps,
        batch: 512,
        rate: 3e-3,
        seed: args.seed,
    };
    train_filling(
        &net,
        &prepared.shots,
        bases,
        &effort,
        |step, front, field| {
            progress.set_position(step as u64);
            progress.set_message(format!("front {front:.1e} fields {field:.1e}"));
        },
    )?;
    progress.finish();
    let passing = full_times(&net, &prepared.shots)?;
    let rows: Vec<LaterRows> = prepared
        .shots
        .iter()
        .zip(&passing)
        .map(|(s, p)| LaterRows::new(s, p))
        .collect();
    let progress = bar(args.steps as u64, "steps of hold and cooling")?;
    let effort = Effort {
        steps: args.steps,
        batch: 64,
        rate: 3e-3,
        seed: args.seed,
    };
    let mut last = (f32::NAN, f32::NAN);
    train_later(
        &net,
        &prepared.shots,
        &rows,
        bases,
        &effort,
        |step, pressure, temperature| {
            last = (pressure, temperature);
            progress.set_position(step as u64);
            progress.set_message(format!(
                "pressure {:.1e} temperature {:.1e}",
                pressure.sqrt(),
                temperature.sqrt()
            ));
        },
    )?;
    progress.finish();
    if !(last.0.is_finite() && last.1.is_finite()) {
        bail!(
            "training diverged: the last losses are {} and {}",
            last.0,
            last.1
        );
    }
    Ok(net)
}

/// Shots of the sample that training never saw.
pub fn fresh(mold: &models_physics::mold::Mold, options: &Options) -> Result<Dataset> {
    let progress = bar(u64::from(options.shots), "fresh shots")?;
    let data = generate(mold, options, None, |done| {
        progress.set_position(done as u64)
    })?;
    progress.finish();
    Ok(data)
}

/// Prints the errors of a release.
pub fn print_errors(name: &str, e: &Errors) {
    println!(
        "{name}: errors against the solver on {} fresh shots",
        e.shots
    );
    println!(
        "  sensors' pressure   mean {:.2} %, 95 % of shots below {:.2} % of peak",
        e.sensors_percent[0], e.sensors_percent[1]
    );
    println!(
        "  pressure field      fill {:.2} %, hold and cooling {:.2} % of peak",
        e.fill_percent, e.later_percent
    );
    println!(
        "  temperature         all {:.2} K, mid-plane {:.2} K",
        e.temperature_k[0], e.temperature_k[1]
    );
    println!(
        "  mold full           median {:.1} ms, 95 % below {:.1} ms off",
        e.full_ms[0], e.full_ms[1]
    );
}

/// Arguments of `moldlab verify`.
#[derive(clap::Args)]
pub struct VerifyArgs {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Print the errors as JSON.
    #[arg(long)]
    json: bool,
}

/// The shots that a release's errors were measured on.
///
/// # Errors
/// When its mold has changed since, or cannot be simulated.
pub fn fresh_of(folder: &Path, release: &Release) -> Result<Dataset> {
    let about = &release.about;
    let mold = molds::builtin(&about.mold)?;
    if mold_hash(&mold)? != about.mold_sha256 {
        bail!(
            "{}: `{}` has changed since this release was trained; train it again",
            folder.display(),
            mold.name
        );
    }
    let options = Options {
        shots: about.fresh_shots,
        seed: u32::try_from(about.dataset_seed).context("seed of the dataset")?,
        first: FRESH,
        waveforms: about.waveforms,
        spread: about.spread,
    };
    fresh(&mold, &options)
}

/// Errors may differ by this share between machines (rounding, another order of sums).
const SAME: f64 = 0.02;

/// Runs `verify`: recomputes a release's errors on its own fresh shots; false when they differ from those written in it.
///
/// # Errors
/// A release that cannot be used, or a mold that has changed since.
pub fn verify(args: &VerifyArgs) -> Result<bool> {
    let folder = find_release(&args.weights)?;
    let release = Release::load(&folder)?;
    let shots = fresh_of(&folder, &release)?;
    let found = errors(&release, &shots)?;
    let whole = match &release.about.int8 {
        None => None,
        Some(stated) => {
            let int8 = release.clone().in_precision(Precision::Int8);
            let in_int8 = errors(&int8, &shots)?;
            Some((stated, in_int8, extra(&release, &shots)?))
        }
    };
    if args.json {
        let int8 = whole.as_ref().map(|(_, errors, _)| errors);
        let all = serde_json::json!({ "float": found, "int8": int8 });
        // Releases without 8-bit weights keep the flat form.
        let text = match int8 {
            None => serde_json::to_string_pretty(&found)?,
            Some(_) => serde_json::to_string_pretty(&all)?,
        };
        println!("{text}");
    } else {
        print_errors(&release.about.mold, &found);
        if let Some((_, errors, extra)) = &whole {
            print_errors(&format!("{}, 8-bit weights", release.about.mold), errors);
            print_extra(extra);
        }
    }
    let near = |a: f64, b: f64| (a - b).abs() <= SAME * b.abs().max(0.05);
    let agree = |found: &Errors, stated: &Errors| {
        near(found.sensors_percent[0], stated.sensors_percent[0])
            && near(found.later_percent, stated.later_percent)
            && near(found.temperature_k[0], stated.temperature_k[0])
    };
    let mut same = agree(&found, &release.about.errors);
    if let Some((stated, in_int8, extra)) = &whole {
        same &= agree(in_int8, &stated.errors) && extra.is_small();
        if let Some(told) = refusal(&found, in_int8) {
            eprintln!("moldlab: {}: {told}", folder.display());
            return Ok(false);
        }
    }
    if !same {
        eprintln!(
            "moldlab: {}: the errors are not those the release states",
            folder.display()
        );
    }
    Ok(same)
}

/// A release by folder, or the newest one of a mold by name.
///
/// # Errors
/// When there is none; the message names those there are.
pub fn find_release(name: &str) -> Result<PathBuf> {
    let shelf = Path::new("models/weights");
    let shelf = if shelf.is_dir() {
        shelf.to_path_buf()
    } else {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../weights"))
    };
    Ok(models_infer::shelf::find(name, &shelf)?)
}

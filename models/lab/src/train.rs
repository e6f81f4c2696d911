//! `moldlab train` and `moldlab verify`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use candle_core::Device;
use models_infer::release::{Errors, Release};
use models_physics::molds;
use models_pinn::dataset::{Dataset, Meta, Options, generate, mold_hash};
use models_pinn::evaluate::errors;
use models_pinn::export::{describe, weights};
use models_pinn::few::FewOptions;
use models_pinn::network::{Network, Widths};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::train::{Effort, LaterRows, full_times, train_filling, train_later};

use crate::dataset::bar;
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
    /// Train from this many shots instead, with and without the solver's residual at equal steps, and compare; `out` is
    /// then a JSON file.
    #[arg(long)]
    few: Option<usize>,
    /// Seeds of that comparison: each chooses its own shots and weights.
    #[arg(long, default_value_t = 3, requires = "few")]
    seeds: u64,
    /// Shots without fields (distorted drives, drawn latents) that the residual is also taken on.
    #[arg(long, default_value_t = 800, requires = "few")]
    unlabelled: usize,
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
    if let Some(labelled) = args.few {
        let options = FewOptions {
            labelled,
            unlabelled: args.unlabelled,
            seeds: (args.seed..args.seed + args.seeds).collect(),
            fill_steps: args.fill_steps,
            steps: args.steps,
            ..FewOptions::default()
        };
        let fresh = fresh_like(&mold, &data.meta, args.fresh)?;
        return crate::few::run(&mold, &data, &fresh, &options, &args.out);
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
    let found = errors(&release, &fresh_like(&mold, &meta, args.fresh)?)?;
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

/// Shots of the dataset's kind that training never comes to.
fn fresh_like(mold: &models_physics::mold::Mold, meta: &Meta, shots: u32) -> Result<Dataset> {
    let options = Options {
        shots,
        seed: meta.seed,
        first: FRESH,
        waveforms: meta.waveforms,
        spread: meta.spread,
    };
    fresh(mold, &options)
}

fn fresh(mold: &models_physics::mold::Mold, options: &Options) -> Result<Dataset> {
    let progress = bar(u64::from(options.shots), "fresh shots")?;
    let data = generate(mold, options, None, |done| {
        progress.set_position(done as u64)
    })?;
    progress.finish();
    Ok(data)
}

fn print_errors(name: &str, e: &Errors) {
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

/// Errors may differ by this share between machines (rounding, another order of sums).
const SAME: f64 = 0.02;

/// Runs `verify`: recomputes a release's errors on its own fresh shots; false when they differ from those written in it.
///
/// # Errors
/// A release that cannot be used, or a mold that has changed since.
pub fn verify(args: &VerifyArgs) -> Result<bool> {
    let folder = find_release(&args.weights)?;
    let release = Release::load(&folder)?;
    let mold = molds::builtin(&release.about.mold)?;
    if mold_hash(&mold)? != release.about.mold_sha256 {
        bail!(
            "{}: `{}` has changed since this release was trained; train it again",
            folder.display(),
            mold.name
        );
    }
    let stated = &release.about.errors;
    let seed = u32::try_from(release.about.dataset_seed).context("seed of the dataset")?;
    let about = &release.about;
    let options = Options {
        shots: about.fresh_shots,
        seed,
        first: FRESH,
        waveforms: about.waveforms,
        spread: about.spread,
    };
    let found = errors(&release, &fresh(&mold, &options)?)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print_errors(&release.about.mold, &found);
    }
    let near = |a: f64, b: f64| (a - b).abs() <= SAME * b.abs().max(0.05);
    let same = near(found.sensors_percent[0], stated.sensors_percent[0])
        && near(found.later_percent, stated.later_percent)
        && near(found.temperature_k[0], stated.temperature_k[0]);
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
    let path = Path::new(name);
    if path.is_dir() {
        return Ok(path.into());
    }
    let shelf = Path::new("models/weights");
    let shelf = if shelf.is_dir() {
        shelf.to_path_buf()
    } else {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../weights"))
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(&shelf)
        .with_context(|| format!("looking for releases in {}", shelf.display()))?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.join(models_infer::release::DESCRIPTION).is_file())
        .collect();
    found.sort();
    let of_mold = |p: &&PathBuf| {
        let stem = p
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        stem.rsplit_once('-')
            .is_some_and(|(mold, number)| mold == name && number.parse::<u32>().is_ok())
    };
    match found.iter().rfind(of_mold) {
        Some(p) => Ok(p.clone()),
        None => bail!(
            "no release `{name}`: neither a folder nor a mold with one in {} (there are {})",
            shelf.display(),
            found
                .iter()
                .filter_map(|p| p.file_name())
                .map(|n| n.to_string_lossy())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

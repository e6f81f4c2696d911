//! `moldlab train` and `moldlab verify`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use models_infer::kernel::Precision;
use models_infer::release::{Description, Errors, Release};
use models_pinn::dataset::{Dataset, Options, generate, mold_hash};
use models_pinn::evaluate::errors;
use models_pinn::few::FewOptions;
use models_pinn::quantise::{extra, refusal};

use crate::dataset::bar;
use crate::quantize::print_extra;
use crate::signature;
use crate::simulate::load_mold;
use crate::training::{
    CHECKPOINT_S, FILL_STEPS, FRESH_SHOTS, STEPS, TrainingPlan, beside, finish, make,
};

/// Arguments of `moldlab train`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab train --mold strip-ps --data data/strip-ps --out models/weights/strip-ps-001

Writes a release: `model.toml` (hashes, seed, ranges with units, errors on fresh shots), `weights.safetensors` and
`report/` (losses, errors by time, worst shots). A release is never edited: an existing folder is refused.
Until it is done everything lies in `<out>.partial`, with a checkpoint now and then: the same command goes on from
there and comes to the same weights as if it had never stopped.")]
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
    #[arg(long, default_value_t = FILL_STEPS)]
    fill_steps: usize,
    /// Optimiser steps for hold and cooling.
    #[arg(long, default_value_t = STEPS)]
    steps: usize,
    /// Seed of weights and order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Fresh shots for the errors in the release.
    #[arg(long, default_value_t = FRESH_SHOTS)]
    fresh: u32,
    /// Seconds between two checkpoints.
    #[arg(long, default_value_t = CHECKPOINT_S)]
    checkpoint_s: u64,
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
        let sample = Options {
            shots: args.fresh,
            first: FRESH,
            ..data.meta.options()
        };
        let fresh = fresh(&mold, &sample)?;
        return crate::few::run(&mold, &data, &fresh, &options, &args.out);
    }
    let work = beside(&args.out, "partial");
    let plan = TrainingPlan {
        fill_steps: args.fill_steps,
        steps: args.steps,
        seed: args.seed,
        fresh: args.fresh,
        checkpoint_s: args.checkpoint_s,
    };
    let made = make(&mold, data, &plan, &work)?;
    finish(&work, &args.out)?;
    print_errors(&mold.name, &made);
    println!("release {} written", args.out.display());
    Ok(())
}

/// First shot of the sample that errors are measured on: training never comes there.
pub const FRESH: u32 = 60_000;

/// Shots like those that a release was trained on.
pub fn shots_like(about: &Description, shots: u32, first: u32) -> Result<Options> {
    Ok(Options {
        shots,
        seed: u32::try_from(about.dataset_seed).context("seed of the dataset")?,
        first,
        waveforms: about.waveforms,
        spread: about.spread,
        latent_law: about.latent_law,
    })
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
    for (phases, which) in [(&e.phases, "shots"), (&e.recipes, "recipe-driven shots")] {
        let Some(p) = phases else { continue };
        println!(
            "  phase by phase over {} {which}, mean and 95 % of shots below",
            p.shots
        );
        for (name, [mean, most], unit) in [
            ("fill", p.fill_percent, "%"),
            ("hold", p.hold_percent, "%"),
            ("cooling", p.cooling_percent, "%"),
            ("end of fill, hold", p.end_of_fill_percent, "%"),
            ("first 60 ms", p.first_60ms_percent, "%"),
            ("temperature", p.temperature_k, "K"),
            ("mid-plane", p.core_k, "K"),
        ] {
            println!("    {name:18} {mean:5.2} {most:6.2} {unit}");
        }
    }
}

/// Arguments of `moldlab verify`.
#[derive(clap::Args)]
pub struct VerifyArgs {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Mold file, for a release of a mold that is not shipped.
    #[arg(long)]
    mold: Option<String>,
    /// Refuse a release that is not signed by this public key (hexadecimal, its beginning is enough).
    #[arg(long, value_parser = key_beginning)]
    signed_by: Option<String>,
    /// Print the errors as JSON.
    #[arg(long)]
    json: bool,
}

/// Digits of a public key below which its beginning says nothing.
const KEY_DIGITS: usize = 16;

fn key_beginning(text: &str) -> std::result::Result<String, String> {
    if text.len() >= KEY_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.into());
    }
    Err(format!("at least {KEY_DIGITS} hexadecimal digits"))
}

/// The shots that a release's errors were measured on; `mold` is a file where the mold does not ship.
///
/// # Errors
/// When its mold has changed since, or cannot be simulated.
pub fn fresh_of(folder: &Path, release: &Release, mold: Option<&str>) -> Result<Dataset> {
    let about = &release.about;
    let mold = load_mold(mold.unwrap_or(&about.mold))?;
    if mold_hash(&mold)? != about.mold_sha256 {
        bail!(
            "{}: `{}` has changed since this release was trained; train it again",
            folder.display(),
            mold.name
        );
    }
    fresh(&mold, &shots_like(about, about.fresh_shots, FRESH)?)
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
    let signed = signature::check(&folder)?;
    if !args.json {
        match &signed {
            Some(by) => println!("{}: signed by {by}", folder.display()),
            None => println!("{}: not signed", folder.display()),
        }
    }
    if let Some(key) = &args.signed_by {
        match &signed {
            Some(by) if by.key.starts_with(&key.to_lowercase()) => {}
            Some(by) => bail!("{}: signed by {by}, not by key {key}", folder.display()),
            None => bail!("{}: not signed; key {key} was asked for", folder.display()),
        }
    }
    let shots = fresh_of(&folder, &release, args.mold.as_deref())?;
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
    let phase = |e: &Errors| e.phases.as_ref().map(|p| p.hold_percent[0]);
    let agree = |found: &Errors, stated: &Errors| {
        let phases = match (phase(stated), phase(found)) {
            (Some(stated), Some(found)) => near(found, stated),
            // Early releases state no phases.
            _ => true,
        };
        phases
            && near(found.sensors_percent[0], stated.sensors_percent[0])
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

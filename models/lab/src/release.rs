//! `moldlab release`: from a mold to a signed release in one command.
//!
//! ```text
//! OUT.partial/data      dataset            parts that lie there are not simulated again
//! OUT.partial/...       training           goes on from its checkpoints
//! OUT.partial/release   weights, errors on fresh shots, report; then 8-bit weights, the list of sums and its signature
//! OUT                   the folder above, moved once it is whole
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use models_pinn::dataset::{Dataset, Options, SPREAD, generate};

use crate::dataset::{bar, law};
use crate::quantize::add_int8;
use crate::signature::{self, SignatureArgs};
use crate::simulate::load_mold;
use crate::train::print_errors;
use crate::training::{
    CHECKPOINT_S, FILL_STEPS, FRESH_SHOTS, STEPS, TrainingPlan, beside, finish, finished, make,
};

/// Arguments of `moldlab release`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab release --mold plate-ps            # run it again to go on where it was interrupted

Simulates shots, trains the network, measures its errors on fresh shots, draws the report, adds 8-bit weights where they cost
nothing, lists the SHA-256 of every file and signs the list. The key is made at its first use, readable by its owner alone; `moldlab verify` says who signed.")]
pub struct Args {
    /// Mold file, or the name of a shipped mold.
    #[arg(long)]
    mold: String,
    /// Folder of the release (default: the next number of this mold in models/weights).
    #[arg(long)]
    out: Option<PathBuf>,
    /// Training shots.
    #[arg(long, default_value_t = SHOTS)]
    shots: u32,
    /// Share of shots whose inlet pressure is distorted and played back (default: 0.3, of a mold with a press 0.1).
    #[arg(long)]
    waveforms: Option<f64>,
    /// Prior standard deviations by which latents vary to either side of the mold's own.
    #[arg(long, default_value_t = SPREAD)]
    spread: f64,
    /// Draw latents by their prior, most of them near the mold's own, instead of evenly over their ranges.
    #[arg(long)]
    by_prior: bool,
    /// Optimiser steps for what happens while the mold fills.
    #[arg(long, default_value_t = FILL_STEPS)]
    fill_steps: usize,
    /// Optimiser steps for hold and cooling.
    #[arg(long, default_value_t = STEPS)]
    steps: usize,
    /// Seed of the sample, the weights and the order.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Fresh shots for the errors in the release.
    #[arg(long, default_value_t = FRESH_SHOTS)]
    fresh: u32,
    /// Seconds between two checkpoints.
    #[arg(long, default_value_t = CHECKPOINT_S)]
    checkpoint_s: u64,
    #[command(flatten)]
    signature: SignatureArgs,
}

/// Training shots unless asked for otherwise.
const SHOTS: u32 = 4096;
/// Share of waveforms: molds are driven by recipes where they have a press, by whatever is measured elsewhere.
const WAVEFORMS: [f64; 2] = [0.3, 0.1];

/// Runs the command.
///
/// # Errors
/// Bad input, or a folder that holds something else.
pub fn run(args: &Args) -> Result<()> {
    let begun = Instant::now();
    let mold = load_mold(&args.mold)?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => next_release(Path::new("models/weights"), &mold.name)?,
    };
    ensure!(
        !out.exists(),
        "{}: exists; a release is never edited, use another folder",
        out.display()
    );
    let waveforms = args
        .waveforms
        .unwrap_or(WAVEFORMS[usize::from(mold.press.is_some())]);
    ensure!(
        (0.0..=1.0).contains(&waveforms),
        "--waveforms: {waveforms} is no share between 0 and 1"
    );
    ensure!(
        args.spread > 0.0 && args.spread <= 5.0,
        "--spread: {} is not between 0 and 5",
        args.spread
    );
    ensure!(
        args.shots > 0 && args.fresh > 0,
        "--shots, --fresh: at least one"
    );
    // Before the long work: a key that cannot be used must not cost it.
    let key = args.signature.key()?;
    let work = beside(&out, "partial");
    println!("1 of 3: {} shots of {}", args.shots, mold.name);
    let progress = bar(u64::from(args.shots), "shots")?;
    let options = Options {
        shots: args.shots,
        seed: args.seed,
        first: 0,
        waveforms,
        spread: args.spread,
        latent_law: law(args.by_prior),
    };
    let folder = work.join("data");
    generate(&mold, &options, Some(&folder), |done| {
        progress.set_position(done as u64);
    })?;
    progress.finish();
    // Read back even when it was simulated just now: latents lie on disk in single precision, and a run that goes on must
    // train on the very same numbers.
    let data = Dataset::load(&folder)?;
    println!("2 of 3: training and errors on fresh shots");
    let plan = TrainingPlan {
        fill_steps: args.fill_steps,
        steps: args.steps,
        seed: u64::from(args.seed),
        fresh: args.fresh,
        checkpoint_s: args.checkpoint_s,
    };
    let errors = make(&mold, data, &plan, &work)?;
    println!("3 of 3: 8-bit weights and signature");
    let (float, int8) = (finished(&work), work.join("int8"));
    if add_int8(&float, Some(&args.mold), &int8)? {
        std::fs::remove_dir_all(&float)
            .and_then(|()| std::fs::rename(&int8, &float))
            .with_context(|| format!("moving {} to {}", int8.display(), float.display()))?;
    }
    let by = signature::sign(&finished(&work), &key, &args.signature.signer)?;
    finish(&work, &out)?;
    print_errors(&mold.name, &errors);
    println!(
        "release {} written, signed by {by}, after {:.1} min",
        out.display(),
        begun.elapsed().as_secs_f64() / 60.0
    );
    Ok(())
}

/// The next free number of a mold's releases: `shelf/mold-007`.
fn next_release(shelf: &Path, mold: &str) -> Result<PathBuf> {
    ensure!(
        shelf.is_dir(),
        "{}: no such folder; say with --out where the release belongs",
        shelf.display()
    );
    let mut last = 0;
    for entry in std::fs::read_dir(shelf).with_context(|| format!("reading {}", shelf.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let number = name
            .strip_prefix(mold)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|n| n.parse::<u32>().ok());
        last = last.max(number.unwrap_or(0));
    }
    if last == 999 {
        bail!("{}: all numbers of `{mold}` are taken", shelf.display());
    }
    Ok(shelf.join(format!("{mold}-{:03}", last + 1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Names with an ending, of other molds and of an interrupted run are no releases.
    #[test]
    fn the_next_number_is_one_above_the_last() {
        let shelf = tempfile::tempdir().unwrap();
        let next = || next_release(shelf.path(), "plate-ps").unwrap();
        assert!(next().ends_with("plate-ps-001"));
        for name in [
            "plate-ps-001",
            "plate-ps-004",
            "plate-ps-thick-009",
            "plate-ps-005.partial",
        ] {
            std::fs::create_dir(shelf.path().join(name)).unwrap();
        }
        assert!(next().ends_with("plate-ps-005"));
        assert!(next_release(&shelf.path().join("none"), "plate-ps").is_err());
    }
}

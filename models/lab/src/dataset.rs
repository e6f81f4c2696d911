//! `moldlab dataset`.

use std::path::PathBuf;

use anyhow::Result;
use models_infer::release::LatentLaw;
use models_physics::solver::downstream_of;
use models_pinn::dataset::{Options, SPREAD, generate};

use crate::progress::Progress;
use crate::simulate::load_mold;

/// Arguments of `moldlab dataset`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab dataset --mold strip-ps --shots 2400 --out data/strip-ps     # run it again to continue

A folder of Parquet parts (one row a shot) and `dataset.toml` with mold, card and seed. Latents, recipes and
waveforms are a space-filling sample (Sobol, scrambled by the seed); the same seed gives the same shots on any machine.")]
pub struct Args {
    /// Mold file, or the name of a shipped mold.
    #[arg(long)]
    mold: String,
    /// Sensor that will drive the network (default: the mold's inlet).
    #[arg(long)]
    at: Option<String>,
    /// Number of shots.
    #[arg(long, default_value_t = 2400)]
    shots: u32,
    /// Seed of the sample.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// First shot of the sample; test sets begin where training never comes.
    #[arg(long, default_value_t = 0)]
    first: u32,
    /// Share of shots whose inlet pressure is distorted and played back.
    #[arg(long, default_value_t = 0.3)]
    waveforms: f64,
    /// Prior standard deviations by which latents vary to either side of the mold's own.
    #[arg(long, default_value_t = SPREAD)]
    spread: f64,
    /// Draw latents by their prior, most of them near the mold's own, instead of evenly over their ranges.
    #[arg(long)]
    by_prior: bool,
    /// Folder for the dataset.
    #[arg(long)]
    out: PathBuf,
}

/// The law that latents are drawn by.
pub fn law(by_prior: bool) -> LatentLaw {
    if by_prior {
        LatentLaw::Prior
    } else {
        LatentLaw::Even
    }
}

/// Progress of so many things of a kind.
pub fn bar(len: u64, what: &str) -> Result<Progress> {
    Progress::new(len, what)
}

/// Runs the command.
///
/// # Errors
/// Bad input, or a folder that holds something else.
pub fn run(args: &Args) -> Result<()> {
    let mut mold = load_mold(&args.mold)?;
    if let Some(sensor) = &args.at {
        mold = downstream_of(&mold, sensor)?;
    }
    anyhow::ensure!(
        (0.0..=1.0).contains(&args.waveforms),
        "--waveforms: {} is no share between 0 and 1",
        args.waveforms
    );
    anyhow::ensure!(
        args.spread > 0.0 && args.spread <= 5.0,
        "--spread: {} is not between 0 and 5",
        args.spread
    );
    anyhow::ensure!(args.shots > 0, "--shots: at least one");
    let options = Options {
        shots: args.shots,
        seed: args.seed,
        first: args.first,
        waveforms: args.waveforms,
        spread: args.spread,
        latent_law: law(args.by_prior),
    };
    let bar = bar(u64::from(args.shots), "shots")?;
    let data = generate(&mold, &options, Some(&args.out), |done| {
        bar.set_position(done as u64)
    })?;
    bar.finish();
    let short = data.shots.iter().filter(|s| !s.is_full()).count();
    println!(
        "{}: {} shots ({short} short), {} failed",
        args.out.display(),
        data.shots.len(),
        data.failures.len()
    );
    for (index, reason) in data.failures.iter().take(5) {
        println!("  shot {index}: {reason}");
    }
    Ok(())
}

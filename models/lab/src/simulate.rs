//! `moldlab simulate`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use models_physics::drive::Drive;
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use models_physics::shot::{self, Keep, Shot};
use models_physics::solver::downstream_of;
use models_physics::{molds, recipes};

use crate::{output, pictures, sweep};

/// Arguments of `moldlab simulate`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  moldlab simulate --mold plate-ps --out out
  moldlab simulate --mold models/molds/strip-ps.toml --drive shot.csv --at p1 --out out
  moldlab simulate --mold plate-ps --sweep recipes/ --out out   # every *.toml there, resumable

The drive CSV has `time_s` and `<sensor>_pa` columns; `sensors.csv` in the output has `time_s` and one
`<sensor>_pa` column per pressure sensor of the mold, on the same times.")]
pub struct Args {
    /// Mold file, or the name of a shipped mold.
    #[arg(long)]
    mold: String,
    /// Recipe file or name of a shipped recipe (default: the mold's own).
    #[arg(long, conflicts_with_all = ["drive", "sweep"])]
    recipe: Option<String>,
    /// CSV with a measured pressure that drives the mold.
    #[arg(long, requires = "at")]
    drive: Option<PathBuf>,
    /// Sensor whose column of the drive CSV is used.
    #[arg(long, requires = "drive")]
    at: Option<String>,
    /// Folder of recipes: runs them all on all cores; finished ones are skipped on a second run.
    #[arg(long, conflicts_with = "drive")]
    sweep: Option<PathBuf>,
    /// Folder for the results (curves, summary, pictures). Without it only the summary is printed.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    /// Do not draw pictures.
    #[arg(long)]
    no_pictures: bool,
}

/// Finds a mold by file or by the name of a shipped one.
pub fn load_mold(name: &str) -> Result<Mold> {
    let path = std::path::Path::new(name);
    if path.extension().is_some() || path.exists() {
        return Ok(Mold::load(path)?);
    }
    Ok(molds::builtin(name)?)
}

fn load_recipe(name: Option<&str>, mold: &Mold) -> Result<Recipe> {
    let recipe = match name {
        None => Recipe::default_of(mold)?,
        Some(name) if name.ends_with(".toml") || std::path::Path::new(name).exists() => {
            Recipe::load(name)?
        }
        Some(name) => recipes::builtin(name)?,
    };
    recipe.fits(mold)?;
    Ok(recipe)
}

/// One shot of a recipe on a mold that has a press.
pub fn shoot(mold: &Mold, recipe: &Recipe) -> Result<Shot> {
    let Some(press) = &mold.press else {
        bail!(
            "{}: press: this mold has no press; drive it with a measured pressure: --drive CSV --at SENSOR",
            mold.file
        );
    };
    let keep = Keep {
        snapshots: snapshot_times(f64::INFINITY),
        ..Keep::default()
    };
    Ok(shot::run_recipe(
        mold,
        press,
        recipe,
        &mold.latents()?,
        mold.cut(),
        &keep,
    )?)
}

/// Runs the command.
///
/// # Errors
/// Bad input, before anything is written.
pub fn run(args: &Args) -> Result<()> {
    let mold = load_mold(&args.mold)?;
    if let Some(folder) = &args.sweep {
        let Some(out) = &args.out else {
            bail!("--sweep needs --out DIR for its results")
        };
        return sweep::run(&mold, folder, out);
    }
    let (shot, times, measured, mold) = match (&args.drive, &args.at) {
        (Some(path), Some(sensor)) => {
            let drive = Drive::load(path)?;
            drive.column(sensor)?;
            let cut = downstream_of(&mold, sensor)?;
            let (first, last) = drive.span_s();
            let keep = Keep {
                snapshots: snapshot_times(last - first),
                ..Keep::default()
            };
            let shot = shot::run_drive(
                &cut,
                &cut.latents()?,
                cut.cut(),
                &drive,
                sensor,
                last - first,
                &keep,
            )?;
            let times = drive.time_s.clone();
            (shot, times, Some(drive), cut)
        }
        _ => {
            let recipe = load_recipe(args.recipe.as_deref(), &mold)?;
            let shot = shoot(&mold, &recipe)?;
            let end = shot.moments.last().map_or(0.0, |m| m.time);
            let times = (0..=(end / OUTPUT_STEP_S) as usize)
                .map(|i| i as f64 * OUTPUT_STEP_S)
                .collect();
            (shot, times, None, mold)
        }
    };
    let summary = output::Summary::new(&mold, &shot);
    if let Some(out) = &args.out {
        let curves = output::Curves::new(&shot, &times, measured.as_ref().zip(args.at.as_deref()));
        let writer =
            output::Folder::create(out).with_context(|| format!("creating {}", out.display()))?;
        writer.write(&curves, &summary)?;
        if !args.no_pictures {
            pictures::draw(out, &mold, &shot, &curves, measured.as_ref())
                .with_context(|| format!("drawing into {}", out.display()))?;
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        print!("{}", summary.text());
    }
    Ok(())
}

/// Step of the output of a recipe-driven shot, s.
const OUTPUT_STEP_S: f64 = 0.01;

fn snapshot_times(end: f64) -> Vec<f64> {
    [0.02, 0.05, 0.1, 0.15, 0.3, 1.0, 2.0, 4.0, 8.0]
        .into_iter()
        .filter(|t| *t < end)
        .collect()
}

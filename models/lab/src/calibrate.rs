//! `moldlab calibrate`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use models_physics::calibrate::{BySolver, Fit, Fitted, Forward, Measured, SensorScore};
use models_physics::drive::Drive;
use models_physics::latents::Latent;
use models_physics::mold::{Mold, Provenance};
use models_physics::prior::{Discrepancy, LatentPrior, PriorFile, Residual};
use models_physics::solver::downstream_of;

use crate::output;
use crate::simulate::load_mold;

/// Arguments of `moldlab calibrate`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab calibrate --mold strip-ps-nominal --at p1 --out strip-new.toml \\
      --fit viscosity,wall_htc,no_flow,compliance shot1.csv shot2.csv shot3.csv

Each shot has `time_s`, the driving sensor's column and those of the sensors to match. The starting
values of the mold are the prior means. The mold file given is never changed.")]
pub struct Args {
    /// Mold file or name of a shipped mold to start from.
    #[arg(long)]
    mold: String,
    /// Sensor whose measured pressure drives the mold.
    #[arg(long)]
    at: String,
    /// Latents to fit, by name, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    fit: Vec<String>,
    /// New mold file to write; without it the result is only printed.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Seconds of each shot that count.
    #[arg(long, default_value_t = 6.0)]
    until: f64,
    /// Also fit with each shot left out in turn and score it.
    #[arg(long)]
    leave_one_out: bool,
    /// New file for what the box believes of the mold before its first shot: latents with correlations, and the
    /// discrepancy found on shots left out in turn.
    #[arg(long)]
    prior: Option<PathBuf>,
    /// Source of the shots, a key of models/cards/literature.bib, for the new file.
    #[arg(long, default_value = "")]
    source: String,
    /// Measured shots.
    #[arg(required = true)]
    shots: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Bad input, before anything is written.
pub fn run(args: &Args) -> Result<()> {
    let mold = load_mold(&args.mold)?;
    for out in args.out.iter().chain(&args.prior) {
        if out.exists() {
            bail!(
                "{}: exists already; a calibration writes a new file and never edits one",
                out.display()
            );
        }
    }
    let free = free_latents(&args.fit)?;
    let shots = load_shots(&args.shots, &args.at)?;
    let cut = downstream_of(&mold, &args.at)?;
    let material = cut.card()?.require_simulation()?;
    let solver = BySolver {
        mold: &cut,
        material: &material,
        cut: cut.cut(),
        at: &args.at,
        until: args.until,
    };
    let fit = Fit {
        forward: &solver,
        free: &free,
    };
    let start = cut.latents()?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let fitted = fit.run(&start, &shots, |i, cost| {
        bar.set_message(format!("iteration {i}, cost {cost:.2}"))
    })?;
    bar.finish_and_clear();
    report(&fitted);
    if args.leave_one_out || args.prior.is_some() {
        println!("left out in turn:");
        let mut residuals = Vec::new();
        for i in 0..shots.len() {
            let mut rest = shots.clone();
            let left_out = rest.remove(i);
            let found = fit.run(&start, &rest, |_, _| {})?;
            for curve in solver.curves(&found.latents, &left_out)? {
                let sensor = cut.sensors.iter().find(|s| s.name == curve.sensor);
                residuals.push(Residual {
                    shot: left_out.name.clone(),
                    path_m: sensor.map_or(0.0, |s| cut.path_to(&s.element) + s.at),
                    inlet: left_out.drive.column(&args.at)?[..curve.times.len()].to_vec(),
                    times: curve.times,
                    predicted: curve.simulated,
                    measured: curve.measured,
                });
            }
            print_scores(&fit.score(&found.latents, &[left_out])?);
        }
        if let Some(file) = &args.prior {
            let found = Discrepancy::fit(&residuals);
            output::replace(file, prior(&mold, args, &fitted, found)?.as_bytes())?;
            println!("wrote {}", file.display());
        }
    }
    if let Some(out) = &args.out {
        let text = calibrated(&mold, args, &fitted, out)?.to_toml()?;
        output::replace(out, text.as_bytes())
            .with_context(|| format!("writing {}", out.display()))?;
        println!("wrote {}", out.display());
    }
    Ok(())
}

/// Latents by name, each once, in the order of the list.
///
/// # Errors
/// When a name is unknown; the message lists those there are.
pub fn free_latents(names: &[String]) -> Result<Vec<Latent>> {
    let mut free = names
        .iter()
        .map(|n| Latent::from_name(n))
        .collect::<Result<Vec<_>, _>>()?;
    free.sort();
    free.dedup();
    Ok(free)
}

/// Measured shots, each with a column for the driving sensor.
///
/// # Errors
/// When a file cannot be used.
pub fn load_shots(paths: &[PathBuf], at: &str) -> Result<Vec<Measured>> {
    let load = |path: &PathBuf| {
        let drive = Drive::load(path)?;
        drive.column(at)?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Measured { name, drive })
    };
    paths.iter().map(load).collect()
}

/// Prints what a fit found.
pub fn report(fitted: &Fitted) {
    println!(
        "cost {:.1} -> {:.1} in {} iterations",
        fitted.cost[0], fitted.cost[1], fitted.iterations
    );
    for (latent, sd) in &fitted.std_dev {
        let info = latent.info();
        let bound = if fitted.at_bound.contains(latent) {
            "  AT ITS BOUND"
        } else {
            ""
        };
        println!(
            "  {:<18} {:>12.5e} +- {:.1e} {}{bound}",
            info.name, fitted.latents[*latent], sd, info.unit
        );
    }
    print_scores(&fitted.scores);
}

/// Prints the errors of each sensor.
pub fn print_scores(scores: &[SensorScore]) {
    for s in scores {
        let arrival = s
            .arrival_s
            .map_or(String::new(), |a| format!(", front {:+.0} ms", a * 1e3));
        println!(
            "  {} {}: rms error {:.2} % of peak ({:.3} MPa){arrival}",
            s.shot,
            s.sensor,
            100.0 * s.rmse_of_peak,
            s.rmse_pa * 1e-6
        );
    }
}

/// The text of a prior file.
fn prior(mold: &Mold, args: &Args, fitted: &Fitted, discrepancy: Discrepancy) -> Result<String> {
    let name = match &args.out {
        Some(out) => out.file_stem().unwrap_or_default().to_string_lossy().into(),
        None => mold.name.clone(),
    };
    let shots = fitted.scores.iter().map(|s| s.shot.clone());
    let shots: std::collections::BTreeSet<String> = shots.collect();
    let written = PriorFile {
        mold: name,
        method: format!(
            "moldlab calibrate on {}; discrepancy on each shot left out in turn, driven by {}, 0 to {} s",
            Vec::from_iter(shots).join(", "),
            args.at,
            args.until
        ),
        discrepancy,
        latent: fitted
            .std_dev
            .iter()
            .zip(&fitted.correlation)
            .map(|((latent, sd), row)| LatentPrior {
                name: latent.info().name.into(),
                sd: *sd,
                correlation: row.clone(),
            })
            .collect(),
    };
    Ok(toml::to_string(&written)?)
}

/// A copy of the mold that carries the fitted latents and where they come from.
fn calibrated(mold: &Mold, args: &Args, fitted: &Fitted, out: &std::path::Path) -> Result<Mold> {
    let mut new = mold.clone();
    new.name = out
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    new.file = out.display().to_string();
    for (latent, _) in &fitted.std_dev {
        new.latents
            .insert(latent.info().name.into(), fitted.latents[*latent]);
    }
    let mut rmse = std::collections::BTreeMap::new();
    for s in &fitted.scores {
        let entry = rmse.entry(s.sensor.clone()).or_insert((0.0, 0.0));
        *entry = (entry.0 + s.rmse_pa * s.rmse_pa, entry.1 + 1.0);
    }
    new.provenance = Some(Provenance {
        base_mold: mold.name.clone(),
        program: format!("moldlab {}", env!("CARGO_PKG_VERSION")),
        fitted_on: fitted
            .scores
            .iter()
            .map(|s| s.shot.clone())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect(),
        source: args.source.clone(),
        method: format!(
            "least squares with priors over 0 to {} s, driven by {}",
            args.until, args.at
        ),
        at_bound: fitted
            .at_bound
            .iter()
            .map(|l| l.info().name.to_owned())
            .collect(),
        std_dev: fitted
            .std_dev
            .iter()
            .map(|(l, sd)| (l.info().name.to_owned(), *sd))
            .collect(),
        rmse_pa: rmse
            .into_iter()
            .map(|(k, (sum, n))| (k, (sum / n).sqrt()))
            .collect(),
        ..Provenance::default()
    });
    Ok(new)
}

//! `moldlab train --few N`: what the solver's residual is worth when shots are few.

use std::path::Path;

use anyhow::{Context, Result};
use models_physics::mold::Mold;
use models_pinn::dataset::Dataset;
use models_pinn::few::{FewOptions, FewReport, compare};

use crate::dataset::bar;

/// Trains from few shots with and without the residual, prints both and writes a JSON file.
///
/// # Errors
/// When there are too few shots, training fails or the file cannot be written.
pub fn run(
    mold: &Mold,
    data: &Dataset,
    fresh: &Dataset,
    options: &FewOptions,
    out: &Path,
) -> Result<()> {
    let runs = options.seeds.len() * options.arms.len();
    let all = runs * options.steps + options.seeds.len() * options.fill_steps;
    let progress = bar(all as u64, "steps")?;
    let (mut done, mut before) = (0, (String::new(), 0));
    let report = compare(mold, data, fresh, options, |what, step| {
        if what != before.0 || step < before.1 {
            done += if before.0 == "fill" {
                options.fill_steps
            } else if before.0.is_empty() {
                0
            } else {
                options.steps
            };
        }
        before = (what.to_owned(), step);
        progress.set_position((done + step) as u64);
        progress.set_message(what.to_owned());
    })?;
    progress.finish();
    let text = serde_json::to_string_pretty(&report).context("writing the report as JSON")?;
    std::fs::write(out, text + "\n").with_context(|| format!("writing {}", out.display()))?;
    print(&report);
    println!("  report {} written", out.display());
    Ok(())
}

fn print(report: &FewReport) {
    println!(
        "{}: trained from {} shots, {} steps, errors on {} fresh shots (mean over seeds; each seed)",
        report.mold,
        report.labelled,
        report.runs.first().map_or(0, |r| r.steps),
        report.fresh
    );
    for (residual, name) in [(false, "data alone"), (true, "with residual")] {
        let each = |figure: fn(&models_pinn::few::FewRun) -> f64| {
            let all: Vec<String> = report
                .runs
                .iter()
                .filter(|r| r.residual == residual)
                .map(|r| format!("{:.2}", figure(r)))
                .collect();
            format!("{:.2} ({})", report.mean(residual, figure), all.join(", "))
        };
        println!(
            "  {name:<14} hold pressure {} % of peak, temperature {} K",
            each(|r| r.hold_pressure_percent),
            each(|r| r.temperature_k[0])
        );
        println!(
            "  {:<14} told when it was full: {} % of peak, {} K",
            "",
            each(|r| r.given_full[0]),
            each(|r| r.given_full[1])
        );
    }
    println!(
        "  ratio          hold pressure {:.2}, temperature {:.2}",
        report.pressure_ratio, report.temperature_ratio
    );
}

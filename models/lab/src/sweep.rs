//! `moldlab simulate --sweep`: many recipes on all cores, resumable.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use rayon::prelude::*;

use crate::output::{self, Summary};
use crate::simulate;

/// Runs every `*.toml` of `folder`; a recipe whose summary lies in `out` is done already.
pub fn run(mold: &Mold, folder: &Path, out: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{}: no recipe (*.toml) in it", folder.display());
    }
    // All recipes are read before the first one runs: bad input costs no computing.
    let recipes = files
        .iter()
        .map(|f| {
            let recipe = Recipe::load(f)?;
            recipe.fits(mold)?;
            Ok((result_of(out, f), recipe))
        })
        .collect::<Result<Vec<_>>>()?;
    std::fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
    let (done, due): (Vec<_>, Vec<_>) =
        recipes.into_iter().partition(|(result, _)| result.exists());
    if !done.is_empty() {
        println!(
            "{} of {} recipes are done already",
            done.len(),
            done.len() + due.len()
        );
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} shots, {eta} left")
        .context("progress bar")?;
    let bar = ProgressBar::new(due.len() as u64).with_style(style);
    let failures: Vec<String> = due
        .par_iter()
        .progress_with(bar)
        .filter_map(|(result, recipe)| {
            let shot = simulate::shoot(mold, recipe).and_then(|shot| {
                output::replace(
                    result,
                    &serde_json::to_vec_pretty(&Summary::new(mold, &shot))?,
                )
            });
            shot.err().map(|e| format!("{}: {e:#}", recipe.file))
        })
        .collect();
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "{} of {} recipes failed: {}",
        failures.len(),
        due.len(),
        failures.join("; ")
    )
}

fn result_of(out: &Path, recipe: &Path) -> PathBuf {
    let name = recipe.file_stem().unwrap_or_default().to_string_lossy();
    out.join(format!("{name}.json"))
}

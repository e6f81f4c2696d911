//! From a dataset to a release folder: bases, both trainings with checkpoints, errors on fresh shots, the report.
//!
//! ```text
//! work/fill.safetensors  work/later.safetensors   checkpoints
//! work/losses.csv                                 a row a look
//! work/release/                                   the finished release, moved to its place at the end
//! ```

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use candle_core::Device;
use models_infer::release::{Description, Errors, Release, sha256};
use models_physics::mold::Mold;
use models_pinn::dataset::{Dataset, Options};
use models_pinn::evaluate::{ShotScore, scores, summary};
use models_pinn::export::{describe, weights};
use models_pinn::network::{Network, Widths};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::train::{
    Checkpoint, Effort, LaterRows, Row, Watch, full_times, train_filling_watched,
    train_later_watched,
};

use crate::dataset::bar;
use crate::report;
use crate::train::{FRESH, fresh};

/// Optimiser steps for what happens while the mold fills.
pub const FILL_STEPS: usize = 12_000;
/// Optimiser steps for hold and cooling.
pub const STEPS: usize = 7_000;
/// Fresh shots that errors are measured on.
pub const FRESH_SHOTS: u32 = 96;
/// Samples of fresh shots in the report, each with its own seed; the first is what the release states.
const SAMPLES: u32 = 3;
/// Time between two checkpoints, s.
pub const CHECKPOINT_S: u64 = 20;
/// Fewest full shots that can be learned from.
const FEWEST: usize = 32;
/// Folder of the finished release inside the working folder.
const FINISHED: &str = "release";
/// Folder of the report inside a release.
pub const REPORT: &str = "report";

/// How a release is trained.
#[derive(Clone, Copy, Debug)]
pub struct TrainingPlan {
    /// Steps of the fill.
    pub fill_steps: usize,
    /// Steps of hold and cooling.
    pub steps: usize,
    /// Seed of weights and order.
    pub seed: u64,
    /// Fresh shots.
    pub fresh: u32,
    /// Time between two checkpoints, s.
    pub checkpoint_s: u64,
}

/// A path beside another: its name with an ending.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

/// The release that `make` left in a working folder.
pub fn finished(work: &Path) -> PathBuf {
    work.join(FINISHED)
}

/// Moves the finished release to its place and removes the working folder.
pub fn finish(work: &Path, out: &Path) -> Result<()> {
    std::fs::rename(finished(work), out)
        .with_context(|| format!("moving the release to {}", out.display()))?;
    std::fs::remove_dir_all(work).with_context(|| format!("removing {}", work.display()))
}

/// Trains on `data` and leaves a release in the working folder; what lies there already of the same training is gone
/// on with. Returns its errors.
pub fn make(mold: &Mold, data: Dataset, plan: &TrainingPlan, work: &Path) -> Result<Errors> {
    std::fs::create_dir_all(work).with_context(|| format!("creating {}", work.display()))?;
    let begun = Instant::now();
    let meta = data.meta.clone();
    // Everything that weights come from: another dataset, plan or program is another training.
    let identity = format!(
        "{meta:?} {} {} {} {}",
        plan.fill_steps,
        plan.steps,
        plan.seed,
        env!("CARGO_PKG_VERSION")
    );
    let prepared = Prepared::new(mold, &data, &Modes::default());
    drop(data);
    if prepared.shots.len() < FEWEST {
        bail!(
            "{}: {} full shots are too few to train on",
            mold.name,
            prepared.shots.len()
        );
    }
    let mut training = Training {
        plan,
        work,
        identity: digest(identity.as_bytes()),
        losses: [Vec::new(), Vec::new()],
    };
    let net = training.fit(&prepared)?;
    let trained_s = begun.elapsed().as_secs_f64();
    let bytes = weights(&net, &prepared)?;
    let blank = describe(mold, &meta, &prepared, plan.seed, &bytes, Errors::default())?;
    let release = Release::from_parts(blank.clone(), &bytes)?;
    let sample = |seed: u32| -> Result<Vec<ShotScore>> {
        let options = Options {
            shots: plan.fresh,
            seed,
            first: FRESH,
            ..meta.options()
        };
        Ok(scores(&release, &fresh(mold, &options)?)?)
    };
    let shots = sample(meta.seed)?;
    let elsewhere = (1..SAMPLES)
        .map(|k| meta.seed.wrapping_add(k))
        .map(|seed| Ok((seed, summary(&sample(seed)?))))
        .collect::<Result<Vec<_>>>()?;
    let found = summary(&shots);
    let about = Description {
        errors: found.clone(),
        fresh_shots: plan.fresh,
        ..blank
    };
    let out = finished(work);
    // Left by a run that was stopped here.
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("removing {}", out.display()))?;
    }
    about.write(&out, &bytes)?;
    report::write(
        &out.join(REPORT),
        &report::Told {
            about: &about,
            losses: &training.losses,
            shots: &shots,
            elsewhere: &elsewhere,
            trained_s,
        },
    )?;
    Ok(found)
}

/// The 32 bytes of a SHA-256.
fn digest(bytes: &[u8]) -> [u8; 32] {
    let hex = sha256(bytes);
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap_or(0))
}

/// A training under way.
struct Training<'a> {
    plan: &'a TrainingPlan,
    work: &'a Path,
    identity: [u8; 32],
    losses: [Vec<Row>; 2],
}

impl Training<'_> {
    /// Trains both stages, or goes on where the last run stopped.
    fn fit(&mut self, prepared: &Prepared) -> Result<Network> {
        let (bases, shots) = (&prepared.bases, &prepared.shots);
        let net = Network::new(
            Widths::default(),
            bases.fill_pressure.len() + bases.fill_temperature.len(),
            2 * bases.pressure.len() + bases.temperature.len(),
            self.plan.seed,
            &Device::Cpu,
        )?;
        let effort = Effort {
            steps: self.plan.fill_steps,
            batch: 512,
            rate: 3e-3,
            seed: self.plan.seed,
        };
        self.stage(0, "steps of the fill", effort.steps, |watch| {
            train_filling_watched(&net, shots, bases, &effort, watch)
        })?;
        let passing = full_times(&net, shots)?;
        let rows: Vec<LaterRows> = shots
            .iter()
            .zip(&passing)
            .map(|(s, p)| LaterRows::new(s, p))
            .collect();
        let effort = Effort {
            steps: self.plan.steps,
            batch: 64,
            rate: 3e-3,
            seed: self.plan.seed,
        };
        self.stage(1, "steps of hold and cooling", effort.steps, |watch| {
            train_later_watched(&net, shots, &rows, bases, &effort, watch, |_| Ok(None))
        })?;
        Ok(net)
    }

    /// One stage with its bar, its checkpoint and its rows in `losses.csv`.
    fn stage(
        &mut self,
        stage: usize,
        what: &str,
        steps: usize,
        run: impl FnOnce(&mut Watch<'_>) -> Result<Vec<Row>, models_pinn::error::PinnError>,
    ) -> Result<()> {
        let progress = bar(steps as u64, what)?;
        let path = self.work.join("losses.csv");
        let before = self.losses.clone();
        // A full disk must not end a training: the rows are in the checkpoint too.
        let mut told = |rows: &[Row]| {
            let mut all = before.clone();
            all[stage] = rows.to_vec();
            if let Err(error) = std::fs::write(&path, csv(&all)) {
                eprintln!("moldlab: {}: {error}", path.display());
            }
            if let Some(row) = rows.last() {
                progress.set_message(format!(
                    "losses {:.1e} {:.1e}, kept back {:.1e} {:.1e}",
                    row.train[0], row.train[1], row.kept_back[0], row.kept_back[1]
                ));
            }
        };
        let checkpoint = Checkpoint::new(self.work, ["fill", "later"][stage]);
        let rows = run(&mut Watch {
            keep: Some((checkpoint, self.identity)),
            pause: Duration::from_secs(self.plan.checkpoint_s),
            told: &mut told,
            stepped: &mut |step| progress.set_position(step as u64),
        })?;
        progress.finish();
        self.losses[stage] = rows;
        Ok(())
    }
}

/// All rows as a table.
pub fn csv(losses: &[Vec<Row>; 2]) -> String {
    let mut text = String::from("stage,step,rate,first,second,first_kept_back,second_kept_back\n");
    for (stage, rows) in ["fill", "later"].iter().zip(losses) {
        for r in rows {
            let [a, b] = r.train;
            let [c, d] = r.kept_back;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{stage},{},{:e},{a:e},{b:e},{c:e},{d:e}",
                r.step, r.rate
            );
        }
    }
    text
}

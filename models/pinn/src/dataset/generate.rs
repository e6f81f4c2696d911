//! Generates a dataset on all cores, part by part, and loads it.

use std::path::Path;

use models_infer::release::LatentLaw;
use models_infer::schedule::Schedule;
use models_physics::mold::Mold;
use models_physics::shot::ShotError;
use models_physics::solver::Model;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::ShotRecord;
use super::run::{Layout, run_one};
use super::sample::{SPREAD, Sampler};
use super::store::{part_path, read_part, replace, write_part};
use crate::error::PinnError;

/// Shots in a part.
const PART: u32 = 64;
/// Plans of a sample: beyond, the Sobol sequence repeats itself.
const PLANS: u32 = 1 << 16;
/// Share of failed shots above which the sample itself is at fault.
const MOST_FAILURES: f64 = 0.05;
/// Name and version of the format.
pub const FORMAT: &str = "moldsight-dataset-1";

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Number of shots planned.
    pub shots: u32,
    /// Seed of the sample.
    pub seed: u32,
    /// First plan: test sets use plans that training never saw.
    pub first: u32,
    /// Share of shots whose waveform is distorted and played back.
    pub waveforms: f64,
    /// Prior standard deviations by which latents vary to either side.
    pub spread: f64,
    /// How they lie within.
    pub latent_law: LatentLaw,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shots: 2400,
            seed: 1,
            first: 0,
            waveforms: 0.3,
            spread: SPREAD,
            latent_law: LatentLaw::Even,
        }
    }
}

/// `dataset.toml`: what the parts hold and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// [`FORMAT`].
    pub format: String,
    /// Mold and the SHA-256 of what it holds, its card included.
    pub mold: String,
    /// See `mold`.
    pub mold_sha256: String,
    /// Seed of the sample.
    pub seed: u32,
    /// First plan.
    pub first: u32,
    /// Number of plans.
    pub shots: u32,
    /// Share of waveforms.
    pub waveforms: f64,
    /// Prior standard deviations by which latents vary to either side.
    #[serde(default = "usual_spread")]
    pub spread: f64,
    /// How they lie within.
    #[serde(default)]
    pub latent_law: LatentLaw,
    /// Nodes of a field, the inlet first.
    pub nodes: usize,
    /// Melt layers of a node, mid-plane first.
    pub layers: usize,
    /// Volume of each node, m3.
    pub volume_m3: Vec<f64>,
    /// Program that wrote it.
    pub program: String,
    /// Commit it was built from, if known.
    pub commit: String,
}

fn usual_spread() -> f64 {
    SPREAD
}

/// Simulated shots of one mold, in memory.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What they are.
    pub meta: Meta,
    /// Shots in the order of their plans; failed ones are missing.
    pub shots: Vec<ShotRecord>,
    /// Plans that failed, with the reason.
    pub failures: Vec<(u32, String)>,
}

/// Hash of everything about a mold that a simulation reads.
///
/// # Errors
/// When its card cannot be used.
pub fn mold_hash(mold: &Mold) -> Result<String, PinnError> {
    let mut told = mold.clone();
    // Where the file lies says nothing about what is in it.
    told.file = String::new();
    let material = mold.card()?.require_simulation()?;
    let mut sha = Sha256::new();
    sha.update(format!("{told:?}{material:?}"));
    Ok(sha.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Commit of the checkout this program was built in, with `+` when files differ from it; "unknown" elsewhere.
fn commit() -> String {
    let git = |args: &[&str]| {
        let out = std::process::Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR")])
            .args(args)
            .output()
            .ok()?;
        out.status
            .success()
            .then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    match (
        git(&["rev-parse", "--short", "HEAD"]),
        git(&["status", "--porcelain", "-uno"]),
    ) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => commit + "+",
        _ => "unknown".into(),
    }
}

impl Meta {
    /// Of a mold and options.
    ///
    /// # Errors
    /// When the mold cannot be simulated.
    pub fn new(mold: &Mold, options: &Options) -> Result<Self, PinnError> {
        let model = Model::new(mold, &mold.latents()?, mold.cut(), None, None)?;
        let layout = Layout::of(&model);
        Ok(Self {
            format: FORMAT.into(),
            mold: mold.name.clone(),
            mold_sha256: mold_hash(mold)?,
            seed: options.seed,
            first: options.first,
            shots: options.shots,
            waveforms: options.waveforms,
            spread: options.spread,
            latent_law: options.latent_law,
            nodes: layout.nodes,
            layers: layout.layers,
            volume_m3: layout.volume,
            program: format!("moldlab {}", env!("CARGO_PKG_VERSION")),
            commit: commit(),
        })
    }

    /// What was asked for: with another first shot or seed, further shots of the same kind.
    pub fn options(&self) -> Options {
        Options {
            shots: self.shots,
            seed: self.seed,
            first: self.first,
            waveforms: self.waveforms,
            spread: self.spread,
            latent_law: self.latent_law,
        }
    }
}

/// Generates shots; with a folder, part by part, skipping parts that lie there already. `progress` is told how many
/// shots are done.
///
/// # Errors
/// When the mold cannot be simulated, the folder holds something else, more than 5 % of the shots fail, or a
/// file cannot be written.
pub fn generate(
    mold: &Mold,
    options: &Options,
    folder: Option<&Path>,
    progress: impl Fn(usize) + Sync,
) -> Result<Dataset, PinnError> {
    if u64::from(options.first) + u64::from(options.shots) > u64::from(PLANS) {
        return Err(PinnError::Plans {
            first: options.first,
            shots: options.shots,
            most: PLANS,
        });
    }
    let meta = Meta::new(mold, options)?;
    if let Some(folder) = folder {
        claim(folder, &meta)?;
    }
    let volume = meta.volume_m3.iter().sum();
    let sampler = Sampler::new(mold, volume, options)?;
    let schedule = Schedule::default();
    let (mut shots, mut failures) = (Vec::new(), Vec::new());
    let mut done = 0;
    for part in 0..options.shots.div_ceil(PART) {
        let plans = part * PART..options.shots.min((part + 1) * PART);
        let path = folder.map(|f| part_path(f, part as usize));
        if let Some(path) = path.as_ref().filter(|p| p.exists()) {
            shots.extend(part_of(path, options.first, &plans)?);
        } else {
            let run: Vec<(u32, Result<ShotRecord, ShotError>)> = plans
                .clone()
                .into_par_iter()
                .map(|i| {
                    let plan = sampler.plan(options.first + i);
                    (plan.index, run_one(mold, &sampler, &plan, &schedule))
                })
                .collect();
            let mut good = Vec::with_capacity(run.len());
            for (index, result) in run {
                match result {
                    Ok(shot) => good.push(shot),
                    Err(error) => failures.push((index, chain(&error))),
                }
            }
            if let Some(path) = path {
                write_part(&path, &good)?;
            }
            shots.extend(good);
        }
        done += plans.len();
        progress(done);
    }
    // Counted by what is missing: failures in parts that lay there already are not told again.
    let failed = (options.shots as usize).saturating_sub(shots.len());
    if failed as f64 > MOST_FAILURES * f64::from(options.shots) {
        return Err(PinnError::TooManyFailures {
            failed,
            planned: options.shots as usize,
            first: failures.first().map_or_else(
                || "in a part written before; delete the parts to see it".into(),
                |(_, reason)| reason.clone(),
            ),
        });
    }
    Ok(Dataset {
        meta,
        shots,
        failures,
    })
}

/// Reads a part and refuses shots of other plans than its own: a part exchanged or copied from elsewhere.
fn part_of(
    path: &Path,
    first: u32,
    plans: &std::ops::Range<u32>,
) -> Result<Vec<ShotRecord>, PinnError> {
    let shots = read_part(path)?;
    let own = first + plans.start..first + plans.end;
    match shots.iter().find(|s| !own.contains(&s.index)) {
        None => Ok(shots),
        Some(shot) => Err(PinnError::Dataset {
            path: path.into(),
            key: "index".into(),
            reason: format!(
                "holds shot {} where shots {} to {} belong; delete it and run `moldlab dataset` again",
                shot.index,
                own.start,
                own.end - 1
            ),
        }),
    }
}

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Takes a folder for a dataset: empty, or one of the very same dataset.
fn claim(folder: &Path, meta: &Meta) -> Result<(), PinnError> {
    let path = folder.join("dataset.toml");
    let failed = |doing| {
        let path = folder.to_path_buf();
        move |source| PinnError::File {
            doing,
            path,
            source,
        }
    };
    if path.exists() {
        let found = read_meta(folder)?;
        // Another build of the program may continue.
        let found = Meta {
            program: meta.program.clone(),
            commit: meta.commit.clone(),
            ..found
        };
        if found != *meta {
            let refuse = |key: &str, reason: String| {
                Err(PinnError::Dataset {
                    path: path.clone(),
                    key: key.into(),
                    reason,
                })
            };
            if found.mold != meta.mold {
                return refuse("mold", format!("is {}, not {}", found.mold, meta.mold));
            }
            if found.mold_sha256 != meta.mold_sha256 {
                return refuse(
                    "mold_sha256",
                    format!("`{}` has changed since; use another folder", meta.mold),
                );
            }
            let [found, asked] = [&found, meta].map(asked_for);
            let differ: Vec<(&str, String)> = found
                .into_iter()
                .zip(asked)
                .filter(|(found, asked)| found.1 != asked.1)
                .map(|(found, asked)| (found.0, format!("{} here, {} asked for", found.1, asked.1)))
                .collect();
            let keys: Vec<&str> = differ.iter().map(|d| d.0).collect();
            let told: Vec<&str> = differ.iter().map(|d| &d.1[..]).collect();
            return refuse(
                &keys.join(", "),
                format!("{}; use another folder", told.join(", ")),
            );
        }
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(failed("creating"))?;
    // What a run leaves that was stopped while it wrote the description is no dataset yet.
    let stopped = |e: &std::fs::DirEntry| e.file_name() == "dataset.partial";
    if std::fs::read_dir(folder)
        .map_err(failed("reading"))?
        .any(|e| !e.is_ok_and(|e| stopped(&e)))
    {
        return Err(PinnError::Dataset {
            path: folder.into(),
            key: "dataset.toml".into(),
            reason: "missing, and the folder is not empty; use another folder".into(),
        });
    }
    let text = toml::to_string(meta).map_err(|e| PinnError::Dataset {
        path: path.clone(),
        key: "format".into(),
        reason: e.to_string(),
    })?;
    replace(&path, text.as_bytes())
}

/// What a dataset was asked to be, key by key.
fn asked_for(meta: &Meta) -> [(&'static str, String); 9] {
    [
        ("seed", meta.seed.to_string()),
        ("first", meta.first.to_string()),
        ("shots", meta.shots.to_string()),
        ("waveforms", meta.waveforms.to_string()),
        ("spread", meta.spread.to_string()),
        ("latent_law", format!("{:?}", meta.latent_law)),
        ("nodes", meta.nodes.to_string()),
        ("layers", meta.layers.to_string()),
        ("volume_m3", format!("{:?}", meta.volume_m3)),
    ]
}

fn read_meta(folder: &Path) -> Result<Meta, PinnError> {
    let path = folder.join("dataset.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| PinnError::File {
        doing: "reading",
        path: path.clone(),
        source,
    })?;
    let meta: Meta = toml::from_str(&text).map_err(|e| PinnError::Dataset {
        path: path.clone(),
        key: "dataset.toml".into(),
        reason: e.message().to_owned(),
    })?;
    if meta.format != FORMAT {
        return Err(PinnError::Dataset {
            path,
            key: "format".into(),
            reason: format!("is `{}`; this program reads `{FORMAT}`", meta.format),
        });
    }
    Ok(meta)
}

impl Dataset {
    /// Loads a finished dataset.
    ///
    /// # Errors
    /// When a file is missing, damaged or foreign.
    pub fn load(folder: &Path) -> Result<Self, PinnError> {
        let meta = read_meta(folder)?;
        let mut shots = Vec::new();
        for part in 0..meta.shots.div_ceil(PART) {
            let plans = part * PART..meta.shots.min((part + 1) * PART);
            shots.extend(part_of(
                &part_path(folder, part as usize),
                meta.first,
                &plans,
            )?);
        }
        Ok(Self {
            meta,
            shots,
            failures: Vec::new(),
        })
    }
}

//! `moldlab export-onnx`: a release as float ONNX graphs, with a calibration set of inputs met on real shots.

mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use models_infer::backend::Cpu;
use models_infer::backend::recorder::{Record, Recorder};
use models_infer::follow::{Follower, Stage};
use models_infer::network::Network;
use models_infer::onnx::{Part, model};
use models_infer::release::{Release, sha256};
use models_physics::drive::Drive;
use models_physics::molds;
use models_pinn::dataset::{ShotRecord, mold_hash};
use models_pinn::scales::TAKEN;

use crate::npy;
use crate::output::replace;
use crate::predict::lead_in;
use crate::train::{find_release, fresh, shots_like};

/// Arguments of `moldlab export-onnx`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab export-onnx --weights strip-ps --drive models/measured/ps_shot_05.csv --out onnx/strip-ps

Writes a folder with front.onnx, fill.onnx, start.onnx, cell.onnx and later.onnx, `calibration/` (inputs met while following
shots, NumPy files), `expected/` (what the cpu kernel answered), manifest.json and README.md. models/infer/BACKENDS.md tells how
compilers of NPU vendors take them.")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Folder to write; it must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Shots to simulate for the calibration set, with latents from all over the trained range.
    #[arg(long, default_value_t = 16)]
    shots: u32,
    /// Recordings to add to it, followed at the release's own latents.
    #[arg(long, num_args = 1..)]
    drive: Vec<PathBuf>,
}

/// First simulated shot: neither training nor `verify` come there.
const FIRST: u32 = 62_000;
/// Sampling of simulated shots, s: a calibration set needs the range of inputs, not every millisecond.
const SAMPLE_S: f64 = 0.01;

/// What was met on one shot.
struct Followed {
    source: String,
    record: Record,
}

/// Runs the command.
///
/// # Errors
/// Bad input, before anything is written.
pub fn run(args: &Args) -> Result<()> {
    if args.out.exists() {
        bail!("{}: exists; use another folder", args.out.display());
    }
    let release = Release::load(&find_release(&args.weights)?)?;
    let net = Arc::new(Network::new(&release)?);
    let mut shots = Vec::new();
    for path in &args.drive {
        shots.push(recording(&net, path)?);
    }
    if args.shots > 0 {
        shots.extend(simulated(&net, args.shots)?);
    }
    if shots.is_empty() {
        bail!("no shot to calibrate with: give --shots or --drive");
    }
    write(&args.out, &net, &shots)?;
    println!(
        "{}: {} graphs and {} shots of calibration",
        args.out.display(),
        Part::ALL.len(),
        shots.len()
    );
    Ok(())
}

fn recorder(net: &Arc<Network>, latents: &[f64]) -> Result<Follower<Recorder<Cpu>>> {
    let cpu = Recorder::new(Cpu::new(net.clone()));
    Ok(Follower::on(cpu, net.clone(), latents)?)
}

fn recording(net: &Arc<Network>, path: &Path) -> Result<Followed> {
    let about = &net.about;
    let drive = Drive::load(path)?;
    let inlet = drive.column(&about.driven_by)?;
    let latents: Vec<f64> = about.latents.iter().map(|l| l.value).collect();
    let mut follower = recorder(net, &latents)?;
    let (first, told) = (drive.time_s[0], || path.display().to_string());
    let before = lead_in(&drive.time_s, inlet, about.atmosphere_pa);
    follower
        .push(-before, about.atmosphere_pa)
        .with_context(told)?;
    for (t, p) in drive.time_s.iter().zip(inlet) {
        follower.push(t - first, *p).with_context(told)?;
    }
    if follower.stage() != Stage::Full {
        bail!("{}: the mold does not fill", path.display());
    }
    Ok(Followed {
        source: path
            .file_name()
            .map_or_else(told, |n| n.to_string_lossy().into_owned()),
        record: follower.backend().record.clone(),
    })
}

/// Shots of the reference solver that lie inside the trained range and fill the mold.
fn simulated(net: &Arc<Network>, count: u32) -> Result<Vec<Followed>> {
    let about = &net.about;
    let mold = molds::builtin(&about.mold)
        .context("only recordings can calibrate this mold: use --shots 0 --drive CSV")?;
    if mold_hash(&mold)? != about.mold_sha256 {
        bail!(
            "`{}` has changed since this release was trained; train it again, or use --shots 0 --drive CSV",
            mold.name
        );
    }
    let data = fresh(&mold, &shots_like(about, count, FIRST)?)?;
    let mut all = Vec::new();
    for shot in data.shots.iter().filter(|s| s.is_full()) {
        all.extend(one(net, shot)?);
    }
    Ok(all)
}

/// `None` for a shot outside the trained range, or one the network sees short.
fn one(net: &Arc<Network>, shot: &ShotRecord) -> Result<Option<Followed>> {
    let latents: Vec<f64> = TAKEN.iter().map(|l| shot.latents[*l as usize]).collect();
    let Ok(mut follower) = recorder(net, &latents) else {
        return Ok(None);
    };
    let time: Vec<f64> = shot.time.iter().map(|t| f64::from(*t)).collect();
    let inlet: Vec<f64> = shot.inlet.iter().map(|p| f64::from(*p)).collect();
    let end = time.last().copied().unwrap_or(0.0);
    follower.push(-1e-9, net.about.atmosphere_pa)?;
    let ticks = (1..).map(|i| f64::from(i) * SAMPLE_S);
    for t in ticks.take_while(|t| *t <= end) {
        let k = time.partition_point(|x| *x < t).clamp(1, time.len() - 1);
        let w = ((t - time[k - 1]) / (time[k] - time[k - 1])).clamp(0.0, 1.0);
        let pa = inlet[k - 1] * (1.0 - w) + inlet[k] * w;
        if follower.push(t, pa).is_err() {
            return Ok(None);
        }
    }
    Ok((follower.stage() == Stage::Full).then(|| Followed {
        source: format!("simulated shot {}", shot.index),
        record: follower.backend().record.clone(),
    }))
}

/// Inputs of a part in a record, in the order of its graph, then its outputs.
fn values(record: &Record, part: Part) -> Vec<&[f32]> {
    match part {
        Part::Front => vec![&record.front.inputs, &record.front.outputs],
        Part::Fill => vec![&record.fill.inputs, &record.fill.outputs],
        Part::Start => vec![&record.start.inputs, &record.start.outputs],
        Part::Cell => vec![
            &record.cell.inputs,
            &record.dt,
            &record.before,
            &record.cell.outputs,
        ],
        Part::Later => vec![&record.later.inputs, &record.later.outputs],
    }
}

/// Rows of a part in a record.
fn rows(record: &Record, part: Part) -> usize {
    match part {
        Part::Front => record.front.len,
        Part::Fill => record.fill.len,
        Part::Start => record.start.len,
        Part::Cell => record.cell.len,
        Part::Later => record.later.len,
    }
}

/// Everything first, the manifest last: a folder with a manifest is whole.
fn write(folder: &Path, net: &Network, shots: &[Followed]) -> Result<()> {
    for inner in ["calibration", "expected"] {
        let path = folder.join(inner);
        std::fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
    }
    let mut parts = Vec::new();
    for part in Part::ALL {
        let file = format!("{}.onnx", part.name());
        let bytes = model(net, part);
        replace(&folder.join(&file), &bytes)?;
        let table = manifest::part(net, part, file, sha256(&bytes), shots);
        for (port, columns) in table.inputs.iter().chain(&table.outputs).zip(0..) {
            let all: Vec<f32> = shots
                .iter()
                .flat_map(|s| values(&s.record, part)[columns])
                .copied()
                .collect();
            replace(&folder.join(&port.file), &npy::floats(&all, port.shape[1]))?;
        }
        parts.push(table);
    }
    let from: Vec<i64> = shots.iter().flat_map(|s| &s.record.from).copied().collect();
    replace(&folder.join(manifest::FROM), &npy::integers(&from))?;
    let manifest = manifest::Manifest::new(net, parts, shots);
    replace(&folder.join("README.md"), manifest.text().as_bytes())?;
    let json = serde_json::to_vec_pretty(&manifest)?;
    replace(&folder.join("manifest.json"), &json)
}

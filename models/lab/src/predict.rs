//! `moldlab predict`: the network alone on a recording.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use models_infer::backend::check::TOLERANCE;
use models_infer::backend::{Choice, open};
use models_infer::follow::{Follower, Stage};
use models_infer::network::Network;
use models_infer::release::{Quantity, Release};
use models_physics::drive::Drive;

use crate::output::replace;
use crate::train::find_release;

/// Arguments of `moldlab predict`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab predict --weights strip-ps --drive models/measured/ps_shot_05.csv --at p1 --out sensors.csv

The output has `time_s` and one `<sensor>_pa` column per pressure sensor of the mold, on the times of the recording, as
`moldlab simulate --drive` writes them.")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// CSV with `time_s` and `<sensor>_pa`.
    #[arg(long)]
    drive: PathBuf,
    /// Sensor whose column drives the network; it must be the one the release was trained for.
    #[arg(long)]
    at: String,
    /// File for the predicted pressures.
    #[arg(long)]
    out: PathBuf,
    /// What computes: cpu, onnx[:PROVIDER[:DEVICE]] or cuda[:NUMBER]; the last two where they were built in.
    #[arg(long, default_value = "cpu")]
    backend: String,
    /// How far a backend's readings may be from the cpu kernel's on the start-up shot, of full scale.
    #[arg(long, default_value_t = TOLERANCE)]
    tolerance: f64,
}

/// Runs the command.
///
/// # Errors
/// Bad input, before anything is written.
pub fn run(args: &Args) -> Result<()> {
    let release = Release::load(&find_release(&args.weights)?)?;
    let about = &release.about;
    if args.at != about.driven_by {
        bail!(
            "--at: this release of `{}` is driven by `{}`, not by `{}`",
            about.mold,
            about.driven_by,
            args.at
        );
    }
    let drive = Drive::load(&args.drive)?;
    let inlet = drive.column(&args.at)?;
    let latents: Vec<f64> = about.latents.iter().map(|l| l.value).collect();
    let net = Arc::new(Network::new(&release)?);
    let backend = open(&args.backend.parse::<Choice>()?, &net, args.tolerance)?;
    let mut follower = Follower::on(backend, net.clone(), &latents)?;
    let columns: Vec<usize> = (0..about.sensors.len())
        .filter(|i| about.sensors[*i].quantity == Quantity::Pressure)
        .collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    let header = std::iter::once("time_s".to_owned()).chain(
        columns
            .iter()
            .map(|i| format!("{}_pa", about.sensors[*i].name)),
    );
    table.write_record(header)?;
    let first = drive.time_s[0];
    follower.push(
        -lead_in(&drive.time_s, inlet, about.atmosphere_pa),
        about.atmosphere_pa,
    )?;
    for (t, p) in drive.time_s.iter().zip(inlet) {
        let told = || format!("{}: {:.4} s", args.drive.display(), t);
        // A recording's first sample may be the first of the shot itself.
        if t - first > 0.0 || *p > about.atmosphere_pa {
            follower.push(t - first, *p).with_context(told)?;
        }
        let row = std::iter::once(format!("{t}")).chain(
            columns
                .iter()
                .map(|i| format!("{:.1}", follower.readings()[*i])),
        );
        table.write_record(row)?;
    }
    let bytes = table
        .into_inner()
        .map_err(|e| anyhow::anyhow!("writing the table: {e}"))?;
    replace(&args.out, &bytes)?;
    match follower.stage() {
        Stage::Waiting => println!("{}: no melt came", args.out.display()),
        Stage::Filling => println!(
            "{}: the mold did not fill: {:.1} %",
            args.out.display(),
            100.0 * follower.filled()
        ),
        Stage::Full => println!(
            "{}: full at {:.3} s",
            args.out.display(),
            follower.full_at() + first
        ),
    }
    Ok(())
}

/// Time before the first sample at which melt passed the sensor, s: a recording that begins above atmosphere is continued
/// backwards, by at most two samples. Never zero, so that time rises.
pub fn lead_in(time: &[f64], p: &[f64], atmosphere: f64) -> f64 {
    let (above, rise, step) = (p[0] - atmosphere, p[1] - p[0], time[1] - time[0]);
    if above > 0.0 && rise > 0.0 {
        (above / rise).min(2.0) * step
    } else {
        1e-6
    }
}

//! `moldsight estimate`: the pipeline of the box over a recording.

use std::path::PathBuf;
use std::sync::Arc;

use appliance_pipeline::estimator::{Estimator, Happened};
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::sample::Sample;
use appliance_pipeline::shot::ShotRecord;
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::drive::Drive;

use crate::error::DaemonError;
use crate::{find, keep};

/// Arguments of `moldsight estimate`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  moldsight estimate --weights strip-ps --recording shot.csv --use p1 --out estimates.csv

The recording has `time_s` and `<sensor>_pa` columns, absolute pressures. The output has the same times and, for every pressure
sensor of the mold that was not used, `<sensor>_pa` and its standard deviation `<sensor>_sd_pa`.")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    pub weights: String,
    /// Mold file, when the mold does not ship with the box.
    #[arg(long)]
    pub mold: Option<String>,
    /// Recording.
    #[arg(long)]
    pub recording: PathBuf,
    /// Sensors to use, separated by commas; the driving one among them.
    #[arg(long = "use", value_delimiter = ',', required = true)]
    pub used: Vec<String>,
    /// File for the estimates.
    #[arg(long)]
    pub out: PathBuf,
    /// Use the reduced solver alone, without the network.
    #[arg(long)]
    pub witness: bool,
}

/// Runs the command; returns what the shots came to, a line each.
///
/// # Errors
/// Bad input, before anything is written.
pub fn run(args: &Args) -> Result<Vec<String>, DaemonError> {
    let release = Release::load(&models_infer::shelf::find(&args.weights, &find::shelf())?)?;
    let mold = find::mold(args.mold.as_deref().unwrap_or(&release.about.mold))?;
    let network = if args.witness {
        None
    } else {
        Some(Arc::new(Network::new(&release)?))
    };
    let mut keeper = Keeper::new(&mold, network, &args.used)?;
    let drive = Drive::load(&args.recording)?;
    let columns: Vec<(usize, &[f64])> = args
        .used
        .iter()
        .map(|name| {
            let place = keeper
                .setup()
                .places
                .iter()
                .position(|p| p.name == *name)
                .unwrap_or(0);
            Ok((place, drive.column(name)?))
        })
        .collect::<Result<_, DaemonError>>()?;
    let shown: Vec<usize> = (0..keeper.setup().places.len())
        .filter(|i| keeper.setup().places[*i].is_pressure() && !columns.iter().any(|(c, _)| c == i))
        .collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut row = vec!["time_s".to_owned()];
    for i in &shown {
        let name = &keeper.setup().places[*i].name;
        row.extend([format!("{name}_pa"), format!("{name}_sd_pa")]);
    }
    write(&mut table, &row, args)?;
    let mut estimator = Estimator::new(keeper.setup().clone(), keeper.tuning()?);
    let mut told = Vec::new();
    for (k, t) in drive.time_s.iter().enumerate() {
        let mut sample = Sample::at(*t);
        for (place, column) in &columns {
            sample.sensors[*place] = column[k];
        }
        let happened = estimator.step(&sample);
        if matches!(happened, Happened::Ended | Happened::EndedAndBegan) {
            told.push(finish(
                &mut estimator,
                &mut keeper,
                happened == Happened::Ended,
            )?);
        }
        let estimate = estimator.estimate();
        row.clear();
        row.push(t.to_string());
        for i in &shown {
            row.extend([number(estimate.value[*i]), number(estimate.sd[*i])]);
        }
        write(&mut table, &row, args)?;
    }
    let bytes = table.into_inner().map_err(|e| DaemonError::Write {
        path: args.out.clone(),
        source: e.into_error(),
    })?;
    keep::write(&args.out, &bytes).map_err(|source| DaemonError::Write {
        path: args.out.clone(),
        source,
    })?;
    if told.is_empty() {
        told.push("the recording ends before the shot does".into());
    }
    Ok(told)
}

/// A shot is over; the next one is followed with what it taught, unless it has already begun.
fn finish(
    estimator: &mut Estimator,
    keeper: &mut Keeper,
    between: bool,
) -> Result<String, DaemonError> {
    let record = estimator.take(Box::new(ShotRecord::new()));
    let summary = keeper.finish(&record);
    if between {
        estimator.retune(keeper.tuning()?);
    }
    Ok(format!(
        "shot {}: {:?}, {:.1} s, highest at the end of the flow {:.2} +- {:.2} MPa, network off the witness by {:.2} % of peak",
        summary.shot,
        summary.kind,
        record.ended_s,
        summary.end_of_fill_pa[0] * 1e-6,
        summary.end_of_fill_pa[1] * 1e-6,
        100.0 * summary.findings.witness_error
    ))
}

fn number(v: f64) -> String {
    if v.is_finite() {
        format!("{v:.1}")
    } else {
        String::new()
    }
}

fn write(table: &mut csv::Writer<Vec<u8>>, row: &[String], args: &Args) -> Result<(), DaemonError> {
    table.write_record(row).map_err(|e| DaemonError::Write {
        path: args.out.clone(),
        source: e.into(),
    })
}

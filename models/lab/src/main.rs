//! `moldlab`, the workbench: simulate, calibrate and validate molds, and predict quality from tables.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod calibrate;
mod dataset;
mod export_onnx;
mod few;
mod identify;
mod npy;
mod output;
mod pictures;
mod plot;
mod predict;
mod progress;
mod quality;
mod quantize;
mod release;
mod report;
mod signature;
mod simulate;
mod sweep;
mod train;
mod training;
mod validate;

/// The workbench of Moldsight: physics of a mold, from its geometry to its part.
#[derive(Parser)]
#[command(name = "moldlab", version, about, long_about = None)]
#[command(after_help = "Exit codes: 0 done; 1 a check failed; 2 bad input, nothing was written.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Simulate whole shots from a press recipe or from a measured pressure.
    Simulate(simulate::Args),
    /// Fit latents of a mold to measured shots; writes a new mold file.
    Calibrate(calibrate::Args),
    /// Check the solver against closed-form reference numbers.
    Validate(validate::Args),
    /// Simulate a space-filling sample of shots to train on.
    Dataset(dataset::Args),
    /// Train the virtual sensor of a mold; writes a release.
    Train(train::TrainArgs),
    /// Add 8-bit weights to a release; writes a new one.
    Quantize(quantize::Args),
    /// From a mold to a signed release in one command: dataset, training, errors, report, signature.
    Release(release::Args),
    /// Recompute the errors of a release on fresh shots; say who signed it.
    Verify(train::VerifyArgs),
    /// Identify latents from few measured shots through the network; compare flow laws.
    Identify(identify::Args),
    /// Run a release alone on a recording.
    Predict(predict::Args),
    /// Write a release as float ONNX graphs with a calibration set, for compilers of NPU vendors.
    ExportOnnx(export_onnx::Args),
    /// Predict part quality from a table of features, with bands.
    Quality(quality::QualityArgs),
}

fn main() -> ExitCode {
    one_candle_thread();
    let done = match Cli::parse().command {
        Command::Simulate(args) => simulate::run(&args).map(|()| true),
        Command::Calibrate(args) => calibrate::run(&args).map(|()| true),
        Command::Validate(args) => validate::run(&args),
        Command::Dataset(args) => dataset::run(&args).map(|()| true),
        Command::Train(args) => train::train(&args).map(|()| true),
        Command::Quantize(args) => quantize::run(&args),
        Command::Release(args) => release::run(&args).map(|()| true),
        Command::Verify(args) => train::verify(&args),
        Command::Identify(args) => identify::run(&args).map(|()| true),
        Command::Predict(args) => predict::run(&args).map(|()| true),
        Command::ExportOnnx(args) => export_onnx::run(&args).map(|()| true),
        Command::Quality(args) => quality::run(&args)
            .map(|()| true)
            .map_err(anyhow::Error::from),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // One line: what was attempted, then every cause.
            eprintln!("moldlab: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Keeps candle from starting threads of its own, which wait by spinning: the work is split by rayon already.
fn one_candle_thread() {
    let name = "CANDLE_NUM_THREADS";
    if std::env::var_os(name).is_none() {
        // SAFETY: the first line of the program; no other thread runs yet.
        unsafe { std::env::set_var(name, "1") };
    }
}

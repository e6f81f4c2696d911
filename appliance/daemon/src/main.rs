//! `moldsight`: the box beside the press.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use appliance_daemon::estimate;

/// The box beside the press: estimates what happens inside the closed mold.
#[derive(Parser)]
#[command(name = "moldsight", version, about, long_about = None)]
#[command(after_help = "Exit codes: 0 done; 2 bad input or configuration, nothing was written.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the box's pipeline over a recording.
    Estimate(estimate::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Estimate(args) => estimate::run(&args)
            .map_err(anyhow::Error::from)
            .map(|lines| {
                for line in lines {
                    println!("{line}");
                }
            }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what was attempted, then every cause.
            eprintln!("moldsight: {error:#}");
            ExitCode::from(2)
        }
    }
}

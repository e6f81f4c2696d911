//! `moldsight`: the box beside the press.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use appliance_daemon::{DaemonError, doctor, estimate, export, run, user};

/// The box beside the press: estimates what happens inside the closed mold.
#[derive(Parser)]
#[command(name = "moldsight", version, about, long_about = None)]
#[command(
    after_help = "Exit codes: 0 done; 1 the doctor found something; 2 bad input or configuration, nothing was written."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the box.
    Run(run::Args),
    /// Run the box's pipeline over a recording.
    Estimate(estimate::Args),
    /// Look at ports, rights, disk, clock and model, and say what to do.
    Doctor(doctor::Args),
    /// Write recorded shots into a folder.
    Export(export::Args),
    /// Accounts of the page.
    User(user::Args),
}

/// What the web side warns of goes to the system's journal, which adds the time. The client of OPC UA would fill it at every attempt
/// to reach a press that is off; the box says once what became of the link.
fn journal() {
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false)
        .without_time()
        .with_writer(std::io::stderr);
    let heard = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("opcua_client", LevelFilter::OFF);
    tracing_subscriber::registry()
        .with(lines)
        .with(heard)
        .init();
}

fn main() -> ExitCode {
    journal();
    let print = |lines: Vec<String>| {
        lines.iter().for_each(|l| println!("{l}"));
        ExitCode::SUCCESS
    };
    let done: Result<ExitCode, DaemonError> = match Cli::parse().command {
        Command::Run(args) => run::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Estimate(args) => estimate::run(&args).map(print),
        Command::Export(args) => export::run(&args).map(|line| print(vec![line])),
        Command::User(args) => user::run(&args).map(print),
        Command::Doctor(args) => doctor::run(&args).map(|found| {
            for f in &found {
                println!("{} {}", if f.good { "ok  " } else { "LOOK" }, f.text);
                if let Some(advice) = &f.advice {
                    println!("       {advice}");
                }
            }
            ExitCode::from(u8::from(found.iter().any(|f| !f.good)))
        }),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // One line: what was attempted, then every cause.
            eprintln!("moldsight: {:#}", anyhow::Error::from(error));
            ExitCode::from(2)
        }
    }
}

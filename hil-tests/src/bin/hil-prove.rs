//! Tells every story in full and prints a line for each claim. Fails if one does not hold.

use hil_tests::{Figure, RigError, stories};
use std::process::ExitCode;

fn all() -> Result<Vec<Figure>, RigError> {
    let seconds = |name: &str, otherwise: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let program = std::env::current_exe()
        .map_err(RigError::io("finding this program"))?
        .with_file_name("box-acquire");
    let mut figures = Vec::new();
    let mut tell = |part: Vec<Figure>| {
        for figure in &part {
            println!("{figure}");
        }
        figures.extend(part);
    };
    tell(stories::steady::run(seconds("STEADY_SECONDS", 60))?);
    tell(stories::transfer::run(5)?);
    tell(stories::sorting::run(10)?);
    tell(stories::oddities::run()?);
    tell(stories::many_channels::run(
        &program,
        seconds("MANY_CHANNELS_SECONDS", 300),
    )?);
    Ok(figures)
}

fn main() -> ExitCode {
    match all() {
        Ok(figures) => {
            let held = figures.iter().filter(|figure| figure.holds).count();
            println!("{held} passed, {} failed", figures.len() - held);
            if held == figures.len() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!(
                "the rig failed: {error}: {:?}",
                std::error::Error::source(&error)
            );
            ExitCode::FAILURE
        }
    }
}

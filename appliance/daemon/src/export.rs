//! `moldsight export`: shots as files for anyone.

use std::path::PathBuf;

use appliance_recorder::{Book, ExportFormat, ExportRange, Settings};
use models_physics::latents::LATENTS;

use crate::config::{Config, unit_of};
use crate::error::DaemonError;
use crate::quality::is_feature;

/// Arguments of `moldsight export`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example:
  moldsight export --days 2026-03-01..2026-03-02 --format csv --out claim-17

The folder has the shots, their curves, labels, log and events, and a dictionary of every column.")]
pub struct Args {
    /// Configuration file.
    #[arg(long, default_value = "/etc/moldsight/moldsight.toml")]
    pub config: PathBuf,
    /// First and last shot, `120..140`.
    #[arg(long, conflicts_with = "days")]
    pub shots: Option<String>,
    /// First and last day in UTC, `2026-03-01..2026-03-02`.
    #[arg(long, required_unless_present = "shots")]
    pub days: Option<String>,
    /// csv or parquet.
    #[arg(long, default_value = "csv")]
    pub format: String,
    /// New folder.
    #[arg(long)]
    pub out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When the range is empty or wrong, or a disk refuses.
pub fn run(args: &Args) -> Result<String, DaemonError> {
    let config = Config::load(&args.config)?;
    let wrong = |argument, reason: String| DaemonError::Argument { argument, reason };
    let format = match args.format.as_str() {
        "csv" => ExportFormat::Csv,
        "parquet" => ExportFormat::Parquet,
        other => {
            return Err(wrong(
                "--format",
                format!("`{other}` is neither csv nor parquet"),
            ));
        }
    };
    let range = match (&args.shots, &args.days) {
        (Some(text), _) => {
            let (first, last) = ends("--shots", text)?;
            let number = |t: &str| {
                t.parse()
                    .map_err(|_| wrong("--shots", format!("`{t}` is no shot number")))
            };
            ExportRange::Shots {
                first: number(first)?,
                last: number(last)?,
            }
        }
        (None, Some(text)) => {
            let (first, last) = ends("--days", text)?;
            ExportRange::days(first, last)?
        }
        (None, None) => return Err(wrong("--shots", "or --days is needed".into())),
    };
    let book = Book::new(&Settings::in_folder(config.data.join("records")));
    let made = appliance_recorder::export_with(unit, &book, range, format, &args.out)?;
    Ok(format!(
        "{}: {} shots, {} of them without curves",
        made.folder.display(),
        made.shots,
        made.without_curves
    ))
}

/// Units of columns whose names have none.
pub fn unit(column: &str) -> Option<&'static str> {
    let (group, name) = column.split_once('.')?;
    match group {
        "latent" => LATENTS.iter().find(|l| l.name == name).map(|l| l.unit),
        "quality" => unit_of(name),
        _ if !is_feature(name) || matches!(name, "surprise" | "witness_error") => Some("1"),
        _ => None,
    }
}

fn ends<'a>(argument: &'static str, text: &'a str) -> Result<(&'a str, &'a str), DaemonError> {
    text.split_once("..").ok_or_else(|| DaemonError::Argument {
        argument,
        reason: format!("`{text}` is not FIRST..LAST"),
    })
}

//! `moldlab quality`: predict part quality from a plain table, or report how well that works.

use std::path::PathBuf;

use clap::Args;
use models_quality::{Predictor, QualityError, Table, evaluate, read_features};

/// Predict part quality from a plain table, with a standard deviation per row.
///
/// Trains on `--train`, then either predicts `--predict` into `--out` (one row per input row, same
/// order: prediction, sd, out_of_range) or, with `--report`, cross-validates on settings left out
/// beside plain boosted trees.
#[derive(Args, Debug)]
pub struct QualityArgs {
    /// Table to learn from, CSV with a header.
    #[arg(long, value_name = "CSV")]
    train: PathBuf,
    /// Columns to use, one name per line.
    #[arg(long, value_name = "FILE")]
    features: PathBuf,
    /// Column to predict.
    #[arg(long, value_name = "COLUMN")]
    target: String,
    /// Table to predict; it needs the features, not the target.
    #[arg(
        long,
        value_name = "CSV",
        requires = "out",
        required_unless_present = "report"
    )]
    predict: Option<PathBuf>,
    /// Where the predictions go.
    #[arg(long, value_name = "CSV")]
    out: Option<PathBuf>,
    /// Cross-validate instead of predicting.
    #[arg(long, conflicts_with = "predict")]
    report: bool,
    /// Random deals of the settings in the report.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Folds in the report.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=50))]
    folds: u64,
}

/// Why `moldlab quality` stopped.
#[derive(Debug, thiserror::Error)]
pub enum QualityCommandError {
    /// Learning or predicting failed.
    #[error(transparent)]
    Quality(#[from] QualityError),
    /// The predictions could not be written.
    #[error("writing `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Runs the command.
pub fn run(args: &QualityArgs) -> Result<(), QualityCommandError> {
    let names = read_features(&args.features)?;
    if names.contains(&args.target) {
        return Err(QualityError::TargetIsFeature {
            column: args.target.clone(),
        }
        .into());
    }
    let table = Table::read(&args.train)?;
    let (x, y) = (table.features(&names)?, table.column(&args.target)?);
    let (settings, grouping) = table.settings();
    let count = settings.iter().max().map_or(0, |m| m + 1);
    eprintln!(
        "{} rows in {count} settings, told apart by {grouping}; {} features",
        table.len(),
        names.len()
    );
    if args.report {
        return report(args, &x, &y, &settings);
    }
    let (Some(predict), Some(out)) = (&args.predict, &args.out) else {
        return Ok(());
    };
    let asked = Table::read(predict)?;
    let unseen = asked.features(&names)?;
    let predictor = Predictor::fit(&x, &y, &settings, 0)?;
    for &row in predictor.outliers() {
        eprintln!(
            "outlier in training, its features clipped: `{}` line {}",
            args.train.display(),
            table.line(row)
        );
    }
    let mut text = String::from("prediction,sd,out_of_range\n");
    for (row, p) in predictor.predict(&unseen).into_iter().enumerate() {
        if !p.out_of_range.is_empty() {
            let columns: Vec<&str> = p.out_of_range.iter().map(|&k| names[k].as_str()).collect();
            eprintln!(
                "out of range: `{}` line {}: {}",
                predict.display(),
                asked.line(row),
                columns.join(", ")
            );
        }
        text.push_str(&format!(
            "{:.9},{:.9},{}\n",
            p.value,
            p.sd,
            u8::from(!p.out_of_range.is_empty())
        ));
    }
    std::fs::write(out, text).map_err(|source| QualityCommandError::Write {
        path: out.clone(),
        source,
    })
}

fn report(
    args: &QualityArgs,
    x: &models_quality::Matrix,
    y: &[f64],
    settings: &[usize],
) -> Result<(), QualityCommandError> {
    println!(
        "{}: settings left out, {} folds; RMSE in percent of the mean",
        args.target, args.folds
    );
    println!("seed   own     trees   ratio  coverage of the 90 % band");
    let mut scores = Vec::new();
    for seed in 1..=args.seeds {
        let s = evaluate::leave_settings_out(x, y, settings, args.folds as usize, seed)?;
        println!(
            "{:4}   {:.4}  {:.4}  {:.3}  {:.3}",
            s.seed,
            s.own_percent,
            s.trees_percent,
            s.ratio(),
            s.coverage
        );
        scores.push(s);
    }
    let mean =
        |f: fn(&evaluate::Score) -> f64| scores.iter().map(f).sum::<f64>() / scores.len() as f64;
    let worst = |f: fn(&evaluate::Score) -> f64| scores.iter().map(f).fold(f64::MIN, f64::max);
    for (name, own, trees, ratio) in [
        (
            "mean ",
            mean(|s| s.own_percent),
            mean(|s| s.trees_percent),
            mean(evaluate::Score::ratio),
        ),
        (
            "worst",
            worst(|s| s.own_percent),
            worst(|s| s.trees_percent),
            worst(evaluate::Score::ratio),
        ),
    ] {
        println!(
            "{name}  {own:.4}  {trees:.4}  {ratio:.3}  {:.3}",
            mean(|s| s.coverage)
        );
    }
    Ok(())
}

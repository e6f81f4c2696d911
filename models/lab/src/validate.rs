//! `moldlab validate`: the solver against closed forms.

use std::io::Write;

use models_physics::validation::{self, Row};

/// Check the solver against closed forms and independently computed numbers.
///
/// Exits with 1 when a row is off by more than its tolerance.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print an array of rows as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A row as JSON has it; numbers that do not exist are null.
#[derive(serde::Serialize)]
struct JsonRow<'a> {
    id: &'a str,
    case: &'a str,
    expected: f64,
    found: f64,
    unit: &'a str,
    error: f64,
    tolerance: f64,
    /// True when error and tolerance are in `unit`, false when they are shares of the reference.
    absolute: bool,
    order: Option<f64>,
    pass: bool,
}

impl<'a> From<&'a Row> for JsonRow<'a> {
    fn from(row: &'a Row) -> Self {
        let Row {
            id,
            case,
            expected,
            found,
            unit,
            error,
            tolerance,
            absolute,
            order,
            pass,
        } = row;
        Self {
            id,
            case,
            expected: *expected,
            found: *found,
            unit,
            error: *error,
            tolerance: *tolerance,
            absolute: *absolute,
            order: *order,
            pass: *pass,
        }
    }
}

/// Prints the table. True when every row passes.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<bool> {
    let rows = validation::rows();
    let mut out = std::io::stdout().lock();
    if args.json {
        let rows: Vec<JsonRow> = rows.iter().map(JsonRow::from).collect();
        serde_json::to_writer_pretty(&mut out, &rows)?;
        writeln!(out)?;
    } else {
        table(&rows, &mut out)?;
    }
    Ok(rows.iter().all(|row| row.pass))
}

/// One line a row, with what was missed at the end.
fn table(rows: &[Row], out: &mut impl Write) -> std::io::Result<()> {
    let id = rows.iter().map(|r| r.id.len()).max().unwrap_or(0);
    let case = rows.iter().map(|r| r.case.len()).max().unwrap_or(0);
    writeln!(
        out,
        "{:id$}  {:case$}  {:>11}  {:>11}  {:6}{:>10}  {:>10}  {:>5}",
        "id", "case", "expected", "found", "unit", "error", "tolerance", "order"
    )?;
    for row in rows {
        let measure = |x: f64| {
            if row.absolute {
                format!("{x:.2e}")
            } else {
                format!("{:.4} %", 100.0 * x)
            }
        };
        let order = row
            .order
            .map_or_else(|| "-".into(), |order| format!("{order:.2}"));
        let verdict = if row.pass { "pass" } else { "MISSED" };
        writeln!(
            out,
            "{:id$}  {:case$}  {:>11.6}  {:>11.6}  {:6}{:>10}  {:>10}  {order:>5}  {verdict}",
            row.id,
            row.case,
            row.expected,
            row.found,
            row.unit,
            measure(row.error),
            measure(row.tolerance),
        )?;
    }
    let missed = rows.iter().filter(|r| !r.pass).count();
    writeln!(
        out,
        "{} rows, {} pass, {missed} missed",
        rows.len(),
        rows.len() - missed
    )
}

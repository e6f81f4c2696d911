//! CSV to waveforms, refusing everything that would be simulated wrongly without a word.

use super::Drive;
use crate::input::InputError;

/// Largest step over the median step that is not a gap.
const GAP: f64 = 5.0;
/// Largest pressure that is not a slipped unit, Pa.
const LARGEST_PA: f64 = 1e9;
/// Ending of the columns that are read.
const SUFFIX: &str = "_pa";

pub(super) fn from_csv(text: &str, file: &str) -> Result<Drive, InputError> {
    let error = |place: String, reason: String| InputError::Table {
        file: file.to_owned(),
        place,
        reason,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(e) => return Err(error("line 1".into(), e.to_string())),
    };
    if header.iter().all(str::is_empty) {
        return Err(error("line 1".into(), "the file is empty".into()));
    }
    for (i, name) in header.iter().enumerate() {
        let read = name == "time_s" || name.ends_with(SUFFIX);
        if read && header.iter().take(i).any(|before| before == name) {
            return Err(error(format!("column {name}"), "given twice".into()));
        }
    }
    let Some(time_at) = header.iter().position(|name| name == "time_s") else {
        return Err(error("column time_s".into(), "missing".into()));
    };
    let sensors: Vec<(usize, &str)> = (header.iter().enumerate())
        .filter_map(|(i, name)| Some((i, name.strip_suffix(SUFFIX)?)))
        .filter(|(_, name)| !name.is_empty())
        .collect();
    if sensors.is_empty() {
        return Err(error(
            "column <sensor>_pa".into(),
            "missing: there is no pressure".into(),
        ));
    }
    let mut lines = Vec::new();
    let mut time_s = Vec::new();
    let mut columns: Vec<(String, Vec<f64>)> = sensors
        .iter()
        .map(|(_, name)| ((*name).to_owned(), Vec::new()))
        .collect();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            error(format!("line {line}"), e.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let number = |at: usize, name: &str| {
            let place = format!("line {line}, column {name}");
            let text = record.get(at).unwrap_or("");
            if text.is_empty() {
                return Err(error(place, "empty".into()));
            }
            match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                Ok(value) => Err(error(
                    place,
                    format!("must be a finite number, found {value}"),
                )),
                Err(_) => Err(error(place, format!("must be a number, found {text:?}"))),
            }
        };
        time_s.push(number(time_at, "time_s")?);
        lines.push(line);
        for ((at, name), (_, values)) in sensors.iter().zip(&mut columns) {
            let name = format!("{name}{SUFFIX}");
            let pa = number(*at, &name)?;
            if !(0.0..=LARGEST_PA).contains(&pa) {
                let reason =
                    format!("must be an absolute pressure of 0 to {LARGEST_PA:e} Pa, found {pa}");
                return Err(error(format!("line {line}, column {name}"), reason));
            }
            values.push(pa);
        }
    }
    if time_s.len() < 2 {
        let reason = format!("needs at least two rows of data, found {}", time_s.len());
        return Err(error("line 2".into(), reason));
    }
    check_times(&time_s)
        .map_err(|(row, reason)| error(format!("line {}, column time_s", lines[row]), reason))?;
    Ok(Drive {
        file: file.to_owned(),
        time_s,
        columns,
    })
}

/// Times rise and no step is a gap; the index of the first offending row and why.
fn check_times(time_s: &[f64]) -> Result<(), (usize, String)> {
    let mut steps = Vec::with_capacity(time_s.len() - 1);
    for (i, pair) in time_s.windows(2).enumerate() {
        let step = pair[1] - pair[0];
        if step == 0.0 {
            return Err((i + 1, format!("time {} is given twice", pair[1])));
        }
        if step < 0.0 {
            return Err((
                i + 1,
                format!("must rise, found {} after {}", pair[1], pair[0]),
            ));
        }
        steps.push(step);
    }
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    match steps.iter().position(|step| *step > GAP * median) {
        Some(i) => {
            let (from, to) = (time_s[i], time_s[i + 1]);
            let reason = format!("gap from {from} to {to} s where the usual step is {median:.6} s");
            Err((i + 1, reason))
        }
        None => Ok(()),
    }
}

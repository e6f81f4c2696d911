//! The two Parquet files of a shot: raw codes, and estimates.
//!
//! Raw codes: one row group per group of channels, told apart by the column `series`; all files
//! have `series`, `time_ns`, `tick`, `index`, `flags` and one i32 column per channel. The key
//! `moldsight.shot` holds, as JSON, what the codes mean and everything else known about the shot.
//! Estimates: `time_ns`, `phase`, `gated`, and for each virtual sensor `<name>` and `<name>_sd`,
//! for each measurement `innovation.<name>` and `innovation_sd.<name>`.

use crate::columns::{Column, File, Values, from_parquet, to_parquet};
use crate::error::RecorderError;
use crate::log::record::{
    ChannelTable, ContextNote, EstimateTable, Lost, Quantity, ShotBegin, ShotEnd,
};
use crate::log::shot::{Series, ShotData};
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Key of the JSON in both files.
const KEY: &str = "moldsight.shot";

/// Rows of one group of channels: what the codes mean and which columns they lie in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesAbout {
    /// Node, rates and channels.
    pub table: ChannelTable,
    /// Column of each channel.
    pub columns: Vec<String>,
}

/// What a file says about its shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShotAbout {
    /// Format of the file.
    pub format: u32,
    /// The recorder's session.
    pub session: u64,
    /// Its beginning.
    pub begin: ShotBegin,
    /// Its end; `None` when it was cut off.
    pub end: Option<ShotEnd>,
    /// What became known in between.
    pub notes: Vec<ContextNote>,
    /// What could not be kept.
    pub lost: Vec<Lost>,
    /// By the column `series`.
    pub series: Vec<SeriesAbout>,
    /// Columns of the estimates.
    pub estimates: EstimateTable,
}

/// A shot without its curves, as the files carry it. A result that is not a number has no place in
/// JSON and is left out.
#[must_use]
pub fn about(shot: &ShotData) -> ShotAbout {
    let mut end = shot.end.clone();
    if let Some(ShotEnd { summary, .. }) = &mut end {
        summary.features.retain(|_, v| v.is_finite());
        summary.latents.retain(|_, v| v.is_finite());
        summary.quality.retain(|_, v| v.is_finite());
        summary.phases.retain(|p| p.at_s.is_finite());
    }
    ShotAbout {
        format: 1,
        session: shot.session,
        begin: shot.begin.clone(),
        end,
        notes: shot.notes.clone(),
        lost: shot.lost.clone(),
        series: series_about(&shot.series),
        estimates: shot.estimates.table.clone(),
    }
}

/// A channel keeps its name where that is enough, and gets its node and group where it is not.
fn series_about(series: &[Series]) -> Vec<SeriesAbout> {
    let mut places: HashMap<&str, Vec<(u64, u8, usize)>> = HashMap::new();
    for table in series.iter().map(|s| &s.table) {
        for (at, channel) in table.channels.iter().enumerate() {
            let places = places.entry(&channel.name).or_default();
            let place = (table.node, table.group, at);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    let fixed = ["series", "time_ns", "tick", "index", "flags"];
    let column = |table: &ChannelTable, at: usize| {
        let name = &table.channels[at].name;
        if places[name.as_str()].len() == 1 && !fixed.contains(&name.as_str()) {
            name.clone()
        } else {
            format!("{name}@{:x}.{}.{at}", table.node, table.group)
        }
    };
    series
        .iter()
        .map(|s| SeriesAbout {
            table: s.table.clone(),
            columns: (0..s.table.channels.len())
                .map(|at| column(&s.table, at))
                .collect(),
        })
        .collect()
}

fn json(about: &ShotAbout) -> Result<String, ParquetError> {
    serde_json::to_string(about).map_err(|error| ParquetError::External(Box::new(error)))
}

/// The file of raw codes; `None` when there are none.
///
/// # Errors
/// When Parquet refuses.
pub fn raw_file(shot: &ShotData, about: &ShotAbout) -> Result<Option<Vec<u8>>, RecorderError> {
    let mut names: Vec<&String> = Vec::new();
    for name in about.series.iter().flat_map(|s| &s.columns) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let groups: Vec<Vec<Column>> = shot
        .series
        .iter()
        .zip(&about.series)
        .enumerate()
        .map(|(k, (series, about))| {
            let rows = series.tick.len();
            let some = |v: &[i64]| Values::I64(v.iter().copied().map(Some).collect());
            let mut columns = vec![
                Column::new("series", Values::I32(vec![i32::try_from(k).ok(); rows])),
                Column::new("time_ns", Values::I64(series.time_ns.clone())),
                Column::new("tick", some(&series.tick)),
                Column::new("index", some(&series.index)),
                Column::new("flags", some(&series.flags)),
            ];
            for name in &names {
                let at = about.columns.iter().position(|c| c == *name);
                let codes = at.map_or_else(
                    || vec![None; rows],
                    |at| series.codes[at].iter().copied().map(Some).collect(),
                );
                columns.push(Column::new((*name).clone(), Values::I32(codes)));
            }
            columns
        })
        .collect();
    encode(&groups, about)
}

/// The file of estimates; `None` when there are none.
///
/// # Errors
/// When Parquet refuses.
pub fn estimate_file(shot: &ShotData, about: &ShotAbout) -> Result<Option<Vec<u8>>, RecorderError> {
    let e = &shot.estimates;
    if e.time_ns.is_empty() {
        return Ok(None);
    }
    let whole = |v: &[i32]| Values::I32(v.iter().copied().map(Some).collect());
    let real = |v: &[f32]| Values::F32(v.iter().copied().map(Some).collect());
    let mut columns = vec![
        Column::new(
            "time_ns",
            Values::I64(e.time_ns.iter().copied().map(Some).collect()),
        ),
        Column::new("phase", whole(&e.phase)),
        Column::new("gated", whole(&e.gated)),
    ];
    let parts = [
        (&e.table.sensors, &e.values, "", ""),
        (&e.table.sensors, &e.sds, "", "_sd"),
        (&e.table.measurements, &e.innovations, "innovation.", ""),
        (
            &e.table.measurements,
            &e.innovation_sds,
            "innovation_sd.",
            "",
        ),
    ];
    for (quantities, values, before, after) in parts {
        for (quantity, values) in quantities.iter().zip(values) {
            let name = format!("{before}{}{after}", quantity.name);
            columns.push(Column::new(name, real(values)));
        }
    }
    encode(&[columns], about)
}

fn encode(groups: &[Vec<Column>], about: &ShotAbout) -> Result<Option<Vec<u8>>, RecorderError> {
    if groups.is_empty() {
        return Ok(None);
    }
    json(about)
        .and_then(|json| to_parquet(&[(KEY, &json)], groups))
        .map(Some)
        .map_err(|source| RecorderError::Curves {
            what: "encoding",
            number: about.begin.number,
            source,
        })
}

/// Reads either file.
///
/// # Errors
/// When the file is damaged or not one of ours.
pub fn read(number: u64, bytes: Vec<u8>) -> Result<(ShotAbout, File), RecorderError> {
    let file = from_parquet(bytes).map_err(|source| RecorderError::Curves {
        what: "reading",
        number,
        source,
    })?;
    let about = file
        .about
        .iter()
        .find(|(key, _)| key == KEY)
        .and_then(|(_, json)| serde_json::from_str(json).ok())
        .ok_or(RecorderError::CurvesIncomplete {
            number,
            missing: "the description of the shot",
        })?;
    Ok((about, file))
}

fn column<'a>(group: &'a [Column], name: &str) -> Option<&'a Values> {
    group.iter().find(|c| c.name == name).map(|c| &c.values)
}

/// A curve in a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Name of the channel or virtual sensor.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Seconds since the shot began.
    pub time_s: Vec<f64>,
    /// Values; null where there is none.
    pub value: Vec<Option<f64>>,
    /// Standard deviations; empty for what was measured.
    pub sd: Vec<Option<f64>>,
}

fn seconds(time_ns: i64, about: &ShotAbout) -> f64 {
    (time_ns - about.begin.at_ns) as f64 * 1e-9
}

/// The measured curves of a file of raw codes, by series: curves of one series share their times.
/// Rows whose time is not known are left out, and codes that are no reading or lie outside the
/// calibration have no value.
#[must_use]
pub fn measured(about: &ShotAbout, file: &File) -> Vec<Vec<Curve>> {
    let mut all = Vec::new();
    for (series, group) in about.series.iter().zip(&file.groups) {
        let Some(time) = column(group, "time_ns") else {
            continue;
        };
        let rows: Vec<usize> = (0..time.len())
            .filter(|&row| time.integer(row).is_some())
            .collect();
        let time_s: Vec<f64> = rows
            .iter()
            .filter_map(|&row| time.integer(row))
            .map(|ns| seconds(ns, about))
            .collect();
        let mut curves = Vec::new();
        for (channel, name) in series.table.channels.iter().zip(&series.columns) {
            let Some(Values::I32(codes)) = column(group, name) else {
                continue;
            };
            curves.push(Curve {
                name: name.clone(),
                unit: channel.unit.clone(),
                time_s: time_s.clone(),
                value: rows
                    .iter()
                    .map(|&row| {
                        codes[row]
                            .filter(|&code| code != firmware_wire::NO_READING)
                            .and_then(|code| channel.value(code))
                    })
                    .collect(),
                sd: Vec::new(),
            });
        }
        all.push(curves);
    }
    all
}

/// The estimated curves of a file of estimates, then the innovations.
#[must_use]
pub fn estimated(about: &ShotAbout, file: &File) -> (Vec<Curve>, Vec<Curve>) {
    let Some(group) = file.groups.first() else {
        return (Vec::new(), Vec::new());
    };
    let Some(time) = column(group, "time_ns") else {
        return (Vec::new(), Vec::new());
    };
    let time_s: Vec<f64> = (0..time.len())
        .map(|row| seconds(time.integer(row).unwrap_or(about.begin.at_ns), about))
        .collect();
    let numbers = |name: String| -> Vec<Option<f64>> {
        column(group, &name).map_or_else(Vec::new, |values| {
            (0..values.len())
                .map(|row| values.number(row).filter(|v| v.is_finite()))
                .collect()
        })
    };
    let curve = |quantity: &Quantity, value: String, sd: String| Curve {
        name: quantity.name.clone(),
        unit: quantity.unit.clone(),
        time_s: time_s.clone(),
        value: numbers(value),
        sd: numbers(sd),
    };
    let sensors = about.estimates.sensors.iter();
    let measurements = about.estimates.measurements.iter();
    (
        sensors
            .map(|q| curve(q, q.name.clone(), format!("{}_sd", q.name)))
            .collect(),
        measurements
            .map(|q| {
                let (value, sd) = (
                    format!("innovation.{}", q.name),
                    format!("innovation_sd.{}", q.name),
                );
                curve(q, value, sd)
            })
            .collect(),
    )
}

/// Samples the nodes counted but that never came: jumps of the index, times the channels.
#[must_use]
pub fn lost_samples(shot: &ShotData) -> u64 {
    shot.series
        .iter()
        .map(|s| {
            let gaps: i64 = s.index.windows(2).map(|w| (w[1] - w[0] - 1).max(0)).sum();
            gaps.unsigned_abs() * s.codes.len() as u64
        })
        .sum()
}

//! Plain tables: features, target, and which rows belong to one setting.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::{Matrix, QualityError};

/// How the rows of a table were sorted into settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// By a column made for it.
    Column(String),
    /// By equal values in all columns named `set_*`.
    Setpoints(usize),
    /// Nothing tells settings apart: each row is its own, and bands may be too narrow.
    Rows,
}

/// A CSV table held as text: numbers are read when a column is asked for.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
}

/// The features a file names: one column per line, empty lines and `#` comments skipped.
pub fn read_features(path: &Path) -> Result<Vec<String>, QualityError> {
    let text = std::fs::read_to_string(path).map_err(|source| QualityError::Read {
        path: path.to_owned(),
        source,
    })?;
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(str::to_owned)
        .collect();
    no_twins(path, &names)?;
    if names.is_empty() {
        return Err(QualityError::NoFeatures {
            path: path.to_owned(),
        });
    }
    Ok(names)
}

fn no_twins(path: &Path, names: &[String]) -> Result<(), QualityError> {
    let mut seen = HashSet::new();
    match names.iter().find(|n| !seen.insert(n.as_str())) {
        Some(twin) => Err(QualityError::TwiceNamed {
            path: path.to_owned(),
            column: twin.clone(),
        }),
        None => Ok(()),
    }
}

impl Table {
    /// Reads a CSV file with a header.
    pub fn read(path: &Path) -> Result<Self, QualityError> {
        let csv_error = |source| QualityError::Csv {
            path: path.to_owned(),
            source,
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(csv_error)?;
        let header: Vec<String> = reader
            .headers()
            .map_err(csv_error)?
            .iter()
            .map(|h| h.trim_start_matches('\u{feff}').to_owned())
            .collect();
        no_twins(path, &header)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(csv_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
        Ok(Self {
            path: path.to_owned(),
            header,
            rows,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The line of a row in its file; the header is line 1.
    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].0
    }

    fn index(&self, column: &str) -> Result<usize, QualityError> {
        self.header
            .iter()
            .position(|h| h == column)
            .ok_or_else(|| QualityError::NoColumn {
                path: self.path.clone(),
                column: column.to_owned(),
            })
    }

    fn number(&self, row: usize, index: usize) -> Result<f64, QualityError> {
        let (line, cells) = &self.rows[row];
        match cells[index].parse::<f64>() {
            Ok(v) if v.is_finite() => Ok(v),
            _ => Err(QualityError::BadCell {
                path: self.path.clone(),
                line: *line,
                column: self.header[index].clone(),
                text: cells[index].clone(),
            }),
        }
    }

    /// One column as numbers.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, QualityError> {
        let index = self.index(name)?;
        (0..self.len()).map(|row| self.number(row, index)).collect()
    }

    /// The named columns as numbers, in that order. Refuses the first cell that is none, by line
    /// and column: a missing sensor value is not guessed.
    pub fn features(&self, names: &[String]) -> Result<Matrix, QualityError> {
        let indices = names
            .iter()
            .map(|n| self.index(n))
            .collect::<Result<Vec<_>, _>>()?;
        let mut x = Matrix::zeros(self.len(), names.len());
        for row in 0..self.len() {
            for (value, &index) in x.row_mut(row).iter_mut().zip(&indices) {
                *value = self.number(row, index)?;
            }
        }
        Ok(x)
    }

    /// The setting of each row (0, 1, ...), and how it was found: the column `setting_id`, else
    /// equal setpoints, else each row by itself.
    pub fn settings(&self) -> (Vec<usize>, Grouping) {
        let by = |columns: &[usize]| {
            let mut known: HashMap<Vec<&str>, usize> = HashMap::new();
            let key = |cells: &'_ Vec<String>| {
                columns
                    .iter()
                    .map(|&c| cells[c].clone())
                    .collect::<Vec<_>>()
            };
            let keys: Vec<Vec<String>> = self.rows.iter().map(|(_, cells)| key(cells)).collect();
            let mut out = Vec::with_capacity(keys.len());
            for key in &keys {
                let next = known.len();
                out.push(
                    *known
                        .entry(key.iter().map(String::as_str).collect())
                        .or_insert(next),
                );
            }
            out
        };
        if let Ok(index) = self.index("setting_id") {
            return (by(&[index]), Grouping::Column("setting_id".to_owned()));
        }
        let setpoints: Vec<usize> = (0..self.header.len())
            .filter(|&i| self.header[i].starts_with("set_"))
            .collect();
        if setpoints.is_empty() {
            return ((0..self.len()).collect(), Grouping::Rows);
        }
        (by(&setpoints), Grouping::Setpoints(setpoints.len()))
    }
}

impl std::fmt::Display for Grouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(name) => write!(f, "column `{name}`"),
            Self::Setpoints(n) => write!(f, "equal values in {n} columns `set_*`"),
            Self::Rows => write!(
                f,
                "nothing (each row stands alone; bands may be too narrow)"
            ),
        }
    }
}

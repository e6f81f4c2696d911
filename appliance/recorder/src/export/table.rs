//! A table on its way out: columns that say what they are, as CSV or Parquet.

use crate::columns::{Column, Values, to_parquet};
use crate::error::RecorderError;
use crate::export::ExportFormat;
use serde::Serialize;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ColumnAbout {
    /// Its name.
    pub name: String,
    /// Its unit; empty where there is none.
    pub unit: String,
    /// In words.
    pub meaning: String,
}

/// Columns of equal length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    about: Vec<ColumnAbout>,
    columns: Vec<Column>,
}

impl Table {
    pub(crate) fn put(&mut self, name: &str, unit: &str, meaning: &str, values: Values) {
        self.about.push(ColumnAbout {
            name: name.to_owned(),
            unit: unit.to_owned(),
            meaning: meaning.to_owned(),
        });
        self.columns.push(Column::new(name, values));
    }

    pub(crate) fn text<R>(
        &mut self,
        name: &str,
        meaning: &str,
        rows: &[R],
        of: impl Fn(&R) -> Option<String>,
    ) {
        self.put(
            name,
            "",
            meaning,
            Values::Text(rows.iter().map(of).collect()),
        );
    }

    pub(crate) fn whole<R>(
        &mut self,
        name: &str,
        unit: &str,
        meaning: &str,
        rows: &[R],
        of: impl Fn(&R) -> Option<i64>,
    ) {
        self.put(
            name,
            unit,
            meaning,
            Values::I64(rows.iter().map(of).collect()),
        );
    }

    pub(crate) fn real<R>(
        &mut self,
        name: &str,
        unit: &str,
        meaning: &str,
        rows: &[R],
        of: impl Fn(&R) -> Option<f64>,
    ) {
        self.put(
            name,
            unit,
            meaning,
            Values::F64(rows.iter().map(of).collect()),
        );
    }

    pub(crate) fn about(&self) -> &[ColumnAbout] {
        &self.about
    }

    pub(crate) fn encode(self, name: &str, format: ExportFormat) -> Result<Vec<u8>, RecorderError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| RecorderError::Encode {
            table: name.to_owned(),
            source,
        };
        match format {
            ExportFormat::Parquet => {
                let about = serde_json::to_string(&self.about).map_err(|e| failed(e.into()))?;
                to_parquet(&[("moldsight.columns", &about)], &[self.columns])
                    .map_err(|e| failed(e.into()))
            }
            ExportFormat::Csv => self.csv().map_err(|e| failed(e.into())),
        }
    }

    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(self.columns.iter().map(|c| &c.name))?;
        let rows = self.columns.first().map_or(0, |c| c.values.len());
        for row in 0..rows {
            out.write_record(self.columns.iter().map(|c| c.values.text(row)))?;
        }
        out.into_inner().map_err(|error| error.into_error().into())
    }
}

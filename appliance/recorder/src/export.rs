//! A folder anyone can read: shots, curves, labels and the log of a range, with a dictionary that
//! says what every column is. The folder appears whole or not at all.

mod shots;
mod table;

pub use table::ColumnAbout;

use crate::archive::curves::{Curve, estimated, measured};
use crate::book::Book;
use crate::book::curves::CurveFile;
use crate::book::shots::{ShotFilter, ShotRow};
use crate::columns::Values;
use crate::error::{At, RecorderError};
use crate::wall::WallTime;
use serde::Serialize;
use shots::Exported;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use table::Table;

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Parquet,
}

impl ExportFormat {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// Which shots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportRange {
    /// From one number to another, both included.
    Shots {
        /// First.
        first: u64,
        /// Last.
        last: u64,
    },
    /// From one moment up to, not including, another.
    Time {
        /// From.
        from: WallTime,
        /// Until.
        until: WallTime,
    },
}

impl ExportRange {
    /// All of the days from one to another, both included, written `YYYY-MM-DD`, in UTC.
    ///
    /// # Errors
    /// When one of them is no date.
    pub fn days(first: &str, last: &str) -> Result<Self, RecorderError> {
        Ok(Self::Time {
            from: WallTime::from_day(first)?,
            until: WallTime::from_day(last)?.next_day(),
        })
    }

    fn filter(self) -> ShotFilter {
        match self {
            Self::Shots { first, last } => ShotFilter {
                first: Some(first),
                last: Some(last),
                ..ShotFilter::default()
            },
            Self::Time { from, until } => ShotFilter {
                from: Some(from),
                until: Some(until),
                ..ShotFilter::default()
            },
        }
    }
}

/// What an export made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exports {
    /// The folder.
    pub folder: PathBuf,
    /// Shots in it.
    pub shots: usize,
    /// Of these, shots whose curves were removed or damaged.
    pub without_curves: usize,
}

/// The unit of a column whose name has none (`latent.viscosity`), where somebody knows it.
pub type UnitOf = fn(&str) -> Option<&'static str>;

/// Exports a range into a new folder; units are those that stand in the names.
///
/// # Errors
/// As [`export_with`].
pub fn export(
    book: &Book,
    range: ExportRange,
    format: ExportFormat,
    folder: &Path,
) -> Result<Exports, RecorderError> {
    export_with(|_| None, book, range, format, folder)
}

/// Exports a range into a new folder.
///
/// # Errors
/// When the range is empty, the folder exists and is not empty, or a disk or the book refuses.
pub fn export_with(
    units: UnitOf,
    book: &Book,
    range: ExportRange,
    format: ExportFormat,
    folder: &Path,
) -> Result<Exports, RecorderError> {
    let mut rows = book.shots(&range.filter(), i64::MAX as usize)?;
    if rows.is_empty() {
        return Err(RecorderError::NothingToExport);
    }
    rows.reverse();
    let (Some(name), Some(parent)) = (folder.file_name(), folder.parent()) else {
        return Err(RecorderError::TargetUnusable(folder.to_owned()));
    };
    if folder.exists()
        && fs::read_dir(folder)
            .at("looking into", folder)?
            .next()
            .is_some()
    {
        return Err(RecorderError::TargetNotEmpty(folder.to_owned()));
    }
    let beside = parent.join(format!(
        ".{}.{}.tmp",
        name.to_string_lossy(),
        std::process::id()
    ));
    if fs::create_dir(&beside).is_err() {
        return Err(RecorderError::TargetUnusable(folder.to_owned()));
    }
    let mut out = Folder {
        dir: beside.clone(),
        format,
        units,
        dictionary: BTreeMap::new(),
    };
    let made = out.fill(book, range, rows).and_then(|counts| {
        fs::rename(&beside, folder)
            .at("naming", folder)
            .map(|()| counts)
    });
    match made {
        Ok((shots, without_curves)) => Ok(Exports {
            folder: folder.to_owned(),
            shots,
            without_curves,
        }),
        Err(error) => {
            let _ = fs::remove_dir_all(&beside);
            Err(error)
        }
    }
}

struct Folder {
    dir: PathBuf,
    format: ExportFormat,
    units: UnitOf,
    /// Columns by the pattern of their files.
    dictionary: BTreeMap<String, BTreeSet<ColumnAbout>>,
}

impl Folder {
    fn fill(
        &mut self,
        book: &Book,
        range: ExportRange,
        rows: Vec<ShotRow>,
    ) -> Result<(usize, usize), RecorderError> {
        self.make("curves")?;
        let mut all = Vec::with_capacity(rows.len());
        for shot in rows {
            let curves = self.curves(book, &shot)?;
            all.push(Exported { shot, curves });
        }
        let numbers = || all.iter().map(|e| e.shot.number);
        let span = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
        // Between the shots of a range of numbers lie the entries of that time.
        let time = match range {
            ExportRange::Time { from, until } => (from, until),
            ExportRange::Shots { .. } => (
                all.iter().map(|e| e.shot.began).min().unwrap_or_default(),
                all.iter()
                    .map(|e| e.shot.ended.unwrap_or(e.shot.began))
                    .max()
                    .unwrap_or_default(),
            ),
        };
        let chosen: BTreeSet<u64> = numbers().collect();
        let mut labels = book.labels(span.0, span.1)?;
        labels.retain(|l| chosen.contains(&l.shot));
        let entries = book.entries_within(time, span)?;
        self.photos(book, entries.iter().filter_map(|e| e.photo.as_deref()))?;
        let events = book.events_within(time, span)?;
        self.table("shots", shots::shots(&all, self.units))?;
        self.table("labels", shots::labels(&labels))?;
        self.table("log", shots::entries(&entries))?;
        self.table("events", shots::events(&events))?;
        self.describe()?;
        let whole = |e: &&Exported| e.curves == "yes" || e.curves == "none";
        let with = all.iter().filter(whole).count();
        Ok((all.len(), all.len() - with))
    }

    /// The curves of a shot; says what became of them.
    fn curves(&mut self, book: &Book, shot: &ShotRow) -> Result<&'static str, RecorderError> {
        let number = shot.number;
        let mut said = "none";
        for which in [CurveFile::Raw, CurveFile::Estimates] {
            let (about, file) = match book.curve_file(number, which) {
                Err(RecorderError::NoCurves(_)) => continue,
                Err(RecorderError::CurvesRemoved(_)) => {
                    said = if said == "damaged" { said } else { "removed" };
                    continue;
                }
                // One bad file must not keep the rest from whoever needs it.
                Err(RecorderError::CurvesDamaged(_) | RecorderError::Curves { .. }) => {
                    said = "damaged";
                    continue;
                }
                other => other?,
            };
            if said == "none" {
                said = "yes";
            }
            if which == CurveFile::Raw {
                for (k, curves) in measured(&about, &file).iter().enumerate() {
                    let name = format!("curves/{number:09}_measured_{k}");
                    self.curve_table(&name, "curves/*_measured_*", curves, "Measured")?;
                }
            } else {
                let (estimates, innovations) = estimated(&about, &file);
                let name = format!("curves/{number:09}_estimated");
                self.curve_table(&name, "curves/*_estimated", &estimates, "Estimated")?;
                if !innovations.is_empty() {
                    let name = format!("curves/{number:09}_innovations");
                    let meaning = "Measured minus predicted";
                    self.curve_table(&name, "curves/*_innovations", &innovations, meaning)?;
                }
            }
        }
        Ok(said)
    }

    fn curve_table(
        &mut self,
        name: &str,
        pattern: &str,
        curves: &[Curve],
        meaning: &str,
    ) -> Result<(), RecorderError> {
        let Some(first) = curves.first() else {
            return Ok(());
        };
        let mut table = Table::default();
        table.real("time_s", "s", "Since the shot began", &first.time_s, |t| {
            Some(*t)
        });
        for curve in curves {
            let value = Values::F64(curve.value.clone());
            table.put(&curve.name, &curve.unit, meaning, value);
            if !curve.sd.is_empty() {
                let sd = Values::F64(curve.sd.clone());
                table.put(
                    &format!("{}_sd", curve.name),
                    &curve.unit,
                    "Standard deviation",
                    sd,
                );
            }
        }
        self.write_table(name, pattern, table)
    }

    fn photos<'a>(
        &self,
        book: &Book,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(), RecorderError> {
        let names: BTreeSet<&str> = names.collect();
        if names.is_empty() {
            return Ok(());
        }
        self.make("photos")?;
        for name in names {
            // A photo that cannot be read must not keep the rest from whoever needs it; its name
            // stands in the log.
            if let Ok(bytes) = book.layer().read(&book.path(name)) {
                self.write(name, &bytes)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, name: &str, table: Table) -> Result<(), RecorderError> {
        self.write_table(name, name, table)
    }

    fn write_table(
        &mut self,
        name: &str,
        pattern: &str,
        table: Table,
    ) -> Result<(), RecorderError> {
        let suffix = self.format.suffix();
        self.dictionary
            .entry(format!("{pattern}.{suffix}"))
            .or_default()
            .extend(table.about().iter().cloned());
        let bytes = table.encode(name, self.format)?;
        self.write(&format!("{name}.{suffix}"), &bytes)
    }

    /// `dictionary.json` for programs, `README.md` for people.
    fn describe(&self) -> Result<(), RecorderError> {
        let json =
            serde_json::to_vec_pretty(&self.dictionary).expect("names and texts are always JSON");
        self.write("dictionary.json", &json)?;
        let mut text = String::from(
            "# Export of a Moldsight box\n\nTimes are UTC. An empty cell means: not known. \
             The same list for programs is `dictionary.json`.\n",
        );
        for (file, columns) in &self.dictionary {
            text.push_str(&format!(
                "\n## {file}\n\n| column | unit | meaning |\n|---|---|---|\n"
            ));
            for c in columns {
                text.push_str(&format!("| `{}` | {} | {} |\n", c.name, c.unit, c.meaning));
            }
        }
        self.write("README.md", text.as_bytes())
    }

    fn make(&self, name: &str) -> Result<(), RecorderError> {
        let dir = self.dir.join(name);
        fs::create_dir(&dir).at("creating", &dir)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RecorderError> {
        let file = self.dir.join(name);
        let mut out = File::create_new(&file).at("creating", &file)?;
        out.write_all(bytes).at("writing", &file)?;
        out.sync_all().at("writing", &file)
    }
}

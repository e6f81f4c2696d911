//! Measured waveforms that drive a simulation at one or more sensors.
//!
//! A CSV file with `time_s` and one `<sensor>_pa` column per sensor (absolute pressure). Columns
//! without the suffix `_pa` belong to somebody else and are not read. Time must rise without gaps:
//! a lost second would be simulated as a straight line and nobody would know.

use std::path::Path;

use crate::input::{self, InputError};

mod follow;
mod read;

pub use follow::Follower;

/// Why a waveform file cannot be used.
pub type DriveError = InputError;

/// Waveforms on common times.
#[derive(Clone, Debug, PartialEq)]
pub struct Drive {
    /// The file it was read from, as messages call it.
    pub file: String,
    /// Times, s, strictly rising, at least two.
    pub time_s: Vec<f64>,
    /// Sensor name and its pressures, Pa, one per time.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Drive {
    /// Reads a CSV file.
    ///
    /// # Errors
    /// When the file cannot be read, or with file, line, column and reason of the first thing wrong:
    /// nothing in it, a missing or unreadable number, NaN or infinity, a pressure below zero, times
    /// that do not rise, a gap of more than five median steps.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, DriveError> {
        let path = path.as_ref();
        Self::from_csv(&input::read_text(path)?, &path.display().to_string())
    }

    /// Parses CSV text; `file` is what messages call it.
    ///
    /// # Errors
    /// As [`Drive::load`].
    pub fn from_csv(text: &str, file: &str) -> Result<Self, DriveError> {
        read::from_csv(text, file)
    }

    /// Pressures of one sensor, Pa.
    ///
    /// # Errors
    /// When the file has no column for it; the message names those it has.
    pub fn column(&self, sensor: &str) -> Result<&[f64], DriveError> {
        match self.columns.iter().find(|(name, _)| name == sensor) {
            Some((_, values)) => Ok(values),
            None => {
                let known: Vec<_> = self
                    .columns
                    .iter()
                    .map(|(n, _)| format!("{n}_pa"))
                    .collect();
                Err(InputError::Table {
                    file: self.file.clone(),
                    place: format!("column {sensor}_pa"),
                    reason: format!("missing; the file has {}", known.join(", ")),
                })
            }
        }
    }

    /// Pressure of one sensor at time `t` \[s\], linear between samples, held at the ends.
    ///
    /// # Errors
    /// As [`Drive::column`]. For many times in order use [`Drive::follow`].
    pub fn sample(&self, sensor: &str, t: f64) -> Result<f64, DriveError> {
        Ok(self.follow(sensor)?.at_or_end(t))
    }

    /// A reader that remembers where it is, for times that move in small steps.
    ///
    /// # Errors
    /// As [`Drive::column`].
    pub fn follow(&self, sensor: &str) -> Result<Follower<'_>, DriveError> {
        Ok(Follower::new(&self.time_s, self.column(sensor)?))
    }

    /// First and last time, s.
    pub fn span_s(&self) -> (f64, f64) {
        (self.time_s[0], self.time_s[self.time_s.len() - 1])
    }
}

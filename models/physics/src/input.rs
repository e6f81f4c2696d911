//! Files that people write: how they are parsed and how an error in them reads.
//!
//! Every message is one line: file, key (or row and column), reason.

use std::path::Path;

use serde::de::DeserializeOwned;

/// A file, a key in it or a name that cannot be used. Cards, molds, recipes and drives share it.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be read or written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML at all.
    #[error("{file}: line {line}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// Line from 1.
        line: usize,
        /// What the parser expected, on one line.
        reason: String,
    },
    /// A key that is unknown, missing, of the wrong type or out of bounds.
    #[error("{file}: {key}: {reason}")]
    Key {
        /// The file.
        file: String,
        /// The full key, `element.plate.gap_mm`.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A row or column of a table file.
    #[error("{file}: {place}: {reason}")]
    Table {
        /// The file.
        file: String,
        /// `line 7`, `column p1_pa` or both.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A name that no shipped file has.
    #[error("there is no {kind} named {name}; shipped are {known}")]
    UnknownName {
        /// `card`, `mold` or `recipe`.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// Every shipped name.
        known: String,
    },
    /// A material card that lacks what a simulation needs.
    #[error("card {card} cannot be simulated: it lacks {}", .missing.join(", "))]
    Incomplete {
        /// Key of the card.
        card: String,
        /// Each missing law, with the reason the card states.
        missing: Vec<String>,
    },
}

impl InputError {
    /// An error at one key of a file.
    pub fn key(file: &str, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Key {
            file: file.to_owned(),
            key: key.into(),
            reason: reason.into(),
        }
    }
}

/// Reads a whole text file.
pub(crate) fn read_text(path: &Path) -> Result<String, InputError> {
    std::fs::read_to_string(path).map_err(|source| InputError::File {
        file: path.display().to_string(),
        source,
    })
}

/// Parses TOML into `T`, which denies unknown fields; errors name file and key.
pub(crate) fn parse_toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, InputError> {
    let syntax = |e: toml::de::Error| InputError::Syntax {
        file: file.to_owned(),
        line: line_of(text, e.span()),
        reason: one_line(e.message()),
    };
    let document = toml::Deserializer::parse(text).map_err(syntax)?;
    serde_path_to_error::deserialize(document).map_err(|e| {
        let path = e.path().to_string();
        let message = one_line(e.inner().message());
        let (key, reason) = place(path, message);
        InputError::key(file, key, reason)
    })
}

/// Key and reason of a serde message, which names the field itself only in its text.
fn place(path: String, message: String) -> (String, String) {
    for (start, reason) in [
        ("missing field `", "missing"),
        ("unknown field `", "unknown key"),
    ] {
        let Some((field, rest)) = message.strip_prefix(start).and_then(|m| m.split_once('`'))
        else {
            continue;
        };
        let key = match path.as_str() {
            "." => field.to_owned(),
            p if p == field || p.ends_with(&format!(".{field}")) => path.clone(),
            _ => format!("{path}.{field}"),
        };
        return (key, format!("{reason}{rest}"));
    }
    (path, message)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let end = span.map_or(0, |s| s.start).min(text.len());
    text.as_bytes()[..end]
        .iter()
        .filter(|&&b| b == b'\n')
        .count()
        + 1
}

/// 0 degrees Celsius, K.
pub(crate) const ZERO_CELSIUS_K: f64 = 273.15;

/// A value in a file unit of `unit` SI, free of the last digits that conversion leaves behind.
pub(crate) fn from_si(si: f64, unit: f64) -> f64 {
    let value = si / unit;
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Degrees Celsius as written in files.
pub(crate) fn celsius_from_k(k: f64) -> f64 {
    let celsius = k - ZERO_CELSIUS_K;
    (celsius * 1e9).round() / 1e9
}

/// Checks numbers of one table of a file; `prefix` is the table's key with its dot, or empty.
pub(crate) struct Checks<'a> {
    /// The file, for messages.
    pub file: &'a str,
    /// `element.plate.`, or empty for the top table.
    pub prefix: String,
}

impl<'a> Checks<'a> {
    /// Checks for the table `table` of `file`.
    pub fn new(file: &'a str, table: &str) -> Self {
        let prefix = if table.is_empty() {
            String::new()
        } else {
            format!("{table}.")
        };
        Self { file, prefix }
    }

    /// An error at `key` of this table.
    pub fn error(&self, key: &str, reason: impl Into<String>) -> InputError {
        InputError::key(self.file, format!("{}{key}", self.prefix), reason)
    }

    /// The value if it is finite and above zero.
    pub fn positive(&self, key: &str, value: f64) -> Result<f64, InputError> {
        self.that(
            key,
            value,
            value.is_finite() && value > 0.0,
            "must be above 0",
        )
    }

    /// The value if it is finite and not below zero.
    pub fn not_negative(&self, key: &str, value: f64) -> Result<f64, InputError> {
        self.that(
            key,
            value,
            value.is_finite() && value >= 0.0,
            "must not be below 0",
        )
    }

    /// The value if it lies within `low..=high`.
    pub fn within(&self, key: &str, value: f64, low: f64, high: f64) -> Result<f64, InputError> {
        let reason = format!("must be within {low} to {high}");
        self.that(key, value, (low..=high).contains(&value), &reason)
    }

    /// The value if `holds`.
    pub fn that(
        &self,
        key: &str,
        value: f64,
        holds: bool,
        reason: &str,
    ) -> Result<f64, InputError> {
        if holds {
            Ok(value)
        } else {
            Err(self.error(key, format!("{reason}, found {value}")))
        }
    }

    /// The value of a key that must be there.
    pub fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, InputError> {
        value.ok_or_else(|| self.error(key, "missing"))
    }

    /// Kelvin from degrees Celsius that polymers, molds and coolants see.
    pub fn celsius(&self, key: &str, celsius: f64) -> Result<f64, InputError> {
        Ok(self.within(key, celsius, -50.0, 500.0)? + ZERO_CELSIUS_K)
    }

    /// Two values that rise or are equal, each within `low..=high`.
    pub fn range(
        &self,
        key: &str,
        v: [f64; 2],
        low: f64,
        high: f64,
    ) -> Result<(f64, f64), InputError> {
        self.within(key, v[0], low, high)?;
        self.within(key, v[1], low, high)?;
        if v[0] > v[1] {
            return Err(self.error(key, format!("must rise, found {} then {}", v[0], v[1])));
        }
        Ok((v[0], v[1]))
    }
}

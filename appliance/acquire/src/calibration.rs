//! Codes to numbers with units, by a file that says when it was made and by whom.
//!
//! ```toml
//! node = "0386000000000001"
//! date = 2026-03-02
//! by = "J. Park"
//!
//! [[channel]]
//! name = "cavity pressure"
//! unit = "MPa"
//! gain = 0.01          # unit a code
//! offset = -0.02       # unit at code 0
//! table = [[0.0, 0.0], [100.0, 99.2], [200.0, 199.6]]   # optional: after gain and offset
//! ```

use crate::error::AcquireError;
use firmware_wire::{NO_READING, NodeId};
use serde::Deserialize;
use std::path::Path;

/// The calibration of one node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Identity of the node, sixteen hexadecimal digits.
    pub node: String,
    /// When it was made.
    pub date: toml::value::Date,
    /// By whom.
    pub by: String,
    /// By channel name.
    #[serde(rename = "channel")]
    pub channels: Vec<ChannelCalibration>,
}

/// The calibration of one channel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelCalibration {
    /// Name in the node's channel table.
    pub name: String,
    /// Unit of the result.
    pub unit: String,
    /// Unit a code.
    pub gain: f64,
    /// Unit at code zero.
    pub offset: f64,
    /// Points (straight-line value, true value), increasing; straight lines between them.
    #[serde(default)]
    pub table: Vec<[f64; 2]>,
}

impl Calibration {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When the file cannot be read, has an unknown key, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, AcquireError> {
        let text = std::fs::read_to_string(path).map_err(|source| AcquireError::Read {
            path: path.to_owned(),
            source,
        })?;
        let calibration: Self = toml::from_str(&text).map_err(|source| AcquireError::Parse {
            path: path.to_owned(),
            source,
        })?;
        calibration.check()?;
        Ok(calibration)
    }

    /// The node it belongs to.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        (self.node.len() == 16)
            .then(|| u64::from_str_radix(&self.node, 16).ok().map(NodeId))
            .flatten()
    }

    /// The calibration of a channel.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelCalibration> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    fn check(&self) -> Result<(), AcquireError> {
        let bad = |channel: &str, problem| {
            Err(AcquireError::Calibration {
                channel: channel.to_owned(),
                problem,
            })
        };
        if self.node().is_none() {
            return bad("", "the node is not sixteen hexadecimal digits");
        }
        if self.by.trim().is_empty() {
            return bad("", "nobody signed it");
        }
        for (at, channel) in self.channels.iter().enumerate() {
            let name = &channel.name;
            if self.channels[..at].iter().any(|other| other.name == *name) {
                return bad(name, "it is there twice");
            }
            if !channel.gain.is_finite() || channel.gain == 0.0 || !channel.offset.is_finite() {
                return bad(name, "gain or offset is not a usable number");
            }
            if channel.table.len() == 1 {
                return bad(name, "a table needs at least two points");
            }
            if channel.table.iter().flatten().any(|v| !v.is_finite()) {
                return bad(name, "the table has a point that is not a number");
            }
            if channel.table.windows(2).any(|w| w[1][0] <= w[0][0]) {
                return bad(name, "the table does not increase");
            }
        }
        Ok(())
    }
}

impl ChannelCalibration {
    /// The value of a code. `None` for no reading, and outside the table: nothing is extrapolated.
    #[must_use]
    pub fn value(&self, code: i32) -> Option<f64> {
        if code == NO_READING {
            return None;
        }
        let straight = f64::from(code) * self.gain + self.offset;
        if self.table.is_empty() {
            return Some(straight);
        }
        self.table.windows(2).find_map(|pair| {
            let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
            (x0..=x1)
                .contains(&straight)
                .then(|| y0 + (straight - x0) / (x1 - x0) * (y1 - y0))
        })
    }

    /// The code nearest to a value: the way back of [`ChannelCalibration::value`]. `None` outside the table, and where the table
    /// turns back, so that a value has more than one code.
    #[must_use]
    pub fn code(&self, value: f64) -> Option<i32> {
        let straight = if self.table.is_empty() {
            value
        } else {
            let rises = self.table.windows(2).all(|w| w[1][1] > w[0][1]);
            let falls = self.table.windows(2).all(|w| w[1][1] < w[0][1]);
            if !(rises || falls) {
                return None;
            }
            self.table.windows(2).find_map(|pair| {
                let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
                (y0.min(y1)..=y0.max(y1))
                    .contains(&value)
                    .then(|| x0 + (value - y0) / (y1 - y0) * (x1 - x0))
            })?
        };
        let code = ((straight - self.offset) / self.gain).round();
        // `NO_READING` is the lowest code there is; it stands for no value.
        (code > f64::from(NO_READING) && code <= f64::from(i32::MAX)).then_some(code as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn channel(table: Vec<[f64; 2]>) -> ChannelCalibration {
        ChannelCalibration {
            name: "screw".into(),
            unit: "mm".into(),
            gain: 7.8e-6,
            offset: 57.5,
            table,
        }
    }

    proptest! {
        /// There and back again: a code's value has that code.
        #[test]
        fn a_value_leads_back_to_its_code(code in -8_000_000..8_000_000_i32, bent in 0.8..1.2_f64) {
            for table in [vec![], vec![[-5.0, -5.0], [50.0, 50.0 * bent], [120.0, 120.0]]] {
                let channel = channel(table);
                let value = channel.value(code).unwrap();
                prop_assert!((channel.code(value).unwrap() - code).abs() <= 1);
            }
        }
    }

    #[test]
    fn a_value_without_one_code_has_none() {
        let turning = channel(vec![[0.0, 0.0], [50.0, 60.0], [100.0, 40.0]]);
        assert_eq!(turning.code(50.0), None);
        let short = channel(vec![[0.0, 0.0], [50.0, 50.0]]);
        assert_eq!(short.code(50.5), None);
        assert_eq!(channel(vec![]).code(f64::NAN), None);
        assert_eq!(channel(vec![]).code(1e9), None);
    }
}

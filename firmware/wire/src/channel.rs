//! What a node can measure: its channels and the groups that share a rate.

use serde::{Deserialize, Serialize};

/// Longest channel name in bytes; keeps sixteen channels inside one frame.
pub const MAX_NAME: usize = 24;

/// The unit of the nominal range in a [`ChannelInfo`]. What the box makes of it is its own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Volts at the converter's input.
    Volt,
    /// Milliamperes of a current loop.
    Milliampere,
    /// Picocoulombs of a charge amplifier.
    Picocoulomb,
    /// Microstrain.
    Microstrain,
    /// Megapascals.
    Megapascal,
    /// Hectopascals (ambient air).
    Hectopascal,
    /// Degrees Celsius.
    Celsius,
    /// Percent relative humidity.
    RelativeHumidity,
    /// Standard gravities.
    Gravity,
    /// Millimetres.
    Millimetre,
    /// Microtesla.
    Microtesla,
}

/// One channel: its name, its group and the nominal range of its raw codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelInfo<'a> {
    /// Name, unique on the node, at most [`MAX_NAME`] bytes of UTF-8.
    pub name: &'a str,
    /// Index of its group in the hello. Within a group, channels keep the order of the table.
    pub group: u8,
    /// Unit of `at_min` and `at_max`.
    pub unit: Unit,
    /// Lowest code of the valid range; below it the node raises over-range.
    pub code_min: i32,
    /// Highest code of the valid range; above it the node raises over-range.
    pub code_max: i32,
    /// Nominal value at `code_min`.
    pub at_min: f32,
    /// Nominal value at `code_max`.
    pub at_max: f32,
}

impl ChannelInfo<'_> {
    /// The nominal value of a code, by the straight line of the table. Not a calibration.
    #[must_use]
    pub fn nominal(&self, code: i32) -> f64 {
        let span = f64::from(self.code_max) - f64::from(self.code_min);
        let part = (f64::from(code) - f64::from(self.code_min)) / span;
        f64::from(self.at_min) + part * (f64::from(self.at_max) - f64::from(self.at_min))
    }
}

/// A set of channels sampled at the same instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Ticks between two sampling instants.
    pub period_ticks: u32,
    /// Rows after which a block is closed even if it has room.
    pub rows_per_block: u16,
}

//! Where values are in a Modbus device.

use serde::Deserialize;

/// The link, table `[modbus]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModbusLink {
    /// Modbus TCP: host and port. Either this or `serial`.
    pub host: Option<String>,
    /// Modbus RTU. Either this or `host`.
    pub serial: Option<Serial>,
    /// Address of the device.
    pub unit_id: u8,
    /// Order of the 16 bit words of longer numbers.
    #[serde(default)]
    pub word_order: WordOrder,
    /// How values are written.
    #[serde(default)]
    pub write: WriteFunction,
    /// How long an answer may take, s.
    #[serde(default = "super::one_second")]
    pub timeout_s: f64,
}

/// A serial line.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Device file.
    pub path: String,
    /// Bits a second.
    pub baud: u32,
    /// Parity.
    #[serde(default)]
    pub parity: Parity,
    /// Stop bits: 1 or 2.
    #[serde(default = "one")]
    pub stop_bits: u8,
}

const fn one() -> u8 {
    1
}

/// Parity of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// Even, as the Modbus standard asks.
    #[default]
    Even,
    /// Odd.
    Odd,
    /// None.
    None,
}

/// Order of the 16 bit words of longer numbers. Bytes within a word are always big end first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordOrder {
    /// High word first.
    #[default]
    HighFirst,
    /// Low word first.
    LowFirst,
}

/// Function that writes holding registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteFunction {
    /// 16, write multiple registers.
    #[default]
    Multiple,
    /// 6, write single register; values of one word only.
    Single,
}

/// Table of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Read by function 1, written by 5.
    Coil,
    /// Read by function 2.
    Discrete,
    /// Read by function 3, written by 6 or 16.
    Holding,
    /// Read by function 4.
    Input,
}

/// A place in the device; how many words it takes follows from the `type` beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Table.
    pub table: Table,
    /// Address on the wire, counted from 0 (40001 of old manuals is holding address 0).
    pub address: u16,
}

impl super::Place for Register {
    fn writable(&self) -> bool {
        matches!(self.table, Table::Coil | Table::Holding)
    }
}

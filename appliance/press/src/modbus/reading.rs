//! Which registers are read together, and where a value is in what came.

use crate::profile::Map;
use crate::profile::modbus::{Register, Table};
use crate::profile::quantity::Kind;
use std::collections::BTreeMap;
use std::fmt;

/// Most registers one request may ask for.
const MOST: u16 = 120;

/// Registers side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The first value in it, as the profile calls it.
    pub(super) name: String,
    pub(super) table: Table,
    pub(super) at: u16,
    pub(super) count: u16,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = u32::from(self.at) + u32::from(self.count) - 1;
        write!(f, "{:?} {} to {last}", self.table, self.at)
    }
}

/// A register as messages call it.
pub(super) fn place(at: Register) -> String {
    format!("{:?} {}", at.table, at.address)
}

/// Everything a profile names, in as few requests as it takes without asking for a register it does not name.
pub(super) fn blocks(map: &Map<Register>) -> Vec<Block> {
    let mut wanted = named(map);
    wanted.sort_by_key(|(_, at, _)| (at.table as u8, at.address));
    let mut blocks: Vec<Block> = Vec::new();
    for (name, at, kind) in wanted {
        let words = kind.words() as u16;
        match blocks.last_mut() {
            // In rising order, so nothing lies before the block.
            Some(block)
                if block.table == at.table
                    && at.address - block.at <= block.count
                    && at.address - block.at + words <= MOST =>
            {
                block.count = block.count.max(at.address - block.at + words);
            }
            _ => blocks.push(Block {
                name,
                table: at.table,
                at: at.address,
                count: words,
            }),
        }
    }
    blocks
}

/// Every value a profile names, where it is read.
pub(super) fn named(map: &Map<Register>) -> Vec<(String, Register, Kind)> {
    let mut wanted = Vec::new();
    let mut want = |name: &str, at: Register, kind: Option<Kind>| {
        wanted.extend(kind.map(|kind| (name.to_owned(), at, kind)));
    };
    for setpoint in appliance_pipeline::ports::Setpoint::ALL {
        if let Some(entry) = &map.setpoints[setpoint as usize] {
            let at = entry.read_back.unwrap_or(entry.at);
            want(setpoint.name(), at, Some(entry.quantity.kind));
        }
    }
    if let Some(entry) = &map.operating {
        want("operating_mode", entry.at, entry.kind);
    }
    if let Some(entry) = &map.released {
        want("released", entry.at, entry.kind);
    }
    if let Some(entry) = &map.frozen {
        want("frozen", entry.at, entry.kind);
    }
    if let Some(entry) = &map.cycle_counter {
        want("cycle_counter", entry.at, entry.kind);
    }
    if let Some(entry) = &map.heartbeat {
        want("heartbeat", entry.at, Some(entry.kind));
    }
    for (name, entry) in &map.cycle_data {
        want(name, entry.at, entry.kind);
    }
    wanted
}

/// Words by table and address.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<(u8, u16), u16>);

impl Values {
    pub(super) fn take(&mut self, block: &Block, words: &[u16]) {
        let places = (block.at..).map(|at| (block.table as u8, at));
        self.0.extend(places.zip(words.iter().copied()));
    }

    /// So many words from a place on; none where one of them did not come.
    pub(super) fn words(&self, at: Register, count: usize) -> Option<Vec<u16>> {
        let word = |n: usize| {
            let address = at.address.checked_add(u16::try_from(n).ok()?)?;
            self.0.get(&(at.table as u8, address)).copied()
        };
        (0..count).map(word).collect()
    }
}

//! Two blocks: the sampler fills one while the other waits for the wire.

use crate::fault_watch::Faults;
use firmware_wire::block::MAX_CODE_BYTES_IN_BLOCK;
use firmware_wire::{ChannelMask, FaultKind, GroupInfo, NodeTicks, SampleBlock, WriteCodes};

/// A block being filled, or a full one.
#[derive(Clone, Debug)]
pub struct Block {
    head: SampleBlock<'static>,
    writer: WriteCodes,
    packed: [u8; MAX_CODE_BYTES_IN_BLOCK],
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}

impl Block {
    /// An empty block.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            head: SampleBlock {
                group: 0,
                seq: 0,
                first_index: 0,
                missed: 0,
                first_tick: NodeTicks(0),
                period_ticks: 0,
                jitter_ticks: 0,
                rows: 0,
                channels: 0,
                open: ChannelMask(0),
                over_range: ChannelMask(0),
                stuck: ChannelMask(0),
                no_reading: ChannelMask(0),
                packed: &[],
            },
            writer: WriteCodes::new(),
            packed: [0; MAX_CODE_BYTES_IN_BLOCK],
        }
    }

    /// The block as it goes over the wire.
    #[must_use]
    pub fn as_sample_block(&self) -> SampleBlock<'_> {
        SampleBlock {
            packed: &self.packed[..self.writer.len()],
            ..self.head.clone()
        }
    }
}

/// One row on its way into a block.
#[derive(Clone, Copy, Debug)]
pub struct RowToWrite<'a> {
    /// Number of the instant.
    pub index: u64,
    /// When it was due.
    pub due: NodeTicks,
    /// How far from that it was read.
    pub jitter_ticks: u32,
    /// The codes.
    pub codes: &'a [i32],
    /// The faults of each code.
    pub faults: &'a [Faults],
}

/// The double buffer of one group.
#[derive(Debug)]
pub struct BlockBuffer {
    blocks: [Block; 2],
    filling: usize,
    /// The other block waits for the wire.
    waiting: bool,
    /// The block being filled is full too.
    full: bool,
    group: u8,
    info: GroupInfo,
    seq: u32,
    missed: u32,
}

impl BlockBuffer {
    /// An empty buffer for a group.
    #[must_use]
    pub const fn new(group: u8, info: GroupInfo) -> Self {
        Self {
            blocks: [const { Block::new() }; 2],
            filling: 0,
            waiting: false,
            full: false,
            group,
            info,
            seq: 0,
            missed: 0,
        }
    }

    /// Notes instants that passed without a row. The block so far ends there.
    pub fn skip(&mut self, instants: u64) {
        if instants > 0 {
            self.close();
            let instants = u32::try_from(instants).unwrap_or(u32::MAX);
            self.missed = self.missed.saturating_add(instants);
        }
    }

    /// Takes a row. False when both blocks are full: the caller counts the row as missed.
    pub fn push(&mut self, row: &RowToWrite<'_>) -> bool {
        if self.full && !self.turn() {
            return false;
        }
        if !self.blocks[self.filling]
            .writer
            .fits(row.codes.len(), MAX_CODE_BYTES_IN_BLOCK)
        {
            self.close();
            if self.full {
                return false;
            }
        }
        self.write(row);
        if self.blocks[self.filling].head.rows >= self.info.rows_per_block {
            self.close();
        }
        true
    }

    fn write(&mut self, row: &RowToWrite<'_>) {
        let block = &mut self.blocks[self.filling];
        if block.head.rows == 0 {
            block.writer = WriteCodes::new();
            block.head = SampleBlock {
                group: self.group,
                seq: self.seq,
                first_index: row.index,
                missed: core::mem::take(&mut self.missed),
                first_tick: row.due,
                period_ticks: self.info.period_ticks,
                channels: row.codes.len() as u8,
                ..Block::new().head
            };
            self.seq = self.seq.wrapping_add(1);
        }
        block.writer.push_row(row.codes, &mut block.packed);
        let head = &mut block.head;
        head.rows += 1;
        head.jitter_ticks = head.jitter_ticks.max(row.jitter_ticks);
        for (channel, faults) in row.faults.iter().enumerate() {
            for (kind, mask) in [
                (FaultKind::OpenCircuit, &mut head.open),
                (FaultKind::OverRange, &mut head.over_range),
                (FaultKind::Stuck, &mut head.stuck),
                (FaultKind::NoReading, &mut head.no_reading),
            ] {
                if faults.has(kind) {
                    mask.set(channel);
                }
            }
        }
    }

    /// Ends the block being filled, if it has rows, and goes on with the other one if it is free.
    pub fn close(&mut self) {
        if self.blocks[self.filling].head.rows > 0 {
            self.full = true;
            self.turn();
        }
    }

    fn turn(&mut self) -> bool {
        if self.waiting {
            return false;
        }
        self.waiting = true;
        self.full = false;
        self.filling = 1 - self.filling;
        self.blocks[self.filling].head.rows = 0;
        true
    }

    /// Whether a full block waits.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Copies the waiting block out and frees its place.
    pub fn take(&mut self, into: &mut Block) -> bool {
        if !self.waiting {
            return false;
        }
        let from = &self.blocks[1 - self.filling];
        into.head = from.head.clone();
        into.writer = from.writer.clone();
        let used = from.writer.len();
        into.packed[..used].copy_from_slice(&from.packed[..used]);
        self.waiting = false;
        if self.full {
            self.turn();
        }
        true
    }
}

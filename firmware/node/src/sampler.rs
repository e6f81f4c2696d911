//! The loop: at each instant of the group's grid, read the bank, judge the codes, write the row.
//!
//! The grid is fixed at the first call. Which instant is due follows from the free-running timer,
//! not from counting interrupts, so an interrupt that never came shows as missed instants. An
//! interrupt may come up to an eighth of a period early (the first one, which fixed the grid, may
//! itself have been late); a row's true distance from its due time goes into the block.

use crate::block_buffer::{Block, BlockBuffer, RowToWrite};
use crate::channel::{ChannelBank, ChannelSpec, Reading};
use crate::fault_watch::{FaultWatch, Faults};
use firmware_wire::{
    ChannelMask, Fault, GroupCounters, GroupInfo, MAX_CHANNELS, NO_READING, NodeTicks,
};
use heapless::Deque;

/// Fault changes that may wait for the wire.
const FAULTS_WAITING: usize = 8;

/// A row that was just read: what the transfer decision sees.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Number of the instant.
    pub index: u64,
    /// When it was due.
    pub due: NodeTicks,
    /// The codes, in group order.
    pub codes: &'a [i32],
    /// Channels no decision may rest on.
    pub unusable: ChannelMask,
}

/// Samples one group.
#[derive(Debug)]
pub struct GroupSampler<'t> {
    group: u8,
    info: GroupInfo,
    specs: &'t [ChannelSpec<'t>],
    epoch: Option<NodeTicks>,
    next: u64,
    watches: [FaultWatch; MAX_CHANNELS],
    codes: [i32; MAX_CHANNELS],
    faults: [Faults; MAX_CHANNELS],
    unusable: ChannelMask,
    channels: usize,
    table_index: [u8; MAX_CHANNELS],
    buffer: BlockBuffer,
    changes: Deque<Fault, FAULTS_WAITING>,
    counters: GroupCounters,
}

impl<'t> GroupSampler<'t> {
    /// A sampler for group `group` of the table.
    #[must_use]
    pub fn new(group: u8, info: GroupInfo, specs: &'t [ChannelSpec<'t>]) -> Self {
        let mut table_index = [0; MAX_CHANNELS];
        let mut channels = 0;
        for (index, spec) in specs.iter().enumerate().take(MAX_CHANNELS) {
            if spec.info.group == group {
                table_index[channels] = index as u8;
                channels += 1;
            }
        }
        Self {
            group,
            info,
            specs,
            epoch: None,
            next: 0,
            watches: [FaultWatch::default(); MAX_CHANNELS],
            codes: [NO_READING; MAX_CHANNELS],
            faults: [Faults::default(); MAX_CHANNELS],
            unusable: ChannelMask(u16::MAX),
            channels,
            table_index,
            buffer: BlockBuffer::new(group, info),
            changes: Deque::new(),
            counters: GroupCounters::default(),
        }
    }

    /// Reads the bank if an instant is due. Call at least once a period; more often does no harm.
    pub fn service(&mut self, now: NodeTicks, bank: &mut impl ChannelBank) -> Option<Row<'_>> {
        let epoch = *self.epoch.get_or_insert(now);
        let period = u64::from(self.info.period_ticks);
        let index = (now.since(epoch) + period / 8) / period;
        if index < self.next {
            return None;
        }
        let late = index - self.next;
        self.counters.missed_late += late;
        self.buffer.skip(late);
        self.next = index + 1;

        let mut readings = [Reading::Missing; MAX_CHANNELS];
        bank.read(&mut readings[..self.channels]);
        let due = epoch.plus(index * period);
        self.judge(now, &readings);
        let stored = self.buffer.push(&RowToWrite {
            index,
            due,
            jitter_ticks: u32::try_from(now.0.abs_diff(due.0)).unwrap_or(u32::MAX),
            codes: &self.codes[..self.channels],
            faults: &self.faults[..self.channels],
        });
        if stored {
            self.counters.sampled += 1;
        } else {
            self.counters.missed_full += 1;
            self.buffer.skip(1);
        }
        self.last_row(index, due)
    }

    fn last_row(&self, index: u64, due: NodeTicks) -> Option<Row<'_>> {
        Some(Row {
            index,
            due,
            codes: &self.codes[..self.channels],
            unusable: self.unusable,
        })
    }

    fn judge(&mut self, now: NodeTicks, readings: &[Reading; MAX_CHANNELS]) {
        self.unusable = ChannelMask(0);
        for (at, &reading) in readings.iter().enumerate().take(self.channels) {
            let index = self.table_index[at];
            let spec = &self.specs[usize::from(index)];
            let (code, faults) = self.watches[at].judge(spec, reading);
            self.codes[at] = code;
            self.faults[at] = faults;
            if faults.unusable() {
                self.unusable.set(at);
            }
            let changes = &mut self.changes;
            self.watches[at].changes(faults, |kind, present| {
                let fault = Fault {
                    at: now,
                    channel: index,
                    kind,
                    present,
                };
                changes.push_back(fault).is_ok()
            });
        }
    }

    /// Position in the group of a channel of the table, if it belongs to this group.
    #[must_use]
    pub fn position(&self, channel: u8) -> Option<usize> {
        self.table_index[..self.channels]
            .iter()
            .position(|&index| index == channel)
    }

    /// The channel table.
    #[must_use]
    pub const fn specs(&self) -> &'t [ChannelSpec<'t>] {
        self.specs
    }

    /// The latest code of a position, unless it is unusable.
    #[must_use]
    pub fn latest(&self, position: usize) -> Option<i32> {
        (!self.unusable.has(position)).then(|| self.codes[position])
    }

    /// Whether a full block waits for the wire.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.buffer.is_waiting()
    }

    /// Moves a full block out.
    pub fn take(&mut self, into: &mut Block) -> bool {
        self.buffer.take(into)
    }

    /// The next fault change, if there is one.
    pub fn take_fault(&mut self) -> Option<Fault> {
        self.changes.pop_front()
    }

    /// The group's account.
    #[must_use]
    pub const fn counters(&self) -> GroupCounters {
        self.counters
    }

    /// The group's index in the table.
    #[must_use]
    pub const fn group(&self) -> u8 {
        self.group
    }
}

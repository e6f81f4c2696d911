//! A block of samples: consecutive rows of one group, with everything needed to place them in time.

use crate::{MAX_CHANNELS, NodeTicks, ReadCodes};
use serde::{Deserialize, Serialize};

/// Most bytes of packed codes in one block.
pub const MAX_CODE_BYTES_IN_BLOCK: usize = 1024;

/// One bit per channel of a group, in table order: bit 0 is the group's first channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelMask(pub u16);

impl ChannelMask {
    /// Whether the channel's bit is set.
    #[must_use]
    pub const fn has(self, channel: usize) -> bool {
        channel < MAX_CHANNELS && self.0 & (1 << channel) != 0
    }

    /// Sets the channel's bit.
    pub const fn set(&mut self, channel: usize) {
        if channel < MAX_CHANNELS {
            self.0 |= 1 << channel;
        }
    }

    /// Whether no bit is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Consecutive rows of one group.
///
/// Row `k` was due at `first_tick + k * period_ticks` and has the number `first_index + k` since
/// boot. Between the block before and this one, `missed` instants passed without a sample, so
/// `first_index == previous first_index + previous rows + missed`. Nothing is ever filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleBlock<'a> {
    /// Group index in the hello.
    pub group: u8,
    /// Counts blocks of this group since boot; a gap means blocks were lost on the way.
    pub seq: u32,
    /// Number of the first row's sampling instant since boot.
    pub first_index: u64,
    /// Instants missed between the block before and this one.
    pub missed: u32,
    /// When the first row was due.
    pub first_tick: NodeTicks,
    /// Ticks between rows.
    pub period_ticks: u32,
    /// How far from its due time the farthest row was really read, in ticks, early or late.
    pub jitter_ticks: u32,
    /// Rows in this block.
    pub rows: u16,
    /// Channels in a row.
    pub channels: u8,
    /// Channels that looked open-circuit in any row.
    pub open: ChannelMask,
    /// Channels whose code left the table's range in any row.
    pub over_range: ChannelMask,
    /// Channels that had not moved for the stuck time in any row.
    pub stuck: ChannelMask,
    /// Channels without a reading in any row; those codes are [`crate::NO_READING`].
    pub no_reading: ChannelMask,
    /// The packed codes; read them with [`SampleBlock::codes`].
    pub packed: &'a [u8],
}

impl<'a> SampleBlock<'a> {
    /// The codes, row by row.
    #[must_use]
    pub fn codes(&self) -> ReadCodes<'a> {
        ReadCodes::new(self.packed, usize::from(self.channels))
    }

    /// When row `k` was due.
    #[must_use]
    pub const fn tick_of(&self, row: u64) -> NodeTicks {
        self.first_tick
            .plus(row.saturating_mul(self.period_ticks as u64))
    }

    /// Number of the sampling instant after the last row.
    #[must_use]
    pub const fn next_index(&self) -> u64 {
        self.first_index.saturating_add(self.rows as u64)
    }

    /// Whether the packed codes hold exactly the rows the header promises.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        if self.channels == 0
            || usize::from(self.channels) > MAX_CHANNELS
            || self.rows == 0
            || self.packed.len() > MAX_CODE_BYTES_IN_BLOCK
        {
            return false;
        }
        let mut codes = self.codes();
        (0..self.rows).all(|_| codes.next_row().is_some()) && codes.is_done()
    }
}

//! Sensors wired to the box itself, read by the node's own drivers and sampler.
//!
//! Any [`ChannelBank`] will do: a driver over `linux-embedded-hal`, an industrial I/O device
//! ([`crate::iio`]). What comes out are the same blocks a node sends, in box time from the start.

use crate::acquisition::{Sink, SourceId};
use crate::clock::{BoxTime, Placed};
use crate::session::PlacedBlock;
use firmware_node::block_buffer::Block;
use firmware_node::channel::{ChannelBank, ChannelSpec};
use firmware_node::sampler::GroupSampler;
use firmware_wire::{GroupInfo, NodeTicks};
use std::time::Duration;

/// Ticks are nanoseconds of the box.
pub const TICK_HZ: u32 = 1_000_000_000;

/// A bank of sensors on the box.
pub struct LocalSource<'t, B> {
    sampler: GroupSampler<'t>,
    bank: B,
    block: Block,
}

impl<'t, B: ChannelBank> LocalSource<'t, B> {
    /// Samples `bank` at `rate_hz` (100 Hz to 2 kHz is what a Linux box keeps up with).
    pub fn new(specs: &'t [ChannelSpec<'t>], bank: B, rate_hz: u32, rows_per_block: u16) -> Self {
        let info = GroupInfo {
            period_ticks: TICK_HZ / rate_hz.max(1),
            rows_per_block,
        };
        Self {
            sampler: GroupSampler::new(0, info, specs),
            bank,
            block: Block::new(),
        }
    }

    /// Call at least once a period.
    pub fn service(&mut self, source: SourceId, now: BoxTime, sink: &mut impl Sink) {
        let ticks = NodeTicks(u64::try_from(now.ns()).unwrap_or(0));
        self.sampler.service(ticks, &mut self.bank);
        while self.sampler.take(&mut self.block) {
            let block = self.block.as_sample_block();
            let place = |row| {
                Some(Placed {
                    at: BoxTime::from_ns(block.tick_of(row).0 as i64),
                    bound: Duration::from_nanos(u64::from(block.jitter_ticks)),
                })
            };
            sink.block(
                source,
                &PlacedBlock {
                    node: None,
                    run: 0,
                    trusted: true,
                    first: place(0),
                    last: place(u64::from(block.rows) - 1),
                    block,
                },
            );
        }
    }
}

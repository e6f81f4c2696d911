//! Several sources put into one order of time.
//!
//! Each source delivers its rows in order. A row leaves when every source that still speaks has
//! come at least as far; a source that has been quiet for the patience no longer holds the others
//! up, and what it says later about a time already passed is counted as late, not slipped in.

use crate::acquisition::SourceId;
use crate::clock::BoxTime;
use crate::session::PlacedBlock;
use firmware_wire::MAX_CHANNELS;
use std::collections::VecDeque;
use std::time::Duration;

/// A row with its place in box time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergedRow {
    /// When it was due.
    pub at: BoxTime,
    /// Where from.
    pub source: SourceId,
    /// Group on that source.
    pub group: u8,
    /// Channels in it.
    pub channels: u8,
    /// Raw codes.
    pub codes: [i32; MAX_CHANNELS],
}

#[derive(Debug, Default)]
struct Lane {
    rows: VecDeque<MergedRow>,
    reached: BoxTime,
    heard: BoxTime,
}

/// The merger of one group from each of several sources.
#[derive(Debug)]
pub struct Merge {
    lanes: Vec<Lane>,
    patience: Duration,
    depth: usize,
    passed: BoxTime,
    /// Rows that came after their time had passed.
    pub late: u64,
    /// Rows without a place in box time yet.
    pub unplaced: u64,
    /// Oldest rows dropped because a lane was full.
    pub dropped: u64,
}

impl Merge {
    /// For `sources` sources; waits `patience` for a quiet one and keeps `depth` rows of each.
    #[must_use]
    pub fn new(sources: usize, patience: Duration, depth: usize) -> Self {
        let lane = || Lane {
            rows: VecDeque::with_capacity(depth),
            ..Lane::default()
        };
        Self {
            lanes: (0..sources).map(|_| lane()).collect(),
            patience,
            depth,
            passed: BoxTime::default(),
            late: 0,
            unplaced: 0,
            dropped: 0,
        }
    }

    /// Takes the rows of a block that arrived at `now`.
    pub fn push(&mut self, source: SourceId, block: &PlacedBlock<'_>, now: BoxTime) {
        let rows = u64::from(block.block.rows);
        let (Some(first), Some(last)) = (block.first, block.last) else {
            self.unplaced += rows;
            return;
        };
        let Some(lane) = self.lanes.get_mut(source.0) else {
            return;
        };
        lane.heard = now;
        let span = last.at.ns() - first.at.ns();
        let steps = i64::from(block.block.rows.max(2)) - 1;
        let mut codes = block.block.codes();
        for row in 0..i64::from(block.block.rows) {
            let Some(read) = codes.next_row() else { break };
            // The map is refitted between blocks, so a lane is kept in order by hand.
            let at = BoxTime::from_ns(first.at.ns() + span * row / steps).max(lane.reached);
            lane.reached = at;
            if at < self.passed {
                self.late += 1;
                continue;
            }
            if lane.rows.len() == self.depth {
                lane.rows.pop_front();
                self.dropped += 1;
            }
            let mut all = [0; MAX_CHANNELS];
            all[..read.len()].copy_from_slice(read);
            lane.rows.push_back(MergedRow {
                at,
                source,
                group: block.block.group,
                channels: block.block.channels,
                codes: all,
            });
        }
    }

    /// The next row whose turn has come.
    pub fn pop(&mut self, now: BoxTime) -> Option<MergedRow> {
        let patience = self.patience;
        let next = self
            .lanes
            .iter()
            .enumerate()
            .filter_map(|(at, lane)| Some((lane.rows.front()?.at, at)))
            .min()?;
        let held_up = self.lanes.iter().any(|lane| {
            lane.rows.is_empty() && lane.reached < next.0 && now.after(lane.heard) < patience
        });
        if held_up {
            return None;
        }
        self.passed = next.0;
        self.lanes[next.1].rows.pop_front()
    }
}

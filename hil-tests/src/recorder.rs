//! Remembers what acquisition handed on, and keeps its own books.

use appliance_acquire::session::Answer;
use appliance_acquire::{NodeEvent, PlacedBlock, Sink, SourceId};
use std::collections::BTreeMap;

/// A row as it came.
#[derive(Clone, Debug)]
pub struct KeptRow {
    /// Restarts seen before it.
    pub run: u32,
    /// Number of its instant.
    pub index: u64,
    /// When it was due on the node.
    pub tick: u64,
    /// The codes.
    pub codes: Vec<i32>,
}

/// Books of one group of one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Book {
    /// First instant seen.
    pub first: u64,
    /// Instant after the last one seen.
    pub next: u64,
    /// Rows.
    pub rows: u64,
    /// Instants the node said it missed, after the first block.
    pub missed: u64,
    /// Instants nobody accounts for.
    pub unaccounted: u64,
    /// Blocks of trusted sessions.
    pub trusted: u64,
    /// Blocks.
    pub blocks: u64,
    /// Farthest a row was read from its due time, in ticks.
    pub jitter: u32,
}

/// The recorder.
#[derive(Debug, Default)]
pub struct Recorder {
    /// Everything the operator was told.
    pub events: Vec<(SourceId, NodeEvent)>,
    /// Every answer.
    pub answers: Vec<Answer>,
    /// Books by source, run and group.
    pub books: BTreeMap<(usize, u32, u8), Book>,
    /// Rows by source and group, if they are kept.
    pub rows: BTreeMap<(usize, u8), Vec<KeptRow>>,
    /// Whether rows are kept.
    pub keep_rows: bool,
    /// Largest bound on the box time of a row, in nanoseconds.
    pub worst_bound_ns: u128,
}

impl Recorder {
    /// A recorder that also keeps every row.
    #[must_use]
    pub fn keeping() -> Self {
        Self {
            keep_rows: true,
            ..Self::default()
        }
    }

    /// Whether the operator was told something like this.
    pub fn told(&self, like: impl Fn(&NodeEvent) -> bool) -> bool {
        self.events.iter().any(|(_, event)| like(event))
    }
}

impl Sink for Recorder {
    fn block(&mut self, source: SourceId, placed: &PlacedBlock<'_>) {
        let block = &placed.block;
        let book = self
            .books
            .entry((source.0, placed.run, block.group))
            .or_default();
        if book.blocks == 0 {
            book.first = block.first_index;
        } else {
            book.missed += u64::from(block.missed);
            book.unaccounted += block.first_index - book.next - u64::from(block.missed);
        }
        book.next = block.next_index();
        book.rows += u64::from(block.rows);
        book.blocks += 1;
        book.trusted += u64::from(placed.trusted);
        book.jitter = book.jitter.max(block.jitter_ticks);
        if let Some(last) = placed.last {
            self.worst_bound_ns = self.worst_bound_ns.max(last.bound.as_nanos());
        }
        if self.keep_rows {
            let rows = self.rows.entry((source.0, block.group)).or_default();
            let mut codes = block.codes();
            for row in 0..u64::from(block.rows) {
                let Some(read) = codes.next_row() else { break };
                rows.push(KeptRow {
                    run: placed.run,
                    index: block.first_index + row,
                    tick: block.tick_of(row).0,
                    codes: read.to_vec(),
                });
            }
        }
    }
    fn event(&mut self, source: SourceId, event: NodeEvent) {
        self.events.push((source, event));
    }
    fn answer(&mut self, _: SourceId, answer: Answer) {
        self.answers.push(answer);
    }
}

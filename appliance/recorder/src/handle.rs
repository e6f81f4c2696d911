//! The tick thread's end of the recorder: a ring of bytes that takes or refuses, at once.
//!
//! Nothing here locks, allocates or waits. When the recorder falls behind, raw codes and estimates
//! are refused first; the last part of the ring is kept for shots and events. What is refused is
//! counted, and the count ends up in the record.

use crate::log::record::{
    ChannelTable, EstimateRow, EstimateTable, Kind, RawBlock, ShotContext, ShotSummary,
};
use crate::log::writer::Dropped;
use crate::wall::WallTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes in front of a message: its length, its kind, its box time where that matters.
const HEAD: usize = 4 + 1 + 8;
/// Longest message.
const LONGEST: usize = 256 << 10;
/// Part of the ring that raw codes and estimates may not use.
const RESERVE: usize = 2 * LONGEST;

/// Counts of what was refused, from one thread to the other.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    blocks: AtomicU64,
    estimates: AtomicU64,
    others: AtomicU64,
}

impl Refused {
    fn count(&self, kind: Kind) {
        let counter = match kind {
            Kind::Block => &self.blocks,
            Kind::Estimate => &self.estimates,
            _ => &self.others,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the counts away.
    pub(crate) fn take(&self) -> Dropped {
        Dropped {
            blocks: self.blocks.swap(0, Ordering::Relaxed),
            estimates: self.estimates.swap(0, Ordering::Relaxed),
            others: self.others.swap(0, Ordering::Relaxed),
        }
    }
}

#[derive(Serialize)]
struct BeginOut<'a> {
    number: u64,
    wall: WallTime,
    context: &'a ShotContext,
}

/// A shot begins, on its way.
#[derive(Deserialize)]
pub(crate) struct Begin {
    pub number: u64,
    pub wall: WallTime,
    pub context: ShotContext,
}

#[derive(Serialize)]
struct EndOut<'a> {
    number: Option<u64>,
    more: bool,
    wall: WallTime,
    summary: &'a ShotSummary,
}

/// A shot ends, on its way.
#[derive(Deserialize)]
pub(crate) struct End {
    /// A shot that is over; the open one when none is named.
    pub number: Option<u64>,
    /// Notes may follow.
    pub more: bool,
    pub wall: WallTime,
    pub summary: ShotSummary,
}

/// Something happened, on its way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Happened<'a> {
    pub wall: WallTime,
    pub kind: &'a str,
    pub source: &'a str,
    pub text: &'a str,
}

/// What the tick thread says to the recorder. `at_ns` is box time in ns.
#[derive(Debug)]
pub struct Handle {
    ring: rtrb::Producer<u8>,
    scratch: Vec<u8>,
    refused: Arc<Refused>,
    next_shot: u64,
}

/// The recorder's end of the ring.
#[derive(Debug)]
pub(crate) struct Messages {
    ring: rtrb::Consumer<u8>,
    scratch: Vec<u8>,
}

/// A handle and its other end.
pub(crate) fn pair(bytes: usize, next_shot: u64) -> (Handle, Messages, Arc<Refused>) {
    let (producer, consumer) = rtrb::RingBuffer::new(bytes.max(RESERVE * 2));
    let refused = Arc::new(Refused::default());
    let handle = Handle {
        ring: producer,
        scratch: vec![0; LONGEST],
        refused: Arc::clone(&refused),
        next_shot,
    };
    let messages = Messages {
        ring: consumer,
        scratch: vec![0; LONGEST],
    };
    (handle, messages, refused)
}

impl Handle {
    /// What the codes of a group mean. Before its first block, and again after a change.
    pub fn channels(&mut self, table: &ChannelTable) {
        self.send(Kind::Channels, 0, table);
    }

    /// What the columns of the estimates are.
    pub fn estimate_columns(&mut self, table: &EstimateTable) {
        self.send(Kind::Estimates, 0, table);
    }

    /// Raw codes as they came, in a shot or not: the second before a shot belongs to it.
    pub fn samples(&mut self, block: &RawBlock<'_>) {
        self.send(Kind::Block, 0, block);
    }

    /// One result of the estimator, at whatever rate it is worth keeping.
    pub fn estimate(&mut self, row: &EstimateRow<'_>) {
        self.send(Kind::Estimate, 0, row);
    }

    /// A shot begins. Returns its number; one that is open is closed as interrupted.
    pub fn shot_begin(&mut self, context: &ShotContext, at_ns: i64) -> u64 {
        let number = self.next_shot;
        self.next_shot += 1;
        let begin = BeginOut {
            number,
            wall: WallTime::now(),
            context,
        };
        self.send(Kind::Begin, at_ns, &begin);
        number
    }

    /// More about the open shot: `mold`, `material`, `lot`, `recipe`, or any other key.
    pub fn context(&mut self, key: &str, value: &str) {
        self.send(Kind::Context, 0, &(None::<u64>, key, value));
    }

    /// More about a shot that is not settled.
    pub fn context_of(&mut self, number: u64, key: &str, value: &str) {
        self.send(Kind::Context, 0, &(Some(number), key, value));
    }

    /// Something happened: a word for machines, who says so, a sentence for people.
    pub fn event(&mut self, kind: &str, source: &str, text: &str, at_ns: i64) {
        let event = Happened {
            wall: WallTime::now(),
            kind,
            source,
            text,
        };
        self.send(Kind::Event, at_ns, &event);
    }

    /// The open shot ends.
    pub fn shot_end(&mut self, summary: &ShotSummary, at_ns: i64) {
        let end = EndOut {
            number: None,
            more: false,
            wall: WallTime::now(),
            summary,
        };
        self.send(Kind::End, at_ns, &end);
    }

    /// The cycle of the open shot is over. Its results follow by [`Handle::shot_result`], whatever begins meanwhile.
    pub fn shot_over(&mut self, at_ns: i64) {
        self.send(Kind::Over, at_ns, &WallTime::now());
    }

    /// The results of a shot that is over. With `more` notes may follow until [`Handle::shot_settled`], half a minute at
    /// most; what is told here is safe before that.
    pub fn shot_result(&mut self, number: u64, summary: &ShotSummary, more: bool) {
        let end = EndOut {
            number: Some(number),
            more,
            wall: WallTime::now(),
            summary,
        };
        self.send(Kind::End, 0, &end);
    }

    /// Nothing more will be said about a shot.
    pub fn shot_settled(&mut self, number: u64) {
        self.send(Kind::Settled, 0, &number);
    }

    fn send<T: Serialize>(&mut self, kind: Kind, at_ns: i64, content: &T) {
        let Ok(payload) = postcard::to_slice(content, &mut self.scratch[HEAD..]) else {
            self.refused.count(kind);
            return;
        };
        let len = HEAD + payload.len();
        let keep = if Kind::is_bulk(kind as u8) {
            RESERVE
        } else {
            0
        };
        self.scratch[..4].copy_from_slice(&(len as u32).to_le_bytes());
        self.scratch[4] = kind as u8;
        self.scratch[5..HEAD].copy_from_slice(&at_ns.to_le_bytes());
        let fits = self.ring.slots() >= len + keep;
        if !fits || self.ring.push_entire_slice(&self.scratch[..len]).is_err() {
            self.refused.count(kind);
        }
    }
}

impl Messages {
    /// The next message: kind, box time in ns, content.
    pub(crate) fn next(&mut self) -> Option<(Kind, i64, &[u8])> {
        let mut len = [0; 4];
        self.ring.pop_entire_slice(&mut len).ok()?;
        let rest = u32::from_le_bytes(len) as usize - 4;
        let message = &mut self.scratch[..rest];
        // A message enters the ring whole, so its rest is there.
        self.ring.pop_entire_slice(message).ok()?;
        let mut at = [0; 8];
        at.copy_from_slice(&message[1..9]);
        Some((Kind::of(message[0])?, i64::from_le_bytes(at), &message[9..]))
    }
}

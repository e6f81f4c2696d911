//! Frames on their way to the port. A frame goes in whole or not at all.

use firmware_wire::MAX_FRAME;
use heapless::Deque;

/// Bytes that may wait: sixteen of the longest frames. At 16 channels and 2 kHz a third of a second,
/// which is how long a busy box may look away without a sample being missed.
pub const QUEUE_BYTES: usize = 16 * (MAX_FRAME + 1);

/// The transmit queue.
#[derive(Debug, Default)]
pub struct TxQueue {
    bytes: Deque<u8, QUEUE_BYTES>,
    /// Frames queued since boot.
    pub sent: u32,
    /// Frames that found no room since boot.
    pub dropped: u32,
}

impl TxQueue {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Deque::new(),
            sent: 0,
            dropped: 0,
        }
    }

    /// Whether the longest frame would fit, with `spare` such frames left over.
    #[must_use]
    pub fn has_room(&self, spare: usize) -> bool {
        QUEUE_BYTES - self.bytes.len() >= (spare + 1) * MAX_FRAME
    }

    /// Queues a frame. Counts it as dropped when there is no room.
    pub fn push(&mut self, frame: &[u8]) {
        if QUEUE_BYTES - self.bytes.len() < frame.len() {
            self.dropped = self.dropped.wrapping_add(1);
            return;
        }
        for &byte in frame {
            // Room was checked above.
            let _ = self.bytes.push_back(byte);
        }
        self.sent = self.sent.wrapping_add(1);
    }

    /// The bytes that go out next, as far as they lie in one piece.
    #[must_use]
    pub fn front(&self) -> &[u8] {
        let (first, second) = self.bytes.as_slices();
        if first.is_empty() { second } else { first }
    }

    /// Forgets bytes the port has taken.
    pub fn consume(&mut self, bytes: usize) {
        for _ in 0..bytes {
            self.bytes.pop_front();
        }
    }
}

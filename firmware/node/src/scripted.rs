//! A converter that plays a script sent to it over a second serial line.
//!
//! It stands where a fast converter stands on a real board, behind the same trait, so a test can
//! bring in any waveform at full rate. One row is two bytes a channel, little endian, after a
//! start byte; the node asks for more with one byte a row, so the script never overruns.
//!
//! ```text
//! to the node:   a5 | code 0 lo | code 0 hi | code 1 lo | ...      one row
//!                c1 | text length | text                           the board panics with that text
//!                c2                                                the board stalls with interrupts off
//!                c3                                                the board loses its interrupts for 50 ms
//! from the node: 2b                                                room for one more row
//! ```

use crate::channel::{ChannelBank, Reading};
use heapless::Deque;

/// Starts a row.
pub const ROW: u8 = 0xa5;
/// Asks the board to panic.
pub const PANIC: u8 = 0xc1;
/// Asks the board to stall.
pub const STALL: u8 = 0xc2;
/// Asks the board to lose its interrupts for a while.
pub const PAUSE: u8 = 0xc3;
/// The node has room for one more row.
pub const MORE: u8 = 0x2b;
/// Rows the converter holds.
pub const ROWS: usize = 256;
/// The code that plays as an open circuit.
pub const OPEN: i16 = i16::MIN;

/// What the board has to do with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    None,
    /// Panic.
    Panic,
    /// Stall.
    Stall,
    /// Let interrupts pass unseen for a while.
    Pause,
}

/// The converter: `N` channels.
#[derive(Debug)]
pub struct Scripted<const N: usize> {
    rows: Deque<[i16; N], ROWS>,
    partial: [u8; 2],
    row: [i16; N],
    at: Option<usize>,
    credit: u32,
}

impl<const N: usize> Default for Scripted<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Scripted<N> {
    /// An empty converter with room for all its rows.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rows: Deque::new(),
            partial: [0; 2],
            row: [0; N],
            at: None,
            credit: ROWS as u32,
        }
    }

    /// Takes a byte from the script's line.
    pub fn receive(&mut self, byte: u8) -> Order {
        let Some(at) = self.at else {
            match byte {
                ROW => self.at = Some(0),
                PANIC => return Order::Panic,
                STALL => return Order::Stall,
                PAUSE => return Order::Pause,
                _ => {}
            }
            return Order::None;
        };
        self.partial[at % 2] = byte;
        if at % 2 == 1 {
            self.row[at / 2] = i16::from_le_bytes(self.partial);
        }
        self.at = Some(at + 1);
        if at + 1 == 2 * N {
            self.at = None;
            // The script only sends what it was given room for.
            let _ = self.rows.push_back(self.row);
        }
        Order::None
    }

    /// Whether to send one [`MORE`] now.
    pub const fn take_credit(&mut self) -> bool {
        if self.credit == 0 {
            return false;
        }
        self.credit -= 1;
        true
    }
}

impl<const N: usize> ChannelBank for Scripted<N> {
    fn read(&mut self, readings: &mut [Reading]) {
        let Some(row) = self.rows.pop_front() else {
            return;
        };
        self.credit += 1;
        for (reading, code) in readings.iter_mut().zip(row) {
            *reading = if code == OPEN {
                Reading::Open
            } else {
                Reading::Code(i32::from(code))
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_rows_in_order_and_then_has_nothing() {
        let mut bank = Scripted::<2>::new();
        for byte in [7, ROW, 1, 0, 0xff, 0xff, ROW, 0, 0x80, 2, 1] {
            assert_eq!(bank.receive(byte), Order::None);
        }
        let mut readings = [Reading::Missing; 2];
        bank.read(&mut readings);
        assert_eq!(readings, [Reading::Code(1), Reading::Code(-1)]);
        bank.read(&mut readings);
        assert_eq!(readings, [Reading::Open, Reading::Code(258)]);
        let mut none = [Reading::Missing; 2];
        bank.read(&mut none);
        assert_eq!(none, [Reading::Missing; 2]);
    }
}

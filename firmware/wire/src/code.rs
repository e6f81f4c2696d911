//! Raw codes packed into bytes: per channel the difference to the row before, as a zigzag varint.
//!
//! A block starts from zero for every channel, so it can be read without the block before it.

/// Stands for "no reading at this instant". The box must never take it for a code.
pub const NO_READING: i32 = i32::MIN;

/// Most bytes one packed code takes.
pub const MAX_CODE_BYTES: usize = 5;

/// Packs rows of codes into a byte buffer it is lent for each call.
#[derive(Clone, Debug)]
pub struct WriteCodes {
    before: [i32; crate::MAX_CHANNELS],
    len: usize,
}

impl Default for WriteCodes {
    fn default() -> Self {
        Self::new()
    }
}

impl WriteCodes {
    /// Starts an empty block.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            before: [0; crate::MAX_CHANNELS],
            len: 0,
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a row of `channels` codes is sure to fit into a buffer of `capacity` bytes.
    #[must_use]
    pub const fn fits(&self, channels: usize, capacity: usize) -> bool {
        self.len + channels * MAX_CODE_BYTES <= capacity
    }

    /// Appends one row. Returns false, and writes nothing, when it might not fit.
    pub fn push_row(&mut self, row: &[i32], buffer: &mut [u8]) -> bool {
        if row.len() > self.before.len() || !self.fits(row.len(), buffer.len()) {
            return false;
        }
        for (before, &code) in self.before.iter_mut().zip(row) {
            let step = code.wrapping_sub(*before);
            *before = code;
            let mut zigzag = (step.wrapping_shl(1) ^ (step >> 31)).cast_unsigned();
            while zigzag >= 0x80 {
                buffer[self.len] = (zigzag as u8 & 0x7f) | 0x80;
                self.len += 1;
                zigzag >>= 7;
            }
            buffer[self.len] = zigzag as u8;
            self.len += 1;
        }
        true
    }
}

/// Unpacks rows of codes, one call a row.
#[derive(Clone, Debug)]
pub struct ReadCodes<'a> {
    bytes: &'a [u8],
    before: [i32; crate::MAX_CHANNELS],
    channels: usize,
}

impl<'a> ReadCodes<'a> {
    /// Reads rows of `channels` codes (at most [`crate::MAX_CHANNELS`]).
    #[must_use]
    pub fn new(bytes: &'a [u8], channels: usize) -> Self {
        Self {
            bytes,
            before: [0; crate::MAX_CHANNELS],
            channels: channels.min(crate::MAX_CHANNELS),
        }
    }

    /// Whether every byte was used.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next row, or `None` when the bytes end or are not varints.
    pub fn next_row(&mut self) -> Option<&[i32]> {
        for channel in 0..self.channels {
            let step = self.next_step()?;
            self.before[channel] = self.before[channel].wrapping_add(step);
        }
        Some(&self.before[..self.channels])
    }

    fn next_step(&mut self) -> Option<i32> {
        let mut zigzag = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            if shift == 28 && byte > 0x0f {
                return None;
            }
            zigzag |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let half = (zigzag >> 1).cast_signed();
                return Some(half ^ -((zigzag & 1).cast_signed()));
            }
        }
        None
    }
}

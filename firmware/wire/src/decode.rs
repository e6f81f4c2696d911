//! Bytes to packets, in constant memory, whatever the bytes are.

use crate::frame::{CHECK_BYTES, HEADER_BYTES, MAX_ENCODED, WIRE_VERSION, check};
use crate::packet::Direction;
use core::marker::PhantomData;

/// Why a frame was thrown away. An unfinished frame is not an error: it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than any frame has came without a delimiter.
    #[error("no end of frame within {MAX_ENCODED} bytes")]
    Overlong,
    /// The byte stuffing is broken, or the frame is shorter than its header.
    #[error("broken framing")]
    Framing,
    /// The check does not match.
    #[error("bad check sum")]
    Check,
    /// A sound frame of another version of the wire.
    #[error("the peer speaks version {theirs} of the wire, this side speaks {WIRE_VERSION}")]
    Version {
        /// The peer's version.
        theirs: u8,
    },
    /// A sound frame of the other direction: the line echoes, or two hosts face each other.
    #[error("the line echoes this side's own direction")]
    Direction,
    /// A sound frame whose packet this side cannot read.
    #[error("a sound frame with an unreadable packet")]
    Malformed,
}

/// A streaming decoder of one direction.
#[derive(Clone, Debug)]
pub struct Decoder<D> {
    buffer: [u8; MAX_ENCODED],
    len: usize,
    overlong: bool,
    direction: PhantomData<D>,
}

impl<D: Direction> Default for Decoder<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Direction> Decoder<D> {
    /// An empty decoder. It starts in sync: bytes before the first delimiter are a frame or an error.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buffer: [0; MAX_ENCODED],
            len: 0,
            overlong: false,
            direction: PhantomData,
        }
    }

    /// Forgets an unfinished frame, for a port that was closed and opened again.
    pub const fn clear(&mut self) {
        self.len = 0;
        self.overlong = false;
    }

    /// Takes bytes as they come and hands every packet, or every thrown-away frame, to `sink`.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        mut sink: impl FnMut(Result<D::Packet<'_>, DecodeError>),
    ) {
        while let Some(end) = bytes.iter().position(|&byte| byte == 0) {
            self.gather(&bytes[..end]);
            self.finish(&mut sink);
            bytes = &bytes[end + 1..];
        }
        self.gather(bytes);
    }

    fn gather(&mut self, part: &[u8]) {
        let room = self.buffer.get_mut(self.len..self.len + part.len());
        match room {
            Some(room) if !self.overlong => {
                room.copy_from_slice(part);
                self.len += part.len();
            }
            _ => self.overlong = true,
        }
    }

    fn finish(&mut self, sink: &mut impl FnMut(Result<D::Packet<'_>, DecodeError>)) {
        let len = core::mem::take(&mut self.len);
        if core::mem::take(&mut self.overlong) {
            sink(Err(DecodeError::Overlong));
        } else if len > 0 {
            sink(Self::read(&mut self.buffer[..len]));
        }
    }

    fn read(stuffed: &mut [u8]) -> Result<D::Packet<'_>, DecodeError> {
        let len = cobs::decode_in_place(stuffed).map_err(|_| DecodeError::Framing)?;
        let body = stuffed.get(..len).ok_or(DecodeError::Framing)?;
        if body.len() < HEADER_BYTES + CHECK_BYTES {
            return Err(DecodeError::Framing);
        }
        let (checked, crc) = body.split_at(body.len() - CHECK_BYTES);
        if check(checked).to_le_bytes() != crc {
            return Err(DecodeError::Check);
        }
        if checked[0] != WIRE_VERSION {
            return Err(DecodeError::Version { theirs: checked[0] });
        }
        if checked[1] != D::MARK {
            return Err(DecodeError::Direction);
        }
        match postcard::take_from_bytes::<D::Packet<'_>>(&checked[HEADER_BYTES..]) {
            Ok((packet, [])) if D::is_consistent(&packet) => Ok(packet),
            _ => Err(DecodeError::Malformed),
        }
    }
}

//! The bytes around a packet.
//!
//! ```text
//! 00 | COBS( version | mark | postcard packet | CRC-32C, little endian ) | 00
//! ```
//! Zero delimits on both sides, so damage to one frame never takes its neighbour along. The
//! version byte, the check and the framing never change: a later version is recognised, not
//! misread.

use crc::{CRC_32_ISCSI, Crc, Table};

/// First byte of every body. Raised whenever an old reader would misread a packet.
pub const WIRE_VERSION: u8 = 2;

/// Bytes before the packet: version and direction mark.
pub const HEADER_BYTES: usize = 2;
/// Bytes after the packet.
pub const CHECK_BYTES: usize = 4;
/// Longest body: header, packet and check.
pub const MAX_BODY: usize = 1152;
/// Longest body after COBS.
pub const MAX_ENCODED: usize = cobs::max_encoding_length(MAX_BODY);
/// Longest frame with both delimiters.
pub const MAX_FRAME: usize = MAX_ENCODED + 2;

/// A buffer that any frame fits into.
pub type FrameBuffer = [u8; MAX_FRAME];

/// CRC-32C: finds every change of up to five bits in frames of up to 655 bytes, and every change
/// of up to three bits, and every burst of up to 32 bits, in all of them.
static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// The check over version, mark and packet.
#[must_use]
pub fn check(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}

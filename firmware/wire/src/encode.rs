//! Packet to bytes.

use crate::frame::{
    CHECK_BYTES, FrameBuffer, HEADER_BYTES, MAX_BODY, MAX_FRAME, WIRE_VERSION, check,
};
use crate::packet::Direction;

/// Why a packet was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The packet is longer than a frame may be.
    #[error("the packet does not fit into a frame of {MAX_BODY} bytes")]
    TooLong,
}

/// Writes one frame, delimiters included, and returns its bytes.
///
/// # Errors
/// When the packet does not fit, which only a hello with oversized names can manage.
pub fn encode<'b, D: Direction>(
    packet: &D::Packet<'_>,
    frame: &'b mut FrameBuffer,
) -> Result<&'b [u8], EncodeError> {
    encode_as::<D>(WIRE_VERSION, packet, frame)
}

/// As [`encode`], stating another version: for tests of what a peer does with it.
///
/// # Errors
/// As [`encode`].
pub fn encode_as<'b, D: Direction>(
    version: u8,
    packet: &D::Packet<'_>,
    frame: &'b mut FrameBuffer,
) -> Result<&'b [u8], EncodeError> {
    let mut body = [0_u8; MAX_BODY];
    body[0] = version;
    body[1] = D::MARK;
    let payload = &mut body[HEADER_BYTES..MAX_BODY - CHECK_BYTES];
    let used = postcard::to_slice(packet, payload)
        .map_err(|_| EncodeError::TooLong)?
        .len();
    let end = HEADER_BYTES + used;
    let crc = check(&body[..end]).to_le_bytes();
    body[end..end + CHECK_BYTES].copy_from_slice(&crc);

    frame[0] = 0;
    let encoded = cobs::encode(&body[..end + CHECK_BYTES], &mut frame[1..MAX_FRAME - 1]);
    frame[1 + encoded] = 0;
    Ok(&frame[..encoded + 2])
}

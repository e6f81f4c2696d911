//! Segment files: their names and their heads.
//!
//! ```text
//! offset  bytes
//! 0       8   "MSLOG\0" and the format, 1, little-endian
//! 8       8   number of the segment
//! 16      8   session: counts the recorder's starts
//! 24      8   box time in ns when the segment was opened
//! 32      8   number the next shot would get: numbers go on even if the book is lost
//! 40      4   CRC-32 (IEEE) of the 40 bytes before
//! ```

use std::path::{Path, PathBuf};

/// Bytes of the head.
pub const HEAD: usize = 44;
const MAGIC: [u8; 8] = *b"MSLOG\0\x01\0";

/// The head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the segment; also its name.
    pub number: u64,
    /// Counts the recorder's starts.
    pub session: u64,
    /// Box time in ns when it was opened.
    pub opened_ns: i64,
    /// Number the next shot would get.
    pub next_shot: u64,
}

impl Head {
    /// As bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[..8].copy_from_slice(&MAGIC);
        out[8..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..24].copy_from_slice(&self.session.to_le_bytes());
        out[24..32].copy_from_slice(&self.opened_ns.to_le_bytes());
        out[32..40].copy_from_slice(&self.next_shot.to_le_bytes());
        let crc = crc32fast::hash(&out[..40]);
        out[40..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// From the start of a segment; `None` when it is damaged or of another format.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD)?;
        let long = |at: usize| {
            let mut raw = [0; 8];
            raw.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(raw)
        };
        let crc = u32::from_le_bytes([head[40], head[41], head[42], head[43]]);
        (head[..8] == MAGIC && crc == crc32fast::hash(&head[..40])).then(|| Self {
            number: long(8),
            session: long(16),
            opened_ns: long(24).cast_signed(),
            next_shot: long(32),
        })
    }
}

/// The path of a segment.
#[must_use]
pub fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:012}.mlog"))
}

/// The number in a file name, if it is a segment's.
#[must_use]
pub fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(".mlog")?.parse().ok()
}

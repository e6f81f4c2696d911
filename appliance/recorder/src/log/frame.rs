//! One record in a segment: found again after damage, refused when a bit is wrong.
//!
//! ```text
//! offset  bytes
//! 0       2   marker C3 4D
//! 2       1   kind
//! 3       1   zero
//! 4       4   length of the payload, little-endian
//! 8       4   CRC-32 (IEEE) over bytes 2..8 and the payload
//! 12      n   payload
//! ```

const MARKER: [u8; 2] = [0xC3, 0x4D];
/// Bytes in front of a payload.
pub const HEAD: usize = 12;
/// Longest payload; longer lengths are damage.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Appends a record to `out`; `fill` writes its payload. A payload that is too long is taken back.
pub fn write(out: &mut Vec<u8>, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> bool {
    let start = out.len();
    out.extend_from_slice(&[MARKER[0], MARKER[1], kind, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    fill(out);
    let len = out.len() - start - HEAD;
    if len > MAX_PAYLOAD {
        out.truncate(start);
        return false;
    }
    out[start + 4..start + 8].copy_from_slice(&(len as u32).to_le_bytes());
    let crc = checksum(&out[start + 2..start + 8], &out[start + HEAD..]);
    out[start + 8..start + HEAD].copy_from_slice(&crc.to_le_bytes());
    true
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(payload);
    crc.finalize()
}

/// The whole record at the start of `bytes`: kind, payload, and bytes it takes.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let head = bytes.get(..HEAD)?;
    if head[..2] != MARKER || head[3] != 0 {
        return None;
    }
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let len = word(4) as usize;
    if len > MAX_PAYLOAD {
        return None;
    }
    let payload = bytes.get(HEAD..HEAD + len)?;
    (checksum(&head[2..8], payload) == word(8)).then_some((head[2], payload, HEAD + len))
}

/// What a walk over a segment meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole record.
    Record {
        /// Its kind.
        kind: u8,
        /// Its content.
        payload: &'a [u8],
    },
    /// Bytes that are no record, with whole records after them.
    Damage {
        /// Offset in the segment.
        at: usize,
        /// How many.
        len: usize,
    },
    /// Bytes that are no record, up to the end: what a cut leaves.
    Torn {
        /// Offset in the segment: the length of what is whole.
        at: usize,
        /// How many.
        len: usize,
    },
}

/// Walks over the records of a segment, from `at` on.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Starts at an offset.
    #[must_use]
    pub const fn from(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn next_whole(&self) -> Option<usize> {
        (self.at + 1..self.bytes.len().saturating_sub(HEAD - 1))
            .find(|&at| self.bytes[at] == MARKER[0] && read(&self.bytes[at..]).is_some())
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        if let Some((kind, payload, used)) = read(rest) {
            self.at += used;
            return Some(Found::Record { kind, payload });
        }
        let at = self.at;
        if let Some(whole) = self.next_whole() {
            self.at = whole;
            Some(Found::Damage {
                at,
                len: whole - at,
            })
        } else {
            self.at = self.bytes.len();
            Some(Found::Torn {
                at,
                len: rest.len(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        for payload in payloads {
            assert!(write(&mut out, 3, |out| out.extend_from_slice(payload)));
        }
        out
    }

    proptest! {
        /// Wherever the cut falls: every whole record before it, nothing that was not written.
        #[test]
        fn a_cut_keeps_every_whole_record(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..20),
            part in 0.0..1.0_f64,
        ) {
            let bytes = log(&payloads);
            let cut = (bytes.len() as f64 * part) as usize;
            let mut whole = 0;
            let mut used = 0;
            for payload in &payloads {
                used += HEAD + payload.len();
                whole += usize::from(used <= cut);
            }
            let found: Vec<_> = Walk::from(&bytes[..cut], 0).collect();
            let records: Vec<_> = found.iter().filter_map(|f| match f {
                Found::Record { payload, .. } => Some(payload.to_vec()),
                _ => None,
            }).collect();
            prop_assert_eq!(&records[..], &payloads[..whole]);
            let damaged = found.iter().any(|f| matches!(f, Found::Damage { .. }));
            prop_assert!(!damaged);
        }

        /// A flipped byte costs the record it lies in and no other.
        #[test]
        fn damage_costs_one_record(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 2..20),
            part in 0.0..1.0_f64,
            flip in 1..=255_u8,
        ) {
            let mut bytes = log(&payloads);
            let hit = ((bytes.len() - 1) as f64 * part) as usize;
            bytes[hit] ^= flip;
            let mut expected = Vec::new();
            let mut at = 0;
            for payload in &payloads {
                let end = at + HEAD + payload.len();
                if !(at..end).contains(&hit) {
                    expected.push(payload.clone());
                }
                at = end;
            }
            let records: Vec<_> = Walk::from(&bytes, 0).filter_map(|f| match f {
                Found::Record { payload, .. } => Some(payload.to_vec()),
                _ => None,
            }).collect();
            prop_assert_eq!(records, expected);
        }
    }

    #[test]
    fn zeros_after_the_last_record_are_a_torn_tail() {
        let mut bytes = log(&[vec![1, 2, 3]]);
        let whole = bytes.len();
        bytes.resize(whole + 5000, 0);
        let found: Vec<_> = Walk::from(&bytes, 0).collect();
        assert_eq!(
            found[1],
            Found::Torn {
                at: whole,
                len: 5000
            }
        );
    }
}

//! Linux industrial I/O: converters with a kernel driver.
//!
//! Slow channels are read from `in_*_raw`; fast ones from the device's buffer, whose layout
//! `scan_elements` describes as `le:s24/32>>8`: byte order, sign, real bits, storage bits, shift.

use crate::error::AcquireError;
use firmware_node::channel::{ChannelBank, Reading};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Channels read one by one from their `in_*_raw` files.
#[derive(Debug)]
pub struct RawFiles {
    files: Vec<PathBuf>,
}

impl RawFiles {
    /// The named channels (`voltage0`, `temp`) of a device directory.
    #[must_use]
    pub fn new(device: &Path, channels: &[&str]) -> Self {
        let file = |name: &&str| device.join(format!("in_{name}_raw"));
        Self {
            files: channels.iter().map(file).collect(),
        }
    }
}

impl ChannelBank for RawFiles {
    fn read(&mut self, readings: &mut [Reading]) {
        for (reading, file) in readings.iter_mut().zip(&self.files) {
            *reading = fs::read_to_string(file)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .map_or(Reading::Missing, Reading::Code);
        }
    }
}

/// How one channel lies in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanType {
    big_endian: bool,
    signed: bool,
    bits: u32,
    storage: u32,
    shift: u32,
}

impl ScanType {
    /// Understands the kernel's description.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (order, rest) = text.trim().split_once(':')?;
        let (sign, rest) = (rest.get(..1)?, rest.get(1..)?);
        let (bits, rest) = rest.split_once('/')?;
        let (storage, shift) = rest.split_once(">>").unwrap_or((rest, "0"));
        let found = Self {
            big_endian: match order {
                "be" => true,
                "le" => false,
                _ => return None,
            },
            signed: match sign {
                "s" => true,
                "u" => false,
                _ => return None,
            },
            bits: bits.parse().ok()?,
            storage: storage.parse().ok()?,
            shift: shift.parse().ok()?,
        };
        let sound = matches!(found.storage, 8 | 16 | 32 | 64)
            && (1..=32).contains(&found.bits)
            && found.bits.checked_add(found.shift)? <= found.storage;
        sound.then_some(found)
    }

    fn bytes(self) -> usize {
        self.storage as usize / 8
    }

    fn code(self, bytes: &[u8]) -> Option<i32> {
        let join = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        let word = if self.big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        };
        let up = 64 - self.bits;
        let real = word >> self.shift << up;
        if self.signed {
            i32::try_from(real.cast_signed() >> up).ok()
        } else {
            i32::try_from(real >> up).ok()
        }
    }
}

/// Rows from the buffer of a device.
#[derive(Debug)]
pub struct Buffered<R> {
    device: R,
    scan: Vec<ScanType>,
    offsets: Vec<usize>,
    row: Vec<u8>,
}

/// The layout of the named channels, from the device's `scan_elements`.
///
/// # Errors
/// When a description is missing or unknown.
pub fn scan_types(device: &Path, channels: &[&str]) -> Result<Vec<ScanType>, AcquireError> {
    let read = |name: &&str| {
        let path = device.join(format!("scan_elements/in_{name}_type"));
        let text = fs::read_to_string(&path).map_err(|source| AcquireError::Read {
            path: path.clone(),
            source,
        })?;
        ScanType::parse(&text).ok_or(AcquireError::ScanType { path, text })
    };
    channels.iter().map(read).collect()
}

impl<R: Read> Buffered<R> {
    /// Reads rows of this layout; each channel is aligned to its own size, as the kernel does it.
    pub fn new(device: R, scan: Vec<ScanType>) -> Self {
        let mut end = 0_usize;
        let mut widest = 1;
        let mut offsets = Vec::with_capacity(scan.len());
        for channel in &scan {
            end = end.next_multiple_of(channel.bytes());
            offsets.push(end);
            end += channel.bytes();
            widest = widest.max(channel.bytes());
        }
        Self {
            device,
            scan,
            offsets,
            row: vec![0; end.next_multiple_of(widest)],
        }
    }
}

impl<R: Read> ChannelBank for Buffered<R> {
    fn read(&mut self, readings: &mut [Reading]) {
        if self.device.read_exact(&mut self.row).is_err() {
            return;
        }
        for (reading, (scan, &at)) in readings.iter_mut().zip(self.scan.iter().zip(&self.offsets)) {
            *reading = scan
                .code(&self.row[at..at + scan.bytes()])
                .map_or(Reading::Missing, Reading::Code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_read_as_the_kernel_lays_them_out() {
        let scan: Vec<_> = ["le:s24/32>>8", "be:u12/16>>4", "le:s8/8"]
            .iter()
            .map(|text| ScanType::parse(text).unwrap())
            .collect();
        let mut row = (-5_i32 << 8).to_le_bytes().to_vec();
        row.extend((0xabc_u16 << 4).to_be_bytes());
        row.extend([0xff, 0x00]);
        let mut bank = Buffered::new(&row[..], scan);
        let mut readings = [Reading::Missing; 3];
        bank.read(&mut readings);
        assert_eq!(
            readings,
            [Reading::Code(-5), Reading::Code(0xabc), Reading::Code(-1)]
        );
        let mut none = [Reading::Missing; 3];
        bank.read(&mut none);
        assert_eq!(
            none,
            [Reading::Missing; 3],
            "the end of the buffer is not a sample"
        );
    }

    #[test]
    fn nonsense_is_not_a_layout() {
        for text in [
            "",
            "le",
            "xx:s8/8",
            "le:q8/8",
            "le:s24/24",
            "le:s32/32>>8",
            "le:s0/8",
        ] {
            assert_eq!(ScanType::parse(text), None, "{text}");
        }
    }
}

//! What survives a reset: how often the node restarted, and the last words of a panic.
//!
//! The board keeps one [`CrashRecord`] in memory that start-up code does not clear. A check sum
//! tells a record from the noise of a cold start.

use core::fmt::Write;
use firmware_wire::ResetCause;

const MAGIC: u32 = 0x4d6f_4c64;
/// Longest panic message kept.
pub const MESSAGE_BYTES: usize = 120;

/// The record. Every bit pattern is a value, so memory that was never written is safe to look at.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CrashRecord {
    magic: u32,
    boot: u32,
    kind: u32,
    len: u32,
    check: u32,
    message: [u8; MESSAGE_BYTES],
}

const NOTHING: u32 = 0;
const PANIC: u32 = 1;
const WATCHDOG: u32 = 2;

impl CrashRecord {
    /// An empty record, as after a cold start.
    #[must_use]
    pub const fn cold() -> Self {
        Self {
            magic: 0,
            boot: 0,
            kind: NOTHING,
            len: 0,
            check: 0,
            message: [0; MESSAGE_BYTES],
        }
    }

    fn sum(&self) -> u32 {
        let mut bytes = [0; 12 + MESSAGE_BYTES];
        bytes[..4].copy_from_slice(&self.boot.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.kind.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..].copy_from_slice(&self.message);
        firmware_wire::frame::check(&bytes)
    }

    fn is_sound(&self) -> bool {
        self.magic == MAGIC && self.len as usize <= MESSAGE_BYTES && self.check == self.sum()
    }

    fn seal(&mut self) {
        self.magic = MAGIC;
        self.check = self.sum();
    }

    /// At boot: counts the restart and takes the message out. `hardware` is what the reset
    /// register says; the record outranks it, because a panic ends in a software reset.
    pub fn restart(&mut self, hardware: ResetCause) -> Restart {
        let before = if self.is_sound() { *self } else { Self::cold() };
        *self = Self {
            boot: before.boot.wrapping_add(1),
            ..Self::cold()
        };
        self.seal();
        Restart {
            boot: self.boot,
            cause: match before.kind {
                PANIC => ResetCause::Panic,
                WATCHDOG => ResetCause::Watchdog,
                _ => hardware,
            },
            message: before.message,
            len: before.len as usize,
        }
    }

    /// In the panic handler: keeps the message.
    pub fn panicked(&mut self, message: &impl core::fmt::Display) {
        self.keep(PANIC, message);
    }

    /// In the watchdog's warning interrupt, on boards whose reset register does not tell.
    pub fn watchdog_bites(&mut self) {
        self.keep(WATCHDOG, &"");
    }

    fn keep(&mut self, kind: u32, message: &impl core::fmt::Display) {
        let boot = if self.is_sound() { self.boot } else { 0 };
        *self = Self {
            boot,
            kind,
            ..Self::cold()
        };
        let mut text = Truncated {
            into: &mut self.message,
            len: 0,
        };
        // Truncated never fails.
        let _ = write!(text, "{message}");
        self.len = text.len as u32;
        self.seal();
    }
}

/// How this run began.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// Restarts since the record was cold.
    pub boot: u32,
    /// Why.
    pub cause: ResetCause,
    message: [u8; MESSAGE_BYTES],
    len: usize,
}

impl Restart {
    /// The panic message, empty if there was none.
    #[must_use]
    pub fn message(&self) -> &str {
        let bytes = &self.message[..self.len];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

struct Truncated<'a> {
    into: &'a mut [u8; MESSAGE_BYTES],
    len: usize,
}

impl Write for Truncated<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = &mut self.into[self.len..];
        let used = text.len().min(room.len());
        room[..used].copy_from_slice(&text.as_bytes()[..used]);
        self.len += used;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_once_and_outranks_the_reset_register() {
        let mut record = CrashRecord::cold();
        assert_eq!(record.restart(ResetCause::PowerOn).boot, 1);
        record.panicked(&"index out of bounds");
        let told = record.restart(ResetCause::Software);
        assert_eq!((told.boot, told.cause), (2, ResetCause::Panic));
        assert_eq!(told.message(), "index out of bounds");
        record.watchdog_bites();
        assert_eq!(
            record.restart(ResetCause::Unknown).cause,
            ResetCause::Watchdog
        );
        let next = record.restart(ResetCause::BrownOut);
        assert_eq!((next.boot, next.cause), (4, ResetCause::BrownOut));
        assert_eq!(next.message(), "");
    }

    #[test]
    fn noise_is_not_a_record_and_long_words_are_cut_at_a_character() {
        let mut noise = CrashRecord {
            magic: MAGIC,
            boot: 9,
            kind: PANIC,
            len: 5,
            check: 1,
            message: [0xff; MESSAGE_BYTES],
        };
        assert_eq!(noise.restart(ResetCause::PowerOn).boot, 1);
        noise.panicked(&"압력".repeat(40));
        let told = noise.restart(ResetCause::Software);
        assert!(told.message().starts_with("압력압력") && told.message().len() <= MESSAGE_BYTES);
    }
}

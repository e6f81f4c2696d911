//! An I2C master on two open-drain lines, for boards whose controller is just two pins.

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

/// Two open-drain lines with pull-ups.
pub trait TwoLines {
    /// Lets the data line float high, or pulls it low.
    fn set_data(&mut self, high: bool);
    /// Lets the clock line float high, or pulls it low.
    fn set_clock(&mut self, high: bool);
    /// The level of the data line.
    fn data(&mut self) -> bool;
    /// Waits for a quarter of a bit.
    fn pause(&mut self);
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitBangError {
    /// Nobody answers at the address.
    #[error("no device acknowledged its address")]
    NoDevice,
    /// A byte was not taken.
    #[error("the device did not acknowledge a byte")]
    NotTaken,
}

impl embedded_hal::i2c::Error for BitBangError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NoAcknowledge(match self {
            Self::NoDevice => NoAcknowledgeSource::Address,
            Self::NotTaken => NoAcknowledgeSource::Data,
        })
    }
}

/// The master.
#[derive(Debug)]
pub struct BitBangI2c<L> {
    lines: L,
}

impl<L: TwoLines> BitBangI2c<L> {
    /// Takes the lines and leaves them high.
    pub fn new(mut lines: L) -> Self {
        lines.set_data(true);
        lines.set_clock(true);
        Self { lines }
    }

    fn start(&mut self) {
        self.lines.set_data(true);
        self.lines.set_clock(true);
        self.lines.pause();
        self.lines.set_data(false);
        self.lines.pause();
        self.lines.set_clock(false);
    }

    fn stop(&mut self) {
        self.lines.set_data(false);
        self.lines.pause();
        self.lines.set_clock(true);
        self.lines.pause();
        self.lines.set_data(true);
        self.lines.pause();
    }

    fn write_bit(&mut self, bit: bool) {
        self.lines.set_data(bit);
        self.lines.pause();
        self.lines.set_clock(true);
        self.lines.pause();
        self.lines.set_clock(false);
    }

    fn read_bit(&mut self) -> bool {
        self.lines.set_data(true);
        self.lines.pause();
        self.lines.set_clock(true);
        self.lines.pause();
        let bit = self.lines.data();
        self.lines.set_clock(false);
        bit
    }

    fn write_byte(&mut self, byte: u8) -> bool {
        for bit in (0..8).rev() {
            self.write_bit(byte >> bit & 1 == 1);
        }
        !self.read_bit()
    }

    fn read_byte(&mut self, more: bool) -> u8 {
        let mut byte = 0;
        for _ in 0..8 {
            byte = byte << 1 | u8::from(self.read_bit());
        }
        self.write_bit(!more);
        byte
    }

    fn run(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BitBangError> {
        let mut reading = None;
        let count = operations.len();
        for at in 0..count {
            let read = matches!(operations[at], Operation::Read(_));
            if reading != Some(read) {
                self.start();
                if !self.write_byte(address << 1 | u8::from(read)) {
                    return Err(BitBangError::NoDevice);
                }
                reading = Some(read);
            }
            let more_follow = matches!(operations.get(at + 1), Some(Operation::Read(_)));
            match &mut operations[at] {
                Operation::Write(bytes) => {
                    for &byte in *bytes {
                        if !self.write_byte(byte) {
                            return Err(BitBangError::NotTaken);
                        }
                    }
                }
                Operation::Read(into) => {
                    let last = into.len().saturating_sub(1);
                    for (i, byte) in into.iter_mut().enumerate() {
                        *byte = self.read_byte(i < last || more_follow);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<L> ErrorType for BitBangI2c<L> {
    type Error = BitBangError;
}

impl<L: TwoLines> I2c for BitBangI2c<L> {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BitBangError> {
        let result = self.run(address, operations);
        self.stop();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// A memory on the bus, as a slave sees the lines: reacts to edges of the clock.
    #[derive(Default)]
    struct Memory {
        data: bool,
        clock: bool,
        out: bool,
        bits: u32,
        shift: u8,
        active: bool,
        reading: bool,
        pointer: Option<u8>,
        bytes: Vec<u8>,
        addressed: bool,
    }

    impl TwoLines for &mut Memory {
        fn set_data(&mut self, high: bool) {
            if self.clock && self.data && !high {
                (self.active, self.bits, self.addressed) = (true, 0, false);
            }
            if self.clock && !self.data && high {
                self.active = false;
                self.out = true;
            }
            self.data = high;
        }
        fn set_clock(&mut self, high: bool) {
            let rising = !self.clock && high;
            let falling = self.clock && !high;
            self.clock = high;
            if !self.active {
                return;
            }
            if rising && self.bits < 8 {
                self.shift = self.shift << 1 | u8::from(self.data);
                self.bits += 1;
            } else if rising {
                self.bits = 9;
            } else if falling && self.bits == 8 {
                self.out = true;
                if !self.addressed {
                    self.addressed = true;
                    self.reading = self.shift & 1 == 1;
                    self.active = self.shift >> 1 == 0x48;
                    self.out = !self.active;
                    if !self.reading {
                        self.pointer = None;
                    }
                } else if !self.reading {
                    self.out = false;
                    match self.pointer {
                        None => self.pointer = Some(self.shift),
                        Some(p) => {
                            let value = self.shift;
                            self.bytes[usize::from(p)] = value;
                            self.pointer = Some(p + 1);
                        }
                    }
                }
            } else if falling && self.bits == 9 {
                self.bits = 0;
                self.out = true;
            }
            if falling && self.active && self.addressed && self.reading && self.bits < 8 {
                let p = usize::from(self.pointer.unwrap());
                self.out = self.bytes[p] >> (7 - self.bits) & 1 == 1;
                if self.bits == 7 {
                    self.pointer = Some(p as u8 + 1);
                }
            }
        }
        fn data(&mut self) -> bool {
            self.out && self.data
        }
        fn pause(&mut self) {}
    }

    #[test]
    fn writes_then_reads_back_after_a_repeated_start() {
        let mut memory = Memory {
            bytes: [0; 8].to_vec(),
            ..Memory::default()
        };
        let mut i2c = BitBangI2c::new(&mut memory);
        i2c.write(0x48, &[2, 0xde, 0xad]).unwrap();
        let mut back = [0; 2];
        i2c.write_read(0x48, &[2], &mut back).unwrap();
        assert_eq!(back, [0xde, 0xad]);
        assert_eq!(memory.bytes, [0, 0, 0xde, 0xad, 0, 0, 0, 0]);
    }

    #[test]
    fn an_empty_address_is_named() {
        let mut memory = Memory {
            bytes: [0; 8].to_vec(),
            ..Memory::default()
        };
        let mut i2c = BitBangI2c::new(&mut memory);
        assert_eq!(i2c.write(0x49, &[0]), Err(BitBangError::NoDevice));
    }
}

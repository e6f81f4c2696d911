//! ADS131M08: eight simultaneous 24-bit channels (cavity and hydraulic pressure, strain, 0-10 V).
//!
//! Words are 24 bits. A frame is ten words: command out and status in, eight channels, check sum.
//! Source: Texas Instruments SBAS950, sections 8.5 (SPI) and 8.6 (registers).

use crate::channel::{ChannelBank, Reading};
use embedded_hal::spi::SpiDevice;

const FRAME: usize = 30;
const WREG: u16 = 0x6000;
const RREG: u16 = 0xa000;
const MODE: u16 = 0x02;
const CLOCK: u16 = 0x03;
const GAIN1: u16 = 0x04;
/// MODE: 24-bit words, reset flag cleared, time-out on, check sum on what we send.
const MODE_VALUE: u16 = 0x0110 | MODE_CHECKED;
const MODE_CHECKED: u16 = 1 << 12;
/// STATUS: input check sum failed, register map changed, device was reset.
const STATUS_TROUBLE: u16 = 1 << 12 | 1 << 13 | 1 << 10;

/// Oversampling ratio; data rate at an 8.192 MHz clock in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversampling {
    /// 512 (8 kHz).
    X512 = 2,
    /// 1024 (4 kHz).
    X1024 = 3,
    /// 2048 (2 kHz).
    X2048 = 4,
    /// 4096 (1 kHz).
    X4096 = 5,
}

/// Why the converter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdsError<E> {
    /// The bus failed.
    #[error("the bus to the ADS131M08 failed")]
    Bus(E),
    /// The answer's check sum is wrong.
    #[error("the ADS131M08 answered with a bad check sum")]
    Check,
    /// A register does not hold what was written: wrong chip, or no chip.
    #[error(
        "register {register:#04x} of the ADS131M08 reads {read:#06x}, {written:#06x} was written"
    )]
    Register {
        /// Which.
        register: u16,
        /// What was written.
        written: u16,
        /// What it reads.
        read: u16,
    },
}

/// The converter.
#[derive(Debug)]
pub struct Ads131m08<S> {
    spi: S,
}

impl<S: SpiDevice> Ads131m08<S> {
    /// Sets rate and gains (as powers of two, 0 to 7) and reads every register back.
    ///
    /// # Errors
    /// When the bus fails or a register does not hold what was written.
    pub fn new(spi: S, rate: Oversampling, gains: [u8; 8]) -> Result<Self, AdsError<S::Error>> {
        let mut chip = Self { spi };
        // High resolution, all eight channels.
        let clock = 0xff00 | (rate as u16) << 2 | 0b10;
        let gain = |four: &[u8]| {
            four.iter()
                .rev()
                .fold(0_u16, |word, gain| word << 4 | u16::from(gain & 7))
        };
        for (register, value) in [
            (MODE, MODE_VALUE),
            (CLOCK, clock),
            (GAIN1, gain(&gains[..4])),
            (GAIN1 + 1, gain(&gains[4..])),
        ] {
            chip.set(register, value)?;
        }
        Ok(chip)
    }

    fn set(&mut self, register: u16, written: u16) -> Result<(), AdsError<S::Error>> {
        self.exchange(&[WREG | register << 7, written])?;
        self.exchange(&[RREG | register << 7])?;
        let answer = self.exchange(&[])?;
        let read = u16::from_be_bytes([answer[0], answer[1]]);
        if read == written {
            return Ok(());
        }
        Err(AdsError::Register {
            register,
            written,
            read,
        })
    }

    /// Sends words with their check sum, zero-filled to a frame, and checks the answer.
    fn exchange(&mut self, words: &[u16]) -> Result<[u8; FRAME], AdsError<S::Error>> {
        let mut frame = [0; FRAME];
        for (word, bytes) in words.iter().zip(frame.chunks_exact_mut(3)) {
            bytes[..2].copy_from_slice(&word.to_be_bytes());
        }
        let sent = 3 * words.len().max(1);
        let check = crc16(&frame[..sent]);
        frame[sent..sent + 2].copy_from_slice(&check.to_be_bytes());
        self.spi
            .transfer_in_place(&mut frame)
            .map_err(AdsError::Bus)?;
        if crc16(&frame[..27]).to_be_bytes() != frame[27..29] {
            return Err(AdsError::Check);
        }
        Ok(frame)
    }

    /// The eight codes of the latest conversion.
    ///
    /// # Errors
    /// When the bus fails, the check sum is wrong, or the chip says it lost its settings.
    pub fn read_codes(&mut self) -> Result<[i32; 8], AdsError<S::Error>> {
        let frame = self.exchange(&[])?;
        let status = u16::from_be_bytes([frame[0], frame[1]]);
        if status & STATUS_TROUBLE != 0 {
            return Err(AdsError::Check);
        }
        let mut codes = [0; 8];
        for (code, word) in codes.iter_mut().zip(frame[3..27].chunks_exact(3)) {
            *code = i32::from_be_bytes([word[0], word[1], word[2], 0]) >> 8;
        }
        Ok(codes)
    }
}

impl<S: SpiDevice> ChannelBank for Ads131m08<S> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Ok(codes) = self.read_codes() {
            for (reading, code) in readings.iter_mut().zip(codes) {
                *reading = Reading::Code(code);
            }
        }
    }
}

/// CRC-16/CCITT, start value 0xffff, as the chip computes it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::spi::{Mock, Transaction};
    use std::vec::Vec;

    fn sent(words: &[u16]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|w| [w.to_be_bytes()[0], w.to_be_bytes()[1], 0])
            .collect();
        if bytes.is_empty() {
            bytes = [0; 3].to_vec();
        }
        let crc = crc16(&bytes);
        bytes.extend(crc.to_be_bytes());
        bytes.resize(FRAME, 0);
        bytes
    }

    fn answer(status: u16, codes: [i32; 8]) -> Vec<u8> {
        let mut bytes = [status.to_be_bytes()[0], status.to_be_bytes()[1], 0].to_vec();
        for code in codes {
            bytes.extend(&code.to_be_bytes()[1..]);
        }
        bytes.extend(crc16(&bytes).to_be_bytes());
        bytes.push(0);
        bytes
    }

    fn exchange(words: &[u16], back: Vec<u8>) -> [Transaction<u8>; 3] {
        [
            Transaction::transaction_start(),
            Transaction::transfer_in_place(sent(words), back),
            Transaction::transaction_end(),
        ]
    }

    fn set_up() -> Vec<Transaction<u8>> {
        let mut script = Vec::new();
        for (register, value) in [(2, 0x1110), (3, 0xff12), (4, 0x0010), (5, 0x7000)] {
            script.extend(exchange(
                &[0x6000 | register << 7, value],
                answer(0x0500, [0; 8]),
            ));
            script.extend(exchange(&[0xa000 | register << 7], answer(0x0500, [0; 8])));
            script.extend(exchange(&[], answer(value, [0; 8])));
        }
        script
    }

    const GAINS: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 7];

    #[test]
    fn registers_are_written_and_read_back_then_codes_come_sign_extended() {
        let codes = [0, 1, -1, 0x7f_ffff, -0x80_0000, 42, -42, 1000];
        let mut script = set_up();
        script.extend(exchange(&[], answer(0x05ff & !0x0400, codes)));
        let mut mock = Mock::new(&script);
        let mut chip = Ads131m08::new(mock.clone(), Oversampling::X2048, GAINS).unwrap();
        assert_eq!(chip.read_codes().unwrap(), codes);
        mock.done();
    }

    #[test]
    fn a_flipped_bit_or_a_chip_that_was_reset_gives_no_reading() {
        let mut bad = answer(0x01ff, [5; 8]);
        bad[7] ^= 1;
        let mut script = set_up();
        script.extend(exchange(&[], bad));
        script.extend(exchange(&[], answer(0x05ff, [5; 8])));
        let mut mock = Mock::new(&script);
        let mut chip = Ads131m08::new(mock.clone(), Oversampling::X2048, GAINS).unwrap();
        for _ in 0..2 {
            let mut readings = [Reading::Missing; 8];
            chip.read(&mut readings);
            assert_eq!(readings, [Reading::Missing; 8]);
        }
        mock.done();
    }

    #[test]
    fn a_bus_without_a_chip_is_named() {
        let mut script = Vec::new();
        script.extend(exchange(&[0x6100, 0x1110], answer(0, [0; 8])));
        script.extend(exchange(&[0xa100], answer(0, [0; 8])));
        script.extend(exchange(&[], answer(0, [0; 8])));
        let mut mock = Mock::new(&script);
        let error = Ads131m08::new(mock.clone(), Oversampling::X2048, GAINS)
            .err()
            .unwrap();
        assert_eq!(
            error,
            AdsError::Register {
                register: 2,
                written: 0x1110,
                read: 0
            }
        );
        mock.done();
    }
}

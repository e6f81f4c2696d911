//! ADXL355: low-noise vibration, three axes of 20 bits, 256 000 steps a g in the 2 g range.
//!
//! Source: Analog Devices ADXL354/ADXL355, rev. C, register map.

use crate::channel::{ChannelBank, Reading};
use embedded_hal::spi::SpiDevice;

const DEVID_AD: u8 = 0x00;
const IDS: [u8; 3] = [0xad, 0x1d, 0xed];
const XDATA3: u8 = 0x08;
const FILTER: u8 = 0x28;
const RANGE: u8 = 0x2c;
const POWER_CTL: u8 = 0x2d;
const STATUS: u8 = 0x04;
const DATA_READY: u8 = 0x01;
const READ: u8 = 1;

/// Full scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 2 g, 3.9 microgravities a step.
    G2 = 1,
    /// 4 g.
    G4 = 2,
    /// 8 g.
    G8 = 3,
}

/// Output data rate; the filter corner lies at a quarter of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataRate {
    /// 4000 Hz.
    Hz4000 = 0,
    /// 2000 Hz.
    Hz2000 = 1,
    /// 1000 Hz.
    Hz1000 = 2,
    /// 500 Hz.
    Hz500 = 3,
}

/// Why the chip cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VibrationError<E> {
    /// The bus failed.
    #[error("the bus to the ADXL355 failed")]
    Bus(E),
    /// Another chip, or none.
    #[error("the identity registers read {0:02x?}, an ADXL355 has ad 1d ed")]
    NotThisChip([u8; 3]),
}

/// The chip.
#[derive(Debug)]
pub struct Adxl355<S> {
    spi: S,
}

impl<S: SpiDevice> Adxl355<S> {
    /// Checks the identity, sets scale and rate, starts measuring.
    ///
    /// # Errors
    /// When the bus fails or the identity is another.
    pub fn new(mut spi: S, scale: Scale, rate: DataRate) -> Result<Self, VibrationError<S::Error>> {
        let mut ids = [DEVID_AD << 1 | READ, 0, 0, 0];
        spi.transfer_in_place(&mut ids)
            .map_err(VibrationError::Bus)?;
        let [_, ids @ ..] = ids;
        if ids != IDS {
            return Err(VibrationError::NotThisChip(ids));
        }
        for (register, value) in [
            (RANGE, 0x80 | scale as u8),
            (FILTER, rate as u8),
            (POWER_CTL, 0),
        ] {
            spi.write(&[register << 1, value])
                .map_err(VibrationError::Bus)?;
        }
        Ok(Self { spi })
    }

    /// The latest x, y, z; `None` when nothing new was converted.
    ///
    /// # Errors
    /// When the bus fails.
    pub fn axes(&mut self) -> Result<Option<[i32; 3]>, S::Error> {
        // One burst from STATUS over the temperature to the axes: status and data belong together.
        const BURST: usize = (XDATA3 - STATUS) as usize + 9;
        let mut bytes = [0; 1 + BURST];
        bytes[0] = STATUS << 1 | READ;
        self.spi.transfer_in_place(&mut bytes)?;
        let status = bytes[1];
        if status & DATA_READY == 0 || status == 0xff {
            return Ok(None);
        }
        let mut axes = [0; 3];
        let data = &bytes[1 + usize::from(XDATA3 - STATUS)..];
        for (axis, raw) in axes.iter_mut().zip(data.chunks_exact(3)) {
            *axis = i32::from_be_bytes([raw[0], raw[1], raw[2], 0]) >> 12;
        }
        Ok(Some(axes))
    }
}

impl<S: SpiDevice> ChannelBank for Adxl355<S> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Ok(Some(axes)) = self.axes() {
            for (reading, axis) in readings.iter_mut().zip(axes) {
                *reading = Reading::Code(axis);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::spi::{Mock, Transaction};
    use std::vec::Vec;

    fn transfer(out: Vec<u8>, back: Vec<u8>) -> [Transaction<u8>; 3] {
        [
            Transaction::transaction_start(),
            Transaction::transfer_in_place(out, back),
            Transaction::transaction_end(),
        ]
    }

    fn set_up() -> Vec<Transaction<u8>> {
        let mut script = transfer([1, 0, 0, 0].to_vec(), [0, 0xad, 0x1d, 0xed].to_vec()).to_vec();
        for pair in [[0x58, 0x81], [0x50, 0x01], [0x5a, 0x00]] {
            script.push(Transaction::transaction_start());
            script.push(Transaction::write_vec(pair.to_vec()));
            script.push(Transaction::transaction_end());
        }
        script
    }

    fn burst(status: u8, axes: [[u8; 3]; 3]) -> [Transaction<u8>; 3] {
        let mut out = [0; 14].to_vec();
        out[0] = 0x09;
        let mut back = [0, status, 0, 0, 0].to_vec();
        back.extend(axes.iter().flatten());
        transfer(out, back)
    }

    #[test]
    fn axes_are_twenty_bits_with_sign() {
        let mut script = set_up();
        // +1 g, -1 g and the smallest step; the low four bits carry no data.
        script.extend(burst(
            1,
            [[0x3e, 0x80, 0x00], [0xc1, 0x80, 0x0f], [0, 0, 0x10]],
        ));
        script.extend(burst(0, [[1; 3]; 3]));
        let mut mock = Mock::new(&script);
        let mut chip = Adxl355::new(mock.clone(), Scale::G2, DataRate::Hz2000).unwrap();
        assert_eq!(chip.axes().unwrap(), Some([256_000, -256_000, 1]));
        assert_eq!(
            chip.axes().unwrap(),
            None,
            "an old conversion is not a new sample"
        );
        mock.done();
    }

    #[test]
    fn another_chip_is_named() {
        let mut mock = Mock::new(&transfer(
            [1, 0, 0, 0].to_vec(),
            [0, 0xff, 0xff, 0xff].to_vec(),
        ));
        let error = Adxl355::new(mock.clone(), Scale::G2, DataRate::Hz2000)
            .err()
            .unwrap();
        assert_eq!(error, VibrationError::NotThisChip([0xff; 3]));
        mock.done();
    }
}

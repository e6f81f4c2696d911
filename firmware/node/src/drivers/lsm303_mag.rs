//! The magnetometer half of an LSM303DLHC: mold-closed and tie-bar field, three axes of 12 bits.
//!
//! The registers hold x, z, y in this order. Source: STMicroelectronics LSM303DLHC, rev. 2.

use crate::channel::{ChannelBank, Reading};
use embedded_hal::i2c::I2c;

const ADDRESS: u8 = 0x1e;
const CRA: u8 = 0x00;
const OUT_X_H: u8 = 0x03;
/// 220 Hz, gain 1100 LSB/gauss, continuous.
const SETTINGS: [u8; 4] = [CRA, 0x1c, 0x20, 0x00];

/// The chip.
#[derive(Debug)]
pub struct Lsm303Mag<I> {
    i2c: I,
}

impl<I: I2c> Lsm303Mag<I> {
    /// Starts continuous conversion.
    ///
    /// # Errors
    /// When the chip does not answer.
    pub fn new(mut i2c: I) -> Result<Self, I::Error> {
        for (register, value) in (CRA..).zip(&SETTINGS[1..]) {
            i2c.write(ADDRESS, &[register, *value])?;
        }
        Ok(Self { i2c })
    }

    /// The latest x, y, z.
    ///
    /// # Errors
    /// When the chip does not answer.
    pub fn axes(&mut self) -> Result<[i32; 3], I::Error> {
        let mut bytes = [0; 6];
        self.i2c.write_read(ADDRESS, &[OUT_X_H], &mut bytes)?;
        let axis = |at: usize| i32::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]));
        Ok([axis(0), axis(4), axis(2)])
    }
}

impl<I: I2c> ChannelBank for Lsm303Mag<I> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Ok(axes) = self.axes() {
            for (reading, axis) in readings.iter_mut().zip(axes) {
                *reading = Reading::Code(axis);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    #[test]
    fn axes_are_put_into_order() {
        let mut mock = Mock::new(&[
            Transaction::write(0x1e, [0, 0x1c].to_vec()),
            Transaction::write(0x1e, [1, 0x20].to_vec()),
            Transaction::write(0x1e, [2, 0x00].to_vec()),
            Transaction::write_read(0x1e, [3].to_vec(), [0, 10, 0, 30, 0xff, 0xec].to_vec()),
        ]);
        let mut chip = Lsm303Mag::new(mock.clone()).unwrap();
        assert_eq!(chip.axes().unwrap(), [10, -20, 30]);
        mock.done();
    }
}

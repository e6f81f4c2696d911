//! TMP105: board temperature, 12 bits, a sixteenth of a degree a step.
//!
//! Source: Texas Instruments SBOS324.

use crate::channel::{ChannelBank, Reading};
use embedded_hal::i2c::I2c;

const CONFIG: u8 = 0x01;
const TEMPERATURE: u8 = 0x00;
/// Twelve bits, continuous.
const TWELVE_BITS: u8 = 0x60;

/// The chip.
#[derive(Debug)]
pub struct Tmp105<I> {
    i2c: I,
    address: u8,
}

impl<I: I2c> Tmp105<I> {
    /// Asks for twelve bits.
    ///
    /// # Errors
    /// When the chip does not answer.
    pub fn new(mut i2c: I, address: u8) -> Result<Self, I::Error> {
        i2c.write(address, &[CONFIG, TWELVE_BITS])?;
        Ok(Self { i2c, address })
    }

    /// The temperature in sixteenths of a degree.
    ///
    /// # Errors
    /// When the chip does not answer.
    pub fn code(&mut self) -> Result<i32, I::Error> {
        let mut bytes = [0; 2];
        self.i2c
            .write_read(self.address, &[TEMPERATURE], &mut bytes)?;
        Ok(i32::from(i16::from_be_bytes(bytes) >> 4))
    }
}

impl<I: I2c> ChannelBank for Tmp105<I> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let (Some(first), Ok(code)) = (readings.first_mut(), self.code()) {
            *first = Reading::Code(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    #[test]
    fn reads_sixteenths_of_a_degree_and_nothing_from_a_dead_bus() {
        let error = embedded_hal::i2c::ErrorKind::Bus;
        let mut mock = Mock::new(&[
            Transaction::write(0x48, [1, 0x60].to_vec()),
            Transaction::write_read(0x48, [0].to_vec(), [0x19, 0x10].to_vec()),
            Transaction::write_read(0x48, [0].to_vec(), [0xe7, 0x00].to_vec()),
            Transaction::write_read(0x48, [0].to_vec(), [0, 0].to_vec()).with_error(error),
        ]);
        let mut chip = Tmp105::new(mock.clone(), 0x48).unwrap();
        assert_eq!(chip.code().unwrap(), 25 * 16 + 1);
        assert_eq!(chip.code().unwrap(), -25 * 16);
        let mut readings = [Reading::Missing];
        chip.read(&mut readings);
        assert_eq!(readings, [Reading::Missing]);
        mock.done();
    }
}

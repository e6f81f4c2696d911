//! MAX31856: a thermocouple with cold-junction compensation and an open-circuit test.
//!
//! The code is the 19-bit linearised temperature, 1/128 degree Celsius a step.
//! Source: Analog Devices (Maxim) MAX31856, rev. 0, register map.

use crate::channel::{ChannelBank, Reading};
use embedded_hal::spi::SpiDevice;

const CR0: u8 = 0x00;
const LTCBH: u8 = 0x0c;
const WRITE: u8 = 0x80;
/// CR0: convert all the time, open-circuit test below 5 kohm source resistance.
const CR0_RUN: u8 = 0x90;
const FILTER_50_HZ: u8 = 0x01;
const SR_OPEN: u8 = 0x01;
/// Input voltage out of bounds, or either temperature out of range.
const SR_OUTSIDE: u8 = 0x02 | 0x40 | 0x80;

/// The thermocouple's letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// Type E.
    E = 1,
    /// Type J, the habit of the trade.
    J = 2,
    /// Type K.
    K = 3,
    /// Type N.
    N = 4,
    /// Type R.
    R = 5,
    /// Type S.
    S = 6,
    /// Type T.
    T = 7,
}

/// Mains frequency the filter rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mains {
    /// 50 Hz.
    Hz50,
    /// 60 Hz.
    Hz60,
}

/// Why the chip cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThermocoupleError<E> {
    /// The bus failed.
    #[error("the bus to the MAX31856 failed")]
    Bus(E),
    /// The settings do not read back.
    #[error("the MAX31856 reads {read:02x?} where {written:02x?} was written")]
    Registers {
        /// CR0 and CR1 as written.
        written: [u8; 2],
        /// CR0 and CR1 as read.
        read: [u8; 2],
    },
}

/// The chip.
#[derive(Debug)]
pub struct Max31856<S> {
    spi: S,
}

impl<S: SpiDevice> Max31856<S> {
    /// Starts continuous conversion (about ten a second) and reads the settings back.
    ///
    /// # Errors
    /// When the bus fails or the settings do not read back.
    pub fn new(
        mut spi: S,
        letter: Letter,
        mains: Mains,
    ) -> Result<Self, ThermocoupleError<S::Error>> {
        let filter = if mains == Mains::Hz50 {
            FILTER_50_HZ
        } else {
            0
        };
        let written = [CR0_RUN | filter, letter as u8];
        // The filter may only change while conversion is off.
        for bytes in [
            [CR0 | WRITE, filter, written[1]],
            [CR0 | WRITE, written[0], written[1]],
        ] {
            spi.write(&bytes).map_err(ThermocoupleError::Bus)?;
        }
        let mut answer = [CR0, 0, 0];
        spi.transfer_in_place(&mut answer)
            .map_err(ThermocoupleError::Bus)?;
        let read = [answer[1], answer[2]];
        if read != written {
            return Err(ThermocoupleError::Registers { written, read });
        }
        Ok(Self { spi })
    }

    /// The latest conversion.
    ///
    /// # Errors
    /// When the bus fails.
    pub fn reading(&mut self) -> Result<Reading, S::Error> {
        let mut answer = [LTCBH, 0, 0, 0, 0];
        self.spi.transfer_in_place(&mut answer)?;
        let [_, high, middle, low, status] = answer;
        if status & SR_OPEN != 0 {
            return Ok(Reading::Open);
        }
        if status & SR_OUTSIDE != 0 {
            return Ok(Reading::Missing);
        }
        Ok(Reading::Code(
            i32::from_be_bytes([high, middle, low, 0]) >> 13,
        ))
    }
}

impl<S: SpiDevice> ChannelBank for Max31856<S> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Some(first) = readings.first_mut() {
            *first = self.reading().unwrap_or(Reading::Missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::spi::{Mock, Transaction};
    use std::vec::Vec;

    fn write(bytes: &[u8]) -> [Transaction<u8>; 3] {
        [
            Transaction::transaction_start(),
            Transaction::write_vec(bytes.to_vec()),
            Transaction::transaction_end(),
        ]
    }

    fn exchange(out: &[u8], back: &[u8]) -> [Transaction<u8>; 3] {
        [
            Transaction::transaction_start(),
            Transaction::transfer_in_place(out.to_vec(), back.to_vec()),
            Transaction::transaction_end(),
        ]
    }

    fn set_up(read_back: [u8; 2]) -> Vec<Transaction<u8>> {
        let mut script = Vec::new();
        script.extend(write(&[0x80, 0x01, 0x02]));
        script.extend(write(&[0x80, 0x91, 0x02]));
        script.extend(exchange(&[0, 0, 0], &[0, read_back[0], read_back[1]]));
        script
    }

    #[test]
    fn temperatures_of_the_datasheet_come_out_in_steps_of_a_128th() {
        // Table 4 of the datasheet: +1600, +25.0625, 0, -0.0625 and -250 degrees.
        let table = [
            ([0x64, 0x00, 0x00], 1600.0),
            ([0x01, 0x91, 0x00], 25.0625),
            ([0x00, 0x00, 0x00], 0.0),
            ([0xff, 0xff, 0x00], -0.0625),
            ([0xf0, 0x60, 0x00], -250.0),
        ];
        let mut script = set_up([0x91, 0x02]);
        for (bytes, _) in table {
            script.extend(exchange(
                &[0x0c, 0, 0, 0, 0],
                &[0, bytes[0], bytes[1], bytes[2], 0],
            ));
        }
        let mut mock = Mock::new(&script);
        let mut chip = Max31856::new(mock.clone(), Letter::J, Mains::Hz50).unwrap();
        for (_, celsius) in table {
            assert_eq!(
                chip.reading().unwrap(),
                Reading::Code((celsius * 128.0) as i32)
            );
        }
        mock.done();
    }

    #[test]
    fn open_and_out_of_range_are_not_temperatures() {
        let mut script = set_up([0x91, 0x02]);
        for status in [0x01, 0x02, 0x40, 0x80, 0xff] {
            script.extend(exchange(&[0x0c, 0, 0, 0, 0], &[0, 1, 2, 3, status]));
        }
        let mut mock = Mock::new(&script);
        let mut chip = Max31856::new(mock.clone(), Letter::J, Mains::Hz50).unwrap();
        let readings: Vec<_> = (0..5).map(|_| chip.reading().unwrap()).collect();
        assert_eq!(readings[0], Reading::Open);
        assert_eq!(readings[1..4], [Reading::Missing; 3]);
        assert_eq!(
            readings[4],
            Reading::Open,
            "a dead bus reads all ones: no cable either"
        );
        mock.done();
    }

    #[test]
    fn a_bus_without_a_chip_is_named() {
        let mut mock = Mock::new(&set_up([0xff, 0xff]));
        let error = Max31856::new(mock.clone(), Letter::J, Mains::Hz50)
            .err()
            .unwrap();
        let registers = ThermocoupleError::Registers {
            written: [0x91, 2],
            read: [0xff, 0xff],
        };
        assert_eq!(error, registers);
        mock.done();
    }
}

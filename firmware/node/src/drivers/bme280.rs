//! BME280: ambient temperature, humidity and air pressure, through the crate of that name.
//!
//! The chip compensates with constants in its own memory, so the crate's results are turned back
//! into fixed steps: 0.01 degree Celsius, 1 Pa, 0.01 percent. A measurement takes 40 ms, far longer
//! than a sampling period, so it is made by [`Ambient::refresh`] from the main loop and handed to
//! the sampler once. A row without a fresh measurement has no reading.

use crate::channel::{ChannelBank, Reading};
use ::bme280::i2c::BME280;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

/// The chip failed to answer, or answered as another chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the BME280 does not answer")]
pub struct AmbientError;

/// The chip, and its last measurement until the sampler takes it.
pub struct Ambient<I> {
    chip: BME280<I>,
    fresh: [Reading; 3],
}

impl<I: I2c> Ambient<I> {
    /// Checks the chip and reads its constants.
    ///
    /// # Errors
    /// When the chip does not answer as a BME280.
    pub fn new(i2c: I, delay: &mut impl DelayNs) -> Result<Self, AmbientError> {
        let mut chip = BME280::new_primary(i2c);
        chip.init(delay).map_err(|_| AmbientError)?;
        Ok(Self {
            chip,
            fresh: [Reading::Missing; 3],
        })
    }

    /// Measures. `delay` may do other work while it waits.
    pub fn refresh(&mut self, delay: &mut impl DelayNs) {
        self.fresh = match self.chip.measure(delay) {
            Ok(m) => [
                steps(m.temperature * 100.0),
                steps(m.pressure),
                steps(m.humidity * 100.0),
            ],
            Err(_) => [Reading::Missing; 3],
        };
    }
}

/// Rounds to the nearest step; not a number is no reading.
fn steps(value: f32) -> Reading {
    if value.is_finite() {
        Reading::Code((value + if value < 0.0 { -0.5 } else { 0.5 }) as i32)
    } else {
        Reading::Missing
    }
}

impl<I: I2c> ChannelBank for Ambient<I> {
    fn read(&mut self, readings: &mut [Reading]) {
        for (reading, fresh) in readings.iter_mut().zip(&mut self.fresh) {
            *reading = core::mem::take(fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::delay::NoopDelay;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
    use std::vec::Vec;

    fn read(register: u8, answer: &[u8]) -> Transaction {
        Transaction::write_read(0x76, [register].to_vec(), answer.to_vec())
    }

    fn write(register: u8, value: u8) -> Transaction {
        Transaction::write(0x76, [register, value].to_vec())
    }

    /// The worked example of the BMP280 datasheet (section 3.12): 25.08 degrees, 100 653 Pa.
    fn constants() -> Vec<u8> {
        let words: [i32; 12] = [
            27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000,
        ];
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|w| (*w as u16).to_le_bytes())
            .collect();
        bytes.extend([0, 75]);
        bytes
    }

    #[test]
    fn the_datasheets_example_comes_out_once() {
        let mut script = [
            read(0xd0, &[0x60]),
            write(0xe0, 0xb6),
            read(0x88, &constants()),
            read(0xe1, &[0x6a, 0x01, 0x00, 0x13, 0x25, 0x03, 0x1e]),
        ]
        .to_vec();
        // Settings: sleep, humidity x1, pressure x16, temperature x2, filter 16.
        script.extend([
            read(0xf4, &[0x00]),
            write(0xf2, 0x01),
            read(0xf4, &[0x00]),
            write(0xf4, 0x54),
            read(0xf5, &[0x00]),
            write(0xf5, 0x10),
        ]);
        // Forced measurement, then the raw values 415148 and 519888.
        script.extend([
            read(0xf4, &[0x54]),
            read(0xf4, &[0x54]),
            write(0xf4, 0x55),
            read(0xf7, &[0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00, 0x75, 0x30]),
        ]);
        let mut mock = Mock::new(&script);
        let mut bank = Ambient::new(mock.clone(), &mut NoopDelay::new()).unwrap();
        bank.refresh(&mut NoopDelay::new());
        let mut readings = [Reading::Missing; 3];
        bank.read(&mut readings);
        assert_eq!(readings[0], Reading::Code(2508));
        let Reading::Code(pa) = readings[1] else {
            panic!("{readings:?}")
        };
        assert!((pa - 100_653).abs() <= 2, "{pa} Pa");
        assert!(matches!(readings[2], Reading::Code(0..=10_000)));
        bank.read(&mut readings);
        assert_eq!(
            readings,
            [Reading::Missing; 3],
            "an old measurement is not a new sample"
        );
        mock.done();
    }
}

//! Opens sensors through `linux-embedded-hal` and puts them into one table.

use super::LinuxError;
use crate::channel::{ChannelBank, ChannelSpec, OpenBand, Reading};
use crate::drivers::ads131m08::{Ads131m08, Oversampling};
use crate::drivers::adxl355::{Adxl355, DataRate, Scale};
use crate::drivers::bme280::Ambient;
use crate::drivers::max31856::{Letter, Mains, Max31856};
use firmware_wire::{ChannelInfo, MAX_CHANNELS, Unit};
use linux_embedded_hal::spidev::{SpiModeFlags, SpidevOptions};
use linux_embedded_hal::{Delay, I2cdev, SpidevDevice};
use std::path::{Path, PathBuf};

/// The groups of the node.
pub const FAST: u8 = 0;
/// Ten rows a second.
pub const SLOW: u8 = 1;

/// A row of banks, each with its number of channels.
#[derive(Default)]
pub struct Banks(Vec<(usize, Box<dyn ChannelBank>)>);

impl ChannelBank for Banks {
    fn read(&mut self, mut readings: &mut [Reading]) {
        for (channels, bank) in &mut self.0 {
            let (own, rest) = readings.split_at_mut((*channels).min(readings.len()));
            bank.read(own);
            readings = rest;
        }
    }
}

/// Name, unit, range of codes, nominal values there.
type Entry = (&'static str, Unit, (i32, i32), (f32, f32));

/// The sensors of a node, in the order they were named.
#[derive(Default)]
pub struct Sensors {
    /// The channel table.
    pub specs: Vec<ChannelSpec<'static>>,
    /// Read at every instant.
    pub fast: Banks,
    /// Read ten times a second.
    pub slow: Banks,
}

fn spi(path: &Path, mode: SpiModeFlags) -> Result<SpidevDevice, LinuxError> {
    let failed = |source: std::io::Error| LinuxError::Open {
        path: path.to_owned(),
        source,
    };
    let mut device =
        SpidevDevice::open(path).map_err(|error| failed(std::io::Error::other(error)))?;
    let options = SpidevOptions::new()
        .bits_per_word(8)
        .max_speed_hz(4_000_000)
        .mode(mode)
        .build();
    device
        .configure(&options)
        .map_err(|error| failed(std::io::Error::other(error)))?;
    Ok(device)
}

fn no(chip: &'static str, path: &Path) -> LinuxError {
    LinuxError::NoChip {
        chip,
        path: path.to_owned(),
    }
}

impl Sensors {
    fn add(&mut self, group: u8, bank: Box<dyn ChannelBank>, channels: &[Entry]) {
        for &(name, unit, codes, at) in channels {
            self.specs.push(ChannelSpec {
                info: ChannelInfo {
                    name,
                    group,
                    unit,
                    code_min: codes.0,
                    code_max: codes.1,
                    at_min: at.0,
                    at_max: at.1,
                },
                open: OpenBand::None,
                stuck_rows: 0,
            });
        }
        let banks = if group == FAST {
            &mut self.fast
        } else {
            &mut self.slow
        };
        banks.0.push((channels.len(), bank));
    }

    /// Eight fast channels.
    ///
    /// # Errors
    /// When the bus cannot be opened or the chip does not answer.
    pub fn add_ads131m08(&mut self, path: &Path) -> Result<(), LinuxError> {
        let bus = spi(path, SpiModeFlags::SPI_MODE_1)?;
        let chip =
            Ads131m08::new(bus, Oversampling::X2048, [0; 8]).map_err(|_| no("ADS131M08", path))?;
        let names = [
            "analog 1", "analog 2", "analog 3", "analog 4", "analog 5", "analog 6", "analog 7",
            "analog 8",
        ];
        let table = names.map(|name| (name, Unit::Volt, (-8_380_000, 8_380_000), (-1.199, 1.199)));
        self.add(FAST, Box::new(chip), &table);
        Ok(())
    }

    /// Three fast axes.
    ///
    /// # Errors
    /// As [`Sensors::add_ads131m08`].
    pub fn add_adxl355(&mut self, path: &Path) -> Result<(), LinuxError> {
        let bus = spi(path, SpiModeFlags::SPI_MODE_0)?;
        let chip =
            Adxl355::new(bus, Scale::G2, DataRate::Hz4000).map_err(|_| no("ADXL355", path))?;
        let table = ["vibration x", "vibration y", "vibration z"]
            .map(|name| (name, Unit::Gravity, (-524_288, 524_287), (-2.048, 2.048)));
        self.add(FAST, Box::new(chip), &table);
        Ok(())
    }

    /// One slow thermocouple.
    ///
    /// # Errors
    /// As [`Sensors::add_ads131m08`].
    pub fn add_max31856(&mut self, path: &Path) -> Result<(), LinuxError> {
        let bus = spi(path, SpiModeFlags::SPI_MODE_1)?;
        let chip = Max31856::new(bus, Letter::J, Mains::Hz50).map_err(|_| no("MAX31856", path))?;
        let range = ((-26_880, 230_400), (-210.0, 1800.0));
        let table = [("thermocouple", Unit::Celsius, range.0, range.1)];
        self.add(SLOW, Box::new(chip), &table);
        Ok(())
    }

    /// Ambient temperature, pressure, humidity.
    ///
    /// # Errors
    /// As [`Sensors::add_ads131m08`].
    pub fn add_bme280(&mut self, path: &Path) -> Result<(), LinuxError> {
        let bus = I2cdev::new(path).map_err(|error| LinuxError::Open {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })?;
        let chip = Ambient::new(bus, &mut Delay).map_err(|_| no("BME280", path))?;
        let table = [
            (
                "ambient temperature",
                Unit::Celsius,
                (-4000, 8500),
                (-40.0, 85.0),
            ),
            (
                "ambient pressure",
                Unit::Hectopascal,
                (30_000, 110_000),
                (300.0, 1100.0),
            ),
            (
                "ambient humidity",
                Unit::RelativeHumidity,
                (0, 10_000),
                (0.0, 100.0),
            ),
        ];
        self.add(SLOW, Box::new(OnThread::new(chip)), &table);
        Ok(())
    }

    /// A recording of raw codes, played in a circle: a trial without sensors.
    ///
    /// # Errors
    /// When the file cannot be read or a line of it is not whole numbers.
    pub fn add_recording(&mut self, path: &Path) -> Result<(), LinuxError> {
        const NAMES: [&str; MAX_CHANNELS] = [
            "recorded 1",
            "recorded 2",
            "recorded 3",
            "recorded 4",
            "recorded 5",
            "recorded 6",
            "recorded 7",
            "recorded 8",
            "recorded 9",
            "recorded 10",
            "recorded 11",
            "recorded 12",
            "recorded 13",
            "recorded 14",
            "recorded 15",
            "recorded 16",
        ];
        let recording = Recording::read(path)?;
        let width = recording.rows[0].len();
        if width > MAX_CHANNELS {
            return Err(LinuxError::Channels(width));
        }
        let table: Vec<_> = NAMES[..width]
            .iter()
            .map(|name| (*name, Unit::Volt, (-8_388_607, 8_388_607), (-1.2, 1.2)))
            .collect();
        self.add(FAST, Box::new(recording), &table);
        Ok(())
    }
}

struct Recording {
    rows: Vec<Vec<i32>>,
    at: usize,
}

impl Recording {
    fn read(path: &Path) -> Result<Self, LinuxError> {
        let text = std::fs::read_to_string(path).map_err(|source| LinuxError::Open {
            path: path.to_owned(),
            source,
        })?;
        let bad = |line| LinuxError::Recording {
            path: PathBuf::from(path),
            line,
        };
        let mut rows: Vec<Vec<i32>> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let row = line
                .split([',', ' ', '\t'])
                .map(str::parse)
                .collect::<Result<Vec<_>, _>>();
            let row = row.map_err(|_| bad(at + 1))?;
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                return Err(bad(at + 1));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(bad(1));
        }
        Ok(Self { rows, at: 0 })
    }
}

impl ChannelBank for Recording {
    fn read(&mut self, readings: &mut [Reading]) {
        for (reading, code) in readings.iter_mut().zip(&self.rows[self.at]) {
            *reading = Reading::Code(*code);
        }
        self.at = (self.at + 1) % self.rows.len();
    }
}

/// The ambient sensor measures for 40 ms, so it does that on a thread of its own.
struct OnThread(std::sync::mpsc::Receiver<[Reading; 3]>);

impl OnThread {
    fn new(mut chip: Ambient<I2cdev>) -> Self {
        let (give, take) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            loop {
                chip.refresh(&mut Delay);
                let mut readings = [Reading::Missing; 3];
                chip.read(&mut readings);
                if give.send(readings).is_err() {
                    return;
                }
            }
        });
        Self(take)
    }
}

impl ChannelBank for OnThread {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Ok(fresh) = self.0.try_recv() {
            for (reading, fresh) in readings.iter_mut().zip(fresh) {
                *reading = fresh;
            }
        }
    }
}

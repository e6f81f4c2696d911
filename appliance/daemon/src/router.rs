//! Codes of a node's channels to the fields of a sample.

use appliance_acquire::calibration::{Calibration, ChannelCalibration};
use appliance_pipeline::sample::Sample;
use appliance_pipeline::setup::ATMOSPHERE_PA;
use appliance_recorder::{Channel, ChannelTable};
use firmware_wire::{ChannelInfo, Hello, NO_READING, Unit};
use models_units::Temperature;

use crate::config::{ChannelConfig, Feeds, NodeConfig};
use crate::noise::Noise;

/// Level above which a 24 V signal counts as on, V.
const ON_V: f64 = 12.0;
/// A millimetre, m.
const MM_M: f64 = 1e-3;

/// One channel of a node, ready to be read.
#[derive(Clone, Debug)]
pub struct Route {
    /// Name.
    pub name: String,
    /// Group of the node.
    pub group: u8,
    /// Place in a row of the group.
    pub place: usize,
    feeds: Feeds,
    /// Sensor of the mold.
    pub sensor: Option<usize>,
    code: Code,
    /// Codes the converter can mean: beyond them it is at a rail, and the value could be anything.
    range: [i32; 2],
    unit: Unit,
    /// Last value in SI units.
    pub last: f64,
    /// Its noise between shots, SI units.
    pub noise: Noise,
    /// Values read.
    pub count: u64,
}

#[derive(Clone, Debug)]
enum Code {
    Calibrated(ChannelCalibration),
    Nominal { gain: f64, offset: f64 },
}

impl Code {
    fn value(&self, code: i32) -> Option<f64> {
        match self {
            Self::Calibrated(c) => c.value(code),
            Self::Nominal { .. } if code == NO_READING => None,
            Self::Nominal { gain, offset } => Some(f64::from(code) * gain + offset),
        }
    }
}

/// The channel of the screw's position, both ways between codes and melt in front of the screw.
#[derive(Clone, Debug)]
pub struct ScrewCodes {
    /// Place in the node's table.
    pub channel: u8,
    /// Group of the node.
    pub group: u8,
    code: Code,
    area_m2: f64,
}

impl ScrewCodes {
    /// Melt in front of the screw at a code, m3.
    pub fn volume_m3(&self, code: i32) -> Option<f64> {
        Some(self.code.value(code)? * MM_M * self.area_m2)
    }

    /// The code nearest to a volume; `None` outside what the channel can tell.
    pub fn code(&self, volume_m3: f64) -> Option<i32> {
        let mm = volume_m3 / self.area_m2 / MM_M;
        match &self.code {
            Code::Calibrated(c) => c.code(mm),
            Code::Nominal { gain, offset } => {
                let code = ((mm - offset) / gain).round();
                let range = f64::from(NO_READING)..=f64::from(i32::MAX);
                (range.contains(&code) && code as i32 != NO_READING).then_some(code as i32)
            }
        }
    }
}

/// All channels of one node.
#[derive(Clone, Debug, Default)]
pub struct Router {
    /// In the order of the node's table.
    pub routes: Vec<Route>,
    /// Whether the key shows 24 V, where one was read.
    pub key: Option<bool>,
    screw_area_m2: f64,
}

impl Router {
    /// From what the node says it measures. `sensors` are the names of the mold's sensors. Channels that the configuration does
    /// not name are recorded only.
    pub fn new(
        hello: &Hello<'_>,
        config: &NodeConfig,
        calibration: Option<&Calibration>,
        sensors: &[String],
        screw_area_m2: f64,
    ) -> Self {
        let mut in_group = [0; 16];
        let route = |c: &ChannelInfo<'_>| {
            let place = &mut in_group[usize::from(c.group) % 16];
            let configured: Option<&ChannelConfig> =
                config.channels.iter().find(|k| k.name == c.name);
            let sensor = configured.and_then(|k| k.sensor.as_ref());
            let route = Route {
                name: c.name.to_owned(),
                group: c.group,
                place: *place,
                feeds: configured.map_or(Feeds::Nothing, |k| k.feeds),
                sensor: sensor.and_then(|s| sensors.iter().position(|n| n == s)),
                code: match calibration.and_then(|k| k.channel(c.name)) {
                    Some(k) => Code::Calibrated(k.clone()),
                    None => Code::Nominal {
                        gain: c.nominal(1) - c.nominal(0),
                        offset: c.nominal(0),
                    },
                },
                range: [c.code_min.min(c.code_max), c.code_min.max(c.code_max)],
                unit: c.unit,
                last: f64::NAN,
                noise: Noise::new(rate_hz(hello, c.group)),
                count: 0,
            };
            *place += 1;
            route
        };
        Self {
            routes: hello.channels.iter().map(route).collect(),
            key: None,
            screw_area_m2,
        }
    }

    /// The screw's position, where this node has it in millimetres.
    pub fn screw(&self) -> Option<ScrewCodes> {
        let at = |r: &Route| r.feeds == Feeds::ScrewPosition && r.unit == Unit::Millimetre;
        let channel = self.routes.iter().position(at)?;
        let route = &self.routes[channel];
        Some(ScrewCodes {
            channel: u8::try_from(channel).ok()?,
            group: route.group,
            code: route.code.clone(),
            area_m2: self.screw_area_m2,
        })
    }

    /// Writes a row of a group into a sample; fields of other groups keep what they had. `quiet` between shots.
    pub fn read(&mut self, group: u8, codes: &[i32], quiet: bool, sample: &mut Sample) {
        for r in self.routes.iter_mut().filter(|r| r.group == group) {
            let Some(code) = codes.get(r.place) else {
                continue;
            };
            let value = r.value(*code);
            r.last = value;
            r.count += 1;
            r.noise.push(value, quiet);
            match r.feeds {
                Feeds::Sensor => {
                    if let Some(s) = r.sensor {
                        sample.sensors[s] = value;
                    }
                }
                Feeds::ScrewPosition => sample.screw_m3 = value * self.screw_area_m2,
                Feeds::MoldSurface => sample.surface_k = value,
                // No reading of a signal is no signal: the phase then goes by pressure.
                Feeds::InjectionSignal => {
                    sample.injecting = value.is_finite().then_some(value > ON_V)
                }
                Feeds::TransferSignal => {
                    sample.transferred = value.is_finite().then_some(value > ON_V)
                }
                // NaN is below: a broken wire is a turned key.
                Feeds::Key => self.key = Some(value > ON_V),
                Feeds::Nothing => {}
            }
        }
    }

    /// What the recorder keeps about each group.
    pub fn tables(&self, run: u32, hello: &Hello<'_>) -> Vec<ChannelTable> {
        let groups = hello.groups.iter().enumerate();
        groups
            .map(|(g, group)| ChannelTable {
                node: hello.node.0,
                run,
                group: g as u8,
                tick_hz: hello.tick_hz,
                period_ticks: group.period_ticks,
                channels: self
                    .routes
                    .iter()
                    .filter(|r| usize::from(r.group) == g)
                    .map(Route::record)
                    .collect(),
            })
            .collect()
    }
}

impl Route {
    /// In SI units; NaN without a reading and at a rail.
    fn value(&self, code: i32) -> f64 {
        let [lowest, highest] = self.range;
        if !(lowest..=highest).contains(&code) {
            return f64::NAN;
        }
        self.code.value(code).map_or(f64::NAN, |v| si(v, self.unit))
    }

    fn record(&self) -> Channel {
        let unit = format!("{:?}", self.unit).to_lowercase();
        match &self.code {
            Code::Calibrated(c) => Channel {
                name: self.name.clone(),
                unit: c.unit.clone(),
                scale: c.gain,
                offset: c.offset,
                points: c.table.clone(),
                calibration: "file".into(),
            },
            Code::Nominal { gain, offset } => Channel {
                name: self.name.clone(),
                unit,
                scale: *gain,
                offset: *offset,
                points: Vec::new(),
                calibration: "nominal range of the node".into(),
            },
        }
    }
}

/// Rows a second that a node promises of a group.
fn rate_hz(hello: &Hello<'_>, group: u8) -> f64 {
    hello.groups.get(usize::from(group)).map_or(0.0, |g| {
        f64::from(hello.tick_hz) / f64::from(g.period_ticks)
    })
}

/// A value in the unit of a channel, in SI units: absolute pressure, K, m; volts stay volts.
fn si(value: f64, unit: Unit) -> f64 {
    match unit {
        // Sensors show pressure above atmosphere.
        Unit::Megapascal => value * 1e6 + ATMOSPHERE_PA,
        Unit::Hectopascal => value * 100.0,
        Unit::Celsius => Temperature::from_celsius(value).k(),
        Unit::Millimetre => value * MM_M,
        _ => value,
    }
}

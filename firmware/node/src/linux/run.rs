//! The loop on a single-board computer.

use super::LinuxError;
use super::link::Link;
use super::sensors::{FAST, SLOW, Sensors};
use crate::clock::TickTimer;
use crate::node::{Fast, Identity, Node, SlowGroup};
use crate::sampler::GroupSampler;
use crate::sorting::ThreePins;
use crate::transfer::{TransferLimits, TransferWire};
use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin};
use firmware_wire::{GroupInfo, MAX_CHANNELS, NodeId, NodeTicks, OutputPolicy, ResetCause};
use linux_embedded_hal::CdevPin;
use linux_embedded_hal::gpio_cdev::{Chip, LineRequestFlags};
use std::time::{Duration, Instant};

/// The monotonic clock since the program began, in microseconds.
#[derive(Debug)]
pub struct Monotonic(Instant);

impl TickTimer for Monotonic {
    const HZ: u32 = 1_000_000;
    fn now(&mut self) -> NodeTicks {
        NodeTicks(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// An output line, or none: a node without wires still measures.
pub enum Wire {
    /// `/dev/gpiochipN:LINE`.
    Line(CdevPin),
    /// Not connected. It cannot be set, so a plan that would fire reports the failure.
    None,
}

impl Wire {
    /// Takes a line, low.
    ///
    /// # Errors
    /// When there is no such line or somebody has it.
    pub fn take(name: &str) -> Result<Self, LinuxError> {
        let take = || {
            let (chip, line) = name.rsplit_once(':')?;
            let line = Chip::new(chip).ok()?.get_line(line.parse().ok()?).ok()?;
            let handle = line.request(LineRequestFlags::OUTPUT, 0, "moldsight-node");
            CdevPin::new(handle.ok()?).ok()
        };
        take().map(Self::Line).ok_or_else(|| LinuxError::Line {
            name: name.to_owned(),
        })
    }
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl OutputPin for Wire {
    fn set_low(&mut self) -> Result<(), ErrorKind> {
        match self {
            Self::Line(pin) => pin.set_low().map_err(|_| ErrorKind::Other),
            Self::None => Err(ErrorKind::Other),
        }
    }
    fn set_high(&mut self) -> Result<(), ErrorKind> {
        match self {
            Self::Line(pin) => pin.set_high().map_err(|_| ErrorKind::Other),
            Self::None => Err(ErrorKind::Other),
        }
    }
}

/// What the command line decided.
pub struct Settings {
    /// Identity.
    pub node: NodeId,
    /// Sampling rate of the fast group.
    pub rate_hz: u32,
    /// The transfer wire.
    pub transfer: Wire,
    /// The sorting lines.
    pub sorting: ThreePins<Wire, Wire, Wire>,
}

/// Runs for ever, or for as long as `until` says.
///
/// # Errors
/// When the table has no channels or too many.
pub fn run(
    settings: Settings,
    mut sensors: Sensors,
    mut link: Link,
    mut until: impl FnMut() -> bool,
) -> Result<(), LinuxError> {
    let channels = sensors.specs.len();
    if channels == 0 || channels > MAX_CHANNELS {
        return Err(LinuxError::Channels(channels));
    }
    let period_ticks = Monotonic::HZ / settings.rate_hz;
    let groups = [
        GroupInfo {
            period_ticks,
            rows_per_block: u16::try_from(settings.rate_hz / 100).unwrap_or(20).max(1),
        },
        GroupInfo {
            period_ticks: Monotonic::HZ / 10,
            rows_per_block: 1,
        },
    ];
    let limits = TransferLimits {
        armed_ticks: 60_000_000,
        pulse_ticks: 100_000,
    };
    let specs = &sensors.specs;
    let mut fast = Fast {
        timer: Monotonic(Instant::now()),
        sampler: GroupSampler::new(FAST, groups[0], specs),
        bank: sensors.fast,
        wire: TransferWire::new(settings.transfer, limits),
    };
    let mut slow = [SlowGroup {
        sampler: GroupSampler::new(SLOW, groups[1], specs),
        bank: &mut sensors.slow,
    }];
    let has_slow = specs.iter().any(|spec| spec.info.group == SLOW);
    let slow = if has_slow { &mut slow[..] } else { &mut [] };
    let identity = Identity {
        node: settings.node,
        build: concat!(env!("CARGO_PKG_VERSION"), " linux"),
        boot: std::process::id(),
        reset: ResetCause::Software,
        panic: "",
        tick_hz: Monotonic::HZ,
        groups: if has_slow { &groups } else { &groups[..1] },
        channels: specs,
    };
    let policy = OutputPolicy::usual(Monotonic::HZ);
    let mut node = Node::new(identity, settings.sorting, policy);
    let period = u64::from(period_ticks);
    while until() {
        fast.tick();
        let mut bytes = [0; 512];
        let len = link.receive(&mut bytes);
        if len > 0 {
            let now = fast.timer.now();
            node.receive(&bytes[..len], now, &mut fast);
        }
        node.poll(&mut fast, slow);
        while !node.outgoing().is_empty() {
            let taken = link.send(node.outgoing());
            if taken == 0 {
                break;
            }
            node.sent(taken);
        }
        let into_period = fast.timer.now().0 % period;
        std::thread::sleep(Duration::from_micros(period - into_period));
    }
    Ok(())
}

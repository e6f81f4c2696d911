//! The node side: the firmware's own library samples the press and speaks the wire over a pty.
//!
//! Sampling instants lie on a fixed grid of real time. A busy machine makes rows late, never missed:
//! instants that passed are sampled as of their due time when the loop comes round.

use crate::error::PressSimError;
use crate::live::Live;
use crate::scenario::Channel;
use crate::sensor::CODE_SPAN;
use embedded_hal::digital::{ErrorType, OutputPin};
use firmware_node::channel::{ChannelSpec, OpenBand};
use firmware_node::clock::TickTimer;
use firmware_node::linux::link::{Line, Link};
use firmware_node::node::{Fast, Identity, Node};
use firmware_node::sampler::GroupSampler;
use firmware_node::sorting::ThreePins;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_wire::{
    ChannelInfo, Decoder, FromHost, GroupInfo, HostPacket, NodeId, NodeTicks, OutputPolicy,
    ResetCause,
};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

const TICK_HZ: u32 = 1_000_000;
/// Pause between two turns of the loop.
const WAKE: Duration = Duration::from_millis(1);
/// Blocks a second.
const BLOCKS_PER_S: u32 = 200;
/// Lateness is kept in steps of 10 us, up to a second.
const LATENESS_STEP_US: u64 = 10;
const LATENESS_STEPS: usize = 100_000;

/// Real time, except that a sampling instant is taken at its due time.
#[derive(Clone, Debug)]
struct Clock {
    start: Instant,
    held: Rc<Cell<Option<u64>>>,
}

impl Clock {
    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl TickTimer for Clock {
    const HZ: u32 = TICK_HZ;
    fn now(&mut self) -> NodeTicks {
        NodeTicks(self.held.get().unwrap_or_else(|| self.elapsed_us()))
    }
}

/// An output line that leads into the simulated press, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Pin(Rc<Cell<bool>>);

impl ErrorType for Pin {
    type Error = core::convert::Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        self.0.set(false);
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        self.0.set(true);
        Ok(())
    }
}

/// What the node did, for the operator of the simulator.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Rows sampled.
    pub rows: u64,
    /// Rows that found no room because nobody read the line.
    pub missed: u64,
    /// Cycles finished.
    pub cycles: u64,
    /// How often a block was handed to the line how long after its last row was due, in steps.
    lateness: Vec<u32>,
}

impl Figures {
    /// Lateness that this share of the blocks kept, us.
    #[must_use]
    pub fn lateness_us(&self, share: f64) -> u64 {
        let total: u64 = self.lateness.iter().map(|n| u64::from(*n)).sum();
        let mut seen = 0;
        for (step, n) in (1..).zip(&self.lateness) {
            seen += u64::from(*n);
            if seen as f64 >= share * total as f64 {
                return step * LATENESS_STEP_US;
            }
        }
        LATENESS_STEPS as u64 * LATENESS_STEP_US
    }
}

/// Who the node says it is.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// Identity.
    pub node: u64,
    /// Sampling rate, 100 to 2000 Hz.
    pub rate_hz: u32,
    /// The table.
    pub channels: Vec<Channel>,
}

fn specs(channels: &[Channel]) -> Vec<ChannelSpec<'_>> {
    let spec = |channel| {
        let Channel {
            name,
            unit,
            min,
            max,
            ..
        }: &Channel = channel;
        ChannelSpec {
            info: ChannelInfo {
                name,
                group: 0,
                unit: *unit,
                code_min: -CODE_SPAN,
                code_max: CODE_SPAN,
                at_min: *min as f32,
                at_max: *max as f32,
            },
            open: OpenBand::None,
            stuck_rows: 0,
        }
    };
    channels.iter().map(spec).collect()
}

/// Plays the press on a pty named `link` for as long as `until` says.
///
/// # Errors
/// When the line cannot be made, the rate is wrong or the solver stops.
pub fn run(
    settings: &NodeSettings,
    link: &Path,
    live: Live,
    mut until: impl FnMut(&Figures) -> bool,
) -> Result<Figures, PressSimError> {
    let rate = settings.rate_hz;
    if !(100..=2000).contains(&rate) || !TICK_HZ.is_multiple_of(rate) {
        return Err(PressSimError::Rate(rate));
    }
    let mut line = Link::open(&Line::Pty(link.to_owned())).map_err(PressSimError::Line)?;
    let period = u64::from(TICK_HZ / rate);
    let rows_per_block = (rate / BLOCKS_PER_S).max(1);
    let groups = [GroupInfo {
        period_ticks: TICK_HZ / rate,
        rows_per_block: rows_per_block as u16,
    }];
    let specs = specs(&settings.channels);
    let clock = Clock {
        start: Instant::now(),
        held: Rc::default(),
    };
    let wire = Pin::default();
    let limits = TransferLimits {
        armed_ticks: 60_000_000,
        pulse_ticks: 100_000,
    };
    let mut fast = Fast {
        timer: clock.clone(),
        sampler: GroupSampler::new(0, groups[0], &specs),
        bank: live,
        wire: TransferWire::new(wire.clone(), limits),
    };
    let identity = Identity {
        node: NodeId(settings.node),
        build: concat!(env!("CARGO_PKG_VERSION"), " press-sim"),
        boot: std::process::id(),
        reset: ResetCause::Software,
        panic: "",
        tick_hz: TICK_HZ,
        groups: &groups,
        channels: &specs,
    };
    let policy = OutputPolicy::usual(TICK_HZ);
    let lines = ThreePins {
        good: Pin::default(),
        reject: Pin::default(),
        uncertain: Some(Pin::default()),
    };
    let mut node = Node::new(identity, lines, policy);
    let mut overheard = Decoder::<FromHost>::new();
    let mut figures = Figures {
        rows: 0,
        missed: 0,
        cycles: 0,
        lateness: vec![0; LATENESS_STEPS],
    };
    let mut due = 0;
    while until(&figures) {
        let mut block_due = None;
        while due <= clock.elapsed_us() {
            clock.held.set(Some(due));
            fast.bank.advance(due as f64 * 1e-6);
            let before = wire.0.get();
            fast.tick();
            if wire.0.get() && !before {
                fast.bank.transfer();
            }
            clock.held.set(None);
            figures.rows += 1;
            if figures.rows.is_multiple_of(u64::from(rows_per_block)) {
                block_due = Some(due);
                exchange(&mut node, &mut fast, &mut line, &mut overheard);
            }
            due += period;
        }
        exchange(&mut node, &mut fast, &mut line, &mut overheard);
        if let Some(block_due) = block_due
            && node.outgoing().is_empty()
        {
            let late = clock.elapsed_us().saturating_sub(block_due) / LATENESS_STEP_US;
            let late = usize::try_from(late).unwrap_or(LATENESS_STEPS);
            figures.lateness[late.min(LATENESS_STEPS - 1)] += 1;
        }
        figures.missed = fast.sampler.counters().missed_full;
        figures.cycles = fast.bank.finished;
        if let Some(failure) = fast.bank.take_failure() {
            return Err(failure);
        }
        std::thread::sleep(WAKE);
    }
    Ok(figures)
}

type OwnNode<'t> = Node<'t, ThreePins<Pin, Pin, Pin>>;

/// Both directions of the line, as far as it goes.
fn exchange<'t>(
    node: &mut OwnNode<'t>,
    fast: &mut Fast<'t, Live, Pin, Clock>,
    line: &mut Link,
    overheard: &mut Decoder<FromHost>,
) {
    fast.timer.held.set(None);
    let mut bytes = [0; 512];
    let len = line.receive(&mut bytes);
    if len > 0 {
        let now = fast.timer.now();
        node.receive(&bytes[..len], now, fast);
        overheard.feed(&bytes[..len], |packet| match packet {
            Ok(HostPacket::Arm(plan)) => fast.bank.armed(plan),
            Ok(HostPacket::Disarm { plan }) => fast.bank.disarmed(plan),
            _ => {}
        });
    }
    node.poll(fast, &mut []);
    while !node.outgoing().is_empty() {
        let taken = line.send(node.outgoing());
        if taken == 0 {
            return;
        }
        node.sent(taken);
    }
}

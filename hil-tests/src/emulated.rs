//! A node without a board: the firmware's library in its own thread and its own time, over a pty.
//!
//! Its time advances in steps of one sampling period, so a busy machine delays it but never makes
//! it miss an instant: what the box loses is then the box's loss alone.

use crate::pty::Pty;
use embedded_hal::digital::{ErrorType, OutputPin};
use firmware_node::channel::{ChannelBank, ChannelSpec, OpenBand, Reading};
use firmware_node::clock::TickTimer;
use firmware_node::node::{Fast, Identity, Node};
use firmware_node::sampler::GroupSampler;
use firmware_node::sorting::ThreePins;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_wire::{ChannelInfo, GroupInfo, NodeId, NodeTicks, OutputPolicy, ResetCause, Unit};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// Channels of a node.
pub const CHANNELS: usize = 16;
/// Sampling rate.
pub const RATE_HZ: u32 = 2000;
const TICK_HZ: u32 = 1_000_000;
const PERIOD: u32 = TICK_HZ / RATE_HZ;
const WAKE: Duration = Duration::from_millis(5);
/// Instants a thread may be behind before it counts as held up.
const BEHIND: u64 = 100;

/// The code a channel has at an instant: a slow wave with noise, computable again by the checker.
#[must_use]
pub fn code_at(channel: usize, index: u64) -> i32 {
    let noise = (index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(channel as u64 * 97)
        >> 7)
        & 0xff;
    let wave = (index as i64 * (channel as i64 + 3)) % 400_000;
    (wave - 200_000).abs() as i32 + noise as i32
}

/// Counts set pulses; the emulated wires lead nowhere else.
#[derive(Clone, Debug, Default)]
pub struct CountedPin(Arc<AtomicU64>);

impl ErrorType for CountedPin {
    type Error = core::convert::Infallible;
}

impl OutputPin for CountedPin {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

struct OwnTime(Arc<AtomicU64>);

impl TickTimer for OwnTime {
    const HZ: u32 = TICK_HZ;
    fn now(&mut self) -> NodeTicks {
        NodeTicks(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Wave(u64);

impl ChannelBank for Wave {
    fn read(&mut self, readings: &mut [Reading]) {
        for (channel, reading) in readings.iter_mut().enumerate() {
            *reading = Reading::Code(code_at(channel, self.0));
        }
        self.0 += 1;
    }
}

/// A running node.
#[derive(Debug)]
pub struct EmulatedNode {
    line: Arc<Mutex<Option<Pty>>>,
    stop: Arc<AtomicBool>,
    restart: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn names() -> Vec<String> {
    (0..CHANNELS).map(|c| format!("channel {c}")).collect()
}

fn specs(names: &[String]) -> Vec<ChannelSpec<'_>> {
    names
        .iter()
        .map(|name| ChannelSpec {
            info: ChannelInfo {
                name,
                group: 0,
                unit: Unit::Volt,
                code_min: -8_388_608,
                code_max: 8_388_607,
                at_min: -1.2,
                at_max: 1.2,
            },
            open: OpenBand::None,
            stuck_rows: 0,
        })
        .collect()
}

impl EmulatedNode {
    /// Starts a node with this identity on a line.
    #[must_use]
    pub fn start(node: NodeId, line: Pty) -> Self {
        let line = Arc::new(Mutex::new(Some(line)));
        let stop = Arc::new(AtomicBool::new(false));
        let restart = Arc::new(AtomicBool::new(false));
        let thread = spawn({
            let (line, stop, restart) = (line.clone(), stop.clone(), restart.clone());
            move || {
                let mut boot = 0;
                while !stop.load(Ordering::Relaxed) {
                    boot += 1;
                    run(node, boot, &line, &stop, &restart);
                }
            }
        });
        Self {
            line,
            stop,
            restart,
            thread: Some(thread),
        }
    }

    /// Pulls the plug. The node runs on.
    pub fn unplug(&self) {
        self.line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Plugs it in again.
    pub fn plug(&self, line: Pty) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// Restarts the node as a brown-out would.
    pub fn brown_out(&self) {
        self.restart.store(true, Ordering::Relaxed);
    }
}

impl Drop for EmulatedNode {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in the node has already failed the story.
            let _ = thread.join();
        }
    }
}

fn run(id: NodeId, boot: u32, line: &Mutex<Option<Pty>>, stop: &AtomicBool, restart: &AtomicBool) {
    let names = names();
    let specs = specs(&names);
    let groups = [GroupInfo {
        period_ticks: PERIOD,
        rows_per_block: 20,
    }];
    let time = Arc::new(AtomicU64::new(0));
    let limits = TransferLimits {
        armed_ticks: 60_000_000,
        pulse_ticks: 100_000,
    };
    let mut fast = Fast {
        timer: OwnTime(time.clone()),
        sampler: GroupSampler::new(0, groups[0], &specs),
        bank: Wave::default(),
        wire: TransferWire::new(CountedPin::default(), limits),
    };
    let reset = if boot == 1 {
        ResetCause::PowerOn
    } else {
        ResetCause::BrownOut
    };
    let identity = Identity {
        node: id,
        build: "emulated",
        boot,
        reset,
        panic: "",
        tick_hz: TICK_HZ,
        groups: &groups,
        channels: &specs,
    };
    let lines = ThreePins {
        good: CountedPin::default(),
        reject: CountedPin::default(),
        uncertain: Some(CountedPin::default()),
    };
    let policy = OutputPolicy::usual(TICK_HZ);
    let mut node = Node::new(identity, lines, policy);
    let start = Instant::now();
    let mut instants = 0_u64;
    while !stop.load(Ordering::Relaxed) && !restart.swap(false, Ordering::Relaxed) {
        let due = start.elapsed().as_micros() as u64 / u64::from(PERIOD);
        while instants < due {
            instants += 1;
            time.store(instants * u64::from(PERIOD), Ordering::Relaxed);
            fast.tick();
            if instants.is_multiple_of(20) {
                node.poll(&mut fast, &mut []);
                let plugged = exchange(&mut node, &mut fast, line);
                if plugged && !node.outgoing().is_empty() && due - instants > BEHIND {
                    // The machine held this thread up, and a line takes only so much at once: catch
                    // up at the line's pace. A box that is too slow for good still shows, as too few rows.
                    break;
                }
            }
        }
        node.poll(&mut fast, &mut []);
        exchange(&mut node, &mut fast, line);
        sleep(WAKE);
    }
}

type OwnNode<'t> = Node<'t, ThreePins<CountedPin, CountedPin, CountedPin>>;

/// Both directions of the line, as far as it goes. False when it is unplugged.
fn exchange<'t>(
    node: &mut OwnNode<'t>,
    fast: &mut Fast<'t, Wave, CountedPin, OwnTime>,
    line: &Mutex<Option<Pty>>,
) -> bool {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(pty) = line.as_mut() else {
        return false;
    };
    let mut bytes = [0; 512];
    let len = pty.receive(&mut bytes);
    if len > 0 {
        let now = fast.timer.now();
        node.receive(&bytes[..len], now, fast);
    }
    loop {
        let taken = pty.send(node.outgoing());
        node.sent(taken);
        if taken == 0 || node.outgoing().is_empty() {
            return true;
        }
    }
}

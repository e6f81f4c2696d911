//! The transfer plan, step by step, on the library alone.

use embedded_hal::digital::{ErrorType, OutputPin};
use firmware_node::channel::{ChannelBank, ChannelSpec, OpenBand, Reading};
use firmware_node::clock::TickTimer;
use firmware_node::node::{Fast, FastPath};
use firmware_node::sampler::GroupSampler;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_wire::*;
use std::cell::Cell;
use std::rc::Rc;

const PERIOD: u64 = 500;

struct Pin(Rc<Cell<bool>>, Rc<Cell<bool>>);

#[derive(Debug)]
struct Broken;

impl embedded_hal::digital::Error for Broken {
    fn kind(&self) -> embedded_hal::digital::ErrorKind {
        embedded_hal::digital::ErrorKind::Other
    }
}

impl ErrorType for Pin {
    type Error = Broken;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Broken> {
        self.0.set(false);
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Broken> {
        if self.1.get() {
            return Err(Broken);
        }
        self.0.set(true);
        Ok(())
    }
}

struct Time(Rc<Cell<u64>>);

impl TickTimer for Time {
    const HZ: u32 = 1_000_000;
    fn now(&mut self) -> NodeTicks {
        NodeTicks(self.0.get())
    }
}

struct Codes(Rc<Cell<[Reading; 2]>>);

impl ChannelBank for Codes {
    fn read(&mut self, readings: &mut [Reading]) {
        readings.copy_from_slice(&self.0.get());
    }
}

struct Bench {
    fast: Fast<'static, Codes, Pin, Time>,
    wire: Rc<Cell<bool>>,
    broken: Rc<Cell<bool>>,
    now: Rc<Cell<u64>>,
    codes: Rc<Cell<[Reading; 2]>>,
}

fn spec(name: &'static str) -> ChannelSpec<'static> {
    ChannelSpec {
        info: ChannelInfo {
            name,
            group: 0,
            unit: Unit::Volt,
            code_min: 0,
            code_max: 10_000,
            at_min: 0.0,
            at_max: 1.0,
        },
        open: OpenBand::None,
        stuck_rows: 0,
    }
}

impl Bench {
    fn new() -> Self {
        let specs = Box::leak(Box::new([spec("pressure"), spec("position")]));
        let (wire, broken) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let now = Rc::new(Cell::new(0));
        let codes = Rc::new(Cell::new([Reading::Code(100), Reading::Code(9000)]));
        let limits = TransferLimits {
            armed_ticks: 1_000_000,
            pulse_ticks: 2000,
        };
        let group = GroupInfo {
            period_ticks: PERIOD as u32,
            rows_per_block: 10,
        };
        let fast = Fast {
            timer: Time(now.clone()),
            sampler: GroupSampler::new(0, group, specs),
            bank: Codes(codes.clone()),
            wire: TransferWire::new(Pin(wire.clone(), broken.clone()), limits),
        };
        let mut bench = Self {
            fast,
            wire,
            broken,
            now,
            codes,
        };
        bench.row(Reading::Code(100), Reading::Code(9000));
        bench
    }

    fn row(&mut self, pressure: Reading, position: Reading) {
        self.codes.set([pressure, position]);
        self.now.set(self.now.get() + PERIOD);
        self.fast.tick();
    }

    fn plan(&self, law: TransferLaw) -> TransferPlan {
        TransferPlan {
            id: 7,
            law,
            window: Window {
                opens: NodeTicks(2000),
                closes: NodeTicks(20_000),
            },
            fallback: Fallback {
                channel: 1,
                level: 3000,
                crossing: Crossing::Falling,
            },
        }
    }
}

const LAW: TransferLaw = TransferLaw::Threshold {
    channel: 0,
    level: 5000,
    crossing: Crossing::Rising,
};
const CODE: fn(i32) -> Reading = Reading::Code;

#[test]
fn fires_at_the_first_row_past_the_level_and_lets_go_after_the_pulse() {
    let mut bench = Bench::new();
    assert_eq!(bench.fast.arm(bench.plan(LAW)).verdict, PlanVerdict::Armed);
    for _ in 0..5 {
        bench.row(CODE(4999), CODE(8000));
    }
    assert!(!bench.wire.get());
    bench.row(CODE(5000), CODE(7900));
    assert!(bench.wire.get());
    let report = bench.fast.report().unwrap();
    let now = NodeTicks(bench.now.get());
    let TransferOutcome::Fired {
        cause,
        due,
        fired,
        code,
        ..
    } = report.outcome
    else {
        panic!("{report:?}")
    };
    assert_eq!(
        (report.plan, cause, due, fired, code),
        (7, FireCause::Law, now, now, 5000)
    );
    for _ in 0..4 {
        bench.row(CODE(9000), CODE(7900));
    }
    assert!(!bench.wire.get(), "the pulse is over");
    bench.fast.report_seen(7);
    assert_eq!(bench.fast.report(), None);
}

#[test]
fn injected_volume_counts_from_its_start() {
    let mut bench = Bench::new();
    let law = TransferLaw::InjectedVolume {
        channel: 1,
        start: 9000,
        travel: -2500,
    };
    assert_eq!(bench.fast.arm(bench.plan(law)).verdict, PlanVerdict::Armed);
    for _ in 0..4 {
        bench.row(CODE(100), CODE(6501));
    }
    assert!(!bench.wire.get());
    bench.row(CODE(100), CODE(6500));
    assert!(bench.wire.get());
}

#[test]
fn a_broken_sensor_cannot_fire_but_the_fallback_position_can() {
    let mut bench = Bench::new();
    bench.fast.arm(bench.plan(LAW));
    for reading in [Reading::Open, Reading::Missing, CODE(10_001), Reading::Open] {
        bench.row(reading, CODE(8000));
        assert!(!bench.wire.get(), "{reading:?}");
    }
    bench.row(Reading::Open, CODE(3000));
    assert!(bench.wire.get());
    let outcome = bench.fast.report().unwrap().outcome;
    assert!(matches!(
        outcome,
        TransferOutcome::Fired {
            cause: FireCause::FallbackPosition,
            ..
        }
    ));
}

#[test]
fn nothing_fires_before_the_window_after_it_or_for_a_silent_host() {
    let mut bench = Bench::new();
    bench.fast.arm(bench.plan(LAW));
    bench.row(CODE(9000), CODE(8000));
    assert!(!bench.wire.get(), "the window is not open yet");
    for _ in 0..50 {
        bench.row(CODE(100), CODE(8000));
    }
    assert_eq!(
        bench.fast.report().unwrap().outcome,
        TransferOutcome::Expired
    );
    bench.fast.report_seen(7);
    let now = bench.now.get();
    let mut plan = bench.plan(LAW);
    plan.window = Window {
        opens: NodeTicks(now),
        closes: NodeTicks(now + 9000),
    };
    assert_eq!(bench.fast.arm(plan).verdict, PlanVerdict::Armed);
    bench.fast.host_silent();
    bench.row(CODE(9000), CODE(8000));
    assert!(!bench.wire.get());
    assert_eq!(
        bench.fast.report().unwrap().outcome,
        TransferOutcome::HostSilent
    );
}

#[test]
fn a_wire_that_cannot_be_set_is_not_called_fired() {
    let mut bench = Bench::new();
    bench.fast.arm(bench.plan(LAW));
    bench.broken.set(true);
    for _ in 0..5 {
        bench.row(CODE(9000), CODE(8000));
    }
    assert_eq!(
        bench.fast.report().unwrap().outcome,
        TransferOutcome::WireFailed
    );
}

#[test]
fn a_refused_plan_leaves_the_armed_one_and_a_good_one_replaces_it() {
    let mut bench = Bench::new();
    bench.fast.arm(bench.plan(LAW));
    let mut late = bench.plan(LAW);
    late.window.closes = NodeTicks(2100);
    late.window.opens = NodeTicks(2200);
    assert_eq!(
        bench.fast.arm(late).verdict,
        PlanVerdict::Refused(Refusal::WindowEmpty)
    );
    assert!(bench.fast.wire.is_armed());
    let mut next = bench.plan(LAW);
    next.id = 8;
    assert_eq!(bench.fast.arm(next).verdict, PlanVerdict::Armed);
    assert_eq!(
        bench.fast.report().unwrap().outcome,
        TransferOutcome::Replaced
    );
    bench.fast.withdraw(8);
    assert!(!bench.fast.wire.is_armed());
}

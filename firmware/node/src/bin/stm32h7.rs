//! A real board: STM32H743 (for example a Nucleo-H743ZI with the sensor shield).
//!
//! | what             | where                                                             |
//! |------------------|-------------------------------------------------------------------|
//! | host             | USART3, TX PD8, RX PD9, 3 Mbaud (the Nucleo's USB bridge)          |
//! | ADS131M08        | SPI1: SCK PA5, MISO PA6, MOSI PB5, CS PA4                          |
//! | ADXL355          | SPI4: SCK PE2, MISO PE5, MOSI PE6, CS PE4                          |
//! | MAX31856         | SPI3: SCK PC10, MISO PC11, MOSI PC12, CS PA15                      |
//! | BME280           | I2C1: SCL PB8, SDA PB9                                             |
//! | free-running timer | TIM2, 32 bits at 1 MHz                                           |
//! | sampling timer   | TIM3, 2 kHz                                                        |
//! | transfer wire    | PF13, drives the opto-coupler to the press                         |
//! | good, reject, uncertain | PF14, PF15, PG0                                             |
//! | watchdog         | independent watchdog, 500 ms                                       |
#![no_std]
#![no_main]

use core::cell::{Cell, RefCell};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;
use cortex_m::peripheral::{NVIC, SCB};
use cortex_m_rt::entry;
use critical_section::Mutex;
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::interrupt;
use embassy_stm32::mode::Blocking;
use embassy_stm32::peripherals::{IWDG1, TIM2, TIM3, USART3};
use embassy_stm32::spi::{self, Spi, mode::Master};
use embassy_stm32::time::Hertz;
use embassy_stm32::timer::low_level::{RoundTo, Timer};
use embassy_stm32::usart::{self, BufferedUart};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{bind_interrupts, i2c, pac};
use embedded_hal::delay::DelayNs;
use embedded_hal::spi::{Operation, SpiDevice};
use embedded_hal_bus::spi::ExclusiveDevice;
use embedded_hal_nb::serial::{Read, Write};
use firmware_node::channel::{Chain, ChannelBank, ChannelSpec, OpenBand, Reading};
use firmware_node::clock::{Extender, TickTimer};
use firmware_node::crash::CrashRecord;
use firmware_node::drivers::ads131m08::{Ads131m08, Oversampling};
use firmware_node::drivers::adxl355::{Adxl355, DataRate, Scale};
use firmware_node::drivers::bme280::Ambient;
use firmware_node::drivers::max31856::{Letter, Mains, Max31856};
use firmware_node::node::{Fast, FastAccess, FastPath, Identity, Node, SlowGroup};
use firmware_node::sampler::GroupSampler;
use firmware_node::sorting::ThreePins;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_node::watchdog::{Vitals, Watchdog};
use firmware_wire::{ChannelInfo, GroupInfo, NodeId, NodeTicks, OutputPolicy, ResetCause, Unit};

bind_interrupts!(struct Irqs {
    USART3 => usart::BufferedInterruptHandler<USART3>;
});

const FAST_HZ: u32 = 2000;
const AMBIENT_HZ: u32 = 1;

static GROUPS: [GroupInfo; 3] = [
    GroupInfo {
        period_ticks: Micros::HZ / FAST_HZ,
        rows_per_block: 20,
    },
    GroupInfo {
        period_ticks: Micros::HZ / 10,
        rows_per_block: 1,
    },
    GroupInfo {
        period_ticks: Micros::HZ / AMBIENT_HZ,
        rows_per_block: 1,
    },
];

const fn channel(
    name: &'static str,
    group: u8,
    unit: Unit,
    codes: (i32, i32),
    at: (f32, f32),
    open: OpenBand,
) -> ChannelSpec<'static> {
    ChannelSpec {
        info: ChannelInfo {
            name,
            group,
            unit,
            code_min: codes.0,
            code_max: codes.1,
            at_min: at.0,
            at_max: at.1,
        },
        open,
        // A 24-bit converter that repeats a code for seconds is not converting.
        stuck_rows: if group == 0 { 2 * FAST_HZ } else { 0 },
    }
}

/// Full scale of the converter is 1.2 V at a gain of one; the last 0.1 % counts as over-range.
const RAIL: i32 = 8_380_000;
const VOLTS: (f32, f32) = (-1.199, 1.199);

const fn converter(name: &'static str) -> ChannelSpec<'static> {
    channel(name, 0, Unit::Volt, (-RAIL, RAIL), VOLTS, OpenBand::None)
}

/// A bridge with a bias resistor runs to the upper rail when its cable breaks.
const fn bridge(name: &'static str) -> ChannelSpec<'static> {
    let open = OpenBand::Above(RAIL);
    channel(name, 0, Unit::Volt, (-RAIL, RAIL), VOLTS, open)
}

const fn axis(name: &'static str) -> ChannelSpec<'static> {
    let codes = (-524_288, 524_287);
    channel(
        name,
        0,
        Unit::Gravity,
        codes,
        (-2.048, 2.048),
        OpenBand::None,
    )
}

const fn slow(
    name: &'static str,
    group: u8,
    unit: Unit,
    codes: (i32, i32),
    at: (f32, f32),
) -> ChannelSpec<'static> {
    channel(name, group, unit, codes, at, OpenBand::None)
}

#[rustfmt::skip]
static CHANNELS: [ChannelSpec<'static>; 15] = [
    converter("cavity pressure 1"),
    converter("cavity pressure 2"),
    converter("hydraulic pressure"),
    converter("screw position"),
    bridge("strain 1"),
    bridge("strain 2"),
    converter("spare 1"),
    converter("spare 2"),
    axis("vibration x"),
    axis("vibration y"),
    axis("vibration z"),
    slow("nozzle temperature", 1, Unit::Celsius, (-26_880, 230_400), (-210.0, 1800.0)),
    slow("ambient temperature", 2, Unit::Celsius, (-4000, 8500), (-40.0, 85.0)),
    slow("ambient pressure", 2, Unit::Hectopascal, (30_000, 110_000), (300.0, 1100.0)),
    slow("ambient humidity", 2, Unit::RelativeHumidity, (0, 10_000), (0.0, 100.0)),
];

/// TIM2 at 1 MHz.
struct Micros {
    timer: Timer<'static, TIM2>,
    extender: Extender,
}

impl TickTimer for Micros {
    const HZ: u32 = 1_000_000;
    fn now(&mut self) -> NodeTicks {
        self.extender.extend(self.timer.regs_gp32().cnt().read())
    }
}

struct BoardWatchdog(IndependentWatchdog<'static, IWDG1>);

impl Watchdog for BoardWatchdog {
    fn feed(&mut self) {
        self.0.pet();
    }
}

type Device = ExclusiveDevice<Spi<'static, Blocking, Master>, Output<'static>, NoDelay>;

/// The chips here need no pause inside a transaction.
struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

/// A chip that may come late or come back: tried again until it answers, then kept.
struct Chip<B> {
    bank: Option<B>,
    make: fn(&'static Seat) -> Option<B>,
    seat: &'static Seat,
    wait: u32,
}

/// Rows between two tries: a dead chip must not eat the time of the living ones.
const RETRY_ROWS: u32 = 200;

impl<B: ChannelBank> ChannelBank for Chip<B> {
    fn read(&mut self, readings: &mut [Reading]) {
        if let Some(bank) = &mut self.bank {
            bank.read(readings);
        } else if self.wait > 0 {
            self.wait -= 1;
        } else {
            self.bank = (self.make)(self.seat);
            self.wait = RETRY_ROWS;
        }
    }
}

/// A bus in a static seat, so that a driver can be made again on it.
struct Seated(&'static Seat);

impl embedded_hal::spi::ErrorType for Seated {
    type Error = embedded_hal::spi::ErrorKind;
}

impl SpiDevice for Seated {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Self::Error> {
        critical_section::with(|cs| match self.0.borrow_ref_mut(cs).as_mut() {
            Some(device) => device
                .transaction(operations)
                .map_err(|_| embedded_hal::spi::ErrorKind::Other),
            None => Err(embedded_hal::spi::ErrorKind::Other),
        })
    }
}

type Seat = Mutex<RefCell<Option<Device>>>;
static ADS_SEAT: Seat = Mutex::new(RefCell::new(None));
static ADXL_SEAT: Seat = Mutex::new(RefCell::new(None));
static MAX_SEAT: Seat = Mutex::new(RefCell::new(None));

fn seat<B>(device: Device, seat: &'static Seat, make: fn(&'static Seat) -> Option<B>) -> Chip<B> {
    critical_section::with(|cs| seat.borrow_ref_mut(cs).replace(device));
    Chip {
        bank: make(seat),
        make,
        seat,
        wait: RETRY_ROWS,
    }
}

type FastBank = Chain<Chip<Ads131m08<Seated>>, Chip<Adxl355<Seated>>>;
type BoardFast = Fast<'static, FastBank, Output<'static>, Micros>;
static FAST: Mutex<RefCell<Option<BoardFast>>> = Mutex::new(RefCell::new(None));

#[unsafe(link_section = ".uninit.CRASH")]
static mut CRASH: MaybeUninit<CrashRecord> = MaybeUninit::uninit();

/// The record that outlives a reset.
///
/// # Safety
/// One user at a time: start-up, then only the panic handler, which does not return.
unsafe fn crash_record() -> &'static mut CrashRecord {
    // SAFETY: every bit pattern is a record, and the caller is alone.
    unsafe { (*addr_of_mut!(CRASH)).assume_init_mut() }
}

struct Shared;

impl FastAccess for Shared {
    fn with<R>(&mut self, f: impl FnOnce(&mut dyn FastPath) -> R) -> R {
        critical_section::with(|cs| {
            let mut fast = FAST.borrow_ref_mut(cs);
            f(fast.as_mut().expect("set before the loop begins"))
        })
    }
}

type BoardNode = Node<'static, ThreePins<Output<'static>, Output<'static>, Output<'static>>>;

/// Waits by doing the main loop's work.
struct Meanwhile<'a>(&'a mut dyn FnMut());

impl DelayNs for Meanwhile<'_> {
    fn delay_ns(&mut self, ns: u32) {
        let end = Shared
            .with(|fast| fast.now())
            .plus(u64::from(ns / 1000) + 1);
        while Shared.with(|fast| fast.now()) < end {
            (self.0)();
        }
    }
}

#[entry]
fn main() -> ! {
    // SAFETY: nothing else runs yet.
    let restart = unsafe { crash_record() }.restart(reset_register());
    let restart =
        cortex_m::singleton!(: firmware_node::crash::Restart = restart).expect("main runs once");
    let p = embassy_stm32::init(embassy_stm32::Config::default());

    let mut fast_spi = spi::Config::default();
    fast_spi.frequency = Hertz(8_000_000);
    let mut second_edge = fast_spi;
    second_edge.mode = spi::MODE_1;
    let mut thermocouple = second_edge;
    thermocouple.frequency = Hertz(4_000_000);
    let device = |spi, cs| ExclusiveDevice::new(spi, cs, NoDelay).ok();
    let high = Level::High;
    let ads = Spi::new_blocking(p.SPI1, p.PA5, p.PB5, p.PA6, second_edge);
    let ads = device(ads, Output::new(p.PA4, high, Speed::VeryHigh));
    let adxl = Spi::new_blocking(p.SPI4, p.PE2, p.PE6, p.PE5, fast_spi);
    let adxl = device(adxl, Output::new(p.PE4, high, Speed::VeryHigh));
    let max = Spi::new_blocking(p.SPI3, p.PC10, p.PC12, p.PC11, thermocouple);
    let max = device(max, Output::new(p.PA15, high, Speed::VeryHigh));
    let (Some(ads), Some(adxl), Some(max)) = (ads, adxl, max) else {
        panic!("a chip select pin cannot be set");
    };

    let mut free = Timer::new(p.TIM2);
    free.set_tick_freq(Hertz(Micros::HZ));
    free.set_max_compare_value(u32::MAX);
    free.generate_update_event();
    free.start();
    let limits = TransferLimits {
        armed_ticks: 60_000_000,
        pulse_ticks: 100_000,
    };
    let fast = Fast {
        timer: Micros {
            timer: free,
            extender: Extender::new(),
        },
        sampler: GroupSampler::new(0, GROUPS[0], &CHANNELS),
        bank: Chain {
            a: seat(ads, &ADS_SEAT, |s| {
                Ads131m08::new(Seated(s), Oversampling::X2048, [0, 0, 0, 0, 5, 5, 0, 0]).ok()
            }),
            first: 8,
            b: seat(adxl, &ADXL_SEAT, |s| {
                Adxl355::new(Seated(s), Scale::G2, DataRate::Hz4000).ok()
            }),
        },
        wire: TransferWire::new(Output::new(p.PF13, Level::Low, Speed::High), limits),
    };
    critical_section::with(|cs| FAST.borrow_ref_mut(cs).replace(fast));

    let mut thermocouple = seat(max, &MAX_SEAT, |s| {
        Max31856::new(Seated(s), Letter::J, Mains::Hz50).ok()
    });
    let i2c = i2c::I2c::new_blocking(p.I2C1, p.PB8, p.PB9, i2c::Config::default());
    let mut ambient = Ambient::new(i2c, &mut Meanwhile(&mut || {})).ok();
    let fresh = Cell::new([Reading::Missing; 3]);
    let mut handed_over = Fresh(&fresh);
    let mut slow = [
        SlowGroup {
            sampler: GroupSampler::new(1, GROUPS[1], &CHANNELS),
            bank: &mut thermocouple,
        },
        SlowGroup {
            sampler: GroupSampler::new(2, GROUPS[2], &CHANNELS),
            bank: &mut handed_over,
        },
    ];

    let identity = Identity {
        node: NodeId(chip_number()),
        build: concat!(env!("CARGO_PKG_VERSION"), " stm32h743"),
        boot: restart.boot,
        reset: restart.cause,
        panic: restart.message(),
        tick_hz: Micros::HZ,
        groups: &GROUPS,
        channels: &CHANNELS,
    };
    let policy = OutputPolicy::usual(Micros::HZ);
    let lines = ThreePins {
        good: Output::new(p.PF14, Level::Low, Speed::Low),
        reject: Output::new(p.PF15, Level::High, Speed::Low),
        uncertain: Some(Output::new(p.PG0, Level::Low, Speed::Low)),
    };
    let mut node: BoardNode = Node::new(identity, lines, policy);

    let mut uart = usart::Config::default();
    uart.baudrate = 3_000_000;
    let tx = cortex_m::singleton!(: [u8; 2048] = [0; 2048]).expect("main runs once");
    let rx = cortex_m::singleton!(: [u8; 512] = [0; 512]).expect("main runs once");
    let mut port = BufferedUart::new(p.USART3, p.PD9, p.PD8, tx, rx, Irqs, uart)
        .expect("3 Mbaud is within what the clock allows");
    let sampling = Timer::new(p.TIM3);
    start_sampling(&sampling);
    let mut dog = IndependentWatchdog::new(p.IWDG1, 500_000);
    dog.unleash();
    let mut vitals = Vitals::new(BoardWatchdog(dog));
    let mut refresh_at = NodeTicks(0);
    loop {
        let now = Shared.with(|fast| fast.now());
        let mut turn = || {
            take_bytes(&mut node, &mut port);
            node.poll(&mut Shared, &mut slow);
            send_bytes(&mut node, &mut port);
            let rows = Shared.with(|fast| {
                let counters = fast.counters();
                counters.sampled + counters.missed_full
            });
            vitals.check(rows);
        };
        turn();
        if let Some(chip) = ambient.as_mut().filter(|_| now >= refresh_at) {
            refresh_at = now.plus(u64::from(Micros::HZ / AMBIENT_HZ));
            chip.refresh(&mut Meanwhile(&mut turn));
            let mut measured = [Reading::Missing; 3];
            chip.read(&mut measured);
            fresh.set(measured);
        }
    }
}

/// What the ambient sensor measured last, until the sampler takes it.
struct Fresh<'a>(&'a Cell<[Reading; 3]>);

impl ChannelBank for Fresh<'_> {
    fn read(&mut self, readings: &mut [Reading]) {
        for (reading, fresh) in readings.iter_mut().zip(self.0.take()) {
            *reading = fresh;
        }
    }
}

fn reset_register() -> ResetCause {
    let flags = pac::RCC.rsr().read();
    pac::RCC.rsr().modify(|w| w.set_rmvf(true));
    if flags.iwdg1rstf() || flags.wwdg1rstf() {
        ResetCause::Watchdog
    } else if flags.sftrstf() {
        ResetCause::Software
    } else if flags.porrstf() {
        ResetCause::PowerOn
    } else if flags.borrstf() {
        ResetCause::BrownOut
    } else if flags.pinrstf() {
        ResetCause::Pin
    } else {
        ResetCause::Unknown
    }
}

/// The chip's unique number, 96 bits folded into 64.
fn chip_number() -> u64 {
    let id = embassy_stm32::uid::uid();
    id.chunks(8).fold(0, |number, part| {
        part.iter()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
            ^ number.rotate_left(17)
    })
}

fn start_sampling(timer: &Timer<'static, TIM3>) {
    timer.set_frequency(Hertz(FAST_HZ), RoundTo::Faster);
    timer.enable_update_interrupt(true);
    timer.start();
    // SAFETY: everything the handler uses is in place.
    unsafe { NVIC::unmask(pac::Interrupt::TIM3) };
}

#[interrupt]
fn TIM3() {
    pac::TIM3.sr().modify(|w| w.set_uif(false));
    critical_section::with(|cs| {
        if let Some(fast) = FAST.borrow_ref_mut(cs).as_mut() {
            fast.tick();
        }
    });
}

fn take_bytes(node: &mut BoardNode, port: &mut BufferedUart<'static>) {
    let mut bytes = [0; 64];
    loop {
        let mut len = 0;
        while let Some(slot) = bytes.get_mut(len) {
            // A receive error damages a frame; the check sum finds it.
            let Ok(byte) = port.read() else { break };
            *slot = byte;
            len += 1;
        }
        if len == 0 {
            return;
        }
        let now = Shared.with(|fast| fast.now());
        node.receive(&bytes[..len], now, &mut Shared);
    }
}

fn send_bytes(node: &mut BoardNode, port: &mut BufferedUart<'static>) {
    let mut taken = 0;
    for &byte in node.outgoing() {
        if Write::write(port, byte).is_err() {
            break;
        }
        taken += 1;
    }
    node.sent(taken);
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    // SAFETY: this does not return, so nobody else looks at the record any more.
    unsafe { crash_record() }.panicked(&info.message());
    SCB::sys_reset();
}

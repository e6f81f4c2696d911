//! The MPS2 board with the AN386 image: the one QEMU runs.
//!
//! | what            | where                                                              |
//! |-----------------|--------------------------------------------------------------------|
//! | host            | UART 0 (0x4000_4000), interrupt 0                                  |
//! | scripted fast converter | UART 1 (0x4000_5000), interrupt 2                          |
//! | sampling timer  | timer 0 (0x4000_0000), interrupt 8                                 |
//! | free-running timer | FPGA I/O counter (0x4002_8018), prescaled to 1 MHz              |
//! | slow sensors    | I2C at 0x4002_a000: TMP105 at 0x48, LSM303DLHC magnetometer at 0x1e |
//! | transfer wire   | user LED 0                                                         |
//! | good line       | user LED 1; the board has no third LED, off means reject or uncertain |
//! | watchdog        | 0x4000_8000, warns by NMI, then resets                             |
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;
use cortex_m::peripheral::{NVIC, SCB};
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use embedded_hal::digital::{ErrorType, OutputPin};
use firmware_node::bit_bang::{BitBangI2c, TwoLines};
use firmware_node::channel::{Chain, ChannelSpec, OpenBand};
use firmware_node::clock::{Extender, TickTimer};
use firmware_node::crash::CrashRecord;
use firmware_node::drivers::{lsm303_mag::Lsm303Mag, tmp105::Tmp105};
use firmware_node::node::{Fast, FastAccess, FastPath, Identity, Node, SlowGroup};
use firmware_node::sampler::GroupSampler;
use firmware_node::scripted::{MORE, Order, Scripted};
use firmware_node::sorting::SortingLines;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_node::watchdog::{Vitals, Watchdog};
use firmware_wire::{
    ChannelInfo, GroupInfo, NodeId, NodeTicks, OutputPolicy, PartVerdict, ResetCause, Unit,
};
use heapless::Deque;

const CLOCK_HZ: u32 = 25_000_000;
const FAST_HZ: u32 = 1000;
const FAST_CHANNELS: usize = 4;
/// How long a [`Order::Pause`] holds up the interrupts, in ticks.
const PAUSE_TICKS: u32 = 50_000;
const TIMER0: Block = Block(0x4000_0000);
const UART0: Block = Block(0x4000_4000);
const UART1: Block = Block(0x4000_5000);
const WATCHDOG: Block = Block(0x4000_8000);
const FPGA_IO: Block = Block(0x4002_8000);
const I2C_SHIELD1: Block = Block(0x4002_a000);

static GROUPS: [GroupInfo; 2] = [
    GroupInfo {
        period_ticks: Micros::HZ / FAST_HZ,
        rows_per_block: 20,
    },
    GroupInfo {
        period_ticks: Micros::HZ / 10,
        rows_per_block: 1,
    },
];

const fn channel(
    name: &'static str,
    group: u8,
    unit: Unit,
    codes: (i32, i32),
    at: (f32, f32),
    stuck_rows: u32,
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
        open: OpenBand::None,
        stuck_rows,
    }
}

#[rustfmt::skip]
static CHANNELS: [ChannelSpec<'static>; 8] = [
    channel("cavity pressure", 0, Unit::Megapascal, (-200, 30_000), (-2.0, 300.0), 0),
    channel("hydraulic pressure", 0, Unit::Megapascal, (-200, 30_000), (-2.0, 300.0), 0),
    channel("screw position", 0, Unit::Millimetre, (0, 30_000), (0.0, 300.0), 0),
    channel("strain", 0, Unit::Microstrain, (-30_000, 30_000), (-3000.0, 3000.0), 5000),
    channel("board temperature", 1, Unit::Celsius, (-880, 2048), (-55.0, 128.0), 0),
    channel("field x", 1, Unit::Microtesla, (-2048, 2047), (-186.2, 186.1), 0),
    channel("field y", 1, Unit::Microtesla, (-2048, 2047), (-186.2, 186.1), 0),
    channel("field z", 1, Unit::Microtesla, (-2048, 2047), (-186.2, 186.1), 0),
];

/// A block of 32-bit registers.
#[derive(Clone, Copy)]
struct Block(usize);

impl Block {
    fn read(self, offset: usize) -> u32 {
        // SAFETY: every base above is a device of this board, every offset a register of it.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }
    fn write(self, offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(value) }
    }
}

/// The FPGA I/O counter at 1 MHz.
struct Micros(Extender);

impl TickTimer for Micros {
    const HZ: u32 = 1_000_000;
    fn now(&mut self) -> NodeTicks {
        self.0.extend(FPGA_IO.read(0x18))
    }
}

/// A user LED as a pin. Both share a register, so it is changed in a critical section.
struct Led(u32);

impl ErrorType for Led {
    type Error = core::convert::Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        critical_section::with(|_| FPGA_IO.write(0, FPGA_IO.read(0) & !self.0));
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        critical_section::with(|_| FPGA_IO.write(0, FPGA_IO.read(0) | self.0));
        Ok(())
    }
}

struct GoodLed(Led);

impl SortingLines for GoodLed {
    fn show(&mut self, verdict: PartVerdict) {
        let Ok(()) = match verdict {
            PartVerdict::Good => self.0.set_high(),
            PartVerdict::Reject | PartVerdict::Uncertain => self.0.set_low(),
        };
    }
}

/// The controller is two bits: clock and data, set at one address and cleared at the next.
struct ShieldLines;

impl TwoLines for ShieldLines {
    fn set_data(&mut self, high: bool) {
        I2C_SHIELD1.write(if high { 0 } else { 4 }, 2);
    }
    fn set_clock(&mut self, high: bool) {
        I2C_SHIELD1.write(if high { 0 } else { 4 }, 1);
    }
    fn data(&mut self) -> bool {
        I2C_SHIELD1.read(0) & 2 != 0
    }
    fn pause(&mut self) {
        // A quarter of a bit at 100 kHz; an emulator needs no settling time but loses little here.
        cortex_m::asm::delay(CLOCK_HZ / 400_000);
    }
}

struct BoardWatchdog;

impl BoardWatchdog {
    const UNLOCK: u32 = 0x1acc_e551;

    fn start() -> Self {
        WATCHDOG.write(0xc00, Self::UNLOCK);
        WATCHDOG.write(0, CLOCK_HZ / 2);
        WATCHDOG.write(8, 0b11);
        Self
    }
}

impl Watchdog for BoardWatchdog {
    fn feed(&mut self) {
        WATCHDOG.write(0xc, 1);
    }
}

#[derive(Clone, Copy)]
enum Irq {
    HostByte = 0,
    ScriptByte = 2,
    Sample = 8,
}

// SAFETY: these are the board's interrupt numbers.
unsafe impl cortex_m::interrupt::InterruptNumber for Irq {
    fn number(self) -> u16 {
        self as u16
    }
}

type BoardFast = Fast<'static, Scripted<FAST_CHANNELS>, Led, Micros>;
static FAST: Mutex<RefCell<Option<BoardFast>>> = Mutex::new(RefCell::new(None));
static FROM_HOST: Mutex<RefCell<Deque<u8, 512>>> = Mutex::new(RefCell::new(Deque::new()));

#[unsafe(link_section = ".uninit.CRASH")]
static mut CRASH: MaybeUninit<CrashRecord> = MaybeUninit::uninit();

/// The record that outlives a reset.
///
/// # Safety
/// One user at a time: start-up, then only the panic handler or the warning of the watchdog, and
/// neither of those returns.
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

#[entry]
fn main() -> ! {
    // SAFETY: nothing else runs yet.
    let restart = unsafe { crash_record() }.restart(reset_register());
    FPGA_IO.write(0x1c, CLOCK_HZ / Micros::HZ - 1);
    let limits = TransferLimits {
        armed_ticks: 60_000_000,
        pulse_ticks: 100_000,
    };
    let fast = Fast {
        timer: Micros(Extender::new()),
        sampler: GroupSampler::new(0, GROUPS[0], &CHANNELS),
        bank: Scripted::new(),
        wire: TransferWire::new(Led(1), limits),
    };
    critical_section::with(|cs| FAST.borrow_ref_mut(cs).replace(fast));

    let i2c = RefCell::new(BitBangI2c::new(ShieldLines));
    let shared_i2c = || SharedI2c(&i2c);
    let mut sensors = Chain {
        a: Retry::new(|| Tmp105::new(shared_i2c(), 0x48).ok()),
        first: 1,
        b: Retry::new(|| Lsm303Mag::new(shared_i2c()).ok()),
    };
    let mut slow = [SlowGroup {
        sampler: GroupSampler::new(1, GROUPS[1], &CHANNELS),
        bank: &mut sensors,
    }];
    let identity = Identity {
        node: NodeId(0x0386_0000_0000_0001),
        build: concat!(env!("CARGO_PKG_VERSION"), " mps2-an386"),
        boot: restart.boot,
        reset: restart.cause,
        panic: restart.message(),
        tick_hz: Micros::HZ,
        groups: &GROUPS,
        channels: &CHANNELS,
    };
    let policy = OutputPolicy::usual(Micros::HZ);
    let mut node = Node::new(identity, GoodLed(Led(2)), policy);
    start_interrupts();
    let mut vitals = Vitals::new(BoardWatchdog::start());
    loop {
        take_host_bytes(&mut node);
        node.poll(&mut Shared, &mut slow);
        let rows = Shared.with(|fast| {
            let counters = fast.counters();
            counters.sampled + counters.missed_full
        });
        vitals.check(rows);
        if !send(&mut node) {
            cortex_m::asm::wfi();
        }
    }
}

/// Register RSTINFO of the system controller. QEMU has none and reads zero.
fn reset_register() -> ResetCause {
    match Block(0x4001_f000).read(0x10) & 0b111 {
        0 => ResetCause::Unknown,
        bits if bits & 0b010 != 0 => ResetCause::Watchdog,
        _ => ResetCause::Software,
    }
}

fn start_interrupts() {
    for uart in [UART0, UART1] {
        uart.write(0x10, 16);
        uart.write(0x08, 0b1011);
    }
    TIMER0.write(4, CLOCK_HZ / FAST_HZ - 1);
    TIMER0.write(8, CLOCK_HZ / FAST_HZ - 1);
    TIMER0.write(0, 0b1001);
    for irq in [Irq::HostByte, Irq::ScriptByte, Irq::Sample] {
        // SAFETY: everything the handlers use is in place.
        unsafe { NVIC::unmask(irq) };
    }
}

fn take_host_bytes(node: &mut Node<'_, GoodLed>) {
    loop {
        let mut bytes = [0; 64];
        let mut len = 0;
        critical_section::with(|cs| {
            let mut waiting = FROM_HOST.borrow_ref_mut(cs);
            while let Some(slot) = bytes.get_mut(len) {
                let Some(byte) = waiting.pop_front() else {
                    break;
                };
                *slot = byte;
                len += 1;
            }
        });
        if len == 0 {
            return;
        }
        let now = Shared.with(|fast| fast.now());
        node.receive(&bytes[..len], now, &mut Shared);
    }
}

/// Sends what the UART takes without waiting. False when nothing is left or nothing is taken.
fn send(node: &mut Node<'_, GoodLed>) -> bool {
    let mut taken = 0;
    for &byte in node.outgoing() {
        if UART0.read(4) & 1 != 0 {
            break;
        }
        UART0.write(0, u32::from(byte));
        taken += 1;
    }
    node.sent(taken);
    taken > 0 && !node.outgoing().is_empty()
}

#[exception]
unsafe fn DefaultHandler(irq: i16) {
    match irq {
        0 => critical_section::with(|cs| {
            UART0.write(0xc, 0b10);
            let mut waiting = FROM_HOST.borrow_ref_mut(cs);
            while UART0.read(4) & 2 != 0 {
                // A full queue drops the byte; the check sum finds it, the counters tell it.
                let _ = waiting.push_back(UART0.read(0) as u8);
            }
        }),
        2 => script_bytes(),
        8 => critical_section::with(|cs| {
            TIMER0.write(0xc, 1);
            if let Some(fast) = FAST.borrow_ref_mut(cs).as_mut() {
                fast.tick();
                while UART1.read(4) & 1 == 0 && fast.bank.take_credit() {
                    UART1.write(0, u32::from(MORE));
                }
            }
        }),
        _ => {}
    }
}

fn script_bytes() {
    UART1.write(0xc, 0b10);
    while UART1.read(4) & 2 != 0 {
        let byte = UART1.read(0) as u8;
        let order = critical_section::with(|cs| {
            FAST.borrow_ref_mut(cs)
                .as_mut()
                .map_or(Order::None, |fast| fast.bank.receive(byte))
        });
        match order {
            Order::None => {}
            Order::Panic => panic!("the scripted converter asked for a panic"),
            Order::Pause => {
                let from = FPGA_IO.read(0x18);
                while FPGA_IO.read(0x18).wrapping_sub(from) < PAUSE_TICKS {
                    cortex_m::asm::nop();
                }
            }
            Order::Stall => {
                cortex_m::interrupt::disable();
                loop {
                    cortex_m::asm::nop();
                }
            }
        }
    }
}

#[exception]
unsafe fn NonMaskableInt() {
    // SAFETY: this does not return, so nobody else looks at the record any more.
    unsafe { crash_record() }.watchdog_bites();
    SCB::sys_reset();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    // SAFETY: as in the watchdog's warning.
    unsafe { crash_record() }.panicked(&info.message());
    SCB::sys_reset();
}

/// One bus for two drivers of one loop.
struct SharedI2c<'a>(&'a RefCell<BitBangI2c<ShieldLines>>);

impl embedded_hal::i2c::ErrorType for SharedI2c<'_> {
    type Error = firmware_node::bit_bang::BitBangError;
}

impl embedded_hal::i2c::I2c for SharedI2c<'_> {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [embedded_hal::i2c::Operation<'_>],
    ) -> Result<(), Self::Error> {
        self.0.borrow_mut().transaction(address, operations)
    }
}

/// A sensor that may come late, or come back: tried again at each row until it answers.
struct Retry<B, F> {
    make: F,
    bank: Option<B>,
}

impl<B, F: Fn() -> Option<B>> Retry<B, F> {
    fn new(make: F) -> Self {
        let bank = make();
        Self { make, bank }
    }
}

impl<B, F> firmware_node::channel::ChannelBank for Retry<B, F>
where
    B: firmware_node::channel::ChannelBank,
    F: Fn() -> Option<B>,
{
    fn read(&mut self, readings: &mut [firmware_node::channel::Reading]) {
        if self.bank.is_none() {
            self.bank = (self.make)();
        }
        if let Some(bank) = &mut self.bank {
            bank.read(readings);
        }
    }
}

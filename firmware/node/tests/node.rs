//! The whole node on the host: whatever the host says or the cable garbles, it stays sound.

use embedded_hal::digital::{ErrorType, OutputPin};
use firmware_node::channel::{ChannelSpec, OpenBand};
use firmware_node::clock::TickTimer;
use firmware_node::node::{Fast, Identity, Node};
use firmware_node::sampler::GroupSampler;
use firmware_node::scripted::{ROW, Scripted};
use firmware_node::sorting::SortingLines;
use firmware_node::transfer::{TransferLimits, TransferWire};
use firmware_wire::*;
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

struct Pin;

impl ErrorType for Pin {
    type Error = core::convert::Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
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

struct Lines(Rc<Cell<PartVerdict>>);

impl SortingLines for Lines {
    fn show(&mut self, verdict: PartVerdict) {
        self.0.set(verdict);
    }
}

struct Rig {
    fast: Fast<'static, Scripted<2>, Pin, Time>,
    node: Node<'static, Lines>,
    now: Rc<Cell<u64>>,
    lines: Rc<Cell<PartVerdict>>,
    decoder: Decoder<FromNode>,
    instants: u64,
}

const GROUP: GroupInfo = GroupInfo {
    period_ticks: 1000,
    rows_per_block: 10,
};

impl Rig {
    fn new() -> Self {
        let spec = |name| ChannelSpec {
            info: ChannelInfo {
                name,
                group: 0,
                unit: Unit::Volt,
                code_min: -30_000,
                code_max: 30_000,
                at_min: -1.0,
                at_max: 1.0,
            },
            open: OpenBand::None,
            stuck_rows: 0,
        };
        let specs = Box::leak(Box::new([spec("pressure"), spec("position")]));
        let groups = Box::leak(Box::new([GROUP]));
        let now = Rc::new(Cell::new(0));
        let lines = Rc::new(Cell::new(PartVerdict::Good));
        let limits = TransferLimits {
            armed_ticks: 1_000_000,
            pulse_ticks: 1000,
        };
        let fast = Fast {
            timer: Time(now.clone()),
            sampler: GroupSampler::new(0, GROUP, specs),
            bank: Scripted::new(),
            wire: TransferWire::new(Pin, limits),
        };
        let identity = Identity {
            node: NodeId(1),
            build: "test",
            boot: 1,
            reset: ResetCause::PowerOn,
            panic: "",
            tick_hz: Time::HZ,
            groups,
            channels: specs,
        };
        let policy = OutputPolicy {
            silence_ticks: 100_000,
            fail_safe: PartVerdict::Reject,
        };
        let node = Node::new(identity, Lines(lines.clone()), policy);
        Self {
            fast,
            node,
            now,
            lines,
            decoder: Decoder::new(),
            instants: 0,
        }
    }

    /// A millisecond: a row of the script, a tick, a turn of the loop, the wire emptied.
    fn step(&mut self, mut seen: impl FnMut(&NodePacket<'_>)) {
        for byte in [ROW, 1, 0, 2, 0] {
            self.fast.bank.receive(byte);
        }
        self.fast.tick();
        self.instants += 1;
        self.node.poll(&mut self.fast, &mut []);
        while !self.node.outgoing().is_empty() {
            let part = self.node.outgoing();
            self.decoder.feed(part, |packet| {
                seen(&packet.expect("the node only says what can be read"));
            });
            let sent = part.len();
            self.node.sent(sent);
        }
        self.now.set(self.now.get() + 1000);
    }

    fn tell(&mut self, packet: &HostPacket) {
        let mut frame = [0; MAX_FRAME];
        let bytes = encode::<FromHost>(packet, &mut frame).expect("fits");
        let now = NodeTicks(self.now.get());
        self.node.receive(bytes, now, &mut self.fast);
    }
}

fn any_plan() -> impl Strategy<Value = HostPacket> {
    (
        any::<u32>(),
        any::<(u8, i32, i32)>(),
        any::<(u64, u64)>(),
        any::<(u8, i32)>(),
        any::<bool>(),
    )
        .prop_map(
            |(id, (channel, a, b), (opens, closes), (other, level), threshold)| {
                let channel = channel % 3;
                let law = if threshold {
                    TransferLaw::Threshold {
                        channel,
                        level: a,
                        crossing: Crossing::Rising,
                    }
                } else {
                    TransferLaw::InjectedVolume {
                        channel,
                        start: a,
                        travel: b,
                    }
                };
                HostPacket::Arm(TransferPlan {
                    id,
                    law,
                    window: Window {
                        opens: NodeTicks(opens % 300_000),
                        closes: NodeTicks(closes % 300_000),
                    },
                    fallback: Fallback {
                        channel: other % 3,
                        level,
                        crossing: Crossing::Falling,
                    },
                })
            },
        )
}

proptest! {
    /// Noise, cut frames and any plan: no panic, every frame readable, every instant accounted for.
    #[test]
    fn nothing_from_the_host_upsets_the_samples(
        talk in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80).prop_map(Err),
                any_plan().prop_map(Ok),
                Just(Ok(HostPacket::HelloRequest)),
                any::<u32>().prop_map(|id| Ok(HostPacket::Sync(SyncRequest { id }))),
            ],
            0..120,
        ),
    ) {
        let mut rig = Rig::new();
        let mut next = 0;
        let mut acks = 0;
        let mut plans = 0;
        for words in talk {
            match words {
                Ok(packet) => {
                    plans += u32::from(matches!(packet, HostPacket::Arm(_)));
                    // A delimiter first: noise before it must not cost this frame.
                    rig.tell(&packet);
                }
                Err(noise) => {
                    let now = NodeTicks(rig.now.get());
                    rig.node.receive(&noise, now, &mut rig.fast);
                }
            }
            rig.step(|packet| match packet {
                NodePacket::Samples(block) => {
                    assert_eq!(block.first_index, next);
                    assert_eq!(block.missed, 0);
                    next = block.next_index();
                }
                NodePacket::PlanAck(_) => acks += 1,
                _ => {}
            });
        }
        prop_assert_eq!(acks, plans);
        prop_assert!(rig.instants - next <= 10);
    }
}

#[test]
fn a_node_says_hello_at_boot_on_request_and_every_second_of_silence() {
    let mut rig = Rig::new();
    let mut hellos = Vec::new();
    for ms in 0..3500 {
        if ms == 500 {
            rig.tell(&HostPacket::HelloRequest);
        }
        rig.step(|packet| {
            if matches!(packet, NodePacket::Hello(_)) {
                hellos.push(ms);
            }
        });
    }
    assert_eq!(hellos, [0, 500, 1601, 2601]);
}

#[test]
fn the_lines_follow_the_host_and_fall_to_reject_when_it_is_silent() {
    let mut rig = Rig::new();
    assert_eq!(
        rig.lines.get(),
        PartVerdict::Reject,
        "before anybody has spoken"
    );
    let verdict = PartVerdict::Good;
    rig.tell(&HostPacket::SetOutput(SetOutput {
        command: 1,
        verdict,
    }));
    for _ in 0..100 {
        rig.step(|_| {});
        assert_eq!(rig.lines.get(), PartVerdict::Good);
    }
    for _ in 0..5 {
        rig.step(|_| {});
    }
    assert_eq!(rig.lines.get(), PartVerdict::Reject);
    // Whoever comes back is told the state it missed.
    let mut told = Vec::new();
    rig.tell(&HostPacket::KeepAlive);
    rig.step(|packet| {
        if let NodePacket::Output(state) = packet {
            told.push((state.verdict, state.cause));
        }
    });
    assert_eq!(told, [(PartVerdict::Reject, OutputCause::HostSilent)]);
}

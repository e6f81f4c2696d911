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
            longest_ticks: 60_000_000,
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
        shot: 1,
        verdict,
        valid_ticks: 10_000_000,
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

#[test]
fn a_verdict_ends_in_its_time_and_with_a_sound_frame_nobody_can_read_but_not_by_noise() {
    let mut rig = Rig::new();
    let good = HostPacket::SetOutput(SetOutput {
        shot: 5,
        verdict: PartVerdict::Good,
        valid_ticks: 50_000,
    });
    rig.tell(&good);
    for ms in 0..60 {
        rig.tell(&HostPacket::KeepAlive);
        rig.step(|_| {});
        let want = if ms < 50 {
            PartVerdict::Good
        } else {
            PartVerdict::Reject
        };
        assert_eq!(rig.lines.get(), want, "after {ms} ms");
    }
    let hear = |rig: &mut Rig, bytes: &[u8]| {
        let now = NodeTicks(rig.now.get());
        rig.node.receive(bytes, now, &mut rig.fast);
        rig.step(|_| {});
        rig.lines.get()
    };
    rig.tell(&good);
    assert_eq!(hear(&mut rig, &[3, 1, 4, 0, 1, 5, 0]), PartVerdict::Good);
    let mut frame = [0; MAX_FRAME];
    let older = encode::encode_as::<FromHost>(1, &good, &mut frame).expect("fits");
    assert_eq!(hear(&mut rig, older), PartVerdict::Reject);
    rig.tell(&good);
    assert_eq!(hear(&mut rig, &[]), PartVerdict::Good);
}

proptest! {
    /// Whatever is said and whenever: the good line is only on within the time of the last sensible good verdict,
    /// while the host is heard.
    #[test]
    fn good_is_never_shown_without_a_verdict_in_force(
        talk in proptest::collection::vec((0_u8..6, 0_u64..40_000, 1_usize..130), 1..40),
    ) {
        let mut rig = Rig::new();
        let (mut ends, mut heard) = (0, 0);
        for (k, (what, valid_ticks, wait)) in talk.into_iter().enumerate() {
            let verdict = match what {
                0 | 1 => Some(PartVerdict::Good),
                2 => Some(PartVerdict::Reject),
                3 => Some(PartVerdict::Uncertain),
                _ => None,
            };
            let now = rig.now.get();
            match verdict {
                Some(verdict) => {
                    let command = SetOutput { shot: k as u64, verdict, valid_ticks };
                    rig.tell(&HostPacket::SetOutput(command));
                    ends = if verdict == PartVerdict::Good { now + valid_ticks } else { 0 };
                    heard = now;
                }
                None if what == 4 => {
                    rig.tell(&HostPacket::KeepAlive);
                    heard = now;
                }
                None => {}
            }
            for _ in 0..wait {
                let now = rig.now.get();
                rig.step(|_| {});
                let may = now < ends && now - heard <= 100_000;
                prop_assert!(may || rig.lines.get() != PartVerdict::Good, "at {now}, ends {ends}, heard {heard}");
            }
        }
    }
}

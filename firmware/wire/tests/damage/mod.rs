//! Good frames, and the ways a cable damages them.

use firmware_wire::*;

/// xorshift64*, seeded through splitmix: small, repeatable, good enough to choose damage.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((z ^ (z >> 31)) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
}

pub struct Corpus {
    pub frames: Vec<Vec<u8>>,
    pub packets: Vec<NodePacket<'static>>,
    pub sentinel: Vec<u8>,
}

impl Corpus {
    pub fn knows(&self, packet: &NodePacket<'_>) -> bool {
        matches!(packet, NodePacket::Sync(reply) if reply.id == u32::MAX)
            || self.packets.contains(packet)
    }
}

fn block(channels: u8, rows: u16, seq: u32) -> NodePacket<'static> {
    let mut rng = Rng::new(u64::from(seq));
    let mut buffer = vec![0_u8; 1024];
    let mut writer = WriteCodes::new();
    for row in 0..rows {
        let codes: Vec<i32> = (0..channels)
            .map(|c| i32::from(row) * 300 * i32::from(c) + rng.below(64) as i32)
            .collect();
        assert!(writer.push_row(&codes, &mut buffer));
    }
    buffer.truncate(writer.len());
    NodePacket::Samples(SampleBlock {
        group: 0,
        seq,
        first_index: u64::from(seq) * u64::from(rows),
        missed: 0,
        first_tick: NodeTicks(u64::from(seq) * 500 * u64::from(rows)),
        period_ticks: 500,
        jitter_ticks: 3,
        rows,
        channels,
        open: ChannelMask(0),
        over_range: ChannelMask(0),
        stuck: ChannelMask(0),
        no_reading: ChannelMask(0),
        packed: buffer.leak(),
    })
}

pub fn corpus() -> Corpus {
    let hello = Hello {
        node: NodeId(0x1234),
        build: "0.1.0 test",
        boot: 3,
        reset: ResetCause::Watchdog,
        panic: "",
        tick_hz: 1_000_000,
        now: NodeTicks(77),
        outputs: OutputPolicy {
            silence_ticks: 1000,
            longest_ticks: 60_000_000,
            fail_safe: PartVerdict::Reject,
        },
        groups: [GroupInfo {
            period_ticks: 500,
            rows_per_block: 10,
        }]
        .into_iter()
        .collect(),
        channels: (0..4)
            .map(|_| ChannelInfo {
                name: "cavity pressure",
                group: 0,
                unit: Unit::Volt,
                code_min: 0,
                code_max: 99,
                at_min: 0.0,
                at_max: 10.0,
            })
            .collect(),
    };
    let packets = vec![
        NodePacket::Hello(hello),
        block(2, 5, 1),
        block(4, 10, 2),
        block(16, 20, 3),
        NodePacket::Fault(Fault {
            at: NodeTicks(5),
            channel: 1,
            kind: FaultKind::Stuck,
            present: true,
        }),
        NodePacket::Output(OutputState {
            at: NodeTicks(8),
            verdict: PartVerdict::Good,
            cause: OutputCause::Host { shot: 12 },
        }),
        NodePacket::Counters(Counters {
            at: NodeTicks(9),
            frames_sent: 12,
            ..Counters::default()
        }),
    ];
    let write = |packet: &NodePacket<'_>| {
        let mut frame = [0; MAX_FRAME];
        encode::<FromNode>(packet, &mut frame)
            .expect("fits")
            .to_vec()
    };
    let sentinel = write(&NodePacket::Sync(SyncReply {
        id: u32::MAX,
        received: NodeTicks(1),
        sent: NodeTicks(2),
    }));
    Corpus {
        frames: packets.iter().map(write).collect(),
        packets,
        sentinel,
    }
}

pub struct Damage {
    pub bytes: Vec<u8>,
}

impl Damage {
    /// One to three frames, one to four injuries, then one whole frame.
    pub fn draw(rng: &mut Rng, corpus: &Corpus) -> Self {
        let mut bytes = Vec::with_capacity(2048);
        if rng.below(16) == 0 {
            bytes.extend((0..rng.below(300)).map(|_| rng.next() as u8));
        } else {
            for _ in 0..=rng.below(2) {
                bytes.extend_from_slice(&corpus.frames[rng.below(corpus.frames.len())]);
            }
        }
        for _ in 0..=rng.below(3) {
            injure(rng, &mut bytes);
        }
        bytes.extend_from_slice(&corpus.sentinel);
        Self { bytes }
    }
}

fn injure(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.len() < 4 {
        return;
    }
    let at = rng.below(bytes.len());
    let end = (at + 1 + rng.below(24)).min(bytes.len());
    match rng.below(8) {
        0 | 1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes[at] = rng.next() as u8,
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let twice = bytes[at..end].to_vec();
            bytes.splice(end..end, twice);
        }
        6 => bytes[at..end].reverse(),
        _ => {
            let noise: Vec<u8> = (0..rng.below(40)).map(|_| rng.next() as u8).collect();
            bytes.splice(at..at, noise);
        }
    }
}

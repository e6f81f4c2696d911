//! Whatever a node or a host can say arrives as it was said, however the bytes are cut up.

use firmware_wire::code::MAX_CODE_BYTES;
use firmware_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn masks() -> impl Strategy<Value = ChannelMask> {
    any::<u16>().prop_map(ChannelMask)
}

/// A block's channels, rows of codes, and the odd missing reading.
fn rows() -> impl Strategy<Value = Vec<Vec<i32>>> {
    (1_usize..=MAX_CHANNELS).prop_flat_map(|channels| {
        let code =
            prop_oneof![8 => -0x80_0000..0x7f_ffff_i32, 1 => any::<i32>(), 1 => Just(NO_READING)];
        vec(vec(code, channels), 1..=1024 / (MAX_CODE_BYTES * channels))
    })
}

fn decode_node(
    stream: &[u8],
    cut: usize,
    mut seen: impl FnMut(Result<NodePacket<'_>, DecodeError>),
) {
    let mut decoder = Decoder::<FromNode>::new();
    for part in stream.chunks(cut.max(1)) {
        decoder.feed(part, &mut seen);
    }
}

fn verdicts() -> impl Strategy<Value = PartVerdict> {
    prop_oneof![
        Just(PartVerdict::Good),
        Just(PartVerdict::Reject),
        Just(PartVerdict::Uncertain)
    ]
}

fn host_packets() -> impl Strategy<Value = HostPacket> {
    let crossing = prop_oneof![Just(Crossing::Rising), Just(Crossing::Falling)];
    let law = prop_oneof![
        (any::<u8>(), any::<i32>(), crossing.clone()).prop_map(|(channel, level, crossing)| {
            TransferLaw::Threshold {
                channel,
                level,
                crossing,
            }
        }),
        (any::<u8>(), any::<i32>(), any::<i32>()).prop_map(|(channel, start, travel)| {
            TransferLaw::InjectedVolume {
                channel,
                start,
                travel,
            }
        }),
    ];
    let plan = (
        any::<u32>(),
        law,
        any::<[u64; 2]>(),
        any::<u8>(),
        any::<i32>(),
        crossing,
    )
        .prop_map(
            |(id, law, [opens, closes], channel, level, crossing)| TransferPlan {
                id,
                law,
                window: Window {
                    opens: NodeTicks(opens),
                    closes: NodeTicks(closes),
                },
                fallback: Fallback {
                    channel,
                    level,
                    crossing,
                },
            },
        );
    prop_oneof![
        Just(HostPacket::HelloRequest),
        Just(HostPacket::KeepAlive),
        any::<u32>().prop_map(|id| HostPacket::Sync(SyncRequest { id })),
        plan.prop_map(HostPacket::Arm),
        any::<u32>().prop_map(|plan| HostPacket::Disarm { plan }),
        any::<u32>().prop_map(|plan| HostPacket::ReportSeen { plan }),
        (any::<u64>(), verdicts(), any::<u64>()).prop_map(|(shot, verdict, valid_ticks)| {
            HostPacket::SetOutput(SetOutput {
                shot,
                verdict,
                valid_ticks,
            })
        }),
    ]
}

proptest! {
    /// Codes come back exactly, missing readings included.
    #[test]
    fn sample_blocks_round_trip(
        rows in rows(), group: u8, seq: u32, first_index: u64, missed: u32, tick: u64,
        period_ticks: u32, jitter_ticks: u32, open in masks(), stuck in masks(), cut in 1_usize..400,
    ) {
        let mut buffer = [0_u8; 1024];
        let mut writer = WriteCodes::new();
        for row in &rows {
            prop_assert!(writer.push_row(row, &mut buffer));
        }
        let block = SampleBlock {
            group, seq, first_index, missed, first_tick: NodeTicks(tick), period_ticks, jitter_ticks,
            rows: rows.len() as u16, channels: rows[0].len() as u8,
            open, over_range: ChannelMask(0), stuck, no_reading: ChannelMask(1),
            packed: &buffer[..writer.len()],
        };
        let mut frame = [0; MAX_FRAME];
        let sent = NodePacket::Samples(block.clone());
        let bytes = encode::<FromNode>(&sent, &mut frame).unwrap();
        let mut got = 0;
        decode_node(bytes, cut, |packet| {
            got += 1;
            let Ok(NodePacket::Samples(back)) = packet else { panic!("{packet:?}") };
            assert_eq!(back, block);
            let mut codes = back.codes();
            for row in &rows {
                assert_eq!(codes.next_row().unwrap(), &row[..]);
            }
            assert!(codes.is_done());
        });
        prop_assert_eq!(got, 1);
    }

    /// A full channel table fits into one frame and comes back.
    #[test]
    fn hellos_round_trip(
        names in vec("[a-z ]{1,24}", 1..=MAX_CHANNELS), node: u64, boot: u32, now: u64,
        periods in vec(1_u32..10_000_000, 1..=MAX_GROUPS), low: i32, at in any::<f32>(),
    ) {
        prop_assume!(low < i32::MAX && at.is_finite());
        let hello = Hello {
            node: NodeId(node), build: "0.1.0 a board with quite a long name", boot,
            reset: ResetCause::Panic, panic: "index out of bounds: the len is 3 but the index is 7",
            tick_hz: 1_000_000, now: NodeTicks(now),
            outputs: OutputPolicy { silence_ticks: 500_000, longest_ticks: 60_000_000, fail_safe: PartVerdict::Reject },
            groups: periods.iter().map(|&period_ticks| GroupInfo { period_ticks, rows_per_block: 20 }).collect(),
            channels: names.iter().map(|name| ChannelInfo {
                name, group: 0, unit: Unit::Megapascal, code_min: low, code_max: i32::MAX, at_min: at, at_max: at,
            }).collect(),
        };
        let mut frame = [0; MAX_FRAME];
        let bytes = encode::<FromNode>(&NodePacket::Hello(hello.clone()), &mut frame).unwrap();
        let mut got = 0;
        decode_node(bytes, 64, |packet| {
            assert_eq!(packet, Ok(NodePacket::Hello(hello.clone())));
            got += 1;
        });
        prop_assert_eq!(got, 1);
    }

    /// Every state of the lines comes back with its cause.
    #[test]
    fn output_states_round_trip(at: u64, shot: u64, verdict in verdicts(), which in 0_usize..6, cut in 1_usize..40) {
        let causes = [
            OutputCause::Boot, OutputCause::Host { shot }, OutputCause::HostSilent,
            OutputCause::Expired { shot }, OutputCause::Refused { shot }, OutputCause::Unreadable,
        ];
        let state = OutputState { at: NodeTicks(at), verdict, cause: causes[which] };
        let mut frame = [0; MAX_FRAME];
        let bytes = encode::<FromNode>(&NodePacket::Output(state), &mut frame).unwrap();
        let mut got = 0;
        decode_node(bytes, cut, |packet| {
            assert_eq!(packet, Ok(NodePacket::Output(state)));
            got += 1;
        });
        prop_assert_eq!(got, 1);
    }

    /// Everything a host can say arrives; a node that hears itself names the echo.
    #[test]
    fn host_packets_round_trip_and_echoes_are_named(packets in vec(host_packets(), 1..8), cut in 1_usize..50) {
        let mut stream = Vec::new();
        for packet in &packets {
            let mut frame = [0; MAX_FRAME];
            stream.extend_from_slice(encode::<FromHost>(packet, &mut frame).unwrap());
        }
        let mut decoder = Decoder::<FromHost>::new();
        let mut back = Vec::new();
        for part in stream.chunks(cut) {
            decoder.feed(part, |packet| back.push(packet.unwrap()));
        }
        prop_assert_eq!(back, packets);
        decode_node(&stream, cut, |packet| assert_eq!(packet, Err(DecodeError::Direction)));
    }
}

#[test]
fn another_version_is_named_not_misread() {
    let mut frame = [0; MAX_FRAME];
    let bytes =
        encode::encode_as::<FromNode>(1, &NodePacket::Counters(Counters::default()), &mut frame)
            .unwrap();
    let mut seen = Vec::new();
    decode_node(bytes, 5, |packet| seen.push(packet.map(|_| ())));
    assert_eq!(seen, [Err(DecodeError::Version { theirs: 1 })]);
}

#[test]
fn a_block_whose_header_promises_other_rows_is_refused() {
    let mut buffer = [0_u8; 64];
    let mut writer = WriteCodes::new();
    assert!(writer.push_row(&[1, 2, 3], &mut buffer));
    let mut block = SampleBlock {
        group: 0,
        seq: 0,
        first_index: 0,
        missed: 0,
        first_tick: NodeTicks(0),
        period_ticks: 500,
        jitter_ticks: 0,
        rows: 2,
        channels: 3,
        open: ChannelMask(0),
        over_range: ChannelMask(0),
        stuck: ChannelMask(0),
        no_reading: ChannelMask(0),
        packed: &buffer[..writer.len()],
    };
    assert!(!block.is_consistent());
    block.rows = 1;
    assert!(block.is_consistent());
    block.channels = 2;
    assert!(!block.is_consistent());
}

#[test]
fn an_endless_stream_without_a_delimiter_costs_no_memory_and_one_error() {
    let mut decoder = Decoder::<FromNode>::new();
    let mut errors = Vec::new();
    for _ in 0..1000 {
        decoder.feed(&[0xa5; 997], |packet| errors.push(packet.map(|_| ())));
    }
    decoder.feed(&[0], |packet| errors.push(packet.map(|_| ())));
    assert_eq!(errors, [Err(DecodeError::Overlong)]);
}

/// The bytes in `firmware/README.md`: another team's encoder must produce exactly these.
#[test]
fn the_worked_example_of_the_readme_holds() {
    let mut frame = [0; MAX_FRAME];
    let bytes = encode::<FromHost>(&HostPacket::Sync(SyncRequest { id: 300 }), &mut frame).unwrap();
    let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        hex.join(" "),
        include_str!("../../README.md")
            .lines()
            .find_map(|l| l.strip_prefix("    sync: "))
            .unwrap()
    );
}

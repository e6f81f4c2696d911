//! One node's session, frame by frame: who speaks, what is missing, what is not believed.

use appliance_acquire::session::{Answer, SessionSink};
use appliance_acquire::{BoxTime, NodeEvent, NodeSession, PlacedBlock};
use firmware_wire::{
    ChannelInfo, ChannelMask, FromNode, GroupInfo, Hello, HostPacket, MAX_FRAME, NodeId,
    NodePacket, NodeTicks, OutputPolicy, PartVerdict, ResetCause, SampleBlock, SyncReply, Unit,
    WriteCodes, encode,
};

#[derive(Default)]
struct Seen {
    /// Run, first index, rows, trusted, placed.
    blocks: Vec<(u32, u64, u16, bool, bool)>,
    events: Vec<NodeEvent>,
}

impl SessionSink for Seen {
    fn block(&mut self, b: &PlacedBlock<'_>) {
        let placed = b.first.is_some() && b.last.is_some();
        let row = (b.run, b.block.first_index, b.block.rows, b.trusted, placed);
        self.blocks.push(row);
    }
    fn event(&mut self, event: NodeEvent) {
        self.events.push(event);
    }
    fn answer(&mut self, _: Answer) {}
}

fn say(session: &mut NodeSession, seen: &mut Seen, packet: &NodePacket<'_>) {
    let mut frame = [0; MAX_FRAME];
    let bytes = encode::<FromNode>(packet, &mut frame).expect("fits");
    session.receive(bytes, BoxTime::from_ns(2_000_000), seen);
}

fn hello(node: u64, boot: u32, now: u64) -> NodePacket<'static> {
    let channel = ChannelInfo {
        name: "cavity pressure",
        group: 0,
        unit: Unit::Volt,
        code_min: 0,
        code_max: 100,
        at_min: 0.0,
        at_max: 1.0,
    };
    NodePacket::Hello(Hello {
        node: NodeId(node),
        build: "test",
        boot,
        reset: ResetCause::BrownOut,
        panic: "",
        tick_hz: 1_000_000,
        now: NodeTicks(now),
        outputs: OutputPolicy {
            silence_ticks: 1,
            longest_ticks: 60_000_000,
            fail_safe: PartVerdict::Reject,
        },
        groups: std::iter::once(GroupInfo {
            period_ticks: 1000,
            rows_per_block: 4,
        })
        .collect(),
        channels: std::iter::once(channel).collect(),
    })
}

fn block(session: &mut NodeSession, seen: &mut Seen, seq: u32, first_index: u64, missed: u32) {
    let mut packed = [0; 64];
    let mut writer = WriteCodes::new();
    for code in 0..4 {
        assert!(writer.push_row(&[code], &mut packed));
    }
    let block = SampleBlock {
        group: 0,
        seq,
        first_index,
        missed,
        first_tick: NodeTicks(first_index * 1000),
        period_ticks: 1000,
        jitter_ticks: 0,
        rows: 4,
        channels: 1,
        open: ChannelMask(0),
        over_range: ChannelMask(0),
        stuck: ChannelMask(0),
        no_reading: ChannelMask(0),
        packed: &packed[..writer.len()],
    };
    say(session, seen, &NodePacket::Samples(block));
}

#[test]
fn gaps_are_counted_repeats_are_dropped_and_nothing_is_filled() {
    let (mut session, mut seen) = (NodeSession::new(None), Seen::default());
    say(&mut session, &mut seen, &hello(1, 1, 0));
    block(&mut session, &mut seen, 0, 0, 0);
    block(&mut session, &mut seen, 1, 6, 2); // two missed by the node
    block(&mut session, &mut seen, 1, 6, 2); // the same frame again
    block(&mut session, &mut seen, 4, 20, 1); // two blocks lost on the way
    let counts = session.counts();
    assert_eq!((counts.rows, counts.missed), (12, 3));
    assert_eq!((counts.lost_blocks, counts.lost_rows), (2, 9));
    assert_eq!(counts.repeated, 1);
    let gap = NodeEvent::Gap {
        group: 0,
        blocks: 2,
        rows: 9,
    };
    assert!(seen.events.contains(&gap));
    assert_eq!(seen.blocks.len(), 3);
}

#[test]
fn rows_get_a_place_in_time_once_the_clocks_are_compared() {
    let (mut session, mut seen) = (NodeSession::new(None), Seen::default());
    say(&mut session, &mut seen, &hello(1, 1, 0));
    block(&mut session, &mut seen, 0, 0, 0);
    let HostPacket::Sync(request) = session.ask(BoxTime::from_ns(1_000_000)) else {
        panic!("a node that said hello is asked for its time");
    };
    let reply = SyncReply {
        id: request.id,
        received: NodeTicks(500),
        sent: NodeTicks(501),
    };
    say(&mut session, &mut seen, &NodePacket::Sync(reply));
    block(&mut session, &mut seen, 1, 4, 0);
    let placed: Vec<bool> = seen.blocks.iter().map(|block| block.4).collect();
    assert_eq!(placed, [false, true]);
}

#[test]
fn after_the_port_was_closed_nothing_is_trusted_until_the_node_says_who_it_is() {
    let (mut session, mut seen) = (NodeSession::new(None), Seen::default());
    say(&mut session, &mut seen, &hello(1, 1, 0));
    block(&mut session, &mut seen, 0, 0, 0);
    session.interrupted();
    assert!(session.wants_hello());
    block(&mut session, &mut seen, 9, 40, 0);
    say(&mut session, &mut seen, &hello(2, 1, 45_000));
    block(&mut session, &mut seen, 10, 44, 0);
    let trusted: Vec<bool> = seen.blocks.iter().map(|block| block.3).collect();
    assert_eq!(trusted, [true, false, true]);
    let exchanged = NodeEvent::Exchanged {
        was: NodeId(1),
        node: NodeId(2),
    };
    assert!(seen.events.contains(&exchanged));
    assert!(!session.wants_hello());
}

#[test]
fn a_restart_whose_hello_was_lost_is_found_and_asked_about() {
    let (mut session, mut seen) = (NodeSession::new(None), Seen::default());
    say(&mut session, &mut seen, &hello(1, 1, 0));
    block(&mut session, &mut seen, 7, 28, 0);
    block(&mut session, &mut seen, 0, 0, 0);
    assert!(session.wants_hello());
    say(&mut session, &mut seen, &hello(1, 2, 9000));
    block(&mut session, &mut seen, 1, 4, 0);
    assert!(
        seen.events
            .iter()
            .any(|e| matches!(e, NodeEvent::Rebooted { .. }))
    );
    let runs: Vec<u32> = seen.blocks.iter().map(|block| block.0).collect();
    assert_eq!(runs, [0, 1]);
}

//! One node as the box sees it: its bytes in, its blocks, counts and events out.
//!
//! Nothing here opens a port or reads a clock, so every story can be told in a test.

use crate::clock::{BoxTime, ClockMap, Placed};
use crate::event::NodeEvent;
use crate::expected::ExpectedTable;
use firmware_wire::{
    Counters, DecodeError, Decoder, FromNode, Hello, HostPacket, MAX_GROUPS, NodeId, NodePacket,
    OutputState, PlanAck, SampleBlock, SyncReply, SyncRequest, TransferReport,
};

/// A block with its place: which run of which node, and when its first row was due in box time.
#[derive(Debug)]
pub struct PlacedBlock<'a> {
    /// The node, once it said hello.
    pub node: Option<NodeId>,
    /// Counts the node's restarts as the box saw them.
    pub run: u32,
    /// Whether the node's table is the configured one and its identity its own. If not, the rows
    /// are recorded but nothing is decided on them.
    pub trusted: bool,
    /// Box time of the first row; `None` before the clocks are compared.
    pub first: Option<Placed>,
    /// Box time of the last row.
    pub last: Option<Placed>,
    /// The rows.
    pub block: SampleBlock<'a>,
}

/// What a node says besides samples, for whoever asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A plan was judged.
    Plan(PlanAck),
    /// A plan ended.
    Transfer(TransferReport),
    /// The sorting lines changed.
    Output(OutputState),
    /// The node's account.
    Counters(Counters),
}

/// What a session hands on.
pub trait SessionSink {
    /// Rows.
    fn block(&mut self, block: &PlacedBlock<'_>);
    /// Something for the operator.
    fn event(&mut self, event: NodeEvent);
    /// Something for whoever steers the node.
    fn answer(&mut self, answer: Answer);
    /// A node said what it measures, in its run number `run`. Not everybody needs to know.
    fn table(&mut self, _run: u32, _hello: &Hello<'_>) {}
}

/// The account of one source. Gaps are counted, never filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes read.
    pub bytes: u64,
    /// Good frames.
    pub frames: u64,
    /// Frames thrown away: damaged, too long, of another version.
    pub damaged: u64,
    /// Blocks handed on.
    pub blocks: u64,
    /// Rows handed on.
    pub rows: u64,
    /// Instants the node itself counted as missed.
    pub missed: u64,
    /// Blocks lost between node and box.
    pub lost_blocks: u64,
    /// Instants in them.
    pub lost_rows: u64,
    /// Blocks that came twice or out of order and were not handed on.
    pub repeated: u64,
}

#[derive(Clone, Copy, Debug)]
struct Follow {
    seq: u32,
    next_index: u64,
}

#[derive(Clone, Debug)]
struct Known {
    node: NodeId,
    boot: u32,
    now: u64,
    names: Vec<String>,
}

/// One node's session.
#[derive(Debug)]
pub struct NodeSession {
    decoder: Decoder<FromNode>,
    expected: Option<ExpectedTable>,
    known: Option<Known>,
    table_matches: bool,
    duplicate: bool,
    /// The port was closed since the last hello: another node may be on it now.
    unsure: bool,
    run: u32,
    clock: Option<ClockMap>,
    follow: [Option<Follow>; MAX_GROUPS],
    asked: Option<(u32, BoxTime)>,
    sync_id: u32,
    told_version: Option<u8>,
    told_echo: bool,
    counts: Counts,
}

impl NodeSession {
    /// A session that expects this table, or any.
    #[must_use]
    pub fn new(expected: Option<ExpectedTable>) -> Self {
        Self {
            decoder: Decoder::new(),
            expected,
            known: None,
            table_matches: true,
            duplicate: false,
            unsure: false,
            run: 0,
            clock: None,
            follow: [None; MAX_GROUPS],
            asked: None,
            sync_id: 0,
            told_version: None,
            told_echo: false,
            counts: Counts::default(),
        }
    }

    /// The port was closed: an unfinished frame and an open exchange are worthless, and whoever
    /// speaks next has to say who it is.
    pub fn interrupted(&mut self) {
        self.unsure = true;
        self.decoder.clear();
        self.asked = None;
    }

    /// The account so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The node's identity, once known.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.known.as_ref().map(|known| known.node)
    }

    /// The clock map of this run.
    #[must_use]
    pub const fn clock(&self) -> Option<&ClockMap> {
        self.clock.as_ref()
    }

    /// Marks this session's identity as claimed by another port too.
    pub const fn set_duplicate(&mut self, duplicate: bool) {
        self.duplicate = duplicate;
    }

    /// The next request for the node's time. Also a sign of life.
    pub fn ask(&mut self, now: BoxTime) -> HostPacket {
        if self.known.is_none() {
            return HostPacket::HelloRequest;
        }
        self.sync_id = self.sync_id.wrapping_add(1);
        self.asked = Some((self.sync_id, now));
        HostPacket::Sync(SyncRequest { id: self.sync_id })
    }

    /// Takes bytes that arrived at `now`.
    pub fn receive(&mut self, bytes: &[u8], now: BoxTime, sink: &mut impl SessionSink) {
        self.counts.bytes += bytes.len() as u64;
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.feed(bytes, |packet| match packet {
            Ok(packet) => {
                self.counts.frames += 1;
                self.take(packet, now, sink);
            }
            Err(error) => {
                self.counts.damaged += 1;
                self.name(error, sink);
            }
        });
        self.decoder = decoder;
    }

    fn name(&mut self, error: DecodeError, sink: &mut impl SessionSink) {
        match error {
            DecodeError::Version { theirs } if self.told_version != Some(theirs) => {
                self.told_version = Some(theirs);
                sink.event(NodeEvent::VersionMismatch { theirs });
            }
            DecodeError::Direction if !self.told_echo => {
                self.told_echo = true;
                sink.event(NodeEvent::Echo);
            }
            _ => {}
        }
    }

    fn take(&mut self, packet: NodePacket<'_>, now: BoxTime, sink: &mut impl SessionSink) {
        match packet {
            NodePacket::Hello(hello) => self.greet(&hello, sink),
            NodePacket::Samples(block) => self.samples(block, sink),
            NodePacket::Sync(reply) => self.synced(&reply, now),
            NodePacket::Fault(fault) => {
                let channel = self
                    .known
                    .as_ref()
                    .and_then(|known| known.names.get(usize::from(fault.channel)).cloned())
                    .unwrap_or_else(|| format!("channel {}", fault.channel));
                sink.event(NodeEvent::Fault { channel, fault });
            }
            NodePacket::PlanAck(ack) => sink.answer(Answer::Plan(ack)),
            NodePacket::TransferReport(report) => sink.answer(Answer::Transfer(report)),
            NodePacket::Output(state) => sink.answer(Answer::Output(state)),
            NodePacket::Counters(counters) => sink.answer(Answer::Counters(counters)),
        }
    }

    fn greet(&mut self, hello: &Hello<'_>, sink: &mut impl SessionSink) {
        let now = hello.now.0;
        self.unsure = false;
        let again = self.known.as_ref().is_some_and(|known| {
            known.node == hello.node && known.boot == hello.boot && known.now <= now
        });
        if again {
            if let Some(known) = &mut self.known {
                known.now = now;
            }
            return;
        }
        let was = self.node();
        if self.known.is_some() {
            self.run += 1;
            self.follow = [None; MAX_GROUPS];
        }
        self.clock = Some(ClockMap::new(hello.tick_hz));
        self.asked = None;
        self.duplicate = false;
        self.known = Some(Known {
            node: hello.node,
            boot: hello.boot,
            now,
            names: hello.channels.iter().map(|c| c.name.to_owned()).collect(),
        });
        if let Some(was) = was.filter(|was| *was != hello.node) {
            let node = hello.node;
            sink.event(NodeEvent::Exchanged { was, node });
        } else if was.is_some() {
            sink.event(NodeEvent::Rebooted {
                node: hello.node,
                reset: hello.reset,
                panic: hello.panic.to_owned(),
            });
        }
        sink.event(NodeEvent::Hello {
            node: hello.node,
            build: hello.build.to_owned(),
            boot: hello.boot,
            reset: hello.reset,
        });
        sink.table(self.run, hello);
        let differences = self
            .expected
            .as_ref()
            .map_or_else(Vec::new, |want| want.compare(&ExpectedTable::of(hello)));
        self.table_matches = differences.is_empty();
        if !self.table_matches {
            sink.event(NodeEvent::TableDiffers {
                node: hello.node,
                differences,
            });
        }
    }

    fn synced(&mut self, reply: &SyncReply, now: BoxTime) {
        if let (Some((id, sent)), Some(clock)) = (self.asked, &mut self.clock)
            && id == reply.id
        {
            clock.learn(sent, now, reply);
            self.asked = None;
        }
    }

    fn samples(&mut self, block: SampleBlock<'_>, sink: &mut impl SessionSink) {
        let Some(follow) = self.follow.get_mut(usize::from(block.group)) else {
            self.counts.damaged += 1;
            return;
        };
        if let Some(before) = *follow {
            if block.first_index < before.next_index {
                // A block that came twice, or the first one after a restart whose hello was lost:
                // without the hello it cannot be placed, and the hello is asked for.
                self.counts.repeated += 1;
                if block.seq < before.seq {
                    self.known = self.known.take().map(|known| Known {
                        now: u64::MAX,
                        ..known
                    });
                }
                return;
            }
            let due = before.next_index + u64::from(block.missed);
            let blocks = block.seq.wrapping_sub(before.seq).wrapping_sub(1);
            if block.first_index > due || blocks > 0 {
                let rows = block.first_index.saturating_sub(due);
                self.counts.lost_blocks += u64::from(blocks);
                self.counts.lost_rows += rows;
                sink.event(NodeEvent::Gap {
                    group: block.group,
                    blocks,
                    rows,
                });
            }
        }
        *follow = Some(Follow {
            seq: block.seq,
            next_index: block.next_index(),
        });
        self.counts.blocks += 1;
        self.counts.rows += u64::from(block.rows);
        self.counts.missed += u64::from(block.missed);
        let place = |row| self.clock.as_ref()?.place(block.tick_of(row));
        sink.block(&PlacedBlock {
            node: self.known.as_ref().map(|known| known.node),
            run: self.run,
            trusted: self.table_matches && !self.duplicate && !self.unsure && self.known.is_some(),
            first: place(0),
            last: place(u64::from(block.rows) - 1),
            block,
        });
    }

    /// Whether a hello is due: none was heard yet, the port was closed in between, or the node seems
    /// to have restarted without the box hearing it.
    #[must_use]
    pub fn wants_hello(&self) -> bool {
        self.unsure
            || self
                .known
                .as_ref()
                .is_none_or(|known| known.now == u64::MAX)
    }
}

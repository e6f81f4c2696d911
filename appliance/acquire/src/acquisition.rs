//! All sources of the box together.

use crate::clock::BoxTime;
use crate::event::NodeEvent;
use crate::expected::ExpectedTable;
use crate::session::{Answer, Counts, NodeSession, PlacedBlock, SessionSink};
use firmware_wire::{Hello, HostPacket, NodeId};
use std::path::PathBuf;

/// A port, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub usize);

/// Where samples, events and answers of all sources go.
pub trait Sink {
    /// Rows of a source.
    fn block(&mut self, source: SourceId, block: &PlacedBlock<'_>);
    /// Something for the operator.
    fn event(&mut self, source: SourceId, event: NodeEvent);
    /// Something for whoever steers the node.
    fn answer(&mut self, source: SourceId, answer: Answer);
    /// A node said what it measures, in its run number `run`. Not everybody needs to know.
    fn table(&mut self, _source: SourceId, _run: u32, _hello: &Hello<'_>) {}
}

struct Tagged<'a, S> {
    source: SourceId,
    sink: &'a mut S,
    greeted: bool,
}

impl<S: Sink> SessionSink for Tagged<'_, S> {
    fn block(&mut self, block: &PlacedBlock<'_>) {
        self.sink.block(self.source, block);
    }
    fn event(&mut self, event: NodeEvent) {
        self.greeted |= matches!(event, NodeEvent::Hello { .. });
        self.sink.event(self.source, event);
    }
    fn answer(&mut self, answer: Answer) {
        self.sink.answer(self.source, answer);
    }
    fn table(&mut self, run: u32, hello: &Hello<'_>) {
        self.sink.table(self.source, run, hello);
    }
}

/// The sessions and where their results go.
#[derive(Debug)]
pub struct Acquisition<S> {
    sessions: Vec<(PathBuf, NodeSession)>,
    /// Where results go.
    pub sink: S,
}

impl<S: Sink> Acquisition<S> {
    /// No sources yet.
    pub const fn new(sink: S) -> Self {
        Self {
            sessions: Vec::new(),
            sink,
        }
    }

    /// Adds a port and the table expected on it.
    pub fn add(&mut self, port: PathBuf, expected: Option<ExpectedTable>) -> SourceId {
        self.sessions.push((port, NodeSession::new(expected)));
        SourceId(self.sessions.len() - 1)
    }

    /// Bytes of a source that arrived at `now`.
    pub fn receive(&mut self, source: SourceId, bytes: &[u8], now: BoxTime) {
        let Some((_, session)) = self.sessions.get_mut(source.0) else {
            return;
        };
        let mut tagged = Tagged {
            source,
            sink: &mut self.sink,
            greeted: false,
        };
        session.receive(bytes, now, &mut tagged);
        if tagged.greeted
            && let Some(node) = session.node()
        {
            self.identify(source, node);
        }
    }

    /// The first port with an identity keeps it.
    fn identify(&mut self, source: SourceId, node: NodeId) {
        let first = self
            .sessions
            .iter()
            .enumerate()
            .find(|(at, (_, session))| *at != source.0 && session.node() == Some(node))
            .map(|(_, (port, _))| port.clone());
        if let (Some(first), Some((second, session))) = (first, self.sessions.get_mut(source.0)) {
            session.set_duplicate(true);
            let second = second.clone();
            self.sink.event(
                source,
                NodeEvent::DuplicateNode {
                    node,
                    first,
                    second,
                },
            );
        }
    }

    /// The port of a source was closed.
    pub fn interrupted(&mut self, source: SourceId) {
        if let Some((_, session)) = self.sessions.get_mut(source.0) {
            session.interrupted();
        }
    }

    /// The next request for a source.
    pub fn ask(&mut self, source: SourceId, now: BoxTime) -> HostPacket {
        match self.sessions.get_mut(source.0) {
            Some((_, session)) if session.wants_hello() => HostPacket::HelloRequest,
            Some((_, session)) => session.ask(now),
            None => HostPacket::KeepAlive,
        }
    }

    /// The session of a source.
    #[must_use]
    pub fn session(&self, source: SourceId) -> Option<&NodeSession> {
        self.sessions.get(source.0).map(|(_, session)| session)
    }

    /// The account of every source.
    pub fn counts(&self) -> impl Iterator<Item = Counts> + '_ {
        self.sessions.iter().map(|(_, session)| session.counts())
    }
}

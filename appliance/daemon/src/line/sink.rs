//! What the nodes say: rows, events, answers and tables.

use std::time::Instant;

use appliance_acquire::session::Answer;
use appliance_acquire::{BoxTime, NodeEvent, PlacedBlock, Sink, SourceId};
use appliance_recorder::RawBlock;
use firmware_wire::Hello;

use super::{Line, Told, copy_all};
use crate::config::Feeds;
use crate::event_kind::EventKind;
use crate::router::Router;
use crate::shared::{ChannelNow, NodeNow};

impl Sink for Line {
    fn block(&mut self, source: SourceId, block: &PlacedBlock<'_>) {
        let Some(node) = self.nodes.get_mut(source.0) else {
            return;
        };
        if let Some(first) = block.first {
            let here = (block.block.first_tick.0, first.at.ns());
            let (tick0, ns0) = *node.anchor.get_or_insert(here);
            let (ticks, ns) = (here.0.saturating_sub(tick0), (here.1 - ns0) as f64);
            let drift = ticks as f64 / f64::from(node.tick_hz.max(1)) * 1e9 / ns.max(1.0) - 1.0;
            // Over less than ten seconds a drift says more about the exchange than about the crystal.
            let drift = if ns > 1e10 { drift * 1e6 } else { 0.0 };
            node.now.clock = Some((drift, first.bound.as_secs_f64()));
        }
        self.handle.samples(&RawBlock {
            node: block.node.map_or(0, |n| n.0),
            run: block.run,
            first_ns: block.first.map(|p| p.at.ns()),
            last_ns: block.last.map(|p| p.at.ns()),
            block: block.block.clone(),
        });
        self.listen();
        // Rows of a node whose table or identity is in doubt are recorded, but nothing is decided on them.
        if block.trusted {
            self.merge.push(source, block, BoxTime::since(self.start));
            self.ticks();
        }
        let last_row = u64::from(block.block.rows.max(1)) - 1;
        let last_tick = block.block.tick_of(last_row).0;
        self.steer(source, last_tick, block.trusted);
    }

    fn event(&mut self, from: SourceId, event: NodeEvent) {
        let at_ns = BoxTime::since(self.start).ns();
        let Some(node) = self.nodes.get_mut(from.0) else {
            return;
        };
        let port = node.config.port.display().to_string();
        let mut source = port.clone();
        match &event {
            NodeEvent::Unplugged { .. } => {
                node.now.connected = false;
                if node.config.channels.iter().any(|c| c.feeds == Feeds::Key) {
                    self.key.turn(false);
                }
                if self.output.as_ref().is_some_and(|o| o.source == from.0) {
                    self.shared.tell(|p| p.output = None);
                }
                if let Some(transfer) = &mut self.transfer
                    && transfer.source() == from.0
                {
                    transfer.gone();
                    self.shared.tell(|p| p.transfer = None);
                }
            }
            NodeEvent::Hello { .. } => node.now.connected = true,
            NodeEvent::Fault { channel, fault } => {
                source = format!("{port}, {channel}");
                if let Some(now) = node.now.channels.iter_mut().find(|c| c.name == *channel) {
                    let word = fault.kind.to_string();
                    now.faults.retain(|w| *w != word);
                    if fault.present {
                        now.faults.push(word);
                    }
                }
            }
            _ => {}
        }
        let (kind, text) = (EventKind::of_node(&event), event.to_string());
        self.handle.event(kind.word(), &source, &text, at_ns);
        let _ = self.to_shots.try_send(Told::Event(port, text));
        // A silent line is seen at once: there may be no next sample.
        let nodes = &self.nodes;
        self.shared.tell(|p| copy_all(&mut p.nodes, nodes));
    }

    fn answer(&mut self, source: SourceId, answer: Answer) {
        if let Some(transfer) = &mut self.transfer
            && transfer.source() == source.0
        {
            let said = match &answer {
                Answer::Plan(ack) => transfer.judged(ack, Instant::now()),
                Answer::Transfer(report) => transfer.ended(report, Instant::now()),
                Answer::Output(_) | Answer::Counters(_) => None,
            };
            if let Some(said) = said {
                self.say(said);
            }
        }
        let (Answer::Output(state), Some(output)) = (answer, &mut self.output) else {
            return;
        };
        if output.source != source.0 {
            return;
        }
        self.shared.tell(|p| p.output = Some(state.verdict));
        if let Some((kind, text)) = output.answered(&state)
            && let Some(node) = self.nodes.get(source.0)
        {
            let port = node.config.port.display().to_string();
            let at_ns = BoxTime::since(self.start).ns();
            self.handle.event(kind.word(), &port, &text, at_ns);
            let _ = self.to_shots.try_send(Told::Event(port, text));
        }
    }

    fn table(&mut self, source: SourceId, run: u32, hello: &Hello<'_>) {
        let Some(node) = self.nodes.get_mut(source.0) else {
            return;
        };
        node.router = Router::new(
            hello,
            &node.config,
            node.calibration.as_ref(),
            &self.sensors,
            self.screw_area_m2,
        );
        node.now = NodeNow {
            id: hello.node.to_string(),
            build: hello.build.to_owned(),
            connected: true,
            counts: node.now.counts,
            channels: node
                .router
                .routes
                .iter()
                .map(|r| ChannelNow {
                    name: r.name.clone(),
                    sensor: r.sensor,
                    last: f64::NAN,
                    noise: f64::NAN,
                    ..ChannelNow::default()
                })
                .collect(),
            ..NodeNow::default()
        };
        (node.tick_hz, node.anchor) = (hello.tick_hz, None);
        node.counted.clear();
        node.counted.resize(node.router.routes.len(), 0);
        if let Some(output) = &mut self.output
            && output.source == source.0
        {
            output.hello(hello.tick_hz);
        }
        if let Some(transfer) = &mut self.transfer
            && transfer.source() == source.0
        {
            transfer.hello(hello.tick_hz, node.router.screw());
        }
        for table in node.router.tables(run, hello) {
            self.handle.channels(&table);
        }
    }
}

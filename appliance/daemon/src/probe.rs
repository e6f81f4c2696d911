//! Listens to the ports for a moment, as the box would: who is there, and are its channels those of the configuration?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use appliance_acquire::reader::read_node;
use appliance_acquire::session::Answer;
use appliance_acquire::{Acquisition, NodeEvent, PlacedBlock, Sink, SourceId};
use firmware_wire::Hello;

use crate::config::NodeConfig;

/// Time a node has to say who it is, s.
const PATIENCE: Duration = Duration::from_millis(2500);

/// What was heard on a port.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Identity and build.
    pub node: Option<(String, String)>,
    /// Names of its channels.
    pub channels: Vec<String>,
    /// Those of its fast group, on which the node itself decides.
    pub fast: Vec<String>,
    /// Rows that came.
    pub rows: u64,
    /// Frames that were damaged or of another version.
    pub damaged: u64,
    /// What the node or its line complained about.
    pub complaints: Vec<String>,
}

/// Notes who is there.
#[derive(Default)]
struct Ear(Vec<Heard>);

impl Ear {
    fn of(&mut self, source: SourceId) -> &mut Heard {
        if self.0.len() <= source.0 {
            self.0.resize(source.0 + 1, Heard::default());
        }
        &mut self.0[source.0]
    }
}

impl Sink for Ear {
    fn block(&mut self, source: SourceId, block: &PlacedBlock<'_>) {
        self.of(source).rows += u64::from(block.block.rows);
    }

    fn event(&mut self, source: SourceId, event: NodeEvent) {
        let usual = matches!(
            event,
            NodeEvent::Opened { .. } | NodeEvent::Hello { .. } | NodeEvent::Returned { .. }
        );
        if !usual {
            self.of(source).complaints.push(event.to_string());
        }
    }

    fn answer(&mut self, _: SourceId, _: Answer) {}

    fn table(&mut self, source: SourceId, _run: u32, hello: &Hello<'_>) {
        let heard = self.of(source);
        heard.node = Some((hello.node.to_string(), hello.build.to_owned()));
        heard.fast = hello
            .channels
            .iter()
            .filter(|c| c.group == 0)
            .map(|c| c.name.to_owned())
            .collect();
        heard.channels = hello.channels.iter().map(|c| c.name.to_owned()).collect();
    }
}

/// Listens to all of them at once; ends early when everybody has spoken. Only while no box runs: it would miss what is read here.
///
/// # Errors
/// When the system gives no runtime.
pub fn listen(nodes: &[NodeConfig]) -> std::io::Result<Vec<Heard>> {
    let start = Instant::now();
    let mut all = Acquisition::new(Ear::default());
    for node in nodes {
        all.add(node.port.clone(), None);
    }
    let shared = Arc::new(Mutex::new(all));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut orders = Vec::new();
        for (k, node) in nodes.iter().enumerate() {
            let (send, receive) = tokio::sync::mpsc::channel(1);
            orders.push(send);
            let port = node.port.clone();
            tokio::spawn(read_node(shared.clone(), SourceId(k), port, start, receive));
        }
        while start.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let spoken = |h: &Heard| h.node.is_some() && h.rows > 0;
            if (0..nodes.len()).all(|k| spoken(all.sink.of(SourceId(k)))) {
                break;
            }
        }
    });
    let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
    for k in (0..nodes.len()).map(SourceId) {
        let damaged = all.session(k).map_or(0, |s| s.counts().damaged);
        all.sink.of(k).damaged = damaged;
    }
    Ok(std::mem::take(&mut all.sink.0))
}

//! The tick thread, and the wires it drives.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use appliance_acquire::reader::read_node;
use appliance_acquire::session::NodeSession;
use appliance_acquire::{Acquisition, SourceId};
use appliance_pipeline::transfer::{Law, Planner};
use firmware_wire::HostPacket;
use tokio::sync::mpsc;

use crate::config::Config;
use crate::line::{Line, Parts};
use crate::output::Output;
use crate::press::{Key, Permit};
use crate::realtime;
use crate::transfer::{self, Transfer};

/// Between two looks at the accounts of the lines.
const ACCOUNT_EVERY: Duration = Duration::from_secs(1);

/// What the wires of the nodes are made of.
pub(super) struct Wires {
    pub(super) config: Config,
    /// When a node signals transfer, and what the guard allows.
    pub(super) steering: Option<(Law, Arc<Permit>)>,
    /// Volume of the mold, m3.
    pub(super) fill_m3: f64,
}

impl Wires {
    /// The sorting lines.
    fn output(&self, ports: &[PathBuf], orders: &[mpsc::Sender<HostPacket>]) -> Option<Output> {
        let output = self.config.output.as_ref()?;
        let source = ports.iter().position(|p| *p == output.node)?;
        let valid = Duration::from_secs_f64(output.valid_s);
        Some(Output::new(source, orders[source].clone(), valid))
    }

    /// The transfer wire.
    fn transfer(
        &self,
        ports: &[PathBuf],
        orders: &[mpsc::Sender<HostPacket>],
        key: &Arc<Key>,
    ) -> Option<Transfer> {
        let config = self.config.transfer.as_ref()?;
        let (law, permit) = self.steering.clone()?;
        let source = ports.iter().position(|p| *p == config.node)?;
        // Seconds since 1970: higher than any number an earlier run has used, at less than a plan a second.
        let first_id = (crate::snapshot::now_ms() / 1000) as u32;
        Some(Transfer::new(transfer::Parts {
            source,
            to: orders[source].clone(),
            planner: Planner::new(law, self.fill_m3),
            permit,
            key: key.clone(),
            window_s: config.window_s,
            first_id,
        }))
    }
}

/// The tick thread: its own small runtime reads the ports; everything up to the estimate happens on it.
pub(super) fn tick_thread(mut parts: Parts, wires: &Wires) {
    let config = &wires.config.tick;
    parts.granted = realtime::ask(config, |refused| println!("moldsight: {refused}"));
    let start = parts.start;
    let ports: Vec<PathBuf> = parts.nodes.iter().map(|(n, _)| n.port.clone()).collect();
    let (orders, queues): (Vec<_>, Vec<_>) = ports.iter().map(|_| mpsc::channel(8)).unzip();
    let output = wires.output(&ports, &orders);
    let transfer = wires.transfer(&ports, &orders, &parts.key);
    let mut acquisition = Acquisition::new(Line::new(parts, output, transfer));
    for port in &ports {
        acquisition.add(port.clone(), None);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("moldsight: the tick thread cannot start: {e}");
            return;
        }
    };
    let shared = Arc::new(Mutex::new(acquisition));
    runtime.block_on(async {
        let mut readers = Vec::new();
        for (k, (port, receive)) in ports.into_iter().zip(queues).enumerate() {
            readers.push(tokio::spawn(read_node(
                shared.clone(),
                SourceId(k),
                port,
                start,
                receive,
            )));
        }
        // Readers never end. Between their turns the accounts of the lines are taken, outside every tick.
        let mut every = tokio::time::interval(ACCOUNT_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = Instant::now();
        loop {
            every.tick().await;
            let seconds = last.elapsed().as_secs_f64().max(1e-3);
            last = Instant::now();
            let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
            for source in (0..readers.len()).map(SourceId) {
                if let Some(counts) = all.session(source).map(NodeSession::counts) {
                    all.sink.account(source, counts, seconds);
                }
            }
        }
    });
}

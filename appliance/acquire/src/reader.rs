//! Keeps one port open, reads it, and keeps the node company.
//!
//! A port that fails is closed at once and tried again five times a second, so it is back well
//! within a second of its return.

use crate::acquisition::{Acquisition, Sink, SourceId};
use crate::clock::BoxTime;
use crate::event::NodeEvent;
use crate::port::Port;
use firmware_wire::{FromHost, HostPacket, MAX_FRAME, encode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Between two tries to open a port.
pub const RETRY: Duration = Duration::from_millis(200);
/// Between two requests for the node's time; also keeps the node from feeling alone.
pub const ASK: Duration = Duration::from_millis(100);
/// Let bytes gather before the next read: fewer wake-ups, still far below a block's own delay.
const GATHER: Duration = Duration::from_millis(4);

/// Shared by the readers of one runtime.
pub type Shared<S> = Arc<Mutex<Acquisition<S>>>;

/// Reads one port for ever. `orders` are packets for the node: plans, outputs.
pub async fn read_node<S: Sink>(
    acquisition: Shared<S>,
    source: SourceId,
    path: PathBuf,
    start: Instant,
    mut orders: Receiver<HostPacket>,
) {
    let mut gone: Option<Instant> = None;
    loop {
        let Ok(port) = Port::open(&path).await else {
            sleep(RETRY).await;
            continue;
        };
        let event = match gone {
            None => NodeEvent::Opened { port: path.clone() },
            Some(since) => NodeEvent::Returned {
                port: path.clone(),
                after: since.elapsed(),
            },
        };
        with(&acquisition, |all| all.sink.event(source, event));
        // Plans and verdicts that waited for a line are about shots long gone.
        while orders.try_recv().is_ok() {}
        // Whatever ends it, the port is closed by being dropped.
        let _ = converse(&acquisition, source, &path, start, port, &mut orders).await;
        gone = Some(Instant::now());
        with(&acquisition, |all| {
            all.interrupted(source);
            let port = path.clone();
            all.sink.event(source, NodeEvent::Unplugged { port });
        });
    }
}

fn with<S, R>(acquisition: &Shared<S>, f: impl FnOnce(&mut Acquisition<S>) -> R) -> R {
    f(&mut acquisition.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn converse<S: Sink>(
    acquisition: &Shared<S>,
    source: SourceId,
    path: &Path,
    start: Instant,
    mut port: Port,
    orders: &mut Receiver<HostPacket>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut asking = interval(ASK);
    asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ready = port.readable() => {
                ready?;
                drain(acquisition, source, start, &mut port, &mut buffer)?;
                sleep(GATHER).await;
                drain(acquisition, source, start, &mut port, &mut buffer)?;
            }
            _ = asking.tick() => {
                // A line whose device was removed may stay silently open.
                std::fs::metadata(path)?;
                drain(acquisition, source, start, &mut port, &mut buffer)?;
                let packet = with(acquisition, |all| all.ask(source, BoxTime::since(start)));
                send(&mut port, &packet).await?;
            }
            Some(order) = orders.recv() => send(&mut port, &order).await?,
        }
    }
}

fn drain<S: Sink>(
    acquisition: &Shared<S>,
    source: SourceId,
    start: Instant,
    port: &mut Port,
    buffer: &mut [u8],
) -> io::Result<()> {
    loop {
        match port.try_read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(len) => {
                let now = BoxTime::since(start);
                with(acquisition, |all| all.receive(source, &buffer[..len], now));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

async fn send(port: &mut Port, packet: &HostPacket) -> io::Result<()> {
    let mut frame = [0; MAX_FRAME];
    let bytes = encode::<FromHost>(packet, &mut frame).map_err(io::Error::other)?;
    tokio::time::timeout(Duration::from_millis(500), port.write_all(bytes))
        .await
        .map_err(io::Error::other)?
}

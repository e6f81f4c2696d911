//! The box's side: acquisition on its own thread, started and stopped by a story.

use crate::RigError;
use crate::recorder::Recorder;
use appliance_acquire::expected::ExpectedTable;
use appliance_acquire::reader::{Shared, read_node};
use appliance_acquire::{Acquisition, SourceId};
use firmware_wire::HostPacket;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A running reader of some ports.
#[derive(Debug)]
pub struct Reader {
    shared: Shared<Recorder>,
    orders: Vec<mpsc::Sender<HostPacket>>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    ports: Vec<PathBuf>,
}

impl Reader {
    /// Reads these ports into a recorder.
    ///
    /// # Errors
    /// When the runtime cannot be made.
    pub fn start(
        ports: Vec<(PathBuf, Option<ExpectedTable>)>,
        recorder: Recorder,
    ) -> Result<Self, RigError> {
        let mut acquisition = Acquisition::new(recorder);
        let mut paths = Vec::new();
        for (port, expected) in ports {
            acquisition.add(port.clone(), expected);
            paths.push(port);
        }
        let mut reader = Self {
            shared: Arc::new(Mutex::new(acquisition)),
            orders: Vec::new(),
            running: None,
            ports: paths,
        };
        reader.resume()?;
        Ok(reader)
    }

    /// Opens the ports again after [`Reader::silence`].
    ///
    /// # Errors
    /// When the runtime cannot be made.
    pub fn resume(&mut self) -> Result<(), RigError> {
        self.silence();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RigError::io("making a runtime"))?;
        let (stop, stopped) = oneshot::channel();
        let mut work = Vec::new();
        self.orders.clear();
        for (at, port) in self.ports.iter().enumerate() {
            let (orders, taken) = mpsc::channel(16);
            self.orders.push(orders);
            let start = Instant::now();
            work.push((SourceId(at), port.clone(), start, taken));
        }
        let shared = self.shared.clone();
        let thread = spawn(move || {
            runtime.block_on(async move {
                for (source, port, start, taken) in work {
                    tokio::spawn(read_node(shared.clone(), source, port, start, taken));
                }
                // Whether told or abandoned, the readers end with the runtime.
                let _ = stopped.await;
            });
        });
        self.running = Some((stop, thread));
        Ok(())
    }

    /// Stops reading and speaking, and closes the ports.
    pub fn silence(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }

    /// Sends a node an order.
    pub fn order(&self, source: usize, packet: HostPacket) {
        // The channel holds far more than a story sends; a closed one means a silent host.
        let _ = self.orders[source].try_send(packet);
    }

    /// Looks at the recorder.
    pub fn look<R>(&self, f: impl FnOnce(&mut Recorder) -> R) -> R {
        self.acquisition(|all| f(&mut all.sink))
    }

    /// Looks at the whole acquisition.
    pub fn acquisition<R>(&self, f: impl FnOnce(&mut Acquisition<Recorder>) -> R) -> R {
        f(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `f` finds something.
    ///
    /// # Errors
    /// When it does not within `seconds`.
    pub fn wait<R>(
        &self,
        what: &'static str,
        seconds: u64,
        mut f: impl FnMut(&mut Recorder) -> Option<R>,
    ) -> Result<R, RigError> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(found) = self.look(&mut f) {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(RigError::Timeout { what, seconds });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.silence();
    }
}

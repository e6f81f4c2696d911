//! The script of the fast converter: sends rows for as long as the node has room.

use crate::RigError;
use firmware_node::scripted::{MORE, ROW};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// Channels of the converter on the emulated board.
pub const CHANNELS: usize = 4;

/// Makes the next row. Called once a row, in order.
pub type Waveform = Box<dyn FnMut() -> [i16; CHANNELS] + Send>;

/// A running script.
#[derive(Debug)]
pub struct Script {
    stop: Arc<AtomicBool>,
    order: Arc<AtomicU8>,
    waveform: Arc<Mutex<Holder>>,
    thread: Option<JoinHandle<()>>,
}

struct Holder(Waveform);

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waveform")
    }
}

impl Script {
    /// Plays a waveform to the converter behind a socket.
    ///
    /// # Errors
    /// When the socket cannot be reached.
    pub fn play(path: &Path, waveform: Waveform) -> Result<Self, RigError> {
        let failed = || RigError::io("connecting the scripted converter");
        let mut socket = UnixStream::connect(path).map_err(failed())?;
        socket
            .set_read_timeout(Some(Duration::from_millis(5)))
            .map_err(failed())?;
        let stop = Arc::new(AtomicBool::new(false));
        let order = Arc::new(AtomicU8::new(0));
        let waveform = Arc::new(Mutex::new(Holder(waveform)));
        let thread = spawn({
            let (stop, order, waveform) = (stop.clone(), order.clone(), waveform.clone());
            move || {
                let mut asked = [0; 256];
                while !stop.load(Ordering::Relaxed) {
                    let special = order.swap(0, Ordering::Relaxed);
                    if special != 0 {
                        let _ = socket.write_all(&[special]);
                    }
                    let len = match socket.read(&mut asked) {
                        Ok(0) => return,
                        Ok(len) => len,
                        Err(e)
                            if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                        {
                            continue;
                        }
                        Err(_) => return,
                    };
                    let rows = asked[..len].iter().filter(|b| **b == MORE).count();
                    let mut bytes = Vec::with_capacity(rows * (1 + 2 * CHANNELS));
                    let mut source = waveform.lock().unwrap_or_else(PoisonError::into_inner);
                    for _ in 0..rows {
                        bytes.push(ROW);
                        bytes.extend((source.0)().iter().flat_map(|code| code.to_le_bytes()));
                    }
                    drop(source);
                    if socket.write_all(&bytes).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self {
            stop,
            order,
            waveform,
            thread: Some(thread),
        })
    }

    /// Plays something else from the next row on. Rows the node already holds come first.
    pub fn change(&self, waveform: Waveform) {
        self.waveform
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0 = waveform;
    }

    /// Sends one of the orders of [`firmware_node::scripted`].
    pub fn order(&self, byte: u8) {
        self.order.store(byte, Ordering::Relaxed);
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

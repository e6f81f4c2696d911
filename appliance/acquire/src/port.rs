//! A node's port: a serial line by its lasting name, or a socket to a node on the same machine.

use crate::error::AcquireError;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

/// USB nodes ignore the rate; a bare UART bridge runs at this one.
pub const BAUD: u32 = 3_000_000;

/// An open port.
#[derive(Debug)]
pub enum Port {
    /// A terminal device.
    Serial(SerialStream),
    /// A stream socket.
    Socket(UnixStream),
}

impl Port {
    /// Opens a path: a socket if it is one, else a terminal.
    ///
    /// # Errors
    /// When the path does not exist or cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, AcquireError> {
        Self::try_open(path)
            .await
            .map_err(|source| AcquireError::Open {
                path: path.to_owned(),
                source,
            })
    }

    async fn try_open(path: &Path) -> io::Result<Self> {
        if std::fs::metadata(path)?.file_type().is_socket() {
            return Ok(Self::Socket(UnixStream::connect(path).await?));
        }
        let name = path.to_string_lossy();
        let mut serial = tokio_serial::new(name.as_ref(), BAUD).open_native_async()?;
        // Not every terminal has a lock (a pseudo terminal does); the lock only keeps others out.
        let _ = serial.set_exclusive(true);
        Ok(Self::Serial(serial))
    }

    /// Waits until bytes are there.
    ///
    /// # Errors
    /// When the port is gone.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Serial(serial) => serial.readable().await,
            Self::Socket(socket) => socket.readable().await,
        }
    }

    /// Takes what is there without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there, anything else when the port is gone.
    pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Serial(serial) => serial.try_read(buffer),
            Self::Socket(socket) => socket.try_read(buffer),
        }
    }
}

impl AsyncRead for Port {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Serial(serial) => Pin::new(serial).poll_read(cx, buf),
            Self::Socket(socket) => Pin::new(socket).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Port {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Serial(serial) => Pin::new(serial).poll_write(cx, buf),
            Self::Socket(socket) => Pin::new(socket).poll_write(cx, buf),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Serial(serial) => Pin::new(serial).poll_flush(cx),
            Self::Socket(socket) => Pin::new(socket).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Serial(serial) => Pin::new(serial).poll_shutdown(cx),
            Self::Socket(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}

/// The lasting names of the serial lines that are there now, sorted.
///
/// # Errors
/// When the directory exists but cannot be read. A machine without serial lines has none.
pub fn by_id() -> Result<Vec<PathBuf>, AcquireError> {
    list(Path::new("/dev/serial/by-id"))
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, AcquireError> {
    let failed = |source| AcquireError::Read {
        path: directory.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    names.sort();
    Ok(names)
}

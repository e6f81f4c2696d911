//! The host's line: a pseudo terminal with a lasting name, or a socket.

use super::LinuxError;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Which line, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `pty:PATH`: a pseudo terminal, PATH a symbolic link to its far end.
    Pty(PathBuf),
    /// `socket:PATH`: a stream socket; one host at a time, the latest.
    Socket(PathBuf),
}

impl Line {
    /// Reads `pty:PATH` or `socket:PATH`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, path) = text.split_once(':').filter(|(_, path)| !path.is_empty())?;
        match kind {
            "pty" => Some(Self::Pty(path.into())),
            "socket" => Some(Self::Socket(path.into())),
            _ => None,
        }
    }
}

/// The open line.
#[derive(Debug)]
pub enum Link {
    /// A pseudo terminal. The far end stays open here, so it survives a host that goes.
    Pty {
        /// This end.
        near: File,
        /// The host's end.
        far: File,
    },
    /// A socket, and the host on it.
    Socket {
        /// Where hosts come.
        listener: UnixListener,
        /// The latest.
        host: Option<UnixStream>,
    },
}

impl Link {
    /// Opens the line under its name; a stale name is taken over.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(line: &Line) -> Result<Self, LinuxError> {
        match line {
            Line::Pty(name) => Self::pty(name),
            Line::Socket(name) => Self::socket(name),
        }
        .map_err(LinuxError::Link)
    }

    fn pty(name: &Path) -> io::Result<Self> {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&near)?;
        unlockpt(&near)?;
        let path = ptsname(&near, Vec::new())?.to_string_lossy().into_owned();
        let far = File::options().read(true).write(true).open(&path)?;
        let mut settings = tcgetattr(&far)?;
        settings.make_raw();
        tcsetattr(&far, OptionalActions::Now, &settings)?;
        fcntl_setfl(&near, fcntl_getfl(&near)? | OFlags::NONBLOCK)?;
        clear(name)?;
        symlink(path, name)?;
        Ok(Self::Pty {
            near: File::from(near),
            far,
        })
    }

    fn socket(name: &Path) -> io::Result<Self> {
        clear(name)?;
        let listener = UnixListener::bind(name)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Socket {
            listener,
            host: None,
        })
    }

    /// Sends what the line takes now.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Pty { near, .. } => near.write(bytes).unwrap_or(0),
            Self::Socket { host, .. } => match host.as_mut().map(|host| host.write(bytes)) {
                Some(Ok(sent)) => sent,
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => 0,
                Some(Err(_)) => {
                    *host = None;
                    0
                }
                None => 0,
            },
        }
    }

    /// Takes what came.
    pub fn receive(&mut self, buffer: &mut [u8]) -> usize {
        match self {
            Self::Pty { near, .. } => near.read(buffer).unwrap_or(0),
            Self::Socket { listener, host } => {
                if let Ok((latest, _)) = listener.accept()
                    && latest.set_nonblocking(true).is_ok()
                {
                    *host = Some(latest);
                }
                host.as_mut()
                    .and_then(|host| host.read(buffer).ok())
                    .unwrap_or(0)
            }
        }
    }
}

fn clear(name: &Path) -> io::Result<()> {
    match std::fs::remove_file(name) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

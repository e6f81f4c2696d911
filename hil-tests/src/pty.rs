//! A pseudo terminal whose far end has a lasting name, like a line in `/dev/serial/by-id`.

use crate::RigError;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The near end. Dropping it unplugs the line.
#[derive(Debug)]
pub struct Pty {
    master: File,
    /// Keeps the line alive while the box has it closed, as a USB adapter does.
    _slave: File,
    name: PathBuf,
}

impl Pty {
    /// Makes a raw line and names its far end `name`.
    ///
    /// # Errors
    /// When the system has no pseudo terminals left.
    pub fn plug(name: &Path) -> Result<Self, RigError> {
        let failed = RigError::io("making a pseudo terminal");
        Self::try_plug(name).map_err(failed)
    }

    fn try_plug(name: &Path) -> std::io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let far = ptsname(&master, Vec::new())?;
        let far = PathBuf::from(far.to_string_lossy().into_owned());
        let slave = File::options().read(true).write(true).open(&far)?;
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        let flags = rustix::fs::fcntl_getfl(&master)? | rustix::fs::OFlags::NONBLOCK;
        rustix::fs::fcntl_setfl(&master, flags)?;
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => symlink(far, name)?,
        }
        Ok(Self {
            master: File::from(master),
            _slave: slave,
            name: name.to_owned(),
        })
    }

    /// Sends what the line takes now; returns how much that was.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        // A full line takes nothing; that is the sender's problem and it keeps count.
        self.master.write(bytes).unwrap_or(0)
    }

    /// Takes what came; returns how much that was.
    pub fn receive(&mut self, buffer: &mut [u8]) -> usize {
        self.master.read(buffer).unwrap_or(0)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // The name goes first, as it does when a plug is pulled.
        let _ = std::fs::remove_file(&self.name);
    }
}

//! The real firmware in QEMU: the node's line, the converter's line, the machine's controls.

use crate::RigError;
use crate::qmp::Qmp;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running board.
#[derive(Debug)]
pub struct Board {
    child: Child,
    /// The machine's controls.
    pub qmp: Qmp,
    folder: TempDir,
}

/// Where `make firmware` puts the image; `MPS2_ELF` overrides it.
#[must_use]
pub fn image() -> PathBuf {
    std::env::var_os("MPS2_ELF").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.build/firmware/mps2"),
        PathBuf::from,
    )
}

impl Board {
    /// Switches the board on. The processor waits until [`Board::go`].
    ///
    /// # Errors
    /// When QEMU or the firmware is not there.
    pub fn power_on() -> Result<Self, RigError> {
        let path = image();
        if !path.exists() {
            return Err(RigError::NoFirmware { path });
        }
        let folder = TempDir::new().map_err(RigError::io("making a folder"))?;
        let socket = |name: &str| {
            let path = folder.path().join(name);
            format!("unix:{},server=on,wait=off", path.display())
        };
        let mut command = Self::scheduled();
        command.args([
            "-M",
            "mps2-an386",
            "-display",
            "none",
            "-monitor",
            "none",
            "-S",
        ]);
        command.args(["-device", "tmp105,id=temperature,address=0x48"]);
        command.args(["-device", "lsm303dlhc_mag,id=field,address=0x1e"]);
        command.arg("-kernel").arg(path);
        command.args(["-serial", &socket("host"), "-serial", &socket("script")]);
        command.args(["-qmp", &socket("qmp")]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|source| RigError::Start {
                program: "qemu-system-arm".into(),
                source,
            })?;
        let qmp = folder.path().join("qmp");
        let deadline = Instant::now() + Duration::from_secs(10);
        let qmp = loop {
            match Qmp::connect(&qmp) {
                Ok(qmp) => break qmp,
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        Ok(Self { child, qmp, folder })
    }

    /// Real-time scheduling where it is allowed: fewer interrupts are lost, none are assumed.
    fn scheduled() -> Command {
        let allowed = Command::new("chrt")
            .args(["-f", "1", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !allowed {
            return Command::new("qemu-system-arm");
        }
        let mut command = Command::new("chrt");
        command.args(["-f", "1", "qemu-system-arm"]);
        command
    }

    /// Lets the processor run.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub fn go(&mut self) -> Result<(), RigError> {
        self.qmp.execute("cont", &serde_json::json!({})).map(|_| ())
    }

    /// The node's line.
    #[must_use]
    pub fn host_line(&self) -> PathBuf {
        self.folder.path().join("host")
    }

    /// The converter's line.
    #[must_use]
    pub fn script_line(&self) -> PathBuf {
        self.folder.path().join("script")
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // Gone already is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! QEMU's machine protocol, as much of it as the stories need.

use crate::RigError;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection.
#[derive(Debug)]
pub struct Qmp {
    lines: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects and agrees on capabilities.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub fn connect(path: &Path) -> Result<Self, RigError> {
        let stream = UnixStream::connect(path).map_err(RigError::io("connecting to QEMU"))?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .map_err(RigError::io("connecting to QEMU"))?;
        let mut qmp = Self {
            lines: BufReader::new(stream),
        };
        qmp.line()?;
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    fn line(&mut self) -> Result<Value, RigError> {
        let mut line = String::new();
        self.lines
            .read_line(&mut line)
            .map_err(RigError::io("listening to QEMU"))?;
        serde_json::from_str(&line).map_err(|_| RigError::Qmp {
            command: "listening".to_owned(),
            answer: line,
        })
    }

    /// Runs a command and returns its result.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value, RigError> {
        let text = json!({"execute": command, "arguments": arguments}).to_string();
        let failed = RigError::io("talking to QEMU");
        writeln!(self.lines.get_mut(), "{text}").map_err(failed)?;
        loop {
            let mut answer = self.line()?;
            if let Some(result) = answer.get_mut("return") {
                return Ok(result.take());
            }
            if answer.get("error").is_some() {
                return Err(RigError::Qmp {
                    command: text,
                    answer: answer.to_string(),
                });
            }
        }
    }

    /// Sets a property of a device.
    ///
    /// # Errors
    /// When there is no such device or property.
    pub fn set(&mut self, device: &str, property: &str, value: i64) -> Result<(), RigError> {
        let arguments = json!({"path": device, "property": property, "value": value});
        self.execute("qom-set", &arguments).map(|_| ())
    }

    /// Reads a register of the machine, as its own processor would.
    ///
    /// # Errors
    /// When the emulator refuses or answers something else.
    pub fn register(&mut self, address: u32) -> Result<u32, RigError> {
        let line = format!("xp /1wx {address:#x}");
        let answer = self.execute("human-monitor-command", &json!({"command-line": line}))?;
        let text = answer.as_str().unwrap_or_default();
        text.rsplit_once("0x")
            .and_then(|(_, digits)| u32::from_str_radix(digits.trim(), 16).ok())
            .ok_or_else(|| RigError::Qmp {
                command: line,
                answer: text.to_owned(),
            })
    }

    /// Restarts the machine as its reset button would.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub fn reset(&mut self) -> Result<(), RigError> {
        self.execute("system_reset", &json!({})).map(|_| ())
    }
}

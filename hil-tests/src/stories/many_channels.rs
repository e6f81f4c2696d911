//! 128 channels at 2 kHz from eight nodes over pseudo terminals into one box process.

use crate::emulated::{CHANNELS, EmulatedNode, RATE_HZ};
use crate::pty::Pty;
use crate::{Figure, RigError};
use firmware_wire::NodeId;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const NODES: u64 = 8;
const CORE_PERCENT: f64 = 15.0;
const FLAT_KIB: i64 = 512;

/// Runs it for `seconds` with the box program at `program`.
///
/// # Errors
/// When the rig fails.
pub fn run(program: &Path, seconds: u64) -> Result<Vec<Figure>, RigError> {
    let folder = TempDir::new().map_err(RigError::io("making a folder"))?;
    let mut nodes = Vec::new();
    let mut command = Command::new(program);
    command.arg(seconds.to_string());
    for node in 0..NODES {
        let name = folder.path().join(format!("usb-moldsight-node-{node}"));
        nodes.push(EmulatedNode::start(NodeId(node), Pty::plug(&name)?));
        command.arg(name);
    }
    let output = command.output().map_err(|source| RigError::Start {
        program: program.to_owned(),
        source,
    })?;
    drop(nodes);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let account: Value = serde_json::from_str(&text).map_err(|_| RigError::Answer {
        answer: text.clone(),
    })?;
    Ok(judge(&account, seconds))
}

fn judge(account: &Value, seconds: u64) -> Vec<Figure> {
    let count = |key: &str| account[key].as_u64().unwrap_or(u64::MAX);
    let number = |key: &str| account[key].as_f64().unwrap_or(f64::MAX);
    let bad = [
        "damaged",
        "lost_rows",
        "lost_blocks",
        "missed",
        "repeated",
        "wrong",
        "disorder",
        "late",
        "dropped",
    ];
    let trouble: Vec<String> = bad
        .iter()
        .filter(|key| count(key) != 0)
        .map(|key| format!("{key} {}", count(key)))
        .collect();
    let rows = count("rows");
    let enough = NODES * u64::from(RATE_HZ) * seconds;
    let nothing = if trouble.is_empty() {
        "nothing lost, wrong, late or out of order".to_owned()
    } else {
        format!("{} {}", trouble.join(", "), account["events"])
    };
    let cpu = number("cpu_percent");
    let grown = account["grown_kib"].as_i64().unwrap_or(i64::MAX);
    vec![
        Figure {
            claim: "128 channels at 2 kHz from 8 nodes over ptys: nothing lost",
            figure: format!(
                "{rows} rows of {CHANNELS} codes in {:.0} s: {nothing}",
                number("seconds")
            ),
            holds: trouble.is_empty() && rows >= enough,
        },
        Figure {
            claim: "128 channels: at most 15 % of one core",
            figure: format!("{cpu:.1} %"),
            holds: cpu <= CORE_PERCENT,
        },
        Figure {
            claim: "128 channels: memory flat",
            figure: format!("{grown:+} KiB at {} KiB resident", count("resident_kib")),
            holds: grown <= FLAT_KIB,
        },
    ]
}

//! The box as a process of its own, so that what it costs can be told from what the nodes cost.

use crate::RigError;
use crate::emulated::code_at;
use crate::process::{cpu_seconds, resident_kib};
use appliance_acquire::merge::Merge;
use appliance_acquire::reader::read_node;
use appliance_acquire::session::Answer;
use appliance_acquire::{Acquisition, BoxTime, NodeEvent, PlacedBlock, Sink, SourceId};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Checks every code against what the node must have measured, and merges.
struct Checker {
    start: Instant,
    merge: Merge,
    wrong: u64,
    merged: u64,
    disorder: u64,
    last: BoxTime,
    events: Vec<String>,
}

impl Sink for Checker {
    fn block(&mut self, source: SourceId, placed: &PlacedBlock<'_>) {
        let block = &placed.block;
        let mut codes = block.codes();
        for row in 0..u64::from(block.rows) {
            let index = block.first_index + row;
            let right = codes.next_row().is_some_and(|row| {
                row.iter()
                    .enumerate()
                    .all(|(c, &code)| code == code_at(c, index))
            });
            self.wrong += u64::from(!right);
        }
        let now = BoxTime::since(self.start);
        self.merge.push(source, placed, now);
        while let Some(row) = self.merge.pop(now) {
            self.merged += 1;
            self.disorder += u64::from(row.at < self.last);
            self.last = row.at;
        }
    }
    fn event(&mut self, _: SourceId, event: NodeEvent) {
        if self.events.len() < 200 {
            self.events.push(event.to_string());
        }
    }
    fn answer(&mut self, _: SourceId, _: Answer) {}
}

/// Reads `ports` for `seconds` and returns the account as JSON.
///
/// # Errors
/// When the runtime cannot be made.
pub fn run(ports: &[PathBuf], seconds: u64) -> Result<Value, RigError> {
    let start = Instant::now();
    let mut acquisition = Acquisition::new(Checker {
        start,
        merge: Merge::new(ports.len(), Duration::from_secs(1), 4096),
        wrong: 0,
        merged: 0,
        disorder: 0,
        last: BoxTime::default(),
        events: Vec::new(),
    });
    for port in ports {
        acquisition.add(port.clone(), None);
    }
    let shared = Arc::new(Mutex::new(acquisition));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(RigError::io("making a runtime"))?;
    let (cpu, memory, wall) = runtime.block_on(async {
        let mut keep = Vec::new();
        for (at, port) in ports.iter().enumerate() {
            let (orders, taken) = tokio::sync::mpsc::channel(4);
            keep.push(orders);
            tokio::spawn(read_node(
                shared.clone(),
                SourceId(at),
                port.clone(),
                start,
                taken,
            ));
        }
        // Buffers and maps fill in the first seconds; from then on memory must not move.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let id = std::process::id();
        let (cpu, memory, began) = (cpu_seconds(id), resident_kib(), Instant::now());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let grown = resident_kib() as i64 - memory as i64;
        (cpu_seconds(id) - cpu, grown, began.elapsed().as_secs_f64())
    });
    let all = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let sum = |f: fn(&appliance_acquire::Counts) -> u64| all.counts().map(|c| f(&c)).sum::<u64>();
    let sink = &all.sink;
    Ok(json!({
        "rows": sum(|c| c.rows), "damaged": sum(|c| c.damaged), "lost_rows": sum(|c| c.lost_rows),
        "lost_blocks": sum(|c| c.lost_blocks), "missed": sum(|c| c.missed), "repeated": sum(|c| c.repeated),
        "bytes": sum(|c| c.bytes), "wrong": sink.wrong, "merged": sink.merged, "disorder": sink.disorder,
        "late": sink.merge.late, "dropped": sink.merge.dropped, "cpu_percent": 100.0 * cpu / wall,
        "grown_kib": memory, "resident_kib": resident_kib(), "seconds": wall, "events": sink.events,
    }))
}

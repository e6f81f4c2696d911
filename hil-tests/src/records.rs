//! What lies in the box's log after its process is gone, read without the box.

use std::collections::BTreeSet;
use std::path::Path;

use appliance_recorder::log::frame::{Found, Walk};
use appliance_recorder::log::record::Record;
use appliance_recorder::log::segment::{HEAD, Head};

/// What a log holds.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Box time of the last raw row of the last run, ns; `None` when that run wrote none.
    pub last_raw_ns: Option<i64>,
    /// Shots that have their end in it.
    pub ended: BTreeSet<u64>,
    /// Places where bytes are not what was written; a torn end is none.
    pub damage: usize,
}

/// Reads the log of a box that is not running. Nothing is changed.
///
/// # Panics
/// When the folder cannot be read.
pub fn log(folder: &Path) -> Log {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of the log")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let (mut log, mut session) = (Log::default(), None);
    for file in files {
        let bytes = std::fs::read(&file).expect("a segment");
        let Some(head) = Head::read(&bytes) else {
            // A segment that was being made when the process ended has no whole head yet.
            log.damage += usize::from(bytes.len() >= HEAD);
            continue;
        };
        if session != Some(head.session) {
            (session, log.last_raw_ns) = (Some(head.session), None);
        }
        for found in Walk::from(&bytes, HEAD) {
            match found {
                Found::Record { kind, payload } => match Record::read(kind, payload) {
                    Some(Record::Block(block)) => {
                        log.last_raw_ns = block.last_ns.max(log.last_raw_ns)
                    }
                    Some(Record::End(end)) if end.interrupted.is_none() => {
                        log.ended.insert(end.number);
                    }
                    _ => {}
                },
                Found::Damage { .. } => log.damage += 1,
                Found::Torn { .. } => {}
            }
        }
    }
    log
}

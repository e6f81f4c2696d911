//! What a restart finds in the log.
//!
//! A torn tail is cut at the last whole record and is no error. Damage in the middle is reported and
//! stepped over; every whole record on either side of it counts.

use super::frame::{Found, Walk};
use super::record::{Event, Kind, Record};
use super::segment::{self, Head};
use super::writer::SegmentInfo;
use crate::health::Damage;
use crate::storage::FileLayer;
use crate::wall::WallTime;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// A shot as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedShot {
    /// Its number.
    pub number: u64,
    /// The session that recorded it.
    pub session: u64,
    /// Time of day when it began; with number and session it tells two shots apart for ever.
    pub began: WallTime,
    /// First segment with anything of it.
    pub first_segment: u64,
    /// Last segment with anything of it.
    pub last_segment: u64,
    /// Whether it ended; if not, it was interrupted.
    pub ended: bool,
}

/// What was found, for the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RecoveryReport {
    /// Segments read.
    pub segments: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// Unfinished ends, cut off: what a power cut or a kill leaves.
    pub torn: Vec<Damage>,
    /// Bytes that changed after they were written.
    pub damage: Vec<Damage>,
    /// Whole records of a kind this program does not know.
    pub unknown: u64,
    /// Segments the disk would not give, with its reason.
    pub unreadable: Vec<(u64, String)>,
    /// Shots that ended but were not stored yet.
    pub finished: Vec<u64>,
    /// Shots that were going on.
    pub interrupted: Vec<u64>,
}

/// What a restart needs to know.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Segments in order.
    pub segments: VecDeque<SegmentInfo>,
    /// Shots by number.
    pub shots: BTreeMap<u64, LoggedShot>,
    /// Events with their segments.
    pub events: Vec<(u64, Event)>,
    /// Highest shot number ever given, as far as the log knows.
    pub highest_shot: u64,
    /// Highest session of any segment.
    pub highest_session: u64,
    /// Time of day at the youngest shot boundary.
    pub last_wall: Option<WallTime>,
    /// For the operator.
    pub report: RecoveryReport,
}

/// Reads the whole log.
#[must_use]
pub fn recover(layer: &dyn FileLayer, dir: &Path) -> Recovered {
    let mut found = Recovered::default();
    // A folder that cannot be listed is a disk that refuses: the writer will say so.
    let mut numbers: Vec<u64> = layer
        .list(dir)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| segment::number_of(&entry.name))
        .collect();
    numbers.sort_unstable();
    for number in numbers {
        found.read_segment(layer, dir, number);
    }
    for shot in found.shots.values() {
        let list = if shot.ended {
            &mut found.report.finished
        } else {
            &mut found.report.interrupted
        };
        list.push(shot.number);
    }
    found
}

impl Recovered {
    fn read_segment(&mut self, layer: &dyn FileLayer, dir: &Path, number: u64) {
        let file = segment::path(dir, number);
        let bytes = match layer.read(&file) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report.unreadable.push((number, error.to_string()));
                Vec::new()
            }
        };
        let head = Head::read(&bytes);
        self.segments.push_back(SegmentInfo {
            number,
            session: head.map(|h| h.session),
            opened_ns: head.map_or(i64::MIN, |h| h.opened_ns),
            len: bytes.len() as u64,
        });
        let given = head.map_or(0, |h| h.next_shot.saturating_sub(1));
        self.highest_shot = self.highest_shot.max(given);
        self.report.segments += 1;
        self.report.bytes += bytes.len() as u64;
        let session = head.map_or(self.highest_session, |h| h.session);
        self.highest_session = self.highest_session.max(session);
        let start = if head.is_some() { segment::HEAD } else { 0 };
        for record in Walk::from(&bytes, start) {
            match record {
                Found::Record { kind, payload } => {
                    self.report.records += 1;
                    self.take(kind, payload, number, session);
                }
                Found::Damage { at, len } => self.report.damage.push(place(number, at, len)),
                Found::Torn { at, len } => {
                    self.report.torn.push(place(number, at, len));
                    if layer.truncate(&file, at as u64).is_ok()
                        && let Some(last) = self.segments.back_mut()
                    {
                        last.len = at as u64;
                    }
                }
            }
        }
        for shot in self.shots.values_mut() {
            if !shot.ended && shot.session == session {
                shot.last_segment = number;
            }
        }
    }

    fn take(&mut self, kind: u8, payload: &[u8], segment: u64, session: u64) {
        if Kind::is_bulk(kind) {
            return;
        }
        match Record::read(kind, payload) {
            None => self.report.unknown += 1,
            Some(Record::Event(event)) => self.events.push((segment, event)),
            Some(Record::Begin(begin)) => {
                self.last_wall = Some(begin.wall);
                self.highest_shot = self.highest_shot.max(begin.number);
                let first_segment = self
                    .segments
                    .iter()
                    .rev()
                    .take_while(|s| s.session == Some(session))
                    .find(|s| s.opened_ns <= begin.from_ns)
                    .map_or(segment, |s| s.number);
                self.shots.entry(begin.number).or_insert(LoggedShot {
                    number: begin.number,
                    session,
                    began: begin.wall,
                    first_segment,
                    last_segment: segment,
                    ended: false,
                });
            }
            Some(Record::End(end)) => {
                self.last_wall = Some(end.wall);
                if let Some(shot) = self.shots.get_mut(&end.number).filter(|s| !s.ended) {
                    shot.ended = true;
                    shot.last_segment = segment;
                }
            }
            // What became known after its end.
            Some(Record::Context(note)) => {
                if let Some(shot) = self.shots.get_mut(&note.number) {
                    shot.last_segment = shot.last_segment.max(segment);
                }
            }
            Some(_) => {}
        }
    }
}

fn place(segment: u64, at: usize, len: usize) -> Damage {
    Damage {
        segment,
        at: at as u64,
        len: len as u64,
    }
}

//! Appends records, syncs them in time, and gets over a disk that refuses.
//!
//! Bytes are kept in memory until a sync has proven them, because after a failed sync the kernel may
//! have thrown them away: then they are written again into a new segment. A record may so be there
//! twice; readers drop the second.

use super::frame::{self, Found, Walk};
use super::record::{ChannelTable, EstimateTable, Kind, Lost, ShotBegin, append};
use super::segment::{self, Head};
use crate::health::Reason;
use crate::storage::{AppendFile, FileLayer};
use serde::Serialize;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes gathered before they are handed to the operating system ahead of a sync.
const WRITE_AHEAD: usize = 64 << 10;

/// A segment on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number.
    pub number: u64,
    /// The session that wrote it, if its head could be read.
    pub session: Option<u64>,
    /// Box time in ns when it was opened.
    pub opened_ns: i64,
    /// Bytes.
    pub len: u64,
}

#[derive(Debug)]
struct Open {
    file: Box<dyn AppendFile>,
    /// The name is not yet proven to survive a power cut.
    fresh: bool,
}

/// Limits of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after which a new segment begins.
    pub segment_bytes: u64,
    /// Bytes kept in memory while the disk refuses; beyond, raw codes and estimates are dropped.
    pub unsynced_bytes: usize,
    /// Bytes of all segments; beyond, raw codes and estimates are dropped.
    pub log_bytes: u64,
    /// Pause between attempts while the disk refuses, ns.
    pub retry_ns: i64,
}

/// Records given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Blocks of raw codes.
    pub blocks: u64,
    /// Estimate rows.
    pub estimates: u64,
    /// Anything else: too large, or the memory limit was reached twice over.
    pub others: u64,
}

/// The log as its writer sees it.
#[derive(Debug)]
pub struct LogWriter {
    layer: Arc<dyn FileLayer>,
    dir: PathBuf,
    limits: Limits,
    session: u64,
    next_segment: u64,
    open: Option<Open>,
    /// All segments on disk; the open one is the last.
    segments: VecDeque<SegmentInfo>,
    /// Bytes of all of them.
    bytes: u64,
    unsynced: Vec<u8>,
    written: usize,
    since_ns: Option<i64>,
    retry_at_ns: Option<i64>,
    refusing: Option<Reason>,
    /// Given up and not yet written down.
    lost: Lost,
    /// What of it stands at the head of the open segment, not yet proven.
    told: Lost,
    dropped: Dropped,
    tables: Vec<ChannelTable>,
    estimates: EstimateTable,
    shot: Option<ShotBegin>,
    next_shot: u64,
}

impl LogWriter {
    /// A log that begins with a new segment after those found.
    pub fn new(
        layer: Arc<dyn FileLayer>,
        dir: PathBuf,
        limits: Limits,
        session: u64,
        segments: VecDeque<SegmentInfo>,
    ) -> Self {
        Self {
            layer,
            dir,
            limits,
            session,
            next_segment: segments.back().map_or(1, |s| s.number + 1),
            open: None,
            bytes: segments.iter().map(|s| s.len).sum(),
            segments,
            unsynced: Vec::with_capacity(256 << 10),
            written: 0,
            since_ns: None,
            retry_at_ns: None,
            refusing: None,
            lost: Lost::default(),
            told: Lost::default(),
            dropped: Dropped::default(),
            tables: Vec::new(),
            estimates: EstimateTable::default(),
            shot: None,
            next_shot: 1,
        }
    }

    /// Whether something given up is not yet written down as such.
    #[must_use]
    pub const fn owes_a_loss(&self) -> bool {
        self.lost.blocks + self.lost.estimates > 0
    }

    /// Writes down what was given up, if the disk takes it again.
    pub fn settle_loss(&mut self, now_ns: i64) {
        let told = self.told.blocks + self.told.estimates > 0;
        if self.owes_a_loss() && self.refusing.is_none() && !told {
            let lost = std::mem::take(&mut self.lost);
            append(&mut self.unsynced, Kind::Lost, &lost);
            self.since_ns.get_or_insert(now_ns);
        }
    }

    /// Number of the session.
    #[must_use]
    pub const fn session(&self) -> u64 {
        self.session
    }

    /// The segment that what is appended now will lie in, or a later one.
    #[must_use]
    pub fn current_segment(&self) -> u64 {
        match (&self.open, self.segments.back()) {
            (Some(_), Some(last)) => last.number,
            _ => self.next_segment,
        }
    }

    /// The earliest segment of this session that can hold records from `from_ns` on.
    #[must_use]
    pub fn segment_at(&self, from_ns: i64) -> u64 {
        self.segments
            .iter()
            .rev()
            .take_while(|s| s.session == Some(self.session))
            .find(|s| s.opened_ns <= from_ns)
            .or_else(|| {
                self.segments
                    .iter()
                    .find(|s| s.session == Some(self.session))
            })
            .map_or_else(|| self.current_segment(), |s| s.number)
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Bytes of all segments.
    #[must_use]
    pub const fn log_bytes(&self) -> u64 {
        self.bytes
    }

    /// Segments on disk.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Bytes not yet proven.
    #[must_use]
    pub fn unsynced_bytes(&self) -> usize {
        self.unsynced.len()
    }

    /// Records given up so far.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Why the disk refuses, if it does.
    #[must_use]
    pub const fn refusing(&self) -> Option<&Reason> {
        self.refusing.as_ref()
    }

    /// Whether the oldest unproven byte is `age_ns` old.
    #[must_use]
    pub fn is_due(&self, now_ns: i64, age_ns: i64) -> bool {
        match self.retry_at_ns {
            Some(at) => now_ns >= at,
            None => self
                .since_ns
                .is_some_and(|since| now_ns.saturating_sub(since) >= age_ns),
        }
    }

    /// Makes a table known; it is repeated at the head of each segment.
    pub fn channels(&mut self, table: ChannelTable, now_ns: i64) {
        let same = |t: &ChannelTable| (t.node, t.group) == (table.node, table.group);
        self.append(Kind::Channels, &table, now_ns);
        match self.tables.iter_mut().find(|t| same(t)) {
            Some(known) => *known = table,
            None => self.tables.push(table),
        }
    }

    /// Makes the columns of the estimates known.
    pub fn estimates(&mut self, table: EstimateTable, now_ns: i64) {
        self.append(Kind::Estimates, &table, now_ns);
        self.estimates = table;
    }

    /// Remembers the open shot and the next number for the heads of segments.
    pub fn shot(&mut self, shot: Option<ShotBegin>, next_shot: u64) {
        self.shot = shot;
        self.next_shot = next_shot;
    }

    /// Appends a record.
    pub fn append<T: Serialize>(&mut self, kind: Kind, content: &T, now_ns: i64) {
        if self.has_room(kind, now_ns) {
            let kept = append(&mut self.unsynced, kind, content);
            self.appended(kept, now_ns);
        }
    }

    /// Appends a record whose payload is made already.
    pub fn append_payload(&mut self, kind: Kind, payload: &[u8], now_ns: i64) {
        if self.has_room(kind, now_ns) {
            let kept = frame::write(&mut self.unsynced, kind as u8, |out| {
                out.extend_from_slice(payload);
            });
            self.appended(kept, now_ns);
        }
    }

    /// Beyond the limits raw codes and estimates are dropped, and counted; twice beyond, all is.
    fn has_room(&mut self, kind: Kind, now_ns: i64) -> bool {
        if Kind::is_bulk(kind as u8) {
            let over_log = self.bytes + self.unsynced.len() as u64 > self.limits.log_bytes;
            if over_log || self.unsynced.len() >= self.limits.unsynced_bytes {
                let reason = match &self.refusing {
                    Some(reason) => reason.clone(),
                    None if over_log => Reason::LogFull,
                    None => Reason::TooSlow,
                };
                self.drop_bulk(kind, 1, &reason, now_ns);
                return false;
            }
        } else if self.unsynced.len() >= self.limits.unsynced_bytes * 2 {
            self.dropped.others += 1;
            return false;
        }
        self.settle_loss(now_ns);
        true
    }

    fn appended(&mut self, kept: bool, now_ns: i64) {
        self.dropped.others += u64::from(!kept);
        self.since_ns.get_or_insert(now_ns);
        if self.unsynced.len() - self.written >= WRITE_AHEAD && self.retry_at_ns.is_none() {
            let _ = self.write(now_ns);
        }
    }

    /// Counts what was given up before it came here.
    pub fn lost_before(&mut self, more: Dropped, now_ns: i64) {
        self.drop_bulk(Kind::Block, more.blocks, &Reason::TooSlow, now_ns);
        self.drop_bulk(Kind::Estimate, more.estimates, &Reason::TooSlow, now_ns);
        self.dropped.others += more.others;
    }

    fn drop_bulk(&mut self, kind: Kind, count: u64, reason: &Reason, now_ns: i64) {
        if count == 0 {
            return;
        }
        if self.lost.blocks + self.lost.estimates == 0 {
            self.lost.from_ns = now_ns;
            self.lost.reason = reason.to_string();
        }
        self.lost.to_ns = now_ns;
        if kind == Kind::Block {
            self.lost.blocks += count;
            self.dropped.blocks += count;
        } else {
            self.lost.estimates += count;
            self.dropped.estimates += count;
        }
    }

    /// Hands everything to the operating system, into a new segment where one is needed.
    fn write(&mut self, now_ns: i64) -> bool {
        let full = self
            .segments
            .back()
            .is_some_and(|s| self.open.is_some() && s.len >= self.limits.segment_bytes);
        // A full segment is left only when all of it is proven: then nothing has to be moved.
        let leave = full && self.written == 0;
        let result = if self.open.is_none() || leave {
            self.open_segment(now_ns)
        } else {
            Ok(())
        }
        .and_then(|()| {
            let open = self.open.as_mut().expect("opened above");
            open.file.append(&self.unsynced[self.written..])
        });
        match result {
            Ok(()) => {
                let more = (self.unsynced.len() - self.written) as u64;
                self.written = self.unsynced.len();
                self.grown(more);
                true
            }
            Err(error) => {
                self.refuse(&error, now_ns);
                false
            }
        }
    }

    fn open_segment(&mut self, now_ns: i64) -> io::Result<()> {
        self.open = None;
        self.layer.create_dir_all(&self.dir)?;
        let number = self.next_segment;
        // The number is used up even if this fails: a file of that name may be left behind.
        self.next_segment += 1;
        let head = Head {
            number,
            session: self.session,
            opened_ns: now_ns,
            next_shot: self.next_shot,
        };
        let mut bytes = head.to_bytes().to_vec();
        for table in &self.tables {
            append(&mut bytes, Kind::Channels, table);
        }
        append(&mut bytes, Kind::Estimates, &self.estimates);
        if let Some(shot) = &self.shot {
            append(&mut bytes, Kind::Begin, shot);
        }
        // At the head, so that it lies among the records of the shots it concerns.
        if self.owes_a_loss() {
            append(&mut bytes, Kind::Lost, &self.lost);
        }
        self.told = self.lost.clone();
        let file = self.layer.create(&segment::path(&self.dir, number))?;
        self.segments.push_back(SegmentInfo {
            number,
            session: Some(self.session),
            opened_ns: now_ns,
            len: 0,
        });
        let open = self.open.insert(Open { file, fresh: true });
        open.file.append(&bytes)?;
        self.grown(bytes.len() as u64);
        Ok(())
    }

    fn grown(&mut self, more: u64) {
        self.bytes += more;
        if let Some(last) = self.segments.back_mut() {
            last.len += more;
        }
    }

    /// Proves everything appended so far. False when the disk refuses; it is tried again.
    pub fn sync(&mut self, now_ns: i64) -> bool {
        if self.retry_at_ns.is_some_and(|at| now_ns < at) {
            return false;
        }
        if self.unsynced.is_empty() && self.refusing.is_none() {
            return true;
        }
        if !self.write(now_ns) {
            return false;
        }
        let proven = match &mut self.open {
            Some(open) => open.file.sync().and_then(|()| {
                if open.fresh {
                    self.layer.sync_dir(&self.dir)?;
                    open.fresh = false;
                }
                Ok(())
            }),
            None => Ok(()),
        };
        match proven {
            Ok(()) => {
                self.unsynced.clear();
                self.written = 0;
                self.since_ns = None;
                self.retry_at_ns = None;
                self.refusing = None;
                self.lost.blocks -= self.told.blocks;
                self.lost.estimates -= self.told.estimates;
                self.told = Lost::default();
                true
            }
            Err(error) => {
                self.refuse(&error, now_ns);
                false
            }
        }
    }

    /// The disk refused: everything unproven goes into a new segment, later.
    fn refuse(&mut self, error: &io::Error, now_ns: i64) {
        let reason = Reason::of(error);
        if self.open.take().is_some_and(|open| open.fresh) {
            // Nothing in it is proven, all of it is still in memory: leave no debris on a full disk.
            if let Some(last) = self.segments.pop_back() {
                self.bytes -= last.len;
                let _ = self.layer.remove(&segment::path(&self.dir, last.number));
            }
        }
        self.written = 0;
        self.retry_at_ns = Some(now_ns.saturating_add(self.limits.retry_ns));
        if self.unsynced.len() >= self.limits.unsynced_bytes {
            self.keep_small(&reason, now_ns);
        }
        self.refusing = Some(reason);
    }

    /// Drops raw codes and estimates from memory; events and shots stay.
    fn keep_small(&mut self, reason: &Reason, now_ns: i64) {
        let all = std::mem::take(&mut self.unsynced);
        let (mut blocks, mut estimates) = (0, 0);
        for found in Walk::from(&all, 0) {
            let Found::Record { kind, payload } = found else {
                continue;
            };
            if kind == Kind::Block as u8 {
                blocks += 1;
            } else if kind == Kind::Estimate as u8 {
                estimates += 1;
            } else {
                frame::write(&mut self.unsynced, kind, |out| {
                    out.extend_from_slice(payload)
                });
            }
        }
        self.drop_bulk(Kind::Block, blocks, reason, now_ns);
        self.drop_bulk(Kind::Estimate, estimates, reason, now_ns);
    }

    /// Removes segments nobody needs: all below `needed`, but never the last one.
    pub fn retire(&mut self, needed: u64) {
        while self.segments.len() > 1 {
            let Some(first) = self.segments.front().filter(|s| s.number < needed) else {
                return;
            };
            let file = segment::path(&self.dir, first.number);
            match self.layer.remove(&file) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // Tried again at the next turn; meanwhile it only takes room.
                Err(_) => return,
            }
            self.bytes -= first.len;
            self.segments.pop_front();
        }
    }
}

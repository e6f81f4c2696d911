//! The front: what happens goes into the log, in order, and is proven in time.
//!
//! Nothing here can fail towards the caller. What the disk refuses shows in [`Health`], raw codes
//! are dropped before anything else, and it all starts again when the disk does. The owner passes
//! the time in and calls [`Front::tick`] every few milliseconds, from a thread that may wait for a
//! disk; never from the tick thread.

use crate::health::{Health, Reason, RecordingState};
use crate::log::record::{
    ChannelTable, ContextNote, EstimateTable, Event, Kind, ShotBegin, ShotContext,
};
use crate::log::recover::{LoggedShot, Recovered};
use crate::log::writer::{Dropped, Limits, LogWriter};
use crate::settings::Settings;
use crate::storage::FileLayer;
use crate::wall::WallTime;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

mod ending;
use ending::{Over, Settling};

/// A jump of the time of day beyond this is recorded; a clock that is being slewed stays below.
const STEP_MS: i64 = 2_000;
/// How long a loss shows.
const LOSS_SHOWS_NS: i64 = 10_000_000_000;
/// Events kept in memory while the book refuses.
const MOST_EVENTS: usize = 10_000;

/// Something the archive has to make durable; the log is kept until it says [`Done`].
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A shot that ended or was interrupted, whole in the log.
    Shot(LoggedShot),
    /// Events, whole in the log.
    Events(Vec<Event>),
}

/// What the archive made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A shot.
    Shot(u64),
    /// Events up to this session and number.
    Events(u64, u64),
}

/// What the book knows about earlier starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Highest shot number it holds.
    pub shot: u64,
    /// Highest session it holds.
    pub session: u64,
    /// Its latest time of day.
    pub wall: Option<WallTime>,
    /// Which of the shots in the log it holds.
    pub stored: Vec<u64>,
}

#[derive(Clone, Debug)]
struct OpenShot {
    begin: ShotBegin,
    first_segment: u64,
}

/// Appends to the log and hands out what the archive has to do.
#[derive(Debug)]
pub struct Front {
    log: LogWriter,
    /// Box time of the last turn: what the log's own deadlines count by. What callers say is when
    /// something happened, which may be earlier.
    now_ns: i64,
    sync_ns: i64,
    pre_trigger_ns: i64,
    longest_ns: i64,
    next_shot: u64,
    next_event: u64,
    shot: Option<OpenShot>,
    /// The last moment both clocks were read, in this session.
    clocks: Option<(i64, WallTime)>,
    /// Time of day before this session.
    before: Option<WallTime>,
    clock_step_ms: Option<i64>,
    /// Over, their results not yet here.
    over: Vec<Over>,
    /// Ended and in the log; more about them may follow.
    settling: Vec<Settling>,
    /// Ended, not yet proven.
    ended: Vec<LoggedShot>,
    last_finished: Option<u64>,
    ready: VecDeque<LoggedShot>,
    /// Shots still needed from the log, with the first segment of each.
    needed: BTreeMap<u64, u64>,
    /// Events appended, not yet proven.
    events: Vec<Event>,
    ready_events: Vec<Event>,
    /// Events still needed from the log: (session, number) to segment.
    needed_events: BTreeMap<(u64, u64), u64>,
    refused_since: Option<i64>,
    dropped_before: Dropped,
    /// First and last moment of the present loss.
    losing: Option<(i64, i64, Reason)>,
}

impl Front {
    /// Goes on after what was found in the log and in the book.
    pub fn new(
        layer: Arc<dyn FileLayer>,
        settings: &Settings,
        recovered: Recovered,
        before: &Before,
    ) -> Self {
        let session = recovered.highest_session.max(before.session) + 1;
        let next_shot = recovered.highest_shot.max(before.shot) + 1;
        let mut log = LogWriter::new(
            layer,
            settings.log_dir(),
            Limits {
                segment_bytes: settings.segment_bytes,
                unsynced_bytes: settings.unsynced_bytes,
                log_bytes: settings.log_bytes,
                retry_ns: ns(settings.retry_every),
            },
            session,
            recovered.segments,
        );
        log.shot(None, next_shot);
        let ready: VecDeque<LoggedShot> = recovered
            .shots
            .into_values()
            .filter(|shot| !before.stored.contains(&shot.number))
            .collect();
        let needed_events = recovered
            .events
            .iter()
            .map(|(segment, event)| ((event.session, event.id), *segment))
            .collect();
        Self {
            log,
            now_ns: 0,
            sync_ns: ns(settings.sync_every),
            pre_trigger_ns: ns(settings.pre_trigger),
            longest_ns: ns(settings.longest_shot),
            next_shot,
            next_event: 1,
            shot: None,
            clocks: None,
            before: recovered.last_wall.max(before.wall),
            clock_step_ms: None,
            over: Vec::new(),
            settling: Vec::new(),
            ended: Vec::new(),
            last_finished: None,
            needed: ready.iter().map(|s| (s.number, s.first_segment)).collect(),
            ready,
            events: Vec::new(),
            ready_events: recovered.events.into_iter().map(|(_, e)| e).collect(),
            needed_events,
            refused_since: None,
            dropped_before: Dropped::default(),
            losing: None,
        }
    }

    /// The session: counts the recorder's starts.
    #[must_use]
    pub const fn session(&self) -> u64 {
        self.log.session()
    }

    /// The number the next shot gets, at least.
    #[must_use]
    pub const fn next_shot(&self) -> u64 {
        self.next_shot
    }

    /// Makes known what the codes of a group mean. Before its first block, and again after a change.
    pub fn channels(&mut self, table: ChannelTable) {
        self.log.channels(table, self.now_ns);
    }

    /// Makes the columns of the estimates known.
    pub fn estimate_columns(&mut self, table: EstimateTable) {
        self.log.estimates(table, self.now_ns);
    }

    /// Raw codes as they came, a [`crate::RawBlock`] in postcard.
    pub fn block(&mut self, payload: &[u8]) {
        self.log.append_payload(Kind::Block, payload, self.now_ns);
    }

    /// One result of the estimator, a [`crate::EstimateRow`] in postcard. Ignored while no shot is
    /// open.
    pub fn estimate(&mut self, payload: &[u8]) {
        if self.shot.is_some() {
            self.log
                .append_payload(Kind::Estimate, payload, self.now_ns);
        }
    }

    /// Something happened.
    pub fn event(&mut self, kind: &str, source: &str, text: &str, wall: WallTime, at_ns: i64) {
        if self.needed_events.len() >= MOST_EVENTS {
            self.lost(Dropped {
                others: 1,
                ..Dropped::default()
            });
            return;
        }
        let event = Event {
            session: self.session(),
            id: self.next_event,
            shot: self.open_shot(),
            at_ns,
            wall,
            kind: kind.to_owned(),
            source: source.to_owned(),
            text: text.to_owned(),
        };
        self.next_event += 1;
        self.log.append(Kind::Event, &event, self.now_ns);
        self.needed_events
            .insert((event.session, event.id), self.log.current_segment());
        self.events.push(event);
    }

    /// A shot begins; one that is open is closed as interrupted. A number given already is refused
    /// and the next free one taken.
    pub fn begin_shot(&mut self, number: u64, context: ShotContext, wall: WallTime, at_ns: i64) {
        self.interrupt("the next shot began", wall, at_ns);
        let number = number.max(self.next_shot);
        self.next_shot = number + 1;
        let from_ns = at_ns.saturating_sub(self.pre_trigger_ns);
        let begin = ShotBegin {
            number,
            at_ns,
            from_ns,
            wall,
            clock_step_ms: self.clock_step(wall, at_ns),
            context,
        };
        let first_segment = self.log.segment_at(from_ns);
        self.log.append(Kind::Begin, &begin, self.now_ns);
        self.log.shot(Some(begin.clone()), self.next_shot);
        self.needed.insert(number, first_segment);
        self.shot = Some(OpenShot {
            begin,
            first_segment,
        });
        // Others hear of the number, so it must not be given twice.
        self.sync();
    }

    /// More about a shot that is not settled, the open one when none is named: `mold`, `material`, `lot`, `recipe`, or
    /// any other key.
    pub fn context(&mut self, number: Option<u64>, key: &str, value: &str) {
        let number = number.or(self.open_shot());
        if let Some(number) = number.filter(|n| self.takes_notes(*n)) {
            let note = ContextNote {
                number,
                key: key.to_owned(),
                value: value.to_owned(),
            };
            self.log.append(Kind::Context, &note, self.now_ns);
        }
    }

    fn clock_step(&mut self, wall: WallTime, at_ns: i64) -> Option<i64> {
        let step = match (self.clocks, self.before) {
            (Some((at, was)), _) => (wall.ms() - was.ms()) - (at_ns - at) / 1_000_000,
            // Time passed while the box was off, so only a step back can be told.
            (None, Some(was)) => (wall.ms() - was.ms()).min(0),
            (None, None) => 0,
        };
        self.clocks = Some((at_ns, wall));
        let step = (step.abs() > STEP_MS).then_some(step);
        self.clock_step_ms = step.or(self.clock_step_ms);
        step
    }

    /// The number of the open shot.
    #[must_use]
    pub fn open_shot(&self) -> Option<u64> {
        self.shot.as_ref().map(|s| s.begin.number)
    }

    /// Counts what was given up before it came here.
    pub fn lost(&mut self, more: Dropped) {
        self.log.lost_before(more, self.now_ns);
    }

    /// Does what is due: sync, retry, closing a shot that never ends, removing old segments.
    pub fn tick(&mut self, wall: WallTime, now_ns: i64) {
        self.now_ns = now_ns;
        if let Some(open) = &self.shot
            && now_ns.saturating_sub(open.begin.at_ns) > self.longest_ns
        {
            self.interrupt("it took longer than a shot may", wall, now_ns);
        }
        self.end_waits();
        self.log.settle_loss(now_ns);
        if self.log.is_due(now_ns, self.sync_ns) {
            self.sync();
        }
        self.watch();
        self.retire();
    }

    /// Proves everything now, for example before the program ends.
    pub fn sync(&mut self) -> bool {
        let proven = self.log.sync(self.now_ns);
        if proven {
            let last = self.log.current_segment();
            let settling = self.settling.iter().map(|s| s.shot.number).max();
            self.last_finished = self.last_finished.max(settling);
            for mut shot in self.ended.drain(..) {
                // Written again after a failure, its end may lie in a later segment.
                shot.last_segment = last;
                self.last_finished = self.last_finished.max(Some(shot.number));
                self.ready.push_back(shot);
            }
            self.ready_events.append(&mut self.events);
        }
        self.watch();
        proven
    }

    fn watch(&mut self) {
        let now_ns = self.now_ns;
        self.refused_since = match (self.log.refusing(), self.refused_since) {
            (None, _) => None,
            (Some(_), since) => since.or(Some(now_ns)),
        };
        let dropped = self.log.dropped();
        if dropped != self.dropped_before {
            let reason = match self.log.refusing() {
                Some(reason) => reason.clone(),
                None if self.log.log_bytes() > self.log.limits().log_bytes / 2 => Reason::LogFull,
                None => Reason::TooSlow,
            };
            let since = self.losing.take().map_or(now_ns, |(since, ..)| since);
            self.losing = Some((since, now_ns, reason));
            self.dropped_before = dropped;
        }
        let over = |last: i64| now_ns.saturating_sub(last) > LOSS_SHOWS_NS;
        if self.losing.as_ref().is_some_and(|(_, last, _)| over(*last)) {
            self.losing = None;
        }
    }

    fn retire(&mut self) {
        let young = self
            .log
            .segment_at(self.now_ns.saturating_sub(self.pre_trigger_ns));
        let shots = self.needed.values().min().copied();
        let events = self.needed_events.values().min().copied();
        let needed = [Some(young), shots, events].into_iter().flatten().min();
        self.log.retire(needed.unwrap_or(young));
    }

    /// The next thing for the archive: events first, then shots in order.
    pub fn work(&mut self) -> Option<Work> {
        if !self.ready_events.is_empty() {
            return Some(Work::Events(std::mem::take(&mut self.ready_events)));
        }
        self.ready.pop_front().map(Work::Shot)
    }

    /// Durable in the archive: the log may forget it.
    pub fn done(&mut self, done: Done) {
        match done {
            Done::Shot(number) => {
                self.needed.remove(&number);
            }
            Done::Events(session, id) => {
                self.needed_events.retain(|&key, _| key > (session, id));
            }
        }
    }

    /// How recording is going; what the archive knows is added by its owner.
    #[must_use]
    pub fn health(&self) -> Health {
        let state = match (&self.losing, self.log.refusing(), self.refused_since) {
            (Some((since, _, reason)), ..) => RecordingState::Losing {
                reason: reason.clone(),
                since_ns: *since,
            },
            (None, Some(reason), Some(since_ns)) => RecordingState::Delayed {
                reason: reason.clone(),
                since_ns,
            },
            _ => RecordingState::Recording,
        };
        Health {
            state,
            dropped: self.log.dropped(),
            unsynced_bytes: self.log.unsynced_bytes(),
            log_bytes: self.log.log_bytes(),
            segments: self.log.segments(),
            waiting_shots: self.needed.len() - usize::from(self.shot.is_some()),
            open_shot: self.open_shot(),
            last_finished: self.last_finished,
            clock_step_ms: self.clock_step_ms,
            free_bytes: None,
        }
    }
}

fn ns(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

//! The tick: rows of the nodes in, estimates out, everything recorded on the way.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use appliance_acquire::calibration::Calibration;
use appliance_acquire::merge::Merge;
use appliance_acquire::{BoxTime, Counts, SourceId};
use appliance_pipeline::deviation::Verdict;
use appliance_pipeline::estimator::{Estimator, Happened, Tuning};
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::sample::{MOST_SENSORS, Sample};
use appliance_pipeline::shot::ShotRecord;
use appliance_pipeline::transfer::Moment;
use appliance_recorder::{EstimateRow, Handle, ShotContext, ShotSummary};
use firmware_wire::PartVerdict;

use crate::config::NodeConfig;
use crate::output::Output;
use crate::press::{Injecting, Key};
use crate::quality::REASON;
use crate::realtime::{Granted, thread_seconds};
use crate::router::Router;
use crate::shared::{NodeNow, Shared, TickTimes};
use crate::transfer::{self, Said, Transfer};

mod sink;

/// Estimates kept a second.
const KEEP_HZ: f64 = 100.0;
/// Publications a second.
const PUBLISH_HZ: f64 = 60.0;
/// Beginnings and ends of shots that wait for room in the queue.
const MOST_UNTOLD: usize = 16;

/// From the tick to the shot path.
#[derive(Debug)]
pub enum Told {
    /// A shot began.
    Began {
        /// Number.
        number: u64,
    },
    /// A shot is over.
    Ended {
        /// Number.
        number: u64,
        /// What it left.
        record: Box<ShotRecord>,
    },
    /// A node said something an operator should read: its port and a sentence.
    Event(String, String),
    /// What became of a transfer on a node's wire: its port and a sentence.
    Steered(String, String),
}

/// From the shot path to the tick.
#[derive(Debug)]
pub enum Answered {
    /// What a shot came to, to be written down.
    Done {
        /// The shot.
        shot: u64,
        /// What it came to.
        summary: Box<ShotSummary>,
        /// Notes follow until [`Answered::Settled`].
        more: bool,
    },
    /// More about a shot: key and text.
    Note(u64, &'static str, String),
    /// Nothing more is said about a shot.
    Settled(u64),
    /// A record nobody needs any more, for a shot to come.
    Spare(Box<ShotRecord>),
    /// What the sorting lines are told about a shot, and the reason as it is kept.
    Sorted {
        /// The shot.
        shot: u64,
        /// What the lines show.
        verdict: PartVerdict,
        /// Why, as JSON.
        reason: String,
    },
    /// Models for the next shot.
    Tuning(Box<Tuning>),
    /// Context of the next shots.
    Context(Box<ShotContext>),
}

struct Node {
    config: NodeConfig,
    calibration: Option<Calibration>,
    router: Router,
    now: NodeNow,
    tick_hz: u32,
    /// First placed block of this run: tick and box time, ns.
    anchor: Option<(u64, i64)>,
    /// Values of each channel at the last account.
    counted: Vec<u64>,
}

/// The sink of the acquisition.
pub struct Line {
    start: Instant,
    nodes: Vec<Node>,
    sensors: Vec<String>,
    screw_area_m2: f64,
    merge: Merge,
    sample: Sample,
    estimator: Estimator,
    handle: Handle,
    shared: Arc<Shared>,
    to_shots: SyncSender<Told>,
    from_shots: Receiver<Answered>,
    spare: Vec<Box<ShotRecord>>,
    waiting: Option<Box<Tuning>>,
    context: Box<ShotContext>,
    number: u64,
    /// What the shot path has yet to be told: a queue that is full must cost no shot.
    untold: VecDeque<Told>,
    granted: Granted,
    times: TickTimes,
    kept_s: f64,
    published_s: f64,
    scratch: [[f32; MOST_SENSORS]; 4],
    output: Option<Output>,
    transfer: Option<Transfer>,
    key: Arc<Key>,
    injecting: Arc<Injecting>,
}

/// What a line is made of.
pub struct Parts {
    /// Instant box time counts from.
    pub start: Instant,
    /// Nodes with their calibrations.
    pub nodes: Vec<(NodeConfig, Option<Calibration>)>,
    /// Sensors of the mold.
    pub sensors: Vec<String>,
    /// Screw area, m2.
    pub screw_area_m2: f64,
    /// The estimator.
    pub estimator: Estimator,
    /// The recorder's handle.
    pub handle: Handle,
    /// Where estimates are published.
    pub shared: Arc<Shared>,
    /// To the shot path.
    pub to_shots: SyncSender<Told>,
    /// From it.
    pub from_shots: Receiver<Answered>,
    /// Mold and material of the first shots.
    pub context: ShotContext,
    /// What the system granted.
    pub granted: Granted,
    /// The key at the press.
    pub key: Arc<Key>,
    /// The shot that injects.
    pub injecting: Arc<Injecting>,
}

impl Line {
    /// Puts the parts together; `output` are the sorting lines and `transfer` the transfer wire, if a node has them.
    pub fn new(parts: Parts, output: Option<Output>, transfer: Option<Transfer>) -> Self {
        let merge = Merge::new(parts.nodes.len(), Duration::from_millis(200), 4096);
        let node = |(config, calibration)| Node {
            config,
            calibration,
            router: Router::default(),
            tick_hz: 0,
            anchor: None,
            counted: Vec::new(),
            now: NodeNow::default(),
        };
        Self {
            start: parts.start,
            nodes: parts.nodes.into_iter().map(node).collect(),
            sensors: parts.sensors,
            screw_area_m2: parts.screw_area_m2,
            merge,
            sample: Sample::at(f64::NAN),
            estimator: parts.estimator,
            handle: parts.handle,
            shared: parts.shared,
            to_shots: parts.to_shots,
            from_shots: parts.from_shots,
            spare: vec![Box::new(ShotRecord::new()), Box::new(ShotRecord::new())],
            waiting: None,
            context: Box::new(parts.context),
            number: 0,
            untold: VecDeque::with_capacity(MOST_UNTOLD),
            granted: parts.granted,
            times: TickTimes::default(),
            kept_s: f64::NEG_INFINITY,
            published_s: f64::NEG_INFINITY,
            scratch: [[0.0; MOST_SENSORS]; 4],
            output,
            transfer,
            key: parts.key,
            injecting: parts.injecting,
        }
    }

    /// Samples whose turn has come.
    fn ticks(&mut self) {
        let now = BoxTime::since(self.start);
        while let Some(row) = self.merge.pop(now) {
            let before = thread_seconds();
            let Some(node) = self.nodes.get_mut(row.source.0) else {
                continue;
            };
            node.router.read(
                row.group,
                &row.codes[..usize::from(row.channels)],
                self.estimator.idle(),
                &mut self.sample,
            );
            if let Some(on) = node.router.key {
                self.key.turn(on);
            }
            self.sample.time_s = row.at.ns() as f64 * 1e-9;
            let happened = self.estimator.step(&self.sample);
            if let Some(transfer) = &mut self.transfer
                && transfer.source() == row.source.0
                && transfer.follows(row.group)
            {
                let e = self.estimator.estimate();
                let at = |values: &[f64]| transfer.place().map_or(f64::NAN, |i| values[i]);
                transfer.see(Moment {
                    time_s: self.sample.time_s,
                    phase: e.phase,
                    screw_m3: self.sample.screw_m3,
                    pressure_pa: [at(&e.value), at(&e.sd)],
                });
            }
            self.react(happened, row.at.ns());
            self.keep(row.at.ns());
            self.times.add(thread_seconds() - before);
        }
        self.publish();
    }

    fn react(&mut self, happened: Happened, at_ns: i64) {
        match happened {
            Happened::Nothing => {}
            Happened::Began => self.began(at_ns),
            Happened::Ended => self.ended(),
            Happened::EndedAndBegan => {
                self.ended();
                self.began(at_ns);
            }
        }
    }

    fn began(&mut self, at_ns: i64) {
        let start_ns =
            (self.estimator.estimate().time_s - self.estimator.estimate().shot_time_s) * 1e9;
        self.number = self
            .handle
            .shot_begin(&self.context, (start_ns as i64).min(at_ns));
        // The verdict on the part before ends here at the latest.
        if let Some(output) = &mut self.output {
            output.show(self.number, PartVerdict::Reject, Instant::now());
        }
        let number = self.number;
        self.injecting.began(number);
        self.tell(Told::Began { number });
        if let Some(said) = self.transfer.as_mut().and_then(Transfer::began) {
            self.say(said);
        }
    }

    fn ended(&mut self) {
        let empty = self.spare.pop().unwrap_or_default();
        let record = self.estimator.take(empty);
        self.handle
            .shot_over((self.estimator.estimate().time_s * 1e9) as i64);
        // The shot path judges it, however late; when it is dead, the recorder says that nobody judged it.
        let number = self.number;
        self.tell(Told::Ended { number, record });
    }

    /// Asks the node for what is wanted now, or takes it back.
    fn steer(&mut self, source: SourceId, last_tick: u64, trusted: bool) {
        let Some(transfer) = &mut self.transfer else {
            return;
        };
        if transfer.source() != source.0 {
            return;
        }
        transfer.heard(last_tick);
        let said = if trusted {
            transfer.tend(Instant::now())
        } else {
            transfer.doubt(Instant::now())
        };
        if let Some(said) = said {
            self.say(said);
        }
    }

    /// Tells what became of a transfer: on the page, in the record of the shot that runs, and in the log where it is news.
    fn say(&mut self, said: Said) {
        if !self.estimator.idle()
            && let Ok(note) = serde_json::to_string(&said.now)
        {
            self.handle.context_of(self.number, transfer::NOTE, &note);
        }
        if let Some(text) = said.text
            && let Some(transfer) = &self.transfer
            && let Some(node) = self.nodes.get(transfer.source())
        {
            let port = node.config.port.display().to_string();
            let at_ns = BoxTime::since(self.start).ns();
            self.handle.event(said.kind.word(), &port, &text, at_ns);
            let _ = self.to_shots.try_send(Told::Steered(port, text));
        }
        self.shared.tell(|p| p.transfer = Some(said.now));
    }

    /// Tells the shot path in order; what finds no room waits here.
    fn tell(&mut self, told: Told) {
        if self.untold.len() < MOST_UNTOLD {
            self.untold.push_back(told);
        }
        self.tell_again();
    }

    fn tell_again(&mut self) {
        while let Some(first) = self.untold.pop_front() {
            if let Err(TrySendError::Full(first)) = self.to_shots.try_send(first) {
                self.untold.push_front(first);
                break;
            }
        }
    }

    /// Notes the account of a line, about once a second: `seconds` after the last one.
    pub fn account(&mut self, source: SourceId, counts: Counts, seconds: f64) {
        let Some(node) = self.nodes.get_mut(source.0) else {
            return;
        };
        node.now.counts = counts;
        let channels = node.now.channels.iter_mut().zip(&node.router.routes);
        for ((now, route), counted) in channels.zip(&mut node.counted) {
            now.rate_hz = (route.count - *counted) as f64 / seconds;
            *counted = route.count;
        }
        // Also of a line on which nothing comes any more.
        let nodes = &self.nodes;
        self.shared.publish(|p| copy_all(&mut p.nodes, nodes));
    }

    /// Takes what the shot path has ready; called between batches of ticks.
    fn listen(&mut self) {
        if !self.untold.is_empty() {
            self.tell_again();
        }
        while let Ok(answer) = self.from_shots.try_recv() {
            match answer {
                Answered::Done {
                    shot,
                    summary,
                    more,
                } => self.handle.shot_result(shot, &summary, more),
                Answered::Note(shot, key, text) => self.handle.context_of(shot, key, &text),
                Answered::Settled(shot) => self.handle.shot_settled(shot),
                Answered::Spare(record) => self.spare.push(record),
                Answered::Sorted {
                    shot,
                    verdict,
                    reason,
                } => {
                    self.handle.context_of(shot, REASON, &reason);
                    // A verdict that comes when the next shot runs already is about no part that is still there.
                    if self.number == shot
                        && self.estimator.idle()
                        && let Some(output) = &mut self.output
                    {
                        output.show(shot, verdict, Instant::now());
                    }
                }
                Answered::Tuning(tuning) => self.waiting = Some(tuning),
                Answered::Context(context) => self.context = context,
            }
        }
        if let Some(output) = &mut self.output {
            output.tend(Instant::now());
        }
        if self.estimator.idle()
            && let Some(tuning) = self.waiting.take()
        {
            self.estimator.retune(tuning);
        }
    }

    /// Writes an estimate down, a hundred times a second while a shot runs.
    fn keep(&mut self, at_ns: i64) {
        let e = self.estimator.estimate();
        if e.phase == CyclePhase::Idle || e.time_s - self.kept_s < 1.0 / KEEP_HZ {
            return;
        }
        self.kept_s = e.time_s;
        let n = self.sensors.len();
        for i in 0..n {
            self.scratch[0][i] = e.value[i] as f32;
            self.scratch[1][i] = e.sd[i] as f32;
        }
        let used = &self.estimator.setup().used;
        let mut gated = 0;
        for (k, i) in used.iter().enumerate() {
            let seen = self.estimator.seen(*i);
            self.scratch[2][k] = seen.residual as f32;
            self.scratch[3][k] = seen.sd as f32;
            gated |= u32::from(seen.verdict == Verdict::Gated) << k;
        }
        self.handle.estimate(&EstimateRow {
            at_ns,
            phase: e.phase as u8,
            gated,
            values: &self.scratch[0][..n],
            sds: &self.scratch[1][..n],
            innovations: &self.scratch[2][..used.len()],
            innovation_sds: &self.scratch[3][..used.len()],
        });
    }

    fn publish(&mut self) {
        let e = *self.estimator.estimate();
        let due = e.time_s - self.published_s >= 1.0 / PUBLISH_HZ || self.published_s > e.time_s;
        let times = &self.times;
        let (estimator, number, granted, nodes) =
            (&self.estimator, self.number, self.granted, &self.nodes);
        let late = self.merge.late + self.merge.dropped;
        self.shared.publish(|p| {
            p.granted = granted;
            p.late = late;
            if due || p.nodes.len() != nodes.len() {
                (p.estimate, p.record_shot) = (e, number);
                p.times.clone_from(times);
                estimator.field(&mut p.field);
                copy_all(&mut p.nodes, nodes);
            }
        });
        if due {
            self.published_s = e.time_s;
        }
    }
}

fn copy_all(to: &mut Vec<NodeNow>, from: &[Node]) {
    to.resize(from.len(), NodeNow::default());
    for (to, from) in to.iter_mut().zip(from) {
        copy(to, from);
    }
}

/// Copies what changes; names only when the table did.
fn copy(to: &mut NodeNow, from: &Node) {
    if to.id != from.now.id || to.channels.len() != from.router.routes.len() {
        *to = from.now.clone();
    }
    (to.connected, to.counts, to.clock) = (from.now.connected, from.now.counts, from.now.clock);
    for ((to, route), now) in to
        .channels
        .iter_mut()
        .zip(&from.router.routes)
        .zip(&from.now.channels)
    {
        (to.last, to.noise, to.rate_hz) = (route.last, route.noise.sd(), now.rate_hz);
        if to.faults != now.faults {
            to.faults.clone_from(&now.faults);
        }
    }
}

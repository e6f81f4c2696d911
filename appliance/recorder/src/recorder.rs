//! The recorder's two threads: one feeds the log, the other the archive.
//!
//! ```text
//! tick thread --Handle--> ring --> front thread --> log (synced every half second)
//! other threads -Events-> queue --'    |  ^
//!                                 work v  | done
//!                               archive thread --> Parquet files, book
//! ```

use crate::archive::Archive;
use crate::book::Book;
use crate::error::RecorderError;
use crate::front::{Before, Done, Front, Work};
use crate::handle::{Begin, End, Handle, Happened, Messages, Refused, pair};
use crate::health::{Health, Reason, RecordingState};
use crate::log::record::Kind;
use crate::log::recover::{RecoveryReport, recover};
use crate::log::writer::Dropped;
use crate::settings::Settings;
use crate::storage::{Disk, FileLayer};
use crate::wall::WallTime;
use std::fs::{File, TryLockError};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Pause of the front thread when there is nothing to do.
const REST: Duration = Duration::from_millis(5);
/// Events of other threads that may wait.
const WAITING_EVENTS: usize = 1000;
/// How long the disk's free space is believed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// An event on its way from a thread that is not the tick thread.
#[derive(Debug)]
struct Told {
    at_ns: i64,
    wall: WallTime,
    kind: String,
    source: String,
    text: String,
}

/// Tells the recorder what happened, from any thread, without waiting.
#[derive(Clone, Debug)]
pub struct Events {
    start: Instant,
    sender: SyncSender<Told>,
    refused: Arc<AtomicUsize>,
}

impl Events {
    /// Something happened now: a word for machines, who says so, a sentence for people.
    pub fn tell(&self, kind: &str, source: &str, text: &str) {
        let told = Told {
            at_ns: since(self.start),
            wall: WallTime::now(),
            kind: kind.to_owned(),
            source: source.to_owned(),
            text: text.to_owned(),
        };
        if self.sender.try_send(told).is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What both threads know of each other.
#[derive(Debug, Default)]
struct Shared {
    health: Mutex<Health>,
    archive: Mutex<ArchiveState>,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct ArchiveState {
    refused: Option<(Reason, i64)>,
    free_bytes: Option<u64>,
}

/// The recorder at work. Dropping it closes an open shot, syncs, and waits for its threads.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    events: Events,
    book: Book,
    report: RecoveryReport,
    threads: Vec<JoinHandle<()>>,
    /// Keeps a second recorder out of the folder; released by the operating system at any end.
    lock: Option<File>,
}

impl Recorder {
    /// Finds what an earlier run left, goes on after it and starts recording. `start` is when box
    /// time began. A disk that refuses is no error here: it shows in [`Recorder::health`].
    ///
    /// # Errors
    /// When another recorder works in the folder, or the operating system gives no threads.
    pub fn open(settings: Settings, start: Instant) -> Result<(Self, Handle), RecorderError> {
        let _ = Disk.create_dir_all(&settings.folder);
        let lock = File::create(settings.folder.join("in-use")).ok();
        if let Some(Err(TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
            return Err(RecorderError::InUse(settings.folder));
        }
        let (mut recorder, handle) = Self::open_on(Arc::new(Disk), settings, start)?;
        recorder.lock = lock;
        Ok((recorder, handle))
    }

    /// The same on another file layer.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn open_on(
        layer: Arc<dyn FileLayer>,
        settings: Settings,
        start: Instant,
    ) -> Result<(Self, Handle), RecorderError> {
        // A disk that refuses this refuses the rest too, and the front says so.
        let _ = layer.create_dir_all(&settings.folder);
        let book = Book::on(Arc::clone(&layer), &settings);
        let (front, report) = resume(&layer, &settings, &book);
        let (handle, messages, refused) = pair(settings.queue_bytes, front.next_shot());
        let (events_in, events_out) = mpsc::sync_channel(WAITING_EVENTS);
        let events = Events {
            start,
            sender: events_in,
            refused: Arc::default(),
        };
        let shared = Arc::new(Shared {
            health: Mutex::new(front.health()),
            ..Shared::default()
        });
        let (work_in, work_out) = mpsc::channel();
        let (done_in, done_out) = mpsc::channel();
        let archive = ArchiveThread {
            archive: Archive::sharing(book.clone(), layer, &settings),
            shared: Arc::clone(&shared),
            start,
            retry: settings.retry_every,
            work: work_out,
            done: done_in,
        };
        let feeder = FrontThread {
            front,
            messages,
            refused,
            events: events_out,
            refused_events: Arc::clone(&events.refused),
            shared: Arc::clone(&shared),
            start,
            work: work_in,
            done: done_out,
        };
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.into())
                .spawn(body)
                .map_err(RecorderError::Thread)
        };
        let mut recorder = Self {
            shared,
            events,
            book,
            report,
            threads: Vec::new(),
            lock: None,
        };
        // In this order: a recorder that is dropped half-started stops what runs already.
        recorder
            .threads
            .push(spawn("archive", Box::new(move || archive.run()))?);
        recorder
            .threads
            .push(spawn("recorder", Box::new(move || feeder.run()))?);
        Ok((recorder, handle))
    }

    /// How recording is going. At most a few milliseconds old.
    #[must_use]
    pub fn health(&self) -> Health {
        lock(&self.shared.health).clone()
    }

    /// What the start found in the log.
    #[must_use]
    pub const fn recovery(&self) -> &RecoveryReport {
        &self.report
    }

    /// The book, for queries and for what people write.
    #[must_use]
    pub fn book(&self) -> Book {
        self.book.clone()
    }

    /// A way to tell events, for threads that do not own the [`Handle`].
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// Closes an open shot as interrupted, makes everything durable, and ends.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..).rev() {
            // A thread that panicked has said so; there is nothing left to close.
            let _ = thread.join();
        }
    }
}

/// Reads log and book, and puts the front after them.
#[must_use]
pub fn resume(
    layer: &Arc<dyn FileLayer>,
    settings: &Settings,
    book: &Book,
) -> (Front, RecoveryReport) {
    let mut recovered = recover(layer.as_ref(), &settings.log_dir());
    // Without the book the log alone knows the numbers; the archive then stores nothing twice.
    let before = book
        .before(recovered.shots.values())
        .unwrap_or_else(|_| Before::default());
    let report = std::mem::take(&mut recovered.report);
    let front = Front::new(Arc::clone(layer), settings, recovered, &before);
    (front, report)
}

struct FrontThread {
    front: Front,
    messages: Messages,
    refused: Arc<Refused>,
    events: Receiver<Told>,
    refused_events: Arc<AtomicUsize>,
    shared: Arc<Shared>,
    start: Instant,
    work: Sender<Work>,
    done: Receiver<Done>,
}

impl FrontThread {
    fn run(mut self) {
        self.front.tick(WallTime::now(), since(self.start));
        loop {
            // Read before the queues are: what was sent before the stop is taken.
            let stop = self.shared.stop.load(Ordering::Acquire);
            self.turn();
            if stop {
                break;
            }
            thread::sleep(REST);
        }
        let now_ns = since(self.start);
        self.front
            .close_all("the box was shut down", WallTime::now(), now_ns);
        self.hand_out();
        // Hanging up ends the archive thread once it has done what it can.
        drop(self.work);
        while let Ok(done) = self.done.recv() {
            self.front.done(done);
        }
        self.front.tick(WallTime::now(), since(self.start));
    }

    fn turn(&mut self) {
        while let Some((kind, at_ns, payload)) = self.messages.next() {
            take(&mut self.front, kind, at_ns, payload);
        }
        while let Ok(told) = self.events.try_recv() {
            self.front
                .event(&told.kind, &told.source, &told.text, told.wall, told.at_ns);
        }
        while let Ok(done) = self.done.try_recv() {
            self.front.done(done);
        }
        let now_ns = since(self.start);
        let mut lost = self.refused.take();
        lost.others += self.refused_events.swap(0, Ordering::Relaxed) as u64;
        if lost != Dropped::default() {
            self.front.lost(lost);
        }
        self.front.tick(WallTime::now(), now_ns);
        self.hand_out();
        self.publish();
    }

    fn hand_out(&mut self) {
        while let Some(work) = self.front.work() {
            // The archive only hangs up when it panicked; the log then keeps everything.
            if self.work.send(work).is_err() {
                break;
            }
        }
    }

    fn publish(&self) {
        let mut health = self.front.health();
        {
            let archive = lock(&self.shared.archive);
            health.free_bytes = archive.free_bytes;
            if let (RecordingState::Recording, Some((reason, since_ns))) =
                (&health.state, &archive.refused)
            {
                health.state = RecordingState::Delayed {
                    reason: reason.clone(),
                    since_ns: *since_ns,
                };
            }
        }
        *lock(&self.shared.health) = health;
    }
}

/// Gives a message of the ring to the front. What cannot be read was never sent by a [`Handle`].
fn take(front: &mut Front, kind: Kind, at_ns: i64, payload: &[u8]) {
    match kind {
        Kind::Block => front.block(payload),
        Kind::Estimate => front.estimate(payload),
        Kind::Channels => {
            if let Ok(table) = postcard::from_bytes(payload) {
                front.channels(table);
            }
        }
        Kind::Estimates => {
            if let Ok(table) = postcard::from_bytes(payload) {
                front.estimate_columns(table);
            }
        }
        Kind::Event => {
            if let Ok(Happened {
                wall,
                kind,
                source,
                text,
            }) = postcard::from_bytes(payload)
            {
                front.event(kind, source, text, wall, at_ns);
            }
        }
        Kind::Begin => {
            if let Ok(begin) = postcard::from_bytes::<Begin>(payload) {
                front.begin_shot(begin.number, begin.context, begin.wall, at_ns);
            }
        }
        Kind::Context => {
            if let Ok((number, key, value)) =
                postcard::from_bytes::<(Option<u64>, &str, &str)>(payload)
            {
                front.context(number, key, value);
            }
        }
        Kind::End => {
            if let Ok(end) = postcard::from_bytes::<End>(payload) {
                match end.number {
                    Some(number) => front.result(number, end.summary, end.more),
                    None => front.end_shot(end.summary, end.wall, at_ns),
                };
            }
        }
        Kind::Over => {
            if let Ok(wall) = postcard::from_bytes(payload) {
                front.shot_over(wall, at_ns);
            }
        }
        Kind::Settled => {
            if let Ok(number) = postcard::from_bytes(payload) {
                front.settled(number);
            }
        }
        Kind::Lost => {}
    }
}

struct ArchiveThread {
    archive: Archive,
    shared: Arc<Shared>,
    start: Instant,
    retry: Duration,
    work: Receiver<Work>,
    done: Sender<Done>,
}

impl ArchiveThread {
    fn run(self) {
        loop {
            lock(&self.shared.archive).free_bytes = self.archive.free();
            match self.work.recv_timeout(LOOK_EVERY) {
                Ok(work) => self.work_on(&work),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Tries until it is done or the recorder stops; what is left then is in the log.
    fn work_on(&self, work: &Work) {
        loop {
            match self.archive.step(work) {
                Ok(done) => {
                    lock(&self.shared.archive).refused = None;
                    let _ = self.done.send(done);
                    return;
                }
                Err(error) => {
                    let mut state = lock(&self.shared.archive);
                    let now = since(self.start);
                    let since_ns = state.refused.as_ref().map_or(now, |(_, at)| *at);
                    state.refused = Some((error.reason(), since_ns));
                    state.free_bytes = self.archive.free();
                }
            }
            let until = Instant::now() + self.retry;
            while Instant::now() < until {
                if self.shared.stop.load(Ordering::Acquire) {
                    return;
                }
                thread::sleep(REST.min(self.retry));
            }
        }
    }
}

fn since(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The values are replaced whole, so a panic elsewhere leaves a good one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

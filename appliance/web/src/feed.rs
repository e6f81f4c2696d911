//! The live stream: each snapshot becomes bytes once, however many watch, and never while nobody does.
//!
//! The publisher writes into a watch channel and never waits. One task here turns the latest
//! snapshot into a [`Frame`]; a reader that is slow misses frames and gets the next latest.
//! Fields and forecast are large and change slowly, so a frame leaves out what its predecessor
//! already told; a reader that missed the predecessor gets the frame in full.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use crate::view::{Course, Forecast, LiveSnapshot};

/// Fields go out this often at most, about every third snapshot.
const FIELDS_EVERY: Duration = Duration::from_millis(150);

/// What requests read of the running shot.
pub(crate) struct Watched {
    /// The last snapshot.
    pub(crate) live: watch::Receiver<Arc<LiveSnapshot>>,
    /// The last event of the stream.
    pub(crate) frames: watch::Receiver<Option<Arc<Frame>>>,
    /// The shot so far.
    pub(crate) course: watch::Receiver<Course>,
}

/// One event of the stream.
pub(crate) struct Frame {
    /// Counts up by one.
    pub(crate) number: u64,
    /// Everything known: the snapshot with the last fields and forecast.
    full: LiveSnapshot,
    full_event: OnceLock<Bytes>,
    /// Whether the fields are new, and whether the forecast is.
    new: [bool; 2],
    step_event: OnceLock<Bytes>,
}

impl Frame {
    /// The event for a reader whose last frame was `seen`.
    pub(crate) fn event(&self, seen: Option<u64>) -> Bytes {
        if seen.is_none_or(|seen| seen + 1 != self.number) {
            return self.full_event.get_or_init(|| event(&self.full)).clone();
        }
        let step = || {
            let mut step = self.full.clone();
            let [fields, forecast] = self.new;
            if !fields {
                step.node_pressure_pa = None;
                step.node_temperature_k = None;
                step.node_frozen = None;
                step.node_filled = None;
            }
            if !forecast {
                step.forecast = None;
            }
            event(&step)
        };
        self.step_event.get_or_init(step).clone()
    }

    /// Everything known.
    pub(crate) fn full(&self) -> &LiveSnapshot {
        &self.full
    }
}

/// What is carried from frame to frame.
#[derive(Default)]
pub(crate) struct Feed {
    number: u64,
    pressure: Option<Vec<f32>>,
    temperature: Option<Vec<f32>>,
    frozen: Option<Vec<f32>>,
    filled: Option<Vec<f32>>,
    forecast: Option<Vec<Forecast>>,
    fields_told: Option<Instant>,
}

impl Feed {
    /// The frame of a snapshot. The snapshot may carry fields and forecast always, or only when they are new.
    pub(crate) fn frame(&mut self, snapshot: &LiveSnapshot, now: Instant) -> Frame {
        let mut full = snapshot.clone();
        let brings_fields = full.node_pressure_pa.is_some() || full.node_temperature_k.is_some();
        let fields_due = self
            .fields_told
            .is_none_or(|told| now.saturating_duration_since(told) >= FIELDS_EVERY);
        let tells_fields = brings_fields && fields_due;
        if tells_fields {
            self.fields_told = Some(now);
        }
        let tells_forecast = full.forecast.is_some() && full.forecast != self.forecast;
        carry(&mut self.pressure, &mut full.node_pressure_pa);
        carry(&mut self.temperature, &mut full.node_temperature_k);
        carry(&mut self.frozen, &mut full.node_frozen);
        carry(&mut self.filled, &mut full.node_filled);
        carry(&mut self.forecast, &mut full.forecast);

        self.number += 1;
        Frame {
            number: self.number,
            full,
            full_event: OnceLock::new(),
            new: [tells_fields, tells_forecast],
            step_event: OnceLock::new(),
        }
    }
}

fn carry<T: Clone>(kept: &mut Option<T>, new: &mut Option<T>) {
    match new {
        Some(new) => *kept = Some(new.clone()),
        None => new.clone_from(kept),
    }
}

fn event(snapshot: &LiveSnapshot) -> Bytes {
    let mut bytes = b"event: snapshot\ndata: ".to_vec();
    // JSON has no line breaks of its own, so the data is one line.
    serde_json::to_writer(&mut bytes, snapshot).expect("a snapshot holds numbers and strings only");
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

/// Follows the snapshots until their publisher is gone.
pub(crate) async fn follow(
    mut live: watch::Receiver<Arc<LiveSnapshot>>,
    frames: watch::Sender<Option<Arc<Frame>>>,
    course: watch::Sender<Course>,
) {
    let mut feed = Feed::default();
    loop {
        let snapshot = live.borrow_and_update().clone();
        course.send_modify(|course| course.take(&snapshot));
        frames.send_replace(Some(Arc::new(feed.frame(&snapshot, Instant::now()))));
        if live.changed().await.is_err() {
            return;
        }
    }
}

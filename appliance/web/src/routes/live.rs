//! The running shot.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use crate::access::{Caller, Viewer};
use crate::app::App;
use crate::feed::Frame;
use crate::problem::{Refusal, Refusals};
use crate::view::{Course, LiveSnapshot};

/// A stream asks this often whether its session still stands, and says that it is alive.
const BEAT: Duration = Duration::from_secs(5);

/// Server-sent events: `event: snapshot`, `data:` a [`LiveSnapshot`], the first at once and in full, then about 15 a second.
/// Fields at the nodes come with every third snapshot, the forecast when it changed. A slow reader misses snapshots, never holds them up.
#[utoipa::path(get, path = "/api/v1/live", tag = "live",
    responses((status = 200, description = "Stream of snapshots", body = LiveSnapshot, content_type = "text/event-stream"), Refusals))]
pub(super) async fn live_stream(
    State(app): State<App>,
    Viewer(caller): Viewer,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let place = app.streams.clone().try_acquire_owned().map_err(|_| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_streams",
            "too many live streams are open",
        )
        .retry_after(10)
    })?;
    let mut frames = app.watched.frames.clone();
    frames.mark_changed();
    tracing::debug!(user = caller.name, "a live stream begins");
    let _gauge = app.metrics.stream();
    let reader = Reader {
        ending: app.ending.clone(),
        app,
        headers,
        frames,
        seen: None,
        next_beat: Instant::now() + BEAT,
        _place: place,
        _gauge,
    };
    let stream = unfold(reader, async |mut reader| {
        reader
            .next()
            .await
            .map(|bytes| (Ok::<_, Infallible>(bytes), reader))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// One who watches.
struct Reader {
    app: App,
    headers: HeaderMap,
    frames: watch::Receiver<Option<std::sync::Arc<Frame>>>,
    /// Changes once, when the program ends.
    ending: watch::Receiver<bool>,
    seen: Option<u64>,
    next_beat: Instant,
    _place: OwnedSemaphorePermit,
    _gauge: crate::metrics::StreamGauge,
}

impl Reader {
    /// The next bytes; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                biased;
                _ = self.ending.changed() => return None,
                () = sleep_until(self.next_beat) => {
                    self.next_beat = Instant::now() + BEAT;
                    Caller::find(&self.headers, &self.app).await.ok()?;
                    return Some(Bytes::from_static(b": here\n\n"));
                }
                changed = self.frames.changed() => {
                    changed.ok()?;
                    let Some(frame) = self.frames.borrow_and_update().clone() else { continue };
                    let bytes = frame.event(self.seen);
                    self.seen = Some(frame.number);
                    return Some(bytes);
                }
            }
        }
    }
}

/// The last snapshot in full.
#[utoipa::path(get, path = "/api/v1/live/latest", tag = "live", responses((status = 200, body = LiveSnapshot), Refusals))]
pub(super) async fn live_latest(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> axum::Json<LiveSnapshot> {
    let frame = app.watched.frames.borrow().clone();
    axum::Json(match frame {
        Some(frame) => frame.full().clone(),
        None => LiveSnapshot::clone(&app.watched.live.borrow()),
    })
}

/// The running shot so far, or the last one while the press rests: what a page that opens the stream in its midst has missed.
#[utoipa::path(get, path = "/api/v1/live/course", tag = "live", responses((status = 200, body = Course), Refusals))]
pub(super) async fn live_course(State(app): State<App>, Viewer(_): Viewer) -> axum::Json<Course> {
    let course = app.watched.course.borrow().clone();
    axum::Json(course)
}

//! What every handler has at hand.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::access::{Book, Lockout, Passwords};
use crate::error::WebError;
use crate::feed::Watched;
use crate::metrics::WebMetrics;
use crate::problem::Refusal;
use crate::settings::WebSettings;
use crate::station::{Answer, Station};

/// Questions to the station at once. Each holds a thread; SQLite answers one at a time anyway.
const QUESTIONS: usize = 8;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// See [`App`].
pub(crate) struct Parts {
    pub(crate) settings: WebSettings,
    pub(crate) book: Arc<Book>,
    pub(crate) passwords: Passwords,
    pub(crate) lockout: Lockout,
    pub(crate) watched: Watched,
    pub(crate) streams: Arc<Semaphore>,
    /// Exports and uploads write to the disk: one at a time.
    pub(crate) heavy: Arc<Semaphore>,
    pub(crate) metrics: Arc<WebMetrics>,
    /// True once the program ends: streams close themselves.
    pub(crate) ending: watch::Receiver<bool>,
    station: Arc<dyn Station>,
    questions: Semaphore,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        settings: WebSettings,
        book: Arc<Book>,
        station: Arc<dyn Station>,
        watched: Watched,
        ending: watch::Receiver<bool>,
        metrics: Arc<WebMetrics>,
    ) -> Self {
        let streams = Arc::new(Semaphore::new(settings.most_streams));
        Self(Arc::new(Parts {
            settings,
            book,
            passwords: Passwords::new(),
            lockout: Lockout::default(),
            watched,
            streams,
            heavy: Arc::new(Semaphore::new(1)),
            metrics,
            ending,
            station,
            questions: Semaphore::new(QUESTIONS),
        }))
    }

    /// Asks the station, on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Station) -> Answer<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _place = self.questions.acquire().await.map_err(|_| gone())?;
        let station = self.station.clone();
        let answer = spawn_blocking(move || question(&*station)).await;
        answer
            .map_err(|broken| Refusal::failed("asking the station", &broken))?
            .map_err(Refusal::from)
    }

    /// Asks the accounts, on a thread that may block.
    pub(crate) async fn book<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Book) -> Result<T, WebError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let book = self.book.clone();
        let answer = spawn_blocking(move || question(&book)).await;
        answer
            .map_err(|broken| Refusal::failed("asking the accounts", &broken))?
            .map_err(Refusal::from)
    }

    /// Writes a line of the audit. An audit that cannot be written fails the request: nothing happens unseen.
    pub(crate) async fn audit(
        &self,
        user: &str,
        action: &'static str,
        detail: impl Into<String>,
    ) -> Result<(), Refusal> {
        let (user, detail) = (user.to_owned(), detail.into());
        self.ask(move |station| station.audit(&user, action, &detail))
            .await
    }

    /// True when the connection is protected.
    pub(crate) fn secure(&self) -> bool {
        self.settings.tls != crate::settings::Tls::Off
    }
}

fn gone() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "ending",
        "the box is stopping",
    )
}

//! Start to end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::Book;
use crate::app::App;
use crate::error::WebError;
use crate::metrics::WebMetrics;
use crate::settings::{Tls, WebSettings};
use crate::station::Station;
use crate::tls::Identity;
use crate::view::{Course, LiveSnapshot};
use crate::{feed, listen, routes};

/// The web side with its addresses open, not yet serving.
pub struct Server {
    settings: WebSettings,
    book: Arc<Book>,
    identity: Option<Identity>,
    main: TcpListener,
    metrics: Option<TcpListener>,
}

impl Server {
    /// Checks the settings, loads or makes the certificate, and opens the addresses.
    pub async fn bind(settings: WebSettings, book: Arc<Book>) -> Result<Self, WebError> {
        if settings.tls == Tls::Off
            && !settings.allow_plain
            && !settings.listen.ip().to_canonical().is_loopback()
        {
            return Err(WebError::PlainOutside {
                listen: settings.listen,
            });
        }
        let identity = Identity::load(&settings.tls)?;
        let main = listen::bind(settings.listen).await?;
        let metrics = match settings.metrics_listen {
            Some(address) => Some(listen::bind(address).await?),
            None => None,
        };
        Ok(Self {
            settings,
            book,
            identity,
            main,
            metrics,
        })
    }

    /// Where it listens: the port is known here even when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.main.local_addr().unwrap_or(self.settings.listen)
    }

    /// Where `/metrics` is open, if anywhere.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// What to type into a browser on the box itself.
    pub fn url(&self) -> String {
        let scheme = if self.identity.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address())
    }

    /// SHA-256 of the certificate, for whoever compares it with what the browser shows.
    pub fn fingerprint(&self) -> Option<&str> {
        self.identity
            .as_ref()
            .map(|identity| identity.fingerprint.as_str())
    }

    /// Serves until `shutdown` is ready and the answers under way are given (a few seconds at most).
    ///
    /// `live` is only ever read: its publisher never waits for anybody here. It may leave fields and forecast in
    /// every snapshot, the stream sends them only when they are due; a snapshot replaced before the stream saw it
    /// takes its news with it, so leaving them in is the safer way. `metrics` holds what the
    /// daemon counts besides [`Station::health`] and the snapshot, which are written as metrics anyway.
    pub async fn run(
        self,
        station: Arc<dyn Station>,
        live: watch::Receiver<Arc<LiveSnapshot>>,
        metrics: Registry,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), WebError> {
        let (end, ending) = watch::channel(false);
        let (frames_to, frames) = watch::channel(None);
        let (course_to, course) = watch::channel(Course::default());
        let follower = tokio::spawn(feed::follow(live.clone(), frames_to, course_to));
        let most = self.settings.most_connections;
        let app = App::new(
            self.settings,
            self.book,
            station,
            feed::Watched {
                live,
                frames,
                course,
            },
            ending.clone(),
            WebMetrics::new(metrics)?,
        );

        let serving = async {
            let main = listen::accept(
                self.main,
                routes::router(app.clone()),
                self.identity,
                most,
                ending.clone(),
            );
            match self.metrics {
                None => main.await,
                // A handful of scrapers; more than that is a mistake that must not crowd out the dashboard.
                Some(listener) => {
                    tokio::join!(
                        main,
                        listen::accept(listener, routes::metrics_router(app), None, 16, ending)
                    );
                }
            }
        };
        let farewell = async {
            shutdown.await;
            end.send_replace(true);
        };
        tokio::join!(serving, farewell);
        follower.abort();
        Ok(())
    }
}

/// Binds and runs, for callers that need nothing in between.
pub async fn serve(
    settings: WebSettings,
    book: Arc<Book>,
    station: Arc<dyn Station>,
    live: watch::Receiver<Arc<LiveSnapshot>>,
    metrics: Registry,
    shutdown: impl Future<Output = ()>,
) -> Result<(), WebError> {
    Server::bind(settings, book)
        .await?
        .run(station, live, metrics, shutdown)
        .await
}

//! Taking connections: so many at once, each with a deadline for what an idle or hostile peer could draw out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::error::WebError;
use crate::tls::Identity;

/// A handshake takes this long at most.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The head of a request takes this long at most, the wait for the next one on the same connection included.
const HEAD: Duration = Duration::from_secs(30);
/// A peer that takes no byte for this long is gone.
const UNSENT: Duration = Duration::from_secs(20);
/// Answers that are under way when the program ends get this long.
const FAREWELL: Duration = Duration::from_secs(3);

/// Opens an address.
pub(crate) async fn bind(listen: SocketAddr) -> Result<TcpListener, WebError> {
    TcpListener::bind(listen)
        .await
        .map_err(|source| WebError::Bind { listen, source })
}

/// Serves an address until the program ends.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    identity: Option<Identity>,
    most: usize,
    mut ending: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    let acceptor = identity.map(|identity| TlsAcceptor::from(identity.config));
    loop {
        // A place first: when all are taken, callers wait in the queue of the kernel.
        let accepted = tokio::select! {
            _ = ending.wait_for(|ending| *ending) => break,
            accepted = async { (places.clone().acquire_owned().await, listener.accept().await) } => accepted,
        };
        let (Ok(place), Ok((stream, peer))) = accepted else {
            // Out of file handles, most likely: waiting is all that helps.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (router, acceptor, watcher) = (router.clone(), acceptor.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _place = place;
            prepare(&stream);
            match acceptor {
                None => serve(stream, peer, router, watcher).await,
                Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(stream, peer, router, watcher).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
                    Err(_) => tracing::debug!(%peer, "no TLS in time"),
                },
            }
        });
    }
    let _ = timeout(FAREWELL, graceful.shutdown()).await;
}

fn prepare(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    // Neither can fail on a socket just taken; without them a dead peer only stays longer.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_user_timeout(Some(UNSENT));
}

async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is always ready, so it may be called at once.
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(io), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

//! A server on a port of its own, and a client that sends exactly what a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use appliance_web::view::{LiveSnapshot, Role};
use appliance_web::{Book, Server, Tls, WebSettings};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::station::Memory;

/// Password of the users of a rig.
pub const PASSWORD: &str = "press-and-mold";

pub struct Rig {
    pub address: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub memory: Arc<Memory>,
    pub book: Arc<Book>,
    pub folder: tempfile::TempDir,
    /// Secrets of API tokens by role.
    tokens: [String; 3],
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

/// An answer, read to its end.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The key of a refusal, which must be problem JSON that repeats the status.
    pub fn key(&self) -> String {
        let what = String::from_utf8_lossy(&self.body);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {what}",
            self.status
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{what}");
        problem["key"].as_str().unwrap().to_owned()
    }
}

/// A request in words.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub fn ask(method: &str, path: &str) -> Ask {
    Ask {
        method: method.parse().unwrap(),
        path: path.into(),
        headers: vec![],
        body: vec![],
    }
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn json(self, body: &serde_json::Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    pub fn bytes(mut self, kind: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", kind)
    }

    pub fn bearer(self, secret: &str) -> Self {
        self.header("authorization", &format!("Bearer {secret}"))
    }

    pub fn session(self, session: &Session) -> Self {
        self.header("cookie", &session.cookie)
            .header("x-csrf-token", &session.csrf)
    }

    pub fn request(self) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", "box");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body.into())).unwrap()
    }
}

/// What a browser keeps after a login.
#[derive(Clone)]
pub struct Session {
    pub cookie: String,
    pub csrf: String,
}

/// One connection, kept open between requests.
pub struct Client(hyper::client::conn::http1::SendRequest<Full<Bytes>>);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// Connects from another address of this machine.
    pub async fn connect_from(from: &str, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        Self::over(socket.connect(address).await.unwrap()).await
    }

    pub async fn over(
        io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    ) -> Self {
        let (send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(send)
    }

    /// Sends a request and gives the answer with its body still to be read.
    pub async fn open(&mut self, ask: Ask) -> hyper::Response<hyper::body::Incoming> {
        self.0.ready().await.unwrap();
        self.0.send_request(ask.request()).await.unwrap()
    }

    pub async fn send(&mut self, ask: Ask) -> Reply {
        let (parts, body) = self.open(ask).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}

impl Rig {
    pub async fn start() -> Self {
        let memory = Memory::new();
        let live = memory.clone().publish(Duration::from_millis(66)).await;
        Self::start_with(memory, live, |_| ()).await
    }

    pub async fn start_with(
        memory: Arc<Memory>,
        live: watch::Receiver<Arc<LiveSnapshot>>,
        adjust: impl FnOnce(&mut WebSettings),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = Book::open(&folder.path().join("access.sqlite")).unwrap();
        let tokens = [Role::Viewer, Role::Operator, Role::Engineer].map(|role| {
            if role != Role::Engineer {
                book.add_user(role.name(), role, None).unwrap();
            }
            book.set_password(role.name(), PASSWORD).unwrap();
            book.add_token(role.name(), role, "engineer", None)
                .unwrap()
                .secret
        });
        let mut settings = WebSettings {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..WebSettings::default()
        };
        adjust(&mut settings);
        if let Tls::Generated { folder: keys, .. } = &mut settings.tls {
            *keys = folder.path().join("tls");
        }
        let book = Arc::new(book);
        let server = Server::bind(settings, book.clone()).await.unwrap();
        let (address, metrics) = (server.address(), server.metrics_address());
        let (stop, stopped) = oneshot::channel::<()>();
        let station = memory.clone();
        let running = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server
                .run(station, live, prometheus::Registry::new(), shutdown)
                .await
                .unwrap();
        });
        Self {
            address,
            metrics,
            memory,
            book,
            folder,
            tokens,
            stop: Some(stop),
            running,
        }
    }

    /// The API token of a role.
    pub fn token(&self, role: Role) -> &str {
        &self.tokens[role as usize]
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own.
    pub async fn send(&self, ask: Ask) -> Reply {
        self.client().await.send(ask).await
    }

    /// A request by API token.
    pub async fn by(&self, role: Role, ask: Ask) -> Reply {
        let token = self.token(role).to_owned();
        self.send(ask.bearer(&token)).await
    }

    pub async fn log_in(&self, user: &str, password: &str) -> Session {
        session(&self.send(login(user, password)).await)
    }

    /// Ends the server; gives how long it took.
    pub async fn stop(mut self) -> Duration {
        let begin = std::time::Instant::now();
        self.stop.take().unwrap().send(()).unwrap();
        self.running.await.unwrap();
        begin.elapsed()
    }
}

pub fn login(user: &str, password: &str) -> Ask {
    ask("POST", "/api/v1/session").json(&serde_json::json!({ "user": user, "password": password }))
}

pub fn session(reply: &Reply) -> Session {
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    let cookie = reply
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    Session {
        cookie,
        csrf: reply.json()["csrf"].as_str().unwrap().to_owned(),
    }
}

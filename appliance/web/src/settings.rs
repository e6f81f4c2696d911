//! What the daemon tells the web side; read from TOML elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Everything the web side needs to know before it starts.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Where the dashboard and the API listen.
    pub listen: SocketAddr,
    /// How the connection is protected.
    pub tls: Tls,
    /// Allows plain HTTP on an address others can reach: for a proxy that adds TLS in front.
    pub allow_plain: bool,
    /// Address of a proxy in front, whose `x-forwarded-for` is believed: otherwise one guesser behind it locks everybody out.
    pub proxy: Option<IpAddr>,
    /// A second address where `/metrics` is open to anybody who reaches it; elsewhere it needs a token.
    pub metrics_listen: Option<SocketAddr>,
    /// Folder for uploads and exports in progress; `None` is the system's.
    pub scratch: Option<PathBuf>,
    /// Connections served at once.
    pub most_connections: usize,
    /// Live streams served at once.
    pub most_streams: usize,
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Off,
    /// By a certificate the box makes itself and keeps in this folder.
    Generated {
        /// Where `web-cert.pem` and `web-key.pem` are kept (the key readable by its owner only).
        folder: PathBuf,
        /// Names and addresses it is made for, besides localhost.
        names: Vec<String>,
    },
    /// By one's own.
    Own {
        /// Certificate chain, PEM.
        certificate: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8088)),
            tls: Tls::Off,
            allow_plain: false,
            proxy: None,
            metrics_listen: None,
            scratch: None,
            most_connections: 256,
            most_streams: 64,
        }
    }
}

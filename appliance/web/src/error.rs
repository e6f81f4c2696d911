//! Why the web side could not start or keep its accounts.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that can go wrong outside a request. What a request is refused for is a [`crate::problem::Refusal`].
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Passwords would cross the network in the open.
    #[error(
        "refusing to listen on {listen} without TLS: set a certificate, listen on 127.0.0.1, or allow plain HTTP by name"
    )]
    PlainOutside {
        /// Address asked for.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("listening on {listen}{}", hint(.source))]
    Bind {
        /// Address asked for.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("reading the certificate or key in {}", path.display())]
    Certificate {
        /// File.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit, or TLS refuses them.
    #[error("setting up TLS")]
    Tls(#[source] rustls::Error),
    /// No certificate could be made.
    #[error("making a certificate")]
    Generate(#[source] rcgen::Error),
    /// A file could not be read or written.
    #[error("{attempted} {}", path.display())]
    File {
        /// What was attempted.
        attempted: &'static str,
        /// File.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of the accounts cannot be used.
    #[error("{attempted} in the file of the accounts")]
    Accounts {
        /// What was attempted.
        attempted: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The operating system gave no random numbers.
    #[error("drawing random numbers")]
    Random(#[source] getrandom::Error),
    /// A password could not be hashed.
    #[error("hashing a password")]
    Password(#[source] argon2::Error),
    /// An account breaks a rule.
    #[error("{0}")]
    Rule(#[from] crate::access::Rule),
    /// A metric could not be described.
    #[error("writing metrics")]
    Metrics(#[from] prometheus::Error),
}

impl WebError {
    /// Whether the disk is full or may not be written.
    pub(crate) fn is_disk(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
        match self {
            Self::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
            ),
            Self::Accounts { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(DiskFull | ReadOnly | SystemIoFailure | CannotOpen)
            ),
            _ => false,
        }
    }
}

/// What to do about the errors people meet.
fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            " (another program listens there: stop it or choose another port)"
        }
        io::ErrorKind::AddrNotAvailable => " (this box has no such address)",
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024 need a right this process does not have)"
        }
        _ => "",
    }
}

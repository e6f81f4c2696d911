//! TLS by rustls: a certificate of one's own, or one the box makes itself and keeps.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::error::WebError;
use crate::settings::Tls;

/// A certificate and its key, ready to serve.
pub struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, for whoever compares it with what the browser shows.
    pub fingerprint: String,
}

impl Identity {
    /// Reads the certificate, or makes it where there is none yet. `None` without TLS.
    pub fn load(tls: &Tls) -> Result<Option<Self>, WebError> {
        match tls {
            Tls::Off => Ok(None),
            Tls::Own { certificate, key } => Self::read(certificate, key).map(Some),
            Tls::Generated { folder, names } => {
                let (certificate, key) = (folder.join("web-cert.pem"), folder.join("web-key.pem"));
                if !(certificate.exists() && key.exists()) {
                    generate(folder, names, &certificate, &key)?;
                }
                Self::read(&certificate, &key).map(Some)
            }
        }
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self, WebError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| WebError::Certificate { path, source }
        };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed(certificate))?;
        let first = chain
            .first()
            .ok_or(rustls::pki_types::pem::Error::NoItemsFound)
            .map_err(failed(certificate))?;
        let fingerprint = Sha256::digest(first)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<Vec<_>>()
            .join(":");
        let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(WebError::Tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            fingerprint,
        })
    }
}

fn generate(
    folder: &Path,
    names: &[String],
    certificate: &Path,
    key: &Path,
) -> Result<(), WebError> {
    let mut all = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    all.extend(
        names
            .iter()
            .filter(|name| !["localhost", "127.0.0.1", "::1"].contains(&name.as_str()))
            .cloned(),
    );
    let pair = KeyPair::generate().map_err(WebError::Generate)?;
    let mut params = CertificateParams::new(all).map_err(WebError::Generate)?;
    params.distinguished_name.push(
        DnType::CommonName,
        names.first().map_or("Moldsight", String::as_str),
    );
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A box without a network has no reason to believe its clock, and nobody renews it for years.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    let signed = params.self_signed(&pair).map_err(WebError::Generate)?;

    fs::create_dir_all(folder).map_err(|source| WebError::File {
        attempted: "making the folder",
        path: folder.to_owned(),
        source,
    })?;
    // The certificate last: with it there, both are whole.
    write(key, pair.serialize_pem().as_bytes(), 0o600)?;
    write(certificate, signed.pem().as_bytes(), 0o644)
}

/// Writes a file whole or not at all; readable as `mode` says from its first moment.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), WebError> {
    let new = PathBuf::from(format!("{}.new", path.display()));
    let work = || {
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    work().map_err(|source| WebError::File {
        attempted: "writing",
        path: path.to_owned(),
        source,
    })
}

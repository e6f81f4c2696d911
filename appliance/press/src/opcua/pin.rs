//! The certificate of the press, confirmed by a person once, kept as its thumbprint.

use crate::error::PressError;
use opcua::crypto::X509;
use opcua::types::ByteString;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Thumbprints of a certificate, lower case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// SHA-256 of the certificate: what is kept.
    pub sha256: String,
    /// SHA-1: what many controllers show on their panel.
    pub sha1: String,
    /// Whose certificate it says it is.
    pub subject: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("press-certificate.thumbprint")
}

impl Pin {
    /// Of a certificate a press shows.
    pub(super) fn of(certificate: &ByteString) -> Result<Self, String> {
        let parsed = X509::from_byte_string(certificate)
            .map_err(|e| format!("its certificate cannot be read: {e}"))?;
        let der = parsed
            .to_der()
            .map_err(|e| format!("its certificate cannot be read: {e}"))?;
        Ok(Self {
            sha256: hex(&Sha256::digest(&der)),
            sha1: hex(parsed.thumbprint().value()),
            subject: parsed.subject_name(),
        })
    }

    /// Keeps what a person confirmed: either thumbprint of the certificate, colons and case do not matter.
    ///
    /// # Errors
    /// When it is no thumbprint, or the folder cannot be written.
    pub fn confirm(folder: &Path, thumbprint: &str) -> Result<(), PressError> {
        let path = file(folder);
        let print = tidy(thumbprint);
        if !matches!(print.len(), 40 | 64) || !print.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(PressError::Profile {
                path,
                key: "thumbprint".into(),
                reason: format!("`{thumbprint}` is neither SHA-1 nor SHA-256 in hexadecimal"),
            });
        }
        let wrong = |source| PressError::File {
            doing: "writing",
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(wrong)?;
        crate::keep::write(&path, format!("{print}\n").as_bytes()).map_err(wrong)
    }

    /// What a person confirmed, if anybody has.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn confirmed(folder: &Path) -> Result<Option<String>, PressError> {
        let path = file(folder);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(tidy(&text))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(PressError::File {
                doing: "reading",
                path,
                source,
            }),
        }
    }

    /// Whether it is the confirmed certificate.
    pub(super) fn check(&self, address: &str, folder: &Path) -> Result<(), PressError> {
        match Self::confirmed(folder)? {
            None => Err(PressError::CertificateUnknown {
                address: address.into(),
                thumbprint: self.sha256.clone(),
            }),
            Some(pinned) if pinned == self.sha256 || pinned == self.sha1 => Ok(()),
            Some(pinned) => Err(PressError::CertificateChanged {
                address: address.into(),
                pinned,
                thumbprint: self.sha256.clone(),
            }),
        }
    }
}

fn tidy(thumbprint: &str) -> String {
    let keep = thumbprint
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':');
    keep.collect::<String>().to_ascii_lowercase()
}

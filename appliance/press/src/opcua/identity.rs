//! Who the box is to a press: its own key, made at first use, and the user of the profile.

use crate::error::PressError;
use crate::profile::opcua::OpcUaLink;
use opcua::client::IdentityToken;
use opcua::crypto::{CertificateStore, X509Data};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Name of the box as an application; its certificate says the same.
pub(super) const APPLICATION_URI: &str = "urn:moldsight:box";
pub(super) const APPLICATION_NAME: &str = "Moldsight";

/// The certificate and the key of the box, made when there are none.
///
/// A press that wants to know its clients must be shown the certificate once, so it outlives the box: 20 years.
pub(super) async fn own(folder: &Path) -> Result<(PathBuf, PathBuf), PressError> {
    let (certificate, key) = (
        folder.join("box-certificate.der"),
        folder.join("box-key.pem"),
    );
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let wrong = |doing, path: &Path, source| PressError::File {
        doing,
        path: path.into(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(|e| wrong("making", folder, e))?;
    let data = X509Data {
        key_size: 2048,
        common_name: APPLICATION_NAME.into(),
        organization: APPLICATION_NAME.into(),
        organizational_unit: APPLICATION_NAME.into(),
        country: "KR".into(),
        state: "-".into(),
        alt_host_names: X509Data::alt_host_names(APPLICATION_URI, None, false, true, false),
        certificate_duration_days: 20 * 365,
    };
    let (to, at) = (certificate.clone(), key.clone());
    let made = tokio::task::spawn_blocking(move || {
        CertificateStore::create_certificate_and_key(&data, true, &to, &at)
    })
    .await;
    let made = made
        .map_err(std::io::Error::other)
        .and_then(|r| r.map_err(std::io::Error::other));
    made.map_err(|e| wrong("making the key of the box in", folder, e))?;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| wrong("protecting", &key, e))?;
    Ok((certificate, key))
}

/// The user of the profile.
pub(super) fn user(link: &OpcUaLink) -> Result<IdentityToken, PressError> {
    if let (Some(user), Some(path)) = (&link.user, &link.password_file) {
        let text = std::fs::read_to_string(path).map_err(|source| PressError::File {
            doing: "reading",
            path: path.clone(),
            source,
        })?;
        return Ok(IdentityToken::new_user_name(
            user.as_str(),
            text.lines().next().unwrap_or_default(),
        ));
    }
    if let (Some(certificate), Some(key)) = (&link.user_certificate, &link.user_key) {
        return IdentityToken::new_x509_path(certificate, key).map_err(|e| PressError::File {
            doing: "reading the user certificate or its key beside",
            path: certificate.clone(),
            source: std::io::Error::other(e.to_string()),
        });
    }
    Ok(IdentityToken::Anonymous)
}

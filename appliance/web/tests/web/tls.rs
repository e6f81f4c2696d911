//! TLS with the certificate the box makes.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use appliance_web::{Identity, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::rig::{Client, PASSWORD, Rig, ask, login};
use crate::station::Memory;

#[tokio::test]
async fn a_client_that_knows_the_certificate_is_served_and_nobody_else() {
    let memory = Memory::new();
    let live = memory.clone().publish(Duration::from_millis(66)).await;
    let tls = Tls::Generated {
        folder: "set by the rig".into(),
        names: vec!["press-7.local".into()],
    };
    let rig = Rig::start_with(memory, live, |settings| settings.tls = tls).await;
    let folder = rig.folder.path().join("tls");
    let key = std::fs::metadata(folder.join("web-key.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    let certificate = CertificateDer::from_pem_file(folder.join("web-cert.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    for (roots, name, served) in [
        (roots.clone(), "localhost", true),
        (roots.clone(), "press-7.local", true),
        (roots, "elsewhere.example", false),
        (RootCertStore::empty(), "localhost", false),
    ] {
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let stream = TcpStream::connect(rig.address).await.unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(name).unwrap(), stream)
            .await;
        assert_eq!(stream.is_ok(), served, "{name}");
        let Ok(stream) = stream else { continue };
        let mut client = Client::over(stream).await;
        let reply = client.send(login("viewer", PASSWORD)).await;
        assert!(reply.header("set-cookie").contains("; Secure"));
        assert!(
            reply
                .header("strict-transport-security")
                .starts_with("max-age=")
        );
        assert_eq!(client.send(ask("GET", "/healthz")).await.status, 200);
    }

    let mut plain = TcpStream::connect(rig.address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: box\r\n\r\n")
        .await
        .unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP"), "plain HTTP was answered");
}

#[test]
fn a_certificate_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::Generated {
        folder: folder.path().join("tls"),
        names: vec![],
    };
    let first = Identity::load(&tls).unwrap().unwrap().fingerprint;
    assert_eq!(first.len(), 32 * 3 - 1);
    assert_eq!(Identity::load(&tls).unwrap().unwrap().fingerprint, first);
    std::fs::remove_file(folder.path().join("tls/web-cert.pem")).unwrap();
    assert_ne!(Identity::load(&tls).unwrap().unwrap().fingerprint, first);
}

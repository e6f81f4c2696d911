//! Starting: what is refused, and in which words.

use std::error::Error;
use std::sync::Arc;

use appliance_web::{Book, Server, Tls, WebError, WebSettings};

fn book() -> (tempfile::TempDir, Arc<Book>) {
    let folder = tempfile::tempdir().unwrap();
    let (book, _) = Book::open(&folder.path().join("access.sqlite")).unwrap();
    (folder, Arc::new(book))
}

async fn refused(settings: WebSettings) -> WebError {
    let (_folder, book) = book();
    Server::bind(settings, book)
        .await
        .err()
        .expect("must be refused")
}

#[tokio::test]
async fn nothing_but_localhost_without_tls_unless_allowed_by_name() {
    let outside = WebSettings {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..WebSettings::default()
    };
    let error = refused(outside.clone()).await;
    assert!(matches!(error, WebError::PlainOutside { .. }));
    assert!(error.to_string().contains("without TLS"), "{error}");
    let (_folder, book) = book();
    Server::bind(
        WebSettings {
            allow_plain: true,
            ..outside
        },
        book,
    )
    .await
    .unwrap();
    assert!(WebSettings::default().listen.ip().is_loopback());
}

#[tokio::test]
async fn an_address_in_use_and_one_this_box_does_not_have_are_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = refused(WebSettings {
        listen: address,
        ..WebSettings::default()
    })
    .await;
    assert_eq!(
        error.to_string(),
        format!(
            "listening on {address} (another program listens there: stop it or choose another port)"
        )
    );
    assert!(error.source().is_some());
    let foreign = WebSettings {
        listen: "192.0.2.7:8088".parse().unwrap(),
        allow_plain: true,
        ..WebSettings::default()
    };
    assert_eq!(
        refused(foreign).await.to_string(),
        "listening on 192.0.2.7:8088 (this box has no such address)"
    );
}

#[tokio::test]
async fn a_certificate_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cert.pem");
    std::fs::write(&path, "no certificate").unwrap();
    let tls = Tls::Own {
        certificate: path.clone(),
        key: path.clone(),
    };
    let error = refused(WebSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls,
        ..WebSettings::default()
    })
    .await;
    assert!(error.to_string().contains("cert.pem"), "{error}");
}

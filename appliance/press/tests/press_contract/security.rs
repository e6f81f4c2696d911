//! Who talks to whom: policies, users, and a press certificate that a person confirmed.

use super::contract;
use super::server::{PressServer, certificate, commissioned, profile_at};
use appliance_pipeline::ports::{Change, Setpoint};
use appliance_press::{Pin, Press, PressError, PressPort, Why, commission};
use std::os::unix::fs::PermissionsExt;

const ENCRYPTED: &str = "policy = \"Basic256Sha256\"\nmode = \"SignAndEncrypt\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_policy_and_mode_reads_and_writes_by_an_address_the_certificate_does_not_name() {
    let server = PressServer::start().await;
    for (policy, mode) in [
        ("None", "None"),
        ("Basic256Sha256", "Sign"),
        ("Basic256Sha256", "SignAndEncrypt"),
        ("Aes256Sha256RsaPss", "Sign"),
        ("Aes256Sha256RsaPss", "SignAndEncrypt"),
    ] {
        let profile = profile_at(
            &server,
            60.0,
            &format!("policy = \"{policy}\"\nmode = \"{mode}\""),
        );
        let folder = commissioned(&server, &profile).await;
        let mut press = Press::open(&profile, &folder).unwrap();
        let hold = press.read().await.unwrap().setpoints[Setpoint::HoldTime];
        let change = Change {
            values: vec![(Setpoint::HoldTime, hold + 0.5)],
        };
        let back = press.apply(&change).await.unwrap();
        assert_eq!(back[Setpoint::HoldTime], hold + 0.5, "{policy} {mode}");
    }
    let mode = std::fs::metadata(server.folder.path().join("box/box-key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_nobody_confirmed_is_refused_and_asking_for_it_trusts_nothing() {
    let server = PressServer::start().await;
    let profile = profile_at(&server, 60.0, ENCRYPTED);
    let folder = server.folder.path().join("box");
    let shown = commission(&profile, &folder).await.unwrap().unwrap();
    let mut press = Press::open(&profile, &folder).unwrap();
    match press.read().await {
        Err(PressError::CertificateUnknown { thumbprint, .. }) => {
            assert_eq!(thumbprint, shown.sha256)
        }
        other => panic!("{other:?}"),
    }
    // As a panel shows it: SHA-1, upper case, with colons.
    let sha1: Vec<String> = shown
        .sha1
        .as_bytes()
        .chunks(2)
        .map(|c| String::from_utf8_lossy(c).to_uppercase())
        .collect();
    Pin::confirm(&folder, &sha1.join(":")).unwrap();
    let mut press = Press::open(&profile, &folder).unwrap();
    press.read().await.unwrap();
    assert!(Pin::confirm(&folder, "not a thumbprint").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_that_comes_back_with_another_certificate_is_refused() {
    let mut server = PressServer::start().await;
    let profile = profile_at(&server, 60.0, ENCRYPTED);
    let folder = commissioned(&server, &profile).await;
    let mut press = Press::open(&profile, &folder).unwrap();
    press.read().await.unwrap();
    server.again("impostor").await;
    let mut last = press.read().await;
    for _ in 0..50 {
        if matches!(last, Err(PressError::CertificateChanged { .. })) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        last = press.read().await;
    }
    let pinned = Pin::confirmed(&folder).unwrap().unwrap();
    match last {
        Err(PressError::CertificateChanged {
            pinned: p,
            thumbprint,
            ..
        }) => assert!(p == pinned && thumbprint != pinned),
        other => panic!("{other:?}"),
    }
    assert!(server.hand.script().sent.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_a_name_and_password_or_a_certificate() {
    let server = PressServer::start().await;
    let at = server.folder.path();
    let (certificate, key) = certificate("user");
    std::fs::write(at.join("right"), "secret\n").unwrap();
    std::fs::write(at.join("wrong"), "guess\n").unwrap();
    let named = |file: &str| {
        format!(
            "{ENCRYPTED}\nuser = \"box\"\npassword_file = \"{}\"",
            at.join(file).display()
        )
    };
    let by_certificate = format!(
        "{ENCRYPTED}\nuser_certificate = \"{}\"\nuser_key = \"{}\"",
        certificate.display(),
        key.display()
    );
    for (security, good) in [
        (named("right"), true),
        (named("wrong"), false),
        (by_certificate, true),
    ] {
        let profile = profile_at(&server, 60.0, &security);
        let folder = commissioned(&server, &profile).await;
        let read = Press::open(&profile, &folder).unwrap().read().await;
        match read {
            Ok(_) => assert!(good, "{security}"),
            Err(PressError::Connect { .. }) => assert!(!good, "{security}"),
            Err(other) => panic!("{security}: {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_type_in_the_profile_is_named_by_the_press() {
    let server = PressServer::start().await;
    let text = contract::profile("press-sim-opcua.toml", 60.0, |t| {
        t.replacen("type = \"double\"", "type = \"int32\"", 1)
    });
    let mut press = Press::open(&text.reached_at(&server.address()), server.folder.path()).unwrap();
    press.read().await.unwrap();
    let change = Change {
        values: vec![(Setpoint::HoldPressure, 41e6)],
    };
    match press.apply(&change).await {
        Err(PressError::Refused { refusals }) => assert_eq!(refusals[0].why, Why::Type),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setpoint_node_that_is_not_there_is_named() {
    let server = PressServer::start().await;
    let text = contract::profile("press-sim-opcua.toml", 60.0, |t| {
        t.replace("\"s=hold_time\"", "\"s=no_such_node\"")
    });
    let mut press = Press::open(&text.reached_at(&server.address()), server.folder.path()).unwrap();
    let error = press.read().await.unwrap_err();
    assert!(
        matches!(&error, PressError::Place { name, .. } if name == "hold_time"),
        "{error}"
    );
}

//! Requests nobody should send.

use std::sync::atomic::Ordering;
use std::time::Duration;

use appliance_web::view::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{Rig, ask, login};

#[tokio::test]
async fn rubbish_is_refused_as_problem_json() {
    let rig = Rig::start().await;
    let note = |kind: &str, body: &[u8]| ask("POST", "/api/v1/log").bytes(kind, body.to_vec());
    let deep = "[".repeat(20_000);
    let long = json!({"kind": "note", "text": "x".repeat(4001)}).to_string();
    let bell = json!({"kind": "note", "text": "\u{7}"}).to_string();
    let cases = [
        (400, note("application/json", b"{\"kind\":")),
        (400, note("application/json", b"\xff\xfe\x00")),
        (400, note("application/json", deep.as_bytes())),
        (422, note("application/json", b"{\"kind\":\"note\"}")),
        (
            422,
            note("application/json", b"{\"kind\":\"gossip\",\"text\":\"x\"}"),
        ),
        (
            422,
            note(
                "application/json",
                b"{\"kind\":\"note\",\"text\":\"x\",\"extra\":1}",
            ),
        ),
        (422, ask("PUT", "/api/v1/setup").json(&json!({"mold": "plate-ps", "material": "PS 678E", "sensors": [], "limits": [], "cycle": [1, 2, 3, 4, 5, 6, 7]}))),
        (422, ask("PUT", "/api/v1/setup").json(&json!({"mold": "plate-ps", "material": "PS 678E", "sensors": [], "limits": [], "cycle": []}))),
        (
            422,
            note("application/json", b"{\"kind\":\"lot\",\"text\":\"\"}"),
        ),
        (422, note("application/json", long.as_bytes())),
        (422, note("application/json", bell.as_bytes())),
        (422, note("application/json", b"[\"note\",\"x\"]")),
        (422, ask("PUT", "/api/v1/users/engineer").json(&json!([null, null]))),
        (422, ask("PUT", "/api/v1/setup").json(&json!({"mold": "plate-ps", "material": "PS 678E", "sensors": [], "limits": [["w", 1, 2, "g"]], "cycle": {}}))),
        (415, note("text/plain", b"hello")),
        (400, note("multipart/form-data", b"no boundary")),
        (400, ask("GET", "/api/v1/shots/minus-one")),
        (400, ask("GET", "/api/v1/shots/99999999999999999999999999")),
        (404, ask("GET", "/api/v1/shots/18446744073709551615")),
        (422, ask("GET", "/api/v1/shots?limit=0")),
        (422, ask("GET", "/api/v1/log?before=9223372036854775808")),
        (422, ask("GET", "/api/v1/shots?limit=18446744073709551615")),
        (400, ask("GET", "/api/v1/shots?limt=5")),
        (400, ask("GET", "/api/v1/shots?verdict=maybe")),
        (
            404,
            ask("GET", "/api/v1/trends?feature=%00%27%20OR%201%3D1"),
        ),
        (404, ask("GET", "/api/v1/nothing")),
        (404, ask("GET", "/nothing.html")),
        (405, ask("DELETE", "/api/v1/mold")),
        (405, ask("TRACE", "/api/v1/mold")),
    ];
    for (status, ask) in cases {
        let reply = rig.by(Role::Engineer, ask.clone()).await;
        let what = ask.request();
        let accepted = if status == 404 {
            vec![404, 422]
        } else {
            vec![status]
        };
        assert!(
            accepted.contains(&reply.status),
            "{} {}: {}",
            what.method(),
            what.uri(),
            reply.status
        );
        assert!(!reply.key().is_empty());
    }
    assert_eq!(
        rig.by(Role::Engineer, ask("GET", "/api/v1/log"))
            .await
            .json()["entries"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let rig = Rig::start().await;
    let large = |bytes: usize| vec![b' '; bytes];
    let limit = ask("PUT", "/api/v1/mode").bytes("application/json", large(65 * 1024));
    assert_eq!(rig.by(Role::Engineer, limit).await.status, 413);
    let open = login("engineer", &"x".repeat(70_000));
    assert_eq!(rig.send(open).await.status, 413);
    let log = ask("POST", "/api/v1/log").bytes("application/json", large(5 * 1024 * 1024));
    assert_eq!(rig.by(Role::Engineer, log).await.status, 413);
    // Nobody known: refused before the body is read.
    let log = ask("POST", "/api/v1/log").bytes("application/json", large(100));
    assert_eq!(rig.send(log).await.status, 401);
}

/// Sends bytes as they are and reads what comes for a while.
async fn raw(rig: &Rig, request: &str) -> String {
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn no_path_leads_out_of_the_dashboard() {
    let rig = Rig::start().await;
    let paths = [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/../../../Cargo.toml",
        "/assets/..\\..\\Cargo.toml",
        "//etc/passwd",
        "/./../Cargo.toml",
        "/Cargo.toml",
        "/index.html/../../build.rs",
        "/%00",
        "/assets/%ff",
    ];
    for path in paths {
        let answer = raw(
            &rig,
            &format!("GET {path} HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n"),
        )
        .await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{path}: {answer}");
        assert!(
            !answer.contains("root:") && !answer.contains("[package]"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn broken_http_ends_the_connection_and_nothing_else() {
    let rig = Rig::start().await;
    let huge = format!(
        "GET / HTTP/1.1\r\nhost: box\r\nx: {}\r\n\r\n",
        "y".repeat(200_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: box\r\n{}\r\n",
        "x: y\r\n".repeat(500)
    );
    for request in [
        "\r\n\r\n\r\n",
        "HELLO\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        &huge,
        &many,
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let answer = raw(&rig, request).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    assert_eq!(rig.send(ask("GET", "/healthz")).await.status, 200);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let rig = Rig::start().await;
    rig.memory.mold_panics.store(true, Ordering::Relaxed);
    let mut seen = Vec::new();
    for ask in [
        ask("GET", "/"),
        ask("GET", "/healthz"),
        ask("GET", "/nothing"),
        ask("GET", "/api/v1/openapi.json"),
        ask("GET", "/api/v1/mold"),
        ask("GET", "/api/v1/mold").bearer(rig.token(Role::Viewer)),
        ask("DELETE", "/api/v1/mold"),
    ] {
        let reply = rig.send(ask).await;
        seen.push(reply.status);
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'")
                && policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
    }
    assert_eq!(seen, [200, 200, 404, 200, 401, 500, 405]);
}

#[tokio::test]
async fn a_panic_behind_the_seam_is_one_failed_request_and_tells_nothing() {
    let rig = Rig::start().await;
    rig.memory.mold_panics.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        let reply = rig.by(Role::Viewer, ask("GET", "/api/v1/mold")).await;
        assert_eq!((reply.status, reply.key().as_str()), (500, "failed"));
        assert!(!String::from_utf8_lossy(&reply.body).contains("asked for"));
    }
    rig.memory.mold_panics.store(false, Ordering::Relaxed);
    assert_eq!(
        rig.by(Role::Viewer, ask("GET", "/api/v1/mold"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn without_an_audit_the_box_gains_no_influence_but_can_be_taken_off() {
    let rig = Rig::start().await;
    rig.memory.audit_broken.store(true, Ordering::Relaxed);
    rig.log_in("engineer", crate::rig::PASSWORD).await;
    let mode = async || {
        rig.by(Role::Viewer, ask("GET", "/api/v1/live/latest"))
            .await
            .json()["mode"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let up = rig
        .by(
            Role::Engineer,
            ask("PUT", "/api/v1/mode").json(&json!({"mode": "correct"})),
        )
        .await;
    assert_eq!((up.status, up.key().as_str()), (503, "disk_full"));
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(mode().await, "advise");
    assert_eq!(
        rig.by(Role::Operator, ask("POST", "/api/v1/correction/off"))
            .await
            .status,
        503
    );
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(mode().await, "observe");
}

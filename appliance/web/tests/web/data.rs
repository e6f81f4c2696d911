//! What goes in comes out: shots, labels, log, setup, releases, exports.

use std::io::{Cursor, Read, Write};

use appliance_web::view::{LogPage, Role, Setup, ShotDetail, ShotPage, Trend, Verdict, WhiteBox};
use serde_json::json;

use crate::rig::{Rig, ask};

/// A form with fields and a file.
fn form(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        write!(
            body,
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    if let Some((name, bytes)) = file {
        write!(body, "--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"f\"\r\ncontent-type: text/html\r\n\r\n").unwrap();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    ("multipart/form-data; boundary=edge".into(), body)
}

#[tokio::test]
async fn pages_of_shots_join_without_gap_or_repetition() {
    let rig = Rig::start().await;
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let reply = rig
            .by(
                Role::Viewer,
                ask("GET", &format!("/api/v1/shots?limit=50{before}")),
            )
            .await;
        let page: ShotPage = serde_json::from_slice(&reply.body).unwrap();
        seen.extend(page.shots.iter().map(|row| row.shot));
        match page.next {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=240).rev().collect::<Vec<_>>());
    let reply = rig
        .by(
            Role::Viewer,
            ask("GET", "/api/v1/shots?lot=2411-2&limit=500"),
        )
        .await;
    let page: ShotPage = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(page.shots.len(), 60);
    assert!(
        page.shots
            .iter()
            .all(|row| row.lot.as_deref() == Some("2411-2") && (60..120).contains(&row.shot))
    );
    let reply = rig
        .by(
            Role::Viewer,
            ask("GET", "/api/v1/shots?verdict=good&limit=500"),
        )
        .await;
    let page: ShotPage = serde_json::from_slice(&reply.body).unwrap();
    assert!(
        (20..220).contains(&page.shots.len()),
        "{} good shots",
        page.shots.len()
    );
    assert!(
        page.shots
            .iter()
            .all(|row| row.verdict == Some(Verdict::Good))
    );
}

#[tokio::test]
async fn a_label_comes_back_with_its_shot_and_in_the_trend() {
    let rig = Rig::start().await;
    let label = |value: f64| {
        ask("PUT", "/api/v1/shots/200/labels").json(&json!({"name": "flatness_mm", "value": value}))
    };
    assert_eq!(rig.by(Role::Operator, label(0.4)).await.status, 204);
    assert_eq!(rig.by(Role::Operator, label(0.5)).await.status, 204);
    let reply = rig
        .by(Role::Viewer, ask("GET", "/api/v1/shots/200?points=50"))
        .await;
    let shot: ShotDetail = serde_json::from_slice(&reply.body).unwrap();
    let flat: Vec<_> = shot
        .row
        .labels
        .iter()
        .filter(|(name, _)| name == "flatness_mm")
        .collect();
    assert_eq!(flat, [&("flatness_mm".to_owned(), 0.5)]);
    assert!(
        shot.curves
            .iter()
            .all(|curve| curve.time_s.len() == 50 && curve.estimate.len() == 50)
    );
    let reply = rig
        .by(
            Role::Viewer,
            ask("GET", "/api/v1/trends?feature=flatness_mm&last=60"),
        )
        .await;
    let trend: Trend = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(trend.values.iter().flatten().count(), 1);
    for bad in [
        json!({"name": "Weight", "value": 1.0}),
        json!({"name": "", "value": 1.0}),
        json!({"name": "a\n", "value": 1.0}),
    ] {
        assert_eq!(
            rig.by(
                Role::Operator,
                ask("PUT", "/api/v1/shots/200/labels").json(&bad)
            )
            .await
            .status,
            422,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn the_reference_is_none_until_an_engineer_chooses_it() {
    let rig = Rig::start().await;
    assert_eq!(
        rig.by(Role::Viewer, ask("GET", "/api/v1/reference"))
            .await
            .status,
        404
    );
    assert_eq!(
        rig.by(Role::Engineer, ask("PUT", "/api/v1/reference/9999"))
            .await
            .status,
        404
    );
    assert_eq!(
        rig.by(Role::Engineer, ask("PUT", "/api/v1/reference/150"))
            .await
            .status,
        204
    );
    let reply = rig
        .by(Role::Viewer, ask("GET", "/api/v1/reference?points=20"))
        .await;
    assert_eq!(
        serde_json::from_slice::<ShotDetail>(&reply.body)
            .unwrap()
            .row
            .shot,
        150
    );
    let reply = rig
        .by(Role::Viewer, ask("GET", "/api/v1/whitebox?shots=7"))
        .await;
    let white: WhiteBox = serde_json::from_slice(&reply.body).unwrap();
    assert!(white.latents.iter().all(|line| line.points.len() == 7));
}

#[tokio::test]
async fn a_photo_comes_back_as_it_was_and_only_as_a_picture() {
    let rig = Rig::start().await;
    let picture = [b"\xff\xd8\xff\xe0".as_slice(), &[42; 100_000]].concat();
    let (kind, body) = form(
        &[
            ("kind", "defect"),
            ("text", "버 / flash"),
            ("defect", "flash"),
            ("shot", "201"),
            ("lot", ""),
        ],
        Some(("photo", &picture)),
    );
    let reply = rig
        .by(
            Role::Operator,
            ask("POST", "/api/v1/log").bytes(&kind, body),
        )
        .await;
    assert_eq!(
        reply.status,
        201,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    let line = reply.json();
    assert_eq!(
        (
            line["user"].as_str(),
            line["shot"].as_u64(),
            line["lot"].as_str()
        ),
        (Some("token:operator"), Some(201), None)
    );
    let photo = rig
        .by(Role::Viewer, ask("GET", line["photo"].as_str().unwrap()))
        .await;
    assert_eq!(
        (photo.status, photo.header("content-type")),
        (200, "image/jpeg")
    );
    assert!(photo.header("content-security-policy").contains("sandbox"));
    assert_eq!(photo.body, picture);

    for bytes in [b"<html><script>alert(1)</script>".as_slice(), b"GIF89a"] {
        let (kind, body) = form(&[("kind", "note"), ("text", "x")], Some(("photo", bytes)));
        assert_eq!(
            rig.by(
                Role::Operator,
                ask("POST", "/api/v1/log").bytes(&kind, body)
            )
            .await
            .status,
            422
        );
    }
    let large = [b"\xff\xd8\xff".as_slice(), &vec![1; 4 * 1024 * 1024]].concat();
    let (kind, body) = form(&[("kind", "note"), ("text", "x")], Some(("photo", &large)));
    assert_eq!(
        rig.by(
            Role::Operator,
            ask("POST", "/api/v1/log").bytes(&kind, body)
        )
        .await
        .status,
        413
    );
    let page: LogPage = serde_json::from_slice(
        &rig.by(Role::Viewer, ask("GET", "/api/v1/log?limit=2"))
            .await
            .body,
    )
    .unwrap();
    assert_eq!(
        page.entries
            .iter()
            .map(|entry| entry.id)
            .collect::<Vec<_>>(),
        [5, 4]
    );
    assert_eq!(page.next, Some(4));
}

#[tokio::test]
async fn a_setup_is_taken_as_a_whole_or_not_at_all() {
    let rig = Rig::start().await;
    let before: Setup =
        serde_json::from_slice(&rig.by(Role::Viewer, ask("GET", "/api/v1/setup")).await.body)
            .unwrap();
    let mut bad = serde_json::to_value(&before).unwrap();
    bad["limits"][0]["lower"] = json!(1.0);
    bad["sensors"][0]["sensor"] = json!("p9");
    assert_eq!(
        rig.by(Role::Engineer, ask("PUT", "/api/v1/setup").json(&bad))
            .await
            .status,
        422
    );
    bad["limits"][0]["lower"] = json!(null);
    assert_eq!(
        rig.by(Role::Engineer, ask("PUT", "/api/v1/setup").json(&bad))
            .await
            .status,
        422
    );
    let after: Setup =
        serde_json::from_slice(&rig.by(Role::Viewer, ask("GET", "/api/v1/setup")).await.body)
            .unwrap();
    assert_eq!(after, before);
    let mut good = bad;
    good["sensors"][0]["sensor"] = json!("p2");
    let changed: Setup = serde_json::from_slice(
        &rig.by(Role::Engineer, ask("PUT", "/api/v1/setup").json(&good))
            .await
            .body,
    )
    .unwrap();
    assert!(changed.restart_needed);
    assert_eq!(changed.sensors[0].sensor.as_deref(), Some("p2"));
}

#[tokio::test]
async fn a_release_comes_in_as_zip_or_tar() {
    let rig = Rig::start().await;
    let model = |name: &str| format!("name = \"{name}\"\n");
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "plate-ps-002/model.toml",
        zip::write::SimpleFileOptions::default(),
    )
    .unwrap();
    zip.write_all(model("plate-ps-002").as_bytes()).unwrap();
    let zipped = zip.finish().unwrap().into_inner();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let text = model("plate-ps-003");
    header.set_size(text.len() as u64);
    header.set_cksum();
    tar.append_data(&mut header, "model.toml", text.as_bytes())
        .unwrap();
    let tarred = tar.into_inner().unwrap();

    let send = async |bytes: &[u8]| {
        let (kind, body) = form(&[], Some(("release", bytes)));
        rig.by(
            Role::Engineer,
            ask("POST", "/api/v1/releases").bytes(&kind, body),
        )
        .await
    };
    for (bytes, name) in [(&zipped, "plate-ps-002"), (&tarred, "plate-ps-003")] {
        let reply = send(bytes).await;
        assert_eq!(
            (reply.status, reply.json()["name"].as_str()),
            (201, Some(name))
        );
    }
    assert_eq!(send(&zipped).await.status, 409);
    assert_eq!(send(b"neither of them").await.status, 422);
    let setup: Setup =
        serde_json::from_slice(&rig.by(Role::Viewer, ask("GET", "/api/v1/setup")).await.body)
            .unwrap();
    assert_eq!(setup.releases.len(), 4);
}

#[tokio::test]
async fn an_export_is_a_zip_that_opens() {
    let rig = Rig::start().await;
    let reply = rig
        .by(
            Role::Engineer,
            ask("GET", "/api/v1/export?from=10&to=12&format=csv"),
        )
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/zip")
    );
    assert_eq!(
        reply.header("content-disposition"),
        "attachment; filename=\"moldsight-10-12.zip\""
    );
    let mut zip = zip::ZipArchive::new(Cursor::new(reply.body)).unwrap();
    let mut table = String::new();
    zip.by_name("shots.csv")
        .unwrap()
        .read_to_string(&mut table)
        .unwrap();
    assert_eq!(table.lines().count(), 4);
    for (query, status) in [
        ("from=2&to=1&format=csv", 422),
        ("from=1&to=99999&format=csv", 422),
        ("from=1&to=2&format=xls", 400),
        ("from=1&to=2&format=parquet", 409),
    ] {
        assert_eq!(
            rig.by(
                Role::Engineer,
                ask("GET", &format!("/api/v1/export?{query}"))
            )
            .await
            .status,
            status,
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_was_changed_stands_in_the_audit_with_its_author() {
    let rig = Rig::start().await;
    rig.by(
        Role::Operator,
        ask("PUT", "/api/v1/shots/3/labels").json(&json!({"name": "w_g", "value": 1.5})),
    )
    .await;
    rig.by(Role::Engineer, ask("PUT", "/api/v1/reference/3"))
        .await;
    let reply = rig
        .by(Role::Engineer, ask("GET", "/api/v1/audit?limit=2"))
        .await
        .json();
    assert_eq!(reply["chain_ok"], true);
    let said: Vec<_> = reply["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {}", line["user"], line["detail"]))
        .collect();
    assert_eq!(
        said,
        [
            "\"token:engineer\" \"shot 3\"",
            "\"token:operator\" \"shot 3: w_g = 1.5\""
        ]
    );
}

//! Figures for Prometheus.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use appliance_web::view::Role;

use crate::rig::{Client, Rig, ask};
use crate::station::Memory;

async fn rig_with_metrics() -> Rig {
    let memory = Memory::new();
    let live = memory.clone().publish(Duration::from_millis(66)).await;
    Rig::start_with(memory, live, |settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().unwrap())
    })
    .await
}

#[tokio::test]
async fn metrics_are_open_on_their_own_address_and_need_a_token_elsewhere() {
    let rig = rig_with_metrics().await;
    let address = rig.metrics.unwrap();
    let open = Client::connect(address)
        .await
        .send(ask("GET", "/metrics"))
        .await;
    assert_eq!(
        (open.status, open.header("content-type")),
        (200, "text/plain; version=0.0.4")
    );
    assert_eq!(
        Client::connect(address)
            .await
            .send(ask("GET", "/api/v1/mold"))
            .await
            .status,
        404
    );
    assert_eq!(rig.send(ask("GET", "/metrics")).await.status, 401);
    assert_eq!(
        rig.by(Role::Viewer, ask("GET", "/metrics")).await.status,
        200
    );
}

#[tokio::test]
async fn names_follow_the_rules_and_no_label_grows_with_the_shots() {
    let rig = rig_with_metrics().await;
    let reply = rig.by(Role::Viewer, ask("GET", "/metrics")).await;
    let text = String::from_utf8(reply.body).unwrap();
    let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(samples.len() > 40, "{text}");
    assert!(
        samples
            .iter()
            .all(|line| line.starts_with("moldsight_") && !line.contains("shot=")),
        "{text}"
    );
    for name in [
        "moldsight_cavity_pressure_pascals{sensor=\"p1\",source=\"measured\"}",
        "moldsight_trust{state=\"trusted\"}",
        "moldsight_tick_seconds{statistic=\"p99\"} 0.000092",
        "moldsight_node_frames_total{node=\"node-1\"}",
        "moldsight_records_budget_bytes 20000000000",
        "moldsight_guard{state=\"waiting\"} 1",
        "moldsight_press_writes_total 0",
        "moldsight_press_refusals_total{rule=\"hourly_movement\"} 2",
        "moldsight_press_connected 1",
        "moldsight_press_data_age_seconds 0.4",
    ] {
        assert!(
            samples.iter().any(|line| line.starts_with(name)),
            "{name} is missing:\n{text}"
        );
    }

    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!("promtool is not here (package prometheus): its part of this test was left out");
        return;
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let said = promtool.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].concat();
    assert!(
        said.status.success() && words.is_empty(),
        "{}",
        String::from_utf8_lossy(&words)
    );
}

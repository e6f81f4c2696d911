//! The box itself.

use super::sheet::Sheet;
use crate::error::WebError;
use crate::view::{Health, Severity};

/// Nodes, disk, tick, problems.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a disk fit a double to a kilobyte"
)]
pub(super) fn write(sheet: &Sheet, health: &Health) -> Result<(), WebError> {
    let versions = &health.versions;
    let info = sheet.gauges(
        "moldsight_build_info",
        "Version, commit and release; always 1",
        &["version", "commit", "release"],
    )?;
    info.with_label_values(&[
        &versions.moldsight,
        &versions.commit,
        versions.release.as_deref().unwrap_or(""),
    ])
    .set(1.0);
    sheet.gauge(
        "moldsight_uptime_seconds",
        "Time since start",
        health.uptime_s,
    )?;

    let problems = sheet.gauges(
        "moldsight_problems",
        "Things to do by severity",
        &["severity"],
    )?;
    for (word, severity) in [
        ("note", Severity::Note),
        ("warning", Severity::Warning),
        ("fault", Severity::Fault),
    ] {
        let count = health
            .problems
            .iter()
            .filter(|problem| problem.severity == severity)
            .count();
        problems.with_label_values(&[word]).set(count as f64);
    }

    let connected = sheet.gauges(
        "moldsight_node_connected",
        "1 while frames arrive",
        &["node"],
    )?;
    let frames = sheet.counters("moldsight_node_frames_total", "Frames received", &["node"])?;
    let gaps = sheet.counters(
        "moldsight_node_sequence_gaps_total",
        "Gaps in the sequence of frames",
        &["node"],
    )?;
    let damaged = sheet.counters(
        "moldsight_node_damaged_frames_total",
        "Frames with a wrong checksum",
        &["node"],
    )?;
    let rate = sheet.gauges(
        "moldsight_channel_samples_per_second",
        "Samples a second, measured",
        &["node", "channel"],
    )?;
    for node in &health.nodes {
        connected
            .with_label_values(&[&node.id])
            .set(f64::from(u8::from(node.connected)));
        frames.with_label_values(&[&node.id]).inc_by(node.frames);
        gaps.with_label_values(&[&node.id]).inc_by(node.gaps);
        damaged.with_label_values(&[&node.id]).inc_by(node.damaged);
        for channel in &node.channels {
            rate.with_label_values(&[&node.id, &channel.name])
                .set(channel.rate_hz);
        }
    }

    if let Some(clock) = &health.clock {
        sheet.gauge(
            "moldsight_node_clock_drift_ratio",
            "Drift of the node clock against the box",
            clock.drift_ppm * 1e-6,
        )?;
        sheet.gauge(
            "moldsight_time_stamp_deviation_seconds",
            "Uncertainty of a time stamp",
            clock.uncertainty_s,
        )?;
    }
    if let Some(disk) = &health.disk {
        sheet.gauge(
            "moldsight_disk_free_bytes",
            "Free on the disk of the records",
            disk.free_bytes as f64,
        )?;
        sheet.gauge(
            "moldsight_records_bytes",
            "Size of the records",
            disk.used_bytes as f64,
        )?;
        sheet.gauge(
            "moldsight_records_budget_bytes",
            "Size the records may have",
            disk.budget_bytes as f64,
        )?;
        sheet.gauge(
            "moldsight_recording",
            "1 while everything is recorded",
            f64::from(u8::from(disk.state == "recording")),
        )?;
        sheet.counter(
            "moldsight_records_dropped_samples_total",
            "Samples the recorder had to drop",
            disk.dropped,
        )?;
    }

    let tick = &health.tick;
    let cpu = sheet.gauges(
        "moldsight_tick_seconds",
        "Processor time of a tick",
        &["statistic"],
    )?;
    cpu.with_label_values(&["mean"]).set(tick.mean_s);
    cpu.with_label_values(&["p99"]).set(tick.p99_s);
    sheet.gauge("moldsight_ticks_per_second", "Ticks a second", tick.rate_hz)?;
    sheet.counter(
        "moldsight_late_samples_total",
        "Samples that came too late to be used live",
        tick.late,
    )
}

//! Figures for Prometheus: base units, names that say them, and no label that grows with the shots.
//!
//! What the box knows already stands in its views ([`Health`], [`LiveSnapshot`]), so it is written
//! from them when somebody asks, and nothing on the way of a sample counts for this.

use std::sync::Arc;

use axum::http::StatusCode;
use prometheus::{
    Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::WebError;
use crate::view::{Health, LiveSnapshot, Mode, MoldView, SensorKind, Severity, TrustState};

/// What the web side counts itself, beside what others registered.
pub(crate) struct WebMetrics {
    others: Registry,
    own: Registry,
    answers: IntCounterVec,
    logins: IntCounterVec,
    streams: IntGauge,
}

/// Held by a stream while it is open.
pub(crate) struct StreamGauge(IntGauge);

impl Drop for StreamGauge {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl WebMetrics {
    /// `others`: what the daemon counts; written along.
    pub(crate) fn new(others: Registry) -> Result<Arc<Self>, WebError> {
        let own = Registry::new();
        let answers = IntCounterVec::new(
            Opts::new("moldsight_http_answers_total", "Answers by class of status"),
            &["class"],
        )?;
        let logins = IntCounterVec::new(
            Opts::new("moldsight_logins_total", "Tries to log in by result"),
            &["result"],
        )?;
        let streams = IntGauge::new("moldsight_live_streams", "Live streams open")?;
        own.register(Box::new(answers.clone()))?;
        own.register(Box::new(logins.clone()))?;
        own.register(Box::new(streams.clone()))?;
        for result in ["ok", "wrong", "locked", "busy"] {
            logins.with_label_values(&[result]);
        }
        Ok(Arc::new(Self {
            others,
            own,
            answers,
            logins,
            streams,
        }))
    }

    /// Counts a login.
    pub(crate) fn login(&self, result: &'static str) {
        self.logins.with_label_values(&[result]).inc();
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class =
            ["1xx", "2xx", "3xx", "4xx", "5xx"][usize::from(status.as_u16() / 100).clamp(1, 5) - 1];
        self.answers.with_label_values(&[class]).inc();
    }

    /// Counts a stream until the gauge is dropped.
    pub(crate) fn stream(&self) -> StreamGauge {
        self.streams.inc();
        StreamGauge(self.streams.clone())
    }

    /// Everything, in the text format.
    pub(crate) fn text(
        &self,
        mold: &MoldView,
        health: &Health,
        live: &LiveSnapshot,
    ) -> Result<String, WebError> {
        let now = Sheet::default();
        machine(&now, health)?;
        process(&now, mold, live)?;
        let mut families = now.0.gather();
        families.extend(self.own.gather());
        families.extend(self.others.gather());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(TextEncoder::new().encode_to_string(&families)?)
    }
}

/// Figures of one moment.
#[derive(Default)]
struct Sheet(Registry);

impl Sheet {
    fn gauge(&self, name: &str, help: &str, value: f64) -> Result<(), WebError> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        Ok(self.0.register(Box::new(gauge))?)
    }

    fn counter(&self, name: &str, help: &str, value: u64) -> Result<(), WebError> {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        Ok(self.0.register(Box::new(counter))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, WebError> {
        let gauges = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, WebError> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    /// One gauge a word, 1 for the one that holds.
    fn state(
        &self,
        name: &str,
        help: &str,
        label: &str,
        words: &[(&str, bool)],
    ) -> Result<(), WebError> {
        let gauges = self.gauges(name, help, &[label])?;
        for (word, holds) in words {
            gauges
                .with_label_values(&[*word])
                .set(f64::from(u8::from(*holds)));
        }
        Ok(())
    }
}

/// Nodes, disk, tick, problems.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a disk fit a double to a kilobyte"
)]
fn machine(sheet: &Sheet, health: &Health) -> Result<(), WebError> {
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

/// Shot, trust, sensors.
#[expect(
    clippy::cast_precision_loss,
    reason = "a shot number stays far below 2^53"
)]
fn process(sheet: &Sheet, mold: &MoldView, live: &LiveSnapshot) -> Result<(), WebError> {
    sheet.gauge(
        "moldsight_shot_number",
        "Number of the running or last shot",
        live.shot as f64,
    )?;
    sheet.gauge(
        "moldsight_filled_ratio",
        "Filled share of the mold",
        live.filled,
    )?;
    sheet.gauge(
        "moldsight_frozen_ratio",
        "Frozen share of the gap",
        live.frozen,
    )?;
    let trust = live.trust.state;
    sheet.state(
        "moldsight_trust",
        "1 for the trust state that holds",
        "state",
        &[
            ("learning", trust == TrustState::Learning),
            ("trusted", trust == TrustState::Trusted),
            ("watch", trust == TrustState::Watch),
            ("not_trusted", trust == TrustState::NotTrusted),
        ],
    )?;
    sheet.state(
        "moldsight_mode",
        "1 for the mode that holds",
        "mode",
        &[
            ("observe", live.mode == Mode::Observe),
            ("advise", live.mode == Mode::Advise),
            ("correct", live.mode == Mode::Correct),
        ],
    )?;

    let labels = &["sensor", "source"];
    let pressure = sheet.gauges(
        "moldsight_cavity_pressure_pascals",
        "Cavity pressure, measured and estimated",
        labels,
    )?;
    let pressure_sd = sheet.gauges(
        "moldsight_cavity_pressure_deviation_pascals",
        "Standard deviation of the estimate",
        &["sensor"],
    )?;
    let temperature = sheet.gauges(
        "moldsight_mold_temperature_celsius",
        "Temperature at the sensor, measured and estimated",
        labels,
    )?;
    let temperature_sd = sheet.gauges(
        "moldsight_mold_temperature_deviation_celsius",
        "Standard deviation of the estimate",
        &["sensor"],
    )?;
    let age = sheet.gauges(
        "moldsight_reading_age_seconds",
        "Age of measurement and estimate",
        &["sensor"],
    )?;
    for reading in &live.readings {
        let name = reading.sensor.as_str();
        let Some(sensor) = mold.sensors.iter().find(|sensor| sensor.name == name) else {
            continue;
        };
        let (value, sd, zero) = match sensor.kind {
            SensorKind::Pressure => (&pressure, &pressure_sd, 0.0),
            SensorKind::Temperature => (&temperature, &temperature_sd, 273.15),
        };
        for (source, known) in [
            ("measured", reading.measured),
            ("estimated", reading.estimate),
        ] {
            if let Some(known) = known {
                value.with_label_values(&[name, source]).set(known - zero);
            }
        }
        if let Some(known) = reading.sd {
            sd.with_label_values(&[name]).set(known);
        }
        age.with_label_values(&[name]).set(reading.age_s);
    }
    Ok(())
}

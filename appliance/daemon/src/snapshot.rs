//! What the Live page is sent.

use std::sync::Arc;

use appliance_pipeline::ensemble::Refusal;
use appliance_pipeline::estimate::Source;
use appliance_pipeline::phase::CyclePhase;
use appliance_web::view;
use firmware_wire::PartVerdict;
use tokio::sync::watch;

use crate::brain::{SharedBrain, with};
use crate::press::Desk;
use crate::shared::Shared;

/// Age after which a value is stale, s.
const STALE_S: f64 = 0.5;
/// Age after which nothing on the page may be trusted: no samples arrive, s.
const SILENT_S: f64 = 1.0;

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    appliance_recorder::WallTime::now().ms()
}

/// What does not change while the box runs.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// What the people here call the press.
    pub press: String,
    /// Name of the mold.
    pub mold: String,
    /// Material card.
    pub material: String,
    /// Names of the mold's sensors.
    pub sensors: Vec<String>,
    /// Instant box time counts from.
    pub start: std::time::Instant,
}

/// A snapshot of now.
pub fn take(
    fixed: &Fixed,
    shared: &Shared,
    brain: &SharedBrain,
    desk: Option<&Desk>,
    sequence: u64,
) -> view::LiveSnapshot {
    let p = shared.read();
    let e = &p.estimate;
    let age = if e.time_s.is_finite() {
        (fixed.start.elapsed().as_secs_f64() - e.time_s).max(0.0)
    } else {
        f64::INFINITY
    };
    let finite = |v: f64| v.is_finite().then_some(v);
    let readings = fixed.sensors.iter().enumerate().map(|(i, name)| {
        let stale = age > STALE_S;
        let estimate = finite(e.value[i]).filter(|_| finite(e.sd[i]).is_some());
        let missing = match (&e.refused, estimate) {
            _ if !age.is_finite() => Some("missing.starting"),
            _ if stale && e.measured[i].is_finite() => Some("missing.sensor_silent"),
            _ if stale => Some("missing.no_estimate"),
            (Some(Refusal::DriveMissing), None) => Some("missing.sensor_silent"),
            (Some(Refusal::PressureRange | Refusal::TooLong), None) => Some("missing.out_of_range"),
            (Some(_), None) => Some("missing.no_estimate"),
            _ => None,
        };
        view::Reading {
            sensor: name.clone(),
            measured: finite(e.measured[i]),
            estimate,
            sd: estimate.and(finite(e.sd[i])),
            age_s: if age.is_finite() { age } else { -1.0 },
            missing: missing.map(str::to_owned),
        }
    });
    let silent = age.is_finite() && age > SILENT_S;
    let nodes = p.field.nodes;
    let list = |values: &[f32]| Some(values[..nodes].to_vec());
    let readings = readings.collect();
    let mode = desk.map_or(view::Mode::Observe, Desk::mode);
    let (advice, guard, press) = match desk.map(Desk::live) {
        Some((advice, guard, press)) => (advice, Some(guard), Some(press)),
        None => (Vec::new(), None, None),
    };
    with(brain, |b| view::LiveSnapshot {
        sequence,
        wall_ms: now_ms(),
        shot: p.record_shot,
        kind: b.kind,
        phase: match e.phase {
            CyclePhase::Idle => view::Phase::Idle,
            CyclePhase::Fill => view::Phase::Fill,
            CyclePhase::Hold => view::Phase::Hold,
            CyclePhase::Cool => view::Phase::Cool,
        },
        shot_time_s: e.shot_time_s,
        cycle_s: b.cycle_s,
        press_name: fixed.press.clone(),
        mold: fixed.mold.clone(),
        material: fixed.material.clone(),
        lot: b.lot.clone(),
        trust: if silent {
            view::Trust {
                state: view::TrustState::NotTrusted,
                reason: "trust.no_samples".into(),
                subject: None,
                since_shot: p.record_shot,
            }
        } else {
            b.trust.clone()
        },
        mode,
        source: match e.source {
            Source::Network => view::Source::Network,
            Source::Witness => view::Source::Witness,
        },
        readings,
        filled: e.filled,
        frozen: e.frozen,
        node_pressure_pa: list(&p.field.pressure_pa),
        node_temperature_k: list(&p.field.temperature_k),
        node_frozen: list(&p.field.frozen),
        node_filled: list(&p.field.filled),
        forecast: Some(b.forecast.clone()),
        last_verdict: b.verdict,
        verdict_reason: b.verdict_reason.clone(),
        // What the lines show is as old as everything else from the node.
        output: p.output.filter(|_| !silent).map(|v| match v {
            PartVerdict::Good => view::Verdict::Good,
            PartVerdict::Reject => view::Verdict::Reject,
            PartVerdict::Uncertain => view::Verdict::Uncertain,
        }),
        transfer: p.transfer.clone(),
        quality: b.quality.clone(),
        indicators: b.indicators.clone(),
        advice,
        guard,
        press,
    })
}

/// Publishes fifteen snapshots a second until nobody can listen any more.
pub async fn publish(
    fixed: Fixed,
    shared: Arc<Shared>,
    brain: SharedBrain,
    desk: Option<Arc<Desk>>,
    to: watch::Sender<Arc<view::LiveSnapshot>>,
) {
    let mut every = tokio::time::interval(std::time::Duration::from_millis(66));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for sequence in 1.. {
        every.tick().await;
        let snapshot = take(&fixed, &shared, &brain, desk.as_deref(), sequence);
        if to.send(Arc::new(snapshot)).is_err() {
            return;
        }
    }
}

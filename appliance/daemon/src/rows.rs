//! Rows of the records as the pages show them.

use appliance_pipeline::quality::DIMENSION;
use appliance_pipeline::setup::ATMOSPHERE_PA;
use appliance_recorder::{
    Curve, EntryKind, EntryRow, EventRow, LabelRow, ShotCurves, ShotKind, ShotRow, TrendOf, Verdict,
};
use appliance_web::station::photo_address;
use appliance_web::view;
use models_physics::latents::LATENTS;
use models_units::Temperature;

use crate::config::{Config, PREDICTIONS, unit_of};
use crate::context;
use crate::quality::{self, is_feature};
use crate::transfer;

/// Features as pages call them, as records call them, and their unit.
const FEATURES: [(&str, &str, &str); 4] = [
    ("fill_time", "fill_time_s", "s"),
    ("cycle", "cycle_time_s", "s"),
    ("peak_pressure", "peak_pressure_pa", "Pa"),
    ("pressure_integral", "pressure_integral_pa_s", "Pa s"),
];

/// Where a trend's numbers stand: kind, name in the records, unit.
pub fn feature(name: &str) -> (TrendOf, String, &'static str) {
    if PREDICTIONS.iter().any(|p| p.0 == name) || name.starts_with(DIMENSION) {
        return (TrendOf::Quality, name.into(), unit_of(name).unwrap_or(""));
    }
    if let Some((_, kept, unit)) = FEATURES.iter().find(|f| f.0 == name || f.1 == name) {
        return (TrendOf::Feature, (*kept).into(), unit);
    }
    let latent = name.strip_prefix("latent.").unwrap_or(name);
    if let Some(l) = LATENTS.iter().find(|l| l.name == latent) {
        return (TrendOf::Latent, latent.into(), l.unit);
    }
    match name {
        n if n.ends_with("_pa") => (TrendOf::Feature, name.into(), "Pa"),
        "surprise" | "witness_error" => (TrendOf::Feature, name.into(), "1"),
        n if n.ends_with("_g") => (TrendOf::Label, name.into(), "g"),
        n if n.ends_with("_mm") => (TrendOf::Label, name.into(), "mm"),
        _ => (TrendOf::Label, name.into(), ""),
    }
}

/// As records write it.
pub fn verdict_to(v: view::Verdict) -> Verdict {
    match v {
        view::Verdict::Good => Verdict::Good,
        view::Verdict::Reject => Verdict::Reject,
        view::Verdict::Uncertain => Verdict::Uncertain,
    }
}

/// A line of the table.
pub fn shot(
    s: &ShotRow,
    labels: &[LabelRow],
    limits: impl Fn(&str) -> [Option<f64>; 2],
) -> view::ShotRow {
    let trust = match s.trust.as_str() {
        "trusted" => view::TrustState::Trusted,
        "watch" => view::TrustState::Watch,
        "not_trusted" => view::TrustState::NotTrusted,
        _ => view::TrustState::Learning,
    };
    let kind = match s.kind {
        _ if s.interrupted.is_some() => view::ShotKind::Broken,
        ShotKind::Production => view::ShotKind::Production,
        ShotKind::Purge => view::ShotKind::Purge,
        ShotKind::StartUp => view::ShotKind::StartUp,
        ShotKind::Idle => view::ShotKind::Idle,
        ShotKind::Unknown => view::ShotKind::Broken,
    };
    let indicators = s.features.iter().filter_map(|(k, v)| {
        Some(view::Indicator {
            name: k.strip_suffix("_probability")?.into(),
            probability: *v,
        })
    });
    let predicted = s.quality.iter().filter(|(name, _)| is_feature(name));
    let quality = predicted.map(|(name, q)| view::QualityLine {
        name: name.clone(),
        value: q.value,
        sd: q.sd,
        unit: unit_of(name).unwrap_or("").into(),
        limits: limits(name),
    });
    let reason = s.notes.get(quality::REASON);
    let named = |k: &str| {
        FEATURES
            .iter()
            .find(|f| f.1 == k)
            .map_or(k, |f| f.0)
            .to_owned()
    };
    view::ShotRow {
        shot: s.number,
        started_ms: s.began.ms(),
        mold: s.mold.clone(),
        lot: (!s.lot.is_empty()).then(|| s.lot.clone()),
        kind,
        trust,
        verdict: match s.verdict {
            Verdict::Good => Some(view::Verdict::Good),
            Verdict::Reject => Some(view::Verdict::Reject),
            Verdict::Uncertain => Some(view::Verdict::Uncertain),
            Verdict::None => None,
        },
        verdict_reason: reason.and_then(|text| serde_json::from_str(text).ok()),
        quality: quality.collect(),
        taught: quality::taught(s),
        indicators: indicators.collect(),
        features: s
            .features
            .iter()
            .filter(|(k, _)| is_feature(k))
            .map(|(k, v)| (named(k), *v))
            .collect(),
        labels: labels
            .iter()
            .filter(|l| l.shot == s.number)
            .map(|l| (l.name.clone(), l.value))
            .collect(),
        lost: s.lost_samples + s.lost_blocks,
    }
}

/// One shot opened: measured channels are shown with the sensor they feed, in SI units.
pub fn detail(
    row: view::ShotRow,
    curves: &ShotCurves,
    events: &[EventRow],
    mold: &view::MoldView,
    config: &Config,
) -> view::ShotDetail {
    let channels: Vec<_> = config.nodes.iter().flat_map(|n| &n.channels).collect();
    let lines = mold.sensors.iter().filter_map(|s| {
        let estimate = curves.estimated.iter().find(|c| c.name == s.name);
        let channel = channels.iter().find(|c| c.sensor.as_ref() == Some(&s.name));
        let measured = channel.and_then(|ch| curves.measured.iter().find(|c| c.name == ch.name));
        curve(&s.name, measured, estimate)
    });
    view::ShotDetail {
        press: context::pressed(&curves.shot),
        actions: context::actions(&curves.shot),
        transfer: transfer_of(&curves.shot),
        row,
        curves: lines.collect(),
        phases: curves
            .shot
            .phases
            .iter()
            .map(|p| (p.name.clone(), p.at_s))
            .collect(),
        events: events
            .iter()
            .map(|e| view::ShotEvent {
                after_s: (e.at.ms() - curves.shot.began.ms()) as f64 * 1e-3,
                kind: e.kind.clone(),
                source: e.source.clone(),
                text: e.text.clone(),
            })
            .collect(),
        latents: curves
            .shot
            .latents
            .iter()
            .map(|(name, u)| {
                let unit = LATENTS
                    .iter()
                    .find(|l| l.name == name)
                    .map_or("", |l| l.unit);
                (name.clone(), u.value, u.sd, unit.to_owned())
            })
            .collect(),
    }
}

/// What became of a transfer, as the tick noted it.
fn transfer_of(shot: &ShotRow) -> Option<view::TransferNow> {
    serde_json::from_str(shot.notes.get(transfer::NOTE)?).ok()
}

/// Measured and estimated on one list of times.
fn curve(sensor: &str, measured: Option<&Curve>, estimate: Option<&Curve>) -> Option<view::Curve> {
    let single = |v: &Option<f64>| v.map(|v| v as f32);
    let si = |v: &Option<f64>, unit: &str| {
        v.map(|v| match unit {
            "MPa" | "megapascal" => (v * 1e6 + ATMOSPHERE_PA) as f32,
            "C" | "celsius" => Temperature::from_celsius(v).k() as f32,
            _ => v as f32,
        })
    };
    let times = &estimate.or(measured)?.time_s;
    let at = |c: &Curve, t: f64| -> Option<f64> {
        let k = c.time_s.partition_point(|x| *x < t);
        if k == 0 || k == c.time_s.len() {
            return None;
        }
        let (a, b) = (c.value[k - 1]?, c.value[k]?);
        let w = (t - c.time_s[k - 1]) / (c.time_s[k] - c.time_s[k - 1]).max(1e-9);
        Some(a + w * (b - a))
    };
    Some(view::Curve {
        sensor: sensor.into(),
        time_s: times.iter().map(|t| *t as f32).collect(),
        measured: times
            .iter()
            .map(|t| measured.and_then(|m| si(&at(m, *t), &m.unit)))
            .collect(),
        estimate: estimate.map_or_else(
            || vec![None; times.len()],
            |e| e.value.iter().map(single).collect(),
        ),
        sd: estimate.map_or_else(
            || vec![None; times.len()],
            |e| e.sd.iter().map(single).collect(),
        ),
    })
}

/// A line of the log.
pub fn entry(e: &EntryRow) -> view::LogEntry {
    let id = u64::try_from(e.id).unwrap_or(0);
    let text = |key: &str| e.form.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    view::LogEntry {
        id,
        wall_ms: e.at.ms(),
        user: e.who.clone(),
        kind: match e.kind {
            EntryKind::Lot => view::LogKind::Lot,
            EntryKind::Action => view::LogKind::Action,
            EntryKind::Defect => view::LogKind::Defect,
            EntryKind::Note => view::LogKind::Note,
        },
        text: e.text.clone(),
        lot: text("lot"),
        defect: text("defect"),
        shot: e.shot,
        photo: e.photo.is_some().then(|| photo_address(id)),
    }
}

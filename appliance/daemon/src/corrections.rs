//! What the pages ask about corrections: the desk of the press where there is one, the truth where there is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use appliance_pipeline::guard::Mode;
use appliance_press::opcua::Pin;
use appliance_recorder::RecorderError;
use appliance_web::station::{Answer, PageQuery, StationError};
use appliance_web::view;

use crate::config::{PREDICTIONS, TargetConfig};
use crate::press::{Desk, record, show};
use crate::station::BoxStation;

/// Why nothing of it can be done.
pub fn no_press() -> StationError {
    StationError::Conflict {
        key: "no_press_port",
        reason: "no press port is configured: the box can only observe".into(),
    }
}

fn gone() -> StationError {
    StationError::Conflict {
        key: "advice_gone",
        reason: "this advice no longer waits".into(),
    }
}

fn forbidden(rules: &[view::RuleLine]) -> StationError {
    StationError::Conflict {
        key: "guard_forbids",
        reason: format!("the guard does not allow it now: {}", show::in_words(rules)),
    }
}

fn desk(station: &BoxStation) -> Answer<&Desk> {
    station.desk.as_deref().ok_or_else(no_press)
}

fn failed(source: RecorderError) -> StationError {
    match source {
        RecorderError::NoDecision(_) => StationError::NotFound("correction"),
        other if other.is_disk() => StationError::Unavailable {
            key: "error.disk",
            reason: format!("reading decisions: {other}"),
        },
        other => StationError::Failed {
            attempted: "reading decisions",
            source: Box::new(other),
        },
    }
}

fn unreadable(source: serde_json::Error) -> StationError {
    StationError::Failed {
        attempted: "reading a decision",
        source: Box::new(source),
    }
}

/// How things stand.
pub fn now(station: &BoxStation) -> Answer<view::CorrectionNow> {
    let Some(desk) = &station.desk else {
        let up_ms = i64::try_from(station.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        return Ok(without_press(
            crate::snapshot::now_ms().saturating_sub(up_ms),
        ));
    };
    let mut now = desk.now();
    if let Some(row) = desk.waiting() {
        now.advice = Some(decision(station, row)?);
    }
    Ok(now)
}

fn decision(station: &BoxStation, row: i64) -> Answer<view::Decision> {
    let waiting = station.desk.as_ref().and_then(|d| d.waiting());
    let found = station.recorder.book().correction(row).map_err(failed)?;
    record::shown(&found, waiting).map_err(unreadable)
}

/// One decision.
pub fn one(station: &BoxStation, id: u64) -> Answer<view::Decision> {
    decision(station, i64::try_from(id).unwrap_or(i64::MAX))
}

/// Decisions, newest first.
pub fn page(station: &BoxStation, query: PageQuery) -> Answer<view::DecisionPage> {
    let before = query.before.map(|b| i64::try_from(b).unwrap_or(i64::MAX));
    let waiting = station.desk.as_ref().and_then(|d| d.waiting());
    let rows = station
        .recorder
        .book()
        .corrections(before, query.limit)
        .map_err(failed)?;
    let next = (rows.len() == query.limit)
        .then(|| rows.last().and_then(|r| u64::try_from(r.id).ok()))
        .flatten();
    let decisions = rows.iter().map(|r| record::shown(r, waiting));
    Ok(view::DecisionPage {
        decisions: decisions.collect::<Result<_, _>>().map_err(unreadable)?,
        next,
    })
}

/// A person agrees.
pub fn confirm(station: &BoxStation, user: &str, id: u64) -> Answer<view::Decision> {
    let row = i64::try_from(id).unwrap_or(i64::MAX);
    desk(station)?.confirm(user, row).map_err(|rules| {
        if rules.is_empty() {
            gone()
        } else {
            forbidden(&rules)
        }
    })?;
    one(station, id)
}

/// A person does not.
pub fn decline(station: &BoxStation, user: &str, id: u64, reason: &str) -> Answer<view::Decision> {
    let row = i64::try_from(id).unwrap_or(i64::MAX);
    if !desk(station)?.decline(user, row, reason) {
        return Err(gone());
    }
    one(station, id)
}

/// An engineer puts the box on the press again, in the mode it was in.
pub fn arm(station: &BoxStation) -> Answer<()> {
    let desk = desk(station)?;
    desk.arm(desk.arms_to()).map_err(|rules| forbidden(&rules))
}

/// A person accepts what somebody changed at the press.
pub fn accept_edit(station: &BoxStation) -> Answer<()> {
    if desk(station)?.accept_edit() {
        return Ok(());
    }
    Err(StationError::Conflict {
        key: "no_edit",
        reason: "no change at the press waits to be accepted".into(),
    })
}

/// What the box may do now.
pub fn mode(station: &BoxStation) -> view::Mode {
    station
        .desk
        .as_ref()
        .map_or(view::Mode::Observe, |d| d.mode())
}

/// Another mode; an engineer asked where it gives the box more influence.
pub fn set_mode(station: &BoxStation, mode: view::Mode) -> Answer<()> {
    let wanted = match mode {
        view::Mode::Observe => {
            if let Some(desk) = &station.desk {
                desk.observe();
            }
            return Ok(());
        }
        view::Mode::Advise => Mode::Advise,
        view::Mode::Correct => Mode::Correct,
    };
    desk(station)?
        .arm(wanted)
        .map_err(|rules| forbidden(&rules))
}

/// What was agreed about the press.
pub fn press(station: &BoxStation) -> view::PressSetup {
    station
        .desk
        .as_ref()
        .map_or_else(no_agreement, |d| d.agreed())
}

/// Pins the press to the certificate it shows.
pub fn pin(station: &BoxStation, thumbprint: &str) -> Answer<view::PressSetup> {
    let desk = desk(station)?;
    let tidy = |text: &str| text.replace([':', ' '], "").to_lowercase();
    let shows = desk.shown_certificate();
    if shows.as_deref().map(tidy) != Some(tidy(thumbprint)) {
        return Err(StationError::Conflict {
            key: "other_certificate",
            reason: "this is not the certificate the press showed last".into(),
        });
    }
    Pin::confirm(desk.folder(), thumbprint).map_err(|source| StationError::Failed {
        attempted: "keeping the thumbprint",
        source: Box::new(source),
    })?;
    Ok(desk.agreed())
}

/// How things stand without a press.
fn without_press(since_ms: i64) -> view::CorrectionNow {
    view::CorrectionNow {
        mode: view::Mode::Observe,
        arms_to: None,
        guard: view::GuardLine {
            state: "none".into(),
            reason: "guard.no_press".into(),
            subject: None,
            since_ms,
        },
        rules: Vec::new(),
        advice: None,
        setpoints: Vec::new(),
        press: view::PressLink {
            protocol: "none".into(),
            state: "none".into(),
            address: None,
            connected_ms: None,
            age_s: None,
            cycle: None,
            operating_mode: "unknown".into(),
            released: None,
            frozen: None,
            heartbeat_age_s: None,
            refusal: None,
        },
        counts: view::CorrectionCounts::default(),
    }
}

/// What was agreed about no press.
fn no_agreement() -> view::PressSetup {
    view::PressSetup {
        profile: None,
        protocol: "none".into(),
        address: None,
        security: None,
        writes: Vec::new(),
        restores: false,
        heartbeat: false,
        thumbprint_seen: None,
        thumbprint_pinned: None,
        pinned_by: None,
        pinned_ms: None,
    }
}

/// Quality targets, kept in a file of their own.
#[derive(Debug)]
pub struct TargetFile {
    path: PathBuf,
    now: Mutex<Vec<view::Target>>,
}

impl TargetFile {
    /// As kept, or as configured where nothing was kept yet; a file that cannot be read means no targets, and it is said.
    pub fn open(path: &Path, configured: &[TargetConfig]) -> Self {
        let read = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|e| {
                eprintln!("moldsight: {}: {e}; no target is set", path.display());
                Vec::new()
            }),
            Err(_) => configured.iter().map(as_set).collect(),
        };
        Self {
            path: path.into(),
            now: Mutex::new(read),
        }
    }

    /// As they are set.
    pub fn now(&self) -> Vec<view::Target> {
        self.now
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, targets: &[view::Target]) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(targets).map_err(std::io::Error::other)?;
        crate::keep::write(&self.path, &bytes)?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = targets.to_vec();
        Ok(())
    }
}

/// A target of the configuration.
fn as_set(target: &TargetConfig) -> view::Target {
    let known = PREDICTIONS.iter().find(|p| p.0 == target.name);
    view::Target {
        quantity: target.name.clone(),
        unit: known.map_or("", |p| p.1).into(),
        value: target.value.map_or(
            view::Aim::Of(view::OfReference::Reference),
            view::Aim::Value,
        ),
        tolerance: target.tolerance,
        enabled: true,
    }
}

/// Targets, and what they could be set on.
pub fn targets(station: &BoxStation) -> view::Targets {
    let reference = crate::brain::with(&station.brain, |b| b.target_values.clone());
    view::Targets {
        targets: station.targets.now(),
        quantities: PREDICTIONS
            .iter()
            .map(|(name, unit)| ((*name).to_owned(), (*unit).to_owned()))
            .collect(),
        reference,
    }
}

/// Replaces them, or changes nothing.
pub fn set_targets(station: &BoxStation, targets: &[view::Target]) -> Answer<view::Targets> {
    let mut seen = BTreeMap::new();
    for (k, target) in targets.iter().enumerate() {
        let invalid = |field: &str, reason: String| {
            Err(StationError::Invalid {
                field: format!("targets[{k}].{field}"),
                reason,
            })
        };
        let Some((_, unit)) = PREDICTIONS.iter().find(|p| p.0 == target.quantity) else {
            let known = PREDICTIONS.map(|p| p.0).join(", ");
            return invalid("quantity", format!("is not predicted; known are {known}"));
        };
        if *unit != target.unit {
            return invalid("unit", format!("is `{}`; it must be `{unit}`", target.unit));
        }
        if !(target.tolerance.is_finite() && target.tolerance > 0.0) {
            return invalid("tolerance", "must be above zero".into());
        }
        if matches!(target.value, view::Aim::Value(v) if !v.is_finite()) {
            return invalid("value", "is no number".into());
        }
        if seen.insert(&target.quantity, ()).is_some() {
            return invalid("quantity", "is there twice".into());
        }
    }
    station
        .targets
        .set(targets)
        .map_err(|source| StationError::Unavailable {
            key: "error.disk",
            reason: format!("keeping the targets: {source}"),
        })?;
    Ok(self::targets(station))
}

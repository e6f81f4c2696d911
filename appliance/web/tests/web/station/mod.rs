//! A station in memory: a press that never stops, with everything a real one remembers. For tests and for work on the dashboard only.
#![allow(dead_code)]

pub mod closing;
mod curves;
mod live;
mod plate;
mod setpoints;
mod shots;
mod state;
mod what_if;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use appliance_web::station::{
    Answer, ExportFormat, ExportQuery, NewLogEntry, PageQuery, Photo, ShotQuery, Station,
    StationError,
};
use appliance_web::view::{
    AuditEntry, AuditPage, CorrectionNow, Decision, DecisionPage, Health, LiveSnapshot, LogEntry,
    LogPage, Mode, MoldView, PressSetup, ReleaseLine, Setup, SetupChange, ShotDetail, ShotPage,
    ShotRow, Target, Targets, Trend, WhatIf, WhiteBox,
};
use tokio::sync::watch;

use closing::Closing;
use curves::CYCLE_S;
use live::Press;
use state::State;

/// Shots made before the program began.
const HISTORY: u64 = 240;

pub struct Memory {
    started: Instant,
    state: Mutex<State>,
    press: Mutex<Press>,
    closing: Mutex<Closing>,
    /// While true, nothing can be written into the audit.
    pub audit_broken: AtomicBool,
    /// While true, asking for the mold panics.
    pub mold_panics: AtomicBool,
}

pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            state: Mutex::new(State::new(now_ms())),
            press: Mutex::new(Press::new(HISTORY + 1)),
            closing: Mutex::new(Closing::new(now_ms(), HISTORY)),
            audit_broken: AtomicBool::new(false),
            mold_panics: AtomicBool::new(false),
        })
    }

    pub fn snapshot(&self) -> LiveSnapshot {
        let (mode, lot) = {
            let state = self.state();
            (state.mode, state.lot())
        };
        let mut snapshot = self.press.lock().expect("no holder panics").snapshot(
            Instant::now(),
            mode,
            lot,
            now_ms(),
        );
        let mut closing = self.closing();
        closing.pass(now_ms(), self.last(), mode);
        if !closing.press.present {
            snapshot.press = None;
        }
        snapshot.advice = closing.live();
        snapshot.guard = Some(closing.guard(mode));
        snapshot
    }

    /// The loop over the press, for a test to disturb.
    pub fn closing(&self) -> MutexGuard<'_, Closing> {
        self.closing.lock().expect("no holder panics")
    }

    /// Publishes snapshots as long as the program runs.
    pub async fn publish(self: Arc<Self>, every: Duration) -> watch::Receiver<Arc<LiveSnapshot>> {
        let (send, receive) = watch::channel(Arc::new(self.snapshot()));
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(every);
            loop {
                beat.tick().await;
                send.send_replace(Arc::new(self.snapshot()));
            }
        });
        receive
    }

    /// Lines of the audit so far, newest first.
    pub fn audit_lines(&self) -> Vec<(String, String, String)> {
        self.state()
            .audit
            .iter()
            .rev()
            .map(|(line, _)| (line.user.clone(), line.action.clone(), line.detail.clone()))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// Number of the last finished shot.
    fn last(&self) -> u64 {
        HISTORY + (self.started.elapsed().as_secs_f64() / CYCLE_S) as u64
    }

    /// Numbers of the last shots, oldest first.
    fn numbers(&self, count: usize) -> Vec<u64> {
        let last = self.last();
        (last.saturating_sub(count as u64 - 1).max(1)..=last).collect()
    }

    fn row(&self, shot: u64) -> ShotRow {
        let back = (self.last() - shot + 1) as f64 * CYCLE_S;
        let mut row = shots::row(shot, now_ms() - (1e3 * back) as i64);
        if let Some(labels) = self.state().labels.get(&shot) {
            for (name, value) in labels {
                row.labels.retain(|(known, _)| known != name);
                row.labels.push((name.clone(), *value));
            }
        }
        row
    }

    fn known(&self, shot: u64) -> Answer<u64> {
        if (1..=self.last()).contains(&shot) {
            Ok(shot)
        } else {
            Err(StationError::NotFound("shot"))
        }
    }
}

/// A page of a list in order of its numbers.
fn page<T: Clone>(all: &[T], id: impl Fn(&T) -> u64, query: PageQuery) -> (Vec<T>, Option<u64>) {
    let older = all
        .iter()
        .rev()
        .filter(|entry| query.before.is_none_or(|before| id(entry) < before));
    let mut found: Vec<T> = older.take(query.limit + 1).cloned().collect();
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let next = found.last().filter(|_| more).map(id);
    (found, next)
}

/// The chain of the audit: each line hashes the one before.
fn link(before: u64, line: &AuditEntry) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        before,
        line.id,
        line.wall_ms,
        &line.user,
        &line.action,
        &line.detail,
    )
        .hash(&mut hasher);
    hasher.finish()
}

impl Station for Memory {
    fn mold(&self) -> Answer<MoldView> {
        assert!(
            !self.mold_panics.load(Ordering::Relaxed),
            "the mold was asked for while it must not be"
        );
        Ok(plate::mold())
    }

    fn health(&self) -> Answer<Health> {
        Ok(state::health(
            self.started.elapsed().as_secs_f64(),
            now_ms(),
        ))
    }

    fn shots(&self, query: &ShotQuery) -> Answer<ShotPage> {
        let first = query.before.map_or(self.last(), |before| {
            before.saturating_sub(1).min(self.last())
        });
        let fits = |row: &ShotRow| {
            query.from_ms.is_none_or(|from| row.started_ms >= from)
                && query.to_ms.is_none_or(|to| row.started_ms < to)
                && query
                    .lot
                    .as_ref()
                    .is_none_or(|lot| row.lot.as_ref() == Some(lot))
                && query
                    .verdict
                    .is_none_or(|verdict| row.verdict == Some(verdict))
        };
        let mut found: Vec<ShotRow> = (1..=first)
            .rev()
            .map(|shot| self.row(shot))
            .filter(fits)
            .take(query.limit + 1)
            .collect();
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let next = found.last().filter(|_| more).map(|row| row.shot);
        Ok(ShotPage { shots: found, next })
    }

    fn shot(&self, shot: u64, points: usize) -> Answer<ShotDetail> {
        Ok(shots::detail(self.row(self.known(shot)?), points))
    }

    fn trend(&self, feature: &str, last: usize) -> Answer<Trend> {
        let numbers = self.numbers(last);
        let rows: Vec<ShotRow> = numbers.iter().map(|&shot| self.row(shot)).collect();
        let line = |row: &ShotRow| {
            row.quality
                .iter()
                .find(|line| line.name == feature)
                .cloned()
        };
        let plain = |row: &ShotRow| {
            row.features
                .iter()
                .chain(&row.labels)
                .find(|(name, _)| name == feature)
                .map(|(_, value)| *value)
        };
        let limits = shots::quality(1)
            .iter()
            .find(|line| line.name == feature)
            .map_or([None, None], |line| line.limits);
        let values: Vec<_> = rows
            .iter()
            .map(|row| line(row).map(|line| line.value).or_else(|| plain(row)))
            .collect();
        if values.iter().all(Option::is_none) {
            return Err(StationError::NotFound("feature"));
        }
        let unit = match rows.iter().find_map(line) {
            Some(line) => line.unit,
            None if feature.ends_with("_pa") => "Pa".into(),
            None if feature.ends_with("_s") => "s".into(),
            None if feature.ends_with("_g") => "g".into(),
            None => "1".into(),
        };
        let sd = rows
            .iter()
            .map(|row| line(row).map(|line| line.sd))
            .collect();
        Ok(Trend {
            feature: feature.into(),
            unit,
            shots: numbers,
            values,
            sd,
            limits,
        })
    }

    fn label(&self, shot: u64, name: &str, value: f64) -> Answer<()> {
        let shot = self.known(shot)?;
        self.state()
            .labels
            .entry(shot)
            .or_default()
            .insert(name.into(), value);
        Ok(())
    }

    fn reference(&self, points: usize) -> Answer<Option<ShotDetail>> {
        let reference = self.state().reference;
        Ok(reference.map(|shot| shots::detail(self.row(shot), points)))
    }

    fn begin_again(&self) -> Answer<()> {
        Ok(())
    }

    fn set_reference(&self, shot: u64) -> Answer<()> {
        let shot = self.known(shot)?;
        self.state().reference = Some(shot);
        Ok(())
    }

    fn white_box(&self, shots: usize) -> Answer<WhiteBox> {
        let numbers = self.numbers(shots);
        Ok(shots::white_box(&numbers))
    }

    fn log(&self, query: PageQuery) -> Answer<LogPage> {
        let (entries, next) = page(&self.state().log, |entry| entry.id, query);
        Ok(LogPage { entries, next })
    }

    fn add_log(&self, user: &str, entry: NewLogEntry) -> Answer<LogEntry> {
        if let Some(shot) = entry.shot {
            self.known(shot)?;
        }
        Ok(self.state().write(now_ms(), user, entry))
    }

    fn photo(&self, id: u64) -> Answer<Photo> {
        self.state()
            .photos
            .get(&id)
            .cloned()
            .ok_or(StationError::NotFound("photo"))
    }

    fn setup(&self) -> Answer<Setup> {
        Ok(self.state().setup.clone())
    }

    fn change_setup(&self, change: &SetupChange) -> Answer<Setup> {
        let mut state = self.state();
        let setup = &mut state.setup;
        let invalid = |field: &str, reason: String| {
            Err(StationError::Invalid {
                field: field.into(),
                reason,
            })
        };
        if !setup.molds.contains(&change.mold) {
            return invalid("mold", format!("the box knows no mold `{}`", change.mold));
        }
        if !setup.materials.contains(&change.material) {
            return invalid(
                "material",
                format!("the box knows no material `{}`", change.material),
            );
        }
        if let Some(unknown) = change
            .sensors
            .iter()
            .filter_map(|s| s.sensor.as_ref())
            .find(|s| !setup.mold_sensors.contains(s))
        {
            return invalid(
                "sensors.sensor",
                format!("the mold has no sensor `{unknown}`"),
            );
        }
        setup.restart_needed |= setup.mold != change.mold
            || setup.material != change.material
            || setup.sensors != change.sensors;
        setup.mold.clone_from(&change.mold);
        setup.material.clone_from(&change.material);
        setup.sensors.clone_from(&change.sensors);
        setup.limits.clone_from(&change.limits);
        setup.cycle.clone_from(&change.cycle);
        Ok(setup.clone())
    }

    fn import_release(&self, folder: &Path) -> Answer<String> {
        let invalid = |reason: &str| StationError::Invalid {
            field: "release".into(),
            reason: reason.into(),
        };
        let model = fs::read_to_string(folder.join("model.toml"))
            .map_err(|_| invalid("there is no model.toml in it"))?;
        let name = model
            .lines()
            .find_map(|line| line.strip_prefix("name = "))
            .ok_or_else(|| invalid("model.toml has no name"))?;
        let name = name.trim_matches('"').to_owned();
        let mut state = self.state();
        if state
            .setup
            .releases
            .iter()
            .any(|release| release.name == name)
        {
            return Err(StationError::Conflict {
                key: "release_known",
                reason: format!("the release `{name}` is here already"),
            });
        }
        state.setup.releases.push(ReleaseLine {
            name: name.clone(),
            mold: "plate-ps".into(),
            used: false,
        });
        Ok(name)
    }

    fn export(&self, query: &ExportQuery, into: &Path) -> Answer<()> {
        let failed = |source: std::io::Error| StationError::Failed {
            attempted: "writing the export",
            source: source.into(),
        };
        if query.format == ExportFormat::Parquet {
            return Err(StationError::Conflict {
                key: "no_parquet",
                reason: "the station in memory writes CSV only".into(),
            });
        }
        fs::write(
            into.join("dictionary.csv"),
            "column,unit\nshot,1\nfill_time_s,s\n",
        )
        .map_err(failed)?;
        let mut table = String::from("shot,fill_time_s\n");
        for shot in query.from.max(1)..=query.to.min(self.last()) {
            table.push_str(&format!("{shot},{}\n", self.row(shot).features[0].1));
        }
        fs::write(into.join("shots.csv"), table).map_err(failed)
    }

    fn mode(&self) -> Mode {
        self.state().mode
    }

    fn set_mode(&self, mode: Mode) -> Answer<()> {
        if mode != Mode::Observe && !self.closing().press.present {
            return Err(closing::no_press());
        }
        self.closing().choose();
        self.state().mode = mode;
        Ok(())
    }

    fn off(&self) -> Answer<()> {
        let before = std::mem::replace(&mut self.state().mode, Mode::Observe);
        self.closing().off(now_ms(), before);
        Ok(())
    }

    fn correction(&self) -> Answer<CorrectionNow> {
        let mode = self.mode();
        Ok(self.closing().now(mode))
    }

    fn corrections(&self, query: PageQuery) -> Answer<DecisionPage> {
        let (decisions, next) = page(self.closing().decisions(), |one| one.id, query);
        Ok(DecisionPage { decisions, next })
    }

    fn decision(&self, id: u64) -> Answer<Decision> {
        self.closing().decision(id)
    }

    fn confirm(&self, user: &str, id: u64) -> Answer<Decision> {
        self.closing().confirm(user, id, now_ms())
    }

    fn decline(&self, user: &str, id: u64, reason: &str) -> Answer<Decision> {
        self.closing().decline(user, id, reason, now_ms())
    }

    fn arm(&self, _: &str) -> Answer<()> {
        let mode = self.closing().arm()?;
        self.state().mode = mode;
        Ok(())
    }

    fn accept_edit(&self, _: &str) -> Answer<()> {
        self.closing().accept_edit()
    }

    fn what_if(&self, changes: &BTreeMap<String, f64>, points: usize) -> Answer<WhatIf> {
        let values = *self.closing().values();
        what_if::predict(self.last(), &values, changes, points)
    }

    fn press(&self) -> Answer<PressSetup> {
        Ok(self.closing().setup())
    }

    fn pin_press(&self, user: &str, thumbprint: &str) -> Answer<PressSetup> {
        self.closing().pin(user, thumbprint, now_ms())
    }

    fn targets(&self) -> Answer<Targets> {
        Ok(self.state().targets())
    }

    fn set_targets(&self, targets: &[Target]) -> Answer<Targets> {
        let mut state = self.state();
        state.check_targets(targets)?;
        state.targets = targets.to_vec();
        Ok(state.targets())
    }

    fn audit(&self, user: &str, action: &str, detail: &str) -> Answer<()> {
        if self.audit_broken.load(Ordering::Relaxed) {
            return Err(StationError::Unavailable {
                key: "disk_full",
                reason: "the disk is full".into(),
            });
        }
        let mut state = self.state();
        let id = state.audit.len() as u64 + 1;
        let line = AuditEntry {
            id,
            wall_ms: now_ms(),
            user: user.into(),
            action: action.into(),
            detail: detail.into(),
        };
        let hash = link(state.audit.last().map_or(0, |(_, hash)| *hash), &line);
        state.audit.push((line, hash));
        Ok(())
    }

    fn audit_trail(&self, query: PageQuery) -> Answer<AuditPage> {
        let state = self.state();
        let mut before = 0;
        let chain_ok = state.audit.iter().all(|(line, hash)| {
            before = link(before, line);
            before == *hash
        });
        let (lines, next) = page(&state.audit, |(line, _)| line.id, query);
        Ok(AuditPage {
            entries: lines.into_iter().map(|(line, _)| line).collect(),
            next,
            chain_ok,
        })
    }
}

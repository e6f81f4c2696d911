//! What the pages can ask of the box.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use appliance_pipeline::keeper::Keeper;
use appliance_recorder::{
    AuditCheck, Book, EntryKind, ExportRange, NewEntry, Recorder, RecorderError, RecordingState,
    ShotFilter, TrendOf, WallTime,
};
use appliance_web::station::{
    Answer, ExportFormat, ExportQuery, NewLogEntry, PageQuery, Photo, ShotQuery, Station,
    StationError, photo_address,
};
use appliance_web::view;
use models_infer::network::Network;
use models_infer::release::Release;

use crate::brain::{SharedBrain, with};
use crate::config::{Config, LimitConfig, unit_of};
use crate::corrections;
use crate::error::in_one_line;
use crate::line::Answered;
use crate::press::Desk;
use crate::rows;
use crate::shared::Shared;
use crate::what_if::Range;

/// Everything the pages stand on.
pub struct BoxStation {
    /// Configuration as read.
    pub config: Config,
    /// Its file.
    pub config_file: PathBuf,
    /// The mold as drawn.
    pub mold: view::MoldView,
    /// Records.
    pub recorder: Arc<Recorder>,
    /// Estimates.
    pub shared: Arc<Shared>,
    /// Shot path.
    pub brain: SharedBrain,
    /// Limits of the part.
    pub limits: Arc<Mutex<Vec<LimitConfig>>>,
    /// The press, where there is one.
    pub desk: Option<Arc<Desk>>,
    /// Quality targets.
    pub targets: Arc<corrections::TargetFile>,
    /// Sensors of the mold by place.
    pub places: Vec<String>,
    /// Clamp force of the press, N.
    pub clamp_n: Option<f64>,
    /// What the network was trained for.
    pub range: Range,
    /// To the tick.
    pub to_line: std::sync::mpsc::SyncSender<Answered>,
    /// Folder of releases.
    pub shelf: PathBuf,
    /// Release in use.
    pub release: Option<String>,
    /// When the box started.
    pub start: Instant,
    /// A change waits for a restart.
    pub restart_needed: std::sync::atomic::AtomicBool,
    /// Reference shot.
    pub reference: Mutex<Option<u64>>,
    /// Since when what is wrong.
    pub since: crate::health::Since,
}

fn failed(attempted: &'static str) -> impl Fn(RecorderError) -> StationError {
    move |source| match source {
        RecorderError::NoSuchShot(_) | RecorderError::NothingToExport => {
            StationError::NotFound("shot")
        }
        RecorderError::NoPhoto(_) => StationError::NotFound("photo"),
        other if other.is_disk() => StationError::Unavailable {
            key: "error.disk",
            reason: format!("{attempted}: {}", in_one_line(&other)),
        },
        other => StationError::Failed {
            attempted,
            source: Box::new(other),
        },
    }
}

fn number(id: Option<u64>) -> Option<i64> {
    id.map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

impl BoxStation {
    fn book(&self) -> Book {
        self.recorder.book()
    }

    fn labels_of(&self, first: u64, last: u64) -> Answer<Vec<appliance_recorder::LabelRow>> {
        self.book()
            .labels(first, last)
            .map_err(failed("reading labels"))
    }

    fn limit_of(&self, name: &str) -> [Option<f64>; 2] {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits
            .iter()
            .find(|l| l.name == name)
            .map_or([None, None], |l| [l.lower, l.upper])
    }

    fn releases(&self) -> Vec<view::ReleaseLine> {
        let Ok(entries) = std::fs::read_dir(&self.shelf) else {
            return Vec::new();
        };
        let mut lines: Vec<_> = entries
            .filter_map(|e| {
                let path = e.ok()?.path();
                let name = path.file_name()?.to_string_lossy().into_owned();
                let mold = name.rsplit_once('-')?.0.to_owned();
                path.join(models_infer::release::DESCRIPTION)
                    .is_file()
                    .then(|| view::ReleaseLine {
                        used: self.release.as_ref() == Some(&name),
                        name,
                        mold,
                    })
            })
            .collect();
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        lines
    }
}

impl BoxStation {
    /// Whether a box could start with a release; the reason otherwise. One that is not kept cannot stop the next start.
    fn fits(&self, release: &Release) -> Result<(), String> {
        let name = &release.about.mold;
        if *name != self.mold.name {
            return match models_physics::molds::builtin(name) {
                Ok(_) => Ok(()),
                Err(_) => Err(format!(
                    "it was trained for mold `{name}`, which this box does not know; the mold in the press is `{}`",
                    self.mold.name
                )),
            };
        }
        let mold = crate::find::mold(&self.config.mold).map_err(|e| in_one_line(&e))?;
        let network = Network::new(release).map_err(|e| in_one_line(&e))?;
        Keeper::new(&mold, Some(Arc::new(network)), &self.config.used())
            .and_then(|keeper| keeper.tuning().map(drop))
            .map_err(|e| in_one_line(&e))
    }
}

impl Station for BoxStation {
    fn mold(&self) -> Answer<view::MoldView> {
        Ok(self.mold.clone())
    }

    fn health(&self) -> Answer<view::Health> {
        Ok(crate::health::health(self))
    }

    fn shots(&self, query: &ShotQuery) -> Answer<view::ShotPage> {
        let filter = ShotFilter {
            from: query.from_ms.map(WallTime::from_ms),
            until: query.to_ms.map(WallTime::from_ms),
            lot: query.lot.clone(),
            verdict: query.verdict.map(rows::verdict_to),
            last: query.before.map(|b| b.saturating_sub(1)),
            ..ShotFilter::default()
        };
        let found = self
            .book()
            .shots(&filter, query.limit)
            .map_err(failed("reading shots"))?;
        let labels = match (
            found.iter().map(|s| s.number).min(),
            found.iter().map(|s| s.number).max(),
        ) {
            (Some(first), Some(last)) => self.labels_of(first, last)?,
            _ => Vec::new(),
        };
        let next = (found.len() == query.limit)
            .then(|| found.last().map(|s| s.number))
            .flatten();
        Ok(view::ShotPage {
            shots: found
                .iter()
                .map(|s| rows::shot(s, &labels, |n| self.limit_of(n)))
                .collect(),
            next,
        })
    }

    fn shot(&self, shot: u64, points: usize) -> Answer<view::ShotDetail> {
        let curves = self
            .book()
            .shot_curves(shot, points)
            .map_err(failed("reading a shot"))?;
        let labels = self.labels_of(shot, shot)?;
        let events = self
            .book()
            .events(Some(shot), 200)
            .map_err(failed("reading events"))?;
        let row = rows::shot(&curves.shot, &labels, |n| self.limit_of(n));
        Ok(rows::detail(
            row,
            &curves,
            &events,
            &self.mold,
            &self.config,
        ))
    }

    fn trend(&self, feature: &str, last: usize) -> Answer<view::Trend> {
        let (of, name, unit) = rows::feature(feature);
        let points = self
            .book()
            .trend(of, &name, &ShotFilter::default(), last)
            .map_err(failed("reading a trend"))?;
        if points.is_empty() && of == TrendOf::Label {
            return Err(StationError::NotFound("feature"));
        }
        Ok(view::Trend {
            feature: feature.into(),
            unit: unit.into(),
            shots: points.iter().map(|p| p.number).collect(),
            values: points.iter().map(|p| Some(p.value)).collect(),
            sd: points.iter().map(|p| p.sd).collect(),
            limits: self.limit_of(feature),
        })
    }

    fn label(&self, shot: u64, name: &str, value: f64) -> Answer<()> {
        let unit = name.rsplit_once('_').map_or("", |(_, unit)| unit);
        self.book()
            .label(shot, name, value, unit, "web")
            .map(|_| ())
            .map_err(failed("entering a label"))
    }

    fn reference(&self, points: usize) -> Answer<Option<view::ShotDetail>> {
        let shot = *self
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match shot {
            None => Ok(None),
            Some(shot) => match self.shot(shot, points) {
                Err(StationError::NotFound(_)) => Ok(None),
                other => other.map(Some),
            },
        }
    }

    fn begin_again(&self) -> Answer<()> {
        with(&self.brain, |b| b.begin_again = true);
        Ok(())
    }

    fn set_reference(&self, shot: u64) -> Answer<()> {
        self.book().shot(shot).map_err(failed("reading a shot"))?;
        crate::keep::write(
            &self.config.data.join("reference"),
            shot.to_string().as_bytes(),
        )
        .map_err(|source| StationError::Failed {
            attempted: "keeping the reference shot",
            source: Box::new(source),
        })?;
        *self
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(shot);
        Ok(())
    }

    fn white_box(&self, shots: usize) -> Answer<view::WhiteBox> {
        Ok(with(&self.brain, |b| crate::white_box::page(b, shots)))
    }

    fn log(&self, query: PageQuery) -> Answer<view::LogPage> {
        let found = self
            .book()
            .entries(None, number(query.before), query.limit)
            .map_err(failed("reading the log"))?;
        let next = (found.len() == query.limit)
            .then(|| found.last().and_then(|e| u64::try_from(e.id).ok()))
            .flatten();
        Ok(view::LogPage {
            entries: found.iter().map(rows::entry).collect(),
            next,
        })
    }

    fn add_log(&self, user: &str, entry: NewLogEntry) -> Answer<view::LogEntry> {
        let kind = match entry.kind {
            view::LogKind::Lot => EntryKind::Lot,
            view::LogKind::Action => EntryKind::Action,
            view::LogKind::Defect => EntryKind::Defect,
            view::LogKind::Note => EntryKind::Note,
        };
        let photo = entry.photo.is_some();
        let new = NewEntry {
            who: user.into(),
            kind,
            shot: entry.shot,
            text: entry.text.clone(),
            form: serde_json::json!({ "lot": entry.lot, "defect": entry.defect }),
            photo: entry.photo.map(|p| p.bytes),
        };
        let id = self.book().enter(&new).map_err(failed("writing the log"))?;
        let id = u64::try_from(id).unwrap_or(0);
        if let (view::LogKind::Lot, Some(lot)) = (entry.kind, &entry.lot) {
            with(&self.brain, |b| b.lot = Some(lot.clone()));
            let context = appliance_recorder::ShotContext {
                mold: self.mold.name.clone(),
                material: self.mold.material.clone(),
                lot: lot.clone(),
                recipe_json: String::new(),
            };
            // Shots from the next one on carry the lot.
            let _ = self.to_line.try_send(Answered::Context(Box::new(context)));
        }
        Ok(view::LogEntry {
            id,
            wall_ms: crate::snapshot::now_ms(),
            user: user.into(),
            kind: entry.kind,
            text: entry.text,
            lot: entry.lot,
            defect: entry.defect,
            shot: entry.shot,
            photo: photo.then(|| photo_address(id)),
        })
    }

    fn photo(&self, id: u64) -> Answer<Photo> {
        let bytes = self
            .book()
            .photo(number(Some(id)).unwrap_or(0))
            .map_err(failed("reading a photo"))?;
        let media_type = match bytes.get(..4) {
            Some([0x89, b'P', b'N', b'G']) => "image/png",
            Some(b"RIFF") => "image/webp",
            _ => "image/jpeg",
        };
        Ok(Photo { media_type, bytes })
    }

    fn setup(&self) -> Answer<view::Setup> {
        let limits = self
            .limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Ok(view::Setup {
            mold: self.mold.name.clone(),
            material: self.mold.material.clone(),
            molds: models_physics::molds::names().map(str::to_owned).collect(),
            materials: models_physics::cards::keys().map(str::to_owned).collect(),
            mold_sensors: self.mold.sensors.iter().map(|s| s.name.clone()).collect(),
            sensors: self
                .config
                .nodes
                .iter()
                .flat_map(|n| &n.channels)
                .map(|c| view::SensorSetup {
                    channel: c.name.clone(),
                    sensor: c.sensor.clone(),
                    scale: None,
                    offset: None,
                    used: c.used,
                })
                .collect(),
            limits: limits
                .iter()
                .map(|l| view::Limit {
                    name: l.name.clone(),
                    lower: l.lower,
                    upper: l.upper,
                    unit: unit_of(&l.name).unwrap_or("").into(),
                })
                .collect(),
            cycle: view::CycleSetup {
                cooling_time_s: self.config.cooling_s,
                melt_k: Some(self.mold.melt_k),
                wall_k: Some(self.mold.wall_k),
                ..view::CycleSetup::default()
            },
            releases: self.releases(),
            restart_needed: self
                .restart_needed
                .load(std::sync::atomic::Ordering::Relaxed),
        })
    }

    fn change_setup(&self, change: &view::SetupChange) -> Answer<view::Setup> {
        let changed = crate::change::apply(&self.config, change)?;
        let text = toml::to_string(&changed).map_err(|e| StationError::Failed {
            attempted: "writing the configuration",
            source: Box::new(e),
        })?;
        crate::keep::write(&self.config_file, text.as_bytes()).map_err(|source| {
            StationError::Failed {
                attempted: "writing the configuration",
                source: Box::new(source),
            }
        })?;
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = changed.limits.clone();
        let same = Config {
            limits: self.config.limits.clone(),
            ..changed
        } == self.config;
        if !same {
            self.restart_needed
                .store(true, std::sync::atomic::Ordering::Relaxed);
        }
        self.setup()
    }

    fn import_release(&self, folder: &Path) -> Answer<String> {
        let invalid = |reason: String| StationError::Invalid {
            field: "release".into(),
            reason,
        };
        let inner = crate::keep::release_in(folder)
            .ok_or_else(|| invalid("the archive holds no model.toml".into()))?;
        let release = Release::load(&inner)
            .and_then(|r| Network::new(&r).map(|_| r))
            .map_err(|e| invalid(in_one_line(&e)))?;
        self.fits(&release).map_err(&invalid)?;
        let taken = |n: u32| {
            self.shelf
                .join(format!("{}-{n:03}", release.about.mold))
                .exists()
        };
        let free = (1..1000)
            .find(|n| !taken(*n))
            .ok_or_else(|| invalid("the shelf is full".into()))?;
        let name = format!("{}-{free:03}", release.about.mold);
        crate::keep::copy_release(&inner, &self.shelf.join(&name)).map_err(|source| {
            StationError::Failed {
                attempted: "keeping the release",
                source: Box::new(source),
            }
        })?;
        self.restart_needed
            .store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(name)
    }

    fn export(&self, query: &ExportQuery, into: &Path) -> Answer<()> {
        let format = match query.format {
            ExportFormat::Csv => appliance_recorder::ExportFormat::Csv,
            ExportFormat::Parquet => appliance_recorder::ExportFormat::Parquet,
        };
        let range = ExportRange::Shots {
            first: query.from,
            last: query.to,
        };
        appliance_recorder::export_with(crate::export::unit, &self.book(), range, format, into)
            .map(|_| ())
            .map_err(failed("exporting"))
    }

    fn mode(&self) -> view::Mode {
        corrections::mode(self)
    }

    fn set_mode(&self, mode: view::Mode) -> Answer<()> {
        corrections::set_mode(self, mode)
    }

    fn off(&self) -> Answer<()> {
        if let Some(desk) = &self.desk {
            desk.take_off();
        }
        Ok(())
    }

    fn correction(&self) -> Answer<view::CorrectionNow> {
        corrections::now(self)
    }

    fn corrections(&self, query: PageQuery) -> Answer<view::DecisionPage> {
        corrections::page(self, query)
    }

    fn decision(&self, id: u64) -> Answer<view::Decision> {
        corrections::one(self, id)
    }

    fn confirm(&self, user: &str, id: u64) -> Answer<view::Decision> {
        corrections::confirm(self, user, id)
    }

    fn decline(&self, user: &str, id: u64, reason: &str) -> Answer<view::Decision> {
        corrections::decline(self, user, id, reason)
    }

    fn arm(&self, _user: &str) -> Answer<()> {
        corrections::arm(self)
    }

    fn accept_edit(&self, _user: &str) -> Answer<()> {
        corrections::accept_edit(self)
    }

    fn what_if(&self, changes: &BTreeMap<String, f64>, points: usize) -> Answer<view::WhatIf> {
        crate::what_if::what_if(self, changes, points)
    }

    fn press(&self) -> Answer<view::PressSetup> {
        Ok(corrections::press(self))
    }

    fn pin_press(&self, _user: &str, thumbprint: &str) -> Answer<view::PressSetup> {
        corrections::pin(self, thumbprint)
    }

    fn targets(&self) -> Answer<view::Targets> {
        Ok(corrections::targets(self))
    }

    fn set_targets(&self, targets: &[view::Target]) -> Answer<view::Targets> {
        corrections::set_targets(self, targets)
    }

    fn audit(&self, user: &str, action: &str, detail: &str) -> Answer<()> {
        self.book()
            .audit(user, action, detail)
            .map(|_| ())
            .map_err(failed("writing the audit"))
    }

    fn audit_trail(&self, query: PageQuery) -> Answer<view::AuditPage> {
        let found = self
            .book()
            .audit_page(number(query.before), query.limit)
            .map_err(failed("reading the audit"))?;
        let check = self
            .book()
            .verify_audit()
            .map_err(failed("checking the audit"))?;
        let next = (found.len() == query.limit)
            .then(|| found.last().and_then(|e| u64::try_from(e.id).ok()))
            .flatten();
        Ok(view::AuditPage {
            entries: found
                .into_iter()
                .map(|a| view::AuditEntry {
                    id: u64::try_from(a.id).unwrap_or(0),
                    wall_ms: a.at.ms(),
                    user: a.who,
                    action: a.action,
                    detail: a.detail,
                })
                .collect(),
            next,
            chain_ok: matches!(check, AuditCheck::Whole(_)),
        })
    }
}

/// Whether records are safe, as a word.
pub fn recording_word(state: &RecordingState) -> &'static str {
    match state {
        RecordingState::Recording => "recording",
        RecordingState::Delayed { .. } => "delayed",
        RecordingState::Losing { .. } => "losing",
    }
}

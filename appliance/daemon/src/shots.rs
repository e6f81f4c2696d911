//! The shot path: a thread that judges finished shots, prepares the models of the next one and forecasts the running one.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_pipeline::forecast::Forecaster;
use appliance_pipeline::keeper::{Keeper, ShotSummary as Finished};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::quality::{Chance, Line, SHRINKAGE, Shot, WEIGHT, risks};
use appliance_pipeline::sort;
use appliance_recorder::{Book, Events, PhaseTime, ShotKind, ShotSummary, Uncertain, Verdict};
use appliance_web::view;
use firmware_wire::PartVerdict;
use models_physics::latents::LATENTS;
use models_quality::{Corrected, Defect};

use crate::brain::{Remembered, SharedBrain, latents_now, with};
use crate::config::{LimitConfig, unit_of};
use crate::context::Context;
use crate::correcting::Correcting;
use crate::event_kind::EventKind;
use crate::line::{Answered, Told};
use crate::memory::BeliefFile;
use crate::quality::Teacher;
use crate::shared::Shared;

mod words;

pub use words::trust;
use words::{kind, reason, verdict_of, word};

/// Shots of latents and innovations kept for the White box page.
const REMEMBERED: usize = 500;
/// Pause between two forecasts.
const FORECAST_EVERY: Duration = Duration::from_millis(200);
/// Distance of its points, s.
const FORECAST_STEP_S: f64 = 0.05;

/// The thread.
pub struct ShotPath {
    /// Belief and trust.
    pub keeper: Keeper,
    /// From the tick.
    pub told: Receiver<Told>,
    /// To the tick.
    pub answers: SyncSender<Answered>,
    /// For the pages.
    pub brain: SharedBrain,
    /// Estimates.
    pub shared: Arc<Shared>,
    /// Limits of the part.
    pub limits: Arc<Mutex<Vec<LimitConfig>>>,
    /// What the press and people say about shots.
    pub context: Context,
    /// What to ask of the press.
    pub correcting: Correcting,
    /// Where the belief outlives a restart.
    pub file: BeliefFile,
    /// For what people should read.
    pub events: Events,
    /// What labels taught.
    pub teacher: Teacher,
    /// Records, where labels come from.
    pub book: Book,
    /// Name of the mold in the records.
    pub mold: String,
    /// Probability asked of a verdict.
    pub sure: f64,
}

/// What is said of the part of a shot.
struct Judged {
    lines: Vec<Line>,
    chances: Vec<Chance>,
    verdict: sort::Verdict,
    why: sort::Why,
    /// Whether the shot made a part at all.
    part: bool,
}

impl ShotPath {
    /// Runs until the tick hangs up.
    pub fn run(mut self) {
        let mut forecaster = self.forecaster();
        let (mut running, mut stored) = (None, true);
        loop {
            match self.told.recv_timeout(FORECAST_EVERY) {
                Ok(Told::Began { number }) => {
                    running = Some(number);
                    let notes = self.context.began();
                    if !self.note(number, notes) {
                        return;
                    }
                    self.correcting.began();
                    let latents = self.network_latents();
                    if let Some(f) = &mut forecaster
                        && f.begin(&latents).is_err()
                    {
                        forecaster = self.forecaster();
                    }
                }
                Ok(Told::Ended { number, record }) => {
                    running = None;
                    if let Some(f) = &mut forecaster {
                        f.finished(&record, self.keeper.setup().drive);
                    }
                    let finished = self.keeper.finish(&record);
                    // Before anybody is told: what is shown as learned is not lost.
                    stored = self.store(stored);
                    let judged = self.judge(number, &finished);
                    let sorted = self.answers.send(sorted(number, &judged)).is_ok();
                    self.remember(number, &finished, &record, &judged);
                    let summary = self.summary(&finished, &record, &judged);
                    let (notes, more) = self.context.ended(number);
                    let noted = sorted && self.note(number, notes);
                    let done = Answered::Done {
                        shot: number,
                        summary: Box::new(summary),
                        more,
                    };
                    let answered = noted && self.answers.send(done).is_ok();
                    let tuned = match self.keeper.tuning() {
                        Ok(tuning) => self.answers.send(Answered::Tuning(tuning)).is_ok(),
                        Err(e) => {
                            eprintln!("moldsight: the models stay as they were: {e}");
                            true
                        }
                    };
                    // After the models of the next shot: it may begin before this is done.
                    let began_s = record.began_s;
                    self.correcting.ended(
                        number,
                        began_s,
                        &self.keeper,
                        &record,
                        &finished,
                        &self.brain,
                    );
                    let returned = self.answers.send(Answered::Spare(record)).is_ok();
                    if !(answered && tuned && returned) {
                        return;
                    }
                    if let Err(e) = self.teacher.look(&self.book, &self.mold) {
                        eprintln!("moldsight: labels cannot be read: {e}");
                    }
                }
                Ok(Told::Event(source, text)) => println!("{source}: {text}"),
                Ok(Told::Steered(source, text)) => {
                    println!("{source}: {text}");
                    self.audit(&text);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if let Some((number, notes)) = self.context.settled()
                && !(self.note(number, notes)
                    && self.answers.send(Answered::Settled(number)).is_ok())
            {
                return;
            }
            if let Some(number) = running {
                let notes = self.context.running();
                if !self.note(number, notes) {
                    return;
                }
                self.forecast(&mut forecaster);
            } else {
                if with(&self.brain, |b| std::mem::take(&mut b.begin_again)) {
                    stored = self.begin_again(stored);
                }
                with(&self.brain, |b| b.forecast.clear());
            }
        }
    }

    /// What the box did on a node's wire stands in the audit, beside what people did.
    fn audit(&self, text: &str) {
        if let Err(why) = self.book.audit("moldsight", "transfer", text) {
            eprintln!("moldsight: a transfer cannot be noted in the audit: {why}");
        }
    }

    /// Hands notes about a shot to the tick; false when it hung up.
    fn note(&self, shot: u64, notes: Vec<(&'static str, String)>) -> bool {
        let mut notes = notes.into_iter();
        notes.all(|(key, text)| self.answers.send(Answered::Note(shot, key, text)).is_ok())
    }

    /// A person cleared what was suspected. Returns whether the fresh belief is kept for a restart.
    fn begin_again(&mut self, stored: bool) -> bool {
        self.keeper.begin_again();
        self.correcting.begin_again();
        match self.keeper.tuning() {
            // When the tick is gone, the next shot says so.
            Ok(tuning) => drop(self.answers.send(Answered::Tuning(tuning))),
            Err(e) => eprintln!("moldsight: the models stay as they were: {e}"),
        }
        with(&self.brain, |b| {
            b.trust = trust(&self.keeper.trust, self.keeper.setup(), 0);
            b.latents = latents_now(&self.keeper);
        });
        let text = "begins again where card and mold say: a person cleared what was suspected";
        println!("moldsight: {text}");
        self.events
            .tell(EventKind::BeliefCleared.word(), "moldsight", text);
        self.store(stored)
    }

    /// Keeps what was learned for a restart; a refusal is told once. Returns whether it is kept.
    fn store(&self, was: bool) -> bool {
        match self.file.save(&self.keeper) {
            Ok(()) => true,
            Err(e) => {
                if was {
                    let text = format!("what shots teach cannot be kept for a restart: {e}");
                    eprintln!("moldsight: {text}");
                    self.events
                        .tell(EventKind::BeliefNotKept.word(), "moldsight", &text);
                }
                false
            }
        }
    }

    fn network_latents(&self) -> Vec<f64> {
        let Some(net) = self.keeper.network() else {
            return Vec::new();
        };
        let place = |name: &str| LATENTS.iter().position(|l| l.name == name).unwrap_or(0);
        net.about
            .latents
            .iter()
            .map(|l| self.keeper.belief.mean[place(&l.name)])
            .collect()
    }

    fn forecaster(&self) -> Option<Forecaster> {
        Forecaster::new(self.keeper.network()?, &self.network_latents()).ok()
    }

    /// Moves the forecaster to now and looks ahead.
    fn forecast(&self, forecaster: &mut Option<Forecaster>) {
        let (Some(f), Some(net)) = (forecaster.as_mut(), self.keeper.network()) else {
            return;
        };
        let now = self.shared.read().estimate;
        let drive = self.keeper.setup().drive;
        if now.phase == CyclePhase::Idle || !now.measured[drive].is_finite() {
            return;
        }
        f.push(now.shot_time_s, now.measured[drive]);
        let ahead = f.ahead(FORECAST_STEP_S);
        let lines = self
            .keeper
            .setup()
            .places
            .iter()
            .enumerate()
            .filter_map(|(i, p)| {
                let slot = net.about.sensors.iter().position(|s| s.name == p.name)?;
                let sd = now.sd[i] as f32;
                Some(view::Forecast {
                    sensor: p.name.clone(),
                    time_s: ahead.iter().map(|a| a.time_s as f32).collect(),
                    value: ahead.iter().map(|a| a.values[slot] as f32).collect(),
                    // Doubt about a pressure grows with the pressure that is yet to come.
                    sd: ahead
                        .iter()
                        .map(|a| sd.max(0.02 * a.values[slot] as f32))
                        .collect(),
                })
            });
        let lines: Vec<view::Forecast> = lines.collect();
        with(&self.brain, |b| b.forecast = lines);
    }

    fn remember(
        &self,
        number: u64,
        f: &Finished,
        record: &appliance_pipeline::shot::ShotRecord,
        judged: &Judged,
    ) {
        let belief = &self.keeper.belief;
        let setup = self.keeper.setup();
        let mut measurements: Vec<(String, f64, f64)> = setup
            .used
            .iter()
            .map(|i| {
                let tally = record.tally[*i];
                (
                    setup.places[*i].name.clone(),
                    tally.mean(),
                    tally.gated_share(),
                )
            })
            .collect();
        if f.findings.volume.is_finite() {
            measurements.push(("screw_volume".into(), f.findings.volume, 0.0));
        }
        let quality = self.quality_lines(judged);
        // Worked out before the lock: whoever publishes waits for it.
        let viscosity = self.keeper.effective_viscosity();
        let latents = latents_now(&self.keeper);
        let would_help = self.keeper.would_help(record);
        with(&self.brain, |b| {
            let began = number.saturating_sub(f.shot.saturating_sub(f.trust.since_shot));
            b.trust = trust(&f.trust, setup, began);
            b.kind = kind(f.kind);
            b.cycle_s = self.keeper.cycle_s();
            (b.quality, b.indicators) = (quality, indicators(judged));
            b.verdict = judged.part.then(|| verdict_of(judged.verdict));
            b.verdict_reason = Some(reason(&judged.why));
            if f.kind == Kind::Production {
                b.shots.push(Remembered {
                    shot: number,
                    latents: (0..LATENTS.len())
                        .map(|i| (belief.mean[i], belief.sd(i)))
                        .collect(),
                    measurements,
                    witness_error: f.findings.witness_error,
                    viscosity,
                });
                let extra = b.shots.len().saturating_sub(REMEMBERED);
                b.shots.drain(..extra);
            }
            (b.latents, b.would_help) = (latents, would_help);
        });
    }

    /// Predictions, with what labels made of them, and what follows for the part.
    fn judge(&self, number: u64, f: &Finished) -> Judged {
        let part = matches!(f.kind, Kind::Production | Kind::StartUp);
        let (mut lines, mut chances) = (Vec::new(), Vec::new());
        if part {
            let sure = |[value, sd]: [f64; 2]| Corrected { value, sd };
            let p = &f.part;
            let predicted = [
                (WEIGHT, p.mass_kg),
                ("end_of_fill_pressure", f.end_of_fill_pa),
                (SHRINKAGE, p.shrinkage),
                ("core_at_ejection", p.hottest_k),
            ];
            let shot = self.teacher.shot(Shot {
                number,
                features: f.features.iter().cloned().collect(),
                physics: predicted.map(|(n, v)| (n.into(), sure(v))).into(),
                risks: risks(p),
                lot: with(&self.brain, |b| b.lot.clone()).unwrap_or_default(),
                actions: 0,
            });
            lines = self.teacher.quality.foretell(&shot);
            chances = self.teacher.quality.chances(&shot);
        }
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |name: &str| limits.iter().find(|l| l.name == name);
        let mut quantities: Vec<sort::Judged> = lines
            .iter()
            .map(|l| sort::Judged {
                name: l.name.clone(),
                value: l.foretold.corrected.value,
                sd: l.foretold.corrected.sd,
                lower: of(&l.name).and_then(|l| l.lower),
                upper: of(&l.name).and_then(|l| l.upper),
                drift: l.foretold.drift.is_some(),
                out_of_range: l.foretold.out_of_range,
            })
            .collect();
        // A limit on what is not predicted, a dimension nobody measured yet, keeps the part from being good.
        let known = |name: &String| lines.iter().any(|l| l.name == *name);
        let defect = |name: &str| Defect::from_name(name).is_some();
        let missing = limits
            .iter()
            .filter(|l| !known(&l.name) && !defect(&l.name));
        quantities.extend(missing.map(|l| sort::Judged {
            name: l.name.clone(),
            value: f64::NAN,
            sd: f64::NAN,
            lower: l.lower,
            upper: l.upper,
            drift: false,
            out_of_range: false,
        }));
        let defects: Vec<sort::Risk> = Defect::ALL
            .into_iter()
            .filter_map(|d| {
                let chance = chances.iter().find(|c| c.defect == d);
                let upper = of(d.name()).and_then(|l| l.upper);
                (chance.is_some() || upper.is_some()).then(|| sort::Risk {
                    name: d.name().into(),
                    probability: chance.map_or(f64::NAN, |c| c.probability),
                    upper,
                })
            })
            .collect();
        let (verdict, why) = sort::sort(f.kind, f.trust.state, &quantities, &defects, self.sure);
        Judged {
            lines,
            chances,
            verdict,
            why,
            part,
        }
    }

    fn quality_lines(&self, judged: &Judged) -> Vec<view::QualityLine> {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |l: &Line| {
            let limit = limits.iter().find(|limit| limit.name == l.name);
            view::QualityLine {
                name: l.name.clone(),
                value: l.foretold.corrected.value,
                sd: l.foretold.corrected.sd,
                unit: unit_of(&l.name).unwrap_or("").into(),
                limits: [limit.and_then(|l| l.lower), limit.and_then(|l| l.upper)],
            }
        };
        judged.lines.iter().map(line).collect()
    }

    /// For the records.
    fn summary(
        &self,
        f: &Finished,
        record: &appliance_pipeline::shot::ShotRecord,
        judged: &Judged,
    ) -> ShotSummary {
        let mut features: BTreeMap<String, f64> = f.features.iter().cloned().collect();
        let mut quality = BTreeMap::new();
        crate::quality::to_record(&judged.lines, &mut quality, &mut features);
        crate::quality::chances_to_record(&judged.chances, &mut features);
        let belief = &self.keeper.belief;
        ShotSummary {
            kind: match f.kind {
                Kind::Production => ShotKind::Production,
                Kind::StartUp => ShotKind::StartUp,
                Kind::Purge => ShotKind::Purge,
                Kind::Idle => ShotKind::Idle,
                Kind::Broken => ShotKind::Unknown,
            },
            trust: word(f.trust.state).into(),
            verdict: match judged.verdict {
                _ if !judged.part => Verdict::None,
                sort::Verdict::Good => Verdict::Good,
                sort::Verdict::Reject => Verdict::Reject,
                sort::Verdict::Uncertain => Verdict::Uncertain,
            },
            phases: record
                .phases
                .iter()
                .map(|(p, at)| PhaseTime {
                    phase: *p as u8,
                    name: format!("{p:?}").to_lowercase(),
                    at_s: *at,
                })
                .collect(),
            features,
            latents: LATENTS
                .iter()
                .enumerate()
                .map(|(i, l)| {
                    let (value, sd) = (belief.mean[i], belief.sd(i));
                    (l.name.to_owned(), Uncertain { value, sd })
                })
                .collect(),
            quality,
        }
    }
}

fn indicators(judged: &Judged) -> Vec<view::Indicator> {
    let one = |c: &Chance| view::Indicator {
        name: c.defect.name().into(),
        probability: c.probability,
    };
    judged.chances.iter().map(one).collect()
}

/// What the tick tells the lines and writes down.
fn sorted(shot: u64, judged: &Judged) -> Answered {
    Answered::Sorted {
        shot,
        verdict: match judged.verdict {
            sort::Verdict::Good => PartVerdict::Good,
            sort::Verdict::Reject => PartVerdict::Reject,
            sort::Verdict::Uncertain => PartVerdict::Uncertain,
        },
        reason: serde_json::json!(reason(&judged.why)).to_string(),
    }
}

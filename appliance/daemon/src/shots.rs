//! The shot path: a thread that judges finished shots, prepares the models of the next one and forecasts the running one.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appliance_pipeline::forecast::Forecaster;
use appliance_pipeline::keeper::{Keeper, ShotSummary as Finished};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::suspect::Suspect;
use appliance_pipeline::trust::{Reason, TrustState};
use appliance_recorder::{PhaseTime, ShotKind, ShotSummary, Uncertain, Verdict};
use appliance_web::view;
use models_physics::latents::LATENTS;

use crate::config::LimitConfig;
use crate::line::{Answered, Told};
use crate::shared::Shared;

/// Shots of latents and innovations kept for the White box page.
const REMEMBERED: usize = 500;
/// Pause between two forecasts.
const FORECAST_EVERY: Duration = Duration::from_millis(200);
/// Distance of its points, s.
const FORECAST_STEP_S: f64 = 0.05;

/// A shot as the White box page remembers it.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Number in the records.
    pub shot: u64,
    /// Mean and sd of every latent, in the order of the list.
    pub latents: Vec<(f64, f64)>,
    /// Measurement, mean surprise, share refused.
    pub measurements: Vec<(String, f64, f64)>,
    /// Network off the witness.
    pub witness_error: f64,
    /// Viscosity at 1000 1/s and melt temperature, Pa s, with sd.
    pub viscosity: [f64; 2],
}

/// What the shot path knows, for pages and snapshots.
#[derive(Clone, Debug)]
pub struct Brain {
    /// Last trust.
    pub trust: view::Trust,
    /// Kind of the last shot.
    pub kind: view::ShotKind,
    /// Verdict of the last shot.
    pub verdict: Option<view::Verdict>,
    /// Predictions of the last shot.
    pub quality: Vec<view::QualityLine>,
    /// Indicators of the last shot.
    pub indicators: Vec<view::Indicator>,
    /// Usual cycle, s.
    pub cycle_s: Option<f64>,
    /// Forecast of the running shot.
    pub forecast: Vec<view::Forecast>,
    /// Shots.
    pub shots: Vec<Remembered>,
    /// Prior mean and sd, bounds, share learned and whether at a bound, by latent.
    pub latents: Vec<LatentNow>,
    /// Sensors that would narrow the band at the end of the flow, and the factor by which.
    pub would_help: Vec<(String, f64)>,
    /// Viscosity before the first shot, Pa s, with sd.
    pub viscosity_before: [f64; 2],
    /// Material lot.
    pub lot: Option<String>,
    /// Latest events: kind, source, text, ms since 1970.
    pub events: Vec<(String, String, String, i64)>,
}

/// A latent as the page shows it.
#[derive(Clone, Debug)]
pub struct LatentNow {
    /// Prior mean and sd.
    pub prior: [f64; 2],
    /// Bounds.
    pub bounds: [f64; 2],
    /// Share learned.
    pub learned: f64,
    /// Rests on a bound.
    pub at_bound: bool,
    /// Whether the model takes it.
    pub free: bool,
}

impl Default for Brain {
    fn default() -> Self {
        Self {
            trust: view::Trust {
                state: view::TrustState::Learning,
                reason: "trust.learning".into(),
                subject: None,
                since_shot: 0,
            },
            kind: view::ShotKind::Idle,
            verdict: None,
            quality: Vec::new(),
            indicators: Vec::new(),
            cycle_s: None,
            forecast: Vec::new(),
            shots: Vec::new(),
            latents: Vec::new(),
            would_help: Vec::new(),
            viscosity_before: [f64::NAN; 2],
            lot: None,
            events: Vec::new(),
        }
    }
}

/// Shared with the pages.
pub type SharedBrain = Arc<Mutex<Brain>>;

/// Locks whatever happened to another holder.
pub fn with<R>(brain: &SharedBrain, f: impl FnOnce(&mut Brain) -> R) -> R {
    f(&mut brain.lock().unwrap_or_else(PoisonError::into_inner))
}

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
}

impl ShotPath {
    /// Runs until the tick hangs up.
    pub fn run(mut self) {
        let mut forecaster = self.forecaster();
        let mut running = false;
        loop {
            match self.told.recv_timeout(FORECAST_EVERY) {
                Ok(Told::Began) => {
                    running = true;
                    let latents = self.network_latents();
                    if let Some(f) = &mut forecaster
                        && f.begin(&latents).is_err()
                    {
                        forecaster = self.forecaster();
                    }
                }
                Ok(Told::Ended { number, record }) => {
                    running = false;
                    if let Some(f) = &mut forecaster {
                        f.finished(&record, self.keeper.setup().drive);
                    }
                    let finished = self.keeper.finish(&record);
                    self.remember(number, &finished, &record);
                    let summary = self.summary(&finished, &record);
                    let answered = self
                        .answers
                        .send(Answered::Done(Box::new(summary), record))
                        .is_ok();
                    let tuned = match self.keeper.tuning() {
                        Ok(tuning) => self.answers.send(Answered::Tuning(tuning)).is_ok(),
                        Err(e) => {
                            eprintln!("moldsight: the models stay as they were: {e}");
                            true
                        }
                    };
                    if !(answered && tuned) {
                        return;
                    }
                }
                Ok(Told::Event(kind, source, text)) => {
                    println!("{source}: {text}");
                    with(&self.brain, |b| {
                        b.events
                            .push((kind, source, text, crate::snapshot::now_ms()));
                        let extra = b.events.len().saturating_sub(200);
                        b.events.drain(..extra);
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if running {
                self.forecast(&mut forecaster);
            } else {
                with(&self.brain, |b| b.forecast.clear());
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

    fn remember(&self, number: u64, f: &Finished, record: &appliance_pipeline::shot::ShotRecord) {
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
        let (quality, indicators, verdict) = self.judge(f);
        with(&self.brain, |b| {
            b.trust = trust(f, setup, number);
            b.kind = kind(f.kind);
            b.cycle_s = self.keeper.cycle_s();
            (b.quality, b.indicators, b.verdict) = (quality, indicators, verdict);
            if f.kind == Kind::Production {
                b.shots.push(Remembered {
                    shot: number,
                    latents: (0..LATENTS.len())
                        .map(|i| (belief.mean[i], belief.sd(i)))
                        .collect(),
                    measurements,
                    witness_error: f.findings.witness_error,
                    viscosity: self.keeper.effective_viscosity(),
                });
                let extra = b.shots.len().saturating_sub(REMEMBERED);
                b.shots.drain(..extra);
            }
            b.latents = latents_now(&self.keeper);
            b.would_help = self.keeper.would_help(record);
        });
    }

    /// Predictions with limits, indicators, verdict.
    fn judge(
        &self,
        f: &Finished,
    ) -> (
        Vec<view::QualityLine>,
        Vec<view::Indicator>,
        Option<view::Verdict>,
    ) {
        if !matches!(f.kind, Kind::Production | Kind::StartUp) {
            return (Vec::new(), Vec::new(), None);
        }
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |name: &str, [value, sd]: [f64; 2], unit: &str| {
            let limit = limits.iter().find(|l| l.name == name);
            view::QualityLine {
                name: name.into(),
                value,
                sd,
                unit: unit.into(),
                limits: [limit.and_then(|l| l.lower), limit.and_then(|l| l.upper)],
            }
        };
        let p = &f.part;
        let quality = vec![
            line("part_weight", p.mass_kg, "kg"),
            line("end_of_fill_pressure", f.end_of_fill_pa, "Pa"),
            line("shrinkage", p.shrinkage, "1"),
            line("core_at_ejection", p.hottest_k, "K"),
        ];
        // A share that stayed empty is seen from half a percent on; a sink where a place shrinks a percent more than the mean.
        let chance = |value: f64, limit: f64, sd: f64| {
            1.0 / (1.0 + (-(value - limit) / (0.55 * sd.max(1e-6))).exp())
        };
        let mut indicators = vec![
            view::Indicator {
                name: "short_shot".into(),
                probability: chance(p.short_share, 0.005, 0.003),
            },
            view::Indicator {
                name: "sink_mark".into(),
                probability: chance(p.sink[0], 0.02, p.sink[1].max(0.003)),
            },
        ];
        if p.flash[0].is_finite() {
            indicators.push(view::Indicator {
                name: "flash".into(),
                // A clamp force is set and read to a few percent.
                probability: chance(p.flash[0], 1.0, p.flash[1].max(0.03)),
            });
        }
        let outside = |q: &view::QualityLine, k: f64| {
            q.limits[0].is_some_and(|low| q.value + k * q.sd < low)
                || q.limits[1].is_some_and(|high| q.value - k * q.sd > high)
        };
        let verdict = if quality.iter().any(|q| outside(q, 2.0)) || p.short_share > 0.01 {
            view::Verdict::Reject
        } else if f.trust.state != TrustState::Trusted || quality.iter().any(|q| outside(q, -2.0)) {
            view::Verdict::Uncertain
        } else {
            view::Verdict::Good
        };
        (quality, indicators, Some(verdict))
    }

    /// For the records.
    fn summary(&self, f: &Finished, record: &appliance_pipeline::shot::ShotRecord) -> ShotSummary {
        let (quality, indicators, verdict) = self.judge(f);
        let mut features: BTreeMap<String, f64> = f.features.iter().cloned().collect();
        features.extend(
            indicators
                .into_iter()
                .map(|i| (format!("{}_probability", i.name), i.probability)),
        );
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
            verdict: match verdict {
                Some(view::Verdict::Good) => Verdict::Good,
                Some(view::Verdict::Reject) => Verdict::Reject,
                Some(view::Verdict::Uncertain) => Verdict::Uncertain,
                None => Verdict::None,
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
            latents: belief
                .lines()
                .map(|(name, value, sd, _)| (name.to_owned(), Uncertain { value, sd }))
                .collect(),
            quality: quality
                .into_iter()
                .map(|q| {
                    (
                        q.name,
                        Uncertain {
                            value: q.value,
                            sd: q.sd,
                        },
                    )
                })
                .collect(),
        }
    }
}

/// Latents as they stand.
pub fn latents_now(keeper: &Keeper) -> Vec<LatentNow> {
    let belief = &keeper.belief;
    (0..LATENTS.len())
        .map(|i| {
            let [low, high] = belief.range(i);
            LatentNow {
                prior: [belief.prior().mean[i], belief.prior().sd[i]],
                bounds: LATENTS[i].bounds,
                learned: belief.learned(i),
                at_bound: belief.at_bound[i],
                free: low < high && belief.prior().sd[i] > 0.0,
            }
        })
        .collect()
}

/// The word of a state.
pub fn word(state: TrustState) -> &'static str {
    match state {
        TrustState::Learning => "learning",
        TrustState::Trusted => "trusted",
        TrustState::Watch => "watch",
        TrustState::NotTrusted => "not_trusted",
    }
}

fn trust(f: &Finished, setup: &appliance_pipeline::setup::Setup, number: u64) -> view::Trust {
    let subject = match f.trust.reason {
        Reason::SensorSilent(i) => Some(setup.places[i].name.clone()),
        Reason::LatentAtBound(i) => Some(LATENTS[i].name.to_owned()),
        Reason::Suspect(Suspect::Sensor(i)) => Some(setup.places[i].name.clone()),
        Reason::Suspect(Suspect::Material(i) | Suspect::Temperature(i)) => {
            Some(LATENTS[i].name.to_owned())
        }
        Reason::Suspect(Suspect::Mold(i)) => {
            Some(i.map_or_else(|| "volume".to_owned(), |i| LATENTS[i].name.to_owned()))
        }
        Reason::DriveSilent => Some(setup.places[setup.drive].name.clone()),
        _ => None,
    };
    let reason = match f.trust.reason {
        Reason::FewShots => "trust.learning",
        Reason::AllWell => "trust.ok",
        Reason::Mismatch => "trust.mismatch",
        Reason::SensorSilent(_) => "trust.sensor_silent",
        Reason::DriveSilent => "trust.sensor_silent",
        Reason::NetworkOff => "trust.witness_disagrees",
        Reason::LatentAtBound(_) => "trust.wrong_material",
        Reason::Suspect(Suspect::Material(_)) => "trust.wrong_material",
        Reason::Suspect(Suspect::Mold(_)) => "trust.wrong_mold",
        Reason::Suspect(Suspect::Temperature(_)) => "trust.wrong_temperature",
        Reason::Suspect(Suspect::Sensor(_)) => "trust.wrong_sensor",
        Reason::OutOfRange => "trust.out_of_range",
    };
    view::Trust {
        state: match f.trust.state {
            TrustState::Learning => view::TrustState::Learning,
            TrustState::Trusted => view::TrustState::Trusted,
            TrustState::Watch => view::TrustState::Watch,
            TrustState::NotTrusted => view::TrustState::NotTrusted,
        },
        reason: reason.into(),
        subject,
        since_shot: number.saturating_sub(f.shot.saturating_sub(f.trust.since_shot)),
    }
}

fn kind(kind: Kind) -> view::ShotKind {
    match kind {
        Kind::Production => view::ShotKind::Production,
        Kind::StartUp => view::ShotKind::StartUp,
        Kind::Purge => view::ShotKind::Purge,
        Kind::Idle => view::ShotKind::Idle,
        Kind::Broken => view::ShotKind::Broken,
    }
}

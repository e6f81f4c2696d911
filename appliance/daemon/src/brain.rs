//! What the shot path knows, for pages and snapshots.

use std::sync::{Arc, Mutex, PoisonError};

use appliance_pipeline::correct::Effect;
use appliance_pipeline::keeper::Keeper;
use appliance_web::view;
use models_physics::latents::LATENTS;

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
    /// Why.
    pub verdict_reason: Option<view::VerdictReason>,
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
    /// Last production shot, ready to be replayed with other setpoints, and its number.
    pub replayable: Option<(u64, Arc<Effect>)>,
    /// What targets of the kind `reference` stand at: name and value, SI.
    pub target_values: Vec<(String, f64)>,
    /// A person asked to begin again where card and mold say.
    pub begin_again: bool,
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
            kind: view::ShotKind::StartUp,
            verdict: None,
            verdict_reason: None,
            quality: Vec::new(),
            indicators: Vec::new(),
            cycle_s: None,
            forecast: Vec::new(),
            shots: Vec::new(),
            latents: Vec::new(),
            would_help: Vec::new(),
            viscosity_before: [f64::NAN; 2],
            lot: None,
            replayable: None,
            target_values: Vec::new(),
            begin_again: false,
        }
    }
}

/// Shared with the pages.
pub type SharedBrain = Arc<Mutex<Brain>>;

/// Locks whatever happened to another holder.
pub fn with<R>(brain: &SharedBrain, f: impl FnOnce(&mut Brain) -> R) -> R {
    f(&mut brain.lock().unwrap_or_else(PoisonError::into_inner))
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

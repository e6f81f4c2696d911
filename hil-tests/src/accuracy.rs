//! The pipeline of the box against the simulated press's truth, without a clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use appliance_pipeline::estimator::{Estimator, Happened};
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::kind::Kind;
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::sample::Sample;
use appliance_pipeline::shot::ShotRecord;
use appliance_pipeline::trust::{Reason, TrustState};
use hil_press_sim::Scenario;
use hil_press_sim::course::CycleKind;
use hil_press_sim::offline::Offline;
use models_infer::network::Network;
use models_infer::release::Release;

/// Samples a second.
const RATE_HZ: f64 = 200.0;
/// Standard deviations of a 90 % band.
const BAND_90: f64 = 1.645;

/// What one shot came to.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Place in the series, from 1.
    pub shot: usize,
    /// Root mean square error of the pressure at the end of the flow in hold, over its peak.
    pub hold_error: f64,
    /// Share of samples of all virtual pressures, fill to cooling, inside their 90 % bands.
    pub inside: f64,
    /// Part mass error, relative.
    pub mass_error: f64,
    /// Mismatch alarm up after the shot.
    pub alarm: bool,
    /// Mean surprise.
    pub surprise: f64,
    /// What the box says about itself after the shot.
    pub reason: Reason,
    /// Estimated and true mass of the part, kg.
    pub mass_kg: [f64; 2],
    /// Estimated and true opening force over the clamp force.
    pub flash: [f64; 2],
}

/// Runs a shipped scenario for `shots` shots with a seed, using the sensors `used`.
///
/// # Panics
/// When the shipped scenario, mold or release cannot be used: they are part of the checkout.
pub fn series(scenario: &str, seed: u64, shots: usize, used: &[&str]) -> Vec<Score> {
    let scenario = Scenario::open(scenario).expect("a shipped scenario");
    series_of(&scenario, seed, shots, used)
}

/// As [`series`], of any scenario of a shipped mold.
///
/// # Panics
/// As [`series`].
pub fn series_of(scenario: &Scenario, seed: u64, shots: usize, used: &[&str]) -> Vec<Score> {
    let shelf = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/weights");
    let release = models_infer::shelf::find(&scenario.mold, &shelf).expect("a shipped release");
    let net =
        Network::new(&Release::load(&release).expect("a good release")).expect("a good network");
    let mold = models_physics::molds::builtin(&scenario.mold).expect("a shipped mold");
    let names: Vec<String> = used.iter().map(|u| (*u).to_owned()).collect();
    let mut keeper = Keeper::new(&mold, Some(Arc::new(net)), &names).expect("a pipeline");
    keeper.setup_mut().noise_pa = 6e4;
    let recipe = mold
        .process
        .recipe
        .as_deref()
        .and_then(|r| models_physics::recipes::builtin(r).ok());
    keeper.setup_mut().phases.cooling_s = recipe.map_or(0.0, |r| r.cooling_time_s);
    let screw_area_m2 = mold.press.as_ref().map_or(f64::NAN, |p| p.screw_area());
    let places: BTreeMap<String, usize> = keeper
        .setup()
        .places
        .iter()
        .enumerate()
        .map(|(i, p)| (p.name.clone(), i))
        .collect();
    for name in used {
        keeper.setup_mut().rezero[places[*name]] = *name != "nozzle";
    }
    let mut estimator = Estimator::new(keeper.setup().clone(), keeper.tuning().expect("models"));
    let mut press = Offline::new(scenario, seed, RATE_HZ).expect("a press");
    let mut scores = Vec::new();
    while scores.len() < shots {
        let cycle = press.cycle().expect("a cycle");
        let columns: Vec<Vec<f64>> = (0..scenario.channels.len())
            .map(|c| cycle.values(c))
            .collect();
        let channel = |name: &str| {
            scenario
                .channels
                .iter()
                .position(|c| c.name == name)
                .expect("a channel of the scenario")
        };
        let (screw, surface) = (channel("screw position"), channel("mold surface"));
        let (inject, transfer) = (channel("injection active"), channel("transfer"));
        let (mut judged, mut score) = (None, Judge::default());
        // A row is one instant of all channels.
        #[allow(clippy::needless_range_loop)]
        for row in 0..columns[0].len() {
            let mut sample = Sample::at(cycle.start_s + row as f64 * cycle.step_s);
            for name in used {
                let c = channel(if *name == "nozzle" {
                    "nozzle pressure"
                } else {
                    "cavity pressure p1"
                });
                sample.sensors[places[*name]] = columns[c][row] * 1e6 + 1e5;
            }
            sample.screw_m3 = columns[screw][row] * 1e-3 * screw_area_m2;
            sample.surface_k = columns[surface][row] + 273.15;
            sample.injecting = Some(columns[inject][row] > 12.0);
            sample.transferred = Some(columns[transfer][row] > 12.0);
            let happened = estimator.step(&sample);
            if let Some(truth) = &cycle.truth {
                let since = row as f64 * cycle.step_s - cycle.inject_s;
                score.look(&estimator, truth, since, &places);
            }
            if happened == Happened::Ended {
                judged = Some(estimator.take(Box::new(ShotRecord::new())));
            }
        }
        // The part is out before the next cycle begins; a shot that is still followed is ended by the next injection.
        let Some(record) = judged else { continue };
        let summary = keeper.finish(&record);
        estimator.retune(keeper.tuning().expect("models"));
        if cycle.kind == CycleKind::Shot
            && summary.kind == Kind::Production
            && let Some(truth) = &cycle.truth
        {
            scores.push(Score {
                shot: scores.len() + 1,
                hold_error: (score.square / score.count.max(1.0)).sqrt() / score.peak,
                inside: score.inside / score.seen.max(1.0),
                mass_error: summary.part.mass_kg[0] / truth.mass_kg - 1.0,
                alarm: summary.trust.mismatch() || summary.trust.state == TrustState::NotTrusted,
                surprise: summary.findings.surprise,
                reason: summary.trust.reason,
                flash: [summary.part.flash[0], truth.flash_ratio.unwrap_or(f64::NAN)],
                mass_kg: [summary.part.mass_kg[0], truth.mass_kg],
            });
        }
    }
    scores
}

#[derive(Default)]
struct Judge {
    square: f64,
    count: f64,
    peak: f64,
    inside: f64,
    seen: f64,
}

impl Judge {
    fn look(
        &mut self,
        estimator: &Estimator,
        truth: &hil_press_sim::truth::Truth,
        since: f64,
        places: &BTreeMap<String, usize>,
    ) {
        let at = (since / truth.step_s).round();
        if at < 0.0 {
            return;
        }
        let e = estimator.estimate();
        if e.phase == CyclePhase::Idle {
            return;
        }
        for (name, curve) in &truth.sensors {
            let (Some(&i), Some(true_pa)) = (places.get(name), curve.get(at as usize)) else {
                continue;
            };
            if !estimator.setup().places[i].is_pressure()
                || i == estimator.setup().drive
                || estimator.setup().used.contains(&i)
            {
                continue;
            }
            // Before melt arrives and after pressure is gone, everybody is right.
            if *true_pa < 1.5e5 && e.value[i] < 1.5e5 {
                continue;
            }
            self.seen += 1.0;
            self.inside += f64::from(u8::from((e.value[i] - true_pa).abs() <= BAND_90 * e.sd[i]));
        }
        let last = &estimator.setup().places[estimator.setup().last].name;
        if let Some(true_pa) = truth.sensors.get(last).and_then(|c| c.get(at as usize)) {
            self.peak = self.peak.max(true_pa - 1e5);
            let full = truth.full_s.unwrap_or(f64::INFINITY);
            let hold_end = truth.gate_freeze_s.unwrap_or(truth.ejected_s);
            if since >= full && since <= hold_end {
                self.square += (e.value[estimator.setup().last] - true_pa).powi(2);
                self.count += 1.0;
            }
        }
    }
}

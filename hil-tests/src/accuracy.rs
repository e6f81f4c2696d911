//! The pipeline of the box against the simulated press's truth, without a clock.

use appliance_pipeline::estimator::Estimator;
use appliance_pipeline::kind::Kind;
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::trust::{Reason, TrustState};
use hil_press_sim::Scenario;
use hil_press_sim::truth::Truth;

use crate::line::{Line, Molded};

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
    let mut line = Line::new(scenario, seed, used);
    let mut scores = Vec::new();
    while scores.len() < shots {
        let mut judge = Judge::default();
        let molded = line.mold_watched(&mut |estimator, truth, since_s| {
            judge.look(estimator, truth, since_s);
        });
        if molded.summary.kind == Kind::Production {
            scores.push(judge.score(scores.len() + 1, &molded));
        }
    }
    scores
}

/// Adds up one shot.
#[derive(Default)]
struct Judge {
    square: f64,
    count: f64,
    peak: f64,
    inside: f64,
    seen: f64,
}

impl Judge {
    fn look(&mut self, estimator: &Estimator, truth: &Truth, since_s: f64) {
        let at = (since_s / truth.step_s).round();
        if at < 0.0 {
            return;
        }
        let (e, setup) = (estimator.estimate(), estimator.setup());
        if e.phase == CyclePhase::Idle {
            return;
        }
        for (i, place) in setup.places.iter().enumerate() {
            let curve = truth.sensors.get(&place.name);
            let Some(true_pa) = curve.and_then(|c| c.get(at as usize)) else {
                continue;
            };
            if !place.is_pressure() || i == setup.drive || setup.used.contains(&i) {
                continue;
            }
            // Before melt arrives and after pressure is gone, everybody is right.
            if *true_pa < 1.5e5 && e.value[i] < 1.5e5 {
                continue;
            }
            self.seen += 1.0;
            self.inside += f64::from(u8::from((e.value[i] - true_pa).abs() <= BAND_90 * e.sd[i]));
        }
        let last = &setup.places[setup.last].name;
        if let Some(true_pa) = truth.sensors.get(last).and_then(|c| c.get(at as usize)) {
            self.peak = self.peak.max(true_pa - 1e5);
            let full = truth.full_s.unwrap_or(f64::INFINITY);
            let hold_end = truth.gate_freeze_s.unwrap_or(truth.ejected_s);
            if since_s >= full && since_s <= hold_end {
                self.square += (e.value[setup.last] - true_pa).powi(2);
                self.count += 1.0;
            }
        }
    }

    fn score(&self, shot: usize, molded: &Molded) -> Score {
        let (summary, truth) = (&molded.summary, &molded.truth);
        Score {
            shot,
            hold_error: (self.square / self.count.max(1.0)).sqrt() / self.peak,
            inside: self.inside / self.seen.max(1.0),
            mass_error: summary.part.mass_kg[0] / truth.mass_kg - 1.0,
            alarm: summary.trust.mismatch() || summary.trust.state == TrustState::NotTrusted,
            surprise: summary.findings.surprise,
            reason: summary.trust.reason,
            flash: [summary.part.flash[0], truth.flash_ratio.unwrap_or(f64::NAN)],
            mass_kg: [summary.part.mass_kg[0], truth.mass_kg],
        }
    }
}

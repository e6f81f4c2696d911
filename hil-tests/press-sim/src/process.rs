//! What the material and the machine really do in each shot: latents with drift, lots and start-up.

use crate::random::Random;
use crate::scenario::{Changes, EventKind, Scenario, adds};
use models_physics::latents::{LATENTS, Latent, Latents};

/// Draws the latents of shot after shot.
#[derive(Clone, Debug)]
pub struct Process {
    base: Latents,
    walks: Vec<f64>,
    phases: Vec<f64>,
    random: Random,
}

impl Process {
    /// Starts where the mold file says.
    #[must_use]
    pub fn new(base: Latents, scenario: &Scenario, seed: u64) -> Self {
        let mut random = Random::new(seed, 1);
        Self {
            base,
            walks: vec![0.0; scenario.drifts.len()],
            phases: scenario.drifts.iter().map(|_| random.uniform()).collect(),
            random,
        }
    }

    /// Latents of shot `shot` (from 1), whose injection begins about `start_s`. Call once a shot, in
    /// order.
    ///
    /// ```text
    /// factors:      value = base * product(changes) * exp(sum of drifts)
    /// temperatures: value = base + sum(changes) + sum of drifts
    /// drift = random walk + per_shot * steps made + scatter + swing * sin(2 pi (t / period + phase))
    /// ```
    /// Values stop at the latent's bounds.
    pub fn draw(&mut self, scenario: &Scenario, shot: u64, start_s: f64) -> Latents {
        let mut change = [0.0; LATENTS.len()];
        apply(&mut change, &scenario.disturbance, 1.0);
        for event in scenario.events.iter().filter(|e| e.shot <= shot) {
            match event.kind {
                EventKind::Lot => apply(&mut change, &event.change, 1.0),
                EventKind::Startup => {
                    let of = event.count.unwrap_or(1);
                    let since = shot - event.shot;
                    if since < of {
                        apply(&mut change, &event.change, 1.0 - since as f64 / of as f64);
                    }
                }
                _ => {}
            }
        }
        for (at, drift) in scenario.drifts.iter().enumerate() {
            self.walks[at] += drift.walk_sd * self.random.normal();
            let scatter = drift.scatter_sd * self.random.normal();
            let turn = start_s / drift.swing_period_s + self.phases[at];
            let swing = drift.swing * (std::f64::consts::TAU * turn).sin();
            let latent = Latent::from_name(&drift.latent).expect("checked with the scenario");
            change[latent as usize] +=
                self.walks[at] + drift.per_shot * drift.steps(shot) as f64 + scatter + swing;
        }
        let mut latents = self.base;
        for info in &LATENTS {
            let change = change[info.latent as usize];
            let base = self.base[info.latent];
            let value = if adds(info.latent) {
                base + change
            } else {
                base * change.exp()
            };
            latents[info.latent] = value.clamp(info.bounds[0], info.bounds[1]);
        }
        latents
    }
}

/// Adds `share` of the changes: kelvins as they are, factors as logarithms.
fn apply(into: &mut [f64; LATENTS.len()], changes: &Changes, share: f64) {
    for (name, value) in changes {
        let latent = Latent::from_name(name).expect("checked with the scenario");
        into[latent as usize] += share * if adds(latent) { *value } else { value.ln() };
    }
}

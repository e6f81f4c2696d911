//! The White box page from what the shot path remembers.

use appliance_web::view;
use models_physics::latents::LATENTS;

use crate::brain::Brain;

/// Latents, innovations and witness over the last `shots` shots.
pub fn page(brain: &Brain, shots: usize) -> view::WhiteBox {
    let from = brain.shots.len().saturating_sub(shots);
    let seen = &brain.shots[from..];
    let line = |i: usize| {
        let now = &brain.latents[i];
        view::LatentLine {
            name: LATENTS[i].name.into(),
            unit: LATENTS[i].unit.into(),
            prior: now.prior,
            bounds: now.bounds,
            learned: now.learned,
            at_bound: now.at_bound,
            points: seen
                .iter()
                .map(|s| view::LatentPoint {
                    shot: s.shot,
                    value: s.latents[i].0,
                    sd: s.latents[i].1,
                })
                .collect(),
        }
    };
    let latents: Vec<view::LatentLine> = (0..brain.latents.len())
        .filter(|i| brain.latents[*i].free)
        .map(line)
        .collect();
    let mut names: Vec<String> = seen
        .iter()
        .flat_map(|s| s.measurements.iter().map(|m| m.0.clone()))
        .collect();
    names.sort();
    names.dedup();
    let innovations = names.into_iter().map(|name| {
        let of = |s: &crate::brain::Remembered| {
            s.measurements
                .iter()
                .find(|m| m.0 == name)
                .map(|m| (s.shot, m.1, m.2))
        };
        let found: Vec<(u64, f64, f64)> = seen
            .iter()
            .filter_map(of)
            .filter(|m| m.1.is_finite())
            .collect();
        view::InnovationLine {
            measurement: name.clone(),
            shot: found.iter().map(|f| f.0).collect(),
            nis: found.iter().map(|f| f.1).collect(),
            gated: found.iter().map(|f| f.2).collect(),
        }
    });
    let points = seen.iter().map(|s| view::LatentPoint {
        shot: s.shot,
        value: s.viscosity[0],
        sd: s.viscosity[1],
    });
    let [before, doubt] = brain.viscosity_before;
    let now = seen.last().map_or(brain.viscosity_before, |s| s.viscosity);
    let viscosity = view::LatentLine {
        name: "effective_viscosity".into(),
        unit: "Pa s".into(),
        prior: [before, doubt],
        bounds: [0.0, f64::MAX],
        learned: (1.0 - (now[1] / doubt).powi(2)).clamp(0.0, 1.0),
        at_bound: false,
        points: points.collect(),
    };
    view::WhiteBox {
        effective_viscosity: viscosity,
        innovations: innovations.collect(),
        witness_error: seen.iter().map(|s| (s.shot, s.witness_error)).collect(),
        would_help: brain.would_help.clone(),
        latents,
    }
}

//! Derivatives with respect to the latents, over whole shots, against finite differences of the plain follower.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::sync::Arc;

use models_infer::error::InferError;
use models_infer::follow::{Follower, Stage, TangentFollower};
use models_infer::kernel::{Isa, Precision};
use models_infer::network::Network;
use models_infer::release::{Quantity, Release};

/// A shot at 500 Hz: fill, hold with a change, and down to nothing. Time in s, pressure in Pa.
fn drive(t: f64, highest: f64) -> f64 {
    const CORNERS: [(f64, f64); 9] = [
        (0.0, 0.0),
        (0.1, 0.25),
        (0.5, 0.6),
        (1.0, 0.7),
        (1.5, 0.5),
        (2.5, 0.45),
        (3.0, 0.2),
        (4.0, 0.0),
        (9.0, 0.0),
    ];
    let k = CORNERS.iter().rposition(|c| c.0 <= t).unwrap();
    let (a, b) = (CORNERS[k], CORNERS[k + 1]);
    1e5 + 0.8 * highest * (a.1 + (b.1 - a.1) * (t - a.0) / (b.0 - a.0))
}

/// Times that fall on no scheduled one.
fn time(i: usize) -> f64 {
    i as f64 * 2e-3 + 1e-4 * (i as f64 * 0.7).sin()
}

const SAMPLES: usize = 2500;

/// Readings, and how far the shot went: stage, and scheduled moves so far.
fn plain(net: &Arc<Network>, latents: &[f64]) -> (Vec<f64>, Vec<(Stage, usize)>) {
    let mut f = Follower::new(net.clone(), latents).unwrap();
    let (mut values, mut stages) = (vec![], vec![]);
    for i in 0..SAMPLES {
        f.push(time(i), drive(time(i), net.about.highest_pa))
            .unwrap();
        values.extend_from_slice(f.readings());
        let moves = net.times.partition_point(|g| f.full_at() + g <= time(i));
        stages.push((f.stage(), moves));
    }
    (values, stages)
}

/// Derivatives by central differences of the plain follower, `[samples, sensors, latents]`; none where there is no derivative.
fn differences(net: &Arc<Network>, latents: &[f64]) -> Vec<Option<f64>> {
    let (u, s) = (latents.len(), net.about.sensors.len());
    let (_, stages) = plain(net, latents);
    let mut all = vec![None; SAMPLES * s * u];
    for k in 0..u {
        let step = step(net, k);
        let at = |by: f64| {
            let mut v = latents.to_vec();
            v[k] += by * step;
            plain(net, &v)
        };
        let runs = [at(-2.0), at(-1.0), at(1.0), at(2.0)];
        for i in 0..SAMPLES {
            // Another stage, or a scheduled move before this sample in one and behind it in the other: the readings jump
            // there, and a difference is none.
            if runs.iter().any(|r| r.1[i] != stages[i]) {
                continue;
            }
            for j in 0..s {
                let v = |r: usize| runs[r].0[i * s + j];
                // So it is where the front reaches a sensor, or pressure falls to that of the air.
                let air = |r: usize| v(r) == net.about.atmosphere_pa;
                if (0..4).any(air) != (0..4).all(air) {
                    continue;
                }
                let d = (8.0 * (v(2) - v(1)) - (v(3) - v(0))) / (12.0 * step);
                all[(i * s + j) * u + k] = Some(d);
            }
        }
    }
    all
}

fn step(net: &Network, k: usize) -> f64 {
    let l = &net.about.latents[k];
    2e-3 * (l.high - l.low)
}

/// Largest and mean difference of all derivatives from `due`, over the largest of each sensor and latent.
fn compare(net: &Arc<Network>, latents: &[f64], due: &[Option<f64>]) -> (f64, f64) {
    let (u, s) = (latents.len(), net.about.sensors.len());
    let mut f = TangentFollower::new(net.clone(), latents).unwrap();
    let mut found = vec![];
    let (values, _) = plain(net, latents);
    for i in 0..SAMPLES {
        f.push(time(i), drive(time(i), net.about.highest_pa))
            .unwrap();
        assert_eq!(f.values(), &values[i * s..][..s]);
        found.extend_from_slice(f.jacobian());
    }
    assert_eq!(f.plain().stage(), Stage::Full);
    let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0.0);
    for (j, place) in net.about.sensors.iter().enumerate() {
        for k in 0..u {
            let pairs = || {
                let at = (0..SAMPLES).map(|i| (i * s + j) * u + k);
                at.filter_map(|n| due[n].map(|d| (found[n], d)))
            };
            let largest = pairs().fold(0.0_f64, |m, (_, d)| m.max(d.abs()));
            // What single precision leaves of a difference: 1e-6 of full scale over the step.
            let noise = match place.quantity {
                Quantity::Pressure => 2e-6 * net.about.pressure_scale_pa,
                Quantity::Temperature => 2e-6 * (net.about.melt_k - net.about.mold_k),
            } / step(net, k);
            for (found, due) in pairs() {
                let off = ((found - due).abs() - noise).max(0.0) / largest.max(noise);
                worst = worst.max(off);
                sum += off;
                count += 1.0;
            }
        }
    }
    assert!(
        count > 0.95 * found.len() as f64,
        "too many samples left out"
    );
    (worst, sum / count)
}

#[test]
fn derivatives_are_those_of_the_follower_over_a_whole_shot() {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
    for name in ["strip-ps-001", "plate-ps-003"] {
        let release = Release::load(&weights.join(name)).unwrap();
        // Between the release's own latents and the middle of their ranges.
        let latents = release.about.latents.iter();
        let latents: Vec<f64> = latents
            .map(|l| 0.5 * l.value + 0.25 * (l.low + l.high))
            .collect();
        let due = differences(&Arc::new(Network::new(&release).unwrap()), &latents);
        for isa in Isa::available() {
            let net = Arc::new(Network::with(&release, isa, Precision::Float).unwrap());
            let (worst, mean) = compare(&net, &latents, &due);
            println!("{name} {isa}: worst {worst:.4}, mean {mean:.6}");
            assert!(worst < 0.03 && mean < 1e-3, "{name} {isa}: {worst} {mean}");
        }
    }
}

#[test]
fn a_new_shot_starts_from_nothing_and_bad_input_is_refused() {
    let (about, weights) = common::release();
    let net = Arc::new(Network::new(&Release::from_parts(about, &weights).unwrap()).unwrap());
    let mut f = TangentFollower::new(net.clone(), &[1.0, 1.2]).unwrap();
    let run = |f: &mut TangentFollower| {
        f.reset();
        for i in 0..600 {
            f.push(time(i), drive(time(i), 100e6)).unwrap();
        }
        f.jacobian().to_vec()
    };
    let first = run(&mut f);
    assert!(first.iter().any(|d| d.abs() > 1.0));
    assert_eq!(run(&mut f), first);
    assert!(matches!(
        f.push(10.0, f64::NAN),
        Err(InferError::NotANumber { .. })
    ));
    assert_eq!(f.jacobian(), first);
    assert!(f.set_latents(&[1.0, 9.0]).is_err());
}

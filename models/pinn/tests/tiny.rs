//! A tiny mold from its first shot to a release that beats the mean field tenfold.
#![allow(clippy::unwrap_used)]

mod common;

use candle_core::Device;
use common::{options, tiny};
use models_infer::release::{Errors, Release};
use models_pinn::dataset::{Dataset, Options, generate};
use models_pinn::evaluate::errors;
use models_pinn::export::{describe, weights};
use models_pinn::network::{Network, Widths};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::train::{Effort, LaterRows, full_times, train_filling, train_later};

/// Error of predicting, after full, the mean field of the training shots: root mean square over the peak of each shot,
/// weighted by time as [`errors`] does, in percent.
fn error_of_the_mean(train: &Dataset, fresh: &Dataset) -> f64 {
    let n = train.meta.nodes;
    let mut mean = vec![0.0; n];
    let mut count = 0.0;
    for shot in train.shots.iter().filter(|s| s.is_full()) {
        for p in shot.pressure[shot.fill_ticks * n..].chunks_exact(n) {
            mean.iter_mut()
                .zip(p)
                .for_each(|(m, p)| *m += f64::from(*p));
            count += 1.0;
        }
    }
    mean.iter_mut().for_each(|m| *m /= count);
    let shots: Vec<_> = fresh.shots.iter().filter(|s| s.is_full()).collect();
    let of_shot = |s: &&models_pinn::dataset::ShotRecord| {
        let peak = f64::from(s.inlet.iter().fold(0.0_f32, |m, p| m.max(*p))) - 1e5;
        let (mut sum, mut time) = (0.0, 0.0);
        for k in s.fill_ticks + 1..s.tick.len() {
            let dt = f64::from(s.tick[k] - s.tick[k - 1]);
            let p = &s.pressure[k * n..][..n];
            sum += dt
                * p.iter()
                    .zip(&mean)
                    .skip(1)
                    .map(|(p, m)| ((f64::from(*p) - m) / peak).powi(2))
                    .sum::<f64>()
                / (n - 1) as f64;
            time += dt;
        }
        100.0 * (sum / time).sqrt()
    };
    shots.iter().map(of_shot).sum::<f64>() / shots.len() as f64
}

fn recipes(shots: u32, first: u32) -> Options {
    // Recipes vary in full, the melt a little: what is learned here is the drive.
    Options {
        waveforms: 0.0,
        spread: 0.4,
        ..options(shots, first)
    }
}

#[test]
fn a_tiny_mold_is_learned_ten_times_better_than_its_mean() {
    let mold = tiny();
    let data = generate(&mold, &recipes(1200, 0), None, |_| ()).unwrap();
    let fresh = generate(&mold, &recipes(24, 60_000), None, |_| ()).unwrap();
    let prepared = Prepared::new(
        &mold,
        &data,
        &Modes {
            fill_pressure: 8,
            fill_temperature: 12,
            pressure: 10,
            temperature: 16,
        },
    );
    let bases = &prepared.bases;
    let widths = Widths {
        front: 32,
        fill: 32,
        state: 32,
        cell: 48,
        later: 64,
    };
    let net = Network::new(widths, 20, 2 * 10 + 16, 1, &Device::Cpu).unwrap();
    let effort = |steps, batch| Effort {
        steps,
        batch,
        rate: 5e-3,
        seed: 1,
    };
    train_filling(
        &net,
        &prepared.shots,
        bases,
        &effort(1500, 256),
        |_, _, _| (),
    )
    .unwrap();
    let passing = full_times(&net, &prepared.shots).unwrap();
    let rows: Vec<LaterRows> = prepared
        .shots
        .iter()
        .zip(&passing)
        .map(|(s, p)| LaterRows::new(s, p))
        .collect();
    train_later(
        &net,
        &prepared.shots,
        &rows,
        bases,
        &effort(1500, 32),
        |_, _, _| (),
    )
    .unwrap();
    let bytes = weights(&net, &prepared).unwrap();
    let about = describe(&mold, &data.meta, &prepared, 1, &bytes, Errors::default()).unwrap();
    let release = Release::from_parts(about, &bytes).unwrap();
    let found = errors(&release, &fresh).unwrap();
    let mean = error_of_the_mean(&data, &fresh);
    println!(
        "network {:.2} %, mean field {mean:.2} %, temperature {:.2} K",
        found.later_percent, found.temperature_k[0]
    );
    assert!(found.shots >= 20);
    assert!(
        10.0 * found.later_percent < mean,
        "{} {mean}",
        found.later_percent
    );
    assert!(found.temperature_k[0] < 6.0);
}

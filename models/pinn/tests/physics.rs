//! The solver's residual as a part of the loss, on a tiny mold.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use common::{options, tiny};
use models_physics::latents::{LATENTS, Latents};
use models_physics::solver::Model;
use models_pinn::dataset::generate;
use models_pinn::network::{Network, Widths};
use models_pinn::op::residual::{Pair, residual};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::train::{
    Collocation, DrivenShot, Effort, LaterRows, Physics, PhysicsEffort, full_times, train_filling,
    train_later_with,
};

/// Two neighbouring ticks of a simulated shot, as the operation takes them, with a disturbance added to the second.
fn value(disturbed_pa: f64, disturbed_k: f64) -> (f64, f64) {
    let mold = tiny();
    let data = generate(&mold, &options(4, 0), None, |_| ()).unwrap();
    let (n, layers) = (data.meta.nodes, data.meta.layers);
    let shot = data.shots.iter().find(|s| s.is_full()).unwrap();
    let mut latents = Latents::default();
    for l in &LATENTS {
        latents[l.latent] = shot.latents[l.latent as usize];
    }
    let model = Model::new(&mold, &latents, mold.cut(), None, None).unwrap();
    let (mut pairs, mut p, mut t) = (Vec::new(), Vec::new(), Vec::new());
    // The first ticks after full, whose temperatures are all kept.
    for at in 0..shot.thermal.len() - 1 {
        let (a, b) = (shot.thermal[at] as usize, shot.thermal[at + 1] as usize);
        if a < shot.fill_ticks + 3 || b != a + 1 {
            continue;
        }
        for (side, k) in [a, b].into_iter().enumerate() {
            for (i, v) in shot.pressure[k * n..][..n].iter().enumerate() {
                let off = if side == 1 {
                    disturbed_pa * (i as f64).sin()
                } else {
                    0.0
                };
                p.push(((f64::from(*v) - model.atmosphere + off) / 1e7) as f32);
            }
            let width = n * layers;
            for (i, v) in shot.temperature[(at + side) * width..][..width]
                .iter()
                .enumerate()
            {
                let off = if side == 1 {
                    disturbed_k * (i as f64).cos()
                } else {
                    0.0
                };
                t.push(((f64::from(*v) + off - 300.0) / 200.0) as f32);
            }
        }
        pairs.push(Pair {
            model: Arc::new(model.clone()),
            dt: f64::from(shot.tick[b] - shot.tick[a]),
            inlet: [
                f64::from(shot.pressure[a * n]),
                f64::from(shot.pressure[b * n]),
            ],
            temperature: [300.0, 200.0],
            pressure: 1e7,
            weight: [1.0, 1.0],
            bend: [1e9, 1e9],
            apart: false,
        });
    }
    let rows = 2 * pairs.len();
    assert!(rows > 4);
    let p = Tensor::from_vec(p, (rows, n), &Device::Cpu).unwrap();
    let t = Tensor::from_vec(t, (rows, n * layers), &Device::Cpu).unwrap();
    let (_, seen) = residual(&Arc::new(pairs), &p, &t).unwrap();
    (seen.pressure.sqrt(), seen.temperature.sqrt())
}

#[test]
fn the_solvers_own_ticks_leave_little_and_disturbed_ones_what_was_added() {
    let own = value(0.0, 0.0);
    let pressed = value(1e6, 0.0);
    let warmed = value(0.0, 5.0);
    println!("own {own:?}, pressure disturbed {pressed:?}, temperature disturbed {warmed:?}");
    // What the ticks leave is the solver's shorter steps between them. A wave of 1 MPa has 0.7 MPa root mean square, of
    // which a Newton step on a thinning melt removes about half.
    assert!(own.0 < 3e4 && own.1 < 0.01, "{own:?}");
    assert!((2e5..1e6).contains(&pressed.0), "{pressed:?}");
    assert!((1.0..5.0).contains(&warmed.1), "{warmed:?}");
}

/// The residual's part of the loss, its root mean squares (Pa, K) and the losses on the labelled shots (pressure,
/// temperature) after training.
fn trained(with_residual: bool) -> (f64, [f64; 2], [f32; 2]) {
    let mold = tiny();
    let data = generate(&mold, &options(24, 0), None, |_| ()).unwrap();
    let modes = Modes {
        fill_pressure: 8,
        fill_temperature: 12,
        pressure: 10,
        temperature: 16,
    };
    let prepared = Prepared::new(&mold, &data, &modes);
    let bases = &prepared.bases;
    let widths = Widths {
        front: 32,
        fill: 32,
        state: 24,
        cell: 32,
        later: 48,
    };
    let net = Network::new(widths, 20, 2 * 10 + 16, 1, &Device::Cpu).unwrap();
    let effort = |steps, batch| Effort {
        steps,
        batch,
        rate: 5e-3,
        seed: 1,
    };
    let shots = &prepared.shots;
    train_filling(&net, shots, bases, &effort(300, 128), |_, _, _| ()).unwrap();
    let passing = full_times(&net, shots).unwrap();
    let rows: Vec<LaterRows> = shots
        .iter()
        .zip(&passing)
        .map(|(s, p)| LaterRows::new(s, p))
        .collect();
    let driven: Vec<DrivenShot> = data
        .shots
        .iter()
        .filter(|s| s.is_full())
        .map(DrivenShot::of)
        .collect();
    let pool = Collocation::new(&net, &mold, &prepared.scales, &driven, 1).unwrap();
    let physics = |seed| {
        let effort = PhysicsEffort {
            shots: 8,
            pairs: 8,
            weight: [0.3, 3.0],
            ..PhysicsEffort::default()
        };
        Physics::new(pool.clone(), bases, &prepared.scales, effort, seed).unwrap()
    };
    let mut term = physics(1);
    let mut last = [f32::NAN; 2];
    let steps = 300;
    train_later_with(
        &net,
        shots,
        &rows,
        bases,
        &effort(steps, 12),
        |_, p, t| last = [p, t],
        |step| {
            if with_residual {
                term.term(&net, step, steps)
            } else {
                Ok(None)
            }
        },
    )
    .unwrap();
    assert_eq!(with_residual, !term.log.is_empty());
    // The same draws for both.
    let mut judge = physics(99);
    let (mut loss, mut sum) = (0.0, [0.0; 2]);
    for _ in 0..8 {
        let (mean, seen) = judge.measure(&net).unwrap();
        loss += f64::from(mean.to_scalar::<f32>().unwrap()) / 8.0;
        sum[0] += seen.pressure / 8.0;
        sum[1] += seen.temperature / 8.0;
    }
    (loss, sum.map(f64::sqrt), last)
}

#[test]
fn the_residual_in_the_loss_lowers_it_and_keeps_the_fit() {
    let (before, seen, data_alone) = trained(false);
    let (after, seen_too, data_too) = trained(true);
    println!("data alone {before:.3} {seen:?} {data_alone:?}");
    println!("with residual {after:.3} {seen_too:?} {data_too:?}");
    assert!(after < 0.7 * before, "{before} {after}");
    assert!(seen_too[1] < 0.8 * seen[1], "{seen:?} {seen_too:?}");
    for loss in data_too {
        // Unexplained shares of the labelled fields: errors of a fifth of their spread.
        assert!(loss.is_finite() && loss < 0.04, "{data_too:?}");
    }
}

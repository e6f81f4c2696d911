//! The optimiser reaches the bottom of a bent valley, and a training that is interrupted ends where a whole one does.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::Duration;

use candle_core::{DType, Device, Tensor, Var};
use common::{options, tiny};
use models_pinn::dataset::generate;
use models_pinn::network::{Network, Widths};
use models_pinn::prepare::{Modes, Prepared};
use models_pinn::train::{
    Block, Checkpoint, Effort, LaterRows, Optimiser, Row, Watch, full_times, split,
    train_filling_watched, train_later_watched, whole,
};

/// `|A W B - A W* B|^2` with badly scaled, turned A and B.
fn bent(var: &Var) -> Tensor {
    let turn = |n: usize, steep: f32| {
        let v: Vec<f32> = (0..n * n)
            .map(|k| {
                let (i, j) = ((k / n) as f32, (k % n) as f32);
                (0.7 * i * j + 0.3 * i + 0.1).sin() * steep.powf(j / n as f32)
            })
            .collect();
        Tensor::from_vec(v, (n, n), &Device::Cpu).unwrap()
    };
    let aim = Tensor::ones((6, 4), DType::F32, &Device::Cpu).unwrap();
    let off = (var.as_tensor() - aim).unwrap();
    let image = turn(6, 0.05).matmul(&off).unwrap();
    image
        .matmul(&turn(4, 0.05))
        .unwrap()
        .sqr()
        .unwrap()
        .sum_all()
        .unwrap()
}

fn descend(own: Vec<Block>) -> f32 {
    let var = Var::zeros((6, 4), DType::F32, &Device::Cpu).unwrap();
    let start: f32 = bent(&var).to_scalar().unwrap();
    let mut optimiser = Optimiser::new(vec![(var.clone(), own)]).unwrap();
    for k in 0..200 {
        let rate = 0.1 * (1.0 - f64::from(k) / 200.0);
        optimiser
            .step(&bent(&var).backward().unwrap(), rate)
            .unwrap();
    }
    bent(&var).to_scalar::<f32>().unwrap() / start
}

/// As a matrix in its eigenbasis and as a vector by plain Adam.
#[test]
fn both_ways_lead_to_the_bottom_of_a_bent_valley() {
    let var = Var::zeros((6, 4), DType::F32, &Device::Cpu).unwrap();
    let vector = Block {
        at: 0,
        rows: 1,
        columns: 24,
    };
    let (turned, plain) = (descend(whole(&var)), descend(vec![vector]));
    println!("of the loss are left: turned {turned:.1e}, plain {plain:.1e}");
    assert!(turned < 0.01 && plain < 0.01, "{turned} {plain}");
}

#[test]
fn some_shots_are_kept_back_and_none_of_few() {
    let (own, back) = split(2400);
    assert_eq!((own.len(), back.len()), (2280, 120));
    assert!(back.iter().all(|b| !own.contains(b)));
    assert_eq!(split(60).1.len(), 0);
}

fn network(prepared: &Prepared) -> Network {
    let b = &prepared.bases;
    let widths = Widths {
        front: 12,
        fill: 12,
        state: 8,
        cell: 10,
        later: 16,
    };
    let modes = (
        b.fill_pressure.len() + b.fill_temperature.len(),
        2 * b.pressure.len() + b.temperature.len(),
    );
    Network::new(widths, modes.0, modes.1, 3, &Device::Cpu).unwrap()
}

fn weights(net: &Network) -> Vec<Vec<f32>> {
    let vars = [net.fill_blocks(), net.later_blocks()].concat();
    vars.iter()
        .map(|v| v.0.flatten_all().unwrap().to_vec1().unwrap())
        .collect()
}

/// Trains both stages; each stops dead at `stop`. Returns the rows of the last stage.
fn train(
    net: &Network,
    prepared: &Prepared,
    folder: Option<&Path>,
    stop: usize,
) -> Result<Vec<Row>, models_pinn::error::PinnError> {
    let effort = Effort {
        steps: 90,
        batch: 8,
        rate: 3e-3,
        seed: 5,
    };
    let keep = |stage| folder.map(|f| (Checkpoint::new(f, stage), [7; 32]));
    let (shots, bases) = (&prepared.shots, &prepared.bases);
    let watch = |stage, run: &mut dyn FnMut(&mut Watch<'_>) -> _| {
        run(&mut Watch {
            keep: keep(stage),
            pause: Duration::ZERO,
            told: &mut |_| (),
            stepped: &mut |_| (),
        })
    };
    watch("fill", &mut |w| {
        train_filling_watched(net, shots, bases, &effort, w)
    })?;
    let passing = full_times(net, shots)?;
    let rows: Vec<LaterRows> = shots
        .iter()
        .zip(&passing)
        .map(|(s, p)| LaterRows::new(s, p))
        .collect();
    watch("later", &mut |w| {
        train_later_watched(net, shots, &rows, bases, &effort, w, |step| {
            if step == stop {
                candle_core::bail!("the power is gone");
            }
            Ok(None)
        })
    })
}

/// The state after a stop is the checkpoint's alone: a new process begins with other weights and goes on all the same.
#[test]
fn an_interrupted_training_ends_where_a_whole_one_does() {
    let mold = tiny();
    let data = generate(&mold, &options(220, 0), None, |_| ()).unwrap();
    let modes = Modes {
        fill_pressure: 4,
        fill_temperature: 5,
        pressure: 5,
        temperature: 6,
    };
    let prepared = Prepared::new(&mold, &data, &modes);
    let net = network(&prepared);
    let told = train(&net, &prepared, None, usize::MAX).unwrap();
    assert!(told.last().unwrap().kept_back[0] < told[0].kept_back[0]);
    let folder = tempfile::tempdir().unwrap();
    let stopped = network(&prepared);
    assert!(train(&stopped, &prepared, Some(folder.path()), 37).is_err());
    let again = network(&prepared);
    let rows = train(&again, &prepared, Some(folder.path()), usize::MAX).unwrap();
    assert_eq!(weights(&again), weights(&net));
    assert_eq!(rows, told);
    // And once more, when nothing is left to do.
    let done = network(&prepared);
    train(&done, &prepared, Some(folder.path()), 0).unwrap();
    assert_eq!(weights(&done), weights(&net));
    // Another training refuses this checkpoint.
    let foreign = Checkpoint::new(folder.path(), "later");
    let mut state = foreign.read().unwrap().unwrap();
    state.iter_mut().find(|n| n.0 == "identity").unwrap().2[0] = 8.0;
    foreign.write(&state).unwrap();
    let error = train(&network(&prepared), &prepared, Some(folder.path()), 0).unwrap_err();
    assert!(error.to_string().contains("another training"), "{error}");
}

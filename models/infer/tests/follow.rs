//! Following a shot: the sampling rate does not matter, and bad input is refused before anything moves.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::release;
use models_infer::error::InferError;
use models_infer::follow::{Follower, Stage};
use models_infer::network::Network;
use models_infer::release::{Release, to_safetensors};

fn follower() -> Follower {
    let (about, weights) = release();
    let net = Network::new(&Release::from_parts(about, &weights).unwrap()).unwrap();
    Follower::new(Arc::new(net), &[1.0, 1.2]).unwrap()
}

/// A pressure with corners on every tenth of a second, Pa.
fn drive(t: f64) -> f64 {
    const MPA: [f64; 22] = [
        0.1, 8.0, 40.0, 44.0, 41.0, 43.0, 35.0, 30.0, 30.0, 28.0, 12.0, 0.1, 0.1, 5.0, 6.0, 2.0,
        0.1, 0.1, 0.1, 0.1, 0.1, 0.1,
    ];
    let k = ((t * 10.0) as usize).min(20);
    1e6 * (MPA[k] + (MPA[k + 1] - MPA[k]) * (t * 10.0 - k as f64))
}

/// Readings at every tenth of a second of a shot sampled at `hz`.
fn run(follower: &mut Follower, hz: usize) -> Vec<f64> {
    follower.reset();
    let mut all = Vec::new();
    for i in 0..=2 * hz {
        follower
            .push(i as f64 / hz as f64, drive(i as f64 / hz as f64))
            .unwrap();
        if i % (hz / 10) == 0 {
            all.extend_from_slice(follower.readings());
        }
    }
    assert_eq!(follower.stage(), Stage::Full);
    all
}

#[test]
fn the_sampling_rate_does_not_matter() {
    let mut f = follower();
    let slow = run(&mut f, 100);
    let full = f.full_at();
    let (middle, fast) = (run(&mut f, 1000), run(&mut f, 2000));
    assert!((f.full_at() - full).abs() < 1e-4, "{} {full}", f.full_at());
    for (i, (a, (b, c))) in slow.iter().zip(middle.iter().zip(&fast)).enumerate() {
        // Pressures and temperatures in turn: 0.1 % of the peak, 0.1 K.
        let limit = if i % 2 == 0 { 0.001 * 44e6 } else { 0.1 };
        assert!(
            (a - b).abs() < limit && (b - c).abs() < limit,
            "{i}: {a} {b} {c}"
        );
    }
    let spread = |v: &[f64]| {
        v.iter().step_by(2).fold(0.0_f64, |m, p| m.max(*p))
            - v.iter().step_by(2).fold(1e9_f64, |m, p| m.min(*p))
    };
    assert!(
        spread(&slow) > 1e6,
        "a reading that never moves proves nothing"
    );
}

#[test]
fn a_new_shot_starts_from_nothing() {
    let mut f = follower();
    assert_eq!(run(&mut f, 100), run(&mut f, 100));
}

#[test]
fn bad_input_is_refused_and_the_shot_stands_where_it_stood() {
    let mut f = follower();
    for i in 0..50 {
        f.push(f64::from(i) * 0.01, drive(f64::from(i) * 0.01))
            .unwrap();
    }
    let before = f.readings().to_vec();
    assert!(matches!(
        f.push(0.5, f64::NAN),
        Err(InferError::NotANumber { .. })
    ));
    assert!(matches!(
        f.push(f64::INFINITY, 1e6),
        Err(InferError::NotANumber { .. })
    ));
    assert!(matches!(f.push(0.49, 1e6), Err(InferError::Time { .. })));
    let error = f.push(0.5, 120e6).unwrap_err();
    assert!(
        error.to_string().contains("120.0 MPa") && error.to_string().contains("100.0 MPa"),
        "{error}"
    );
    assert_eq!(f.readings(), before);
    let mut untouched = follower();
    for i in 0..50 {
        untouched
            .push(f64::from(i) * 0.01, drive(f64::from(i) * 0.01))
            .unwrap();
    }
    f.push(0.5, drive(0.5)).unwrap();
    untouched.push(0.5, drive(0.5)).unwrap();
    assert_eq!(f.readings(), untouched.readings());
}

#[test]
fn latents_outside_the_trained_range_are_refused_by_name() {
    let mut f = follower();
    let error = f.set_latents(&[1.0, 2.5]).unwrap_err().to_string();
    assert!(
        error.contains("wall_htc") && error.contains("2.5"),
        "{error}"
    );
    assert!(f.set_latents(&[f64::NAN, 1.0]).is_err());
    assert!(matches!(
        f.set_latents(&[1.0]),
        Err(InferError::Count {
            found: 1,
            needed: 2
        })
    ));
}

/// Weights that overflow: refused, and every sample after it, until a new shot begins.
#[test]
fn a_broken_network_stays_refused_until_the_next_shot() {
    let mut all = common::tensors();
    for name in ["later.3.bias", "basis.pressure.modes"] {
        let huge = all.iter_mut().find(|t| t.0 == name).unwrap();
        huge.2.fill(f32::MAX);
    }
    let weights = to_safetensors(&all).unwrap();
    let about = common::description(&weights);
    let net = Network::new(&Release::from_parts(about, &weights).unwrap()).unwrap();
    let mut f = Follower::new(Arc::new(net), &[1.0, 1.0]).unwrap();
    let broke = (0..400).find(|i| {
        f.push(f64::from(*i) * 1e-3, drive(f64::from(*i) * 1e-3))
            .is_err()
    });
    let broke = broke.expect("a full mold reads infinity");
    assert_eq!(f.stage(), Stage::Full);
    assert!(f.readings().iter().any(|v| v.is_nan()));
    assert!(matches!(
        f.push(f64::from(broke + 1) * 1e-3, 1e6),
        Err(InferError::Broken { .. })
    ));
    f.reset();
    f.push(0.0, 1e5).unwrap();
}

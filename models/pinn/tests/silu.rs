//! The fused activation is candle's own, forward and back.
#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};
use models_pinn::op::silu::silu;

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// From far in the flat tail to far on the straight line; 2 rows so that a transposed view can be taken.
fn points() -> Tensor {
    let x: Vec<f32> = (-600..600).map(|i| i as f32 * 0.05 + 0.01).collect();
    Tensor::from_vec(x, (2, 600), &Device::Cpu).unwrap()
}

#[test]
fn values_and_gradients_are_those_of_candle() {
    let x = Var::from_tensor(&points()).unwrap();
    // Every element has its own weight, so that a gradient at the wrong place shows.
    let aim = points().sin().unwrap();
    let run = |y: Tensor| {
        let loss = (&y * &aim).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        (flat(&y), flat(grads.get(&x).unwrap()))
    };
    let own = run(silu(x.as_tensor()).unwrap());
    let plain = run(x.as_tensor().silu().unwrap());
    for ((a, b), (da, db)) in (own.0.iter().zip(&plain.0)).zip(own.1.iter().zip(&plain.1)) {
        assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} {b}");
        assert!((da - db).abs() < 3e-6, "{da} {db}");
    }
    assert!(plain.1.iter().any(|d| d.abs() > 0.5));
}

/// A view that is not contiguous gives the same, and its gradient comes back in the order of the original.
#[test]
fn a_transposed_view_is_no_different() {
    let x = Var::from_tensor(&points()).unwrap();
    let aim = points().cos().unwrap();
    let straight = silu(x.as_tensor()).unwrap();
    let turned = silu(&x.t().unwrap()).unwrap().t().unwrap();
    assert_eq!(flat(&straight), flat(&turned));
    let slope = |y: &Tensor| {
        let grads = (y * &aim).unwrap().sum_all().unwrap().backward().unwrap();
        flat(grads.get(&x).unwrap())
    };
    assert_eq!(slope(&straight), slope(&turned));
}

#[test]
fn double_precision_is_refused() {
    let x = points().to_dtype(candle_core::DType::F64).unwrap();
    assert!(silu(&x).is_err());
}

//! The fused layer is candle's own product, sum and activation, forward and back.
#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};
use models_pinn::op::dense::dense;

fn wave(rows: usize, columns: usize, step: f32) -> Tensor {
    let v: Vec<f32> = (0..rows * columns)
        .map(|i| 2.0 * (i as f32 * step).sin())
        .collect();
    Tensor::from_vec(v, (rows, columns), &Device::Cpu).unwrap()
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// Enough rows for both parts and an odd number of them; every output has its own weight in the sum.
#[test]
fn values_and_gradients_are_those_of_candle() {
    for rows in [1, 5, 131] {
        for activated in [false, true] {
            let x = Var::from_tensor(&wave(rows, 7, 0.37)).unwrap();
            let w = Var::from_tensor(&wave(11, 7, 0.11)).unwrap();
            let b = Var::from_tensor(&wave(1, 11, 0.71).squeeze(0).unwrap()).unwrap();
            let aim = wave(rows, 11, 0.53);
            let run = |y: Tensor| {
                let grads = (&y * &aim).unwrap().sum_all().unwrap().backward().unwrap();
                let of = |v: &Var| flat(grads.get(v).unwrap());
                [flat(&y), of(&x), of(&w), of(&b)]
            };
            let own = run(dense(&x, &w, &b, activated).unwrap());
            let sum = x
                .matmul(&w.t().unwrap())
                .unwrap()
                .broadcast_add(&b)
                .unwrap();
            let plain = run(if activated { sum.silu().unwrap() } else { sum });
            for (own, plain) in own.iter().zip(&plain) {
                let largest = plain.iter().fold(1.0_f32, |m, v| m.max(v.abs()));
                for (a, b) in own.iter().zip(plain) {
                    assert!(
                        (a - b).abs() < 2e-6 * largest,
                        "{rows} {activated}: {a} {b}"
                    );
                }
            }
        }
    }
}

/// A view that is not contiguous gives the same.
#[test]
fn a_transposed_view_is_no_different() {
    let (w, b) = (wave(3, 5, 0.2), wave(1, 3, 0.3).squeeze(0).unwrap());
    let x = wave(5, 40, 0.1);
    let turned = dense(&x.t().unwrap(), &w, &b, true).unwrap();
    let straight = dense(&x.t().unwrap().contiguous().unwrap(), &w, &b, true).unwrap();
    assert_eq!(flat(&turned), flat(&straight));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (w, b) = (wave(3, 5, 0.2), wave(1, 3, 0.3).squeeze(0).unwrap());
    assert!(dense(&wave(4, 6, 0.1), &w, &b, true).is_err());
    let double = wave(4, 5, 0.1).to_dtype(candle_core::DType::F64).unwrap();
    assert!(dense(&double, &w, &b, true).is_err());
}

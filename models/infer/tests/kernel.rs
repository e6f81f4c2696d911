//! Every kernel of this CPU computes what the portable one does, and that what double precision says.
#![allow(clippy::unwrap_used)]

use models_infer::error::InferError;
use models_infer::kernel::chain::{Chain, Columns, Scratch, TangentScratch, Weights};
use models_infer::kernel::int8::quantise;
use models_infer::kernel::lines::{Lines, padded};
use models_infer::kernel::{Activation, Isa};
use proptest::collection::vec;
use proptest::prelude::*;

const FUNCTIONS: [Activation; 3] = [Activation::Linear, Activation::Silu, Activation::Tanh];

/// A layer and an input for it.
#[derive(Clone, Debug)]
struct Case {
    rows: Vec<f32>,
    bias: Vec<f32>,
    x: Vec<f32>,
    f: Activation,
}

fn case() -> impl Strategy<Value = Case> {
    (1_usize..150, 1_usize..290, 0_usize..3).prop_flat_map(|(inputs, outputs, f)| {
        (
            vec(-0.3_f32..0.3, inputs * outputs),
            vec(-1.0_f32..1.0, outputs),
            vec(-2.0_f32..2.0, inputs),
        )
            .prop_map(move |(rows, bias, x)| Case {
                rows,
                bias,
                x,
                f: FUNCTIONS[f],
            })
    })
}

fn lines(x: &[f32]) -> Lines<f32> {
    let mut l = Lines::zeros(padded(x.len()));
    l[..x.len()].copy_from_slice(x);
    l
}

fn exact(f: Activation, z: f64) -> f64 {
    match f {
        Activation::Linear => z,
        Activation::Silu => z / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
    }
}

fn forward(chain: &Chain, x: &[f32], outputs: usize) -> Vec<f32> {
    let mut scratch = Scratch::new(chain.width());
    let y = chain.forward(&lines(x), &mut scratch);
    assert!(
        y[outputs..padded(outputs)].iter().all(|p| *p == 0.0),
        "padding must stay zero"
    );
    y[..outputs].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_layer_is_the_same_on_every_unit(c in case()) {
        let n = c.bias.len();
        for isa in Isa::available() {
            let chain = Chain::new(isa, &[(Weights::Float(&c.rows), &c.bias, c.f)]).unwrap();
            for (o, y) in forward(&chain, &c.x, n).iter().enumerate() {
                let row = &c.rows[o * c.x.len()..][..c.x.len()];
                let z = f64::from(c.bias[o])
                    + row.iter().zip(&c.x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>();
                let e = exact(c.f, z);
                prop_assert!((f64::from(*y) - e).abs() < 1e-5, "{isa} {:?} output {o}: {y} {e}", c.f);
            }
        }
    }

    /// Whole numbers with scales of one: sums below 2^24 are exact in a float, so that every bit must agree.
    #[test]
    fn integer_sums_are_the_same_to_the_bit(
        (inputs, outputs, seed) in (1_usize..1000, 1_usize..150, any::<u64>())
    ) {
        let mut draw = seed;
        let mut next = || {
            draw = draw.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((draw >> 40) % 255) as i32 - 127
        };
        let q: Vec<i8> = (0..inputs * outputs).map(|_| next() as i8).collect();
        let mut x: Vec<f32> = (0..inputs).map(|_| next() as f32).collect();
        x[inputs / 2] = 127.0;
        let (ones, none) = (vec![1.0; outputs], vec![0.0; outputs]);
        for isa in Isa::available() {
            let chain =
                Chain::new(isa, &[(Weights::Int8(&q, &ones), &none, Activation::Linear)]).unwrap();
            for (o, y) in forward(&chain, &x, outputs).iter().enumerate() {
                let sum: i64 = q[o * inputs..][..inputs]
                    .iter()
                    .zip(&x)
                    .map(|(w, x)| i64::from(*w) * *x as i64)
                    .sum();
                prop_assert_eq!(*y as i64, sum, "{} output {}", isa, o);
            }
        }
    }

    /// Activations between whole numbers are rounded alike, and the layer is near the one it stands for.
    #[test]
    fn a_quantised_layer_is_the_same_on_every_unit(c in case()) {
        let n = c.bias.len();
        let (q, scales) = quantise(&c.rows, n);
        let weights = Weights::Int8(&q, &scales);
        let portable = Chain::new(Isa::Portable, &[(weights, &c.bias, c.f)]).unwrap();
        let reference = forward(&portable, &c.x, n);
        let float = Chain::new(Isa::Portable, &[(Weights::Float(&c.rows), &c.bias, c.f)]).unwrap();
        let float = forward(&float, &c.x, n);
        for isa in Isa::available() {
            let chain = Chain::new(isa, &[(weights, &c.bias, c.f)]).unwrap();
            for (a, b) in forward(&chain, &c.x, n).iter().zip(&reference) {
                prop_assert!((a - b).abs() < 2e-6 * (1.0 + b.abs()), "{isa}: {a} {b}");
            }
        }
        for (a, b) in reference.iter().zip(&float) {
            // Half a step of weights and activations each, over all inputs.
            let bound = (c.x.len() as f32).sqrt() * 0.5 * (0.3 * 2.0 / 127.0) * 4.0;
            prop_assert!((a - b).abs() < bound.max(0.01), "{a} {b}");
        }
    }

    /// Two layers with derivatives against those of double precision, any number of columns.
    #[test]
    fn tangents_are_derivatives(c in case(), columns in 1_usize..20, f2 in 0_usize..3) {
        let n = c.bias.len();
        let second: Vec<f32> = (0..3 * n).map(|k| 0.2 * ((k as f32) * 0.7).sin()).collect();
        let f2 = FUNCTIONS[f2];
        let chain = |isa| Chain::new(
            isa,
            &[
                (Weights::Float(&c.rows), &c.bias, c.f),
                (Weights::Float(&second), &[0.1, -0.2, 0.3], f2),
            ],
        ).unwrap();
        let seed = |k: usize, i: usize| ((k * 31 + i * 7) as f32 * 0.37).sin();
        for isa in Isa::available() {
            let chain = chain(isa);
            let mut x = Columns::new(columns, chain.width()).unwrap();
            x.column_mut(0)[..c.x.len()].copy_from_slice(&c.x);
            for k in 1..columns {
                for i in 0..c.x.len() {
                    x.column_mut(k)[i] = seed(k, i);
                }
            }
            let mut scratch = TangentScratch::new(columns, chain.width()).unwrap();
            let y = chain.tangents(&x, &mut scratch);
            let value = forward(&chain, &c.x, 3);
            // Double precision, forward mode.
            let (mut h, mut dh) = (vec![0.0; n], vec![vec![0.0; n]; columns]);
            for o in 0..n {
                let row = &c.rows[o * c.x.len()..][..c.x.len()];
                let dot = |v: &dyn Fn(usize) -> f64| {
                    row.iter().enumerate().map(|(i, w)| f64::from(*w) * v(i)).sum::<f64>()
                };
                let z = f64::from(c.bias[o]) + dot(&|i| f64::from(c.x[i]));
                h[o] = exact(c.f, z);
                for (k, dh) in dh.iter_mut().enumerate().skip(1) {
                    dh[o] = slope(c.f, z) * dot(&|i| f64::from(seed(k, i)));
                }
            }
            for o in 0..3 {
                let row = &second[o * n..][..n];
                let z = [0.1, -0.2, 0.3][o]
                    + row.iter().zip(&h).map(|(w, h)| f64::from(*w) * h).sum::<f64>();
                prop_assert!((y.column(0)[o] - value[o]).abs() < 1e-5);
                for (k, dh) in dh.iter().enumerate().skip(1) {
                    let d = slope(f2, z)
                        * row.iter().zip(dh).map(|(w, d)| f64::from(*w) * d).sum::<f64>();
                    let found = f64::from(y.column(k)[o]);
                    prop_assert!((found - d).abs() < 2e-5 * (1.0 + d.abs()), "{isa} column {k}: {found} {d}");
                }
            }
        }
    }

    /// The recurrent step and its derivatives against finite differences in double precision.
    #[test]
    fn the_cell_moves_alike_on_every_unit(
        rates in vec(-6.0_f32..8.0, 48),
        candidates in vec(-3.0_f32..3.0, 48),
        h in vec(-1.0_f32..1.0, 48),
        dt in 1e-5_f32..0.2,
    ) {
        let moved = |e: f64, j: usize| {
            let t = |k: usize| e * ((k as f64) * 0.9).cos();
            let rate = f64::from(rates[j]) + t(j);
            let c = (f64::from(candidates[j]) + t(j + 100)).tanh();
            let kept = (-(f64::from(dt) + 0.3 * e) * rate.exp().ln_1p()).exp();
            c + kept * (f64::from(h[j]) + t(j + 200) - c)
        };
        let out: Vec<f32> = [&rates[..], &candidates].concat();
        for isa in Isa::available() {
            let chain = Chain::new(isa, &[]).unwrap();
            let mut state = lines(&h);
            chain.cell(&out, dt, &mut state[..48]);
            let (mut o, mut s) = (Columns::new(2, 96).unwrap(), Columns::new(2, 96).unwrap());
            o.column_mut(0)[..96].copy_from_slice(&out);
            s.column_mut(0)[..48].copy_from_slice(&h);
            for j in 0..48 {
                let t = |k: usize| ((k as f32) * 0.9).cos();
                o.column_mut(1)[j] = t(j);
                o.column_mut(1)[48 + j] = t(j + 100);
                s.column_mut(1)[j] = t(j + 200);
            }
            chain.cell_tangents(&o, dt, &[0.0, 0.3], &mut s, 48);
            for j in 0..48 {
                let e = moved(0.0, j);
                prop_assert!((f64::from(state[j]) - e).abs() < 2e-6, "{isa}: {} {e}", state[j]);
                prop_assert!((f64::from(s.column(0)[j]) - e).abs() < 2e-6);
                let d = (moved(1e-6, j) - moved(-1e-6, j)) / 2e-6;
                let found = f64::from(s.column(1)[j]);
                prop_assert!((found - d).abs() < 1e-4 * (1.0 + d.abs()), "{isa}: {found} {d}");
            }
        }
    }
}

fn slope(f: Activation, z: f64) -> f64 {
    match f {
        Activation::Linear => 1.0,
        Activation::Silu => {
            let s = 1.0 / (1.0 + (-z).exp());
            s + z * s * (1.0 - s)
        }
        Activation::Tanh => 1.0 - z.tanh().powi(2),
    }
}

/// Far arguments stay finite, and what is no number stays none: the follower relies on it.
#[test]
fn activations_hold_at_the_ends_and_let_nan_pass() {
    let z = [
        0.0, 1e-30, -1e-30, 20.0, -20.0, 87.0, -87.0, 200.0, -200.0, 1e20, -1e20,
    ];
    for isa in Isa::available() {
        for f in FUNCTIONS {
            let one = [1.0];
            let float = Chain::new(isa, &[(Weights::Float(&one), &[0.0], f)]).unwrap();
            let whole = Chain::new(isa, &[(Weights::Int8(&[127], &[1.0 / 127.0]), &[0.0], f)]);
            let whole = whole.unwrap();
            for z in z {
                let (y, e) = (forward(&float, &[z], 1)[0], exact(f, f64::from(z)));
                assert!(
                    (f64::from(y) - e).abs() < 1e-6 * (1.0 + e.abs()),
                    "{isa} {f:?} {z}: {y} {e}"
                );
            }
            for chain in [&float, &whole] {
                let mut scratch = Scratch::new(chain.width());
                let y = chain.forward(&lines(&[f32::NAN]), &mut scratch)[0];
                assert!(y.is_nan(), "{isa} {f:?}: {y}");
            }
        }
    }
}

#[test]
fn what_this_cpu_lacks_is_refused_by_name() {
    let lacking: Vec<Isa> = Isa::ALL.into_iter().filter(|i| !i.is_available()).collect();
    assert!(!lacking.is_empty(), "no CPU is an Arm and an x86");
    for isa in lacking {
        let error = Chain::new(isa, &[]).unwrap_err();
        assert!(matches!(error, InferError::Isa { .. }));
        assert!(error.to_string().contains(&isa.to_string()), "{error}");
    }
}

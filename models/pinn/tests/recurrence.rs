//! The recurrence as one operation: its formula, its gradient, and what it must not depend on.
#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};
use models_pinn::op::recurrence::{RecurrenceShape, recur};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SHAPE: RecurrenceShape = RecurrenceShape {
    inputs: 3,
    hidden: 5,
    state: 4,
};

fn random(n: usize, scale: f32, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..n)
        .map(|_| scale * rng.random_range(-1.0_f32..1.0))
        .collect()
}

/// Inputs `[batch, ticks, 1 + X]` with steps between 1 and 100 ms.
fn inputs(batch: usize, ticks: usize) -> Tensor {
    let mut x = random(batch * ticks * 4, 1.0, 1);
    for row in x.chunks_exact_mut(4) {
        row[0] = 0.001 + 0.0495 * (row[0] + 1.0);
    }
    Tensor::from_vec(x, (batch, ticks, 4), &Device::Cpu).unwrap()
}

fn weights() -> Vec<f32> {
    let mut w = random(SHAPE.weights(), 0.6, 2);
    // Rates of tens per second, so that steps of this length matter.
    let at = SHAPE.offsets()[4];
    w[at..at + SHAPE.state].iter_mut().for_each(|b| *b += 20.0);
    w
}

fn tensor(v: Vec<f32>, shape: (usize, usize)) -> Tensor {
    Tensor::from_vec(v, shape, &Device::Cpu).unwrap()
}

/// The same, one plain operation after the other.
fn composed(x: &Tensor, h0: &Tensor, w: &Tensor) -> Tensor {
    let at = SHAPE.offsets();
    let block = |i: usize, rows: usize| {
        let flat = w.narrow(0, at[i], at[i + 1] - at[i]).unwrap();
        flat.reshape((rows, (at[i + 1] - at[i]) / rows)).unwrap()
    };
    let (wx, wh, w2) = (block(0, 5), block(1, 5), block(3, 8));
    let (b1, b2) = (block(2, 1), block(4, 1));
    let (_, ticks, _) = x.dims3().unwrap();
    let mut h = h0.clone();
    let mut all = Vec::new();
    for k in 0..ticks {
        let now = x.narrow(1, k, 1).unwrap().squeeze(1).unwrap();
        let (dt, now) = (now.narrow(1, 0, 1).unwrap(), now.narrow(1, 1, 3).unwrap());
        let a = now.matmul(&wx.t().unwrap()).unwrap() + h.matmul(&wh.t().unwrap()).unwrap();
        let g = a.unwrap().broadcast_add(&b1).unwrap().silu().unwrap();
        let o = g
            .matmul(&w2.t().unwrap())
            .unwrap()
            .broadcast_add(&b2)
            .unwrap();
        let rate = ((o.narrow(1, 0, 4).unwrap().exp().unwrap() + 1.0).unwrap())
            .log()
            .unwrap();
        let share = (1.0
            - (rate.broadcast_mul(&dt).unwrap().neg().unwrap())
                .exp()
                .unwrap())
        .unwrap();
        let candidate = o.narrow(1, 4, 4).unwrap().tanh().unwrap();
        h = (&h + (share * (candidate - &h).unwrap()).unwrap()).unwrap();
        all.push(h.clone());
    }
    Tensor::stack(&all, 1).unwrap()
}

fn flat(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

/// States and gradients equal those of the formula composed of plain operations.
#[test]
fn it_is_the_composed_formula_and_so_are_its_gradients() {
    let (batch, ticks) = (5, 7);
    let x = inputs(batch, ticks);
    let h0 = Var::from_tensor(&tensor(random(batch * 4, 0.8, 3), (batch, 4))).unwrap();
    let w = Var::from_tensor(&Tensor::from_vec(weights(), SHAPE.weights(), &Device::Cpu).unwrap())
        .unwrap();
    let aim = Tensor::from_vec(
        random(batch * ticks * 4, 1.0, 4),
        (batch, ticks, 4),
        &Device::Cpu,
    )
    .unwrap();
    let run = |h: Tensor| {
        let loss = (&h * &aim).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        (
            flat(&h),
            flat(grads.get(&h0).unwrap()),
            flat(grads.get(&w).unwrap()),
        )
    };
    let fused = run(recur(SHAPE, &x, h0.as_tensor(), w.as_tensor()).unwrap());
    let plain = run(composed(&x, h0.as_tensor(), w.as_tensor()));
    assert!(largest_difference(&fused.0, &plain.0) < 2e-6);
    let scale = |v: &[f32]| v.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    assert!(largest_difference(&fused.1, &plain.1) < 2e-5 * scale(&plain.1));
    assert!(largest_difference(&fused.2, &plain.2) < 2e-5 * scale(&plain.2));
    assert!(
        scale(&plain.2) > 0.1,
        "a gradient of nothing proves nothing"
    );
}

/// The gradient is the slope of the loss, by differences along a random direction.
#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    let (batch, ticks) = (3, 6);
    let x = inputs(batch, ticks);
    let h0 = tensor(random(batch * 4, 0.8, 3), (batch, 4));
    let w = weights();
    let direction = random(w.len(), 1.0, 5);
    let loss = |w: &Tensor| {
        recur(SHAPE, &x, &h0, w)
            .unwrap()
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap()
    };
    let var =
        Var::from_tensor(&Tensor::from_vec(w.clone(), w.len(), &Device::Cpu).unwrap()).unwrap();
    let grads = loss(var.as_tensor()).backward().unwrap();
    let slope: f32 = flat(grads.get(&var).unwrap())
        .iter()
        .zip(&direction)
        .map(|(g, d)| g * d)
        .sum();
    let step = 2e-3_f32;
    let moved = |sign: f32| {
        let w: Vec<f32> = w
            .iter()
            .zip(&direction)
            .map(|(w, d)| w + sign * step * d)
            .collect();
        let n = w.len();
        loss(&Tensor::from_vec(w, n, &Device::Cpu).unwrap())
            .to_scalar::<f32>()
            .unwrap()
    };
    let found = (moved(1.0) - moved(-1.0)) / (2.0 * step);
    assert!(
        (found - slope).abs() < 1e-2 * slope.abs().max(0.1),
        "{found} {slope}"
    );
}

/// A tick of no length changes nothing, and a shot's states do not depend on its company in the batch.
#[test]
fn no_time_no_change_and_no_neighbours() {
    let (batch, ticks) = (4, 5);
    let mut values = flat(&inputs(batch, ticks));
    for i in 0..batch {
        values[(i * ticks + 2) * 4] = 0.0;
    }
    let x = Tensor::from_vec(values, (batch, ticks, 4), &Device::Cpu).unwrap();
    let h0 = tensor(random(batch * 4, 0.8, 3), (batch, 4));
    let w = Tensor::from_vec(weights(), SHAPE.weights(), &Device::Cpu).unwrap();
    let all = flat(&recur(SHAPE, &x, &h0, &w).unwrap());
    for i in 0..batch {
        let at = |k: usize| &all[(i * ticks + k) * 4..][..4];
        assert_eq!(at(1), at(2));
        assert_ne!(at(2), at(3));
        let alone = recur(
            SHAPE,
            &x.narrow(0, i, 1).unwrap(),
            &h0.narrow(0, i, 1).unwrap(),
            &w,
        )
        .unwrap();
        assert!(largest_difference(&flat(&alone), &all[i * ticks * 4..][..ticks * 4]) < 1e-6);
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let h0 = tensor(vec![0.0; 8], (2, 4));
    let w = Tensor::from_vec(weights()[1..].to_vec(), SHAPE.weights() - 1, &Device::Cpu).unwrap();
    let error = recur(SHAPE, &inputs(2, 3), &h0, &w)
        .unwrap_err()
        .to_string();
    assert!(error.contains("do not fit"), "{error}");
}

//! Plain Rust for every CPU, and what the other kernels are tested against.
//!
//! No vectors by name: loops over runs of fixed length, four inputs at a time, which a compiler turns into those it may use.

use super::dense::{Dense, panel_width};
use super::int8::{Dense8, LARGEST, step};
use super::lanes::{Activation, ROUND};
use crate::smooth::{exp, sigmoid, softplus, tanh};

/// Outputs of a full panel.
pub(crate) const WIDEST: usize = 64;

fn activate(activation: Activation, y: &mut [f32]) {
    match activation {
        Activation::Linear => {}
        Activation::Silu => y.iter_mut().for_each(|y| *y *= sigmoid(*y)),
        Activation::Tanh => y.iter_mut().for_each(|y| *y = tanh(*y)),
    }
}

/// `y = f(W x + b)`, padding included.
pub(crate) fn dense(layer: &Dense, x: &[f32], y: &mut [f32]) {
    product(layer, x, true, y);
    activate(layer.activation, &mut y[..layer.padded]);
}

/// `y = W x`, and `+ b` if asked.
fn product(layer: &Dense, x: &[f32], bias: bool, y: &mut [f32]) {
    let x = &x[..layer.inputs];
    let mut at = 0;
    while at < layer.padded {
        let w = panel_width(layer.widest, layer.padded, at);
        let weights = &layer.weights[at * layer.inputs..][..w * layer.inputs];
        let y = &mut y[at..at + w];
        if bias {
            y.copy_from_slice(&layer.bias[at..at + w]);
        } else {
            y.fill(0.0);
        }
        match w {
            64 => panel::<64>(weights, x, y),
            32 => panel::<32>(weights, x, y),
            _ => panel::<16>(weights, x, y),
        }
        at += w;
    }
}

fn panel<const N: usize>(weights: &[f32], x: &[f32], y: &mut [f32]) {
    let (rows, _) = weights.as_chunks::<N>();
    let Some(y) = y.as_mut_array::<N>() else {
        return;
    };
    let (fours, rest) = x.as_chunks::<4>();
    let (row_fours, row_rest) = rows.as_chunks::<4>();
    for ([a, b, c, d], [p, q, r, s]) in fours.iter().zip(row_fours) {
        for k in 0..N {
            y[k] += (a * p[k] + b * q[k]) + (c * r[k] + d * s[k]);
        }
    }
    for (a, p) in rest.iter().zip(row_rest) {
        for k in 0..N {
            y[k] += a * p[k];
        }
    }
}

/// `y = f(W x + b)` in column 0 and its derivatives in the others; see [`super::dense::tangents`].
pub(crate) fn tangents<const STRIDE: usize>(
    layer: &Dense,
    columns: usize,
    x: &[f32],
    y: &mut [f32],
    slope: &mut [f32],
) {
    let n = layer.padded;
    let slope = &mut slope[..n];
    for (c, (x, y)) in x
        .chunks(STRIDE)
        .zip(y.chunks_mut(STRIDE))
        .take(columns)
        .enumerate()
    {
        product(layer, x, c == 0, y);
        let y = &mut y[..n];
        if c > 0 {
            y.iter_mut().zip(slope.iter()).for_each(|(y, d)| *y *= d);
            continue;
        }
        match layer.activation {
            Activation::Linear => slope.fill(1.0),
            Activation::Silu => {
                for (y, d) in y.iter_mut().zip(slope.iter_mut()) {
                    let s = sigmoid(*y);
                    *d = s + *y * s * (1.0 - s);
                    *y *= s;
                }
            }
            Activation::Tanh => {
                for (y, d) in y.iter_mut().zip(slope.iter_mut()) {
                    *y = tanh(*y);
                    *d = 1.0 - *y * *y;
                }
            }
        }
    }
}

/// One step of the recurrent cell; see [`super::cell::cell`].
pub(crate) fn cell(out: &[f32], dt: f32, h: &mut [f32]) {
    let (rate, candidate) = out.split_at(h.len());
    for ((h, rate), candidate) in h.iter_mut().zip(rate).zip(candidate) {
        let kept = exp(-dt * softplus(*rate));
        let c = tanh(*candidate);
        *h = c + kept * (*h - c);
    }
}

/// The same with tangents; see [`super::cell::cell_tangents`].
pub(crate) fn cell_tangents(
    out: &[f32],
    dt: f32,
    dts: &[f32],
    h: &mut [f32],
    n: usize,
    stride: usize,
) {
    for j in 0..n {
        let (rate, candidate) = (out[j], out[n + j]);
        let (speed, c) = (softplus(rate), tanh(candidate));
        let kept = exp(-dt * speed);
        let away = h[j] - c;
        h[j] = c + kept * away;
        let by_kept = -kept * away;
        let by_rate = by_kept * dt * sigmoid(rate);
        let by_candidate = (1.0 - c * c) * (1.0 - kept);
        for (k, d) in dts.iter().enumerate().skip(1) {
            let (out, h) = (&out[k * stride..], &mut h[k * stride + j]);
            *h = kept * *h + by_candidate * out[n + j] + by_rate * out[j] + by_kept * speed * d;
        }
    }
}

/// Inputs whose sum of products is below 2^24, so that every partial sum is exact in a float.
const EXACT: usize = 1024;

/// `y = f(W x + b)` with 8-bit weights; see [`super::int8`].
pub(crate) fn dense8(layer: &Dense8, x: &[f32], q: &mut [i8], y: &mut [f32]) {
    let x = &x[..layer.inputs];
    let q = &mut q[..layer.inputs];
    // By bits: what is no number is the largest.
    let largest = x.iter().fold(0, |m, v| m.max(v.abs().to_bits()));
    let (inverse, value) = step(f32::from_bits(largest));
    for (q, x) in q.iter_mut().zip(x) {
        *q = ((x * inverse).clamp(-LARGEST, LARGEST) + ROUND).to_bits() as i8;
    }
    let mut at = 0;
    while at < layer.padded {
        let w = panel_width(layer.widest, layer.padded, at);
        let weights = &layer.columns[at * layer.inputs..][..w * layer.inputs];
        let y = &mut y[at..at + w];
        match w {
            64 => panel8::<64>(weights, q, y),
            32 => panel8::<32>(weights, q, y),
            _ => panel8::<16>(weights, q, y),
        }
        let scales = layer.scales[at..].iter().zip(&layer.bias[at..]);
        for (y, (scale, bias)) in y.iter_mut().zip(scales) {
            *y = bias + *y * (value * scale);
        }
        at += w;
    }
    activate(layer.activation, &mut y[..layer.padded]);
}

/// Whole sums; in floats as long as those are exact, then as integers.
fn panel8<const N: usize>(weights: &[f32], q: &[i8], y: &mut [f32]) {
    let mut sums = [0_i32; N];
    let mut x = [0.0; EXACT];
    for (q, weights) in q.chunks(EXACT).zip(weights.chunks(EXACT * N)) {
        let x = &mut x[..q.len()];
        x.iter_mut().zip(q).for_each(|(x, q)| *x = f32::from(*q));
        y.fill(0.0);
        panel::<N>(weights, x, y);
        for k in 0..N {
            sums[k] = sums[k].wrapping_add(y[k] as i32);
        }
    }
    for k in 0..N {
        y[k] = sums[k] as f32;
    }
}

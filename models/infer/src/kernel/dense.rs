//! A dense layer in single precision: packed weights, the product at batch one, and the product with tangents.
//!
//! Outputs lie in lanes, an input is spread over them: no sum is ever taken across lanes. Outputs come in panels of up to
//! eight vectors, each panel with its weights in the order they are read, so that eight sums run beside each other.

use super::lanes::{Activation, Lanes, activate, activate_with_slope};
use super::lines::{Lines, padded};

/// A packed layer.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    pub inputs: usize,
    /// Outputs with their padding.
    pub padded: usize,
    pub activation: Activation,
    /// Outputs of a full panel.
    pub widest: usize,
    pub weights: Lines<f32>,
    pub bias: Lines<f32>,
}

/// Width of the panel at `at`: a full one, or the largest half, quarter and so on that still fits.
#[inline(always)]
pub(crate) fn panel_width(widest: usize, padded: usize, at: usize) -> usize {
    let mut w = widest;
    while w > padded - at {
        w /= 2;
    }
    w
}

impl Dense {
    /// Packs rows `[outputs, inputs]` for panels of `widest` outputs.
    pub fn new(rows: &[f32], bias: &[f32], activation: Activation, widest: usize) -> Self {
        let outputs = bias.len();
        let inputs = rows.len() / outputs.max(1);
        let wide = padded(outputs);
        let mut weights = Lines::zeros(inputs * wide);
        let mut at = 0;
        while at < wide {
            let w = panel_width(widest, wide, at);
            for o in at..(at + w).min(outputs) {
                for i in 0..inputs {
                    weights[at * inputs + i * w + o - at] = rows[o * inputs + i];
                }
            }
            at += w;
        }
        let mut packed = Lines::zeros(wide);
        packed[..outputs].copy_from_slice(bias);
        Self {
            inputs,
            padded: wide,
            activation,
            widest,
            weights,
            bias: packed,
        }
    }
}

/// `y = f(W x + b)`, padding included.
///
/// # Safety
/// The CPU has the features of `L`.
#[inline(always)]
pub(crate) unsafe fn dense<L: Lanes>(layer: &Dense, x: &[f32], y: &mut [f32]) {
    assert!(x.len() >= layer.inputs && y.len() >= layer.padded && layer.widest == 8 * L::WIDTH);
    assert!(layer.weights.len() >= layer.inputs * layer.padded && layer.bias.len() >= layer.padded);
    let mut at = 0;
    while at < layer.padded {
        let w = panel_width(layer.widest, layer.padded, at);
        // SAFETY: the caller vouches for the CPU; the panel reads `inputs * w` weights from `at * inputs`, `w` biases and
        // `inputs` floats of `x`, and writes `w` floats of `y` from `at`: all inside the lengths checked above.
        unsafe {
            let weights = layer.weights.as_ptr().add(at * layer.inputs);
            let (bias, y) = (layer.bias.as_ptr().add(at), y.as_mut_ptr().add(at));
            let (n, f) = (layer.inputs, layer.activation);
            match w / L::WIDTH {
                8 => panel::<L, 8, 1>(weights, bias, x.as_ptr(), n, y, f),
                4 => panel::<L, 4, 2>(weights, bias, x.as_ptr(), n, y, f),
                2 => panel::<L, 2, 4>(weights, bias, x.as_ptr(), n, y, f),
                _ => panel::<L, 1, 8>(weights, bias, x.as_ptr(), n, y, f),
            }
        }
        at += w;
    }
}

/// `V` vectors of outputs; with few of them the inputs are split over `S` sums each.
///
/// # Safety
/// The CPU has the features of `L`; `V` vectors can be read at `bias` and written at `y`, `n` times `V` vectors read at
/// `weights` and `n` floats at `x`.
#[inline(always)]
unsafe fn panel<L: Lanes, const V: usize, const S: usize>(
    weights: *const f32,
    bias: *const f32,
    x: *const f32,
    n: usize,
    y: *mut f32,
    activation: Activation,
) {
    // SAFETY: every address is inside what the caller vouches for: inputs `i + s < n`, vectors `v < V`.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; S];
        for v in 0..V {
            sums[0][v] = L::load(bias.add(v * L::WIDTH));
        }
        let mut i = 0;
        while i + S <= n {
            for s in 0..S {
                let x = L::splat(*x.add(i + s));
                let w = weights.add((i + s) * V * L::WIDTH);
                for v in 0..V {
                    sums[s][v] = x.mul_add(L::load(w.add(v * L::WIDTH)), sums[s][v]);
                }
            }
            i += S;
        }
        while i < n {
            let x = L::splat(*x.add(i));
            let w = weights.add(i * V * L::WIDTH);
            for v in 0..V {
                sums[0][v] = x.mul_add(L::load(w.add(v * L::WIDTH)), sums[0][v]);
            }
            i += 1;
        }
        for v in 0..V {
            let mut z = sums[0][v];
            for s in 1..S {
                z = z.add(sums[s][v]);
            }
            activate(activation, z).store(y.add(v * L::WIDTH));
        }
    }
}

/// `y = f(W x + b)` in column 0 and its derivatives in the others, from those of `x`. Column `c` begins at `c * STRIDE`;
/// `slope` is scratch.
///
/// # Safety
/// The CPU has the features of `L`.
#[inline(always)]
pub(crate) unsafe fn tangents<L: Lanes, const STRIDE: usize>(
    layer: &Dense,
    columns: usize,
    x: &[f32],
    y: &mut [f32],
    slope: &mut [f32],
) {
    let whole = columns * STRIDE;
    assert!(x.len() >= whole && y.len() >= whole && layer.widest == 8 * L::WIDTH);
    assert!(layer.inputs <= STRIDE && layer.padded <= STRIDE && slope.len() >= layer.padded);
    assert!(layer.weights.len() >= layer.inputs * layer.padded && layer.bias.len() >= layer.padded);
    let mut at = 0;
    while at < layer.padded {
        let w = panel_width(layer.widest, layer.padded, at);
        let mut o = 0;
        while o < w {
            let t = L::TILE.min(w / L::WIDTH);
            let mut c = 0;
            while c < columns {
                // SAFETY: the caller vouches for the CPU. Outputs `at + o ..` for `t` vectors lie below `padded`, columns
                // `c ..` for the tile's width below `columns`: inside the lengths checked above.
                unsafe {
                    let tile = Tile {
                        weights: layer.weights.as_ptr().add(at * layer.inputs + o),
                        step: w,
                        inputs: layer.inputs,
                        bias: layer.bias.as_ptr().add(at + o),
                        x: x.as_ptr().add(c * STRIDE),
                        y: y.as_mut_ptr().add(c * STRIDE + at + o),
                        slope: slope.as_mut_ptr().add(at + o),
                        first: c == 0,
                        activation: layer.activation,
                    };
                    c += match (t, columns - c) {
                        (2, 13..) => tile.run::<L, 2, 13, STRIDE>(),
                        (2, 4..) => tile.run::<L, 2, 4, STRIDE>(),
                        (2, _) => tile.run::<L, 2, 1, STRIDE>(),
                        (_, 13..) => tile.run::<L, 1, 13, STRIDE>(),
                        (_, 4..) => tile.run::<L, 1, 4, STRIDE>(),
                        (_, _) => tile.run::<L, 1, 1, STRIDE>(),
                    };
                }
            }
            o += t * L::WIDTH;
        }
        at += w;
    }
}

/// Where a tile of outputs and columns lies.
struct Tile {
    weights: *const f32,
    /// Floats from one input's weights to the next's.
    step: usize,
    inputs: usize,
    bias: *const f32,
    x: *const f32,
    y: *mut f32,
    slope: *mut f32,
    /// Column 0 is in it.
    first: bool,
    activation: Activation,
}

impl Tile {
    /// `T` vectors of outputs, `C` columns; returns `C`.
    ///
    /// # Safety
    /// The CPU has the features of `L`; for every input, `T` vectors of weights can be read; so can `T` vectors of bias,
    /// `inputs` floats in each of `C` columns of `x`; and `T` vectors can be written in each of `C` columns of `y` and read
    /// and written at `slope`.
    #[inline(always)]
    unsafe fn run<L: Lanes, const T: usize, const C: usize, const STRIDE: usize>(&self) -> usize {
        // SAFETY: every address is inside what the caller vouches for.
        unsafe {
            let mut sums = [[L::splat(0.0); C]; T];
            if self.first {
                for t in 0..T {
                    sums[t][0] = L::load(self.bias.add(t * L::WIDTH));
                }
            }
            let (mut w, mut x) = (self.weights, self.x);
            for _ in 0..self.inputs {
                let mut row = [L::splat(0.0); T];
                for t in 0..T {
                    row[t] = L::load(w.add(t * L::WIDTH));
                }
                for c in 0..C {
                    let x = L::splat(*x.add(c * STRIDE));
                    for t in 0..T {
                        sums[t][c] = x.mul_add(row[t], sums[t][c]);
                    }
                }
                // Past the last row nothing is read, and the address may lie outside.
                w = w.wrapping_add(self.step);
                x = x.wrapping_add(1);
            }
            for t in 0..T {
                let y = self.y.add(t * L::WIDTH);
                let at = self.slope.add(t * L::WIDTH);
                let slope = if self.first {
                    let (f, slope) = activate_with_slope(self.activation, sums[t][0]);
                    f.store(y);
                    slope.store(at);
                    slope
                } else {
                    L::load(at)
                };
                for c in usize::from(self.first)..C {
                    slope.mul(sums[t][c]).store(y.add(c * STRIDE));
                }
            }
        }
        C
    }
}

//! A dense layer with 8-bit weights and activations: sums are exact integers, the same on every CPU.
//!
//! ```text
//! w[o, i] = scale[o] q[o, i],  x[i] = (largest |x| / 127) a[i],  q and a whole numbers from -127 to 127
//! y[o]    = f(b[o] + scale[o] (largest |x| / 127) sum_i q[o, i] a[i])
//! ```
//! Weights are scaled per output once, activations per vector at every call. Instructions differ: VNNI multiplies unsigned
//! by signed, so there `a + 128` is stored and the sums start at `-128 sum_i q`; AVX2 takes `|a|` and moves the sign to the
//! weight, so that no pair of products leaves 16 bits (2 * 127^2 < 2^15).

use super::dense::panel_width;
use super::lanes::{Activation, Lanes, activate};
use super::lines::{Lines, padded};

/// Largest whole number of a weight or an activation.
pub const LARGEST: f32 = 127.0;
/// A vector whose largest entry is below this counts as zero: its inverse would leave the range.
const NOTHING: f32 = 1e-30;

/// How a kernel reads 8-bit weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Bytes, four inputs of one output beside each other.
    Quads,
    /// As floats, outputs of one input beside each other: a baseline CPU multiplies those four at a time, and bytes hardly.
    Columns,
}

/// A packed layer.
#[derive(Clone, Debug)]
pub(crate) struct Dense8 {
    pub inputs: usize,
    /// Inputs and outputs with their padding.
    pub deep: usize,
    pub padded: usize,
    pub activation: Activation,
    /// Outputs of a full panel.
    pub widest: usize,
    pub weights: Lines<i8>,
    /// Instead of `weights`, in [`Order::Columns`].
    pub columns: Lines<f32>,
    pub scales: Lines<f32>,
    pub bias: Lines<f32>,
    /// `sum_i q[o, i]`.
    pub sums: Lines<i32>,
}

/// 8-bit rows `[outputs, inputs]` and a scale for each.
pub fn quantise(rows: &[f32], outputs: usize) -> (Vec<i8>, Vec<f32>) {
    let inputs = rows.len() / outputs.max(1);
    let mut whole = Vec::with_capacity(rows.len());
    let mut scales = Vec::with_capacity(outputs);
    for row in rows.chunks_exact(inputs.max(1)) {
        let largest = row.iter().fold(0.0_f32, |m, w| m.max(w.abs()));
        let scale = if largest < NOTHING {
            0.0
        } else {
            largest / LARGEST
        };
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        whole.extend(
            row.iter()
                .map(|w| (w * inverse).round_ties_even().clamp(-LARGEST, LARGEST) as i8),
        );
        scales.push(scale);
    }
    (whole, scales)
}

impl Dense8 {
    /// Packs rows `[outputs, inputs]` for panels of `widest` outputs.
    pub fn new(
        rows: &[i8],
        scales: &[f32],
        bias: &[f32],
        activation: Activation,
        widest: usize,
        order: Order,
    ) -> Self {
        let outputs = bias.len();
        let inputs = rows.len() / outputs.max(1);
        let (wide, deep) = (padded(outputs), padded(inputs));
        let quads = order == Order::Quads;
        let mut weights = Lines::zeros(if quads { deep * wide } else { 0 });
        let mut columns = Lines::zeros(if quads { 0 } else { inputs * wide });
        let mut sums = Lines::<i32>::zeros(wide);
        let mut at = 0;
        while at < wide {
            let w = panel_width(widest, wide, at);
            for o in at..(at + w).min(outputs) {
                for i in 0..inputs {
                    let q = rows[o * inputs + i];
                    match order {
                        Order::Quads => weights[at * deep + (i / 4 * w + o - at) * 4 + i % 4] = q,
                        Order::Columns => columns[at * inputs + i * w + o - at] = f32::from(q),
                    }
                    sums[o] += i32::from(q);
                }
            }
            at += w;
        }
        let line = |from: &[f32]| {
            let mut to = Lines::zeros(wide);
            to[..outputs].copy_from_slice(from);
            to
        };
        Self {
            inputs,
            deep,
            padded: wide,
            activation,
            widest,
            weights,
            columns,
            scales: line(scales),
            bias: line(bias),
            sums,
        }
    }
}

/// Factor from activations to whole numbers, and the value of one; from the largest magnitude.
#[inline(always)]
pub(crate) fn step(largest: f32) -> (f32, f32) {
    if largest < NOTHING {
        (0.0, 0.0)
    } else {
        // What is no number stays none.
        (LARGEST / largest, largest / LARGEST)
    }
}

/// What the integer part asks of a vector unit.
pub(crate) trait Quads: Lanes {
    /// Four activations, spread over the lanes.
    type Quad: Copy;
    /// As many 32-bit sums as `WIDTH`.
    type Sums: Copy;

    /// The larger magnitude by its bits: what is no number is the largest.
    fn larger_magnitude(self, of: Self) -> Self;
    /// The largest entry, none of them negative, by its bits.
    fn largest(self) -> f32;
    /// Stores `WIDTH` nearest whole numbers (ties to even) as bytes.
    ///
    /// # Safety
    /// `WIDTH` bytes can be written at `p`.
    unsafe fn store_bytes(self, p: *mut i8);
    /// Sums of zero.
    ///
    /// # Safety
    /// The CPU has the features of this type.
    unsafe fn zero() -> Self::Sums;
    /// Sums that begin at `-128` times what lies at `p` if activations are stored with 128 added, else at zero.
    ///
    /// # Safety
    /// The CPU has the features of this type; `WIDTH` integers can be read at `p`.
    unsafe fn start(p: *const i32) -> Self::Sums;
    /// # Safety
    /// The CPU has the features of this type; four bytes can be read at `p`.
    unsafe fn quad(p: *const i8) -> Self::Quad;
    /// Adds the products of `4 WIDTH` weights with the quad.
    ///
    /// # Safety
    /// The CPU has the features of this type; `4 WIDTH` bytes can be read at `w`.
    unsafe fn dot(sums: Self::Sums, w: *const i8, quad: Self::Quad) -> Self::Sums;
    /// Sum of sums.
    fn plus(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// As floats.
    fn floats(sums: Self::Sums) -> Self;
}

/// `y = f(W x + b)`, padding included; `x` is padded with zeros, `q` is scratch.
///
/// # Safety
/// The CPU has the features of `L`.
#[inline(always)]
pub(crate) unsafe fn dense8<L: Quads>(layer: &Dense8, x: &[f32], q: &mut [i8], y: &mut [f32]) {
    let (deep, wide) = (layer.deep, layer.padded);
    assert!(x.len() >= deep && q.len() >= deep && y.len() >= wide && layer.widest == 8 * L::WIDTH);
    assert!(layer.weights.len() >= deep * wide && layer.sums.len() >= wide);
    assert!(layer.scales.len() >= wide && layer.bias.len() >= wide);
    // SAFETY: the caller vouches for the CPU; `deep` is a multiple of the width, and `x` and `q` are that long.
    let value = unsafe { quantise_vector::<L>(&x[..deep], &mut q[..deep]) };
    let mut at = 0;
    while at < wide {
        let w = panel_width(layer.widest, wide, at);
        // SAFETY: the caller vouches for the CPU; the panel reads `deep * w` weights from `at * deep`, `w` sums, scales and
        // biases from `at` and `deep` activations, and writes `w` floats of `y` from `at`.
        unsafe {
            let panel = Panel {
                weights: layer.weights.as_ptr().add(at * deep),
                q: q.as_ptr(),
                quads: layer.inputs.div_ceil(4),
                sums: layer.sums.as_ptr().add(at),
                scales: layer.scales.as_ptr().add(at),
                bias: layer.bias.as_ptr().add(at),
                y: y.as_mut_ptr().add(at),
                value,
                activation: layer.activation,
            };
            match w / L::WIDTH {
                8 => panel.run::<L, 8, 1>(),
                4 => panel.run::<L, 4, 2>(),
                2 => panel.run::<L, 2, 4>(),
                _ => panel.run::<L, 1, 8>(),
            }
        }
        at += w;
    }
}

/// Writes whole numbers for `x`; returns the value of one.
///
/// # Safety
/// The CPU has the features of `L`; both are whole vectors and equally long.
#[inline(always)]
unsafe fn quantise_vector<L: Quads>(x: &[f32], q: &mut [i8]) -> f32 {
    // SAFETY: `at` and a whole vector more lie inside both.
    unsafe {
        let mut m = L::splat(0.0);
        for at in (0..x.len()).step_by(L::WIDTH) {
            m = m.larger_magnitude(L::load(x.as_ptr().add(at)));
        }
        let (inverse, value) = step(m.largest());
        let inverse = L::splat(inverse);
        for at in (0..x.len()).step_by(L::WIDTH) {
            let whole = L::load(x.as_ptr().add(at)).mul(inverse);
            whole.store_bytes(q.as_mut_ptr().add(at));
        }
        value
    }
}

/// Where a panel of outputs lies.
struct Panel {
    weights: *const i8,
    q: *const i8,
    quads: usize,
    sums: *const i32,
    scales: *const f32,
    bias: *const f32,
    y: *mut f32,
    value: f32,
    activation: Activation,
}

impl Panel {
    /// `V` vectors of outputs, the inputs split over `S` sums each.
    ///
    /// # Safety
    /// The CPU has the features of `L`; `V` vectors can be read at `sums`, `scales` and `bias` and written at `y`, `quads`
    /// times `4 V WIDTH` bytes at `weights` and `4 quads` bytes at `q`.
    #[inline(always)]
    unsafe fn run<L: Quads, const V: usize, const S: usize>(&self) {
        let row = 4 * V * L::WIDTH;
        // SAFETY: every address is inside what the caller vouches for.
        unsafe {
            let mut sums = [[L::zero(); V]; S];
            for v in 0..V {
                sums[0][v] = L::start(self.sums.add(v * L::WIDTH));
            }
            let mut k = 0;
            while k + S <= self.quads {
                for s in 0..S {
                    let quad = L::quad(self.q.add(4 * (k + s)));
                    let w = self.weights.add((k + s) * row);
                    for v in 0..V {
                        sums[s][v] = L::dot(sums[s][v], w.add(4 * v * L::WIDTH), quad);
                    }
                }
                k += S;
            }
            while k < self.quads {
                let quad = L::quad(self.q.add(4 * k));
                let w = self.weights.add(k * row);
                for v in 0..V {
                    sums[0][v] = L::dot(sums[0][v], w.add(4 * v * L::WIDTH), quad);
                }
                k += 1;
            }
            let value = L::splat(self.value);
            for v in 0..V {
                let mut sum = sums[0][v];
                for s in 1..S {
                    sum = L::plus(sum, sums[s][v]);
                }
                let scale = value.mul(L::load(self.scales.add(v * L::WIDTH)));
                let z = L::floats(sum).mul_add(scale, L::load(self.bias.add(v * L::WIDTH)));
                activate(self.activation, z).store(self.y.add(v * L::WIDTH));
            }
        }
    }
}

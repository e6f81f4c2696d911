//! The gated recurrence over all ticks of a shot as one operation with its own backward pass.
//!
//! ```text
//! a_k = Wx x_k + Wh h_(k-1) + b1          g_k = silu(a_k)            o_k = W2 g_k + b2
//! rate = softplus(o_k[..H])   candidate = tanh(o_k[H..])   s = 1 - exp(-dt_k rate)
//! h_k = h_(k-1) + s (candidate - h_(k-1))
//! ```
//!
//! An exponential step of `dh/dt = rate (candidate - h)`: the state is bounded by one and a step of zero
//! length changes nothing, so that ticks may lie anywhere. Stepped tick by tick through autograd it costs
//! an operation a line and tick; fused, one product a tick forward and two back.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Storage, Tensor};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use models_infer::smooth::{exp, sigmoid, softplus, tanh};

use super::wide::wide;

/// Sizes of the recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrenceShape {
    /// Width of the inputs `x`, without the step length.
    pub inputs: usize,
    /// Width of the hidden layer.
    pub hidden: usize,
    /// Width of the state `h`.
    pub state: usize,
}

impl RecurrenceShape {
    /// Number of weights: `Wx [G, X]`, `Wh [G, H]`, `b1 [G]`, `W2 [2 H, G]`, `b2 [2 H]`, in this order.
    pub fn weights(&self) -> usize {
        self.offsets()[5]
    }

    /// Where each block begins in the flat weights, and their end.
    pub fn offsets(&self) -> [usize; 6] {
        let (x, g, h) = (self.inputs, self.hidden, self.state);
        let mut at = [0; 6];
        for (i, n) in [g * x, g * h, g, 2 * h * g, 2 * h].into_iter().enumerate() {
            at[i + 1] = at[i] + n;
        }
        at
    }
}

/// What the backward pass needs of the forward pass, tick-major: `[T, B, width]` of one part of the batch.
struct Trace {
    /// State before each tick, `[T, B, H]`.
    before: Vec<f32>,
    /// Hidden layer before its activation, `[T, B, G]`.
    hidden: Vec<f32>,
    /// Output of the second layer, `[T, B, 2 H]`.
    out: Vec<f32>,
    /// Inputs without the step length, `[T, B, X]`.
    inputs: Vec<f32>,
}

/// The operation; one instance a call. Arguments: `x [B, T, 1 + X]` (first column the step length), `h0 [B, H]`,
/// flat weights. Result: `h [B, T, H]`.
pub struct Recurrence {
    shape: RecurrenceShape,
    trace: Mutex<Vec<Trace>>,
}

/// Runs the recurrence. `x` gets no gradient: it is measured.
///
/// # Errors
/// When shapes do not fit or the tensors are not contiguous f32 on the CPU.
pub fn recur(shape: RecurrenceShape, x: &Tensor, h0: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let op = Recurrence {
        shape,
        trace: Mutex::new(Vec::new()),
    };
    x.contiguous()?
        .apply_op3(&h0.contiguous()?, &weights.contiguous()?, op)
}

/// The values of a contiguous f32 storage.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| candle_core::Error::Msg("arguments must be contiguous".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Hands the values of a tensor on the CPU to `f`, without a copy where it is contiguous.
pub(crate) fn with_values<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(f(slice(storage, layout)?)),
        _ => candle_core::bail!("the operation runs on the CPU only"),
    }
}

/// `c [m, n] (+)= a [m, k] * op(b)`, all row by row; `b` is `[n, k]` (transposed) or `[k, n]`.
pub(crate) fn product(
    (m, n, k): (usize, usize, usize),
    a: &[f32],
    b: &[f32],
    transposed: bool,
    c: &mut [f32],
    add: bool,
) {
    let a = MatRef::from_row_major_slice(&a[..m * k], m, k);
    let b = if transposed {
        MatRef::from_column_major_slice(&b[..n * k], k, n)
    } else {
        MatRef::from_row_major_slice(&b[..n * k], k, n)
    };
    let c = MatMut::from_row_major_slice_mut(&mut c[..m * n], m, n);
    matmul(c, accum(add), a, b, 1.0, Par::Seq);
}

/// `c [m, n] += a^T b` with `a [k, m]`, `b [k, n]`.
pub(crate) fn outer((m, n, k): (usize, usize, usize), a: &[f32], b: &[f32], c: &mut [f32]) {
    let a = MatRef::from_column_major_slice(&a[..m * k], m, k);
    let b = MatRef::from_row_major_slice(&b[..n * k], k, n);
    let c = MatMut::from_row_major_slice_mut(&mut c[..m * n], m, n);
    matmul(c, Accum::Add, a, b, 1.0, Par::Seq);
}

fn accum(add: bool) -> Accum {
    if add { Accum::Add } else { Accum::Replace }
}

/// Parts the batch is cut into; fixed, so that sums do not depend on the machine.
const PARTS: usize = 2;

fn parts(batch: usize) -> Vec<std::ops::Range<usize>> {
    let size = batch.div_ceil(PARTS).max(1);
    (0..batch)
        .step_by(size)
        .map(|b| b..(b + size).min(batch))
        .collect()
}

impl RecurrenceShape {
    /// Forward over samples `range`; returns states `[b, T, H]` and the trace.
    fn forward(
        &self,
        range: std::ops::Range<usize>,
        ticks: usize,
        x: &[f32],
        h0: &[f32],
        w: &[f32],
    ) -> (Vec<f32>, Trace) {
        let (n_x, n_g, n_h) = (self.inputs, self.hidden, self.state);
        let at = self.offsets();
        let (wx, wh, b1, w2, b2) = (
            &w[at[0]..at[1]],
            &w[at[1]..at[2]],
            &w[at[2]..at[3]],
            &w[at[3]..at[4]],
            &w[at[4]..at[5]],
        );
        let b = range.len();
        let mut trace = Trace {
            before: vec![0.0; ticks * b * n_h],
            hidden: vec![0.0; ticks * b * n_g],
            out: vec![0.0; ticks * b * 2 * n_h],
            inputs: self.gather(&range, ticks, x),
        };
        let mut states = vec![0.0; b * ticks * n_h];
        let mut h = h0[range.start * n_h..range.end * n_h].to_vec();
        let mut g = vec![0.0; b * n_g];
        // What the inputs give is known for all ticks at once.
        for row in trace.hidden.chunks_exact_mut(n_g) {
            row.copy_from_slice(b1);
        }
        let size = (ticks * b, n_g, n_x);
        product(size, &trace.inputs, wx, true, &mut trace.hidden, true);
        for t in 0..ticks {
            trace.before[t * b * n_h..][..b * n_h].copy_from_slice(&h);
            let a = &mut trace.hidden[t * b * n_g..][..b * n_g];
            product((b, n_g, n_h), &h, wh, true, a, true);
            wide(|| {
                for (g, a) in g.iter_mut().zip(a.iter()) {
                    *g = a * sigmoid(*a);
                }
            });
            let out = &mut trace.out[t * b * 2 * n_h..][..b * 2 * n_h];
            for row in out.chunks_exact_mut(2 * n_h) {
                row.copy_from_slice(b2);
            }
            product((b, 2 * n_h, n_g), &g, w2, true, out, true);
            for i in 0..b {
                let dt = x[((range.start + i) * ticks + t) * (n_x + 1)];
                let (rate, candidate) = out[i * 2 * n_h..][..2 * n_h].split_at(n_h);
                let h = &mut h[i * n_h..][..n_h];
                wide(|| {
                    for ((h, rate), candidate) in h.iter_mut().zip(rate).zip(candidate) {
                        let share = 1.0 - exp(-dt * softplus(*rate));
                        *h += share * (tanh(*candidate) - *h);
                    }
                });
                states[(i * ticks + t) * n_h..][..n_h].copy_from_slice(h);
            }
        }
        (states, trace)
    }

    /// Inputs without the step length, tick-major `[T, b, X]`.
    fn gather(&self, range: &std::ops::Range<usize>, ticks: usize, x: &[f32]) -> Vec<f32> {
        let n_x = self.inputs;
        let mut inputs = Vec::with_capacity(ticks * range.len() * n_x);
        for t in 0..ticks {
            for i in range.clone() {
                inputs.extend_from_slice(&x[(i * ticks + t) * (n_x + 1) + 1..][..n_x]);
            }
        }
        inputs
    }

    /// Gradients of `h0` `[b, H]` and the weights for samples `range`.
    fn backward(
        &self,
        range: std::ops::Range<usize>,
        ticks: usize,
        x: &[f32],
        w: &[f32],
        trace: &Trace,
        grad: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (n_x, n_g, n_h) = (self.inputs, self.hidden, self.state);
        let at = self.offsets();
        let (wh, w2) = (&w[at[1]..at[2]], &w[at[3]..at[4]]);
        let b = range.len();
        let mut d_out = vec![0.0; ticks * b * 2 * n_h];
        let mut d_hidden = vec![0.0; ticks * b * n_g];
        let mut dh = vec![0.0; b * n_h];
        for t in (0..ticks).rev() {
            let d_o = &mut d_out[t * b * 2 * n_h..][..b * 2 * n_h];
            for i in 0..b {
                let dt = x[((range.start + i) * ticks + t) * (n_x + 1)];
                let given = &grad[((range.start + i) * ticks + t) * n_h..][..n_h];
                let before = &trace.before[(t * b + i) * n_h..][..n_h];
                let out = &trace.out[(t * b + i) * 2 * n_h..][..2 * n_h];
                let (rate, candidate) = out.split_at(n_h);
                let (d_rate, d_candidate) = d_o[i * 2 * n_h..][..2 * n_h].split_at_mut(n_h);
                let now = rate.iter().zip(candidate).zip(given.iter().zip(before));
                let then = d_rate.iter_mut().zip(d_candidate);
                let dh = &mut dh[i * n_h..][..n_h];
                wide(|| {
                    for ((dh, (d_rate, d_candidate)), ((rate, candidate), (given, before))) in
                        dh.iter_mut().zip(then).zip(now)
                    {
                        let rest = exp(-dt * softplus(*rate));
                        let candidate = tanh(*candidate);
                        let d = *dh + given;
                        *d_candidate = d * (1.0 - rest) * (1.0 - candidate * candidate);
                        *d_rate = d * (candidate - before) * dt * rest * sigmoid(*rate);
                        *dh = d * rest;
                    }
                });
            }
            let d_a = &mut d_hidden[t * b * n_g..][..b * n_g];
            product((b, n_g, 2 * n_h), d_o, w2, false, d_a, false);
            wide(|| {
                for (d, a) in d_a.iter_mut().zip(&trace.hidden[t * b * n_g..][..b * n_g]) {
                    let s = sigmoid(*a);
                    *d *= s * (1.0 + a * (1.0 - s));
                }
            });
            product((b, n_h, n_g), d_a, wh, false, &mut dh, true);
        }
        let mut dw = vec![0.0; self.weights()];
        let rows = ticks * b;
        outer(
            (n_g, n_x, rows),
            &d_hidden,
            &trace.inputs,
            &mut dw[at[0]..at[1]],
        );
        outer(
            (n_g, n_h, rows),
            &d_hidden,
            &trace.before,
            &mut dw[at[1]..at[2]],
        );
        sum_rows(&d_hidden, &mut dw[at[2]..at[3]]);
        let mut g = vec![0.0; trace.hidden.len()];
        wide(|| {
            for (g, a) in g.iter_mut().zip(&trace.hidden) {
                *g = a * sigmoid(*a);
            }
        });
        outer((2 * n_h, n_g, rows), &d_out, &g, &mut dw[at[3]..at[4]]);
        sum_rows(&d_out, &mut dw[at[4]..at[5]]);
        (dh, dw)
    }
}

/// Adds the rows to `sum`.
pub(crate) fn sum_rows(rows: &[f32], sum: &mut [f32]) {
    for row in rows.chunks_exact(sum.len()) {
        for (s, v) in sum.iter_mut().zip(row) {
            *s += v;
        }
    }
}

impl CustomOp3 for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        use rayon::prelude::*;
        let (x, h0, w) = (slice(s1, l1)?, slice(s2, l2)?, slice(s3, l3)?);
        let (batch, ticks, width) = l1.shape().dims3()?;
        if width != self.shape.inputs + 1
            || l2.shape().dims2()? != (batch, self.shape.state)
            || w.len() != self.shape.weights()
        {
            candle_core::bail!(
                "recurrence: shapes {:?} {:?} {:?} do not fit {:?}",
                l1.shape(),
                l2.shape(),
                l3.shape(),
                self.shape
            );
        }
        let done: Vec<_> = parts(batch)
            .into_par_iter()
            .map(|r| self.shape.forward(r, ticks, x, h0, w))
            .collect();
        let mut states = Vec::with_capacity(batch * ticks * self.shape.state);
        let mut trace = self
            .trace
            .lock()
            .expect("no thread panics while it holds the trace");
        for (s, t) in done {
            states.extend(s);
            trace.push(t);
        }
        Ok((
            CpuStorage::F32(states),
            Shape::from((batch, ticks, self.shape.state)),
        ))
    }

    fn bwd(
        &self,
        x: &Tensor,
        h0: &Tensor,
        w: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        use rayon::prelude::*;
        let (batch, ticks, _) = x.dims3()?;
        let trace = self
            .trace
            .lock()
            .expect("no thread panics while it holds the trace");
        let done: Vec<_> = with_values(x, |x| {
            with_values(w, |w| {
                with_values(grad, |grad| {
                    parts(batch)
                        .into_par_iter()
                        .zip(trace.par_iter())
                        .map(|(r, t)| self.shape.backward(r, ticks, x, w, t, grad))
                        .collect()
                })
            })
        })???;
        let mut dh = Vec::with_capacity(batch * self.shape.state);
        let mut dw = vec![0.0; self.shape.weights()];
        for (h, w) in done {
            dh.extend(h);
            for (sum, part) in dw.iter_mut().zip(w) {
                *sum += part;
            }
        }
        let dh = Tensor::from_vec(dh, h0.shape(), h0.device())?;
        let dw = Tensor::from_vec(dw, w.shape(), w.device())?;
        Ok((None, Some(dh), Some(dw)))
    }
}

//! The network's parts, packed for one vector unit.
//!
//! ```text
//! cell    [h | drive, clock, latents] -> SiLU -> rates, candidates
//! later   [h | drive, clock, latents] -> SiLU ... -> readings
//! ```
//! Both take one buffer: the state in front, padded to whole vectors, the inputs behind it.

use std::sync::Arc;

use super::chain::{Chain, Scratch, Weights};
use super::lines::{Lines, padded};
use super::{Activation, Isa, Precision};
use crate::error::InferError;
use crate::mlp::{Dense, Hidden};
use crate::network::Network;
use crate::release::{INT8, Release};
use crate::smooth::exp;

/// Packed parts of a network.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Vector unit.
    pub isa: Isa,
    /// Precision of the layers that have 8-bit weights.
    pub precision: Precision,
    pub(crate) front: Chain,
    pub(crate) fill: Chain,
    pub(crate) start: Chain,
    pub(crate) cell: Chain,
    pub(crate) later: Chain,
    /// Width of the state, and with its padding.
    pub(crate) state: usize,
    pub(crate) padded: usize,
}

/// Dense parts before they are packed.
pub(crate) struct Parts<'a> {
    pub front: (&'a Hidden, &'a Dense),
    pub fill: (&'a Hidden, &'a Dense),
    pub start: (&'a Hidden, &'a Dense),
    pub cell_inputs: &'a Dense,
    pub cell_state: &'a Dense,
    pub cell_out: &'a Dense,
    pub later: (&'a Hidden, &'a Dense),
}

/// A layer's rows in either precision, rearranged alike.
enum Rows {
    Float(Vec<f32>),
    Int8(Vec<i8>, Vec<f32>),
}

impl Rows {
    fn weights(&self) -> Weights<'_> {
        match self {
            Self::Float(rows) => Weights::Float(rows),
            Self::Int8(rows, scales) => Weights::Int8(rows, scales),
        }
    }

    /// Rows of `width` inputs with `gap` zeros put in at `at`.
    fn with_columns(self, width: usize, at: usize, gap: usize) -> Self {
        fn widened<T: Copy + Default>(rows: &[T], width: usize, at: usize, gap: usize) -> Vec<T> {
            let mut wide = Vec::with_capacity(rows.len() / width * (width + gap));
            for row in rows.chunks_exact(width) {
                wide.extend_from_slice(&row[..at]);
                wide.resize(wide.len() + gap, T::default());
                wide.extend_from_slice(&row[at..]);
            }
            wide
        }
        match self {
            Self::Float(r) => Self::Float(widened(&r, width, at, gap)),
            Self::Int8(r, s) => Self::Int8(widened(&r, width, at, gap), s),
        }
    }
}

/// `values` with `gap` zeros after the first and after the second half.
fn halves<T: Copy + Default>(values: &[T], gap: usize) -> Vec<T> {
    let (first, second) = values.split_at(values.len() / 2);
    let zeros = vec![T::default(); gap];
    [first, &zeros, second, &zeros].concat()
}

impl Engine {
    /// Packs the parts; with [`Precision::Int8`], layers that `release` has 8-bit weights for take those.
    ///
    /// # Errors
    /// When this CPU lacks `isa`, the release has no 8-bit weights where they are asked for, or they do not fit.
    pub(crate) fn new(
        release: &Release,
        parts: &Parts<'_>,
        isa: Isa,
        precision: Precision,
    ) -> Result<Self, InferError> {
        if precision == Precision::Int8 && !release.has_int8() {
            return Err(InferError::Tensor {
                path: INT8.into(),
                tensor: "all".into(),
                reason: "this release has no 8-bit weights; `moldlab quantize` makes one that has"
                    .into(),
            });
        }
        let used = std::cell::Cell::new(0);
        let rows = |name: &str, outputs: usize, inputs: usize, float: &dyn Fn() -> Vec<f32>| {
            let whole = match precision {
                Precision::Float => None,
                Precision::Int8 => release.int8(name, outputs, inputs)?,
            };
            used.set(used.get() + usize::from(whole.is_some()));
            Ok::<_, InferError>(match whole {
                Some((rows, scales)) => Rows::Int8(rows.to_vec(), scales.to_vec()),
                None => Rows::Float(float()),
            })
        };
        // Hidden layers with SiLU, then the last one, which has no 8-bit weights: it may have been read at the sensors.
        let n = parts.cell_state.inputs;
        let gap = padded(n) - n;
        let mlp = |name: &str, (hidden, last): (&Hidden, &Dense), f: Activation, after_state| {
            let mut layers = Vec::new();
            for (i, l) in hidden.layers.iter().enumerate() {
                let r = rows(&format!("{name}.{i}.weight"), l.outputs, l.inputs, &|| {
                    l.rows()
                })?;
                let r = if after_state && i == 0 {
                    r.with_columns(l.inputs, n, gap)
                } else {
                    r
                };
                layers.push((r, l.bias(), Activation::Silu));
            }
            layers.push((Rows::Float(last.rows()), last.bias(), f));
            let layers: Vec<_> = layers
                .iter()
                .map(|(r, b, f)| (r.weights(), *b, *f))
                .collect();
            Chain::new(isa, &layers)
        };
        let (x, hidden) = (parts.cell_inputs.inputs, parts.cell_inputs.outputs);
        let both = || {
            let (by_state, by_input) = (parts.cell_state.rows(), parts.cell_inputs.rows());
            let pairs = by_state.chunks_exact(n).zip(by_input.chunks_exact(x));
            pairs.flat_map(|(h, x)| [h, x].concat()).collect()
        };
        let into = rows("cell.hidden.weight", hidden, n + x, &both)?.with_columns(n + x, n, gap);
        let out = match rows("cell.out.weight", 2 * n, hidden, &|| parts.cell_out.rows())? {
            Rows::Float(r) => Rows::Float(halves(&r, gap * hidden)),
            Rows::Int8(r, s) => Rows::Int8(halves(&r, gap * hidden), halves(&s, gap)),
        };
        let out_bias = halves(parts.cell_out.bias(), gap);
        let cell = [
            (into.weights(), parts.cell_inputs.bias(), Activation::Silu),
            (out.weights(), &out_bias, Activation::Linear),
        ];
        let engine = Self {
            isa,
            precision,
            front: mlp("front", parts.front, Activation::Linear, false)?,
            fill: mlp("fill", parts.fill, Activation::Linear, false)?,
            start: mlp("start", parts.start, Activation::Tanh, false)?,
            cell: Chain::new(isa, &cell)?,
            later: mlp("later", parts.later, Activation::Linear, true)?,
            state: n,
            padded: padded(n),
        };
        if precision == Precision::Int8 && used.get() != release.whole().len() {
            return Err(InferError::Tensor {
                path: INT8.into(),
                tensor: "all".into(),
                reason: "holds 8-bit weights that no layer takes".into(),
            });
        }
        Ok(engine)
    }

    /// Widest vector of any part.
    pub(crate) fn width(&self) -> usize {
        [
            &self.front,
            &self.fill,
            &self.start,
            &self.cell,
            &self.later,
        ]
        .map(Chain::width)
        .into_iter()
        .fold(0, usize::max)
    }
}

/// Evaluates the parts of a network, one sample at a time; no call allocates.
#[derive(Clone, Debug)]
pub struct Runner {
    net: Arc<Network>,
    x: Lines<f32>,
    scratch: Scratch,
}

impl Runner {
    /// For a network.
    pub fn new(net: Arc<Network>) -> Self {
        let width = net.engine.width();
        Self {
            x: Lines::zeros(width),
            scratch: Scratch::new(width),
            net,
        }
    }

    /// Inputs, padded with zeros.
    fn take(&mut self, x: &[f32]) {
        let (from, rest) = self.x.split_at_mut(x.len());
        from.copy_from_slice(x);
        rest[..padded(x.len()) - x.len()].fill(0.0);
    }

    /// State and inputs, each padded with zeros.
    fn take_both(&mut self, h: &[f32], x: &[f32]) {
        let n = self.net.engine.padded;
        self.x.fill(0.0);
        self.x[..h.len()].copy_from_slice(h);
        self.x[n..n + x.len()].copy_from_slice(x);
    }

    /// Filled share, from the memory's features and the latents.
    pub fn front(&mut self, x: &[f32]) -> f32 {
        self.take(x);
        exp(self.net.engine.front.forward(&self.x, &mut self.scratch)[0])
    }

    /// Readings while the mold fills, from features, filled share and latents.
    pub fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        self.take(x);
        let y = self.net.engine.fill.forward(&self.x, &mut self.scratch);
        out.copy_from_slice(&y[..out.len()]);
    }

    /// First state, from how the mold filled.
    pub fn start(&mut self, x: &[f32], state: &mut [f32]) {
        self.take(x);
        let y = self.net.engine.start.forward(&self.x, &mut self.scratch);
        state.copy_from_slice(&y[..state.len()]);
    }

    /// Moves the state on by `dt` \[s\], from drive, clock and latents.
    pub fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        self.take_both(state, x);
        let engine = &self.net.engine;
        let out = engine.cell.forward(&self.x, &mut self.scratch);
        let h = &mut self.x[..engine.padded];
        engine.cell.cell(out, dt, h);
        state.copy_from_slice(&h[..state.len()]);
    }

    /// Readings of a full mold, from state, drive, clock and latents.
    pub fn later(&mut self, x: &[f32], out: &mut [f32]) {
        let (h, x) = x.split_at(self.net.engine.state);
        self.take_both(h, x);
        let y = self.net.engine.later.forward(&self.x, &mut self.scratch);
        out.copy_from_slice(&y[..out.len()]);
    }
}

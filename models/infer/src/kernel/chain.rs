//! Layers one after the other.

use super::dense::Dense;
use super::int8::{Dense8, Order};
use super::lines::{Lines, padded};
use super::{Activation, Isa, portable};
use crate::error::InferError;

/// Weights of a layer before they are packed.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// Rows `[outputs, inputs]`.
    Float(&'a [f32]),
    /// Whole numbers of the same shape, and a scale for each row; see [`super::int8`].
    Int8(&'a [i8], &'a [f32]),
}

#[derive(Clone, Debug)]
enum Layer {
    Float(Dense),
    Int8(Dense8),
}

/// Packed layers for one [`Isa`].
#[derive(Clone, Debug)]
pub struct Chain {
    isa: Isa,
    layers: Vec<Layer>,
    /// Widest vector of any layer, padded.
    widest: usize,
}

/// Buffers of a chain.
#[derive(Clone, Debug)]
pub struct Scratch {
    a: Lines<f32>,
    b: Lines<f32>,
    q: Lines<i8>,
}

impl Scratch {
    /// For chains no wider than `width`.
    pub fn new(width: usize) -> Self {
        Self {
            a: Lines::zeros(padded(width)),
            b: Lines::zeros(padded(width)),
            q: Lines::zeros(padded(width)),
        }
    }
}

/// Column strides that the tangents are compiled for.
const STRIDES: [usize; 2] = [256, 1024];

/// Values and derivatives: column 0 holds a vector, column `c` its derivative with respect to something.
#[derive(Clone, Debug)]
pub struct Columns {
    data: Lines<f32>,
    /// Number of columns.
    pub columns: usize,
    stride: usize,
}

impl Columns {
    /// Zeros for vectors no wider than `width`; `None` where that is more than the kernels take.
    pub fn new(columns: usize, width: usize) -> Option<Self> {
        let stride = STRIDES.into_iter().find(|s| *s >= padded(width))?;
        Some(Self {
            data: Lines::zeros(columns * stride),
            columns,
            stride,
        })
    }

    /// A column.
    pub fn column(&self, c: usize) -> &[f32] {
        &self.data[c * self.stride..][..self.stride]
    }

    /// A column.
    pub fn column_mut(&mut self, c: usize) -> &mut [f32] {
        &mut self.data[c * self.stride..][..self.stride]
    }
}

/// Buffers of a chain with tangents.
#[derive(Clone, Debug)]
pub struct TangentScratch {
    a: Columns,
    b: Columns,
    slope: Lines<f32>,
}

impl TangentScratch {
    /// For `columns` of chains no wider than `width`; `None` where that is more than the kernels take.
    pub fn new(columns: usize, width: usize) -> Option<Self> {
        Some(Self {
            a: Columns::new(columns, width)?,
            b: Columns::new(columns, width)?,
            slope: Lines::zeros(padded(width)),
        })
    }
}

/// The kernel `$f` of `$isa`, which this CPU has.
macro_rules! dispatch {
    ($isa:expr, $f:ident $(::<$stride:literal>)? ($($arg:expr),*)) => {
        match $isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks.
            Isa::Avx2 => unsafe { super::avx2::$f$(::<$stride>)?($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks.
            Isa::Avx512 | Isa::Avx512Vnni => unsafe { super::avx512::$f$(::<$stride>)?($($arg),*) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks.
            Isa::Neon => unsafe { super::neon::$f$(::<$stride>)?($($arg),*) },
            _ => portable::$f$(::<$stride>)?($($arg),*),
        }
    };
}

impl Chain {
    /// Packs layers: weights, bias and what comes after each.
    ///
    /// # Errors
    /// When this CPU lacks `isa`.
    pub fn new(isa: Isa, layers: &[(Weights<'_>, &[f32], Activation)]) -> Result<Self, InferError> {
        if !isa.is_available() {
            return Err(InferError::Isa {
                wanted: isa,
                best: Isa::best(),
            });
        }
        let mut widest = 0;
        let pack = |(weights, bias, f): &(Weights<'_>, &[f32], Activation)| {
            let (layer, inputs) = match weights {
                Weights::Float(rows) => {
                    let layer = Dense::new(rows, bias, *f, isa.widest());
                    let inputs = layer.inputs;
                    (Layer::Float(layer), inputs)
                }
                Weights::Int8(rows, scales) => {
                    let order = match isa {
                        Isa::Portable => Order::Columns,
                        _ => Order::Quads,
                    };
                    let layer = Dense8::new(rows, scales, bias, *f, isa.widest8(), order);
                    let inputs = layer.inputs;
                    (Layer::Int8(layer), inputs)
                }
            };
            widest = padded(inputs).max(padded(bias.len())).max(widest);
            layer
        };
        let layers = layers.iter().map(pack).collect();
        Ok(Self {
            isa,
            layers,
            widest,
        })
    }

    /// Widest vector of any layer, padded: what its scratch must hold.
    pub fn width(&self) -> usize {
        self.widest
    }

    /// Applies all layers to `x`, which is padded with zeros to a multiple of 16.
    pub fn forward<'a>(&self, x: &[f32], scratch: &'a mut Scratch) -> &'a mut [f32] {
        let Scratch { a, b, q } = scratch;
        let (mut from, mut to) = (&mut **a, &mut **b);
        for (i, layer) in self.layers.iter().enumerate() {
            let x = if i == 0 { x } else { &*from };
            match layer {
                Layer::Float(l) => dispatch!(self.isa, dense(l, x, to)),
                Layer::Int8(l) => self.int8(l, x, q, to),
            }
            std::mem::swap(&mut from, &mut to);
        }
        from
    }

    fn int8(&self, layer: &Dense8, x: &[f32], q: &mut [i8], y: &mut [f32]) {
        match self.isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks, and what has AVX-512 has AVX2 (`Isa::is_available`).
            Isa::Avx2 | Isa::Avx512 => unsafe { super::avx2::dense8(layer, x, q, y) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks.
            Isa::Avx512Vnni => unsafe { super::avx512::dense8(layer, x, q, y) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: `Chain::new` refuses what this CPU lacks.
            Isa::Neon => unsafe { super::neon::dense8(layer, x, q, y) },
            _ => portable::dense8(layer, x, q, y),
        }
    }

    /// Applies all layers to a vector and its derivatives. Layers with 8-bit weights have no derivative and must not be here.
    ///
    /// # Panics
    /// With a layer of 8-bit weights.
    pub fn tangents<'a>(&self, x: &Columns, scratch: &'a mut TangentScratch) -> &'a mut Columns {
        let TangentScratch { a, b, slope } = scratch;
        let (mut from, mut to) = (a, b);
        assert!(x.columns == from.columns && x.stride == from.stride);
        for (i, layer) in self.layers.iter().enumerate() {
            let Layer::Float(l) = layer else {
                panic!("a layer with 8-bit weights has no derivative");
            };
            let x = if i == 0 { &x.data } else { &from.data };
            let y = &mut to.data;
            match from.stride {
                256 => dispatch!(self.isa, tangents::<256>(l, from.columns, x, y, slope)),
                _ => dispatch!(self.isa, tangents::<1024>(l, from.columns, x, y, slope)),
            }
            std::mem::swap(&mut from, &mut to);
        }
        from
    }

    /// Moves the state `h` of a recurrent cell over `dt`; `out` holds `h.len()` rates, then as many candidates; `h` is whole
    /// vectors of 16.
    pub fn cell(&self, out: &[f32], dt: f32, h: &mut [f32]) {
        dispatch!(self.isa, cell(out, dt, h));
    }

    /// The same with tangents; the state is the first `n` of each column of `h`, `dts` the derivatives of `dt`, the first
    /// of which is not used.
    pub fn cell_tangents(&self, out: &Columns, dt: f32, dts: &[f32], h: &mut Columns, n: usize) {
        assert!(out.stride == h.stride && out.columns == h.columns && dts.len() == h.columns);
        let stride = h.stride;
        let (out, h) = (&*out.data, &mut *h.data);
        dispatch!(self.isa, cell_tangents(out, dt, dts, h, n, stride));
    }
}

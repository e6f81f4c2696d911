//! The network as float ONNX graphs: what ONNX Runtime and the compilers of NPU vendors take.
//!
//! Five graphs, one a [`Part`], batch 1, static shapes, opset 13, only `Gemm`, `Sigmoid`, `Tanh`, `Softplus`, `Exp`, `Add`, `Sub`
//! and `Mul`. Decoders are read at the mold's sensors, as the cpu kernel reads them. The recurrent state is an input and an
//! output: the graphs hold none.

mod columns;
mod graph;
mod proto;

pub use columns::{Column, Port, ports};
pub use graph::model;

/// Operator set of the graphs: old enough for the compilers of every vendor.
pub const OPSET: i64 = 13;

/// A part of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Filled share.
    Front,
    /// Readings while the mold fills.
    Fill,
    /// First state of a full mold.
    Start,
    /// One move of the state.
    Cell,
    /// Readings of a full mold.
    Later,
}

impl Part {
    /// In the order a shot meets them.
    pub const ALL: [Self; 5] = [
        Self::Front,
        Self::Fill,
        Self::Start,
        Self::Cell,
        Self::Later,
    ];

    /// Name of its graph and file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Fill => "fill",
            Self::Start => "start",
            Self::Cell => "cell",
            Self::Later => "later",
        }
    }
}

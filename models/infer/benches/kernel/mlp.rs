//! The network that everyone computes.

use models_infer::kernel::chain::{Chain, Weights};
use models_infer::kernel::int8::quantise;
use models_infer::kernel::{Activation, Isa};

/// Rows, bias, whole numbers and scales of a layer.
type Layer = (Vec<f32>, Vec<f32>, Vec<i8>, Vec<f32>);

/// Weights of an MLP.
pub struct Mlp {
    /// Inputs first.
    pub widths: Vec<usize>,
    /// Rows, bias, whole numbers and scales.
    pub layers: Vec<Layer>,
}

impl Mlp {
    /// Seeded weights.
    pub fn new(widths: &[usize]) -> Self {
        let mut draw = 7_u64;
        let mut next = || {
            draw = draw
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((draw >> 40) as f32) / (1_u64 << 23) as f32 - 1.0
        };
        let layers = widths
            .windows(2)
            .map(|w| {
                let gain = 1.3 * (3.0 / w[0] as f32).sqrt();
                let rows: Vec<f32> = (0..w[0] * w[1]).map(|_| gain * next()).collect();
                let bias = (0..w[1]).map(|_| 0.1 * next()).collect();
                let (q, scales) = quantise(&rows, w[1]);
                (rows, bias, q, scales)
            })
            .collect();
        Self {
            widths: widths.to_vec(),
            layers,
        }
    }

    /// SiLU between layers; with `int8`, all but the first and the last have 8-bit weights.
    pub fn chain(&self, isa: Isa, int8: bool) -> Chain {
        let last = self.layers.len() - 1;
        let layers: Vec<_> = self
            .layers
            .iter()
            .enumerate()
            .map(|(i, (rows, bias, q, scales))| {
                let weights = if int8 && i > 0 && i < last {
                    Weights::Int8(q, scales)
                } else {
                    Weights::Float(rows)
                };
                let f = if i < last {
                    Activation::Silu
                } else {
                    Activation::Linear
                };
                (weights, &bias[..], f)
            })
            .collect();
        Chain::new(isa, &layers).expect("available")
    }
}

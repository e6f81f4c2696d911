//! Dense layers over candle variables, drawn from a seeded generator (candle's own cannot be seeded on a CPU).

use candle_core::{Device, Result, Tensor, Var};
use rand::Rng;
use rand::rngs::StdRng;

use crate::op::dense::dense;

/// A dense layer `x W^T + b`.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `[out, in]`.
    pub weight: Var,
    /// `[out]`.
    pub bias: Var,
}

impl Dense {
    /// Weights uniform with variance `gain^2 / in`.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn new(
        inputs: usize,
        outputs: usize,
        gain: f64,
        rng: &mut StdRng,
        device: &Device,
    ) -> Result<Self> {
        let half = gain * (3.0 / inputs as f64).sqrt();
        let w: Vec<f32> = (0..inputs * outputs)
            .map(|_| rng.random_range(-half..half) as f32)
            .collect();
        Ok(Self {
            weight: Var::from_tensor(&Tensor::from_vec(w, (outputs, inputs), device)?)?,
            bias: Var::from_tensor(&Tensor::zeros(outputs, candle_core::DType::F32, device)?)?,
        })
    }

    /// Applies it to the rows of `x [n, in]`, with SiLU behind it if `activated`.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(&self, x: &Tensor, activated: bool) -> Result<Tensor> {
        dense(x, self.weight.as_tensor(), self.bias.as_tensor(), activated)
    }
}

/// Dense layers with SiLU between them and nothing after the last.
#[derive(Clone, Debug)]
pub struct Mlp {
    /// From first to last.
    pub layers: Vec<Dense>,
}

impl Mlp {
    /// Layers of the given widths, inputs first.
    ///
    /// # Errors
    /// When the device refuses.
    pub fn new(widths: &[usize], rng: &mut StdRng, device: &Device) -> Result<Self> {
        let last = widths.len() - 2;
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(i, w)| Dense::new(w[0], w[1], if i == last { 0.3 } else { 1.3 }, rng, device))
            .collect::<Result<_>>()?;
        Ok(Self { layers })
    }

    /// Applies all layers.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, i + 1 < self.layers.len())?;
        }
        Ok(x)
    }

    /// All variables, first layer first, weight before bias.
    pub fn vars(&self) -> Vec<Var> {
        self.layers
            .iter()
            .flat_map(|l| [l.weight.clone(), l.bias.clone()])
            .collect()
    }
}

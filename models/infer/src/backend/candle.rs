//! candle, for NVIDIA GPUs. One small product after the other: it pays where a GPU is at hand anyway, not for one shot at a time.

use candle_core::{Device, Result, Tensor};

use super::Backend;
use crate::error::InferError;
use crate::mlp::{Dense, Hidden};
use crate::network::Network;

/// A dense layer on a device: `x W^T + b`.
#[derive(Clone, Debug)]
struct Layer {
    /// `[inputs, outputs]`.
    weight: Tensor,
    /// `[1, outputs]`.
    bias: Tensor,
}

impl Layer {
    fn new(layer: &Dense, device: &Device) -> Result<Self> {
        let rows = Tensor::from_vec(layer.rows(), (layer.outputs, layer.inputs), device)?;
        Ok(Self {
            weight: rows.t()?.contiguous()?,
            bias: Tensor::from_slice(layer.bias(), (1, layer.outputs), device)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)? + &self.bias
    }
}

/// Hidden layers and the last one.
#[derive(Clone, Debug)]
struct Layers {
    hidden: Vec<Layer>,
    last: Layer,
}

impl Layers {
    fn new(hidden: &Hidden, last: &Dense, device: &Device) -> Result<Self> {
        let hidden = hidden.layers.iter().map(|l| Layer::new(l, device));
        Ok(Self {
            hidden: hidden.collect::<Result<_>>()?,
            last: Layer::new(last, device)?,
        })
    }

    fn forward(&self, x: &[f32], device: &Device) -> Result<Tensor> {
        let mut x = Tensor::from_slice(x, (1, x.len()), device)?;
        for layer in &self.hidden {
            x = layer.forward(&x)?.silu()?;
        }
        self.last.forward(&x)
    }
}

/// The network's weights on a device.
#[derive(Clone, Debug)]
pub struct Candle {
    name: String,
    device: Device,
    front: Layers,
    fill: Layers,
    start: Layers,
    inputs: Layer,
    state: Layer,
    out: Layer,
    later: Layers,
    trouble: Option<String>,
}

impl Candle {
    /// On a GPU by its number.
    ///
    /// # Errors
    /// When there is none, or it refuses the weights.
    #[cfg(feature = "cuda")]
    pub fn cuda(net: &Network, number: usize) -> std::result::Result<Self, InferError> {
        let name = format!("cuda:{number}");
        Device::new_cuda(number)
            .and_then(|device| Self::on(net, device, &name))
            .map_err(|e| InferError::Backend {
                reason: format!(
                    "no such GPU, or its driver is missing: {e}; `nvidia-smi` lists those at hand"
                ),
                backend: name,
            })
    }

    /// On any device of candle's, under a name for messages.
    ///
    /// # Errors
    /// When the device refuses the weights.
    pub fn on(net: &Network, device: Device, name: &str) -> Result<Self> {
        let d = &device;
        Ok(Self {
            name: name.into(),
            front: Layers::new(&net.front_hidden, &net.front_last, d)?,
            fill: Layers::new(&net.fill_hidden, &net.fill_sensors, d)?,
            start: Layers::new(&net.start_hidden, &net.start_last, d)?,
            inputs: Layer::new(&net.cell_inputs, d)?,
            state: Layer::new(&net.cell_state, d)?,
            out: Layer::new(&net.cell_out, d)?,
            later: Layers::new(&net.later_hidden, &net.later_sensors, d)?,
            trouble: None,
            device,
        })
    }

    /// `h + (1 - exp(-dt softplus(rate))) (tanh(candidate) - h)`.
    fn moved(&self, x: &[f32], dt: f32, h: &[f32]) -> Result<Tensor> {
        let n = h.len();
        let x = Tensor::from_slice(x, (1, x.len()), &self.device)?;
        let h = Tensor::from_slice(h, (1, n), &self.device)?;
        let hidden = (self.inputs.forward(&x)? + self.state.forward(&h)?)?.silu()?;
        let out = self.out.forward(&hidden)?;
        let (rate, goal) = (out.narrow(1, 0, n)?, out.narrow(1, n, n)?.tanh()?);
        // softplus(r) = max(r, 0) + ln(1 + exp(-|r|))
        let tail = (rate.abs()?.neg()?.exp()? + 1.0)?.log()?;
        let softplus = (rate.relu()? + tail)?;
        let kept = (softplus * f64::from(-dt))?.exp()?;
        let share = kept.affine(-1.0, 1.0)?;
        &h + (share * (goal - &h)?)?
    }

    fn write(&mut self, done: Result<Tensor>, out: &mut [f32]) {
        out.fill(f32::NAN);
        match done
            .and_then(|t| t.flatten_all())
            .and_then(|t| t.to_vec1::<f32>())
        {
            Ok(values) if values.len() == out.len() => out.copy_from_slice(&values),
            Ok(values) => self.trouble = Some(format!("{} values came", values.len())),
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }
}

impl Backend for Candle {
    fn front(&mut self, x: &[f32]) -> f32 {
        let done = self.front.forward(x, &self.device).and_then(|t| t.exp());
        let mut share = [0.0];
        self.write(done, &mut share);
        share[0]
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        let done = self.fill.forward(x, &self.device);
        self.write(done, out);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        let done = self.start.forward(x, &self.device).and_then(|t| t.tanh());
        self.write(done, state);
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        let done = self.moved(x, dt, state);
        self.write(done, state);
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        let done = self.later.forward(x, &self.device);
        self.write(done, out);
    }

    fn trouble(&mut self) -> Option<InferError> {
        self.trouble.take().map(|told| InferError::Backend {
            backend: self.name.clone(),
            reason: format!("the device failed: {told}; go on with `cpu`"),
        })
    }
}

//! The network: front and fields while the mold fills, a recurrent state afterwards.
//!
//! ```text
//! fill    memory of the drive, latents              -> ln(filled share)
//!         memory, filled share, latents             -> coefficients of pressure ratio and temperature
//! full    memory, latents, how the front went       -> h0
//! later   h, dt, drive now / mean / change, latents -> h            (the recurrence)
//!         h, drive, time, latents                   -> coefficients of pressure and temperature
//! ```
//! The inlet pressure is never decoded: it is the measured one. The front is at atmosphere by construction.

use candle_core::{Device, Result, Tensor, Var};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::layers::Mlp;
use crate::op::recurrence::{RecurrenceShape, recur};
use crate::prepare::FILL_FEATURES;
use crate::scales::TAKEN;
use crate::train::{Block, whole};
pub use models_infer::network::{CLOCK, DRIVE, FILL_SUMMARY, PASSED, clock};

/// Widths of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Hidden layers of the front.
    pub front: usize,
    /// Hidden layers of the fields while filling.
    pub fill: usize,
    /// Recurrent state.
    pub state: usize,
    /// Hidden layer of the recurrence.
    pub cell: usize,
    /// Hidden layers of the later fields.
    pub later: usize,
}

impl Default for Widths {
    fn default() -> Self {
        Self {
            front: 64,
            fill: 96,
            state: 48,
            cell: 96,
            later: 128,
        }
    }
}

/// The trainable network.
#[derive(Clone, Debug)]
pub struct Network {
    /// Widths.
    pub widths: Widths,
    /// Filled share.
    pub front: Mlp,
    /// Fields while filling.
    pub fill: Mlp,
    /// First state.
    pub start: Mlp,
    /// Flat weights of the recurrence.
    pub cell: Var,
    /// Later fields.
    pub later: Mlp,
}

/// Shape of the recurrence.
pub fn cell_shape(widths: &Widths) -> RecurrenceShape {
    RecurrenceShape {
        inputs: DRIVE + CLOCK + TAKEN.len(),
        hidden: widths.cell,
        state: widths.state,
    }
}

impl Network {
    /// A network with random weights for fields of so many modes (pressure and temperature together).
    ///
    /// # Errors
    /// When the device refuses.
    pub fn new(
        widths: Widths,
        fill_modes: usize,
        modes: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(seed);
        let (u, f) = (TAKEN.len(), FILL_FEATURES);
        let rng = &mut rng;
        let front = Mlp::new(&[f + u, widths.front, widths.front, 1], rng, device)?;
        let fill = Mlp::new(
            &[f + 1 + u, widths.fill, widths.fill, widths.fill, fill_modes],
            rng,
            device,
        )?;
        let start = Mlp::new(&[FILL_SUMMARY + u, 64, widths.state], rng, device)?;
        let later_in = widths.state + DRIVE + CLOCK + u;
        let later = Mlp::new(
            &[later_in, widths.later, widths.later, widths.later, modes],
            rng,
            device,
        )?;
        let shape = cell_shape(&widths);
        let first = Mlp::new(
            &[shape.inputs + shape.state, shape.hidden, 2 * shape.state],
            rng,
            device,
        )?;
        let whole = first.layers[0].weight.as_tensor();
        let wx = whole.narrow(1, 0, shape.inputs)?.contiguous()?;
        let wh = whole.narrow(1, shape.inputs, shape.state)?.contiguous()?;
        // Rates start between fast and slow: time constants from 5 ms to 5 s.
        let spread: Vec<f32> = (0..2 * shape.state)
            .map(|j| {
                let rate = 200.0 * 1e-3_f64.powf(j as f64 / (shape.state - 1) as f64);
                if j < shape.state {
                    (rate.exp_m1()).ln().min(rate) as f32
                } else {
                    0.0
                }
            })
            .collect();
        let flat = Tensor::cat(
            &[
                wx.flatten_all()?,
                wh.flatten_all()?,
                first.layers[0].bias.as_tensor().clone(),
                first.layers[1].weight.flatten_all()?,
                Tensor::from_vec(spread, 2 * shape.state, device)?,
            ],
            0,
        )?;
        Ok(Self {
            widths,
            front,
            fill,
            start,
            cell: Var::from_tensor(&flat)?,
            later,
        })
    }

    /// States `[B, T, H]` at ticks with inputs `x [B, T, 1 + X]` after summaries `[B, S]`.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn states(&self, summary: &Tensor, x: &Tensor) -> Result<Tensor> {
        let h0 = self.start.forward(summary)?.tanh()?;
        recur(cell_shape(&self.widths), x, &h0, self.cell.as_tensor())
    }

    /// Variables used while the mold fills, each with its matrix or vector.
    pub fn fill_blocks(&self) -> Vec<(Var, Vec<Block>)> {
        let vars = [self.front.vars(), self.fill.vars()].concat();
        vars.into_iter().map(alone).collect()
    }

    /// Variables used afterwards, each with the matrices and vectors it is made of.
    pub fn later_blocks(&self) -> Vec<(Var, Vec<Block>)> {
        let shape = cell_shape(&self.widths);
        let (x, g, h) = (shape.inputs, shape.hidden, shape.state);
        let cell = shape
            .offsets()
            .into_iter()
            .zip([(g, x), (g, h), (1, g), (2 * h, g), (1, 2 * h)])
            .map(|(at, (rows, columns))| Block { at, rows, columns })
            .collect();
        let mut all: Vec<_> = self.start.vars().into_iter().map(alone).collect();
        all.push((self.cell.clone(), cell));
        all.extend(self.later.vars().into_iter().map(alone));
        all
    }
}

fn alone(var: Var) -> (Var, Vec<Block>) {
    let blocks = whole(&var);
    (var, blocks)
}

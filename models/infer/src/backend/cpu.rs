//! The own kernel: no device, no library, no allocation.

use std::sync::Arc;

use super::Backend;
use crate::error::InferError;
use crate::mlp::silu;
use crate::network::Network;
use crate::smooth::{exp, softplus, tanh};

/// Computes on the core it is called on.
#[derive(Clone, Debug)]
pub struct Cpu {
    net: Arc<Network>,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl Cpu {
    /// For a network.
    pub fn new(net: Arc<Network>) -> Self {
        let width = net.widest();
        Self {
            a: vec![0.0; width],
            b: vec![0.0; width],
            net,
        }
    }
}

impl Backend for Cpu {
    fn front(&mut self, x: &[f32]) -> f32 {
        let mut out = [0.0];
        self.net.front_hidden.forward(x, &mut self.a, &mut self.b);
        self.net.front_last.forward(&self.a, &mut out);
        exp(out[0])
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        self.net.fill_hidden.forward(x, &mut self.a, &mut self.b);
        self.net.fill_sensors.forward(&self.a, out);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        self.net.start_hidden.forward(x, &mut self.a, &mut self.b);
        self.net.start_last.forward(&self.a, state);
        state.iter_mut().for_each(|h| *h = tanh(*h));
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        let (net, a, b) = (&*self.net, &mut self.a, &mut self.b);
        net.cell_inputs.forward(x, a);
        net.cell_state.forward(state, b);
        let hidden = net.cell_inputs.outputs;
        for (a, b) in a[..hidden].iter_mut().zip(b.iter()) {
            *a += b;
        }
        silu(&mut a[..hidden]);
        net.cell_out.forward(a, b);
        let n = state.len();
        let (rate, candidate) = b[..2 * n].split_at(n);
        for ((h, rate), candidate) in state.iter_mut().zip(rate).zip(candidate) {
            let share = 1.0 - exp(-dt * softplus(*rate));
            *h += share * (tanh(*candidate) - *h);
        }
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        self.net.later_hidden.forward(x, &mut self.a, &mut self.b);
        self.net.later_sensors.forward(&self.a, out);
    }

    fn trouble(&mut self) -> Option<InferError> {
        None
    }
}

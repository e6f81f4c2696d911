//! The own kernel: no device, no library, no allocation.

use std::sync::Arc;

use super::Backend;
use crate::error::InferError;
use crate::kernel::engine::Runner;
use crate::network::Network;

/// Computes on the core it is called on, with the vector unit and the precision that the network was packed for.
#[derive(Clone, Debug)]
pub struct Cpu {
    runner: Runner,
}

impl Cpu {
    /// For a network.
    pub fn new(net: Arc<Network>) -> Self {
        Self {
            runner: Runner::new(net),
        }
    }
}

impl Backend for Cpu {
    fn front(&mut self, x: &[f32]) -> f32 {
        self.runner.front(x)
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        self.runner.fill(x, out);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        self.runner.start(x, state);
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        self.runner.step(x, dt, state);
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        self.runner.later(x, out);
    }

    fn trouble(&mut self) -> Option<InferError> {
        None
    }
}

//! Keeps what a backend was asked and what it answered: calibration sets for vendor compilers, and checks of other runtimes.

use super::Backend;
use crate::error::InferError;

/// Rows of one part in the order they were met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Inputs, row after row.
    pub inputs: Vec<f32>,
    /// Outputs, row after row.
    pub outputs: Vec<f32>,
    /// Number of rows.
    pub len: usize,
}

impl Rows {
    fn push(&mut self, inputs: &[f32], outputs: &[f32]) {
        self.inputs.extend_from_slice(inputs);
        self.outputs.extend_from_slice(outputs);
        self.len += 1;
    }

    /// Inputs and outputs, row by row.
    pub fn iter(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let width = |values: &[f32]| (values.len() / self.len.max(1)).max(1);
        let inputs = self.inputs.chunks_exact(width(&self.inputs));
        inputs.zip(self.outputs.chunks_exact(width(&self.outputs)))
    }
}

/// Rows of every part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Features and latents to filled share.
    pub front: Rows,
    /// To readings while the mold fills.
    pub fill: Rows,
    /// To the first state.
    pub start: Rows,
    /// Drive, clock and latents, to the state after the move.
    pub cell: Rows,
    /// Time step of each move, s.
    pub dt: Vec<f32>,
    /// State before each move.
    pub before: Vec<f32>,
    /// Where the state before each move came from: the number of an earlier move, or `-1 - n` for start `n`.
    pub from: Vec<i64>,
    /// State, drive, clock and latents to readings of a full mold.
    pub later: Rows,
}

/// Passes everything on and keeps it.
#[derive(Clone, Debug)]
pub struct Recorder<B> {
    inner: B,
    /// What was met so far.
    pub record: Record,
}

impl<B> Recorder<B> {
    /// Around a backend.
    pub fn new(inner: B) -> Self {
        Self {
            inner,
            record: Record::default(),
        }
    }
}

impl Record {
    /// The latest move or start that ended in this state.
    fn origin(&self, state: &[f32]) -> i64 {
        let n = state.len();
        // The state moved on with the last move, or that one was provisional and the one it began with stays.
        let last = self.from.len() as i64 - 1;
        let candidates = [Some(last), self.from.last().copied()];
        candidates
            .into_iter()
            .flatten()
            .filter(|i| *i >= 0)
            .find(|i| self.cell.outputs[*i as usize * n..][..n] == *state)
            .unwrap_or(-(self.start.len as i64))
    }
}

impl<B: Backend> Backend for Recorder<B> {
    fn front(&mut self, x: &[f32]) -> f32 {
        let share = self.inner.front(x);
        self.record.front.push(x, &[share]);
        share
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        self.inner.fill(x, out);
        self.record.fill.push(x, out);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        self.inner.start(x, state);
        self.record.start.push(x, state);
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        self.record.from.push(self.record.origin(state));
        self.record.before.extend_from_slice(state);
        self.record.dt.push(dt);
        self.inner.step(x, dt, state);
        self.record.cell.push(x, state);
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        self.inner.later(x, out);
        self.record.later.push(x, out);
    }

    fn trouble(&mut self) -> Option<InferError> {
        self.inner.trouble()
    }
}

//! ONNX Runtime, a library loaded at run time from `ORT_DYLIB_PATH`, through an execution provider by name.
//!
//! The trap this closes: a session asked for a provider it cannot have runs on the CPU without a word. Here the provider must be
//! in the library or a plugin, its registration may not fail, its device must be there, and every node of the graphs must be
//! placed on it.

mod library;
mod place;

use ort::session::Session;
use ort::value::TensorRef;

use super::Backend;
use super::choice::{Choice, Provider};
use crate::error::InferError;
use crate::network::Network;
use crate::onnx::{Part, model};

pub use library::{LIBRARY, PLUGIN};

/// One session a part.
#[derive(Debug)]
pub struct Onnx {
    name: String,
    front: Session,
    fill: Session,
    start: Session,
    cell: Session,
    later: Session,
    next: Vec<f32>,
    trouble: Option<InferError>,
}

impl Onnx {
    /// Sessions for a network on a provider, and where it has several, on a device of it.
    ///
    /// # Errors
    /// When the library, the provider in it or the device is missing, or the provider cannot take a whole graph.
    pub fn new(
        net: &Network,
        provider: Provider,
        device: Option<&str>,
    ) -> Result<Self, InferError> {
        let name = Choice::Onnx {
            provider,
            device: device.map(str::to_owned),
        }
        .to_string();
        let refuse = |reason: String| InferError::Backend {
            backend: name.clone(),
            reason,
        };
        let environment = library::environment().map_err(refuse)?;
        let place = place::Place::new(&environment, provider, device).map_err(refuse)?;
        let open = |part: Part| {
            library::said().clear();
            place.session(&environment, &model(net, part)).map_err(|error| {
                let told = one_line(&format!("{error} {}", library::said()));
                refuse(format!(
                    "ONNX Runtime does not run the graph `{}` on it: {told}; the device, its driver or its libraries are missing, or it cannot take the graph: nothing was run elsewhere",
                    part.name()
                ))
            })
        };
        Ok(Self {
            front: open(Part::Front)?,
            fill: open(Part::Fill)?,
            start: open(Part::Start)?,
            cell: open(Part::Cell)?,
            later: open(Part::Later)?,
            next: vec![0.0; net.state],
            trouble: None,
            name,
        })
    }

    fn keep(&mut self, done: Result<(), String>) {
        if let Err(told) = done {
            self.trouble = Some(InferError::Backend {
                backend: self.name.clone(),
                reason: format!("ONNX Runtime failed: {told}; go on with `cpu`"),
            });
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a graph on rows, named as the graphs name their inputs; writes its one output.
fn run<const N: usize>(
    session: &mut Session,
    rows: [&[f32]; N],
    out: &mut [f32],
) -> Result<(), String> {
    out.fill(f32::NAN);
    let values = evaluate(session, rows, out).map_err(|e| e.to_string())?;
    if values == out.len() {
        return Ok(());
    }
    Err(format!("{values} values came where {} were due", out.len()))
}

/// Number of values that came.
fn evaluate<const N: usize>(
    session: &mut Session,
    rows: [&[f32]; N],
    out: &mut [f32],
) -> ort::Result<usize> {
    let mut inputs = Vec::with_capacity(N);
    for (row, port) in rows.into_iter().zip(["x", "dt", "state"]) {
        inputs.push((port, TensorRef::from_array_view(([1, row.len()], row))?));
    }
    let outputs = session.run(inputs)?;
    let (_, values) = outputs[0].try_extract_tensor::<f32>()?;
    if values.len() == out.len() {
        out.copy_from_slice(values);
    }
    Ok(values.len())
}

impl Backend for Onnx {
    fn front(&mut self, x: &[f32]) -> f32 {
        let mut share = [0.0];
        let done = run(&mut self.front, [x], &mut share);
        self.keep(done);
        share[0]
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        let done = run(&mut self.fill, [x], out);
        self.keep(done);
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        let done = run(&mut self.start, [x], state);
        self.keep(done);
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        let done = run(&mut self.cell, [x, &[dt], state], &mut self.next);
        state.copy_from_slice(&self.next);
        self.keep(done);
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        let done = run(&mut self.later, [x], out);
        self.keep(done);
    }

    fn trouble(&mut self) -> Option<InferError> {
        self.trouble.take()
    }
}

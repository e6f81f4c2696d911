//! ONNX Runtime, a library loaded at run time from `ORT_DYLIB_PATH`, through an execution provider by name.
//!
//! The trap this closes: a session asked for a provider it cannot have runs on the CPU without a word. Here the provider must be
//! compiled into the library, its registration may not fail, and every node of the graphs must be placed on it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::session::{Session, builder::GraphOptimizationLevel};
use ort::value::TensorRef;

use super::Backend;
use super::choice::{Choice, Provider};
use crate::error::InferError;
use crate::network::Network;
use crate::onnx::{Part, model};

/// Where the library is, when not beside the program or on the loader's path.
pub const LIBRARY: &str = "ORT_DYLIB_PATH";

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
        let environment = environment().map_err(refuse)?;
        available(provider).map_err(refuse)?;
        let dispatch = dispatch(provider, device).map_err(refuse)?;
        let open = |part: Part| {
            session(&environment, dispatch.as_ref(), &model(net, part)).map_err(|told| {
                refuse(format!(
                    "ONNX Runtime does not run the graph `{}` on it: {told}; no such device here, or its driver is missing: nothing was run on another one",
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

/// The library is loaded once a process and never left.
fn environment() -> Result<Environment, String> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let path = std::env::var_os(LIBRARY)
        .filter(|p| !p.is_empty())
        .map_or_else(|| PathBuf::from("libonnxruntime.so"), PathBuf::from);
    let built = ort::init_from(&path)
        .map_err(|e| e.to_string())
        .and_then(|b| b.with_telemetry(false).build().map_err(|e| e.to_string()));
    let environment = built.map_err(|told| {
        format!("ONNX Runtime cannot be loaded: {told}; set {LIBRARY} to a libonnxruntime.so of version 1.17 or newer")
    })?;
    Ok(loaded.insert(environment).clone())
}

fn is_compiled_in(provider: Provider) -> bool {
    match provider {
        Provider::Cpu => ep::CPU::is_available(),
        Provider::Cuda => ep::CUDA::is_available(),
        Provider::TensorRt => ep::TensorRT::is_available(),
        Provider::OpenVino => ep::OpenVINO::is_available(),
        Provider::Qnn => ep::QNN::is_available(),
        Provider::Rknpu => ep::RKNPU::is_available(),
    }
    .unwrap_or(false)
}

fn available(provider: Provider) -> Result<(), String> {
    if is_compiled_in(provider) {
        return Ok(());
    }
    let known: Vec<&str> = Provider::ALL
        .into_iter()
        .filter(|p| is_compiled_in(*p))
        .map(Provider::name)
        .collect();
    Err(format!(
        "the ONNX Runtime that was loaded has no provider {}, only {}; set {LIBRARY} to a build that has it",
        provider.name(),
        known.join(", ")
    ))
}

/// Settings of a provider; `None` for the library's own kernels.
fn dispatch(
    provider: Provider,
    device: Option<&str>,
) -> Result<Option<ExecutionProviderDispatch>, String> {
    let number = || {
        let text = device.unwrap_or("0");
        let number = text.parse::<u16>().map(i32::from);
        number.map_err(|_| format!("`{text}` is not the number of a GPU"))
    };
    Ok(Some(match provider {
        Provider::Cpu => return Ok(None),
        // Rounding to 10 bits of mantissa is off: the check at start-up would refuse it.
        Provider::Cuda => ep::CUDA::default()
            .with_device_id(number()?)
            .with_tf32(false)
            .build(),
        Provider::TensorRt => ep::TensorRT::default().with_device_id(number()?).build(),
        Provider::OpenVino => openvino(device)?,
        Provider::Qnn => ep::QNN::default()
            .with_backend_path(device.ok_or(
                "which of its libraries is meant? `onnx:QNN:libQnnHtp.so` is the NPU, `libQnnGpu.so` the GPU",
            )?)
            .build(),
        Provider::Rknpu => ep::RKNPU::default().build(),
    }))
}

/// OpenVINO left alone takes the CPU, and its `AUTO`, `MULTI` and `HETERO` fall back to it.
fn openvino(device: Option<&str>) -> Result<ExecutionProviderDispatch, String> {
    let device = device.ok_or("which device is meant? `onnx:OpenVINO:NPU`, `GPU` or `CPU`")?;
    let (kind, number) = device.split_once('.').unwrap_or((device, "0"));
    if !matches!(kind, "CPU" | "GPU" | "NPU") || number.parse::<u16>().is_err() {
        return Err(format!(
            "`{device}` is not one device: NPU, GPU, GPU.1 or CPU (what falls back by itself is refused)"
        ));
    }
    let settings = ep::OpenVINO::default().with_device_type(device);
    Ok(if kind == "NPU" {
        // It knows half precision alone.
        settings.build()
    } else {
        settings.with_precision("FP32").build()
    })
}

fn session(
    environment: &Environment,
    provider: Option<&ExecutionProviderDispatch>,
    graph: &[u8],
) -> ort::Result<Session> {
    let mut builder = Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_no_environment_execution_providers()?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?;
    if let Some(provider) = provider {
        builder = builder
            .with_execution_providers([provider.clone().error_on_failure()])?
            .with_disable_cpu_fallback()?;
    }
    builder.commit_from_memory(graph)
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

//! Where the graphs run: a provider of the library, or the devices of a plugin.

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::memory::DeviceType;
use ort::session::{Session, builder::GraphOptimizationLevel};

use super::library::{LIBRARY, PLUGIN, plugin};
use crate::backend::choice::Provider;

/// A provider that was found.
pub enum Place {
    /// The library's own kernels.
    Own,
    /// Compiled into the library.
    Provider(ExecutionProviderDispatch),
    /// A plugin's devices of one kind, with its settings.
    Plugin {
        name: &'static str,
        kind: DeviceType,
        settings: Vec<(String, String)>,
    },
}

impl Place {
    /// Looks for a provider, and its device where that can be told before a graph is given to it.
    pub fn new(
        environment: &Environment,
        provider: Provider,
        device: Option<&str>,
    ) -> Result<Self, String> {
        if is_compiled_in(provider) {
            return compiled_in(provider, device);
        }
        if provider != Provider::Qnn || !plugin(environment, ep::QNN::NAME)? {
            let known = Provider::ALL.into_iter().filter(|p| is_compiled_in(*p));
            return Err(format!(
                "the ONNX Runtime that was loaded has no provider {}, only {}; set {LIBRARY} to a build that has it{}",
                provider.name(),
                known.map(Provider::name).collect::<Vec<_>>().join(", "),
                if provider == Provider::Qnn {
                    format!(", or {PLUGIN} to libonnxruntime_providers_qnn.so")
                } else {
                    String::new()
                }
            ));
        }
        let (backend, kind) = qnn(device)?;
        let name = ep::QNN::NAME;
        // A list of no devices would run on the CPU without a word, and this plugin offers the CPU as one of its own.
        let offered: Vec<DeviceType> = environment
            .devices()
            .filter(|d| d.ep().is_ok_and(|ep| ep == name))
            .map(|d| d.hardware_device().ty())
            .collect();
        if !offered.contains(&kind) {
            return Err(format!(
                "its plugin finds no {kind:?} on this machine, only {offered:?}: the device or its driver is missing"
            ));
        }
        Ok(Self::Plugin {
            name,
            kind,
            settings: vec![(format!("{name}.backend_path"), backend.to_owned())],
        })
    }

    /// A session whose nodes all run here.
    pub fn session(&self, environment: &Environment, graph: &[u8]) -> ort::Result<Session> {
        let builder = Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::Level3)?
            .with_no_environment_execution_providers()?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?;
        let mut builder = match self {
            // By name: left open, the device of a registered plugin would be taken first.
            Self::Own => {
                let own = environment
                    .devices()
                    .filter(|d| d.ep().is_ok_and(|ep| ep == ep::CPU::NAME));
                builder.with_devices(own, None)?
            }
            Self::Provider(provider) => builder
                .with_execution_providers([provider.clone().error_on_failure()])?
                .with_disable_cpu_fallback()?,
            Self::Plugin {
                name,
                kind,
                settings,
            } => {
                let devices = environment.devices().filter(|d| {
                    d.ep().is_ok_and(|ep| ep == *name) && d.hardware_device().ty() == *kind
                });
                builder
                    .with_devices(devices, Some(settings))?
                    .with_disable_cpu_fallback()?
            }
        };
        builder.commit_from_memory(graph)
    }
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

fn compiled_in(provider: Provider, device: Option<&str>) -> Result<Place, String> {
    let number = || {
        let text = device.unwrap_or("0");
        let number = text.parse::<u16>().map(i32::from);
        number.map_err(|_| format!("`{text}` is not the number of a GPU"))
    };
    Ok(Place::Provider(match provider {
        Provider::Cpu => return Ok(Place::Own),
        // Rounding to 10 bits of mantissa is off: the check at start-up would refuse it.
        Provider::Cuda => ep::CUDA::default()
            .with_device_id(number()?)
            .with_tf32(false)
            .build(),
        Provider::TensorRt => ep::TensorRT::default().with_device_id(number()?).build(),
        Provider::OpenVino => openvino(device)?,
        Provider::Qnn => ep::QNN::default().with_backend_path(qnn(device)?.0).build(),
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

/// The library of Qualcomm's that is meant, and the device it drives. There is one for the CPU too: that is refused.
fn qnn(device: Option<&str>) -> Result<(&str, DeviceType), String> {
    match device {
        Some(path) if path.contains("QnnHtp") => Ok((path, DeviceType::NPU)),
        Some(path) if path.contains("QnnGpu") => Ok((path, DeviceType::GPU)),
        _ => Err("which device is meant? `onnx:QNN:libQnnHtp.so` is the NPU, `onnx:QNN:libQnnGpu.so` the GPU; both may have a path before them".into()),
    }
}

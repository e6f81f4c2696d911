//! Which backend is asked for, and handing it out.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Backend, Cpu};
use crate::error::InferError;
use crate::network::Network;

/// Execution providers of ONNX Runtime that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// ONNX Runtime's own kernels.
    Cpu,
    /// NVIDIA GPU.
    Cuda,
    /// NVIDIA GPU, compiled.
    TensorRt,
    /// Intel CPU, GPU and NPU.
    OpenVino,
    /// Qualcomm.
    Qnn,
    /// Rockchip RK1808.
    Rknpu,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Cpu,
        Self::Cuda,
        Self::TensorRt,
        Self::OpenVino,
        Self::Qnn,
        Self::Rknpu,
    ];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
            Self::TensorRt => "TensorRT",
            Self::OpenVino => "OpenVINO",
            Self::Qnn => "QNN",
            Self::Rknpu => "RKNPU",
        }
    }
}

/// A backend by name: `cpu`, `onnx[:PROVIDER[:DEVICE]]` or `cuda[:NUMBER]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The own kernel.
    Cpu,
    /// ONNX Runtime.
    Onnx {
        /// Its execution provider.
        provider: Provider,
        /// The provider's device: a number (CUDA, TensorRT), `CPU`, `GPU` or `NPU` (OpenVINO), a library such as
        /// `libQnnHtp.so` (QNN).
        device: Option<String>,
    },
    /// candle on an NVIDIA GPU.
    Cuda {
        /// Number of the GPU.
        device: usize,
    },
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Onnx { provider, device } => {
                write!(f, "onnx:{}", provider.name())?;
                device.iter().try_for_each(|d| write!(f, ":{d}"))
            }
            Self::Cuda { device } => write!(f, "cuda:{device}"),
        }
    }
}

impl FromStr for Choice {
    type Err = InferError;

    fn from_str(text: &str) -> Result<Self, InferError> {
        let refuse = |reason: String| InferError::Backend {
            backend: text.into(),
            reason,
        };
        let mut words = text.splitn(3, ':');
        let kind = words.next().unwrap_or_default();
        let (second, third) = (words.next(), words.next());
        match kind {
            "cpu" if second.is_none() => Ok(Self::Cpu),
            "onnx" => {
                let name = second.unwrap_or("CPU");
                let provider = Provider::ALL
                    .into_iter()
                    .find(|p| p.name().eq_ignore_ascii_case(name))
                    .ok_or_else(|| {
                        let known = Provider::ALL.map(Provider::name).join(", ");
                        refuse(format!("no provider `{name}` is known; there are {known}"))
                    })?;
                if third.is_some() && matches!(provider, Provider::Cpu | Provider::Rknpu) {
                    return Err(refuse(format!(
                        "{} has no devices to choose",
                        provider.name()
                    )));
                }
                Ok(Self::Onnx {
                    provider,
                    device: third.map(str::to_owned),
                })
            }
            "cuda" if third.is_none() => Ok(Self::Cuda {
                device: second
                    .unwrap_or("0")
                    .parse()
                    .map_err(|_| refuse("after `cuda:` comes the number of a GPU".into()))?,
            }),
            _ => Err(refuse(
                "a backend is `cpu`, `onnx[:PROVIDER[:DEVICE]]` or `cuda[:NUMBER]`".into(),
            )),
        }
    }
}

/// A backend chosen while the program runs.
#[derive(Debug)]
pub enum Any {
    /// The own kernel.
    Cpu(Cpu),
    /// ONNX Runtime.
    #[cfg(feature = "onnx")]
    Onnx(Box<super::onnx::Onnx>),
    /// candle.
    #[cfg(feature = "candle")]
    Candle(Box<super::candle::Candle>),
}

/// Opens a backend for a network and checks it against the cpu kernel: readings of a start-up shot may differ by `tolerance`
/// of the scale of pressure, or of the span of melt and mold.
///
/// # Errors
/// When this program was built without it, its library, provider or device is missing, or its readings differ.
pub fn open(choice: &Choice, net: &Arc<Network>, tolerance: f64) -> Result<Any, InferError> {
    let mut any = match choice {
        Choice::Cpu => return Ok(Any::Cpu(Cpu::new(net.clone()))),
        Choice::Onnx { provider, device } => onnx(net, *provider, device.as_deref())?,
        Choice::Cuda { device } => cuda(net, *device)?,
    };
    super::check::beside_the_cpu(&choice.to_string(), &mut any, net, tolerance)?;
    Ok(any)
}

#[cfg(feature = "onnx")]
fn onnx(net: &Network, provider: Provider, device: Option<&str>) -> Result<Any, InferError> {
    let onnx = super::onnx::Onnx::new(net, provider, device)?;
    Ok(Any::Onnx(Box::new(onnx)))
}

#[cfg(not(feature = "onnx"))]
fn onnx(_: &Network, _: Provider, _: Option<&str>) -> Result<Any, InferError> {
    Err(left_out("onnx"))
}

#[cfg(feature = "cuda")]
fn cuda(net: &Network, device: usize) -> Result<Any, InferError> {
    let candle = super::candle::Candle::cuda(net, device)?;
    Ok(Any::Candle(Box::new(candle)))
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: &Network, _: usize) -> Result<Any, InferError> {
    Err(left_out("cuda"))
}

#[cfg(not(all(feature = "onnx", feature = "cuda")))]
fn left_out(feature: &str) -> InferError {
    InferError::Backend {
        backend: feature.into(),
        reason: format!("this program was built without it; build it with `--features {feature}`"),
    }
}

/// One call of the backend inside.
macro_rules! inside {
    ($any:expr, $b:ident => $call:expr) => {
        match $any {
            Any::Cpu($b) => $call,
            #[cfg(feature = "onnx")]
            Any::Onnx($b) => $call,
            #[cfg(feature = "candle")]
            Any::Candle($b) => $call,
        }
    };
}

impl Backend for Any {
    fn front(&mut self, x: &[f32]) -> f32 {
        inside!(self, b => b.front(x))
    }

    fn fill(&mut self, x: &[f32], out: &mut [f32]) {
        inside!(self, b => b.fill(x, out));
    }

    fn start(&mut self, x: &[f32], state: &mut [f32]) {
        inside!(self, b => b.start(x, state));
    }

    fn step(&mut self, x: &[f32], dt: f32, state: &mut [f32]) {
        inside!(self, b => b.step(x, dt, state));
    }

    fn later(&mut self, x: &[f32], out: &mut [f32]) {
        inside!(self, b => b.later(x, out));
    }

    fn trouble(&mut self) -> Option<InferError> {
        inside!(self, b => b.trouble())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, whole) in [
            ("cpu", "cpu"),
            ("onnx", "onnx:CPU"),
            ("onnx:openvino:NPU", "onnx:OpenVINO:NPU"),
            ("onnx:QNN:libQnnHtp.so", "onnx:QNN:libQnnHtp.so"),
            ("cuda", "cuda:0"),
            ("cuda:1", "cuda:1"),
        ] {
            let choice: Choice = text.parse().expect(text);
            assert_eq!(choice.to_string(), whole);
            assert_eq!(whole.parse::<Choice>().expect(whole), choice);
        }
        for (text, told) in [
            ("gpu", "onnx[:PROVIDER"),
            ("cpu:1", "onnx[:PROVIDER"),
            ("onnx:Hexagon", "RKNPU"),
            ("onnx:CPU:0", "no devices"),
            ("cuda:first", "number of a GPU"),
            ("cuda:0:1", "onnx[:PROVIDER"),
            ("", "onnx[:PROVIDER"),
        ] {
            let error = text.parse::<Choice>().expect_err(text).to_string();
            assert!(error.contains(told) && error.contains(text), "{error}");
        }
    }
}

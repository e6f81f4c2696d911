//! SiLU as one operation: autograd's own takes ten passes over memory.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use models_infer::smooth::sigmoid;

struct Silu;

/// `x sigmoid(x)`, element by element.
///
/// # Errors
/// When the tensor is not f32.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op1(Silu)
    } else {
        x.silu()
    }
}

impl CustomOp1 for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (start, end) = layout
            .contiguous_offsets()
            .ok_or_else(|| candle_core::Error::Msg("silu: not contiguous".into()))?;
        let y = storage.as_slice::<f32>()?[start..end]
            .iter()
            .map(|x| x * sigmoid(*x))
            .collect();
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (xs, gs) = (
            x.flatten_all()?.to_vec1::<f32>()?,
            grad.flatten_all()?.to_vec1::<f32>()?,
        );
        let d: Vec<f32> = xs
            .iter()
            .zip(&gs)
            .map(|(x, g)| {
                let s = sigmoid(*x);
                g * s * (1.0 + x * (1.0 - s))
            })
            .collect();
        Ok(Some(Tensor::from_vec(d, x.shape(), x.device())?))
    }
}

//! 8-bit weights in a release: tensors of whole numbers `NAME`, and `NAME.scale` with the value of one in each row.

use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::{INT8, WholeTensor};
use crate::error::InferError;

const SCALE: &str = ".scale";

/// Reads and checks them.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Vec<WholeTensor>, InferError> {
    let refuse = |tensor: &str, reason: String| InferError::Tensor {
        path: path.into(),
        tensor: tensor.into(),
        reason,
    };
    let file = SafeTensors::deserialize(bytes).map_err(|e| refuse("header", e.to_string()))?;
    let views = file.tensors();
    let mut all = Vec::new();
    for (name, view) in &views {
        if let Some(owner) = name.strip_suffix(SCALE) {
            if !views.iter().any(|(n, _)| n == owner) {
                return Err(refuse(name, "is the scale of nothing".into()));
            }
            continue;
        }
        let &[rows, columns] = view.shape() else {
            return Err(refuse(
                name,
                format!("has shape {:?}; rows and columns are needed", view.shape()),
            ));
        };
        if view.dtype() != Dtype::I8 {
            return Err(refuse(name, format!("is {:?}, not i8", view.dtype())));
        }
        let values: Vec<i8> = view.data().iter().map(|b| b.cast_signed()).collect();
        if values.is_empty() || values.contains(&i8::MIN) {
            // The kernels' 16-bit pairs hold 127 times 127 twice, no more.
            return Err(refuse(
                name,
                "is empty or holds -128; -127 to 127 are allowed".into(),
            ));
        }
        let scale = format!("{name}{SCALE}");
        let (_, view) = views
            .iter()
            .find(|(n, _)| *n == scale)
            .ok_or_else(|| refuse(&scale, "missing".into()))?;
        if view.dtype() != Dtype::F32 || view.shape() != [rows] {
            let (kind, shape) = (view.dtype(), view.shape());
            return Err(refuse(
                &scale,
                format!("is {kind:?} {shape:?}; {rows} f32 are needed"),
            ));
        }
        let scales: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        if scales.iter().any(|s| !s.is_finite() || *s < 0.0) {
            return Err(refuse(&scale, "holds a value that is no scale".into()));
        }
        all.push((name.clone(), [rows, columns], values, scales));
    }
    Ok(all)
}

/// Serialises them as safetensors.
///
/// # Errors
/// When a shape does not fit its values.
pub fn to_safetensors(tensors: &[WholeTensor]) -> Result<Vec<u8>, InferError> {
    let failed = |e: SafeTensorError| InferError::Tensor {
        path: INT8.into(),
        tensor: "all".into(),
        reason: e.to_string(),
    };
    let bytes: Vec<(Vec<u8>, Vec<u8>)> = tensors
        .iter()
        .map(|(_, _, values, scales)| {
            (
                values.iter().map(|v| v.cast_unsigned()).collect(),
                scales.iter().flat_map(|s| s.to_le_bytes()).collect(),
            )
        })
        .collect();
    let mut views = Vec::with_capacity(2 * tensors.len());
    for ((name, shape, _, scales), (values, steps)) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::I8, shape.to_vec(), values).map_err(failed)?;
        views.push((name.clone(), view));
        let view = TensorView::new(Dtype::F32, vec![scales.len()], steps).map_err(failed)?;
        views.push((format!("{name}{SCALE}"), view));
    }
    safetensors::serialize(views, None).map_err(failed)
}

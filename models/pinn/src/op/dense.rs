//! A dense layer with its activation as one operation on all cores: `y = act(x W^T + b)`.
//!
//! Rows are cut into a fixed number of parts, so that sums do not depend on the machine.

use std::ops::Range;
use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use models_infer::smooth::sigmoid;
use rayon::prelude::*;

use super::recurrence::{outer, product, slice, sum_rows, with_values};
use super::wide::wide;

/// Parts that rows are cut into.
const PARTS: usize = 2;
/// Fewest rows of a part: below, threads cost more than they bring.
const FEWEST: usize = 32;

fn parts(rows: usize) -> Vec<Range<usize>> {
    let size = rows.div_ceil(PARTS).max(FEWEST);
    (0..rows)
        .step_by(size)
        .map(|at| at..(at + size).min(rows))
        .collect()
}

/// The operation; one instance a call. Arguments: `x [n, in]`, `W [out, in]`, `b [out]`.
struct Dense {
    activated: bool,
    /// Sums before the activation, `[n, out]`.
    sums: Mutex<Vec<f32>>,
}

/// `x W^T + b`, followed by SiLU if `activated`.
///
/// # Errors
/// When shapes do not fit or the tensors are not f32.
pub fn dense(x: &Tensor, weight: &Tensor, bias: &Tensor, activated: bool) -> Result<Tensor> {
    if !x.device().is_cpu() {
        let y = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
        return if activated { y.silu() } else { Ok(y) };
    }
    let op = Dense {
        activated,
        sums: Mutex::new(Vec::new()),
    };
    x.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}

impl CustomOp3 for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, w, b) = (slice(s1, l1)?, slice(s2, l2)?, slice(s3, l3)?);
        let ((rows, inputs), (outputs, width)) = (l1.shape().dims2()?, l2.shape().dims2()?);
        if inputs != width || b.len() != outputs {
            candle_core::bail!(
                "dense: shapes {:?} {:?} {:?} do not fit",
                l1.shape(),
                l2.shape(),
                l3.shape()
            );
        }
        let mut sums = vec![0.0; rows * outputs];
        let mut y = vec![0.0; if self.activated { rows * outputs } else { 0 }];
        let parts = parts(rows);
        let size = parts.first().map_or(1, |p| p.len() * outputs);
        let fill = |part: &Range<usize>, sums: &mut [f32]| {
            for row in sums.chunks_exact_mut(outputs) {
                row.copy_from_slice(b);
            }
            let x = &x[part.start * inputs..part.end * inputs];
            product((part.len(), outputs, inputs), x, w, true, sums, true);
        };
        if self.activated {
            parts
                .par_iter()
                .zip(sums.par_chunks_mut(size).zip(y.par_chunks_mut(size)))
                .for_each(|(part, (sums, y))| {
                    fill(part, sums);
                    wide(|| {
                        for (y, a) in y.iter_mut().zip(sums.iter()) {
                            *y = a * sigmoid(*a);
                        }
                    });
                });
            *self.sums.lock().expect("no thread panics with the sums") = sums;
        } else {
            parts
                .par_iter()
                .zip(sums.par_chunks_mut(size))
                .for_each(|(part, sums)| fill(part, sums));
            y = sums;
        }
        Ok((CpuStorage::F32(y), Shape::from((rows, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let ((rows, inputs), outputs) = (x.dims2()?, bias.dims1()?);
        let sums = self.sums.lock().expect("no thread panics with the sums");
        let wanted = x.track_op();
        let done: Vec<(Vec<f32>, Vec<f32>, Vec<f32>)> = with_values(x, |x| {
            with_values(weight, |w| {
                with_values(grad, |grad| {
                    parts(rows)
                        .into_par_iter()
                        .map(|part| {
                            let own = part.start * outputs..part.end * outputs;
                            let mut d = grad[own.clone()].to_vec();
                            if self.activated {
                                wide(|| {
                                    for (d, a) in d.iter_mut().zip(&sums[own]) {
                                        let s = sigmoid(*a);
                                        *d *= s * (1.0 + a * (1.0 - s));
                                    }
                                });
                            }
                            let (mut dw, mut db) =
                                (vec![0.0; outputs * inputs], vec![0.0; outputs]);
                            let x = &x[part.start * inputs..part.end * inputs];
                            outer((outputs, inputs, part.len()), &d, x, &mut dw);
                            sum_rows(&d, &mut db);
                            let mut dx = vec![0.0; if wanted { part.len() * inputs } else { 0 }];
                            if wanted {
                                let size = (part.len(), inputs, outputs);
                                product(size, &d, w, false, &mut dx, false);
                            }
                            (dx, dw, db)
                        })
                        .collect()
                })
            })
        })???;
        let (mut dx, mut dw, mut db) = (
            Vec::with_capacity(rows * inputs),
            vec![0.0; outputs * inputs],
            vec![0.0; outputs],
        );
        for (x, w, b) in done {
            dx.extend(x);
            dw.iter_mut().zip(w).for_each(|(sum, v)| *sum += v);
            db.iter_mut().zip(b).for_each(|(sum, v)| *sum += v);
        }
        let dx = if wanted {
            Some(Tensor::from_vec(dx, x.shape(), x.device())?)
        } else {
            None
        };
        Ok((
            dx,
            Some(Tensor::from_vec(dw, weight.shape(), x.device())?),
            Some(Tensor::from_vec(db, bias.shape(), x.device())?),
        ))
    }
}

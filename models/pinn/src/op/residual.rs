//! The solver's residual on decoded fields as one operation: its derivative comes from the operator's own adjoint.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use models_physics::solver::{FieldGradient, FieldOperator, Fields, Model};

/// Two instants of one shot whose fields are decoded.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Mold and melt at the shot's latents.
    pub model: Arc<Model>,
    /// Time between them, s.
    pub dt: f64,
    /// Inlet pressure at both, Pa absolute.
    pub inlet: [f64; 2],
    /// Mold temperature, K, and melt temperature above it, K: what decoded temperatures count from and in.
    pub temperature: [f64; 2],
    /// Scale of the decoded pressure, Pa.
    pub pressure: f64,
    /// Weight of the mean square of the pressure residual (in decoded units) and of that of temperature.
    pub weight: [f64; 2],
    /// Residual of pressure, Pa, and of temperature, K, beyond which it counts by its size, no longer by its square.
    pub bend: [f64; 2],
    /// Whether mass moves pressure alone and energy temperature alone, as in the solver's own sweeps.
    pub apart: bool,
}

/// Mean squares of one evaluation, for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Of pressure, Pa2.
    pub pressure: f64,
    /// Of temperature, K2.
    pub temperature: f64,
}

/// Derivatives of the rows' values: pressure and temperature, laid out as the arguments.
type Slopes = (Vec<f32>, Vec<f32>);

struct Residual {
    pairs: Arc<Vec<Pair>>,
    seen: Arc<Mutex<Seen>>,
    slopes: Mutex<Option<Slopes>>,
}

/// Weighted mean squares of the residual `[n]` of pairs of fields: `pressure [2 n, nodes]` above atmosphere in units of
/// `Pair::pressure`, `temperature [2 n, nodes * layers]` dimensionless; rows `2 i` and `2 i + 1` are a pair. The entry of
/// the inlet is replaced by its measured pressure. Pairs that are no numbers count as zero.
///
/// # Errors
/// When shapes do not fit or the tensors are not f32 on the CPU.
pub fn residual(
    pairs: &Arc<Vec<Pair>>,
    pressure: &Tensor,
    temperature: &Tensor,
) -> Result<(Tensor, Seen)> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let op = Residual {
        pairs: pairs.clone(),
        seen: seen.clone(),
        slopes: Mutex::new(None),
    };
    let out = pressure
        .contiguous()?
        .apply_op2(&temperature.contiguous()?, op)?;
    let seen = *seen
        .lock()
        .expect("no thread panics while it holds the sums");
    Ok((out, seen))
}

/// Value of a pair, its mean squares and the derivative by both fields of both instants.
struct Row {
    value: f64,
    seen: Seen,
    pressure: Vec<f32>,
    temperature: Vec<f32>,
}

/// Fields of one instant in SI.
fn decode(pair: &Pair, which: usize, pressure: &[f32], temperature: &[f32]) -> [Vec<f64>; 2] {
    let atmosphere = pair.model.atmosphere;
    let mut p: Vec<f64> = pressure
        .iter()
        .map(|p| atmosphere + f64::from(*p) * pair.pressure)
        .collect();
    p[0] = pair.inlet[which];
    let [zero, span] = pair.temperature;
    let t = temperature
        .iter()
        .map(|t| zero + f64::from(*t) * span)
        .collect();
    [p, t]
}

/// `r^2` for small `r`, `2 c |r|` far beyond `c`: a field that is still far off must not shout the data down.
fn bent(r: f64, c: f64) -> f64 {
    let x = r / c;
    2.0 * c * c * ((1.0 + x * x).sqrt() - 1.0)
}

/// Derivative of [`bent`].
fn slope(r: f64, c: f64) -> f64 {
    let x = r / c;
    2.0 * r / (1.0 + x * x).sqrt()
}

fn one(op: &mut Option<FieldOperator>, pair: &Pair, pressure: &[f32], temperature: &[f32]) -> Row {
    let mut row = Row {
        value: 0.0,
        seen: Seen::default(),
        pressure: vec![0.0; pressure.len()],
        temperature: vec![0.0; temperature.len()],
    };
    let model = &*pair.model;
    if op.is_none() {
        *op = FieldOperator::new(model).ok();
    }
    let Some(op) = op else { return row };
    let (n, wide) = (model.nodes(), model.nodes() * model.layers.len());
    let [p0, t0] = decode(pair, 0, &pressure[..n], &temperature[..wide]);
    let [p1, t1] = decode(pair, 1, &pressure[n..], &temperature[wide..]);
    let (old, new) = (
        Fields {
            pressure: &p0,
            temperature: &t0,
        },
        Fields {
            pressure: &p1,
            temperature: &t1,
        },
    );
    if op.evaluate(model, old, new, pair.dt).is_err() {
        return row;
    }
    let nodes = (n - 1) as f64;
    let entries = nodes * model.layers.len() as f64;
    let mean = |r: &[f64], count: f64| r.iter().map(|r| r * r).sum::<f64>() / count;
    let seen = Seen {
        pressure: mean(&op.pressure, nodes),
        temperature: mean(&op.temperature, entries),
    };
    // Per Pa2: the weight counts decoded units.
    let weight_p = pair.weight[0] / (pair.pressure * pair.pressure);
    let bent = |r: &[f64], c: f64| r.iter().map(|r| bent(*r, c)).sum::<f64>();
    let value = weight_p * bent(&op.pressure, pair.bend[0]) / nodes
        + pair.weight[1] * bent(&op.temperature, pair.bend[1]) / entries;
    if !value.is_finite() {
        return row;
    }
    let by_p: Vec<f64> = op
        .pressure
        .iter()
        .map(|r| weight_p * slope(*r, pair.bend[0]) / nodes)
        .collect();
    let by_t: Vec<f64> = op
        .temperature
        .iter()
        .map(|r| pair.weight[1] * slope(*r, pair.bend[1]) / entries)
        .collect();
    let (mut before, mut after) = (FieldGradient::zeros(model), FieldGradient::zeros(model));
    let none_p = vec![0.0; n];
    let none_t = vec![0.0; wide];
    let both: [(&[f64], &[f64], bool, bool); 2] = if pair.apart {
        [(&by_p, &none_t, true, false), (&none_p, &by_t, false, true)]
    } else {
        [(&by_p, &by_t, true, true), (&none_p, &none_t, false, false)]
    };
    for (by_p, by_t, moves_p, moves_t) in both {
        if !(moves_p || moves_t) {
            continue;
        }
        op.pull_back(model, by_p, by_t, &mut before, &mut after);
        for (side, g) in [&before, &after].into_iter().enumerate() {
            if moves_p {
                for (to, g) in row.pressure[side * n..].iter_mut().zip(&g.pressure) {
                    *to = (g * pair.pressure) as f32;
                }
            }
            if moves_t {
                for (to, g) in row.temperature[side * wide..]
                    .iter_mut()
                    .zip(&g.temperature)
                {
                    *to = (g * pair.temperature[1]) as f32;
                }
            }
        }
    }
    row.value = value;
    row.seen = seen;
    row
}

/// Pairs that share one operator's scratch.
const SHARE: usize = 8;

impl CustomOp2 for Residual {
    fn name(&self) -> &'static str {
        "residual"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        use rayon::prelude::*;
        let count = self.pairs.len();
        let (rows, n) = l1.shape().dims2()?;
        let (rows_t, wide) = l2.shape().dims2()?;
        let fits = |p: &Pair| p.model.nodes() == n && n * p.model.layers.len() == wide;
        if rows != 2 * count || rows_t != rows || !self.pairs.iter().all(fits) {
            candle_core::bail!(
                "residual: shapes {:?} {:?} do not fit {count} pairs",
                l1.shape(),
                l2.shape()
            );
        }
        let contiguous = || candle_core::Error::Msg("residual: not contiguous".into());
        let (a, b) = (
            l1.contiguous_offsets().ok_or_else(contiguous)?,
            l2.contiguous_offsets().ok_or_else(contiguous)?,
        );
        let (p, t) = (
            &s1.as_slice::<f32>()?[a.0..a.1],
            &s2.as_slice::<f32>()?[b.0..b.1],
        );
        let done: Vec<Row> = self
            .pairs
            .par_chunks(SHARE)
            .enumerate()
            .flat_map_iter(|(chunk, pairs)| {
                let mut op = None;
                pairs
                    .iter()
                    .enumerate()
                    .map(|(i, pair)| {
                        let at = chunk * SHARE + i;
                        one(
                            &mut op,
                            pair,
                            &p[2 * at * n..][..2 * n],
                            &t[2 * at * wide..][..2 * wide],
                        )
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut seen = self
            .seen
            .lock()
            .expect("no thread panics while it holds the sums");
        let (mut values, mut by_p, mut by_t) = (Vec::new(), Vec::new(), Vec::new());
        for row in done {
            values.push(row.value as f32);
            seen.pressure += row.seen.pressure / count as f64;
            seen.temperature += row.seen.temperature / count as f64;
            by_p.extend(row.pressure);
            by_t.extend(row.temperature);
        }
        *self
            .slopes
            .lock()
            .expect("no thread panics while it holds the slopes") = Some((by_p, by_t));
        Ok((CpuStorage::F32(values), Shape::from(count)))
    }

    fn bwd(
        &self,
        pressure: &Tensor,
        temperature: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.flatten_all()?.to_vec1::<f32>()?;
        let slopes = self
            .slopes
            .lock()
            .expect("no thread panics while it holds the slopes");
        let Some((by_p, by_t)) = slopes.as_ref() else {
            candle_core::bail!("residual: backward before forward");
        };
        let scaled = |slopes: &[f32], like: &Tensor| {
            let width = 2 * like.dim(1)?;
            let d: Vec<f32> = slopes
                .chunks_exact(width)
                .zip(&grad)
                .flat_map(|(row, g)| row.iter().map(move |s| s * g))
                .collect();
            Tensor::from_vec(d, like.shape(), like.device())
        };
        Ok((
            Some(scaled(by_p, pressure)?),
            Some(scaled(by_t, temperature)?),
        ))
    }
}

//! The optimiser: Adam in the eigenbasis of the gradient's own covariance.
//!
//! ```text
//! L = mean of G G^T, R = mean of G^T G         G a gradient [out, in]; means are exponential
//! G' = QL^T G QR                               QL, QR eigenvectors of L, R, renewed now and then
//! W -= rate QL (m' / sqrt(v')) QR^T            m', v' first and second moment of G', as in Adam
//! ```
//! Source: Vyas et al. (2024), SOAP: improving and stabilizing Shampoo using Adam. A step costs a few small products
//! more than Adam's. Vectors (biases) are plain Adam.
//!
//! All of its state can be saved and given back, so that an interrupted training goes on as if nothing had happened.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};
use faer::{Mat, Side};
use rayon::prelude::*;

use super::checkpoint::Named;
use crate::op::recurrence::{outer, product, with_values};

/// Decay of the first and second moments and of the covariances.
const BETA: [f32; 2] = [0.95, 0.95];
/// Keeps the division finite.
const TINY: f32 = 1e-8;
/// Steps between two renewals of the eigenvectors.
const RENEWED: usize = 10;
/// Decay of the mean of the weights.
const MEAN: f32 = 0.995;

/// A matrix or vector inside a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins in the flattened variable.
    pub at: usize,
    /// Rows; 1 for a vector.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// The blocks of a variable that is one matrix or one vector.
pub fn whole(var: &Var) -> Vec<Block> {
    let (rows, columns) = match var.dims() {
        [n] => (1, *n),
        [rows, rest @ ..] => (*rows, rest.iter().product()),
        [] => (1, 1),
    };
    vec![Block {
        at: 0,
        rows,
        columns,
    }]
}

/// Eigenvectors and the covariances they are of.
struct Turned {
    left: Vec<f32>,
    right: Vec<f32>,
    ql: Vec<f32>,
    qr: Vec<f32>,
}

/// State of one block.
struct Moments {
    block: Block,
    first: Vec<f32>,
    second: Vec<f32>,
    turned: Option<Turned>,
}

/// State of one variable.
struct Param {
    var: Var,
    values: Vec<f32>,
    mean: Vec<f32>,
    blocks: Vec<Moments>,
}

/// The optimiser of a set of variables.
pub struct Optimiser {
    params: Vec<Param>,
    step: usize,
}

impl Optimiser {
    /// Of variables, each with its blocks.
    ///
    /// # Errors
    /// When a variable cannot be read.
    pub fn new(vars: Vec<(Var, Vec<Block>)>) -> Result<Self> {
        let params = vars
            .into_iter()
            .map(|(var, blocks)| {
                let values = var.flatten_all()?.to_vec1::<f32>()?;
                Ok(Param {
                    mean: values.clone(),
                    values,
                    var,
                    blocks: blocks.into_iter().map(Moments::new).collect(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { params, step: 0 })
    }

    /// One step down `grads` at a learning rate; sets the variables.
    ///
    /// # Errors
    /// When a variable cannot be set.
    pub fn step(&mut self, grads: &GradStore, rate: f64) -> Result<()> {
        self.step += 1;
        let (step, rate) = (self.step, rate as f32);
        self.params.par_iter_mut().try_for_each(|p| {
            let Some(grad) = grads.get(&p.var) else {
                return Ok(());
            };
            with_values(grad, |grad| {
                for moments in &mut p.blocks {
                    let own = moments.block.at..moments.block.at + moments.first.len();
                    moments.step(&grad[own.clone()], &mut p.values[own], step, rate);
                }
            })?;
            // A plain mean at first: the first weights are of no use.
            let keep = MEAN.min(step as f32 / (step as f32 + 10.0));
            for (mean, v) in p.mean.iter_mut().zip(&p.values) {
                *mean = keep * *mean + (1.0 - keep) * v;
            }
            set(&p.var, &p.values)
        })
    }

    /// Sets the variables to the means of the weights.
    ///
    /// # Errors
    /// When a variable cannot be set.
    pub fn show_means(&self) -> Result<()> {
        self.params.iter().try_for_each(|p| set(&p.var, &p.mean))
    }

    /// Sets the variables to the weights themselves.
    ///
    /// # Errors
    /// When a variable cannot be set.
    pub fn show_weights(&self) -> Result<()> {
        self.params.iter().try_for_each(|p| set(&p.var, &p.values))
    }

    /// Means of the weights, variable by variable.
    pub fn means(&self) -> Vec<Vec<f32>> {
        self.params.iter().map(|p| p.mean.clone()).collect()
    }

    /// Sets the variables to given weights.
    ///
    /// # Errors
    /// When their number does not fit.
    pub fn show(&self, weights: &[Vec<f32>]) -> Result<()> {
        for (p, w) in self.params.iter().zip(weights) {
            set(&p.var, w)?;
        }
        Ok(())
    }

    /// Everything a later process needs to go on.
    pub fn save(&mut self, to: &mut Vec<Named>) {
        to.push(("optimiser.step".into(), vec![1], vec![self.step as f32]));
        self.each(|name, values| to.push((name, vec![values.len()], values.clone())));
    }

    /// Takes what [`Self::save`] wrote; false when it is of other variables.
    ///
    /// # Errors
    /// When a variable cannot be set.
    pub fn restore(&mut self, from: &[Named]) -> Result<bool> {
        let find = |name: &str| from.iter().find(|n| n.0 == name).map(|n| &n.2);
        let Some(step) = find("optimiser.step").and_then(|v| v.first()) else {
            return Ok(false);
        };
        let mut fits = true;
        self.step = *step as usize;
        self.each(|name, values| match find(&name) {
            Some(found) if values.is_empty() || found.len() == values.len() => {
                values.clone_from(found);
            }
            _ => fits = false,
        });
        if fits {
            self.show_weights()?;
        }
        Ok(fits)
    }

    /// Visits every vector of the state with its name. Eigenvectors exist after the first step only.
    fn each(&mut self, mut f: impl FnMut(String, &mut Vec<f32>)) {
        let begun = self.step > 0;
        for (i, p) in self.params.iter_mut().enumerate() {
            f(format!("{i}.values"), &mut p.values);
            f(format!("{i}.mean"), &mut p.mean);
            for (j, m) in p.blocks.iter_mut().enumerate() {
                f(format!("{i}.{j}.first"), &mut m.first);
                f(format!("{i}.{j}.second"), &mut m.second);
                if let Some(t) = m.turned.as_mut().filter(|_| begun) {
                    f(format!("{i}.{j}.left"), &mut t.left);
                    f(format!("{i}.{j}.right"), &mut t.right);
                    f(format!("{i}.{j}.ql"), &mut t.ql);
                    f(format!("{i}.{j}.qr"), &mut t.qr);
                }
            }
        }
    }
}

fn set(var: &Var, values: &[f32]) -> Result<()> {
    var.set(&Tensor::from_slice(values, var.shape(), var.device())?)
}

impl Moments {
    fn new(block: Block) -> Self {
        let n = block.rows * block.columns;
        Self {
            block,
            first: vec![0.0; n],
            second: vec![0.0; n],
            turned: (block.rows > 1 && block.columns > 1).then(|| Turned {
                left: vec![0.0; block.rows * block.rows],
                right: vec![0.0; block.columns * block.columns],
                ql: Vec::new(),
                qr: Vec::new(),
            }),
        }
    }

    /// Moves `values` down `grad`; `step` counts from 1.
    fn step(&mut self, grad: &[f32], values: &mut [f32], step: usize, rate: f32) {
        let (m, n) = (self.block.rows, self.block.columns);
        let turned = match &mut self.turned {
            None => None,
            Some(t) => {
                t.follow(grad, (m, n));
                if t.ql.is_empty() {
                    // The first gradient only tells the directions.
                    t.ql = eigenvectors(&t.left, m);
                    t.qr = eigenvectors(&t.right, n);
                    return;
                }
                Some(t)
            }
        };
        let seen;
        let own = match &turned {
            None => grad,
            Some(t) => {
                seen = t.turn(grad, (m, n));
                &seen[..]
            }
        };
        let weight = BETA.map(|b| 1.0 - b.powi(step.min(10_000) as i32));
        let mut change = vec![0.0; m * n];
        for (((change, g), first), second) in change
            .iter_mut()
            .zip(own)
            .zip(&mut self.first)
            .zip(&mut self.second)
        {
            *first += (1.0 - BETA[0]) * (g - *first);
            *second += (1.0 - BETA[1]) * (g * g - *second);
            *change = (*first / weight[0]) / ((*second / weight[1]).sqrt() + TINY);
        }
        if let Some(t) = turned {
            change = t.turn_back(&change, (m, n));
            if step.is_multiple_of(RENEWED) {
                let first = t.turn_back(&self.first, (m, n));
                t.renew((m, n), &mut self.second);
                self.first = t.turn(&first, (m, n));
            }
        }
        for (v, c) in values.iter_mut().zip(&change) {
            *v -= rate * c;
        }
    }
}

impl Turned {
    /// Lets the covariances follow a gradient `[m, n]`.
    fn follow(&mut self, grad: &[f32], (m, n): (usize, usize)) {
        let share = (1.0 - BETA[1]).sqrt();
        let scaled: Vec<f32> = grad.iter().map(|g| g * share).collect();
        self.left.iter_mut().for_each(|v| *v *= BETA[1]);
        self.right.iter_mut().for_each(|v| *v *= BETA[1]);
        product((m, m, n), &scaled, &scaled, true, &mut self.left, true);
        outer((n, n, m), &scaled, &scaled, &mut self.right);
    }

    /// `QL^T G QR`.
    fn turn(&self, g: &[f32], (m, n): (usize, usize)) -> Vec<f32> {
        let (mut half, mut whole) = (vec![0.0; m * n], vec![0.0; m * n]);
        outer((m, n, m), &self.ql, g, &mut half);
        product((m, n, n), &half, &self.qr, false, &mut whole, false);
        whole
    }

    /// `QL G QR^T`.
    fn turn_back(&self, g: &[f32], (m, n): (usize, usize)) -> Vec<f32> {
        let (mut half, mut whole) = (vec![0.0; m * n], vec![0.0; m * n]);
        product((m, n, m), &self.ql, g, false, &mut half, false);
        product((m, n, n), &half, &self.qr, true, &mut whole, false);
        whole
    }

    /// One power iteration of the eigenvectors, strongest first; the second moments `[m, n]` keep to theirs.
    fn renew(&mut self, (m, n): (usize, usize), second: &mut [f32]) {
        let rows = strongest_first(&self.left, &mut self.ql, m);
        let columns = strongest_first(&self.right, &mut self.qr, n);
        let old = second.to_vec();
        for (i, row) in rows.iter().enumerate() {
            for (j, column) in columns.iter().enumerate() {
                second[i * n + j] = old[row * n + column];
            }
        }
        iterate(&self.left, &mut self.ql, m);
        iterate(&self.right, &mut self.qr, n);
    }
}

/// Sorts the columns of `q` by the variance of `covariance` along them; returns where each came from.
fn strongest_first(covariance: &[f32], q: &mut [f32], n: usize) -> Vec<usize> {
    let mut image = vec![0.0; n * n];
    product((n, n, n), covariance, q, false, &mut image, false);
    let mut along = vec![0.0; n];
    for (q, image) in q.chunks_exact(n).zip(image.chunks_exact(n)) {
        for ((sum, q), v) in along.iter_mut().zip(q).zip(image) {
            *sum += q * v;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| along[*b].total_cmp(&along[*a]));
    let old = q.to_vec();
    for (to, from) in q.chunks_exact_mut(n).zip(old.chunks_exact(n)) {
        for (to, i) in to.iter_mut().zip(&order) {
            *to = from[*i];
        }
    }
    order
}

/// `q <- orthonormal(covariance q)`.
fn iterate(covariance: &[f32], q: &mut [f32], n: usize) {
    let mut image = vec![0.0; n * n];
    product((n, n, n), covariance, q, false, &mut image, false);
    let qr = Mat::from_fn(n, n, |i, j| image[i * n + j]).qr();
    let new = qr.compute_thin_Q();
    for (i, row) in q.chunks_exact_mut(n).enumerate() {
        for (j, v) in row.iter_mut().enumerate() {
            *v = new[(i, j)];
        }
    }
}

/// Eigenvectors of a symmetric matrix as columns, strongest first; the unit matrix where there are none.
fn eigenvectors(covariance: &[f32], n: usize) -> Vec<f32> {
    let matrix = Mat::from_fn(n, n, |i, j| covariance[i * n + j]);
    let eigen = matrix.self_adjoint_eigen(Side::Lower);
    let mut q = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            q[i * n + j] = match &eigen {
                Ok(e) => e.U()[(i, n - 1 - j)],
                Err(_) => f32::from(u8::from(i == j)),
            };
        }
    }
    q
}

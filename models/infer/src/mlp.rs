//! Dense layers as loaded; [`crate::kernel`] packs and computes them.

/// A dense layer; weights by input, so that one input adds to a run of outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// `[inputs, outputs]`.
    columns: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// From rows `[outputs, inputs]` and a bias `[outputs]`.
    pub fn new(rows: &[f32], bias: &[f32]) -> Self {
        let outputs = bias.len();
        let inputs = rows.len() / outputs.max(1);
        let mut columns = vec![0.0; rows.len()];
        for (o, row) in rows.chunks_exact(inputs.max(1)).enumerate() {
            for (i, w) in row.iter().enumerate() {
                columns[i * outputs + o] = *w;
            }
        }
        Self {
            inputs,
            outputs,
            columns,
            bias: bias.to_vec(),
        }
    }

    /// Weights as rows `[outputs, inputs]`: what other runtimes take.
    pub fn rows(&self) -> Vec<f32> {
        (0..self.outputs)
            .flat_map(|o| self.columns[o..].iter().step_by(self.outputs).copied())
            .collect()
    }

    /// The bias `[outputs]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The layer `rows x (this layer) + offset`: a linear reading of its outputs. `rows` is `[n, outputs]`.
    pub fn read_by(&self, rows: &[f32], offset: &[f32]) -> Self {
        let n = offset.len();
        let mut weights = vec![0.0; n * self.inputs];
        let mut bias = offset.to_vec();
        for (r, row) in rows.chunks_exact(self.outputs).enumerate() {
            for (o, share) in row.iter().enumerate() {
                bias[r] += share * self.bias[o];
                for i in 0..self.inputs {
                    weights[r * self.inputs + i] += share * self.columns[i * self.outputs + o];
                }
            }
        }
        Self::new(&weights, &bias)
    }
}

/// Dense layers with SiLU after each.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// From first to last.
    pub layers: Vec<Dense>,
}

impl Hidden {
    /// Largest width.
    pub fn width(&self) -> usize {
        self.layers
            .iter()
            .map(|l| l.outputs.max(l.inputs))
            .max()
            .unwrap_or(0)
    }
}

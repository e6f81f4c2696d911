//! Parts of the network as ONNX graphs.

use prost::Message;

use super::{OPSET, Part, ports, proto};
use crate::mlp::{Dense, Hidden};
use crate::network::Network;

/// A graph being drawn; methods name the value they add.
#[derive(Default)]
struct Drawing {
    nodes: Vec<proto::Node>,
    tensors: Vec<proto::Tensor>,
}

impl Drawing {
    fn node(&mut self, op: &str, inputs: &[&str], output: &str) -> String {
        self.nodes.push(proto::Node {
            input: inputs.iter().map(|i| (*i).into()).collect(),
            output: vec![output.into()],
            name: format!("{output}_{}", op.to_lowercase()),
            op_type: op.into(),
            attribute: Vec::new(),
        });
        output.into()
    }

    fn tensor(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        self.tensors.push(proto::Tensor {
            dims: dims.iter().map(|d| *d as i64).collect(),
            data_type: proto::FLOAT,
            name: name.into(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        });
    }

    /// `output = x rows^T + bias`.
    fn gemm(&mut self, x: &str, rows: &[f32], bias: &[f32], output: &str) -> String {
        let (weight, offset) = (format!("{output}_weight"), format!("{output}_bias"));
        self.tensor(&weight, &[bias.len(), rows.len() / bias.len()], rows);
        self.tensor(&offset, &[bias.len()], bias);
        self.node("Gemm", &[x, &weight, &offset], output);
        let last = self.nodes.last_mut().expect("pushed above");
        last.attribute.push(proto::Attribute {
            name: "transB".into(),
            i: Some(1),
            kind: proto::INT,
        });
        output.into()
    }

    fn dense(&mut self, x: &str, layer: &Dense, output: &str) -> String {
        self.gemm(x, &layer.rows(), layer.bias(), output)
    }

    /// `x sigmoid(x)`.
    fn silu(&mut self, x: &str, output: &str) -> String {
        let gate = self.node("Sigmoid", &[x], &format!("{output}_gate"));
        self.node("Mul", &[x, &gate], output)
    }

    fn mlp(&mut self, x: &str, hidden: &Hidden, last: &Dense, output: &str) -> String {
        let mut x = x.to_owned();
        for (i, layer) in hidden.layers.iter().enumerate() {
            let sum = self.dense(&x, layer, &format!("sum_{i}"));
            x = self.silu(&sum, &format!("hidden_{i}"));
        }
        self.dense(&x, last, output)
    }

    /// `next = state + (1 - exp(-dt softplus(rate))) (tanh(candidate) - state)`.
    fn cell(&mut self, net: &Network) {
        let drive = self.dense("x", &net.cell_inputs, "from_inputs");
        let memory = self.dense("state", &net.cell_state, "from_state");
        let sum = self.node("Add", &[&drive, &memory], "sum");
        let hidden = self.silu(&sum, "hidden");
        // The two halves of the last layer as layers of their own: no `Split`.
        let (rows, bias) = (net.cell_out.rows(), net.cell_out.bias());
        let half = net.state * net.cell_out.inputs;
        let rate = self.gemm(&hidden, &rows[..half], &bias[..net.state], "rate");
        let candidate = self.gemm(&hidden, &rows[half..], &bias[net.state..], "candidate");
        self.tensor("one", &[1, 1], &[1.0]);
        self.tensor("minus_one", &[1, 1], &[-1.0]);
        let rate = self.node("Softplus", &[&rate], "rate_per_s");
        let back = self.node("Mul", &["dt", "minus_one"], "minus_dt");
        let exponent = self.node("Mul", &[&rate, &back], "exponent");
        let kept = self.node("Exp", &[&exponent], "kept");
        let share = self.node("Sub", &["one", &kept], "share");
        let goal = self.node("Tanh", &[&candidate], "goal");
        let way = self.node("Sub", &[&goal, "state"], "way");
        let change = self.node("Mul", &[&share, &way], "change");
        self.node("Add", &["state", &change], "next");
    }
}

/// The bytes of an ONNX file with one part of the network.
pub fn model(net: &Network, part: Part) -> Vec<u8> {
    let mut drawing = Drawing::default();
    match part {
        Part::Front => {
            let ln = drawing.mlp("x", &net.front_hidden, &net.front_last, "ln_share");
            drawing.node("Exp", &[&ln], "share");
        }
        Part::Fill => {
            drawing.mlp("x", &net.fill_hidden, &net.fill_sensors, "readings");
        }
        Part::Start => {
            let sum = drawing.mlp("x", &net.start_hidden, &net.start_last, "state_sum");
            drawing.node("Tanh", &[&sum], "state");
        }
        Part::Cell => drawing.cell(net),
        Part::Later => {
            drawing.mlp("x", &net.later_hidden, &net.later_sensors, "readings");
        }
    }
    let (inputs, outputs) = ports(net, part);
    let values = |ports: Vec<super::Port>| ports.iter().map(value).collect();
    let about = &net.about;
    let entry = |key: &str, value: &str| proto::Entry {
        key: key.into(),
        value: value.into(),
    };
    proto::Model {
        ir_version: 7,
        producer_name: "moldsight".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: format!("{} of the virtual sensor of `{}`", part.name(), about.mold),
        graph: Some(proto::Graph {
            node: drawing.nodes,
            name: part.name().into(),
            initializer: drawing.tensors,
            input: values(inputs),
            output: values(outputs),
        }),
        opset_import: vec![proto::OperatorSet {
            domain: Some(String::new()),
            version: OPSET,
        }],
        metadata_props: vec![
            entry("mold", &about.mold),
            entry("weights_sha256", &about.weights_sha256),
        ],
    }
    .encode_to_vec()
}

fn value(port: &super::Port) -> proto::ValueInfo {
    let dim = [1, port.columns.len()].map(|d| proto::Dimension {
        dim_value: Some(d as i64),
    });
    proto::ValueInfo {
        name: port.name.into(),
        r#type: Some(proto::Type {
            tensor_type: Some(proto::TensorType {
                elem_type: proto::FLOAT,
                shape: Some(proto::Shape { dim: dim.into() }),
            }),
        }),
        doc_string: port.meaning.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a tiny message, worked out by hand from the encoding of protocol buffers.
    #[test]
    fn messages_have_the_bytes_of_the_format() {
        let mut drawing = Drawing::default();
        drawing.tensor("b", &[1, 2], &[1.0, -2.0]);
        let bytes = drawing.tensors[0].encode_to_vec();
        let by_hand = [
            0x08, 1, 0x08, 2, // dims, one by one
            0x10, 1, // float
            0x42, 1, b'b', // name
            0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, // values
        ];
        assert_eq!(bytes, by_hand);
    }
}

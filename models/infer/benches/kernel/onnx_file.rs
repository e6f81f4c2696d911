//! The network as an ONNX file, encoded by hand: `Gemm`, `Sigmoid` and `Mul`.

use crate::mlp::Mlp;

/// A message of protocol buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.0.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
    }

    fn number(mut self, field: u64, v: u64) -> Self {
        self.varint(field << 3);
        self.varint(v);
        self
    }

    fn bytes(mut self, field: u64, v: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(v.len() as u64);
        self.0.extend_from_slice(v);
        self
    }

    fn text(self, field: u64, v: &str) -> Self {
        self.bytes(field, v.as_bytes())
    }

    fn message(self, field: u64, v: &Self) -> Self {
        self.bytes(field, &v.0)
    }
}

/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;
/// `AttributeProto.AttributeType.INT`.
const INT: u64 = 2;

fn tensor(name: &str, dims: &[usize], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    dims.iter()
        .fold(Message::default(), |m, d| m.number(1, *d as u64))
        .number(2, FLOAT)
        .text(8, name)
        .bytes(9, &raw)
}

fn node(op: &str, inputs: &[&str], output: &str) -> Message {
    inputs
        .iter()
        .fold(Message::default(), |m, i| m.text(1, i))
        .text(2, output)
        .text(3, output)
        .text(4, op)
}

fn port(name: &str, width: usize) -> Message {
    let dims = [1, width as u64].map(|d| Message::default().number(1, d));
    let shape = dims.iter().fold(Message::default(), |m, d| m.message(1, d));
    let tensor = Message::default().number(1, FLOAT).message(2, &shape);
    let kind = Message::default().message(1, &tensor);
    Message::default().text(1, name).message(2, &kind)
}

/// The file.
pub fn bytes(net: &Mlp) -> Vec<u8> {
    let mut graph = Message::default();
    let last = net.layers.len() - 1;
    let mut x = "x".to_owned();
    for (i, (rows, bias, ..)) in net.layers.iter().enumerate() {
        let (w, b) = (format!("w{i}"), format!("b{i}"));
        let sum = if i == last {
            "y".to_owned()
        } else {
            format!("s{i}")
        };
        let transposed = Message::default()
            .text(1, "transB")
            .number(3, 1)
            .number(20, INT);
        let gemm = node("Gemm", &[&x, &w, &b], &sum).message(5, &transposed);
        graph = graph
            .message(1, &gemm)
            .message(5, &tensor(&w, &[bias.len(), rows.len() / bias.len()], rows))
            .message(5, &tensor(&b, &[bias.len()], bias));
        if i < last {
            let (gate, next) = (format!("g{i}"), format!("h{i}"));
            graph = graph
                .message(1, &node("Sigmoid", &[&sum], &gate))
                .message(1, &node("Mul", &[&sum, &gate], &next));
            x = next;
        }
    }
    graph = graph
        .text(2, "mlp")
        .message(11, &port("x", net.widths[0]))
        .message(12, &port("y", net.widths[last + 1]));
    let opset = Message::default().text(1, "").number(2, 13);
    Message::default()
        .number(1, 7)
        .message(7, &graph)
        .message(8, &opset)
        .0
}

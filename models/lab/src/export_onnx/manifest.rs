//! What lies in an exported folder: names, shapes, units and scales, for programs and for people.

use std::fmt::Write as _;

use models_infer::network::Network;
use models_infer::onnx::{Column, OPSET, Part, Port, ports};
use serde::Serialize;

use super::{Followed, rows, values};

/// Name and version of the folder's layout.
const FORMAT: &str = "moldsight-onnx-1";
/// Where the states before the moves came from.
pub const FROM: &str = "calibration/cell.from.npy";
/// Largest difference from `expected/` that single precision explains, over the largest value of the output.
const TOLERANCE: f64 = 1e-5;

/// `manifest.json`.
#[derive(Serialize)]
pub struct Manifest {
    format: &'static str,
    program: String,
    mold: String,
    weights_sha256: String,
    opset: i64,
    tolerance: f64,
    /// Move `i` of a shot begins with the state after move `from[i]` of that shot, or with its first state where that is negative.
    from: &'static str,
    parts: Vec<PartTable>,
    shots: Vec<ShotTable>,
}

/// A graph.
#[derive(Serialize)]
pub struct PartTable {
    name: &'static str,
    file: String,
    sha256: String,
    /// In the order of the graph.
    pub inputs: Vec<PortTable>,
    /// See `inputs`.
    pub outputs: Vec<PortTable>,
}

/// An input or output of a graph, its rows, and the range met on the shots.
#[derive(Serialize)]
pub struct PortTable {
    name: &'static str,
    meaning: &'static str,
    /// Of one row.
    pub shape: [usize; 2],
    /// Rows met, `[rows, columns]`.
    pub file: String,
    lowest: Vec<f32>,
    highest: Vec<f32>,
    columns: Vec<Column>,
}

/// Rows of a shot in every file, first and one past the last.
#[derive(Serialize)]
struct ShotTable {
    source: String,
    rows: std::collections::BTreeMap<&'static str, [usize; 2]>,
}

/// Describes a part.
pub fn part(
    net: &Network,
    part: Part,
    file: String,
    sha256: String,
    shots: &[Followed],
) -> PartTable {
    let (inputs, outputs) = ports(net, part);
    let table = |folder: &str, at: usize, port: Port| {
        let width = port.columns.len();
        let (mut lowest, mut highest) =
            (vec![f32::INFINITY; width], vec![f32::NEG_INFINITY; width]);
        for shot in shots {
            for row in values(&shot.record, part)[at].chunks_exact(width) {
                for (k, v) in row.iter().enumerate() {
                    lowest[k] = lowest[k].min(*v);
                    highest[k] = highest[k].max(*v);
                }
            }
        }
        PortTable {
            name: port.name,
            meaning: port.meaning,
            shape: [1, width],
            file: format!("{folder}/{}.{}.npy", part.name(), port.name),
            lowest,
            highest,
            columns: port.columns,
        }
    };
    let first_output = inputs.len();
    PartTable {
        name: part.name(),
        file,
        sha256,
        inputs: (0..)
            .zip(inputs)
            .map(|(i, p)| table("calibration", i, p))
            .collect(),
        outputs: (first_output..)
            .zip(outputs)
            .map(|(i, p)| table("expected", i, p))
            .collect(),
    }
}

impl Manifest {
    /// Of a network's parts and the shots that were followed.
    pub fn new(net: &Network, parts: Vec<PartTable>, shots: &[Followed]) -> Self {
        let mut begin = [0; Part::ALL.len()];
        let shots = shots
            .iter()
            .map(|s| ShotTable {
                source: s.source.clone(),
                rows: Part::ALL
                    .into_iter()
                    .zip(&mut begin)
                    .map(|(part, at)| {
                        let from = *at;
                        *at += rows(&s.record, part);
                        (part.name(), [from, *at])
                    })
                    .collect(),
            })
            .collect();
        Self {
            format: FORMAT,
            program: format!("moldlab {}", env!("CARGO_PKG_VERSION")),
            mold: net.about.mold.clone(),
            weights_sha256: net.about.weights_sha256.clone(),
            opset: OPSET,
            tolerance: TOLERANCE,
            from: FROM,
            parts,
            shots,
        }
    }

    /// `README.md`.
    pub fn text(&self) -> String {
        let mut s = format!(
            "# The virtual sensor of `{}` as ONNX\n\n\
             Float graphs, batch 1, static shapes, opset {}. Weights {}, written by {}.\n\
             `calibration/` holds the inputs met on {} shots, `expected/` what the cpu kernel answered to them.\n\
             A value is `offset + scale * column`, in its unit.\n\n\
             A shot: `front` and `fill` at every sample until the share is 1; `start` once; then `cell` moves the state\n\
             at the times of the release's schedule and `later` reads it. The state goes from row to row and errors of `cell`\n\
             add up: with activations in 8 bits it is of no use. Give it half precision or 16-bit activations at least.\n",
            self.mold,
            self.opset,
            self.weights_sha256.get(..12).unwrap_or_default(),
            self.program,
            self.shots.len()
        );
        for part in &self.parts {
            let _ = writeln!(s, "\n## {}\n", part.file);
            let _ = writeln!(s, "| | shape | column | unit | scale | offset | met |");
            let _ = writeln!(s, "|---|---|---|---|---|---|---|");
            for (way, port) in part
                .inputs
                .iter()
                .map(|p| ("in", p))
                .chain(part.outputs.iter().map(|p| ("out", p)))
            {
                let _ = writeln!(
                    s,
                    "| {way} `{}` | {:?} | {} | | | | |",
                    port.name, port.shape, port.meaning
                );
                let ranges = port.lowest.iter().zip(&port.highest);
                for (k, (c, (low, high))) in port.columns.iter().zip(ranges).enumerate() {
                    let _ = writeln!(
                        s,
                        "| {k} | | {} | {} | {:.6e} | {:.6e} | {low:.3} to {high:.3} |",
                        c.name, c.unit, c.scale, c.offset
                    );
                }
            }
        }
        s
    }
}

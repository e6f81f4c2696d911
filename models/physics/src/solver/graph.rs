//! The mold as a graph: control volumes that each carry a gap-wise column, joined by edges that each
//! carry a conductance. Tubes, strips and disc sectors become nodes and edges here; the solver sees
//! nothing else, so another kind of element (a triangle of a mid-surface) only has to be built.

use super::layers::Section;

/// A control volume. Node 0 of every graph is the inlet: a reservoir without walls.
#[derive(Clone, Debug)]
pub struct Node {
    /// Cross-section the column lives in.
    pub section: Section,
    /// Half gap (slot) or radius (tube) of the unloaded mold, m.
    pub half_gap: f64,
    /// Volume of the unloaded mold, m3.
    pub volume: f64,
    /// Area seen by the clamp, m2.
    pub projected_area: f64,
    /// Flow length from the face where melt enters to the opposite one, m.
    pub length: f64,
    /// Part of the product (true) or of the feed system (false). Only cavities open under pressure.
    pub cavity: bool,
    /// Element this node was cut from.
    pub element: usize,
    /// Extent along its element, from the element's `from` end, m.
    pub span: [f64; 2],
    /// Where in `span` the node's pressure is held, m.
    pub centre: f64,
}

/// One side of an edge: the stretch from a node's centre to the face shared with the other node.
#[derive(Clone, Copy, Debug)]
pub struct HalfEdge {
    /// The node this stretch lies in.
    pub node: usize,
    /// Flow length, m. Zero where the node's centre lies on the face (inlet, junction).
    pub length: f64,
    /// Flow area over half gap, m: twice the width of a slot, pi times the radius of a tube.
    pub area_per_gap: f64,
}

/// A connection. Flow is positive from side 0 to side 1.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// The two sides.
    pub half: [HalfEdge; 2],
}

/// Nodes and edges of one mold.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Control volumes; the first is the inlet.
    pub nodes: Vec<Node>,
    /// Connections.
    pub edges: Vec<Edge>,
    /// For each node, the edges that touch it and the side it is on.
    pub touching: Vec<Vec<(usize, usize)>>,
}

impl Graph {
    /// Fills `touching`; call once after the last edge.
    pub fn finish(&mut self) {
        self.touching = vec![Vec::new(); self.nodes.len()];
        for (e, edge) in self.edges.iter().enumerate() {
            for side in 0..2 {
                self.touching[edge.half[side].node].push((e, side));
            }
        }
    }

    /// Volume of all nodes but the inlet, m3.
    pub fn volume(&self) -> f64 {
        self.nodes[1..].iter().map(|n| n.volume).sum()
    }

    /// Volume of the product, m3.
    pub fn cavity_volume(&self) -> f64 {
        self.nodes[1..]
            .iter()
            .filter(|n| n.cavity)
            .map(|n| n.volume)
            .sum()
    }

    /// Parent of each node in an elimination order from the last node to the first, if the graph is
    /// a tree whose parents all come before their children.
    pub fn tree_parents(&self) -> Option<Vec<(usize, usize)>> {
        if self.edges.len() + 1 != self.nodes.len() {
            return None;
        }
        let mut parent = vec![(usize::MAX, usize::MAX); self.nodes.len()];
        for (e, edge) in self.edges.iter().enumerate() {
            let (a, b) = (edge.half[0].node, edge.half[1].node);
            let (low, high) = (a.min(b), a.max(b));
            if parent[high].0 != usize::MAX {
                return None;
            }
            parent[high] = (low, e);
        }
        Some(parent)
    }
}

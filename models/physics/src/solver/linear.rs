//! The pressure system: symmetric positive definite on the graph's pattern. A tree (a path is the
//! simplest one) is solved by elimination from the leaves in O(n); a graph with loops by `faer`'s
//! sparse Cholesky, its symbolic factor computed once.

use faer::linalg::solvers::Solve;
use faer::sparse::linalg::solvers::{Llt, SymbolicLlt};
use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use faer::{Mat, Side};

use super::graph::Graph;

/// Why the pressure system had no solution.
#[derive(Debug, thiserror::Error)]
pub enum LinearError {
    /// The pattern could not be analysed.
    #[error("analysing the pressure system of {nodes} nodes")]
    Symbolic {
        /// Nodes in the graph.
        nodes: usize,
    },
    /// The matrix was not positive definite: a coefficient is NaN or negative.
    #[error("the pressure system is not positive definite at node {node}")]
    NotPositive {
        /// First offending node (0 if the sparse solver does not say).
        node: usize,
    },
}

/// Matrix `diag` on nodes and `-link` on edges, with its factor.
#[derive(Debug)]
pub struct PressureSystem {
    /// Diagonal, one entry a node.
    pub diag: Vec<f64>,
    /// Coupling of each edge; the matrix entry is its negative.
    pub link: Vec<f64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// `(parent, edge)` of each node; elimination runs from the last node to the first.
    Tree {
        parent: Vec<(usize, usize)>,
        pivot: Vec<f64>,
    },
    Sparse(Box<Loops>),
}

#[derive(Debug)]
struct Loops {
    pattern: SymbolicSparseColMat<usize>,
    symbolic: SymbolicLlt<usize>,
    values: Vec<f64>,
    /// Index into `values` of each diagonal entry and of each edge (lower triangle).
    diag_at: Vec<usize>,
    link_at: Vec<usize>,
    factor: Option<Llt<usize, f64>>,
    rhs: Mat<f64>,
}

impl PressureSystem {
    /// Analyses the pattern of a graph.
    ///
    /// # Errors
    /// When the sparse pattern cannot be analysed.
    pub fn new(graph: &Graph) -> Result<Self, LinearError> {
        let n = graph.nodes.len();
        let kind = match graph.tree_parents() {
            Some(parent) => Kind::Tree {
                parent,
                pivot: vec![0.0; n],
            },
            None => Kind::Sparse(Box::new(Loops::new(graph)?)),
        };
        Ok(Self {
            diag: vec![0.0; n],
            link: vec![0.0; graph.edges.len()],
            kind,
        })
    }

    /// Factors the matrix held in `diag` and `link`.
    ///
    /// # Errors
    /// When it is not positive definite.
    pub fn factor(&mut self) -> Result<(), LinearError> {
        match &mut self.kind {
            Kind::Tree { parent, pivot } => {
                pivot.copy_from_slice(&self.diag);
                for i in (1..pivot.len()).rev() {
                    let (up, edge) = parent[i];
                    // NaN must fail too.
                    if pivot[i] <= 0.0 || pivot[i].is_nan() {
                        return Err(LinearError::NotPositive { node: i });
                    }
                    pivot[up] -= self.link[edge] * self.link[edge] / pivot[i];
                }
                if pivot[0] > 0.0 {
                    Ok(())
                } else {
                    Err(LinearError::NotPositive { node: 0 })
                }
            }
            Kind::Sparse(loops) => loops.factor(&self.diag, &self.link),
        }
    }

    /// Solves in place with the last factor.
    pub fn solve(&mut self, rhs: &mut [f64]) {
        match &mut self.kind {
            Kind::Tree { parent, pivot } => {
                for i in (1..rhs.len()).rev() {
                    let (up, edge) = parent[i];
                    rhs[up] += self.link[edge] * rhs[i] / pivot[i];
                }
                rhs[0] /= pivot[0];
                for i in 1..rhs.len() {
                    let (up, edge) = parent[i];
                    rhs[i] = (rhs[i] + self.link[edge] * rhs[up]) / pivot[i];
                }
            }
            Kind::Sparse(loops) => loops.solve(rhs),
        }
    }
}

impl Loops {
    fn new(graph: &Graph) -> Result<Self, LinearError> {
        let n = graph.nodes.len();
        let failed = || LinearError::Symbolic { nodes: n };
        // Column-wise lower triangle; parallel edges share one entry.
        let mut columns: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
        for edge in &graph.edges {
            let (a, b) = (edge.half[0].node, edge.half[1].node);
            columns[a.min(b)].push(a.max(b));
        }
        let mut starts = vec![0];
        let mut rows = Vec::new();
        for column in &mut columns {
            column.sort_unstable();
            column.dedup();
            rows.extend_from_slice(column);
            starts.push(rows.len());
        }
        let at = |a: usize, b: usize| {
            let (col, row) = (a.min(b), a.max(b));
            starts[col] + rows[starts[col]..starts[col + 1]].partition_point(|&r| r < row)
        };
        let diag_at = (0..n).map(|i| at(i, i)).collect();
        let link_at = graph
            .edges
            .iter()
            .map(|e| at(e.half[0].node, e.half[1].node))
            .collect();
        let values = vec![0.0; rows.len()];
        let pattern = SymbolicSparseColMat::new_checked(n, n, starts.clone(), None, rows.clone());
        let symbolic = SymbolicLlt::try_new(pattern.as_ref(), Side::Lower).map_err(|_| failed())?;
        Ok(Self {
            pattern,
            symbolic,
            values,
            diag_at,
            link_at,
            factor: None,
            rhs: Mat::zeros(n, 1),
        })
    }

    fn factor(&mut self, diag: &[f64], link: &[f64]) -> Result<(), LinearError> {
        self.values.fill(0.0);
        for (at, d) in self.diag_at.iter().zip(diag) {
            self.values[*at] += d;
        }
        for (at, l) in self.link_at.iter().zip(link) {
            self.values[*at] -= l;
        }
        if self.values.iter().any(|v| !v.is_finite()) {
            return Err(LinearError::NotPositive { node: 0 });
        }
        let matrix = SparseColMat::new(self.pattern.clone(), self.values.clone());
        let factor =
            Llt::try_new_with_symbolic(self.symbolic.clone(), matrix.as_ref(), Side::Lower)
                .map_err(|_| LinearError::NotPositive { node: 0 })?;
        self.factor = Some(factor);
        Ok(())
    }

    fn solve(&mut self, rhs: &mut [f64]) {
        let Some(factor) = &self.factor else { return };
        for (i, v) in rhs.iter().enumerate() {
            self.rhs[(i, 0)] = *v;
        }
        factor.solve_in_place(self.rhs.as_mut());
        for (i, v) in rhs.iter_mut().enumerate() {
            *v = self.rhs[(i, 0)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Edge, HalfEdge, Node};
    use super::super::layers::Section;
    use super::*;

    fn graph(n: usize, links: &[(usize, usize)]) -> Graph {
        let node = Node {
            section: Section::Slot,
            half_gap: 1.0,
            volume: 1.0,
            projected_area: 1.0,
            length: 1.0,
            cavity: true,
            element: 0,
            span: [0.0, 1.0],
            centre: 0.5,
        };
        let half = |node| HalfEdge {
            node,
            length: 0.5,
            area_per_gap: 1.0,
        };
        let mut g = Graph {
            nodes: vec![node; n],
            edges: links
                .iter()
                .map(|&(a, b)| Edge {
                    half: [half(a), half(b)],
                })
                .collect(),
            touching: Vec::new(),
        };
        g.finish();
        g
    }

    fn residual(links: &[(usize, usize)], s: &PressureSystem, x: &[f64], b: &[f64]) -> f64 {
        let mut r: Vec<f64> = (0..x.len()).map(|i| s.diag[i] * x[i] - b[i]).collect();
        for (e, &(i, j)) in links.iter().enumerate() {
            r[i] -= s.link[e] * x[j];
            r[j] -= s.link[e] * x[i];
        }
        r.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
    }

    #[test]
    fn trees_and_loops_are_solved_to_rounding() {
        let tree = vec![(0, 1), (1, 2), (1, 3), (3, 4), (3, 5)];
        let mut looped = tree.clone();
        looped.push((2, 5));
        for links in [tree, looped] {
            let g = graph(6, &links);
            let mut s = PressureSystem::new(&g).unwrap();
            for round in 0..3 {
                s.diag = (0..6)
                    .map(|i| 7.0 + f64::from(round) + f64::from(i))
                    .collect();
                s.link = (0..links.len()).map(|e| 1.0 + 0.1 * e as f64).collect();
                let b: Vec<f64> = (0..6).map(|i| f64::from(i) - 2.0).collect();
                let mut x = b.clone();
                s.factor().unwrap();
                s.solve(&mut x);
                assert!(residual(&links, &s, &x, &b) < 1e-13);
            }
        }
    }

    #[test]
    fn a_nan_is_refused() {
        for links in [vec![(0, 1), (1, 2)], vec![(0, 1), (1, 2), (0, 2)]] {
            let mut s = PressureSystem::new(&graph(3, &links)).unwrap();
            s.diag = vec![1.0, f64::NAN, 1.0];
            assert!(s.factor().is_err());
        }
    }
}

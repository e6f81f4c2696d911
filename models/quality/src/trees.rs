//! Gradient-boosted regression trees on histograms: a member of the stack, and the yardstick.

use crate::linalg::{Matrix, mean};
use crate::random::Random;

/// How boosted trees are grown.
#[derive(Clone, Copy, Debug)]
pub struct TreeSettings {
    /// Trees, one after the other.
    pub rounds: usize,
    /// Part of each tree that is added.
    pub rate: f64,
    /// Leaves per tree, grown best first.
    pub leaves: usize,
    /// Fewest rows in a leaf.
    pub min_rows: usize,
    /// Ridge on the leaf values, in rows.
    pub l2: f64,
    /// Part of the columns a split may use.
    pub columns: f64,
    /// Most bins per column.
    pub bins: usize,
    /// Seed of the column draws.
    pub seed: u64,
}

impl TreeSettings {
    /// Plain boosted trees, tuned on cap data: the yardstick of every report.
    pub const PLAIN: Self = Self {
        rounds: 400,
        rate: 0.04,
        leaves: 15,
        min_rows: 10,
        l2: 1.0,
        columns: 1.0,
        bins: 255,
        seed: 0,
    };
}

#[derive(Clone, Debug)]
enum Node {
    Split {
        column: usize,
        at: f64,
        left: usize,
        right: usize,
    },
    Leaf(f64),
}

/// Boosted trees, fitted.
///
/// Squared loss; each tree is fitted to the residual on binned columns and grown best-first.
/// Source: Friedman (2001), Annals of Statistics 29; Ke et al. (2017), LightGBM, NeurIPS.
#[derive(Clone, Debug)]
pub struct BoostedTrees {
    start: f64,
    trees: Vec<Vec<Node>>,
}

struct Candidate {
    node: usize,
    rows: Vec<usize>,
    split: Option<(f64, usize, usize)>,
}

struct Grower<'a> {
    settings: TreeSettings,
    binned: &'a [Vec<u8>],
    edges: &'a [Vec<f64>],
    residual: &'a [f64],
    columns: &'a [usize],
    draw: u64,
}

impl BoostedTrees {
    /// Fits `y` on `x`.
    pub fn fit(x: &Matrix, y: &[f64], settings: TreeSettings) -> Self {
        let edges: Vec<Vec<f64>> = (0..x.cols())
            .map(|j| bin_edges(x.column(j), settings.bins.min(255)))
            .collect();
        let binned: Vec<Vec<u8>> = (0..x.cols())
            .map(|j| {
                x.column(j)
                    .iter()
                    .map(|v| edges[j].partition_point(|e| e < v) as u8)
                    .collect()
            })
            .collect();
        let mut random = Random::new(settings.seed);
        let start = mean(y);
        let mut residual: Vec<f64> = y.iter().map(|v| v - start).collect();
        let mut trees = Vec::with_capacity(settings.rounds);
        let all: Vec<usize> = (0..x.cols()).filter(|&j| !edges[j].is_empty()).collect();
        for _ in 0..settings.rounds {
            let columns = &all;
            let draw = random.next_u64();
            let grower = Grower {
                settings,
                binned: &binned,
                edges: &edges,
                residual: &residual,
                columns,
                draw,
            };
            let (tree, leaves) = grower.grow(y.len());
            for (value, rows) in leaves {
                for row in rows {
                    residual[row] -= value;
                }
            }
            trees.push(tree);
        }
        Self { start, trees }
    }

    /// Predicts one row.
    pub fn predict_row(&self, row: &[f64]) -> f64 {
        let leaf = |tree: &Vec<Node>| {
            let mut at = 0;
            loop {
                match tree[at] {
                    Node::Leaf(value) => return value,
                    Node::Split {
                        column,
                        at: edge,
                        left,
                        right,
                    } => at = if row[column] <= edge { left } else { right },
                }
            }
        };
        self.start + self.trees.iter().map(leaf).sum::<f64>()
    }

    /// Predicts every row.
    pub fn predict(&self, x: &Matrix) -> Vec<f64> {
        (0..x.rows()).map(|i| self.predict_row(x.row(i))).collect()
    }
}

fn bin_edges(mut column: Vec<f64>, bins: usize) -> Vec<f64> {
    column.sort_by(f64::total_cmp);
    let mut distinct = column.clone();
    distinct.dedup();
    let mut edges: Vec<f64> = if distinct.len() <= bins {
        distinct
            .windows(2)
            .map(|w| f64::midpoint(w[0], w[1]))
            .collect()
    } else {
        (1..bins)
            .map(|b| column[b * (column.len() - 1) / bins])
            .collect()
    };
    edges.dedup();
    edges
}

impl Grower<'_> {
    fn grow(&self, rows: usize) -> (Vec<Node>, Vec<(f64, Vec<usize>)>) {
        let mut nodes = vec![Node::Leaf(0.0)];
        let mut open = vec![self.candidate(0, (0..rows).collect())];
        while open.len() < self.settings.leaves {
            let gain = |c: &Candidate| c.split.map_or(0.0, |s| s.0);
            let Some(best) =
                (0..open.len()).max_by(|&a, &b| gain(&open[a]).total_cmp(&gain(&open[b])))
            else {
                break;
            };
            let Some((_, column, bin)) = open[best].split else {
                break;
            };
            let chosen = open.swap_remove(best);
            let (left, right): (Vec<usize>, Vec<usize>) = chosen
                .rows
                .into_iter()
                .partition(|&i| usize::from(self.binned[column][i]) <= bin);
            let (l, r) = (nodes.len(), nodes.len() + 1);
            nodes[chosen.node] = Node::Split {
                column,
                at: self.edges[column][bin],
                left: l,
                right: r,
            };
            nodes.extend([Node::Leaf(0.0), Node::Leaf(0.0)]);
            open.push(self.candidate(l, left));
            open.push(self.candidate(r, right));
        }
        let mut leaves = Vec::with_capacity(open.len());
        for c in open {
            let sum: f64 = c.rows.iter().map(|&i| self.residual[i]).sum();
            let value = self.settings.rate * sum / (c.rows.len() as f64 + self.settings.l2);
            nodes[c.node] = Node::Leaf(value);
            leaves.push((value, c.rows));
        }
        (nodes, leaves)
    }

    fn candidate(&self, node: usize, rows: Vec<usize>) -> Candidate {
        let split = if rows.len() >= 2 * self.settings.min_rows {
            self.best_split(node, &rows)
        } else {
            None
        };
        Candidate { node, rows, split }
    }

    /// The columns this split may use.
    fn drawn(&self, node: usize) -> Vec<usize> {
        let mut columns = self.columns.to_vec();
        if self.settings.columns < 1.0 {
            Random::new(self.draw.wrapping_add(node as u64)).shuffle(&mut columns);
            let keep = (self.settings.columns * columns.len() as f64).ceil() as usize;
            columns.truncate(keep.max(1));
        }
        columns
    }

    /// Gain, column and bin of the best split: the rise of (sum of residuals)^2 / (rows + l2).
    fn best_split(&self, node: usize, rows: &[usize]) -> Option<(f64, usize, usize)> {
        let l2 = self.settings.l2;
        let total: f64 = rows.iter().map(|&i| self.residual[i]).sum();
        let here = total * total / (rows.len() as f64 + l2);
        let mut best: Option<(f64, usize, usize)> = None;
        let mut sums = [(0.0_f64, 0_usize); 256];
        for column in self.drawn(node) {
            let bins = self.edges[column].len() + 1;
            sums[..bins].fill((0.0, 0));
            for &i in rows {
                let cell = &mut sums[usize::from(self.binned[column][i])];
                cell.0 += self.residual[i];
                cell.1 += 1;
            }
            let (mut sum, mut count) = (0.0, 0);
            for (bin, cell) in sums[..bins - 1].iter().enumerate() {
                sum += cell.0;
                count += cell.1;
                let right = rows.len() - count;
                if cell.1 == 0 || count < self.settings.min_rows {
                    continue;
                }
                if right < self.settings.min_rows {
                    break;
                }
                let rest = total - sum;
                let gain =
                    sum * sum / (count as f64 + l2) + rest * rest / (right as f64 + l2) - here;
                if gain > best.map_or(1e-12, |b| b.0) {
                    best = Some((gain, column, bin));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_in_one_of_two_columns_is_found() {
        let rows: Vec<Vec<f64>> = (0..200)
            .map(|i| vec![f64::from(i % 17), f64::from(i)])
            .collect();
        let y: Vec<f64> = (0..200).map(|i| if i < 90 { 1.0 } else { 3.0 }).collect();
        let x = Matrix::from_rows(&rows);
        let trees = BoostedTrees::fit(&x, &y, TreeSettings::PLAIN);
        assert!((trees.predict_row(&[3.0, 40.0]) - 1.0).abs() < 0.02);
        assert!((trees.predict_row(&[3.0, 150.0]) - 3.0).abs() < 0.02);
    }
}

//! Cuts a mold into control volumes.
//!
//! Elements are walked from the inlet, so nodes are numbered along the flow. Where more than two
//! elements meet, the last cell of the one that arrives first becomes the junction: its pressure is
//! held at the meeting point, so that the whole flow passes its length and no branch feels another's.

use std::collections::BTreeMap;

use crate::mold::{Element, Mold, Shape};

use super::graph::{Edge, Graph, HalfEdge, Node};
use super::layers::Section;

/// How finely to cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Control volumes along the longest flow path.
    pub cells: usize,
    /// Layers through the half gap.
    pub layers: usize,
}

/// Where the melt stands at a named point: the node that reached it and what is left to the point.
#[derive(Clone, Copy)]
struct Arrival {
    half: HalfEdge,
}

/// Builds the graph of a mold; every cavity gap is multiplied by `gap_factor`.
pub fn graph(mold: &Mold, cells: usize, gap_factor: f64) -> Graph {
    let order = walk(mold);
    let longest = longest_path(mold, &order).max(f64::MIN_POSITIVE);
    let mut graph = Graph::default();
    graph.nodes.push(reservoir());
    let mut arrivals: BTreeMap<&str, Arrival> = BTreeMap::new();
    arrivals.insert(
        &mold.inlet,
        Arrival {
            half: HalfEdge {
                node: 0,
                length: 0.0,
                area_per_gap: 1.0,
            },
        },
    );
    for &(index, forward) in &order {
        let element = &mold.elements[index];
        let (start, end) = if forward {
            (&element.from, &element.to)
        } else {
            (&element.to, &element.from)
        };
        let share = element.shape.length() / longest;
        let count = element
            .cells
            .unwrap_or((cells as f64 * share).round() as usize)
            .max(1);
        let junction = !arrivals.contains_key(end.as_str()) && meeting(mold, end) > 2;
        let mut previous = arrivals[start.as_str()].half;
        for i in 0..count {
            let at_junction = junction && i + 1 == count;
            let cell = Cell::new(
                element,
                index,
                forward,
                i,
                count,
                at_junction,
                if element.cavity { gap_factor } else { 1.0 },
            );
            let node = graph.nodes.len();
            graph.nodes.push(cell.node);
            graph.edges.push(Edge {
                half: [
                    previous,
                    HalfEdge {
                        node,
                        ..cell.inwards
                    },
                ],
            });
            previous = HalfEdge {
                node,
                ..cell.onwards
            };
        }
        match arrivals.get(end.as_str()) {
            // The stream meets one that was here before: a loop.
            Some(other) => graph.edges.push(Edge {
                half: [previous, other.half],
            }),
            None => {
                arrivals.insert(end, Arrival { half: previous });
            }
        }
    }
    graph.finish();
    graph
}

fn reservoir() -> Node {
    Node {
        section: Section::Slot,
        half_gap: 1.0,
        volume: 0.0,
        projected_area: 0.0,
        length: 0.0,
        cavity: false,
        element: usize::MAX,
        span: [0.0, 0.0],
        centre: 0.0,
    }
}

fn meeting(mold: &Mold, point: &str) -> usize {
    mold.elements
        .iter()
        .map(|e| usize::from(e.from == point) + usize::from(e.to == point))
        .sum()
}

/// Elements from the inlet outwards, each with whether melt runs from its `from` to its `to`.
pub(super) fn walk(mold: &Mold) -> Vec<(usize, bool)> {
    let mut reached: Vec<&str> = vec![&mold.inlet];
    let mut done = vec![false; mold.elements.len()];
    let mut order = Vec::new();
    let mut next = 0;
    while next < reached.len() {
        let point = reached[next];
        next += 1;
        for (i, element) in mold.elements.iter().enumerate() {
            let forward = element.from == point;
            if done[i] || !(forward || element.to == point) {
                continue;
            }
            done[i] = true;
            order.push((i, forward));
            let end = if forward { &element.to } else { &element.from };
            if !reached.contains(&end.as_str()) {
                reached.push(end);
            }
        }
    }
    order
}

fn longest_path(mold: &Mold, order: &[(usize, bool)]) -> f64 {
    let mut distance: BTreeMap<&str, f64> = BTreeMap::from([(mold.inlet.as_str(), 0.0)]);
    for &(index, forward) in order {
        let element = &mold.elements[index];
        let (start, end) = if forward {
            (&element.from, &element.to)
        } else {
            (&element.to, &element.from)
        };
        let there = distance[start.as_str()] + element.shape.length();
        let known = distance.entry(end).or_insert(there);
        *known = known.max(there);
    }
    distance.values().fold(0.0, |m: f64, d| m.max(*d))
}

/// One control volume and its two half edges (towards the inlet, and onwards).
struct Cell {
    node: Node,
    inwards: HalfEdge,
    onwards: HalfEdge,
}

impl Cell {
    fn new(
        element: &Element,
        index: usize,
        forward: bool,
        i: usize,
        count: usize,
        at_end: bool,
        gap_factor: f64,
    ) -> Self {
        let length = element.shape.length();
        let dx = length / count as f64;
        let place = |s: f64| if forward { s } else { length - s };
        let (s0, s1) = (i as f64 * dx, (i + 1) as f64 * dx);
        let sc = if at_end { s1 } else { 0.5 * (s0 + s1) };
        let (a, b) = (place(s0).min(place(s1)), place(s0).max(place(s1)));
        let piece = part(&element.shape, a, b);
        let (volume, area) = (piece.volume(), piece.projected_area());
        let section = if matches!(piece, Shape::Tube { .. }) {
            Section::Tube
        } else {
            Section::Slot
        };
        let half_gap = gap_factor
            * match section {
                Section::Slot => 0.5 * volume / area,
                Section::Tube => (volume / (std::f64::consts::PI * dx)).sqrt(),
            };
        let node = Node {
            section,
            half_gap,
            volume: volume * gap_factor,
            projected_area: area,
            length: dx,
            cavity: element.cavity,
            element: index,
            span: [a, b],
            centre: place(sc),
        };
        let half = |from: f64, to: f64| HalfEdge {
            node: 0,
            length: (to - from).abs(),
            area_per_gap: area_per_gap(&element.shape, place(from), place(to), half_gap),
        };
        Self {
            node,
            inwards: half(s0, sc),
            onwards: half(sc, s1),
        }
    }
}

/// The piece of a shape between two distances from its `from` end.
pub(super) fn part(shape: &Shape, a: f64, b: f64) -> Shape {
    let length = shape.length();
    let between = |start: f64, end: f64, x: f64| start + (end - start) * x / length;
    match *shape {
        Shape::Tube {
            radius_start,
            radius_end,
            ..
        } => Shape::Tube {
            radius_start: between(radius_start, radius_end, a),
            radius_end: between(radius_start, radius_end, b),
            length: b - a,
        },
        Shape::Strip {
            width_start,
            width_end,
            gap_start,
            gap_end,
            ..
        } => Shape::Strip {
            width_start: between(width_start, width_end, a),
            width_end: between(width_start, width_end, b),
            gap_start: between(gap_start, gap_end, a),
            gap_end: between(gap_start, gap_end, b),
            length: b - a,
        },
        Shape::Disc {
            inner_radius,
            outer_radius,
            gap_start,
            gap_end,
            angle_rad,
        } => Shape::Disc {
            inner_radius: between(inner_radius, outer_radius, a),
            outer_radius: between(inner_radius, outer_radius, b),
            gap_start: between(gap_start, gap_end, a),
            gap_end: between(gap_start, gap_end, b),
            angle_rad,
        },
    }
}

/// Flow area over half gap of the stretch between two places, m.
fn area_per_gap(shape: &Shape, a: f64, b: f64, half_gap: f64) -> f64 {
    match part(shape, a.min(b), a.max(b)) {
        Shape::Tube { .. } => std::f64::consts::PI * half_gap,
        Shape::Strip {
            width_start,
            width_end,
            ..
        } => width_start + width_end,
        Shape::Disc {
            inner_radius,
            outer_radius,
            angle_rad,
            ..
        } => {
            // The log mean is exact for Newtonian radial flow.
            let ratio = outer_radius / inner_radius;
            let mean = if ratio > 1.0 + 1e-9 {
                (outer_radius - inner_radius) / ratio.ln()
            } else {
                inner_radius
            };
            2.0 * angle_rad * mean
        }
    }
}

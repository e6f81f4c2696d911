//! A plate of 120 x 80 x 2.5 mm behind a sprue, a runner and a gate.

use appliance_web::view::{MoldView, NodeView, SensorKind, SensorView};

use super::curves::{NO_FLOW_K, WALL_K};

const ALONG: usize = 16;
const ACROSS: usize = 8;
const LENGTH_M: f64 = 0.120;
const WIDTH_M: f64 = 0.080;

/// The sensors and where they sit on the path from the gate (0) to the end (1).
pub const SENSORS: [(&str, SensorKind, f64, bool, bool); 6] = [
    ("p_nozzle", SensorKind::Pressure, -0.15, true, true),
    ("p1", SensorKind::Pressure, 0.12, true, true),
    ("p2", SensorKind::Pressure, 0.50, false, false),
    ("p3", SensorKind::Pressure, 0.92, false, false),
    ("t_wall", SensorKind::Temperature, 0.50, true, true),
    ("t_core", SensorKind::Temperature, 0.50, false, false),
];

fn node(from_m: [f64; 3], to_m: [f64; 3], width_m: f64, gap_m: f64, element: &str) -> NodeView {
    NodeView {
        from_m,
        to_m,
        width_m,
        gap_m,
        element: element.into(),
    }
}

/// The mold as drawn.
pub fn mold() -> MoldView {
    let mut nodes = vec![
        node([-0.03, 0.0, 0.05], [-0.03, 0.0, 0.025], 0.0, 0.005, "sprue"),
        node([-0.03, 0.0, 0.025], [-0.03, 0.0, 0.0], 0.0, 0.006, "sprue"),
        node([-0.03, 0.0, 0.0], [-0.015, 0.0, 0.0], 0.0, 0.006, "runner"),
        node([-0.015, 0.0, 0.0], [0.0, 0.0, 0.0], 0.0, 0.005, "runner"),
    ];
    let (dx, dy) = (LENGTH_M / ALONG as f64, WIDTH_M / ACROSS as f64);
    for i in 0..ALONG {
        for j in 0..ACROSS {
            let y = (j as f64 + 0.5) * dy - WIDTH_M / 2.0;
            nodes.push(node(
                [i as f64 * dx, y, 0.0],
                [(i + 1) as f64 * dx, y, 0.0],
                dy,
                0.0025,
                "plate",
            ));
        }
    }
    let sensors = SENSORS
        .iter()
        .map(|&(name, kind, path, real, used)| SensorView {
            name: name.into(),
            kind,
            real,
            used,
            at_m: if path < 0.0 {
                [-0.03, 0.0, 0.05]
            } else {
                [path * LENGTH_M, 0.0, 0.001_25]
            },
        })
        .collect();
    MoldView {
        name: "plate-ps".into(),
        material: "PS 678E".into(),
        release: Some("plate-ps-001".into()),
        nodes,
        sensors,
        melt_k: 503.15,
        wall_k: WALL_K,
        no_flow_k: NO_FLOW_K,
        highest_pa: 80e6,
    }
}

/// Where a node sits on the path from the gate to the farthest corner.
pub fn path(node: &NodeView) -> f64 {
    if node.element != "plate" {
        return -0.15 + 0.10 * (node.from_m[2] <= 0.0) as u8 as f64;
    }
    let x = (node.from_m[0] + node.to_m[0]) / 2.0;
    let y = node.from_m[1];
    x.hypot(y) / LENGTH_M.hypot(WIDTH_M / 2.0)
}

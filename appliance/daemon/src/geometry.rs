//! The mold as the page draws it: elements laid out along x, branches spread in y.

use std::collections::BTreeMap;

use appliance_pipeline::places::Place;
use appliance_web::view::{MoldView, NodeView, SensorKind, SensorView};
use models_physics::mold::Mold;
use models_physics::solver::Model;

/// Direction an element leaves its point in, and where it begins.
#[derive(Clone, Copy, Debug)]
struct Laid {
    from: [f64; 3],
    along: [f64; 3],
}

/// Draws a mold cut for the live solver.
pub fn view(
    mold: &Mold,
    model: &Model,
    places: &[Place],
    real: &dyn Fn(usize) -> (bool, bool),
    release: Option<String>,
    highest_pa: f64,
) -> MoldView {
    let laid = lay(mold);
    let at = |element: usize, s: f64| {
        let l = laid[element];
        std::array::from_fn(|k| l.from[k] + s * l.along[k])
    };
    let nodes = model.graph.nodes.iter().skip(1).map(|n| {
        let [a, b] = n.span;
        let length = (b - a).max(1e-6);
        let tube = matches!(n.section, models_physics::solver::Section::Tube);
        NodeView {
            from_m: at(n.element, a),
            to_m: at(n.element, b),
            width_m: if tube {
                0.0
            } else {
                n.volume / (2.0 * n.half_gap * length)
            },
            gap_m: 2.0 * n.half_gap,
            element: mold.elements[n.element].name.clone(),
        }
    });
    let sensors = mold.sensors.iter().map(|s| {
        let place = places.iter().position(|p| p.name == s.name).unwrap_or(0);
        let element = mold
            .elements
            .iter()
            .position(|e| e.name == s.element)
            .unwrap_or(0);
        let (is_real, used) = real(place);
        SensorView {
            name: s.name.clone(),
            kind: if places[place].is_pressure() {
                SensorKind::Pressure
            } else {
                SensorKind::Temperature
            },
            real: is_real,
            used,
            at_m: at(element, s.at),
        }
    });
    MoldView {
        name: mold.name.clone(),
        material: mold.material.clone(),
        release,
        nodes: nodes.collect(),
        sensors: sensors.collect(),
        melt_k: mold.process.melt_k,
        wall_k: mold.wall.mold_temperature_k,
        no_flow_k: model.melt.no_flow_k,
        highest_pa,
    }
}

/// Begin and direction of every element, in the order of the file.
fn lay(mold: &Mold) -> Vec<Laid> {
    let mut points: BTreeMap<&str, ([f64; 3], f64)> = BTreeMap::new();
    points.insert(&mold.inlet, ([0.0; 3], 0.0));
    let mut laid = vec![None; mold.elements.len()];
    // Elements come after those that lead to them in at most as many passes as there are elements.
    for _ in 0..mold.elements.len() {
        for (i, e) in mold.elements.iter().enumerate() {
            let (None, Some((from, turn))) = (laid[i], points.get(e.from.as_str()).copied()) else {
                continue;
            };
            let brothers: Vec<usize> = (0..mold.elements.len())
                .filter(|k| mold.elements[*k].from == e.from)
                .collect();
            let place = brothers.iter().position(|k| *k == i).unwrap_or(0);
            // A fan of branches around the direction melt comes from.
            let spread = if brothers.len() > 1 && turn == 0.0 {
                std::f64::consts::FRAC_PI_2
                    * (2.0 * place as f64 / (brothers.len() - 1) as f64 - 1.0)
            } else {
                0.0
            };
            let angle = turn + spread;
            let along = [angle.cos(), angle.sin(), 0.0];
            let end = std::array::from_fn(|k| from[k] + e.shape.length() * along[k]);
            points.entry(&e.to).or_insert((end, angle));
            laid[i] = Some(Laid { from, along });
        }
    }
    laid.into_iter()
        .map(|l| {
            l.unwrap_or(Laid {
                from: [0.0; 3],
                along: [1.0, 0.0, 0.0],
            })
        })
        .collect()
}

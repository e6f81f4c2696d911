//! What goes into and comes out of the graphs, column by column, with units and scales.

use serde::Serialize;

use super::Part;
use crate::memory::{AVERAGES_S, EXPONENTS, TIME_SCALE_S};
use crate::network::{Network, PASSED};
use crate::release::Quantity;

/// One column: `value = offset + scale * column`, in `unit`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Unit of the value.
    pub unit: String,
    /// What a column of 1 counts for.
    pub scale: f64,
    /// Value of a column of 0.
    pub offset: f64,
}

/// An input or output of a graph, `[1, columns]` f32.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Port {
    /// Name in the graph.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
}

fn column(name: impl Into<String>, unit: &str, scale: f64) -> Column {
    Column {
        name: name.into(),
        unit: unit.into(),
        scale,
        offset: 0.0,
    }
}

fn features(net: &Network) -> Vec<Column> {
    let pa = net.about.pressure_scale_pa;
    let mut all = vec![column(format!("ln(time / {TIME_SCALE_S} s)"), "1", 1.0)];
    all.extend(EXPONENTS.map(|m| {
        column(
            format!("ln(integral of pressure^{m} / {TIME_SCALE_S} s)"),
            "1",
            m,
        )
    }));
    all.push(column("inlet pressure above atmosphere", "Pa", pa));
    all.extend(AVERAGES_S.map(|s| column(format!("its average over {s} s"), "Pa", pa)));
    all
}

fn latents(net: &Network) -> impl Iterator<Item = Column> + '_ {
    net.about.latents.iter().map(|l| Column {
        name: l.name.clone(),
        unit: l.unit.clone(),
        scale: 0.5 * (l.high - l.low) / 3.0_f64.sqrt(),
        offset: 0.5 * (l.low + l.high),
    })
}

fn moves(net: &Network) -> Vec<Column> {
    let pa = net.about.pressure_scale_pa;
    let mut all = vec![
        column("inlet pressure above atmosphere", "Pa", pa),
        column("its mean since the last move", "Pa", pa),
        column("its change since the last move", "Pa", pa),
        column("ln(1 + time since full / 0.01 s)", "1", 4.0),
        column("time since full", "s", 5.0),
    ];
    all.extend(latents(net));
    all
}

fn state(net: &Network) -> Vec<Column> {
    (0..net.state)
        .map(|i| column(format!("state {i}"), "1", 1.0))
        .collect()
}

/// Temperature over the span of melt and mold; both move with their latents.
fn temperature(net: &Network, sensor: &str) -> Column {
    Column {
        name: sensor.into(),
        unit: "K".into(),
        scale: net.about.melt_k - net.about.mold_k,
        offset: net.about.mold_k,
    }
}

/// Inputs and outputs of a part.
pub fn ports(net: &Network, part: Part) -> (Vec<Port>, Vec<Port>) {
    let port = |name, meaning, columns| Port {
        name,
        meaning,
        columns,
    };
    let pa = net.about.pressure_scale_pa;
    let sensors = &net.about.sensors;
    match part {
        Part::Front => {
            let x = [features(net), latents(net).collect()].concat();
            (
                vec![port("x", "memory of the fill, latents", x)],
                vec![port(
                    "share",
                    "share of the mold behind the front",
                    vec![column("share", "1", 1.0)],
                )],
            )
        }
        Part::Fill => {
            let share = vec![column("filled share", "1", 1.0)];
            let x = [features(net), share, latents(net).collect()].concat();
            let readings = sensors
                .iter()
                .map(|s| match s.quantity {
                    Quantity::Pressure => column(s.name.clone(), "1", 1.0),
                    Quantity::Temperature => temperature(net, &s.name),
                })
                .collect();
            (
                vec![port("x", "memory of the fill, filled share, latents", x)],
                vec![port(
                    "readings",
                    "pressure less a straight fall from inlet to front, over the inlet's; temperature at the nominal latents",
                    readings,
                )],
            )
        }
        Part::Start => {
            let mut x = features(net);
            for share in PASSED {
                x.push(column(
                    format!("time at share {share}, over that of full"),
                    "1",
                    1.0,
                ));
                x.push(column(format!("inlet pressure at share {share}"), "Pa", pa));
            }
            x.extend(latents(net));
            (
                vec![port(
                    "x",
                    "memory at full, passings of the front, latents",
                    x,
                )],
                vec![port("state", "first state", state(net))],
            )
        }
        Part::Cell => (
            vec![
                port("x", "drive, clock, latents", moves(net)),
                port(
                    "dt",
                    "time since the state was moved",
                    vec![column("dt", "s", 1.0)],
                ),
                port("state", "state before", state(net)),
            ],
            vec![port("next", "state after", state(net))],
        ),
        Part::Later => {
            let readings = sensors
                .iter()
                .flat_map(|s| match s.quantity {
                    Quantity::Pressure => vec![
                        column(format!("{} less the inlet's share", s.name), "Pa", pa),
                        column(format!("{} per inlet pressure", s.name), "1", 1.0),
                    ],
                    Quantity::Temperature => vec![temperature(net, &s.name)],
                })
                .collect();
            (
                vec![port(
                    "x",
                    "state, then drive, clock, latents",
                    [state(net), moves(net)].concat(),
                )],
                vec![port(
                    "readings",
                    "pressure above atmosphere = first + inlet pressure * (second + share of the inlet node); temperature at the nominal latents",
                    readings,
                )],
            )
        }
    }
}

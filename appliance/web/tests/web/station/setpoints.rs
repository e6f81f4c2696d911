//! Setpoints of the press in memory: what it takes, what the box may do, and what they do to a shot.

use super::curves::Conditions;

/// A setpoint and its numbers, SI.
pub struct Dial {
    pub name: &'static str,
    pub unit: &'static str,
    pub recipe: f64,
    /// What the press takes.
    pub takes: [f64; 2],
    /// What the box may ask for: lowest, highest, a step, an hour; none where it may not.
    pub may: Option<[f64; 4]>,
    /// What the network was trained for.
    pub trained: [f64; 2],
}

const fn dial(
    name: &'static str,
    unit: &'static str,
    recipe: f64,
    takes: [f64; 2],
    may: Option<[f64; 4]>,
    trained: [f64; 2],
) -> Dial {
    Dial {
        name,
        unit,
        recipe,
        takes,
        may,
        trained,
    }
}

pub const DIALS: [Dial; 7] = [
    dial(
        "hold_pressure",
        "Pa",
        42e6,
        [5e6, 120e6],
        Some([34e6, 52e6, 1.5e6, 6e6]),
        [30e6, 58e6],
    ),
    dial(
        "hold_time",
        "s",
        5.2,
        [0.0, 30.0],
        Some([4.0, 7.0, 0.3, 1.5]),
        [3.5, 8.0],
    ),
    dial(
        "transfer_volume",
        "m3",
        9.2e-6,
        [1e-6, 40e-6],
        Some([8.8e-6, 9.6e-6, 0.1e-6, 0.4e-6]),
        [8.5e-6, 10e-6],
    ),
    dial(
        "injection_rate",
        "m3/s",
        32e-6,
        [1e-6, 120e-6],
        Some([24e-6, 40e-6, 1e-6, 4e-6]),
        [20e-6, 48e-6],
    ),
    dial(
        "melt_temperature",
        "K",
        503.15,
        [443.15, 563.15],
        Some([493.15, 513.15, 2.0, 6.0]),
        [488.15, 518.15],
    ),
    dial(
        "mold_temperature",
        "K",
        318.15,
        [283.15, 383.15],
        Some([308.15, 328.15, 1.0, 4.0]),
        [303.15, 333.15],
    ),
    dial("cooling_time", "s", 9.0, [1.0, 120.0], None, [6.0, 20.0]),
];

pub type Values = [f64; DIALS.len()];

pub fn recipe() -> Values {
    std::array::from_fn(|at| DIALS[at].recipe)
}

pub fn place(name: &str) -> Option<usize> {
    DIALS.iter().position(|dial| dial.name == name)
}

/// The shot as it would be with other setpoints.
pub fn moved(base: &Conditions, from: &Values, to: &Values) -> Conditions {
    let step = |at: usize| to[at] - from[at];
    Conditions {
        fill_s: base.fill_s * from[3] / to[3] * (1.0 + 0.2 * step(2) / from[2]),
        viscosity: base.viscosity * (1.0 - 0.012 * step(4)) * (to[3] / from[3]).powf(0.3),
        melt_k: base.melt_k + step(4),
        hold_pa: base.hold_pa + step(0),
        hold_end_s: base.hold_end_s + step(1),
        gate_freeze_s: base.gate_freeze_s * (1.0 + 0.02 * step(5)),
    }
}

/// Shrinkage of a shot.
pub fn shrinkage(c: &Conditions) -> f64 {
    0.0052 + 0.008 * (c.viscosity - 1.0) - 6e-11 * (c.hold_pa - 42e6)
}

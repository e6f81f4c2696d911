//! Finished shots and what the box learned from them; every one follows from its number.

use appliance_web::view::{
    Curve, InnovationLine, LatentLine, LatentPoint, PressShot, QualityLine, ShotDetail, ShotEvent,
    ShotKind, ShotRow, TrustState, Verdict, WhiteBox,
};

use super::curves::{CYCLE_S, EJECT_S, conditions, scatter};
use super::live::{estimate, indicators, measured, trust};
use super::plate::SENSORS;

/// What a good part weighs.
pub const WEIGHT_LIMITS_KG: [f64; 2] = [0.011_595, 0.011_645];

/// Predictions.
pub fn quality(shot: u64) -> Vec<QualityLine> {
    let c = conditions(shot);
    let off = |what| 0.7 * scatter(shot, what);
    let line =
        |name: &str, value: f64, sd: f64, unit: &str, limits: [Option<f64>; 2]| QualityLine {
            name: name.into(),
            value,
            sd,
            unit: unit.into(),
            limits,
        };
    vec![
        line(
            "part_weight",
            c.weight_kg() + off(20) * 8e-6,
            8e-6,
            "kg",
            WEIGHT_LIMITS_KG.map(Some),
        ),
        line(
            "end_of_fill_pressure",
            c.pressure_pa(0.9, c.fill_s + 0.3) + off(21) * 0.6e6,
            0.6e6,
            "Pa",
            [None, Some(45e6)],
        ),
        line(
            "core_at_ejection",
            c.temperature_k(0.5, EJECT_S) + off(22) * 2.0,
            2.0,
            "K",
            [None, Some(360.0)],
        ),
        line(
            "shrinkage",
            0.0052 + 0.008 * (c.viscosity - 1.0) + off(23) * 1e-4,
            1.5e-4,
            "1",
            [Some(0.004), Some(0.0065)],
        ),
    ]
}

/// Good when every band lies within its limits, reject when one value lies outside.
pub fn verdict(shot: u64) -> Option<Verdict> {
    if kind(shot) != ShotKind::Production {
        return None;
    }
    let mut worst = Verdict::Good;
    for line in quality(shot) {
        let [low, high] = [
            line.limits[0].unwrap_or(f64::MIN),
            line.limits[1].unwrap_or(f64::MAX),
        ];
        if line.value < low || line.value > high {
            return Some(Verdict::Reject);
        }
        if line.value - 2.0 * line.sd < low || line.value + 2.0 * line.sd > high {
            worst = Verdict::Uncertain;
        }
    }
    Some(worst)
}

fn kind(shot: u64) -> ShotKind {
    match shot {
        1 => ShotKind::Purge,
        2..=5 => ShotKind::StartUp,
        _ if shot.is_multiple_of(97) => ShotKind::Broken,
        _ => ShotKind::Production,
    }
}

/// The lot of a shot.
pub fn lot(shot: u64) -> String {
    format!("2411-{}", 1 + shot / 60)
}

/// The line of a shot that ended now-ish, counted back from `last_ms` for shot `last`.
pub fn row(shot: u64, started_ms: i64) -> ShotRow {
    let c = conditions(shot);
    let kind = kind(shot);
    let trust = if shot < 10 {
        TrustState::Learning
    } else {
        trust(shot).0
    };
    let production = kind == ShotKind::Production;
    ShotRow {
        shot,
        started_ms,
        mold: "plate-ps".into(),
        lot: Some(lot(shot)),
        kind,
        trust,
        verdict: verdict(shot),
        verdict_reason: None,
        quality: if production { quality(shot) } else { vec![] },
        taught: Vec::new(),
        indicators: if production { indicators(shot) } else { vec![] },
        features: vec![
            ("fill_time_s".into(), c.fill_s),
            (
                "transfer_pressure_pa".into(),
                c.pressure_pa(-0.15, c.fill_s - 0.01),
            ),
            (
                "peak_pressure_pa".into(),
                c.pressure_pa(0.12, c.fill_s + 0.2),
            ),
            (
                "pressure_integral_pa_s".into(),
                (0..150)
                    .map(|at| c.pressure_pa(0.12, f64::from(at) * 0.1) * 0.1)
                    .sum(),
            ),
            ("cushion_m3".into(), 2.1e-6 + 0.05e-6 * scatter(shot, 7)),
            ("cycle_s".into(), CYCLE_S + 0.05 * scatter(shot, 8)),
        ],
        labels: if shot.is_multiple_of(25) {
            vec![("part_weight_g".into(), (c.weight_kg() * 1e6).round() / 1e3)]
        } else {
            vec![]
        },
        lost: if kind == ShotKind::Broken { 812 } else { 0 },
    }
}

/// A shot with its curves.
pub fn detail(row: ShotRow, points: usize) -> ShotDetail {
    let shot = row.shot;
    let c = conditions(shot);
    let end = if row.kind == ShotKind::Broken {
        4.0
    } else {
        EJECT_S
    };
    // Half of the points in the first sixth: there the curves move.
    let time = |at: usize| {
        let x = at as f64 / (points - 1) as f64;
        end * if x < 0.5 {
            x / 3.0
        } else {
            1.0 / 6.0 + (x - 0.5) * 5.0 / 3.0
        }
    };
    let curves = SENSORS
        .iter()
        .enumerate()
        .map(|(sensor, &(name, ..))| Curve {
            sensor: name.into(),
            time_s: (0..points).map(|at| time(at) as f32).collect(),
            measured: (0..points)
                .map(|at| measured(&c, shot, sensor, time(at)).map(|value| value as f32))
                .collect(),
            estimate: (0..points)
                .map(|at| Some(estimate(&c, shot, sensor, time(at)).0 as f32))
                .collect(),
            sd: (0..points)
                .map(|at| Some(estimate(&c, shot, sensor, time(at)).1 as f32))
                .collect(),
        })
        .collect();
    let phases = [
        ("fill", 0.0),
        ("hold", c.fill_s),
        ("cool", c.hold_end_s),
        ("idle", EJECT_S),
    ];
    ShotDetail {
        transfer: None,
        curves,
        phases: phases
            .into_iter()
            .filter(|(_, t)| *t <= end)
            .map(|(name, t)| (name.into(), t))
            .collect(),
        events: vec![
            event(
                c.fill_s,
                "gap",
                "/dev/ttyACM0",
                "2 blocks (20 instants) of group 0 were lost on the way",
            ),
            event(
                c.gate_freeze_s,
                "sensor-stuck",
                "/dev/ttyACM0, p1",
                "p1: stuck",
            ),
        ],
        latents: LATENTS
            .iter()
            .map(|latent| {
                (
                    latent.name.into(),
                    latent.value(shot),
                    latent.sd(shot),
                    latent.unit.into(),
                )
            })
            .collect(),
        press: Some(PressShot {
            mode: Some("automatic".into()),
            cycle: Some(46_000 + shot),
            recipe: vec![("hold_pressure".into(), 45e6, "Pa".into())],
            data: vec![("cushion_stroke".into(), 4.6e-3, "m".into())],
        }),
        actions: Vec::new(),
        row,
    }
}

struct Latent {
    name: &'static str,
    unit: &'static str,
    prior: [f64; 2],
    bounds: [f64; 2],
    learned: f64,
}

const LATENTS: [Latent; 8] = [
    Latent {
        name: "viscosity",
        unit: "1",
        prior: [1.0, 0.15],
        bounds: [0.5, 2.0],
        learned: 0.96,
    },
    Latent {
        name: "melt_temperature",
        unit: "K",
        prior: [503.15, 6.0],
        bounds: [483.0, 533.0],
        learned: 0.31,
    },
    Latent {
        name: "htc",
        unit: "W/(m2 K)",
        prior: [2500.0, 800.0],
        bounds: [500.0, 20_000.0],
        learned: 0.72,
    },
    Latent {
        name: "hold_loss",
        unit: "1",
        prior: [0.05, 0.03],
        bounds: [0.0, 0.3],
        learned: 0.81,
    },
    Latent {
        name: "leakage",
        unit: "m3/(Pa s)",
        prior: [1e-14, 5e-15],
        bounds: [0.0, 1e-13],
        learned: 0.44,
    },
    Latent {
        name: "gap",
        unit: "m",
        prior: [0.0025, 2e-5],
        bounds: [0.0023, 0.0027],
        learned: 0.06,
    },
    Latent {
        name: "compliance",
        unit: "1/Pa",
        prior: [6e-11, 2e-11],
        bounds: [0.0, 3e-10],
        learned: 0.58,
    },
    Latent {
        name: "tau_star",
        unit: "1",
        prior: [1.0, 0.1],
        bounds: [0.6, 1.6],
        learned: 0.03,
    },
];

impl Latent {
    fn value(&self, shot: u64) -> f64 {
        let [mean, sd] = self.prior;
        let key = self.name.bytes().map(u64::from).sum::<u64>();
        let moved = match self.name {
            "viscosity" => (conditions(shot).viscosity - 1.0) / sd,
            _ => {
                0.5 * scatter(7, key)
                    + 0.2 * (shot as f64 / 30.0 + key as f64).sin()
                    + 0.05 * scatter(shot, key)
            }
        };
        (mean + sd * self.learned.sqrt() * moved).clamp(self.bounds[0], self.bounds[1])
    }

    fn sd(&self, shot: u64) -> f64 {
        // Bands shrink over the first shots.
        let learned = self.learned * (1.0 - (-(shot as f64) / 6.0).exp());
        self.prior[1] * (1.0 - learned).sqrt()
    }

    fn line(&self, shots: &[u64]) -> LatentLine {
        LatentLine {
            name: self.name.into(),
            unit: self.unit.into(),
            prior: self.prior,
            bounds: self.bounds,
            learned: self.learned,
            at_bound: false,
            points: shots
                .iter()
                .map(|&shot| LatentPoint {
                    shot,
                    value: self.value(shot),
                    sd: self.sd(shot),
                })
                .collect(),
        }
    }
}

/// The page over shots, oldest first.
pub fn white_box(shots: &[u64]) -> WhiteBox {
    let innovations = SENSORS
        .iter()
        .filter(|(.., used)| *used)
        .map(|&(name, ..)| InnovationLine {
            measurement: name.into(),
            shot: shots.to_vec(),
            nis: shots
                .iter()
                .map(|&shot| {
                    (1.0 + 0.5 * scatter(shot, 50) + 1.5 * f64::from(u8::from(shot / 40 % 6 == 4)))
                        .max(0.1)
                })
                .collect(),
            gated: shots
                .iter()
                .map(|&shot| 0.004 * (1.0 + scatter(shot, 51)))
                .collect(),
        })
        .collect();
    let mut effective = LATENTS[0].line(shots);
    effective.name = "effective_viscosity".into();
    effective.unit = "Pa s".into();
    effective.prior = effective.prior.map(|x| 210.0 * x);
    effective.bounds = effective.bounds.map(|x| 210.0 * x);
    for point in &mut effective.points {
        point.value *= 210.0;
        point.sd *= 210.0;
    }
    WhiteBox {
        latents: LATENTS.iter().map(|latent| latent.line(shots)).collect(),
        effective_viscosity: effective,
        innovations,
        witness_error: shots
            .iter()
            .map(|&shot| (shot, 0.008 + 0.003 * scatter(shot, 52)))
            .collect(),
        would_help: vec![
            ("p3".into(), 0.52),
            ("p2".into(), 0.71),
            ("t_core".into(), 0.93),
        ],
    }
}

fn event(after_s: f64, kind: &str, source: &str, text: &str) -> ShotEvent {
    ShotEvent {
        after_s,
        kind: kind.into(),
        source: source.into(),
        text: text.into(),
    }
}

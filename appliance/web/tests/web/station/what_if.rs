//! What would happen, by the same closed forms as the press in memory.

use std::collections::BTreeMap;

use appliance_web::station::{Answer, StationError};
use appliance_web::view::{Effect, Risk, SetpointChange, WhatIf, WhatIfCurve};

use super::curves::{Conditions, EJECT_S, conditions};
use super::live::truth;
use super::plate::SENSORS;
use super::setpoints::{DIALS, Values, moved, place, shrinkage};

/// A property of the part before and after.
pub fn effects(base: &Conditions, then: &Conditions) -> Vec<Effect> {
    let line = |name: &str, unit: &str, of: &dyn Fn(&Conditions) -> f64, sd: f64| {
        let (before, after) = (of(base), of(then));
        Effect {
            name: name.into(),
            unit: unit.into(),
            before,
            before_sd: Some(sd),
            after,
            after_sd: Some(1.25 * sd),
            change: after - before,
            change_sd: Some(0.15 * sd + 0.12 * (after - before).abs()),
            target: None,
            tolerance: None,
            seen: None,
            seen_sd: None,
            seen_shot: None,
        }
    };
    let mut weight = line("part_weight", "kg", &Conditions::weight_kg, 8e-6);
    weight.target = Some(0.011_62);
    weight.tolerance = Some(1.2e-5);
    vec![
        weight,
        line("shrinkage", "1", &shrinkage, 1.5e-4),
        line(
            "end_of_fill_pressure",
            "Pa",
            &|c| c.pressure_pa(0.9, c.fill_s + 0.3),
            0.6e6,
        ),
        line(
            "core_at_ejection",
            "K",
            &|c| c.temperature_k(0.5, EJECT_S),
            2.0,
        ),
    ]
}

fn risks(base: &Conditions, then: &Conditions) -> Vec<Risk> {
    let chance = |x: f64| 1.0 / (1.0 + (-x).exp());
    let risk = |name: &str, of: &dyn Fn(&Conditions) -> f64| {
        let x = of(then);
        Risk {
            name: name.into(),
            before: chance(of(base)),
            after: chance(x),
            low: chance(x - 0.9),
            high: chance(x + 0.9),
        }
    };
    let stiff = |c: &Conditions| c.viscosity - 1.0;
    let pressed = |c: &Conditions| (c.hold_pa - 42e6) / 1e6;
    vec![
        risk("short_shot", &|c| 40.0 * stiff(c) - 0.4 * pressed(c) - 5.0),
        risk("flash", &|c| 0.5 * pressed(c) - 40.0 * stiff(c) - 5.0),
        risk("sink_mark", &|c| 30.0 * stiff(c) - 0.5 * pressed(c) - 3.0),
        risk("weld_line", &|c| {
            20.0 * stiff(c) + 8.0 * (c.fill_s - 0.82) - 3.5
        }),
        risk("burn_mark", &|c| 14.0 * (0.82 - c.fill_s) - 4.5),
    ]
}

/// Predicts a shot with other setpoints.
pub fn predict(
    shot: u64,
    now: &Values,
    changes: &BTreeMap<String, f64>,
    points: usize,
) -> Answer<WhatIf> {
    let mut then = *now;
    let mut lines = Vec::new();
    let invalid = |field: &str, reason: String| {
        Err(StationError::Invalid {
            field: field.into(),
            reason,
        })
    };
    for (name, &value) in changes {
        let Some(at) = place(name) else {
            return invalid("changes", format!("the press has no setpoint `{name}`"));
        };
        let [low, high] = DIALS[at].takes;
        if !(low..=high).contains(&value) {
            return invalid(
                name,
                format!("the press takes {low} to {high} {}", DIALS[at].unit),
            );
        }
        then[at] = value;
        lines.push(SetpointChange {
            setpoint: name.clone(),
            unit: DIALS[at].unit.into(),
            before: now[at],
            wanted: value,
            value,
            clipped_by: None,
            read_back: None,
        });
    }
    let outside: Vec<String> = DIALS
        .iter()
        .zip(then)
        .filter(|(dial, value)| !(dial.trained[0]..=dial.trained[1]).contains(value))
        .map(|(dial, _)| dial.name.into())
        .collect();
    let base = conditions(shot);
    let other = moved(&base, now, &then);
    // A third of the points in the first second and a half: there the curves move.
    let time = |at: usize| {
        let x = at as f64 / (points - 1) as f64;
        if x < 1.0 / 3.0 {
            4.5 * x
        } else {
            1.5 + (x - 1.0 / 3.0) * 1.5 * (EJECT_S - 1.5)
        }
    };
    let wide = if outside.is_empty() { 1.0 } else { 3.0 };
    let curves = SENSORS.iter().enumerate().map(|(sensor, &(name, ..))| {
        let column = |of: &dyn Fn(f64) -> f64| {
            let values = (0..points).map(|at| Some(of(time(at)) as f32));
            values.collect::<Vec<_>>()
        };
        WhatIfCurve {
            sensor: name.into(),
            time_s: (0..points).map(|at| time(at) as f32).collect(),
            reference: column(&|t| truth(&base, sensor, t)),
            value: column(&|t| truth(&other, sensor, t)),
            sd: column(&|t| {
                let value = truth(&other, sensor, t);
                wide * if value > 1e4 {
                    0.2e6 + 0.02 * value
                } else if value > 200.0 {
                    1.5
                } else {
                    0.0
                }
            }),
        }
    });
    Ok(WhatIf {
        reference_shot: shot,
        changes: lines,
        in_range: outside.is_empty(),
        outside,
        curves: curves.collect(),
        quality: effects(&base, &other),
        risks: risks(&base, &other),
    })
}

//! The what-if page: the last shot again with other setpoints. Nothing of it reaches the press.

use std::collections::BTreeMap;

use appliance_pipeline::correct::effect::BandedInstant;
use appliance_pipeline::correct::{Quantity, WhatIf};
use appliance_pipeline::ports::{Change, Setpoint, Setpoints};
use appliance_pipeline::quality::{SHORT_SD, chance};
use appliance_web::station::{Answer, StationError};
use appliance_web::view;

use crate::brain::with;
use crate::station::BoxStation;

/// Standard deviations of a band that holds nine in ten on one side.
const NINE_IN_TEN: f64 = 1.2816;

/// Quantities of the page: name, unit, quantity of the replay.
pub const SHOWN: [(&str, &str, Quantity); 4] = [
    ("part_weight", "kg", Quantity::PartMass),
    ("shrinkage", "1", Quantity::Shrinkage),
    ("end_of_fill_pressure", "Pa", Quantity::EndOfFillPressure),
    ("core_at_ejection", "K", Quantity::CoreTemperature),
];

/// What would happen with other setpoints, SI, by name.
///
/// # Errors
/// A setpoint that does not exist or has no value in the last shot, a value that is no number, no shot yet.
pub fn what_if(
    station: &BoxStation,
    changes: &BTreeMap<String, f64>,
    points: usize,
) -> Answer<view::WhatIf> {
    let Some((shot, effect)) = with(&station.brain, |b| b.replayable.clone()) else {
        return Err(StationError::Conflict {
            key: "no_shot_yet",
            reason: "no production shot was seen since the box started".into(),
        });
    };
    let mut change = Change::default();
    for setpoint in Setpoint::ALL {
        if let Some(value) = changes.get(setpoint.name()) {
            change.values.push((setpoint, *value));
        }
    }
    let invalid = |field: &str, reason: &str| StationError::Invalid {
        field: format!("changes.{field}"),
        reason: reason.into(),
    };
    if let Some(name) = changes.keys().find(|n| Setpoint::from_name(n).is_none()) {
        return Err(invalid(name, "is no setpoint"));
    }
    for (setpoint, value) in &change.values {
        if !(value.is_finite() && *value > 0.0) {
            return Err(invalid(setpoint.name(), "must be above zero"));
        }
        if !effect.setpoints()[*setpoint].is_finite() {
            return Err(invalid(setpoint.name(), "is not known of the last shot"));
        }
    }
    let outside = station.range.outside(effect.setpoints(), &change);
    let told = effect
        .what_if(&change)
        .map_err(|source| StationError::Failed {
            attempted: "replaying the last shot",
            source: Box::new(source),
        })?;
    Ok(view::WhatIf {
        reference_shot: shot,
        changes: change
            .values
            .iter()
            .map(|(s, v)| view::SetpointChange {
                setpoint: s.name().into(),
                unit: s.unit().into(),
                before: effect.setpoints()[*s],
                wanted: *v,
                value: *v,
                clipped_by: None,
                read_back: None,
            })
            .collect(),
        in_range: outside.is_empty(),
        outside,
        curves: station
            .places
            .iter()
            .enumerate()
            .filter_map(|(i, name)| curve(name, i, &told, points))
            .collect(),
        quality: SHOWN
            .iter()
            .map(|(name, unit, quantity)| {
                let at = *quantity as usize;
                let all = [told.before[at], told.after[at], told.change[at]];
                quality(name, unit, all)
            })
            .collect(),
        risks: risks(&told, station.clamp_n),
    })
}

/// What is expected of one quantity: before, after and the change, each with its standard deviation.
pub fn quality(name: &str, unit: &str, [before, after, change]: [[f64; 2]; 3]) -> view::Effect {
    let known = |sd: f64| sd.is_finite().then_some(sd);
    view::Effect {
        name: name.into(),
        unit: unit.into(),
        before: before[0],
        before_sd: known(before[1]),
        after: after[0],
        after_sd: known(after[1]),
        change: change[0],
        change_sd: known(change[1]),
        target: None,
        tolerance: None,
        seen: None,
        seen_sd: None,
        seen_shot: None,
    }
}

/// One sensor before and after, thinned; none where the model does not reach it.
fn curve(name: &str, sensor: usize, told: &WhatIf, points: usize) -> Option<view::WhatIfCurve> {
    let value = |p: &BandedInstant| p.values.get(sensor).copied().filter(|v| v[0].is_finite());
    let every = told.curves_after.len().div_ceil(points.max(2)).max(1);
    let mut curve = view::WhatIfCurve {
        sensor: name.into(),
        time_s: Vec::new(),
        reference: Vec::new(),
        value: Vec::new(),
        sd: Vec::new(),
    };
    for (k, after) in told.curves_after.iter().enumerate().step_by(every) {
        let (before, moved) = (told.curves_before.get(k).and_then(value), value(after));
        if before.is_none() && moved.is_none() {
            continue;
        }
        curve.time_s.push(after.time_s as f32);
        curve.reference.push(before.map(|b| b[0] as f32));
        curve.value.push(moved.map(|v| v[0] as f32));
        curve.sd.push(moved.map(|v| v[1] as f32));
    }
    (!curve.time_s.is_empty()).then_some(curve)
}

/// Chances of defects that physics tells about. Weld lines and burns need labels of their own.
fn risks(told: &WhatIf, clamp_n: Option<f64>) -> Vec<view::Risk> {
    let risk = |name: &str, quantity: Quantity, limit: f64, least_sd: f64| {
        let at = quantity as usize;
        let ([before, before_sd], [after, after_sd]) = (told.before[at], told.after[at]);
        let sd = after_sd.max(least_sd);
        view::Risk {
            name: name.into(),
            before: chance(before, limit, before_sd.max(least_sd)),
            after: chance(after, limit, sd),
            low: chance(after - NINE_IN_TEN * sd, limit, sd),
            high: chance(after + NINE_IN_TEN * sd, limit, sd),
        }
    };
    let mut risks = vec![
        risk("short_shot", Quantity::ShortShare, 0.005, SHORT_SD),
        risk("sink_mark", Quantity::Sink, 0.02, 0.003),
    ];
    if let Some(clamp) = clamp_n {
        risks.push(risk("flash", Quantity::ClampForce, clamp, 0.03 * clamp));
    }
    risks
}

/// What the network was trained for, where there is one.
#[derive(Clone, Debug, Default)]
pub struct Range {
    /// Highest inlet pressure, Pa.
    pub highest_pa: Option<f64>,
    /// Lowest and highest melt temperature, K.
    pub melt_k: Option<[f64; 2]>,
    /// Lowest and highest mold temperature, K.
    pub mold_k: Option<[f64; 2]>,
}

impl Range {
    /// Of a release.
    pub fn of(about: &models_infer::release::Description) -> Self {
        let around = |name: &str, nominal: f64| {
            let latent = about.latents.iter().find(|l| l.name == name)?;
            Some([nominal + latent.low, nominal + latent.high])
        };
        Self {
            highest_pa: Some(about.highest_pa),
            melt_k: around("melt_temperature", about.melt_k),
            mold_k: around("mold_temperature", about.mold_k),
        }
    }

    /// Setpoints of a change that lie outside, by name.
    pub fn outside(&self, now: &Setpoints, change: &Change) -> Vec<String> {
        let after = change.applied_to(now);
        let beyond = |s: Setpoint, range: Option<[f64; 2]>| {
            range.is_some_and(|[low, high]| after[s] < low || after[s] > high)
        };
        let highest = self.highest_pa.map(|p| [0.0, p]);
        let checks = [
            (Setpoint::HoldPressure, highest),
            (Setpoint::MeltTemperature, self.melt_k),
            (Setpoint::MoldTemperature, self.mold_k),
        ];
        let outside = checks.into_iter().filter(|(s, r)| beyond(*s, *r));
        outside.map(|(s, _)| s.name().to_owned()).collect()
    }
}

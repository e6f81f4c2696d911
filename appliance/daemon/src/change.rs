//! A change of the setup, checked as a whole.

use appliance_web::station::{Answer, StationError};
use appliance_web::view;

use crate::config::{Config, LimitConfig, unit_of};
use crate::find;

/// The configuration with the change applied.
///
/// # Errors
/// With the field and what is wrong with it; nothing is kept then.
pub fn apply(config: &Config, change: &view::SetupChange) -> Answer<Config> {
    let invalid = |field: String, reason: String| StationError::Invalid { field, reason };
    let mut new = config.clone();
    if change.mold != config.mold && !config.mold.ends_with(&format!("{}.toml", change.mold)) {
        find::mold(&change.mold).map_err(|e| invalid("mold".into(), e.to_string()))?;
        new.mold.clone_from(&change.mold);
    }
    let mold = find::mold(&new.mold).map_err(|e| invalid("mold".into(), e.to_string()))?;
    if change.material != mold.material {
        return Err(invalid(
            "material".into(),
            format!(
                "mold `{}` is described for {}; make a mold file for {}",
                mold.name, mold.material, change.material
            ),
        ));
    }
    for (k, s) in change.sensors.iter().enumerate() {
        let field = |f: &str| format!("sensors[{k}].{f}");
        let place = new
            .nodes
            .iter_mut()
            .flat_map(|n| &mut n.channels)
            .find(|c| c.name == s.channel);
        let Some(channel) = place else {
            return Err(invalid(
                field("channel"),
                format!("no node has a channel `{}`", s.channel),
            ));
        };
        if let Some(sensor) = &s.sensor
            && mold.sensor(sensor).is_none()
        {
            return Err(invalid(
                field("sensor"),
                format!("mold `{}` has no sensor `{sensor}`", mold.name),
            ));
        }
        if s.scale.is_some() || s.offset.is_some() {
            return Err(invalid(
                field("scale"),
                "scale and offset come from the calibration file of the node".into(),
            ));
        }
        if channel.sensor.is_some() {
            channel.sensor.clone_from(&s.sensor);
            channel.used = s.used;
        }
    }
    new.limits = Vec::new();
    for (k, l) in change.limits.iter().enumerate() {
        if unit_of(&l.name).is_none() {
            return Err(invalid(
                format!("limits[{k}].name"),
                format!("`{}` is not predicted", l.name),
            ));
        }
        if let (Some(low), Some(high)) = (l.lower, l.upper)
            && low >= high
        {
            return Err(invalid(
                format!("limits[{k}].lower"),
                "is not below the upper limit".into(),
            ));
        }
        new.limits.push(LimitConfig {
            name: l.name.clone(),
            lower: l.lower,
            upper: l.upper,
        });
    }
    if let Some(cooling) = change.cycle.cooling_time_s {
        if !(cooling > 0.0 && cooling < 3600.0) {
            return Err(invalid(
                "cycle.cooling_time_s".into(),
                "must lie between 0 and 3600 s".into(),
            ));
        }
        new.cooling_s = Some(cooling);
    }
    Ok(new)
}

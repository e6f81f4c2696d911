//! What spans several keys of a mold.

use std::collections::BTreeSet;

use super::Mold;
use crate::cards;
use crate::input::{Checks, InputError};
use crate::latents::{Latent, Latents};

pub(super) fn validate(mold: &Mold) -> Result<(), InputError> {
    names(mold)?;
    material(mold)?;
    connected(mold)?;
    sensors(mold)?;
    latents(mold)
}

/// Names are usable as keys, columns and metric labels, and unique.
fn names(mold: &Mold) -> Result<(), InputError> {
    let checks = Checks::new(&mold.file, "");
    usable(&checks, "name", &mold.name)?;
    let elements = mold.elements.iter().map(|e| ("element", &e.name));
    let sensors = mold.sensors.iter().map(|s| ("sensor", &s.name));
    let mut seen = BTreeSet::new();
    for (table, name) in elements.chain(sensors) {
        let key = format!("{table}.{name}");
        usable(&checks, &key, name)?;
        if !seen.insert(key.clone()) {
            return Err(checks.error(&key, "the name is used twice"));
        }
    }
    Ok(())
}

fn usable(checks: &Checks<'_>, key: &str, name: &str) -> Result<(), InputError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        let reason = "a name is 1 to 64 letters, digits, `_` or `-`";
        return Err(checks.error(key, format!("{reason}, found {name:?}")));
    }
    Ok(())
}

fn material(mold: &Mold) -> Result<(), InputError> {
    let known = if mold.material.ends_with(".toml") {
        mold.relative(&mold.material).is_file()
    } else {
        cards::keys().any(|key| key == mold.material)
    };
    if known {
        return Ok(());
    }
    let shipped = cards::keys().collect::<Vec<_>>().join(", ");
    let reason = format!(
        "unknown material {:?}; shipped are {shipped}",
        mold.material
    );
    Err(InputError::key(&mold.file, "material", reason))
}

/// Every element can be reached from the inlet, and one of them is the product.
fn connected(mold: &Mold) -> Result<(), InputError> {
    let checks = Checks::new(&mold.file, "");
    if mold.elements.is_empty() {
        return Err(checks.error("element", "a mold needs at least one element"));
    }
    for e in &mold.elements {
        let table = Checks::new(&mold.file, &format!("element.{}", e.name));
        usable(&table, "from", &e.from)?;
        usable(&table, "to", &e.to)?;
        if e.from == e.to {
            return Err(table.error("to", format!("both ends are at point {:?}", e.to)));
        }
    }
    if !mold
        .elements
        .iter()
        .any(|e| e.from == mold.inlet || e.to == mold.inlet)
    {
        let points: BTreeSet<_> = mold
            .elements
            .iter()
            .flat_map(|e| [e.from.as_str(), e.to.as_str()])
            .collect();
        let points = points.into_iter().collect::<Vec<_>>().join(", ");
        let reason = format!(
            "no element has a point {:?}; points are {points}",
            mold.inlet
        );
        return Err(checks.error("inlet", reason));
    }
    let mut reached = BTreeSet::from([mold.inlet.as_str()]);
    loop {
        let before = reached.len();
        for e in &mold.elements {
            if reached.contains(e.from.as_str()) || reached.contains(e.to.as_str()) {
                reached.extend([e.from.as_str(), e.to.as_str()]);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    if let Some(e) = mold
        .elements
        .iter()
        .find(|e| !reached.contains(e.from.as_str()))
    {
        let reason = format!(
            "point {:?} is not connected to the inlet {:?}",
            e.from, mold.inlet
        );
        return Err(checks.error(&format!("element.{}.from", e.name), reason));
    }
    if !mold.elements.iter().any(|e| e.cavity) {
        return Err(checks.error("element", "no element has cavity = true"));
    }
    Ok(())
}

fn sensors(mold: &Mold) -> Result<(), InputError> {
    for sensor in &mold.sensors {
        let checks = Checks::new(&mold.file, &format!("sensor.{}", sensor.name));
        let Some(element) = mold.element(&sensor.element) else {
            let names: Vec<_> = mold.elements.iter().map(|e| e.name.as_str()).collect();
            let reason = format!(
                "there is no element {:?}; elements are {}",
                sensor.element,
                names.join(", ")
            );
            return Err(checks.error("element", reason));
        };
        let length = element.shape.length();
        // A sensor at the very end may lie beyond it by rounding.
        if !(0.0..=length * (1.0 + 1e-9)).contains(&sensor.at) {
            let (at, length) = (sensor.at * 1e3, length * 1e3);
            let reason = format!("{at:.3} is off element {} (0 to {length:.3})", element.name);
            return Err(checks.error("at_mm", reason));
        }
    }
    Ok(())
}

fn latents(mold: &Mold) -> Result<(), InputError> {
    let mut values = Latents::default();
    for (name, value) in &mold.latents {
        let key = format!("latents.{name}");
        Latent::from_name(name)
            .and_then(|latent| values.set(latent, *value))
            .map_err(|e| InputError::key(&mold.file, key, e.to_string()))?;
    }
    Ok(())
}

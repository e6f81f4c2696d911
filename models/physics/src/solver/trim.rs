//! Starts a mold at a sensor: what lies before it is replaced by the pressure measured there.

use crate::input::InputError;
use crate::mold::Mold;

use super::build::{part, walk};

/// The part of `mold` downstream of `sensor`, with the sensor as inlet. Sensors that lie before it are left out.
///
/// # Errors
/// When there is no such sensor, or melt also reaches the cavity without passing it.
pub fn downstream_of(mold: &Mold, sensor: &str) -> Result<Mold, InputError> {
    let known = || {
        mold.sensors
            .iter()
            .map(|s| s.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let error = |reason: String| InputError::key(&mold.file, format!("sensor.{sensor}"), reason);
    let Some(place) = mold.sensor(sensor) else {
        return Err(error(format!("no such sensor; the mold has {}", known())));
    };
    let order = walk(mold);
    let at = order
        .iter()
        .position(|&(i, _)| mold.elements[i].name == place.element);
    let Some(at) = at else {
        return Err(error(format!(
            "element `{}` is not connected to the inlet",
            place.element
        )));
    };
    let (index, forward) = order[at];
    let length = mold.elements[index].shape.length();
    let before = if forward { place.at } else { length - place.at };
    let mut cut = mold.clone();
    // Elements reached from the far end without turning back.
    let far = if forward {
        &mold.elements[index].to
    } else {
        &mold.elements[index].from
    };
    let near = if forward {
        &mold.elements[index].from
    } else {
        &mold.elements[index].to
    };
    let mut keep = vec![false; mold.elements.len()];
    keep[index] = true;
    let mut points = vec![far.clone()];
    let mut next = 0;
    while next < points.len() {
        let point = points[next].clone();
        next += 1;
        for (i, element) in mold.elements.iter().enumerate() {
            if keep[i] || (element.from != point && element.to != point) {
                continue;
            }
            let other = if element.from == point {
                &element.to
            } else {
                &element.from
            };
            keep[i] = true;
            points.push(other.clone());
        }
    }
    if points.contains(near) || points.contains(&mold.inlet) {
        return Err(error("melt also reaches the cavity without passing this sensor, so its pressure alone does not drive the mold".into()));
    }
    let bypassed = mold
        .elements
        .iter()
        .zip(&keep)
        .find(|(e, k)| e.cavity && !**k && e.name != place.element);
    if let Some((element, _)) = bypassed {
        return Err(error(format!(
            "cavity element `{}` is not fed through this sensor, so its pressure cannot drive it",
            element.name
        )));
    }
    if length - before < 1e-6 * length {
        return Err(error("nothing lies behind this sensor".into()));
    }
    const INLET: &str = "@inlet";
    let element = &mut cut.elements[index];
    if before > 1e-9 * length {
        let (a, b) = if forward {
            (place.at, length)
        } else {
            (0.0, place.at)
        };
        element.shape = part(&element.shape, a, b);
        if let Some(cells) = element.cells {
            element.cells = Some(((cells as f64 * (b - a) / length).round() as usize).max(1));
        }
        let shift = a;
        let name = element.name.clone();
        cut.sensors.retain_mut(|s| {
            if s.element != name {
                return true;
            }
            s.at -= shift;
            (-1e-9..=b - a + 1e-9).contains(&s.at)
        });
    }
    let element = &mut cut.elements[index];
    if forward {
        element.from = INLET.into();
    } else {
        element.to = INLET.into();
    }
    cut.inlet = INLET.into();
    let names: Vec<String> = cut
        .elements
        .iter()
        .zip(&keep)
        .filter(|(_, k)| **k)
        .map(|(e, _)| e.name.clone())
        .collect();
    let mut kept = keep.iter();
    cut.elements.retain(|_| *kept.next().unwrap_or(&false));
    cut.sensors.retain(|s| names.contains(&s.element));
    Ok(cut)
}

//! An element as written: one flat table whose allowed keys depend on `shape`.

use serde::{Deserialize, Serialize};

use super::element::{Element, Shape};
use crate::input::{Checks, InputError, from_si};

/// Longest dimension of a mold that is not a slipped unit, mm.
const LONGEST_MM: f64 = 10_000.0;

/// `shape` of an element.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Tube,
    Strip,
    Disc,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementFile {
    shape: Kind,
    from: String,
    to: String,
    #[serde(default)]
    cavity: bool,
    cells: Option<usize>,
    diameter_mm: Option<f64>,
    end_diameter_mm: Option<f64>,
    inner_radius_mm: Option<f64>,
    outer_radius_mm: Option<f64>,
    angle_degrees: Option<f64>,
    width_mm: Option<f64>,
    end_width_mm: Option<f64>,
    gap_mm: Option<f64>,
    end_gap_mm: Option<f64>,
    length_mm: Option<f64>,
}

impl ElementFile {
    pub(super) fn into_element(self, name: String, file: &str) -> Result<Element, InputError> {
        let checks = Checks::new(file, &format!("element.{name}"));
        if let Some(cells) = self.cells {
            checks.within("cells", cells as f64, 1.0, 10_000.0)?;
        }
        let shape = self.shape(&checks)?;
        let Self {
            from,
            to,
            cells,
            cavity,
            ..
        } = self;
        Ok(Element {
            name,
            from,
            to,
            shape,
            cells,
            cavity,
        })
    }

    fn shape(&self, checks: &Checks<'_>) -> Result<Shape, InputError> {
        // A dimension in m that must be there.
        let need = |key: &str, mm: Option<f64>| dimension(checks, key, checks.need(key, mm)?);
        // The same at the far end, equal to the start if not given.
        let end = |key: &str, mm: Option<f64>, start: f64| {
            mm.map_or(Ok(start), |mm| dimension(checks, key, mm))
        };
        let gaps = || -> Result<(f64, f64), InputError> {
            let start = need("gap_mm", self.gap_mm)?;
            Ok((start, end("end_gap_mm", self.end_gap_mm, start)?))
        };
        match self.shape {
            Kind::Tube => {
                self.only(
                    checks,
                    "tube",
                    &["diameter_mm", "end_diameter_mm", "length_mm"],
                )?;
                let start = need("diameter_mm", self.diameter_mm)?;
                let end = end("end_diameter_mm", self.end_diameter_mm, start)?;
                let length = need("length_mm", self.length_mm)?;
                Ok(Shape::Tube {
                    radius_start: start / 2.0,
                    radius_end: end / 2.0,
                    length,
                })
            }
            Kind::Strip => {
                let keys = [
                    "width_mm",
                    "end_width_mm",
                    "gap_mm",
                    "end_gap_mm",
                    "length_mm",
                ];
                self.only(checks, "strip", &keys)?;
                let width_start = need("width_mm", self.width_mm)?;
                let width_end = end("end_width_mm", self.end_width_mm, width_start)?;
                let (gap_start, gap_end) = gaps()?;
                let length = need("length_mm", self.length_mm)?;
                Ok(Shape::Strip {
                    width_start,
                    width_end,
                    gap_start,
                    gap_end,
                    length,
                })
            }
            Kind::Disc => {
                let keys = [
                    "inner_radius_mm",
                    "outer_radius_mm",
                    "angle_degrees",
                    "gap_mm",
                    "end_gap_mm",
                ];
                self.only(checks, "disc", &keys)?;
                let inner_radius = need("inner_radius_mm", self.inner_radius_mm)?;
                let outer_radius = need("outer_radius_mm", self.outer_radius_mm)?;
                if outer_radius <= inner_radius {
                    return Err(checks.error("outer_radius_mm", "must be above inner_radius_mm"));
                }
                let degrees = self.angle_degrees.unwrap_or(360.0);
                let holds = degrees > 0.0 && degrees <= 360.0;
                checks.that(
                    "angle_degrees",
                    degrees,
                    holds,
                    "must be above 0 and at most 360",
                )?;
                let (gap_start, gap_end) = gaps()?;
                let angle_rad = degrees.to_radians();
                Ok(Shape::Disc {
                    inner_radius,
                    outer_radius,
                    gap_start,
                    gap_end,
                    angle_rad,
                })
            }
        }
    }

    /// Refuses a dimension that this shape does not have.
    fn only(&self, checks: &Checks<'_>, shape: &str, keys: &[&str]) -> Result<(), InputError> {
        let given = [
            ("diameter_mm", self.diameter_mm),
            ("end_diameter_mm", self.end_diameter_mm),
            ("inner_radius_mm", self.inner_radius_mm),
            ("outer_radius_mm", self.outer_radius_mm),
            ("angle_degrees", self.angle_degrees),
            ("width_mm", self.width_mm),
            ("end_width_mm", self.end_width_mm),
            ("gap_mm", self.gap_mm),
            ("end_gap_mm", self.end_gap_mm),
            ("length_mm", self.length_mm),
        ];
        match given
            .iter()
            .find(|(key, value)| value.is_some() && !keys.contains(key))
        {
            Some((key, _)) => {
                let reason = format!(
                    "not a dimension of a {shape}, which has {}",
                    keys.join(", ")
                );
                Err(checks.error(key, reason))
            }
            None => Ok(()),
        }
    }

    pub(super) fn of(element: &Element) -> Self {
        let mm = |m: f64| Some(from_si(m, 1e-3));
        let tapered = |start: f64, end: f64| (end != start).then(|| from_si(end, 1e-3));
        let mut file = Self {
            shape: Kind::Tube,
            from: element.from.clone(),
            to: element.to.clone(),
            cavity: element.cavity,
            cells: element.cells,
            diameter_mm: None,
            end_diameter_mm: None,
            inner_radius_mm: None,
            outer_radius_mm: None,
            angle_degrees: None,
            width_mm: None,
            end_width_mm: None,
            gap_mm: None,
            end_gap_mm: None,
            length_mm: None,
        };
        match element.shape {
            Shape::Tube {
                radius_start,
                radius_end,
                length,
            } => {
                file.diameter_mm = mm(2.0 * radius_start);
                file.end_diameter_mm = tapered(2.0 * radius_start, 2.0 * radius_end);
                file.length_mm = mm(length);
            }
            Shape::Strip {
                width_start,
                width_end,
                gap_start,
                gap_end,
                length,
            } => {
                file.shape = Kind::Strip;
                file.width_mm = mm(width_start);
                file.end_width_mm = tapered(width_start, width_end);
                file.gap_mm = mm(gap_start);
                file.end_gap_mm = tapered(gap_start, gap_end);
                file.length_mm = mm(length);
            }
            Shape::Disc {
                inner_radius,
                outer_radius,
                gap_start,
                gap_end,
                angle_rad,
            } => {
                file.shape = Kind::Disc;
                file.inner_radius_mm = mm(inner_radius);
                file.outer_radius_mm = mm(outer_radius);
                file.angle_degrees = Some(from_si(angle_rad.to_degrees(), 1.0));
                file.gap_mm = mm(gap_start);
                file.end_gap_mm = tapered(gap_start, gap_end);
            }
        }
        file
    }
}

/// A length in m from mm, above zero and not absurd.
fn dimension(checks: &Checks<'_>, key: &str, mm: f64) -> Result<f64, InputError> {
    checks.positive(key, mm)?;
    let reason = format!("must be at most {LONGEST_MM}");
    checks
        .that(key, mm, mm <= LONGEST_MM, &reason)
        .map(|mm| mm * 1e-3)
}

//! The pieces a mold is made of.

use std::f64::consts::PI;

/// One piece of runner, gate or cavity between two points.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Name, unique in the mold.
    pub name: String,
    /// Point at its start; positions along the element count from here.
    pub from: String,
    /// Point at its end.
    pub to: String,
    /// Geometry.
    pub shape: Shape,
    /// Control volumes along it; by the mold's grid if absent.
    pub cells: Option<usize>,
    /// Part of the product (true) or of the feed system (false).
    pub cavity: bool,
}

/// Geometry of an element, SI. Dimensions with a start and an end vary linearly between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A round channel.
    Tube {
        /// Radius at `from`, m.
        radius_start: f64,
        /// Radius at `to`, m.
        radius_end: f64,
        /// Length, m.
        length: f64,
    },
    /// A flat channel, wide against its gap.
    Strip {
        /// Width at `from`, m.
        width_start: f64,
        /// Width at `to`, m.
        width_end: f64,
        /// Gap at `from`, m.
        gap_start: f64,
        /// Gap at `to`, m.
        gap_end: f64,
        /// Length, m.
        length: f64,
    },
    /// A disc or a sector of one, entered at its inner radius.
    Disc {
        /// Radius at `from`, m.
        inner_radius: f64,
        /// Radius at `to`, m.
        outer_radius: f64,
        /// Gap at `from`, m.
        gap_start: f64,
        /// Gap at `to`, m.
        gap_end: f64,
        /// Opening angle, rad; 2 pi for a full disc.
        angle_rad: f64,
    },
}

impl Shape {
    /// Flow length from `from` to `to`, m.
    pub fn length(&self) -> f64 {
        match *self {
            Self::Tube { length, .. } | Self::Strip { length, .. } => length,
            Self::Disc {
                inner_radius,
                outer_radius,
                ..
            } => outer_radius - inner_radius,
        }
    }

    /// Volume, m3, exact for linear dimensions.
    pub fn volume(&self) -> f64 {
        match *self {
            Self::Tube {
                radius_start: a,
                radius_end: b,
                length,
            } => PI * length * (a * a + a * b + b * b) / 3.0,
            Self::Strip {
                width_start: v,
                width_end: w,
                gap_start: g,
                gap_end: h,
                length,
            } => length * (2.0 * v * g + v * h + w * g + 2.0 * w * h) / 6.0,
            Self::Disc {
                inner_radius: a,
                outer_radius: b,
                gap_start,
                gap_end,
                angle_rad,
            } => {
                let slope = (gap_end - gap_start) / (b - a);
                let first = (b * b - a * a) / 2.0;
                let second = (b * b * b - a * a * a) / 3.0;
                angle_rad * (gap_start * first + slope * (second - a * first))
            }
        }
    }

    /// Area that the clamp sees, m2.
    pub fn projected_area(&self) -> f64 {
        match *self {
            Self::Tube {
                radius_start,
                radius_end,
                length,
            } => (radius_start + radius_end) * length,
            Self::Strip {
                width_start,
                width_end,
                length,
                ..
            } => 0.5 * (width_start + width_end) * length,
            Self::Disc {
                inner_radius: a,
                outer_radius: b,
                angle_rad,
                ..
            } => 0.5 * angle_rad * (b * b - a * a),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_agree_with_sums_over_thin_slices() {
        let shapes = [
            Shape::Tube {
                radius_start: 2e-3,
                radius_end: 3e-3,
                length: 5e-2,
            },
            Shape::Strip {
                width_start: 2e-2,
                width_end: 4e-2,
                gap_start: 3e-3,
                gap_end: 1e-3,
                length: 8e-2,
            },
            Shape::Disc {
                inner_radius: 3e-3,
                outer_radius: 6e-2,
                gap_start: 2e-3,
                gap_end: 1e-3,
                angle_rad: PI,
            },
        ];
        for shape in shapes {
            let slices = 20_000;
            let sum: f64 = (0..slices)
                .map(|i| {
                    let f = (f64::from(i) + 0.5) / f64::from(slices);
                    let mix = |a: f64, b: f64| a + f * (b - a);
                    let area = match shape {
                        Shape::Tube {
                            radius_start,
                            radius_end,
                            ..
                        } => PI * mix(radius_start, radius_end).powi(2),
                        Shape::Strip {
                            width_start,
                            width_end,
                            gap_start,
                            gap_end,
                            ..
                        } => mix(width_start, width_end) * mix(gap_start, gap_end),
                        Shape::Disc {
                            inner_radius,
                            outer_radius,
                            gap_start,
                            gap_end,
                            angle_rad,
                        } => angle_rad * mix(inner_radius, outer_radius) * mix(gap_start, gap_end),
                    };
                    area * shape.length() / f64::from(slices)
                })
                .sum();
            assert!((sum / shape.volume() - 1.0).abs() < 1e-8, "{shape:?}");
        }
    }
}

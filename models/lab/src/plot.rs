//! What every picture of the workbench shares: labelled lines, the key, colours.

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;

/// Colours that colour-blind people can tell apart (Okabe and Ito).
pub const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// A chart of two axes in a file.
pub type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

/// What plotting says when it fails.
pub fn failed<E: std::fmt::Display>(e: E) -> anyhow::Error {
    anyhow!("plotting: {e}")
}

/// A solid line with its entry in the key.
///
/// # Errors
/// When it cannot be drawn.
pub fn line<X: Ranged, Y: Ranged>(
    chart: &mut Chart<'_, '_, X, Y>,
    points: impl IntoIterator<Item = (X::ValueType, Y::ValueType)>,
    name: impl Into<String>,
    colour: RGBColor,
) -> Result<()>
where
    X::ValueType: Clone + 'static,
    Y::ValueType: Clone + 'static,
{
    chart
        .draw_series(LineSeries::new(points, colour.stroke_width(2)))
        .map_err(failed)?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    Ok(())
}

/// The key of all labelled lines.
///
/// # Errors
/// When it cannot be drawn.
pub fn key<'a, 'b: 'a, X: Ranged, Y: Ranged>(
    chart: &mut Chart<'a, 'b, X, Y>,
    place: SeriesLabelPosition,
) -> Result<()> {
    chart
        .configure_series_labels()
        .position(place)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK)
        .draw()
        .map_err(failed)
}

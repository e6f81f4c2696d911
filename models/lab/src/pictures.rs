//! Pictures of a shot: pressures over time, temperature through the gap, front positions.

use std::path::Path;

use anyhow::Result;
use models_physics::drive::Drive;
use models_physics::mold::Mold;
use models_physics::shot::Shot;
use models_physics::solver::Filling;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use crate::output::Curves;
use crate::plot::{COLOURS, failed, key, line};

/// Draws `pressures.svg`, `temperature.svg` and `front.svg` into a folder.
pub fn draw(
    out: &Path,
    mold: &Mold,
    shot: &Shot,
    curves: &Curves,
    measured: Option<&Drive>,
) -> Result<()> {
    pressures(&out.join("pressures.svg"), mold, curves, measured)?;
    columns(&out.join("temperature.svg"), mold, shot)?;
    front(&out.join("front.svg"), mold, shot)
}

fn pressures(path: &Path, mold: &Mold, curves: &Curves, measured: Option<&Drive>) -> Result<()> {
    let root = SVGBackend::new(path, (1000, 560)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let first = curves.time_s[0];
    let last = curves.time_s[curves.time_s.len() - 1];
    let top = curves
        .pressures
        .iter()
        .flat_map(|(_, v)| v)
        .fold(1e6_f64, |m, p| m.max(*p))
        * 1.05e-6;
    let title = if measured.is_some() {
        "estimate (dashed) beside measurement (solid)"
    } else {
        "pressure"
    };
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{}: {title}", mold.title), ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(first..last, 0.0..top)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("time, s")
        .y_desc("pressure, MPa absolute")
        .draw()
        .map_err(failed)?;
    for (i, (name, values)) in curves.pressures.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let sensor = name.trim_end_matches("_pa").to_owned();
        let points = curves
            .time_s
            .iter()
            .zip(values)
            .map(|(t, p)| (*t, p * 1e-6));
        let solid = measured.and_then(|d| d.column(&sensor).ok().map(|c| (d, c)));
        if let Some((drive, column)) = solid {
            let real = drive.time_s.iter().zip(column).map(|(t, p)| (*t, p * 1e-6));
            chart
                .draw_series(LineSeries::new(real, colour.stroke_width(2)))
                .map_err(failed)?;
        }
        let label = move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2));
        let series = if solid.is_some() {
            chart.draw_series(DashedLineSeries::new(points, 6, 4, colour.stroke_width(2)))
        } else {
            chart.draw_series(DashedLineSeries::new(
                points,
                1000,
                0,
                colour.stroke_width(2),
            ))
        };
        series.map_err(failed)?.label(sensor).legend(label);
    }
    key(&mut chart, SeriesLabelPosition::MiddleRight)?;
    root.present().map_err(failed)
}

/// Temperature through the gap in the middle of the longest element, at the snapshots.
fn columns(path: &Path, mold: &Mold, shot: &Shot) -> Result<()> {
    let root = SVGBackend::new(path, (760, 560)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let model = &shot.model;
    let cavity: Vec<usize> = (1..model.nodes())
        .filter(|n| model.graph.nodes[*n].cavity)
        .collect();
    let node = cavity[cavity.len() / 2];
    let wall = model.wall_start_k - 273.15;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            format!(
                "{}: temperature through the gap, middle of the flow path",
                mold.title
            ),
            ("sans-serif", 18),
        )
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..1.0, wall.min(20.0)..model.melt_k - 273.15 + 20.0)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("mid-plane (0) to wall (1)")
        .y_desc("temperature, C")
        .draw()
        .map_err(failed)?;
    let states = shot
        .snapshots
        .iter()
        .chain([&shot.end])
        .filter(|s| s.filling[node] != Filling::Empty);
    for (i, state) in states.enumerate() {
        let colour = ViridisRGB.get_color_normalized(i as f64, 0.0, 9.0);
        let at = node * model.column();
        let points = model
            .layers
            .centres
            .iter()
            .zip(&state.temperature[at..])
            .map(|(z, t)| (*z, t - 273.15));
        line(&mut chart, points, format!("{:.2} s", state.time), colour)?;
    }
    key(&mut chart, SeriesLabelPosition::MiddleRight)?;
    root.present().map_err(failed)
}

/// Distance of the front from the inlet along every flow path, and when the mold was full.
fn front(path: &Path, mold: &Mold, shot: &Shot) -> Result<()> {
    let root = SVGBackend::new(path, (760, 460)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let end = shot.full_at.unwrap_or(shot.part.ejected_at).max(1e-3) * 1.1;
    let paths = flow_paths(mold);
    let whole = shot.moments.last().map_or(&[][..], |m| &m.fronts);
    let length = |elements: &[usize]| 1e3 * elements.iter().map(|e| whole[*e]).sum::<f64>();
    let longest = paths.iter().map(|p| length(&p.1)).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(
            format!("{}: position of the front", mold.title),
            ("sans-serif", 18),
        )
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..longest * 1.08)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("time, s")
        .y_desc("distance from the inlet, mm")
        .draw()
        .map_err(failed)?;
    for (i, (name, elements)) in paths.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let points = std::iter::once((0.0, 0.0)).chain(
            shot.moments
                .iter()
                .map(|m| {
                    (
                        m.time,
                        1e3 * elements.iter().map(|e| m.fronts[*e]).sum::<f64>(),
                    )
                })
                .take_while(|p| p.0 <= end),
        );
        line(&mut chart, points, format!("towards {name}"), colour)?;
    }
    if let Some(full) = shot.full_at {
        let line = [(full, 0.0), (full, longest * 1.08)];
        chart
            .draw_series(DashedLineSeries::new(line, 4, 4, BLACK.stroke_width(1)))
            .map_err(failed)?
            .label(format!("full at {full:.3} s"))
            .legend(|(x, y)| {
                DashedPathElement::new([(x, y), (x + 20, y)], 4, 4, BLACK.stroke_width(1))
            });
    }
    key(&mut chart, SeriesLabelPosition::LowerRight)?;
    root.present().map_err(failed)
}

/// Flow paths that a picture can still tell apart.
const MOST_PATHS: usize = 12;

/// Every way from the inlet to a point where flow ends, as its elements in order of the flow. Where flows meet
/// each of them is a way of its own.
fn flow_paths(mold: &Mold) -> Vec<(String, Vec<usize>)> {
    let mut found: Vec<(String, Vec<usize>)> = Vec::new();
    let mut open: Vec<Vec<usize>> = (0..mold.elements.len())
        .rev()
        .filter(|i| mold.elements[*i].from == mold.inlet)
        .map(|i| vec![i])
        .collect();
    while let Some(path) = open.pop() {
        let end = &mold.elements[path[path.len() - 1]].to;
        let mut ends = true;
        for (i, e) in mold.elements.iter().enumerate().rev() {
            if e.from == *end && !path.contains(&i) {
                ends = false;
                open.push([&path[..], &[i]].concat());
            }
        }
        if ends {
            found.push((end.clone(), path));
        }
        if found.len() == MOST_PATHS {
            break;
        }
    }
    found
}

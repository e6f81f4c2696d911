//! The report of a training: losses, errors by time since full, the worst shots, all numbers in one page.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use models_infer::release::{Description, Errors, Phases};
use models_pinn::evaluate::{ShotScore, quantile};
use models_pinn::train::Row;
use plotters::prelude::*;

use crate::plot::{COLOURS, failed, key, line};
use crate::training::csv;

/// What the report tells.
pub struct Told<'a> {
    /// The release.
    pub about: &'a Description,
    /// Losses of the fill and of what comes after.
    pub losses: &'a [Vec<Row>; 2],
    /// Errors of every fresh shot.
    pub shots: &'a [ShotScore],
    /// The same errors on fresh shots of other samples: the seed of each, its errors.
    pub elsewhere: &'a [(u32, Errors)],
    /// Time the training took, the part before an interruption not counted, s.
    pub trained_s: f64,
}

/// Worst shots that are drawn.
const WORST: usize = 4;
const BLUE: RGBColor = COLOURS[0];
const ORANGE: RGBColor = COLOURS[1];
const GREEN: RGBColor = COLOURS[2];

/// Writes the report into a new folder.
pub fn write(folder: &Path, told: &Told<'_>) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut worst: Vec<&ShotScore> = told.shots.iter().collect();
    worst.sort_by(|a, b| b.sensors.total_cmp(&a.sensors));
    worst.truncate(WORST);
    losses(&folder.join("losses.svg"), told.losses)?;
    by_time(&folder.join("errors_by_time.svg"), told.shots)?;
    worst_shots(&folder.join("worst_shots.svg"), &worst)?;
    for (name, text) in [
        ("losses.csv", csv(told.losses)),
        ("README.md", page(told, &worst)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Lowest and highest positive value, as the ends of a logarithmic axis.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values
        .filter(|v| v.is_finite() && *v > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    if low < high {
        0.8 * low..1.25 * high
    } else {
        1e-6..1.0
    }
}

fn losses(path: &Path, stages: &[Vec<Row>; 2]) -> Result<()> {
    let root = SVGBackend::new(path, (1000, 420)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let titles = [
        ("fill", ["front", "fields"]),
        ("hold and cooling", ["pressure", "temperature"]),
    ];
    for ((area, rows), (title, names)) in root.split_evenly((1, 2)).iter().zip(stages).zip(titles) {
        let steps = rows.last().map_or(1, |r| r.step) as f64;
        let all = rows
            .iter()
            .flat_map(|r| r.train.into_iter().chain(r.kept_back))
            .map(f64::from);
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..steps, range(all).log_scale())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("optimiser steps")
            .y_desc("unexplained share of variance")
            .y_label_formatter(&|v| format!("{v:.0e}"))
            .draw()
            .map_err(failed)?;
        for (i, (name, colour)) in names.into_iter().zip([BLUE, ORANGE]).enumerate() {
            for (what, dash) in [("training", 1000), ("kept back", 6)] {
                let points = rows
                    .iter()
                    .map(|r| {
                        let v = if dash == 6 {
                            r.kept_back[i]
                        } else {
                            r.train[i]
                        };
                        (r.step as f64, f64::from(v))
                    })
                    .filter(|p| p.1.is_finite() && p.1 > 0.0);
                chart
                    .draw_series(DashedLineSeries::new(
                        points,
                        dash,
                        dash % 1000,
                        colour.stroke_width(2),
                    ))
                    .map_err(failed)?
                    .label(format!("{name}, {what}"))
                    .legend(move |(x, y)| {
                        PathElement::new(
                            [(x, y), (x + 20, y)],
                            colour.stroke_width(if dash == 6 { 1 } else { 3 }),
                        )
                    });
            }
        }
        key(&mut chart, SeriesLabelPosition::MiddleRight)?;
    }
    root.present().map_err(failed)
}

/// Bounds of the times since full over which errors are taken together, s.
const BINS: usize = 22;

/// Name, colour and a value a bin.
type Curve = (&'static str, RGBColor, Vec<f64>);

/// Time since full, root mean square errors over all shots and 95 % of shots below: pressure in percent, temperature in K.
struct Bin {
    at_s: f64,
    pressure: [f64; 2],
    temperature: f64,
}

fn bins(shots: &[ShotScore]) -> Vec<Bin> {
    let last = shots
        .iter()
        .filter_map(|s| s.ticks.last().map(|t| t.since_full_s))
        .fold(1.0, f64::max);
    let edge = |i: usize| 0.002 * (last / 0.002).powf(i as f64 / BINS as f64);
    let mean = |v: &[f64]| (v.iter().sum::<f64>() / v.len() as f64).sqrt();
    (0..BINS)
        .filter_map(|i| {
            let inside = edge(i)..edge(i + 1);
            let ticks = shots.iter().map(|s| {
                s.ticks
                    .iter()
                    .filter(|t| inside.contains(&t.since_full_s))
                    .collect::<Vec<_>>()
            });
            let (mut squares, mut of_shots, mut warm) = (Vec::new(), Vec::new(), Vec::new());
            for ticks in ticks.filter(|t| !t.is_empty()) {
                let p: Vec<f64> = ticks.iter().map(|t| t.pressure).collect();
                of_shots.push(mean(&p));
                squares.extend(p);
                warm.extend(ticks.iter().filter_map(|t| t.temperature.map(|t| t[0])));
            }
            (!squares.is_empty() && !warm.is_empty()).then(|| Bin {
                at_s: (inside.start * inside.end).sqrt(),
                pressure: [
                    100.0 * mean(&squares),
                    100.0 * quantile(of_shots.into_iter(), 0.95),
                ],
                temperature: mean(&warm),
            })
        })
        .collect()
}

fn by_time(path: &Path, shots: &[ShotScore]) -> Result<()> {
    let bins = bins(shots);
    let root = SVGBackend::new(path, (1000, 420)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let last = bins.last().map_or(1.0, |b| b.at_s);
    let curves: [(&str, &str, Vec<Curve>); 2] = [
        (
            "pressure field",
            "error, % of the shot's peak",
            vec![
                (
                    "root mean square",
                    BLUE,
                    bins.iter().map(|b| b.pressure[0]).collect(),
                ),
                (
                    "95 % of shots below",
                    ORANGE,
                    bins.iter().map(|b| b.pressure[1]).collect(),
                ),
            ],
        ),
        (
            "temperature",
            "error, K",
            vec![(
                "root mean square",
                GREEN,
                bins.iter().map(|b| b.temperature).collect(),
            )],
        ),
    ];
    for (area, (title, unit, curves)) in root.split_evenly((1, 2)).iter().zip(curves) {
        let top = curves
            .iter()
            .flat_map(|c| &c.2)
            .fold(0.1_f64, |m, v| m.max(*v));
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d((0.002..last.max(0.01)).log_scale(), 0.0..1.1 * top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("time since the mold was full, s")
            .y_desc(unit)
            .draw()
            .map_err(failed)?;
        for (name, colour, values) in curves {
            let points = bins.iter().map(|b| b.at_s).zip(values);
            line(&mut chart, points, name, colour)?;
        }
        key(&mut chart, SeriesLabelPosition::MiddleRight)?;
    }
    root.present().map_err(failed)
}

/// Pressure of the last node to fill on the worst shots, solver beside network.
fn worst_shots(path: &Path, worst: &[&ShotScore]) -> Result<()> {
    let root = SVGBackend::new(path, (1000, 640)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    for (area, shot) in root.split_evenly((2, WORST / 2)).iter().zip(worst) {
        let last = shot.ticks.last().map_or(1.0, |t| t.since_full_s);
        let top = shot
            .ticks
            .iter()
            .flat_map(|t| t.last_pa)
            .fold(1e6_f64, f64::max)
            * 1.05e-6;
        let mut chart = ChartBuilder::on(area)
            .caption(
                format!("shot {}: {:.1} % at the sensors", shot.index, shot.sensors),
                ("sans-serif", 15),
            )
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(52)
            .build_cartesian_2d(-shot.full_at_s..last, 0.0..top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("time since the mold was full, s")
            .y_desc("last node to fill, MPa")
            .draw()
            .map_err(failed)?;
        for (i, (name, colour)) in [("solver", BLUE), ("network", ORANGE)]
            .into_iter()
            .enumerate()
        {
            let points = shot
                .ticks
                .iter()
                .map(|t| (t.since_full_s, 1e-6 * t.last_pa[i]))
                .filter(|p| p.1.is_finite());
            line(&mut chart, points, name, colour)?;
        }
        key(&mut chart, SeriesLabelPosition::MiddleRight)?;
    }
    root.present().map_err(failed)
}

/// The page: numbers first, then the pictures. Writing to a string cannot fail.
fn page(told: &Told<'_>, worst: &[&ShotScore]) -> String {
    let (about, e) = (told.about, &told.about.errors);
    let mut t = String::new();
    let _ = writeln!(
        t,
        "# {}: the network against the solver\n\n\
         {} training shots (seed {}, {:.0} % waveforms), {} optimiser steps, {:.0} s of training in the last run; \
         errors on {} fresh shots, followed sample by sample at 1 kHz.\n",
        about.mold,
        about.shots,
        about.dataset_seed,
        100.0 * about.waveforms,
        told.losses
            .iter()
            .filter_map(|l| l.last())
            .map(|r| r.step)
            .sum::<usize>(),
        told.trained_s,
        e.shots,
    );
    let _ = writeln!(
        t,
        "Pressure at the sensors: mean {:.2} %, 95 % of shots below {:.2} % of peak. The moment the mold is full: median {:.1} ms, \
         95 % below {:.1} ms off.\n",
        e.sensors_percent[0], e.sensors_percent[1], e.full_ms[0], e.full_ms[1]
    );
    for (title, phases) in [
        ("All shots", &e.phases),
        ("Recipe-driven shots", &e.recipes),
    ] {
        if let Some(phases) = phases {
            table(&mut t, title, phases);
        }
    }
    by_sample(&mut t, about, told.elsewhere);
    t += "## Worst shots\n\n| shot | driven by | peak, MPa | full at, s | full late, ms | sensors, % | fill, % | hold, % | cooling, % | temperature, K |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for s in worst {
        let _ = writeln!(
            t,
            "| {} | {:?} | {:.1} | {:.3} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            s.index,
            s.kind,
            1e-6 * s.peak_pa,
            s.full_at_s,
            1e3 * s.full_late_s,
            s.sensors,
            s.phases[0],
            s.phases[1],
            s.phases[2],
            s.temperature[0]
        );
    }
    t += "\n![losses](losses.svg)\n\n![errors by time](errors_by_time.svg)\n\n![worst shots](worst_shots.svg)\n";
    t
}

/// Mean and 95 % bound of each sample of fresh shots: those driven by recipes where there are some, else all.
fn by_sample(t: &mut String, about: &Description, elsewhere: &[(u32, Errors)]) {
    *t += "## Other samples of fresh shots\n\nMean and, behind it, what 95 % of shots stay below; shots driven by recipes where a sample has them beside others.\n\n\
        | seed | shots | fill, % | hold, % | cooling, % | end of fill, % | temperature, K | mid-plane, K | sensors, % |\n|---|---|---|---|---|---|---|---|---|\n";
    let own = (about.dataset_seed, &about.errors);
    let others = elsewhere.iter().map(|(seed, e)| (u64::from(*seed), e));
    for (seed, e) in std::iter::once(own).chain(others) {
        let Some(p) = e.recipes.as_ref().or(e.phases.as_ref()) else {
            continue;
        };
        let pairs = [
            p.fill_percent,
            p.hold_percent,
            p.cooling_percent,
            p.end_of_fill_percent,
            p.temperature_k,
            p.core_k,
            e.sensors_percent,
        ];
        let cells = pairs.map(|[mean, most]| format!("{mean:.2} {most:.2}"));
        let _ = writeln!(t, "| {seed} | {} | {} |", p.shots, cells.join(" | "));
    }
    t.push('\n');
}

fn table(t: &mut String, title: &str, p: &Phases) {
    let _ = writeln!(
        t,
        "## {title} ({})\n\n| | mean | 95 % below |\n|---|---|---|",
        p.shots
    );
    for (name, [mean, most], unit) in [
        ("pressure field, fill", p.fill_percent, "%"),
        ("pressure field, hold", p.hold_percent, "%"),
        ("pressure field, cooling", p.cooling_percent, "%"),
        ("last node to fill, hold", p.end_of_fill_percent, "%"),
        ("pressure field, first 60 ms", p.first_60ms_percent, "%"),
        ("temperature", p.temperature_k, "K"),
        ("temperature, mid-plane", p.core_k, "K"),
    ] {
        let _ = writeln!(t, "| {name} | {mean:.2} {unit} | {most:.2} {unit} |");
    }
    t.push('\n');
}

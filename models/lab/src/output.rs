//! What a simulation leaves behind: curves as CSV and Parquet, a summary as JSON. Files are written
//! beside their final name and renamed, so an interrupted run leaves nothing half-written.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use models_physics::drive::Drive;
use models_physics::mold::{Mold, SensorQuantity};
use models_physics::shot::Shot;
use parquet::basic::{Compression, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::data_type::DoubleType;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde::Serialize;

/// Named columns on common times.
pub struct Curves {
    /// Times, s, as they were given.
    pub time_s: Vec<f64>,
    /// Pressure sensors (`<sensor>_pa`), in the order of the mold.
    pub pressures: Vec<(String, Vec<f64>)>,
    /// Temperature sensors (`<sensor>_k`).
    pub temperatures: Vec<(String, Vec<f64>)>,
}

impl Curves {
    /// Sensor readings at `times`; with a drive they count from its first time, and the driving
    /// sensor shows what was measured.
    pub fn new(shot: &Shot, times: &[f64], drive: Option<(&Drive, &str)>) -> Self {
        let first = if drive.is_some() { times[0] } else { 0.0 };
        let since: Vec<f64> = times.iter().map(|t| t - first).collect();
        let (mut pressures, mut temperatures) = (Vec::new(), Vec::new());
        for (i, probe) in shot.probes.iter().enumerate() {
            let measured = drive
                .filter(|(_, at)| *at == probe.name)
                .and_then(|(d, at)| d.column(at).ok());
            let values = measured.map_or_else(|| shot.sample(i, &since), <[f64]>::to_vec);
            match probe.quantity {
                SensorQuantity::Pressure => pressures.push((format!("{}_pa", probe.name), values)),
                _ => temperatures.push((format!("{}_k", probe.name), values)),
            }
        }
        Self {
            time_s: times.to_vec(),
            pressures,
            temperatures,
        }
    }

    fn csv(&self, columns: &[(String, Vec<f64>)]) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(std::iter::once("time_s").chain(columns.iter().map(|c| c.0.as_str())))?;
        for (i, t) in self.time_s.iter().enumerate() {
            let row = std::iter::once(format!("{}", (t * 1e9).round() / 1e9))
                .chain(columns.iter().map(|c| format!("{:.3}", c.1[i])));
            writer.write_record(row)?;
        }
        writer.into_inner().context("finishing a CSV table")
    }

    fn parquet(&self) -> Result<Vec<u8>> {
        let names: Vec<(&str, &Vec<f64>)> = std::iter::once(("time_s", &self.time_s))
            .chain(
                self.pressures
                    .iter()
                    .chain(&self.temperatures)
                    .map(|(n, v)| (n.as_str(), v)),
            )
            .collect();
        let fields = names
            .iter()
            .map(|(n, _)| {
                Ok(Arc::new(
                    Type::primitive_type_builder(n, PhysicalType::DOUBLE)
                        .with_repetition(Repetition::REQUIRED)
                        .build()?,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(
            Type::group_type_builder("sensors")
                .with_fields(fields)
                .build()?,
        );
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(6)?))
            .build();
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for (_, values) in names {
            let Some(mut column) = group.next_column()? else {
                break;
            };
            column
                .typed::<DoubleType>()
                .write_batch(values, None, None)?;
            column.close()?;
        }
        group.close()?;
        writer.close()?;
        Ok(bytes)
    }
}

/// The result of a shot in numbers.
#[derive(Serialize)]
pub struct Summary {
    /// Name of the mold.
    pub mold: String,
    /// Card.
    pub material: String,
    /// Mass of the product, g.
    pub part_mass_g: f64,
    /// Mass of runners and gates, g.
    pub feed_mass_g: f64,
    /// When the mold was full, s.
    pub full_at_s: Option<f64>,
    /// When the press changed to hold, s.
    pub transfer_at_s: Option<f64>,
    /// When the gates froze, s.
    pub gate_freeze_s: Option<f64>,
    /// Ejection, s.
    pub ejected_at_s: f64,
    /// Highest pressure at the inlet, MPa absolute.
    pub peak_inlet_pressure_mpa: f64,
    /// Highest reading of each pressure sensor, MPa absolute.
    pub peak_pressure_mpa: std::collections::BTreeMap<String, f64>,
    /// Largest clamp force, kN.
    pub clamp_force_kn: f64,
    /// Clamp force over that of the press; above 1 it flashes.
    pub flash_ratio: Option<f64>,
    /// Share of the product that stayed empty, %.
    pub short_shot_percent: f64,
    /// Mean volumetric shrinkage to room temperature, %.
    pub mean_shrinkage_percent: f64,
    /// Largest local volumetric shrinkage, %.
    pub largest_shrinkage_percent: f64,
    /// Sink indicator: local shrinkage beyond the mean, over the gap, mm.
    pub sink_depth_mm: f64,
    /// Hottest place of the product at ejection, C.
    pub hottest_at_ejection_celsius: f64,
    /// Melt below the no-flow temperature at ejection, %.
    pub frozen_at_ejection_percent: f64,
    /// Largest wall shear rate, 1/s.
    pub peak_shear_rate_per_s: f64,
    /// Melt in the mold less what flowed in, as a share of the melt.
    pub mass_balance_error: f64,
    /// Steps taken, steps refused, iterations.
    pub steps: [usize; 3],
}

impl Summary {
    /// Summary of a shot.
    pub fn new(mold: &Mold, shot: &Shot) -> Self {
        let part = &shot.part;
        let peaks = shot
            .probes
            .iter()
            .enumerate()
            .filter(|(_, p)| p.quantity == SensorQuantity::Pressure);
        let highest = |i: usize| {
            shot.moments
                .iter()
                .fold(0.0, |m: f64, x| m.max(x.readings[i]))
                * 1e-6
        };
        Self {
            mold: mold.name.clone(),
            material: mold.material.clone(),
            part_mass_g: part.mass * 1e3,
            feed_mass_g: part.feed_mass * 1e3,
            full_at_s: shot.full_at,
            transfer_at_s: shot.transfer_at,
            gate_freeze_s: shot.gate_freeze,
            ejected_at_s: part.ejected_at,
            peak_inlet_pressure_mpa: part.peak_inlet_pressure * 1e-6,
            peak_pressure_mpa: peaks.map(|(i, p)| (p.name.clone(), highest(i))).collect(),
            clamp_force_kn: part.clamp_force * 1e-3,
            flash_ratio: part.flash_ratio,
            short_shot_percent: 100.0 * part.short_share,
            mean_shrinkage_percent: 100.0 * part.mean_shrinkage,
            largest_shrinkage_percent: 100.0 * part.largest_shrinkage,
            sink_depth_mm: part.sink_depth * 1e3,
            hottest_at_ejection_celsius: part.hottest_at_ejection - 273.15,
            frozen_at_ejection_percent: 100.0 * part.frozen_at_ejection,
            peak_shear_rate_per_s: part.peak_shear_rate,
            mass_balance_error: shot.mass_error,
            steps: shot.counts,
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut s = String::new();
        let time = |t: Option<f64>| t.map_or("not reached".to_owned(), |t| format!("{t:.3} s"));
        let _ = writeln!(s, "{} ({})", self.mold, self.material);
        let _ = writeln!(s, "  full at             {}", time(self.full_at_s));
        if let Some(t) = self.transfer_at_s {
            let _ = writeln!(s, "  transfer            {t:.3} s");
        }
        let _ = writeln!(s, "  gate freeze         {}", time(self.gate_freeze_s));
        let _ = writeln!(
            s,
            "  part mass           {:.3} g (feed system {:.3} g)",
            self.part_mass_g, self.feed_mass_g
        );
        let _ = writeln!(
            s,
            "  shrinkage           {:.2} % mean, {:.2} % largest (volume)",
            self.mean_shrinkage_percent, self.largest_shrinkage_percent
        );
        let _ = writeln!(s, "  sink indicator      {:.3} mm", self.sink_depth_mm);
        let _ = writeln!(
            s,
            "  short shot          {:.2} % empty",
            self.short_shot_percent
        );
        for (name, p) in &self.peak_pressure_mpa {
            let _ = writeln!(s, "  peak pressure {name:<5} {p:.2} MPa");
        }
        let flash = self.flash_ratio.map_or(String::new(), |r| {
            format!(" ({:.0} % of the press)", 100.0 * r)
        });
        let _ = writeln!(
            s,
            "  clamp force         {:.1} kN{flash}",
            self.clamp_force_kn
        );
        let _ = writeln!(
            s,
            "  at ejection         {:.1} C hottest, {:.0} % frozen",
            self.hottest_at_ejection_celsius, self.frozen_at_ejection_percent
        );
        let _ = writeln!(
            s,
            "  mass balance        {:.1e} of the melt",
            self.mass_balance_error
        );
        s
    }
}

/// A folder of results.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Creates the folder if need be.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Writes `sensors.csv`, `temperatures.csv` (if any), `sensors.parquet` and `summary.json`.
    pub fn write(&self, curves: &Curves, summary: &Summary) -> Result<()> {
        // Everything is made before anything is written.
        let sensors = curves.csv(&curves.pressures)?;
        let temperatures = curves.csv(&curves.temperatures)?;
        let table = curves.parquet()?;
        let json = serde_json::to_vec_pretty(summary)?;
        self.put("sensors.csv", &sensors)?;
        if !curves.temperatures.is_empty() {
            self.put("temperatures.csv", &temperatures)?;
        }
        self.put("sensors.parquet", &table)?;
        self.put("summary.json", &json)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        replace(&self.path.join(name), bytes)
    }
}

/// Writes a file beside its final name and renames it.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).with_context(|| format!("writing {}", partial.display()))?;
    fs::rename(&partial, path)
        .with_context(|| format!("renaming {} to {}", partial.display(), path.display()))
}

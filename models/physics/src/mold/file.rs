//! The mold file as written, and its way to SI and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::named::Named;
use super::shape_file::ElementFile;
use super::{
    Grid, Mold, Press, ProcessDefaults, Provenance, Sensor, SensorKind, SensorQuantity, Steel, Wall,
};
use crate::input::{Checks, InputError, ZERO_CELSIUS_K, celsius_from_k, from_si};
use crate::laws::WallContact;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoldFile {
    name: String,
    title: String,
    material: String,
    inlet: String,
    compliance_m_per_pa: f64,
    process: ProcessFile,
    wall: WallFile,
    #[serde(skip_serializing_if = "Option::is_none")]
    grid: Option<GridFile>,
    #[serde(default)]
    element: Named<ElementFile>,
    #[serde(default)]
    sensor: Named<SensorFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    press: Option<PressFile>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    latents: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Provenance>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ProcessFile {
    melt_celsius: f64,
    eject_celsius: Option<f64>,
    recipe: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WallFile {
    mold_celsius: f64,
    htc_w_per_m2_k: Option<f64>,
    htc_by_pressure_mpa: Option<Vec<[f64; 2]>>,
    steel: Option<SteelFile>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SteelFile {
    thickness_mm: f64,
    conductivity_w_per_m_k: f64,
    density_kg_per_m3: f64,
    heat_capacity_j_per_kg_k: f64,
    coolant_htc_w_per_m2_k: f64,
    coolant_celsius: f64,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct GridFile {
    #[serde(default = "default_cells")]
    cells_per_path: usize,
    #[serde(default = "default_layers")]
    layers: usize,
}

fn default_cells() -> usize {
    Grid::default().cells_per_path
}

fn default_layers() -> usize {
    Grid::default().layers
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SensorFile {
    element: String,
    at_mm: f64,
    #[serde(default)]
    quantity: SensorQuantity,
    #[serde(default)]
    kind: SensorKind,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PressFile {
    screw_diameter_mm: f64,
    max_stroke_cm3: f64,
    max_rate_cm3_s: f64,
    max_injection_pressure_mpa: f64,
    max_hold_pressure_mpa: f64,
    clamp_force_kn: f64,
    check_ring_leakage_cm3_s_mpa: f64,
    hold_loss: f64,
    cushion_cm3: f64,
    melt_celsius: [f64; 2],
    mold_celsius: [f64; 2],
}

impl MoldFile {
    pub(super) fn into_mold(self, file: &str) -> Result<Mold, InputError> {
        let top = Checks::new(file, "");
        let compliance = self.compliance_m_per_pa;
        top.within("compliance_m_per_pa", compliance, 0.0, 1e-10)?;
        let elements = (self.element.0.into_iter())
            .map(|(name, e)| e.into_element(name, file))
            .collect::<Result<_, _>>()?;
        let sensors = (self.sensor.0.into_iter())
            .map(|(name, s)| s.into_sensor(name, file))
            .collect::<Result<_, _>>()?;
        Ok(Mold {
            file: file.to_owned(),
            name: self.name,
            title: self.title,
            material: self.material,
            inlet: self.inlet,
            compliance_m_per_pa: compliance,
            process: self.process.into_defaults(file)?,
            elements,
            sensors,
            wall: self.wall.into_wall(file)?,
            press: self.press.map(|p| p.into_press(file)).transpose()?,
            grid: self
                .grid
                .map_or(Ok(Grid::default()), |g| g.into_grid(file))?,
            latents: self.latents,
            provenance: self.provenance,
        })
    }

    pub(super) fn of(mold: &Mold) -> Self {
        Self {
            name: mold.name.clone(),
            title: mold.title.clone(),
            material: mold.material.clone(),
            inlet: mold.inlet.clone(),
            compliance_m_per_pa: mold.compliance_m_per_pa,
            process: ProcessFile {
                melt_celsius: celsius_from_k(mold.process.melt_k),
                eject_celsius: mold.process.eject_k.map(celsius_from_k),
                recipe: mold.process.recipe.clone(),
            },
            wall: WallFile::of(&mold.wall),
            grid: Some(GridFile {
                cells_per_path: mold.grid.cells_per_path,
                layers: mold.grid.layers,
            }),
            element: Named(
                mold.elements
                    .iter()
                    .map(|e| (e.name.clone(), ElementFile::of(e)))
                    .collect(),
            ),
            sensor: Named(
                mold.sensors
                    .iter()
                    .map(|s| (s.name.clone(), SensorFile::of(s)))
                    .collect(),
            ),
            press: mold.press.as_ref().map(PressFile::of),
            latents: mold.latents.clone(),
            provenance: mold.provenance.clone(),
        }
    }
}

impl ProcessFile {
    fn into_defaults(self, file: &str) -> Result<ProcessDefaults, InputError> {
        let checks = Checks::new(file, "process");
        Ok(ProcessDefaults {
            melt_k: checks.celsius("melt_celsius", self.melt_celsius)?,
            eject_k: self
                .eject_celsius
                .map(|c| checks.celsius("eject_celsius", c))
                .transpose()?,
            recipe: self.recipe,
        })
    }
}

impl WallFile {
    fn into_wall(self, file: &str) -> Result<Wall, InputError> {
        let checks = Checks::new(file, "wall");
        let htc = match (self.htc_w_per_m2_k, self.htc_by_pressure_mpa) {
            (Some(htc), None) => WallContact::constant(checks.positive("htc_w_per_m2_k", htc)?)
                .map_err(|e| checks.error("htc_w_per_m2_k", e.to_string()))?,
            (None, Some(points)) => {
                let p: Vec<f64> = points.iter().map(|point| point[0] * 1e6).collect();
                let htc: Vec<f64> = points.iter().map(|point| point[1]).collect();
                WallContact::from_table(&p, &htc)
                    .map_err(|e| checks.error("htc_by_pressure_mpa", e.to_string()))?
            }
            _ => {
                let reason = "give either htc_w_per_m2_k or htc_by_pressure_mpa";
                return Err(checks.error("htc_w_per_m2_k", reason));
            }
        };
        let steel = self.steel.map(|s| s.into_steel(file)).transpose()?;
        let mold_temperature_k = checks.celsius("mold_celsius", self.mold_celsius)?;
        Ok(Wall {
            htc,
            mold_temperature_k,
            steel,
        })
    }

    fn of(wall: &Wall) -> Self {
        let table = || {
            let points = wall.htc.points();
            points
                .into_iter()
                .map(|(p, htc)| [from_si(p, 1e6), htc])
                .collect()
        };
        Self {
            mold_celsius: celsius_from_k(wall.mold_temperature_k),
            htc_w_per_m2_k: wall.htc.as_constant(),
            htc_by_pressure_mpa: wall.htc.as_constant().is_none().then(table),
            steel: wall.steel.map(|steel| SteelFile {
                thickness_mm: from_si(steel.thickness, 1e-3),
                conductivity_w_per_m_k: steel.conductivity,
                density_kg_per_m3: steel.density,
                heat_capacity_j_per_kg_k: steel.heat_capacity,
                coolant_htc_w_per_m2_k: steel.coolant_htc,
                coolant_celsius: celsius_from_k(steel.coolant_k),
            }),
        }
    }
}

impl SteelFile {
    fn into_steel(self, file: &str) -> Result<Steel, InputError> {
        let c = Checks::new(file, "wall.steel");
        Ok(Steel {
            thickness: c.positive("thickness_mm", self.thickness_mm)? * 1e-3,
            conductivity: c.positive("conductivity_w_per_m_k", self.conductivity_w_per_m_k)?,
            density: c.positive("density_kg_per_m3", self.density_kg_per_m3)?,
            heat_capacity: c.positive("heat_capacity_j_per_kg_k", self.heat_capacity_j_per_kg_k)?,
            coolant_htc: c.positive("coolant_htc_w_per_m2_k", self.coolant_htc_w_per_m2_k)?,
            coolant_k: c.celsius("coolant_celsius", self.coolant_celsius)?,
        })
    }
}

impl GridFile {
    fn into_grid(self, file: &str) -> Result<Grid, InputError> {
        let checks = Checks::new(file, "grid");
        checks.within("cells_per_path", self.cells_per_path as f64, 2.0, 10_000.0)?;
        checks.within("layers", self.layers as f64, 4.0, 1_000.0)?;
        Ok(Grid {
            cells_per_path: self.cells_per_path,
            layers: self.layers,
        })
    }
}

impl SensorFile {
    fn into_sensor(self, name: String, file: &str) -> Result<Sensor, InputError> {
        let checks = Checks::new(file, &format!("sensor.{name}"));
        let at = checks.not_negative("at_mm", self.at_mm)? * 1e-3;
        Ok(Sensor {
            name,
            quantity: self.quantity,
            element: self.element,
            at,
            kind: self.kind,
        })
    }

    fn of(sensor: &Sensor) -> Self {
        Self {
            element: sensor.element.clone(),
            at_mm: from_si(sensor.at, 1e-3),
            quantity: sensor.quantity,
            kind: sensor.kind,
        }
    }
}

impl PressFile {
    fn into_press(self, file: &str) -> Result<Press, InputError> {
        let c = Checks::new(file, "press");
        let kelvin = |key: &str, range: [f64; 2]| {
            let (low, high) = c.range(key, range, -50.0, 500.0)?;
            Ok::<_, InputError>((low + ZERO_CELSIUS_K, high + ZERO_CELSIUS_K))
        };
        let injection = c.within(
            "max_injection_pressure_mpa",
            self.max_injection_pressure_mpa,
            1.0,
            1000.0,
        )?;
        let hold = c.within(
            "max_hold_pressure_mpa",
            self.max_hold_pressure_mpa,
            1.0,
            injection,
        )?;
        let leakage = self.check_ring_leakage_cm3_s_mpa;
        Ok(Press {
            screw_diameter: c.positive("screw_diameter_mm", self.screw_diameter_mm)? * 1e-3,
            max_stroke_volume: c.positive("max_stroke_cm3", self.max_stroke_cm3)? * 1e-6,
            max_rate: c.positive("max_rate_cm3_s", self.max_rate_cm3_s)? * 1e-6,
            max_injection_pressure: injection * 1e6,
            max_hold_pressure: hold * 1e6,
            clamp_force_n: c.positive("clamp_force_kn", self.clamp_force_kn)? * 1e3,
            check_ring_leakage: c.not_negative("check_ring_leakage_cm3_s_mpa", leakage)? * 1e-12,
            hold_loss: c.within("hold_loss", self.hold_loss, 0.0, 0.9)?,
            cushion_volume: c.not_negative("cushion_cm3", self.cushion_cm3)? * 1e-6,
            melt_range_k: kelvin("melt_celsius", self.melt_celsius)?,
            mold_range_k: kelvin("mold_celsius", self.mold_celsius)?,
        })
    }

    fn of(press: &Press) -> Self {
        let celsius = |(low, high)| [celsius_from_k(low), celsius_from_k(high)];
        Self {
            screw_diameter_mm: from_si(press.screw_diameter, 1e-3),
            max_stroke_cm3: from_si(press.max_stroke_volume, 1e-6),
            max_rate_cm3_s: from_si(press.max_rate, 1e-6),
            max_injection_pressure_mpa: from_si(press.max_injection_pressure, 1e6),
            max_hold_pressure_mpa: from_si(press.max_hold_pressure, 1e6),
            clamp_force_kn: from_si(press.clamp_force_n, 1e3),
            check_ring_leakage_cm3_s_mpa: from_si(press.check_ring_leakage, 1e-12),
            hold_loss: press.hold_loss,
            cushion_cm3: from_si(press.cushion_volume, 1e-6),
            melt_celsius: celsius(press.melt_range_k),
            mold_celsius: celsius(press.mold_range_k),
        }
    }
}

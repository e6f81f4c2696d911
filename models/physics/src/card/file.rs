//! The card file as written: SI with the unit in the key.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{MaterialCard, Trust};
use crate::input::{Checks, InputError};
use crate::laws::{
    Conductivity, CrossWlf, HeatCapacity, TableError, Tait, TaitMelt, WallContact, ZeroShearWlf,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardFile {
    key: String,
    name: String,
    polymer: String,
    trust: Trust,
    source: String,
    #[serde(default)]
    notes: Vec<String>,
    density_298k_kg_per_m3: Option<f64>,
    #[serde(default)]
    missing: BTreeMap<String, String>,
    processing: Option<ProcessingFile>,
    no_flow: Option<NoFlowFile>,
    solid: Option<SolidFile>,
    mold_contact: Option<MoldContactFile>,
    wall_contact: Option<WallContactFile>,
    wall_contact_alternative: Option<WallContactFile>,
    cross_wlf: Option<CrossWlfFile>,
    zero_shear_wlf: Option<ZeroShearWlfFile>,
    tait: Option<TaitFile>,
    tait_alternative: Option<TaitFile>,
    tait_melt: Option<TaitMeltFile>,
    heat_capacity: Option<HeatCapacityFile>,
    conductivity: Option<ConductivityFile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessingFile {
    melt_k: Option<[f64; 2]>,
    mold_k: Option<[f64; 2]>,
    eject_k: Option<f64>,
    max_shear_rate_per_s: Option<f64>,
    max_shear_stress_pa: Option<f64>,
}

/// Tables that all have a source, an optional note, and numbers.
macro_rules! sourced {
    ($($name:ident { $($(#[$attr:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct $name {
                source: String,
                #[serde(default)]
                note: Option<String>,
                $($(#[$attr])* $field: $type),*
            }
            impl Sourced for $name {
                fn sources(&self) -> (&str, Option<&str>) {
                    (&self.source, self.note.as_deref())
                }
            }
        )*
    };
}

trait Sourced {
    fn sources(&self) -> (&str, Option<&str>);
}

sourced! {
    NoFlowFile { temperature_k: f64 }
    SolidFile { shear_modulus_pa: f64 }
    MoldContactFile { compliance_m_per_pa: f64 }
    WallContactFile {
        constant_w_per_m2_k: Option<f64>,
        pressure_pa: Option<Vec<f64>>,
        htc_w_per_m2_k: Option<Vec<f64>>,
    }
    CrossWlfFile {
        n: f64,
        tau_star_pa: f64,
        d1_pa_s: f64,
        d2_k: f64,
        d3_k_per_pa: f64,
        a1: f64,
        a2_tilde_k: f64,
    }
    ZeroShearWlfFile { n: f64, d1_pa_s: f64, t_ref_k: f64, a1: f64, a2_k: f64 }
    TaitFile {
        b1m_m3_per_kg: f64,
        b2m_m3_per_kg_k: f64,
        b3m_pa: f64,
        b4m_per_k: f64,
        b1s_m3_per_kg: f64,
        b2s_m3_per_kg_k: f64,
        b3s_pa: f64,
        b4s_per_k: f64,
        b5_k: f64,
        b6_k_per_pa: f64,
        #[serde(default)]
        b7_m3_per_kg: f64,
        #[serde(default)]
        b8_per_k: f64,
        #[serde(default)]
        b9_per_pa: f64,
    }
    TaitMeltFile {
        b1m_m3_per_kg: f64,
        b2m_m3_per_kg_k: f64,
        b3m_pa: f64,
        b4m_per_k: f64,
        b5_k: f64,
        t_max_k: Option<f64>,
        p_max_pa: Option<f64>,
    }
    HeatCapacityFile {
        constant_j_per_kg_k: Option<f64>,
        temperature_k: Option<Vec<f64>>,
        cp_j_per_kg_k: Option<Vec<f64>>,
    }
    ConductivityFile {
        constant_w_per_m_k: Option<f64>,
        temperature_k: Option<Vec<f64>>,
        pressure_pa: Option<Vec<f64>>,
        k_w_per_m_k: Option<Vec<Vec<f64>>>,
    }
}

impl CardFile {
    pub(super) fn into_card(self, file: &str) -> Result<MaterialCard, InputError> {
        let (sources, notes) = self.collect_sources();
        let process = self.processing.unwrap_or_default();
        let checks = Checks::new(file, "processing");
        let range = |key: &str, v: Option<[f64; 2]>| {
            v.map(|v| checks.range(key, v, 200.0, 800.0)).transpose()
        };
        Ok(MaterialCard {
            melt_k: range("melt_k", process.melt_k)?,
            mold_k: range("mold_k", process.mold_k)?,
            eject_k: process.eject_k,
            max_shear_rate: process.max_shear_rate_per_s,
            max_shear_stress: process.max_shear_stress_pa,
            cross_wlf: self.cross_wlf.map(CrossWlfFile::into_law),
            zero_shear_wlf: self.zero_shear_wlf.map(ZeroShearWlfFile::into_law),
            tait: self.tait.map(TaitFile::into_law),
            tait_alternative: self.tait_alternative.map(TaitFile::into_law),
            tait_melt: self.tait_melt.map(TaitMeltFile::into_law),
            heat_capacity: self.heat_capacity.map(|f| f.into_law(file)).transpose()?,
            conductivity: self.conductivity.map(|f| f.into_law(file)).transpose()?,
            wall_contact: (self.wall_contact)
                .map(|f| f.into_law(file, "wall_contact"))
                .transpose()?,
            wall_contact_alternative: (self.wall_contact_alternative)
                .map(|f| f.into_law(file, "wall_contact_alternative"))
                .transpose()?,
            no_flow_k: self.no_flow.map(|f| f.temperature_k),
            mold_compliance_m_per_pa: self.mold_contact.map(|f| f.compliance_m_per_pa),
            shear_modulus: self.solid.map(|f| f.shear_modulus_pa),
            density_298k: self.density_298k_kg_per_m3,
            key: self.key,
            name: self.name,
            polymer: self.polymer,
            trust: self.trust,
            source: self.source,
            sources,
            notes,
            missing: self.missing,
        })
    }

    /// Every source once, and the notes of the card followed by those of its tables.
    fn collect_sources(&self) -> (Vec<String>, Vec<String>) {
        fn of<T: Sourced>(table: &Option<T>) -> Option<(&str, Option<&str>)> {
            table.as_ref().map(Sourced::sources)
        }
        let tables = [
            ("no_flow", of(&self.no_flow)),
            ("solid", of(&self.solid)),
            ("mold_contact", of(&self.mold_contact)),
            ("wall_contact", of(&self.wall_contact)),
            (
                "wall_contact_alternative",
                of(&self.wall_contact_alternative),
            ),
            ("cross_wlf", of(&self.cross_wlf)),
            ("zero_shear_wlf", of(&self.zero_shear_wlf)),
            ("tait", of(&self.tait)),
            ("tait_alternative", of(&self.tait_alternative)),
            ("tait_melt", of(&self.tait_melt)),
            ("heat_capacity", of(&self.heat_capacity)),
            ("conductivity", of(&self.conductivity)),
        ];
        let mut sources = vec![self.source.clone()];
        let mut notes = self.notes.clone();
        for (table, found) in tables {
            let Some((source, note)) = found else {
                continue;
            };
            if !sources.iter().any(|s| s == source) {
                sources.push(source.to_owned());
            }
            notes.extend(note.map(|note| format!("{table}: {note}")));
        }
        (sources, notes)
    }
}

impl CrossWlfFile {
    fn into_law(self) -> CrossWlf {
        CrossWlf {
            n: self.n,
            tau_star: self.tau_star_pa,
            d1: self.d1_pa_s,
            d2: self.d2_k,
            d3: self.d3_k_per_pa,
            a1: self.a1,
            a2_tilde: self.a2_tilde_k,
        }
    }
}

impl ZeroShearWlfFile {
    fn into_law(self) -> ZeroShearWlf {
        ZeroShearWlf {
            n: self.n,
            d1: self.d1_pa_s,
            t_ref: self.t_ref_k,
            a1: self.a1,
            a2: self.a2_k,
        }
    }
}

impl TaitFile {
    fn into_law(self) -> Tait {
        Tait {
            b1m: self.b1m_m3_per_kg,
            b2m: self.b2m_m3_per_kg_k,
            b3m: self.b3m_pa,
            b4m: self.b4m_per_k,
            b1s: self.b1s_m3_per_kg,
            b2s: self.b2s_m3_per_kg_k,
            b3s: self.b3s_pa,
            b4s: self.b4s_per_k,
            b5: self.b5_k,
            b6: self.b6_k_per_pa,
            b7: self.b7_m3_per_kg,
            b8: self.b8_per_k,
            b9: self.b9_per_pa,
        }
    }
}

impl TaitMeltFile {
    fn into_law(self) -> TaitMelt {
        TaitMelt {
            b1m: self.b1m_m3_per_kg,
            b2m: self.b2m_m3_per_kg_k,
            b3m: self.b3m_pa,
            b4m: self.b4m_per_k,
            b5: self.b5_k,
            t_max: self.t_max_k,
            p_max: self.p_max_pa,
        }
    }
}

impl WallContactFile {
    fn into_law(self, file: &str, table: &str) -> Result<WallContact, InputError> {
        let checks = Checks::new(file, table);
        let bad = |key: &str, e: TableError| checks.error(key, e.to_string());
        match (
            self.constant_w_per_m2_k,
            self.pressure_pa,
            self.htc_w_per_m2_k,
        ) {
            (Some(htc), None, None) => {
                WallContact::constant(htc).map_err(|e| bad("constant_w_per_m2_k", e))
            }
            (None, Some(p), Some(htc)) => {
                WallContact::from_table(&p, &htc).map_err(|e| bad("htc_w_per_m2_k", e))
            }
            _ => Err(checks.error(
                "htc_w_per_m2_k",
                "give either constant_w_per_m2_k or pressure_pa with htc_w_per_m2_k",
            )),
        }
    }
}

impl HeatCapacityFile {
    fn into_law(self, file: &str) -> Result<HeatCapacity, InputError> {
        let checks = Checks::new(file, "heat_capacity");
        let bad = |key: &str, e: TableError| checks.error(key, e.to_string());
        match (
            self.constant_j_per_kg_k,
            self.temperature_k,
            self.cp_j_per_kg_k,
        ) {
            (Some(cp), None, None) => {
                HeatCapacity::constant(cp).map_err(|e| bad("constant_j_per_kg_k", e))
            }
            (None, Some(t), Some(cp)) => {
                HeatCapacity::from_table(&t, &cp).map_err(|e| bad("cp_j_per_kg_k", e))
            }
            _ => Err(checks.error(
                "cp_j_per_kg_k",
                "give either constant_j_per_kg_k or temperature_k with cp_j_per_kg_k",
            )),
        }
    }
}

impl ConductivityFile {
    fn into_law(self, file: &str) -> Result<Conductivity, InputError> {
        let checks = Checks::new(file, "conductivity");
        let bad = |key: &str, e: TableError| checks.error(key, e.to_string());
        let parts = (
            self.constant_w_per_m_k,
            self.temperature_k,
            self.pressure_pa,
            self.k_w_per_m_k,
        );
        match parts {
            (Some(k), None, None, None) => {
                Conductivity::constant(k).map_err(|e| bad("constant_w_per_m_k", e))
            }
            (None, Some(t), Some(p), Some(k)) => {
                Conductivity::from_table(&t, &p, &k).map_err(|e| bad("k_w_per_m_k", e))
            }
            _ => Err(checks.error(
                "k_w_per_m_k",
                "give either constant_w_per_m_k or temperature_k, pressure_pa and k_w_per_m_k",
            )),
        }
    }
}

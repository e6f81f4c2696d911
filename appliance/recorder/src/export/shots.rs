//! The tables of an export that come from the book.

use crate::book::entries::EntryRow;
use crate::book::labels::LabelRow;
use crate::book::shots::{EventRow, ShotRow};
use crate::book::store::word;
use crate::export::UnitOf;
use crate::export::table::Table;
use crate::log::record::Uncertain;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Suffixes of names, and the units they stand for.
const UNITS: [(&str, &str); 20] = [
    ("m3_s", "m³/s"),
    ("mpa", "MPa"),
    ("pa_s", "Pa s"),
    ("pa", "Pa"),
    ("celsius", "°C"),
    ("c", "°C"),
    ("k", "K"),
    ("kg", "kg"),
    ("mg", "mg"),
    ("g", "g"),
    ("ms", "ms"),
    ("s", "s"),
    ("mm", "mm"),
    ("um", "µm"),
    ("m", "m"),
    ("cm3", "cm³"),
    ("m3", "m³"),
    ("percent", "%"),
    ("kn", "kN"),
    ("w_m2_k", "W/(m² K)"),
];

/// The unit in a name like `part_mass_g`; empty where the name has none.
pub(crate) fn unit_of(name: &str) -> &'static str {
    UNITS
        .iter()
        .filter(|(suffix, _)| {
            name.strip_suffix(suffix)
                .is_some_and(|rest| rest.ends_with('_'))
        })
        .max_by_key(|(suffix, _)| suffix.len())
        .map_or("", |(_, unit)| unit)
}

fn whole(n: u64) -> Option<i64> {
    i64::try_from(n).ok()
}

/// A shot and what became of its curves.
pub(crate) struct Exported {
    pub(crate) shot: ShotRow,
    pub(crate) curves: &'static str,
}

pub(crate) fn shots(rows: &[Exported], units: UnitOf) -> Table {
    let mut t = Table::default();
    t.whole(
        "shot",
        "",
        "Number of the shot; counts up for ever",
        rows,
        |r| whole(r.shot.number),
    );
    t.text(
        "began_utc",
        "When it began, ISO 8601, as the box believed",
        rows,
        |r| Some(r.shot.began.to_string()),
    );
    t.text(
        "ended_utc",
        "When it ended; empty when the box stopped in the middle",
        rows,
        |r| r.shot.ended.map(|w| w.to_string()),
    );
    t.real(
        "duration_s",
        "s",
        "How long it took by the box's own clock",
        rows,
        |r| r.shot.duration_s,
    );
    t.whole(
        "clock_step_ms",
        "ms",
        "Jump of the time of day since the shot before; empty when none",
        rows,
        |r| r.shot.clock_step_ms,
    );
    t.text("mold", "Mold", rows, |r| Some(r.shot.mold.clone()));
    t.text("material", "Material", rows, |r| {
        Some(r.shot.material.clone())
    });
    t.text("lot", "Material lot", rows, |r| Some(r.shot.lot.clone()));
    t.text(
        "kind",
        "production, purge, startup, idle or unknown",
        rows,
        |r| Some(word(&r.shot.kind)),
    );
    t.text("verdict", "good, reject, uncertain or none", rows, |r| {
        Some(word(&r.shot.verdict))
    });
    t.text("trust", "State of trust in the estimate", rows, |r| {
        Some(r.shot.trust.clone())
    });
    t.text(
        "interrupted",
        "Why it is not a whole shot; empty when it is",
        rows,
        |r| r.shot.interrupted.clone(),
    );
    t.whole(
        "lost_samples",
        "",
        "Codes the nodes counted but that never came",
        rows,
        |r| whole(r.shot.lost_samples),
    );
    t.whole(
        "lost_blocks",
        "",
        "Blocks of codes the recorder gave up",
        rows,
        |r| whole(r.shot.lost_blocks),
    );
    t.whole(
        "lost_estimates",
        "",
        "Estimate rows the recorder gave up",
        rows,
        |r| whole(r.shot.lost_estimates),
    );
    t.text(
        "curves",
        "whether curves of the shot are in this folder: yes, none, removed or damaged",
        rows,
        |r| Some(r.curves.to_owned()),
    );
    t.text("recipe_json", "Setpoints of the press, JSON", rows, |r| {
        Some(r.shot.recipe.to_string())
    });
    t.text(
        "notes_json",
        "Whatever else became known, JSON",
        rows,
        |r| serde_json::to_string(&r.shot.notes).ok(),
    );
    t.text(
        "press_mode",
        "How the press was run: automatic, semi_automatic, manual, setup or unknown",
        rows,
        |r| r.shot.notes.get("press_mode").cloned(),
    );
    t.text("press_cycle", "The cycle as the press counts", rows, |r| {
        r.shot.notes.get("press_cycle").cloned()
    });
    t.text(
        "actions_json",
        "What operators wrote down since the shot before, JSON",
        rows,
        |r| r.shot.notes.get("actions").cloned(),
    );
    t.text(
        "phases_json",
        "When each phase began, seconds since the shot did, JSON",
        rows,
        |r| serde_json::to_string(&r.shot.phases).ok(),
    );
    numbers(&mut t, rows, units);
    t
}

fn numbers(t: &mut Table, rows: &[Exported], units: UnitOf) {
    of_press(t, rows);
    let names: BTreeSet<&String> = rows.iter().flat_map(|r| r.shot.features.keys()).collect();
    for name in names {
        let column = format!("feature.{name}");
        t.real(
            &column,
            units(&column).unwrap_or(unit_of(name)),
            "Number of the whole shot",
            rows,
            |r| r.shot.features.get(name).copied(),
        );
    }
    type Of = fn(&ShotRow) -> &BTreeMap<String, Uncertain>;
    let maps: [(&str, &str, Of); 2] = [
        (
            "latent",
            "Physical latent as identified after the shot",
            |s| &s.latents,
        ),
        ("quality", "Predicted quality", |s| &s.quality),
    ];
    for (prefix, meaning, of) in maps {
        let names: BTreeSet<&String> = rows.iter().flat_map(|r| of(&r.shot).keys()).collect();
        for name in names {
            let column = format!("{prefix}.{name}");
            let unit = units(&column).unwrap_or(unit_of(name));
            t.real(&column, unit, meaning, rows, |r| {
                of(&r.shot).get(name).map(|u| u.value)
            });
            t.real(
                &format!("{prefix}.{name}_sd"),
                unit,
                "Its standard deviation",
                rows,
                |r| of(&r.shot).get(name).map(|u| u.sd),
            );
        }
    }
}

/// Setpoints and cycle data of the press, a column each.
fn of_press(t: &mut Table, rows: &[Exported]) {
    type Values = BTreeMap<String, f64>;
    let plain = |json: &Value| -> Values {
        let pairs = json.as_object().into_iter().flatten();
        pairs
            .filter_map(|(name, v)| Some((name.clone(), v.as_f64()?)))
            .collect()
    };
    let data = |shot: &ShotRow| -> Values {
        let noted = shot.notes.get("press_data");
        let json = noted.and_then(|text| serde_json::from_str(text).ok());
        json.as_ref().map(plain).unwrap_or_default()
    };
    let recipes: Vec<Values> = rows.iter().map(|r| plain(&r.shot.recipe)).collect();
    let cycles: Vec<Values> = rows.iter().map(|r| data(&r.shot)).collect();
    for (prefix, meaning, maps) in [
        ("recipe", "Setpoint of the press at its beginning", recipes),
        ("press", "What the press said about the cycle", cycles),
    ] {
        let names: BTreeSet<&String> = maps.iter().flat_map(Values::keys).collect();
        for name in names {
            let column = format!("{prefix}.{name}");
            t.real(&column, unit_of(name), meaning, &maps, |m| {
                m.get(name).copied()
            });
        }
    }
}

pub(crate) fn labels(rows: &[LabelRow]) -> Table {
    let mut t = Table::default();
    t.whole(
        "id",
        "",
        "Place in the order of entering; the latest of a name counts",
        rows,
        |r| Some(r.id),
    );
    t.whole("shot", "", "The shot", rows, |r| whole(r.shot));
    t.text("name", "What was measured", rows, |r| Some(r.name.clone()));
    t.real("value", "see `unit`", "Value", rows, |r| Some(r.value));
    t.text("unit", "Unit of the value", rows, |r| Some(r.unit.clone()));
    t.text("who", "Who measured", rows, |r| Some(r.who.clone()));
    t.text("at_utc", "When it was entered, ISO 8601", rows, |r| {
        Some(r.at.to_string())
    });
    t
}

pub(crate) fn entries(rows: &[EntryRow]) -> Table {
    let mut t = Table::default();
    t.whole("id", "", "Place in the order of entering", rows, |r| {
        Some(r.id)
    });
    t.text("at_utc", "When it was entered, ISO 8601", rows, |r| {
        Some(r.at.to_string())
    });
    t.text("who", "Who entered it", rows, |r| Some(r.who.clone()));
    t.text("kind", "lot, action, defect or note", rows, |r| {
        Some(word(&r.kind))
    });
    t.whole(
        "shot",
        "",
        "The shot it belongs to; empty when none",
        rows,
        |r| r.shot.and_then(whole),
    );
    t.text("text", "In words", rows, |r| Some(r.text.clone()));
    t.text("form_json", "The form, JSON", rows, |r| {
        Some(r.form.to_string())
    });
    t.text("photo", "Photo, a file in this folder", rows, |r| {
        r.photo.clone()
    });
    t
}

pub(crate) fn events(rows: &[EventRow]) -> Table {
    let mut t = Table::default();
    t.whole("session", "", "Counts the recorder's starts", rows, |r| {
        whole(r.session)
    });
    t.whole("id", "", "Number in the session", rows, |r| whole(r.id));
    t.whole(
        "shot",
        "",
        "The shot that was open; empty when none",
        rows,
        |r| r.shot.and_then(whole),
    );
    t.text("at_utc", "When, ISO 8601", rows, |r| Some(r.at.to_string()));
    t.text("kind", "A word for machines", rows, |r| {
        Some(r.kind.clone())
    });
    t.text("source", "Who says so", rows, |r| Some(r.source.clone()));
    t.text("text", "The sentence an operator reads", rows, |r| {
        Some(r.text.clone())
    });
    t
}

#[cfg(test)]
mod tests {
    use super::unit_of;

    #[test]
    fn units_are_read_from_names() {
        for (name, unit) in [
            ("part_mass_g", "g"),
            ("viscosity_pa_s", "Pa s"),
            ("peak_mpa", "MPa"),
            ("htc_w_m2_k", "W/(m² K)"),
            ("fill_s", "s"),
            ("compressibility", ""),
            ("k", ""),
        ] {
            assert_eq!(unit_of(name), unit, "{name}");
        }
    }
}

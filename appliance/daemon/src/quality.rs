//! Part quality from the records: shots, labels, lots and actions in, what they taught out; and how both are written down.

use std::collections::BTreeMap;

use appliance_pipeline::quality::{CONTEXT, Found, Line, PartQuality, Shot};
use appliance_recorder::{
    Book, EntryKind, EntryRow, LabelRow, RecorderError, ShotFilter, ShotKind, ShotRow, Uncertain,
    WallTime,
};
use appliance_web::view;
use models_quality::{Corrected, Drift, Foretold};

use crate::config::unit_of;

/// Shots and lines of the log that count.
const SHOTS: usize = 1000;
const ENTRIES: usize = 2000;
/// How numbers of a prediction are called in the records, after its name.
const BY_PHYSICS: &str = "_by_physics";
const PROBABILITY: &str = "_probability";
const LABELS: &str = "_labels";
const FLAGS: &str = "_flags";
/// Bits of the flags.
const FLAG_WORDS: [&str; 4] = ["drift_up", "drift_down", "out_of_range", "unseen"];
/// Note of a shot: why its verdict is what it is.
pub const REASON: &str = "verdict_reason";

/// Whether a number of a shot is about its part or the press, and not about a prediction.
pub fn is_feature(name: &str) -> bool {
    ![BY_PHYSICS, PROBABILITY, LABELS, FLAGS]
        .iter()
        .any(|end| name.ends_with(end))
}

/// What the shot path knows of labels.
#[derive(Debug, Default)]
pub struct Teacher {
    /// What labels taught.
    pub quality: PartQuality,
    labels: Vec<(i64, u64)>,
    entries: Option<i64>,
    actions: u64,
    context: BTreeMap<String, f64>,
}

impl Teacher {
    /// Looks into the records of a mold and learns when people wrote something new. True when it did.
    ///
    /// # Errors
    /// When the book refuses; what was known stands.
    pub fn look(&mut self, book: &Book, mold: &str) -> Result<bool, RecorderError> {
        let entries = book.entries(None, None, ENTRIES)?;
        let labels = book.labels(0, u64::MAX)?;
        let now: Vec<(i64, u64)> = labels.iter().map(|l| (l.id, l.shot)).collect();
        let last = entries.first().map(|e| e.id);
        if now == self.labels && last == self.entries {
            return Ok(false);
        }
        let filter = ShotFilter {
            mold: Some(mold.into()),
            kind: Some(ShotKind::Production),
            ..ShotFilter::default()
        };
        let rows = book.shots(&filter, SHOTS)?;
        let past = past(&rows, &labels, &entries);
        if let Err(e) = self.quality.teach(&past) {
            eprintln!("moldsight: labels taught nothing: {e}");
        }
        self.actions = actions_before(&entries, WallTime::now());
        self.context = context_up_to(&labels, u64::MAX);
        (self.labels, self.entries) = (now, last);
        Ok(true)
    }

    /// A shot that just ended, with the context that holds now.
    pub fn shot(&self, shot: Shot) -> Shot {
        let mut shot = Shot {
            actions: self.actions,
            ..shot
        };
        shot.features.extend(self.context.clone());
        shot
    }
}

fn actions_before(entries: &[EntryRow], at: WallTime) -> u64 {
    let before = |e: &&EntryRow| e.kind == EntryKind::Action && e.at <= at;
    entries.iter().filter(before).count() as u64
}

/// Moisture and regrind share as last typed at a shot up to this one.
fn context_up_to(labels: &[LabelRow], shot: u64) -> BTreeMap<String, f64> {
    let mut last: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for l in labels {
        let older = |kept: &(u64, f64)| kept.0 <= l.shot;
        if CONTEXT.contains(&l.name.as_str())
            && l.shot <= shot
            && last.get(&l.name).is_none_or(older)
        {
            last.insert(l.name.clone(), (l.shot, l.value));
        }
    }
    last.into_iter().map(|(name, (_, v))| (name, v)).collect()
}

/// Shots of the records, oldest first, with what was found on them.
fn past(rows: &[ShotRow], labels: &[LabelRow], entries: &[EntryRow]) -> Vec<(Shot, Found)> {
    rows.iter()
        .rev()
        .filter(|r| r.interrupted.is_none())
        .map(|r| {
            let mine = labels.iter().filter(|l| l.shot == r.number);
            let defects = entries
                .iter()
                .filter(|e| e.kind == EntryKind::Defect && e.shot == Some(r.number));
            let found = Found {
                // The latest of a name counts; they come in the order they were entered.
                labels: mine
                    .filter(|l| !CONTEXT.contains(&l.name.as_str()))
                    .map(|l| (l.name.clone(), l.value))
                    .collect(),
                defects: defects
                    .filter_map(|e| Some(e.form.get("defect")?.as_str()?.to_owned()))
                    .collect(),
            };
            let mut shot = recorded(r);
            shot.actions = actions_before(entries, r.began);
            shot.features.extend(context_up_to(labels, r.number));
            (shot, found)
        })
        .collect()
}

fn recorded(r: &ShotRow) -> Shot {
    let sure = |u: &Uncertain| Corrected {
        value: u.value,
        sd: u.sd,
    };
    let own = r.quality.iter().filter(|(name, _)| is_feature(name));
    Shot {
        number: r.number,
        features: r
            .features
            .iter()
            .filter(|(name, _)| is_feature(name))
            .map(|(name, v)| (name.clone(), *v))
            .collect(),
        physics: own
            .map(|(name, q)| {
                let by_physics = r.quality.get(&format!("{name}{BY_PHYSICS}"));
                (name.clone(), sure(by_physics.unwrap_or(q)))
            })
            .filter(|(name, _)| !name.starts_with(appliance_pipeline::quality::DIMENSION))
            .collect(),
        risks: r
            .features
            .iter()
            .filter_map(|(name, v)| Some((name.strip_suffix(BY_PHYSICS)?.to_owned(), *v)))
            .collect(),
        lot: r.lot.clone(),
        actions: 0,
    }
}

fn bits(f: &Foretold) -> u32 {
    let set = [
        f.drift == Some(Drift::Up),
        f.drift == Some(Drift::Down),
        f.out_of_range,
        f.unseen,
    ];
    let pairs = set.into_iter().enumerate();
    pairs.map(|(k, on)| u32::from(on) << k).sum()
}

fn words(bits: u32) -> Vec<String> {
    let on = |(k, word): (usize, &&str)| (bits >> k & 1 == 1).then(|| (**word).to_owned());
    FLAG_WORDS.iter().enumerate().filter_map(on).collect()
}

/// Predictions as the records keep them: corrected under the name, and by physics beside it where labels moved it.
pub fn to_record(
    lines: &[Line],
    quality: &mut BTreeMap<String, Uncertain>,
    features: &mut BTreeMap<String, f64>,
) {
    for Line { name, foretold: f } in lines {
        let uncertain = |c: Corrected| Uncertain {
            value: c.value,
            sd: c.sd,
        };
        quality.insert(name.clone(), uncertain(f.corrected));
        if f.labels > 0 {
            quality.insert(format!("{name}{BY_PHYSICS}"), uncertain(f.physics));
            features.insert(format!("{name}{LABELS}"), f.labels as f64);
            features.insert(format!("{name}{FLAGS}"), f64::from(bits(f)));
        }
    }
}

/// Chances of defects as the records keep them.
pub fn chances_to_record(
    chances: &[appliance_pipeline::quality::Chance],
    features: &mut BTreeMap<String, f64>,
) {
    for c in chances {
        let name = c.defect.name();
        features.insert(format!("{name}{PROBABILITY}"), c.probability);
        if let Some(physics) = c.physics {
            features.insert(format!("{name}{BY_PHYSICS}"), physics);
        }
    }
}

/// What labels made of the predictions of a recorded shot.
pub fn taught(r: &ShotRow) -> Vec<view::Taught> {
    let of = |(name, physics): (&String, &Uncertain)| {
        let name = name.strip_suffix(BY_PHYSICS)?;
        let number = |end: &str| r.features.get(&format!("{name}{end}")).copied();
        Some(view::Taught {
            name: name.to_owned(),
            physics: physics.value,
            physics_sd: physics.sd,
            unit: unit_of(name).unwrap_or("").into(),
            labels: number(LABELS).unwrap_or(0.0) as u32,
            flags: words(number(FLAGS).unwrap_or(0.0) as u32),
        })
    };
    r.quality.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_comes_back_from_the_records_as_it_was_written() {
        let at = |value, sd| Corrected { value, sd };
        let line = Line {
            name: "part_weight".into(),
            foretold: Foretold {
                physics: at(0.0107, 5e-5),
                corrected: at(0.0108, 5e-6),
                labels: 12,
                drift: Some(Drift::Down),
                out_of_range: true,
                unseen: false,
            },
        };
        let (mut quality, mut features) = (BTreeMap::new(), BTreeMap::new());
        to_record(&[line], &mut quality, &mut features);
        assert_eq!(quality["part_weight"].value, 0.0108);
        assert_eq!(quality["part_weight_by_physics"].sd, 5e-5);
        assert_eq!(features["part_weight_labels"], 12.0);
        assert_eq!(
            words(features["part_weight_flags"] as u32),
            ["drift_down", "out_of_range"]
        );
        assert!(
            features
                .keys()
                .chain(quality.keys())
                .filter(|k| is_feature(k))
                .eq(["part_weight"])
        );
    }

    #[test]
    fn moisture_holds_until_it_is_typed_again() {
        let label = |id, shot, value| LabelRow {
            id,
            shot,
            name: CONTEXT[0].into(),
            value,
            unit: "percent".into(),
            who: "web".into(),
            at: WallTime::from_ms(0),
        };
        let labels = [label(1, 10, 0.1), label(2, 20, 0.3), label(3, 20, 0.2)];
        assert!(context_up_to(&labels, 9).is_empty());
        assert_eq!(context_up_to(&labels, 19)[CONTEXT[0]], 0.1);
        assert_eq!(context_up_to(&labels, 25)[CONTEXT[0]], 0.2);
    }
}

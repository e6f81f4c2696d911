//! Part quality on the box: what the physics says of a part, corrected by what people measured on earlier ones.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use models_quality::{
    Case, Corrected, Defect, DefectModel, Foretold, Inspected, Learner, QualityError, Standard,
};

use crate::part::Part;

/// Name of the predicted weight, and of the label that corrects it.
pub const WEIGHT: &str = "part_weight";
const WEIGHT_LABEL: &str = "part_weight_g";
/// Predicted shrinkage: what dimensions follow.
pub const SHRINKAGE: &str = "shrinkage";
/// Prefix of predicted dimensions; `length_mm` is the label of `dimension.length`.
pub const DIMENSION: &str = "dimension.";
const DIMENSION_LABEL: &str = "_mm";
/// Labels that are no quality but what went into the hopper; they hold until the next one.
pub const CONTEXT: [&str; 2] = ["moisture_percent", "regrind_percent"];
/// Least band of a dimension before labels, as a part of it: a drawing's dimension follows the mean shrinkage no better.
const DIMENSION_BAND: f64 = 5e-4;
/// Chance of a defect that no indicator speaks of, before any part with it was seen.
const BASE_RATE: f64 = 0.01;
/// How exactly an empty share is known: a part that came out full is then short as often as one that nothing speaks of.
pub const SHORT_SD: f64 = 0.002;
/// What a part that nobody complained about is worth beside an inspected one.
const PASSED: f64 = 0.02;
/// Numbers of a shot that are about the estimate, not about the part.
const NOT_FEATURES: [&str; 2] = ["surprise", "witness_error"];

/// A shot as it counts for quality.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shot {
    /// Number in the records.
    pub number: u64,
    /// Features, SI.
    pub features: BTreeMap<String, f64>,
    /// What the physics predicts, SI.
    pub physics: BTreeMap<String, Corrected>,
    /// Chances of defects by the physics alone.
    pub risks: BTreeMap<String, f64>,
    /// Material lot; empty when none was logged.
    pub lot: String,
    /// Operator actions logged before it.
    pub actions: u64,
}

/// What people found on its part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Measured values by name with unit (`part_weight_g`), or defects as 0 and 1 (`flash`).
    pub labels: BTreeMap<String, f64>,
    /// Defects seen, by name.
    pub defects: Vec<String>,
}

/// Chances of defects by the physics alone: an empty share is seen from half a percent on, a sink where a place shrinks two
/// percent more than the mean, flash where the mold is pushed open; a clamp force is set and read to a few percent.
pub fn risks(part: &Part) -> BTreeMap<String, f64> {
    let mut risks = BTreeMap::new();
    for (defect, [value, sd], limit, least_sd) in [
        (Defect::ShortShot, [part.short_share, 0.0], 0.005, SHORT_SD),
        (Defect::Sink, part.sink, 0.02, 0.003),
        (Defect::Flash, part.flash, 1.0, 0.03),
    ] {
        if value.is_finite() {
            risks.insert(
                defect.name().to_owned(),
                chance(value, limit, sd.max(least_sd)),
            );
        }
    }
    risks
}

/// Chance that a value with a standard deviation lies above a limit (logistic).
pub fn chance(value: f64, limit: f64, sd: f64) -> f64 {
    1.0 / (1.0 + (-(value - limit) / (0.55 * sd.max(1e-6))).exp())
}

/// Quantity a label is about, and SI units in one of the label's.
pub fn quantity(label: &str) -> Option<(String, f64)> {
    if label == WEIGHT_LABEL {
        return Some((WEIGHT.into(), 1e-3));
    }
    let dimension = label.strip_suffix(DIMENSION_LABEL)?;
    (!dimension.is_empty()).then(|| (format!("{DIMENSION}{dimension}"), 1e-3))
}

#[derive(Clone, Debug)]
struct Taught {
    learner: Learner,
    /// Labels learned: shot and value, in order.
    learned: Vec<(u64, f64)>,
    /// Last shot whose features were seen.
    seen: u64,
    /// For a dimension: its length without shrinkage, m, by the first part measured.
    nominal: f64,
}

/// A prediction with and without labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Quantity.
    pub name: String,
    /// Both predictions and the flags.
    pub foretold: Foretold,
}

/// The chance of a defect.
#[derive(Clone, Debug, PartialEq)]
pub struct Chance {
    /// Which.
    pub defect: Defect,
    /// By the physics; `None` where it has no indicator.
    pub physics: Option<f64>,
    /// With what inspected parts taught.
    pub probability: f64,
}

/// What the labels of one mold taught. Without labels it passes the physics on.
#[derive(Clone, Debug, Default)]
pub struct PartQuality {
    features: Vec<String>,
    targets: BTreeMap<String, Taught>,
    standard: Option<Standard>,
    defects: BTreeMap<&'static str, DefectModel>,
}

fn level(kind: &str, value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, value).hash(&mut hasher);
    hasher.finish()
}

impl PartQuality {
    /// Learns from all shots of the mold, oldest first, and what was found on them. Labels that were learned before and are
    /// still there are not learned again; anything else is learned from the beginning.
    ///
    /// # Errors
    /// When a fit fails; what was known before stands then.
    pub fn teach(&mut self, shots: &[(Shot, Found)]) -> Result<(), QualityError> {
        let features = names(shots);
        let mut next = if features == self.features {
            self.clone()
        } else {
            Self {
                features,
                ..Self::default()
            }
        };
        let mut labels: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
        for (k, (_, found)) in shots.iter().enumerate() {
            for (label, value) in &found.labels {
                if let Some((name, unit)) = quantity(label) {
                    labels.entry(name).or_default().push((k, value * unit));
                }
            }
        }
        next.targets.retain(|name, _| labels.contains_key(name));
        for (name, list) in labels {
            next.teach_one(&name, &list, shots)?;
        }
        next.teach_defects(shots)?;
        *self = next;
        Ok(())
    }

    fn teach_one(
        &mut self,
        name: &str,
        list: &[(usize, f64)],
        shots: &[(Shot, Found)],
    ) -> Result<(), QualityError> {
        let wanted: Vec<(u64, f64)> = list
            .iter()
            .map(|(k, value)| (shots[*k].0.number, *value))
            .collect();
        let known = self
            .targets
            .remove(name)
            .filter(|t| wanted.starts_with(&t.learned));
        let mut taught = known.unwrap_or_else(|| Taught {
            learner: Learner::new(self.features.len()),
            learned: Vec::new(),
            seen: 0,
            nominal: f64::NAN,
        });
        for (shot, _) in shots.iter().filter(|(s, _)| s.number > taught.seen) {
            taught.learner.see(&self.row(shot));
        }
        taught.seen = shots.last().map_or(0, |(s, _)| s.number);
        for (k, value) in &list[taught.learned.len()..] {
            let shot = &shots[*k].0;
            if taught.learned.is_empty()
                && let Some(shrinkage) = shot.physics.get(SHRINKAGE)
            {
                taught.nominal = value / (1.0 - shrinkage.value / 3.0);
            }
            // A shot without a prediction has nothing to correct; its label stays in the records.
            if let Some(case) = self.case(name, taught.nominal, shot) {
                taught.learner.learn(&case, *value)?;
            }
            taught.learned.push((shot.number, *value));
        }
        self.targets.insert(name.to_owned(), taught);
        Ok(())
    }

    fn teach_defects(&mut self, shots: &[(Shot, Found)]) -> Result<(), QualityError> {
        let inspected = |found: &Found| !found.labels.is_empty() || !found.defects.is_empty();
        let Some(last) = shots.iter().rposition(|(_, found)| inspected(found)) else {
            self.defects.clear();
            return Ok(());
        };
        let mut standard = Standard::new(self.features.len());
        for (shot, _) in shots {
            standard.see(&self.row(shot));
        }
        for defect in Defect::ALL {
            let name = defect.name();
            let parts: Vec<Inspected> = shots[..=last]
                .iter()
                .map(|(shot, found)| {
                    let said = found.labels.get(name).map(|v| *v > 0.5);
                    let seen = found.defects.iter().any(|d| d == name);
                    Inspected {
                        physics: shot.risks.get(name).copied().unwrap_or(BASE_RATE),
                        features: standard.apply(&self.row(shot)),
                        defective: said.unwrap_or(seen),
                        weight: if inspected(found) { 1.0 } else { PASSED },
                    }
                })
                .collect();
            // Without one bad part the classes that no indicator speaks of stay unmentioned.
            let known = shots.iter().any(|(s, _)| s.risks.contains_key(name));
            if known || parts.iter().any(|p| p.defective) {
                let model = DefectModel::fit(self.features.len(), &parts)?;
                self.defects.insert(name, model);
            } else {
                self.defects.remove(name);
            }
        }
        self.standard = Some(standard);
        Ok(())
    }

    fn row(&self, shot: &Shot) -> Vec<f64> {
        let value = |name: &String| shot.features.get(name).copied().unwrap_or(f64::NAN);
        self.features.iter().map(value).collect()
    }

    fn case(&self, name: &str, nominal: f64, shot: &Shot) -> Option<Case> {
        let physics = if name.starts_with(DIMENSION) {
            // Volume shrinks in three directions alike.
            let shrinkage = shot.physics.get(SHRINKAGE)?;
            Corrected {
                value: nominal * (1.0 - shrinkage.value / 3.0),
                sd: nominal * (shrinkage.sd / 3.0).max(DIMENSION_BAND),
            }
        } else {
            *shot.physics.get(name)?
        };
        let sound = physics.value.is_finite() && physics.sd.is_finite() && physics.sd > 0.0;
        sound.then(|| Case {
            physics,
            features: self.row(shot),
            levels: vec![level("lot", &shot.lot), level("actions", shot.actions)],
        })
    }

    /// Labels learned of a quantity.
    pub fn labels(&self, name: &str) -> usize {
        self.targets.get(name).map_or(0, |t| t.learner.labels())
    }

    /// Every quantity of a shot: those the physics predicts, then the dimensions that were measured before.
    pub fn foretell(&self, shot: &Shot) -> Vec<Line> {
        let dimensions = self.targets.keys().filter(|n| n.starts_with(DIMENSION));
        let names = shot.physics.keys().chain(dimensions);
        names
            .filter_map(|name| {
                let taught = self.targets.get(name);
                let case = self.case(name, taught.map_or(f64::NAN, |t| t.nominal), shot);
                let told = taught
                    .zip(case)
                    .and_then(|(t, case)| t.learner.foretell(&case).ok());
                let plain = || {
                    shot.physics.get(name).map(|physics| Foretold {
                        physics: *physics,
                        corrected: *physics,
                        labels: 0,
                        drift: None,
                        out_of_range: false,
                        unseen: false,
                    })
                };
                Some(Line {
                    name: name.clone(),
                    foretold: told.or_else(plain)?,
                })
            })
            .collect()
    }

    /// Chances of the defects that an indicator or a label speaks of.
    pub fn chances(&self, shot: &Shot) -> Vec<Chance> {
        let z = self.standard.as_ref().map(|s| s.apply(&self.row(shot)));
        Defect::ALL
            .into_iter()
            .filter_map(|defect| {
                let physics = shot.risks.get(defect.name()).copied();
                let taught = self.defects.get(defect.name()).zip(z.as_ref());
                let moved =
                    taught.and_then(|(m, z)| m.probability(physics.unwrap_or(BASE_RATE), z));
                Some(Chance {
                    defect,
                    physics,
                    probability: moved.or(physics)?,
                })
            })
            .collect()
    }
}

/// Features that more than half of the shots have.
fn names(shots: &[(Shot, Found)]) -> Vec<String> {
    let mut count: BTreeMap<&String, usize> = BTreeMap::new();
    for (shot, _) in shots {
        for name in shot.features.keys() {
            *count.entry(name).or_default() += 1;
        }
    }
    count
        .into_iter()
        .filter(|(name, n)| {
            CONTEXT.contains(&name.as_str())
                || 2 * n > shots.len() && !NOT_FEATURES.contains(&name.as_str())
        })
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shots whose parts weigh 60 mg more than the physics says, and more with the peak pressure.
    fn shots(count: u64) -> Vec<(Shot, Found)> {
        (1..=count)
            .map(|number| {
                let wave = (number as f64 * 0.7).sin();
                let shot = Shot {
                    number,
                    features: BTreeMap::from([
                        ("peak_pressure_pa".into(), 5e7 + 1e6 * wave),
                        ("surprise".into(), 1.0),
                    ]),
                    physics: BTreeMap::from([
                        (
                            WEIGHT.into(),
                            Corrected {
                                value: 0.0107,
                                sd: 5e-5,
                            },
                        ),
                        (
                            SHRINKAGE.into(),
                            Corrected {
                                value: 0.012,
                                sd: 5e-4,
                            },
                        ),
                    ]),
                    risks: BTreeMap::from([("short_shot".into(), 0.02)]),
                    ..Shot::default()
                };
                (shot, Found::default())
            })
            .collect()
    }

    fn weigh(shots: &mut [(Shot, Found)], k: usize) {
        let peak = shots[k].0.features["peak_pressure_pa"];
        let grams = 10.76 + 0.02 * (peak - 5e7) / 1e6;
        shots[k].1.labels.insert(WEIGHT_LABEL.into(), grams);
    }

    fn weight(q: &PartQuality, shot: &Shot) -> Foretold {
        q.foretell(shot)
            .into_iter()
            .find(|l| l.name == WEIGHT)
            .map(|l| l.foretold)
            .expect("the physics predicts it")
    }

    #[test]
    fn labels_correct_the_weight_and_the_same_labels_give_the_same_again() {
        let mut all = shots(60);
        let mut quality = PartQuality::default();
        let before = weight(&quality, &all[59].0);
        assert_eq!(before.corrected, before.physics);
        for k in (0..40).step_by(2) {
            weigh(&mut all, k);
            quality.teach(&all).unwrap();
        }
        let after = weight(&quality, &all[59].0);
        let peak = all[59].0.features["peak_pressure_pa"];
        let truth = 1e-3 * (10.76 + 0.02 * (peak - 5e7) / 1e6);
        assert!(
            (after.corrected.value - truth).abs() < 5e-6,
            "{after:?} {truth}"
        );
        assert!(after.corrected.sd < 1e-5 && after.labels == 20 && !after.out_of_range);
        // A corrected label replaces the first: everything is learned anew, as after a start of the box.
        all[0].1.labels.insert(WEIGHT_LABEL.into(), 10.75);
        quality.teach(&all).unwrap();
        let mut fresh = PartQuality::default();
        fresh.teach(&all).unwrap();
        assert_eq!(weight(&quality, &all[59].0), weight(&fresh, &all[59].0));
    }

    #[test]
    fn a_dimension_follows_shrinkage_once_it_was_measured() {
        let mut all = shots(20);
        let mut quality = PartQuality::default();
        assert!(
            quality
                .foretell(&all[19].0)
                .iter()
                .all(|l| !l.name.starts_with(DIMENSION))
        );
        all[3].1.labels.insert("length_mm".into(), 119.5);
        quality.teach(&all).unwrap();
        let line = |shot: &Shot| {
            let lines = quality.foretell(shot);
            lines
                .into_iter()
                .find(|l| l.name == "dimension.length")
                .unwrap()
                .foretold
        };
        let told = line(&all[19].0);
        assert!(
            (told.corrected.value - 0.1195).abs() < 2e-5 && told.corrected.sd < 1e-4,
            "{told:?}"
        );
        all[19].0.physics.insert(
            SHRINKAGE.into(),
            Corrected {
                value: 0.018,
                sd: 5e-4,
            },
        );
        assert!(line(&all[19].0).corrected.value < told.corrected.value - 1e-4);
    }

    #[test]
    fn a_defect_in_the_log_raises_its_class_alone_and_weighed_parts_lower_it() {
        let mut all = shots(30);
        let mut quality = PartQuality::default();
        let chance = |q: &PartQuality, shot: &Shot, d: Defect| {
            let found = q.chances(shot).into_iter().find(|c| c.defect == d);
            found.map(|c| c.probability)
        };
        assert_eq!(chance(&quality, &all[29].0, Defect::ShortShot), Some(0.02));
        assert_eq!(chance(&quality, &all[29].0, Defect::Flash), None);
        all[10].1.defects.push("flash".into());
        quality.teach(&all).unwrap();
        let once = chance(&quality, &all[10].0, Defect::Flash).unwrap();
        let short = chance(&quality, &all[10].0, Defect::ShortShot).unwrap();
        assert!(once > 2.0 * BASE_RATE && short < 0.025, "{once} {short}");
        assert_eq!(chance(&quality, &all[29].0, Defect::Burn), None);
        (11..29).for_each(|k| weigh(&mut all, k));
        quality.teach(&all).unwrap();
        let later = chance(&quality, &all[10].0, Defect::Flash).unwrap();
        assert!(later < once, "{later} {once}");
    }

    #[test]
    fn labels_are_named_with_their_unit() {
        assert_eq!(quantity("part_weight_g"), Some((WEIGHT.into(), 1e-3)));
        assert_eq!(
            quantity("length_mm"),
            Some(("dimension.length".into(), 1e-3))
        );
        assert_eq!(quantity("flash"), None);
        assert_eq!(quantity("_mm"), None);
    }
}

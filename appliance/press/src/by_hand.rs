//! A press that no wire reaches, set by hand: whoever confirms advice on the screen has turned the dials.
//!
//! What its setpoints are is what people said last. How it is run nobody can say; whoever stands before it sees to that, so it
//! reads as running by itself, and a box without a wire is never allowed more than to advise.

use std::path::{Path, PathBuf};

use appliance_pipeline::ports::{Change, Limits, Operating, PressSignals, Setpoint, Setpoints};

use crate::error::PressError;
use crate::keep;
use crate::port::{Abilities, Ability, PressPort};

/// Share of a value below which nobody turns a dial.
const DIAL: f64 = 1e-3;

/// The press.
#[derive(Clone, Debug)]
pub struct ByHand {
    abilities: Abilities,
    setpoints: Setpoints,
    file: PathBuf,
}

impl ByHand {
    /// Stands on the recipe, or on what was confirmed last; `folder` keeps that over a restart.
    ///
    /// # Errors
    /// When what was kept cannot be read, or is damaged.
    pub fn open(recipe: &Setpoints, limits: &Limits, folder: &Path) -> Result<Self, PressError> {
        let file = folder.join("set-by-hand");
        let mut setpoints = *recipe;
        for (setpoint, value) in kept(&file)? {
            setpoints[setpoint] = value;
        }
        let ability = |s: Setpoint| {
            let limit = limits[s as usize];
            setpoints[s].is_finite().then(|| Ability {
                ours: limit.is_some(),
                low: limit.map_or(setpoints[s], |l| l.low),
                high: limit.map_or(setpoints[s], |l| l.high),
                tolerance: DIAL * setpoints[s].abs(),
                unit: s.unit(),
                factor: 1.0,
                zero: 0.0,
            })
        };
        Ok(Self {
            abilities: Abilities {
                setpoints: Setpoint::ALL.map(ability),
                ..Abilities::default()
            },
            setpoints,
            file,
        })
    }
}

/// What people confirmed before; nothing when nobody has confirmed anything yet.
///
/// A line that cannot be read is refused, not skipped: the box would go on from a dial that stands elsewhere.
fn kept(file: &Path) -> Result<Vec<(Setpoint, f64)>, PressError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(PressError::File {
                doing: "reading",
                path: file.into(),
                source,
            });
        }
    };
    let damaged = |line: usize, why: String| PressError::Damaged {
        path: file.into(),
        line,
        reason: format!("{why}; correct it, or delete the file to start from the mold's recipe"),
    };
    let mut known: Vec<(Setpoint, f64)> = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let (setpoint, value) = entry(content).map_err(|why| damaged(line + 1, why))?;
        if known.iter().any(|(s, _)| *s == setpoint) {
            return Err(damaged(
                line + 1,
                format!("`{}` stands twice", setpoint.name()),
            ));
        }
        known.push((setpoint, value));
    }
    // Every line is written with its end: without one, digits may be missing.
    if !text.ends_with('\n') {
        return Err(damaged(known.len().max(1), "it breaks off".into()));
    }
    Ok(known)
}

/// A line of what was kept, or what is wrong with it.
fn entry(line: &str) -> Result<(Setpoint, f64), String> {
    let (name, value) = line
        .split_once(' ')
        .ok_or_else(|| format!("`{line}` is no setpoint with its value"))?;
    let setpoint = Setpoint::from_name(name).ok_or_else(|| format!("`{name}` is no setpoint"))?;
    let number = value.parse().ok().filter(|v: &f64| v.is_finite());
    let number = number.ok_or_else(|| format!("`{value}` is no number"))?;
    Ok((setpoint, number))
}

impl PressPort for ByHand {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        Ok(PressSignals {
            operating: Operating::Automatic,
            setpoints: self.setpoints,
            age_s: 0.0,
            ..PressSignals::default()
        })
    }

    /// A person has set it: remembered, so that the next advice starts from there.
    async fn apply(&mut self, change: &Change) -> Result<Setpoints, PressError> {
        let set = change.applied_to(&self.setpoints);
        let lines = set.known().map(|(s, v)| format!("{} {v:?}\n", s.name()));
        keep::write(&self.file, lines.collect::<String>().as_bytes()).map_err(|source| {
            PressError::File {
                doing: "writing",
                path: self.file.clone(),
                source,
            }
        })?;
        self.setpoints = set;
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use appliance_pipeline::ports::{Limit, SETPOINTS};

    #[tokio::test]
    async fn what_was_confirmed_is_where_the_press_stands_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = Setpoints::default();
        (recipe[Setpoint::HoldPressure], recipe[Setpoint::HoldTime]) = (45e6, 6.0);
        let mut limits: Limits = [None; SETPOINTS];
        limits[Setpoint::HoldPressure as usize] = Some(Limit {
            low: 35e6,
            high: 55e6,
            step: 1e6,
            per_hour: 1e7,
        });
        let mut press = ByHand::open(&recipe, &limits, folder.path()).unwrap();
        assert!(press.abilities().writable(Setpoint::HoldPressure).is_some());
        assert!(press.abilities().writable(Setpoint::HoldTime).is_none());
        let change = Change {
            values: vec![(Setpoint::HoldPressure, 46e6)],
        };
        press.apply(&change).await.unwrap();
        let mut again = ByHand::open(&recipe, &limits, folder.path()).unwrap();
        let read = again.read().await.unwrap().setpoints;
        assert_eq!(read[Setpoint::HoldPressure], 46e6);
        assert_eq!(read[Setpoint::HoldTime], 6.0);
        assert!(read[Setpoint::CoolingTime].is_nan());
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_not_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = Setpoints::default();
        recipe[Setpoint::HoldPressure] = 45e6;
        let mut press = ByHand::open(&recipe, &[None; SETPOINTS], folder.path()).unwrap();
        std::fs::create_dir(folder.path().join("set-by-hand.partial")).unwrap();
        let change = Change {
            values: vec![(Setpoint::HoldPressure, 46e6)],
        };
        assert!(press.apply(&change).await.is_err());
        let read = press.read().await.unwrap().setpoints;
        assert_eq!(read[Setpoint::HoldPressure], 45e6);
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_line_and_reason() {
        for (text, line, says) in [
            ("", 1, "breaks off"),
            ("hold_pressure 46000000.0\nhold_time 6", 2, "breaks off"),
            (
                "hold_pressure 46000000.0\n\0\0\0\n",
                2,
                "no setpoint with its value",
            ),
            (
                "hold_pressure 46000000.0\npack_time 6.0\n",
                2,
                "`pack_time` is no setpoint",
            ),
            ("hold_pressure 4six\n", 1, "`4six` is no number"),
            ("hold_pressure inf\n", 1, "`inf` is no number"),
            (
                "hold_time 6.0\nhold_time 7.0\n",
                2,
                "`hold_time` stands twice",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("set-by-hand");
            std::fs::write(&file, text).unwrap();
            let opened = ByHand::open(&Setpoints::default(), &[None; SETPOINTS], folder.path());
            let told = opened.unwrap_err().to_string();
            let place = format!("{}: line {line}: ", file.display());
            assert!(
                told.starts_with(&place) && told.contains(says),
                "{text:?}: {told}"
            );
        }
    }
}

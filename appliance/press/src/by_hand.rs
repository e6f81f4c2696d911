//! A press that no wire reaches, set by hand: whoever confirms advice on the screen has turned the dials.
//!
//! What its setpoints are is what people said last. How it is run nobody can say; whoever stands before it sees to that, so it
//! reads as running by itself, and a box without a wire is never allowed more than to advise.

use std::path::{Path, PathBuf};

use appliance_pipeline::ports::{Change, Limits, Operating, PressSignals, Setpoint, Setpoints};

use crate::error::PressError;
use crate::port::{Abilities, Ability, Cycle, PressPort};

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
    /// When what was kept cannot be read.
    pub fn open(recipe: &Setpoints, limits: &Limits, folder: &Path) -> Result<Self, PressError> {
        let file = folder.join("set-by-hand");
        let mut setpoints = *recipe;
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                for (setpoint, value) in text.lines().filter_map(entry) {
                    setpoints[setpoint] = value;
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(PressError::File {
                    doing: "reading",
                    path: file,
                    source,
                });
            }
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

/// A line of what was kept.
fn entry(line: &str) -> Option<(Setpoint, f64)> {
    let (name, value) = line.split_once(' ')?;
    let value: f64 = value.parse().ok()?;
    value
        .is_finite()
        .then_some((Setpoint::from_name(name)?, value))
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
        std::fs::write(&self.file, lines.collect::<String>()).map_err(|source| {
            PressError::File {
                doing: "writing",
                path: self.file.clone(),
                source,
            }
        })?;
        self.setpoints = set;
        Ok(set)
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        Ok(())
    }

    fn finished(&mut self) -> Vec<Cycle> {
        Vec::new()
    }

    fn silent_after_s(&self) -> f64 {
        f64::INFINITY
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
}

//! What outlives a restart: the belief, what is usual on this press, and how far the numbers were trusted; as plain values.
//!
//! Latents are named, so a file of another version of the list is refused, not misread. The prior is part of it: a belief
//! that grew from another one means something else.

use models_physics::latents::{COUNT, LATENTS};
use serde::{Deserialize, Serialize};

use crate::belief::{Belief, BeliefMemory};
use crate::error::PipelineError;
use crate::keeper::Keeper;
use crate::kind::Usual;
use crate::suspect::Suspect;
use crate::trust::{Reason, Trust};

/// Missed shots that are counted at most: by then the process is as unknown as before the first one; constants of material and
/// mold stay known for longer.
const MOST_MISSED: u32 = 3000;

/// Cycle assumed before one is known, s.
const SHORT_CYCLE_S: f64 = 10.0;

/// What a latent's belief grew from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentMemory {
    /// Name.
    pub name: String,
    /// Mean and standard deviation it started from, and the range the model takes.
    pub from: [f64; 4],
}

/// All of it, after a shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Latents in the order of the list.
    pub latents: Vec<LatentMemory>,
    /// What was believed about them and about errors that repeat.
    pub belief: BeliefMemory,
    /// What is usual.
    pub usual: Usual,
    /// Trust.
    pub trust: Trust,
}

fn from(belief: &Belief, i: usize) -> [f64; 4] {
    let [low, high] = belief.range(i);
    [belief.prior().mean[i], belief.prior().sd[i], low, high]
}

impl Keeper {
    /// What to keep.
    pub fn memory(&self) -> Memory {
        let belief = &self.belief;
        let latent = |i: usize| LatentMemory {
            name: LATENTS[i].name.to_owned(),
            from: from(belief, i),
        };
        Memory {
            latents: (0..COUNT).map(latent).collect(),
            belief: belief.memory(),
            usual: self.kinds.usual(),
            trust: self.trust,
        }
    }

    /// Goes on from there; `away_s` is how long the box did not watch, s. What may have drifted meanwhile is widened by the
    /// shots that fit into that time, and trust has to be earned anew.
    ///
    /// # Errors
    /// When it belongs to another model or is no belief; nothing is changed then.
    pub fn recall(&mut self, memory: &Memory, away_s: f64) -> Result<(), PipelineError> {
        let refused = |reason: String| PipelineError::Memory { reason };
        if memory.latents.len() != COUNT {
            let reason = format!("it has {} latents, not {COUNT}", memory.latents.len());
            return Err(refused(reason));
        }
        for (i, l) in memory.latents.iter().enumerate() {
            // Numbers that were written as text and read again may differ in their last digit.
            let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
            let mut grew = l.from.iter().zip(from(&self.belief, i));
            if l.name != LATENTS[i].name || !grew.all(|(a, b)| same(*a, b)) {
                let reason = format!("its latent `{}` grew from another prior", l.name);
                return Err(refused(reason));
            }
        }
        let mut belief = self
            .belief
            .with(&memory.belief)
            .ok_or_else(|| refused("it is no belief about these latents and sensors".into()))?;
        let known = match memory.trust.reason {
            Reason::SensorSilent(i) => i < self.setup().places.len(),
            Reason::Suspect(Suspect::Sensor(i)) => i < self.setup().places.len(),
            Reason::LatentAtBound(i)
            | Reason::Suspect(
                Suspect::Material(i) | Suspect::Temperature(i) | Suspect::Mold(Some(i)),
            ) => i < COUNT,
            _ => true,
        };
        if !known {
            return Err(refused("its trust names a sensor that is not there".into()));
        }
        let cycles = away_s.abs() / memory.usual.cycle_s.unwrap_or(SHORT_CYCLE_S);
        for _ in 0..cycles.min(f64::from(MOST_MISSED)) as u32 {
            belief.drift();
        }
        self.belief = belief;
        self.kinds.recall(memory.usual);
        self.trust = memory.trust.after_restart();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::Sensors;
    use crate::evidence::{Evidence, Reading};
    use crate::trust::TrustState;

    fn keeper() -> Keeper {
        let mold = models_physics::molds::builtin("plate-ps").unwrap();
        Keeper::new(&mold, None, &["nozzle".to_owned(), "p1".to_owned()]).unwrap()
    }

    /// A keeper that knows one direction well and trusts itself.
    fn learned() -> Keeper {
        let mut keeper = keeper();
        let mut evidence = Evidence::with_room();
        evidence.root = keeper.belief.root();
        for knot in 0..30 {
            evidence.keep(Reading {
                knot,
                sensor: keeper.setup().used[0],
                residual: 2e5,
                gauge: 4e7,
                slopes: std::array::from_fn(|k| if k == 0 { 2e6 } else { 0.0 }),
                spread: 2e5,
            });
        }
        let sensors = Sensors {
            gain: 0.01,
            noise_pa: 3e4,
        };
        let lesson = keeper.belief.weigh(&evidence, &sensors);
        keeper.belief.learn(&lesson);
        (keeper.trust.state, keeper.trust.reason) = (TrustState::Trusted, Reason::AllWell);
        keeper.kinds.recall(Usual {
            cycle_s: Some(20.0),
            surface_k: Some(320.0),
        });
        keeper
    }

    #[test]
    fn a_belief_comes_back_as_it_was_and_trust_is_earned_anew() {
        let before = learned();
        let mut after = keeper();
        assert_ne!(after.belief, before.belief);
        after.recall(&before.memory(), 5.0).unwrap();
        assert_eq!(after.belief, before.belief);
        assert_eq!(after.cycle_s(), Some(20.0));
        assert_eq!(
            (after.trust.state, after.trust.reason),
            (TrustState::Learning, Reason::FewShots)
        );
    }

    #[test]
    fn the_longer_it_was_away_the_less_it_claims_to_know() {
        let before = learned();
        let sd = |away_s: f64| {
            let mut after = keeper();
            after.recall(&before.memory(), away_s).unwrap();
            after.belief.sd(0)
        };
        let prior = keeper().belief.sd(0);
        assert!(sd(0.0) < sd(200.0) && sd(200.0) < sd(2000.0) && sd(2000.0) < prior);
        assert!(
            (sd(1e9) / prior - 1.0).abs() < 1e-6,
            "{} of {prior}",
            sd(1e9)
        );
        // A clock set back says as little about the time away as one set forward.
        assert_eq!(sd(-2000.0), sd(2000.0));
    }

    #[test]
    fn what_belongs_elsewhere_or_is_no_belief_is_refused_and_changes_nothing() {
        let good = learned().memory();
        type Spoil = fn(&mut Memory);
        let spoil: [Spoil; 5] = [
            |m| m.latents[0].from[0] += 1.0,
            |m| m.latents[0].name = "another".into(),
            |m| m.belief.mean[0] = f64::NAN,
            |m| m.belief.covariance[0] = -1.0,
            |m| m.latents.truncate(3),
        ];
        for spoil in spoil {
            let (mut bad, mut fresh) = (good.clone(), keeper());
            spoil(&mut bad);
            assert!(fresh.recall(&bad, 0.0).is_err());
            assert_eq!(fresh.belief, keeper().belief);
        }
    }
}

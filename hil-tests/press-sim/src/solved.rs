//! Shots that were solved before. A report runs the same press several times, with and without a box: as long as nobody moves a
//! setpoint each of them makes the same shots, and the solver is half of the report's time.

use models_physics::latents::Latents;
use models_physics::recipe::Recipe;
use models_physics::shot::Shot;
use std::sync::{Arc, Mutex, PoisonError};

/// What makes two shots of one mold the same.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    latents: Latents,
    recipe: Recipe,
}

type Known = Vec<(Key, Arc<Shot>)>;

/// Shared by presses of one scenario. Two that ask for the same shot at once both solve it.
#[derive(Clone, Debug, Default)]
pub struct Solved(Arc<Mutex<Known>>);

impl Solved {
    /// The shot with these latents and this recipe, by `solve` where nobody has solved it yet.
    ///
    /// # Errors
    /// As `solve`.
    pub fn shot<E>(
        &self,
        latents: &Latents,
        recipe: &Recipe,
        solve: impl FnOnce() -> Result<Shot, E>,
    ) -> Result<Arc<Shot>, E> {
        let key = Key {
            latents: *latents,
            recipe: recipe.clone(),
        };
        let shots = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shots().iter().find(|(k, _)| *k == key).map(|k| k.1.clone());
        if let Some(shot) = known {
            return Ok(shot);
        }
        let shot = Arc::new(solve()?);
        shots().push((key, shot.clone()));
        Ok(shot)
    }
}

#[cfg(test)]
mod tests {
    use crate::offline::{Offline, Recording};
    use crate::scenario::Scenario;
    use crate::solved::Solved;

    /// A press that finds its shots solved makes the same ones, and other ones as soon as its recipe is another.
    #[test]
    fn a_remembered_shot_is_the_same_shot() {
        let scenario = Scenario::open("loop-undisturbed").unwrap();
        let solved = Solved::default();
        let run = |mut press: Offline| -> Vec<Recording> {
            let first = press.cycle().unwrap();
            press
                .handle()
                .change(|recipe| recipe.hold.iter_mut().for_each(|h| h.pressure += 1e6))
                .unwrap();
            vec![first, press.cycle().unwrap()]
        };
        let press = || Offline::new(&scenario, 1, 200.0).unwrap();
        let alone = run(press());
        let left_alone = press().remembering(&solved).cycle().unwrap();
        let second = run(press().remembering(&solved));
        assert_eq!(solved.0.lock().unwrap().len(), 2);
        assert_eq!(left_alone.codes, alone[0].codes);
        for (a, b) in alone.iter().zip(&second) {
            assert_eq!(a.codes, b.codes);
        }
    }
}

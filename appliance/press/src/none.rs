//! No press: a box with sensors only. Every estimate is there, advice stays on the screen.

use crate::error::PressError;
use crate::port::{Abilities, PressPort};
use appliance_pipeline::ports::{Change, PressSignals, Setpoints};

/// Reads as a press that says nothing; takes nothing.
#[derive(Clone, Debug, Default)]
pub struct NoPress {
    abilities: Abilities,
}

impl PressPort for NoPress {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        Ok(PressSignals::default())
    }

    async fn apply(&mut self, _: &Change) -> Result<Setpoints, PressError> {
        Err(PressError::NoPress)
    }
}

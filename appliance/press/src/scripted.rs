//! A press made of plain values, for tests: what it says, what it refuses and when it is gone are set from outside.

use crate::error::{PressError, Why};
use crate::port::{Abilities, Cycle};
use crate::rules::Port;
use crate::transport::Transport;
use appliance_pipeline::ports::{PressSignals, SETPOINTS, Setpoint};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the scripted press says and does.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its answer to a reading; writes that it takes change the setpoints in here.
    pub signals: PressSignals,
    /// Setpoints it refuses, and why.
    pub refuses: [Option<Why>; SETPOINTS],
    /// Setpoints it takes without changing them.
    pub ignores: [bool; SETPOINTS],
    /// It is not there.
    pub gone: bool,
    /// It goes with the next write it takes, before that can be read back.
    pub goes_after_write: bool,
    /// Somebody moves this setpoint to that value while the next write is under way.
    pub moved_meanwhile: Option<(Setpoint, f64)>,
    /// Every value it was sent, refused or not, SI, in order.
    pub sent: Vec<(Setpoint, f64)>,
    /// How often its heartbeat was changed.
    pub beats: u64,
    /// Cycles it announces at the next reading.
    pub announces: Vec<Cycle>,
}

/// Reaches the script of a press in use.
#[derive(Clone, Debug)]
pub struct Hand(Arc<Mutex<Script>>);

impl Hand {
    /// A hand on a press that says this at first.
    pub fn new(signals: PressSignals) -> Self {
        let script = Script {
            signals,
            ..Script::default()
        };
        Self(Arc::new(Mutex::new(script)))
    }

    /// The script, to look at or to change.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scripted press.
#[derive(Debug)]
pub struct Scripted {
    hand: Hand,
    abilities: Abilities,
    stale_after_s: f64,
}

impl Scripted {
    /// The port of a press with these abilities, moved by that hand.
    pub fn port(abilities: Abilities, hand: &Hand, stale_after_s: f64) -> Port<Self> {
        Port::new(Self {
            hand: hand.clone(),
            abilities,
            stale_after_s,
        })
    }

    fn there(&self, doing: &'static str) -> Result<MutexGuard<'_, Script>, PressError> {
        let script = self.hand.script();
        if script.gone {
            return Err(PressError::Lost {
                address: "script".into(),
                doing,
                reason: "it is gone".into(),
            });
        }
        Ok(script)
    }
}

impl Transport for Scripted {
    fn abilities(&self) -> Abilities {
        self.abilities.clone()
    }

    fn stale_after_s(&self) -> f64 {
        self.stale_after_s
    }

    fn read_back_within_s(&self) -> f64 {
        0.0
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        Ok(self.there("reading")?.signals.clone())
    }

    async fn write(
        &mut self,
        values: &[(Setpoint, f64)],
    ) -> Result<Vec<Result<(), Why>>, PressError> {
        let mut script = self.there("writing")?;
        script.sent.extend(values);
        let mut verdicts = Vec::with_capacity(values.len());
        for &(setpoint, value) in values {
            let refused = script.refuses[setpoint as usize].clone();
            if refused.is_none() && !script.ignores[setpoint as usize] {
                script.signals.setpoints[setpoint] = value;
            }
            verdicts.push(refused.map_or(Ok(()), Err));
        }
        if let Some((setpoint, value)) = script.moved_meanwhile.take() {
            script.signals.setpoints[setpoint] = value;
        }
        script.gone |= std::mem::take(&mut script.goes_after_write);
        Ok(verdicts)
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        self.there("beating")?.beats += 1;
        Ok(())
    }

    fn announced(&mut self) -> Vec<Cycle> {
        std::mem::take(&mut self.hand.script().announces)
    }
}

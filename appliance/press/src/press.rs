//! The press of this box, chosen once.

use crate::error::PressError;
use crate::none::NoPress;
use crate::port::{Abilities, Cycle, PressPort};
use crate::rules::Port;
use crate::scripted::Scripted;
use appliance_pipeline::ports::{Change, PressSignals, Setpoints};

/// Every kind of press there is.
#[derive(Debug)]
pub enum Press {
    /// None: sensors only.
    None(NoPress),
    /// A script, for tests.
    Scripted(Port<Scripted>),
}

/// The same call on whichever press it is.
macro_rules! on {
    ($press:expr, $port:ident => $call:expr) => {
        match $press {
            Press::None($port) => $call,
            Press::Scripted($port) => $call,
        }
    };
}

impl PressPort for Press {
    fn abilities(&self) -> &Abilities {
        on!(self, port => port.abilities())
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        on!(self, port => port.read().await)
    }

    async fn apply(&mut self, change: &Change) -> Result<Setpoints, PressError> {
        on!(self, port => port.apply(change).await)
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        on!(self, port => port.beat().await)
    }

    fn finished(&mut self) -> Vec<Cycle> {
        on!(self, port => port.finished())
    }

    fn silent_after_s(&self) -> f64 {
        on!(self, port => port.silent_after_s())
    }
}

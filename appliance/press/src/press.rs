//! The press of this box, chosen once.

use crate::by_hand::ByHand;
use crate::error::PressError;
use crate::modbus::Modbus;
use crate::none::NoPress;
use crate::opcua::OpcUa;
use crate::port::{Abilities, Cycle, PressPort};
use crate::profile::{Link, Profile};
use crate::rules::Port;
use crate::scripted::Scripted;
use appliance_pipeline::ports::{Change, PressSignals, Setpoints};
use std::path::Path;

/// Every kind of press there is.
#[allow(clippy::large_enum_variant, reason = "a box has one press")]
#[derive(Debug)]
pub enum Press {
    /// None: sensors only.
    None(NoPress),
    /// Set by hand after advice on the screen.
    ByHand(ByHand),
    /// Behind OPC UA.
    OpcUa(Port<OpcUa>),
    /// Behind Modbus TCP or RTU.
    Modbus(Box<Port<Modbus>>),
    /// A script, for tests.
    Scripted(Port<Scripted>),
}

impl Press {
    /// The press of a profile, reached at the first reading. `folder` keeps the key of the box and the confirmed certificate.
    ///
    /// # Errors
    /// When the profile asks for something its protocol cannot do.
    pub fn open(profile: &Profile, folder: &Path) -> Result<Self, PressError> {
        match &profile.link {
            Link::OpcUa(link, map) => Ok(Self::OpcUa(Port::new(OpcUa::new(
                profile, link, map, folder,
            )))),
            Link::Modbus(link, map) => Ok(Self::Modbus(Box::new(Port::new(Modbus::new(
                profile, link, map,
            )?)))),
        }
    }

    /// Signals and cycle data the profile names and the press does not have.
    pub fn missing(&self) -> Vec<String> {
        match self {
            Self::OpcUa(port) => port.transport().missing(),
            _ => Vec::new(),
        }
    }
}

/// The same call on whichever press it is.
macro_rules! on {
    ($press:expr, $port:ident => $call:expr) => {
        match $press {
            Press::None($port) => $call,
            Press::ByHand($port) => $call,
            Press::OpcUa($port) => $call,
            Press::Modbus($port) => $call,
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

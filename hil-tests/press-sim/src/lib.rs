//! A simulated press: disturbed physics, imperfect sensors, a real node's wire.
//!
//! The story, in order: a [`scenario`] says what is wrong with the world; [`process`] draws the
//! latents of each shot from it; [`controller`] holds what the press was told, [`setpoints`] says where that
//! stands in the recipe, [`control`] lets temperatures follow; the [`plant`] runs the reference solver and makes a [`course`] of every signal; [`sensor`]
//! turns the course into codes; [`live`] plays courses shot after shot, [`node`] samples them with the
//! firmware's own library and speaks the wire. [`playback`] makes courses of measured shots,
//! [`offline`] makes arrays of them without a clock, [`truth`] tells the tests what really happened.
//! [`servers`] lets the box reach the controller from outside: [`opcua_server`] and [`modbus_server`].
//!
//! Nothing here knows the network or the estimator: the press must not share a model with them.
#![forbid(unsafe_code)]

pub mod control;
pub mod controller;
pub mod course;
pub mod error;
pub mod live;
pub mod modbus_server;
pub mod node;
pub mod offline;
pub mod opcua_server;
pub mod plant;
pub mod playback;
pub mod process;
pub mod random;
pub mod scenario;
pub mod sensor;
pub mod servers;
pub mod setpoints;
pub mod solved;
pub mod truth;

pub use control::CycleData;
pub use controller::PressHandle;
pub use course::{Course, CycleKind};
pub use error::PressSimError;
pub use plant::Plant;
pub use scenario::Scenario;
pub use truth::Truth;

//! Material laws, one per file. Bare `f64` kernels are SI (Pa, K, s, kg, m) and serve the solver's
//! inner loops; the typed methods beside them are for everyone else.
//!
//! No law clamps in silence: outside its range it returns `None`, or the caller picks the method
//! whose name says that the end value is taken.

mod conductivity;
mod cross;
mod cross_wlf;
mod heat_capacity;
mod knots;
mod no_flow;
mod power_law;
mod rheology;
mod tait;
mod tait_melt;
mod wall_contact;
mod wlf;

pub use conductivity::Conductivity;
pub use cross::Cross;
pub use cross_wlf::CrossWlf;
pub use heat_capacity::HeatCapacity;
pub use knots::TableError;
pub use no_flow::NoFlow;
pub use power_law::PowerLaw;
pub use rheology::Rheology;
pub use tait::{TAIT_C, Tait, TaitPoint};
pub use tait_melt::TaitMelt;
pub use wall_contact::WallContact;
pub use wlf::ZeroShearWlf;

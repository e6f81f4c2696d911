//! The reference solver: thin-gap flow of a compressible, shear-thinning, cooling melt on a graph.
//!
//! A step is one discrete operator: mass ([`mass`]), momentum ([`flow`]) and energy ([`energy`]) of a state and
//! its predecessor. [`step`] drives it to zero.

mod ahead;
mod build;
mod conduct;
mod control;
mod energy;
mod field;
mod flow;
mod fluidity;
mod graph;
mod heat;
mod layers;
mod linear;
mod live;
mod march;
mod mass;
mod model;
mod probe;
mod residual;
mod start;
mod state;
mod step;
mod tolerance;
mod trim;
mod work;

pub use build::Cut;
pub use control::StepControl;
pub use field::{FieldGradient, FieldOperator, Fields};
pub use fluidity::FluidityTable;
pub use graph::{Edge, Graph, HalfEdge, Node};
pub use heat::{ConductivityTable, HeatTable};
pub use layers::{LayerGrid, Section, SectionLayers};
pub use linear::{LinearError, PressureSystem};
pub use march::{March, MarchError};
pub use model::{Melt, Model, ModelError, SteelStack};
pub use probe::{Probe, probes};
pub use residual::Residual;
pub use state::{Filling, State};
pub use step::{Inlet, Stepper};
pub use tolerance::{StepError, StepReport, Tolerance};
pub use trim::downstream_of;

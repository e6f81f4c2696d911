//! Everything that stays fixed during a shot: the graph, the melt with its latents applied, the wall.

use crate::card::SimulationMaterial;
use crate::latents::{Latent, Latents};
use crate::laws::{Conductivity, HeatCapacity, Rheology, Tait, WallContact};

use super::fluidity::FluidityTable;
use super::graph::Graph;
use super::layers::LayerGrid;

/// Steel between cavity wall and coolant, as a stack of layers under every control volume.
#[derive(Clone, Debug)]
pub struct SteelStack {
    /// Thickness of each layer from the cavity outwards, m.
    pub thickness: Vec<f64>,
    /// Thermal conductivity, W/(m K).
    pub conductivity: f64,
    /// Heat capacity per volume, J/(m3 K).
    pub volumetric_heat: f64,
    /// Heat transfer coefficient at the coolant, W/(m2 K).
    pub coolant_htc: f64,
}

/// The melt as the solver uses it: card and latents in one.
#[derive(Clone, Debug)]
pub struct Melt {
    /// Viscosity law.
    pub rheology: Rheology,
    /// Its stress form.
    pub fluidity: FluidityTable,
    /// Equation of state.
    pub tait: Tait,
    /// Heat capacity.
    pub heat_capacity: HeatCapacity,
    /// Thermal conductivity.
    pub conductivity: Conductivity,
    /// Factor on `conductivity`.
    pub conductivity_factor: f64,
    /// No-flow temperature at zero pressure, K.
    pub no_flow_k: f64,
    /// Rise of the no-flow temperature, K/Pa.
    pub no_flow_per_pa: f64,
}

/// A mold, its melt and its grid, ready to be stepped.
#[derive(Clone, Debug)]
pub struct Model {
    /// Control volumes and edges, gaps as molded (latent `gap` applied).
    pub graph: Graph,
    /// Gap-wise grid.
    pub layers: LayerGrid,
    /// The melt.
    pub melt: Melt,
    /// Wall heat transfer coefficient by pressure.
    pub wall: WallContact,
    /// Factor on `wall`.
    pub wall_factor: f64,
    /// Steel, or `None` for a wall that keeps its temperature.
    pub steel: Option<SteelStack>,
    /// Coolant (or fixed wall) temperature, K.
    pub coolant_k: f64,
    /// Melt temperature at the inlet, K.
    pub melt_k: f64,
    /// Opening of the cavity gap per mean cavity pressure, m/Pa.
    pub compliance: f64,
    /// Pressure in front of the melt (vented cavity), Pa.
    pub atmosphere: f64,
}

impl Melt {
    /// Applies the latents that belong to the melt.
    pub fn new(material: &SimulationMaterial, latents: &Latents) -> Self {
        let rheology = scaled_rheology(&material.rheology, latents);
        let mut tait = material.tait;
        tait.b3m /= latents[Latent::Compressibility];
        tait.b3s /= latents[Latent::Compressibility];
        Self {
            fluidity: FluidityTable::new(&rheology),
            rheology,
            tait,
            heat_capacity: material.heat_capacity.clone(),
            conductivity: material.conductivity.clone(),
            conductivity_factor: latents[Latent::Conductivity],
            no_flow_k: material.no_flow_k + latents[Latent::NoFlow],
            no_flow_per_pa: latents[Latent::NoFlowPressure],
        }
    }
}

fn scaled_rheology(law: &Rheology, latents: &Latents) -> Rheology {
    let (viscosity, n, tau) = (latents[Latent::Viscosity], latents[Latent::Thinning], latents[Latent::TauStar]);
    match law.clone() {
        Rheology::Newtonian { eta } => Rheology::Newtonian { eta: eta * viscosity },
        Rheology::PowerLaw(mut law) => {
            law.k *= viscosity;
            law.n *= n;
            Rheology::PowerLaw(law)
        }
        Rheology::Cross(mut law) => {
            law.b *= viscosity;
            law.n *= n;
            law.tau_star *= tau;
            Rheology::Cross(law)
        }
        Rheology::CrossWlf(mut law) => {
            law.d1 *= viscosity;
            law.n *= n;
            law.tau_star *= tau;
            Rheology::CrossWlf(law)
        }
    }
}

impl Model {
    /// Number of nodes, the inlet included.
    pub fn nodes(&self) -> usize {
        self.graph.nodes.len()
    }

    /// Entries of one temperature column: melt layers, then steel layers.
    pub fn column(&self) -> usize {
        self.layers.len() + self.steel.as_ref().map_or(0, |s| s.thickness.len())
    }
}

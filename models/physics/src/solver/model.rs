//! Everything that stays fixed during a shot: the graph, the melt with its latents applied, the wall.

use crate::card::SimulationMaterial;
use crate::latents::{Latent, Latents};
use crate::laws::{Rheology, Tait, WallContact};
use crate::mold::Mold;

use super::build::{self, Cut};
use super::fluidity::FluidityTable;
use super::graph::Graph;
use super::heat::{ConductivityTable, HeatTable};
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
    /// Heat capacity and enthalpy.
    pub heat: HeatTable,
    /// Thermal conductivity.
    pub conductivity: ConductivityTable,
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
    /// Mold temperature at the start of a shot, K.
    pub wall_start_k: f64,
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
            heat: HeatTable::new(&material.heat_capacity),
            conductivity: ConductivityTable::new(
                &material.conductivity,
                latents[Latent::Conductivity],
            ),
            no_flow_k: material.no_flow_k + latents[Latent::NoFlow],
            no_flow_per_pa: latents[Latent::NoFlowPressure],
        }
    }
}

fn scaled_rheology(law: &Rheology, latents: &Latents) -> Rheology {
    let (viscosity, n, tau) = (
        latents[Latent::Viscosity],
        latents[Latent::Thinning],
        latents[Latent::TauStar],
    );
    match *law {
        Rheology::Newtonian { eta } => Rheology::Newtonian {
            eta: eta * viscosity,
        },
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

/// Layers thin a little towards the wall, where temperature changes fastest.
const LAYER_GRADING: f64 = 1.0;

/// A mold that cannot be simulated.
pub type ModelError = crate::input::InputError;

/// Layers the steel is cut into; each is twice as thick as the one before, from the cavity outwards.
const STEEL_LAYERS: usize = 6;

impl Model {
    /// Builds the model of a mold with its own material and grid. `melt_k` and `mold_k` replace the
    /// nominal temperatures of the mold file when a recipe sets them.
    ///
    /// # Errors
    /// When the material card is missing or lacks what a simulation needs.
    pub fn new(
        mold: &Mold,
        latents: &Latents,
        cut: Cut,
        melt_k: Option<f64>,
        mold_k: Option<f64>,
    ) -> Result<Self, ModelError> {
        let material = mold.card()?.require_simulation()?;
        Ok(Self::with_material(
            mold, &material, latents, cut, melt_k, mold_k,
        ))
    }

    /// As [`Model::new`] with a material already at hand.
    pub fn with_material(
        mold: &Mold,
        material: &SimulationMaterial,
        latents: &Latents,
        cut: Cut,
        melt_k: Option<f64>,
        mold_k: Option<f64>,
    ) -> Self {
        let wall_start_k =
            mold_k.unwrap_or(mold.wall.mold_temperature_k) + latents[Latent::MoldTemperature];
        let steel = mold.wall.steel.as_ref().map(|s| SteelStack {
            thickness: (0..STEEL_LAYERS)
                .map(|i| s.thickness * f64::from(1 << i) / f64::from((1 << STEEL_LAYERS) - 1))
                .collect(),
            conductivity: s.conductivity,
            volumetric_heat: s.density * s.heat_capacity,
            coolant_htc: s.coolant_htc,
        });
        let coolant_k = match &mold.wall.steel {
            // The recipe's mold temperature moves the coolant with it.
            Some(s) => s.coolant_k + wall_start_k - mold.wall.mold_temperature_k,
            None => wall_start_k,
        };
        Self {
            graph: build::graph(mold, cut.cells, latents[Latent::Gap]),
            layers: LayerGrid::new(cut.layers, LAYER_GRADING),
            melt: Melt::new(material, latents),
            wall: mold.wall.htc.clone(),
            wall_factor: latents[Latent::WallHtc],
            steel,
            coolant_k,
            wall_start_k,
            melt_k: melt_k.unwrap_or(mold.process.melt_k) + latents[Latent::MeltTemperature],
            compliance: latents[Latent::Compliance],
            atmosphere: models_units::ATMOSPHERIC.pa(),
        }
    }
    /// No-flow temperature at a pressure, K.
    pub fn no_flow_at(&self, p_pa: f64) -> f64 {
        self.melt.no_flow_k + self.melt.no_flow_per_pa * (p_pa - self.atmosphere)
    }

    /// Number of nodes, the inlet included.
    pub fn nodes(&self) -> usize {
        self.graph.nodes.len()
    }

    /// Entries of one temperature column: melt layers, then steel layers.
    pub fn column(&self) -> usize {
        self.layers.len() + self.steel.as_ref().map_or(0, |s| s.thickness.len())
    }
}

//! One simulated shot, as the network sees it.

use models_physics::latents::COUNT;

/// Where the inlet pressure of a shot came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A press recipe.
    Recipe,
    /// The pressure of such a shot, distorted and played back.
    Waveform,
}

/// One simulated shot. All numbers are f32, SI; `N` nodes, `L` melt layers.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotRecord {
    /// Number of the shot in its sample: with the seed it fixes everything.
    pub index: u32,
    /// Where the inlet pressure came from.
    pub kind: Kind,
    /// Latents in the order of [`models_physics::latents::LATENTS`]; melt and mold temperature are the whole
    /// difference to the mold's nominal ones, the recipe's part included.
    pub latents: [f64; COUNT],
    /// Times of the inlet curve: every step of the solver, s.
    pub time: Vec<f32>,
    /// Pressure at the inlet, Pa.
    pub inlet: Vec<f32>,
    /// Volume the screw displaced, m3; zero for waveforms.
    pub injected: Vec<f32>,
    /// Share of the mold's volume behind the front.
    pub filled: Vec<f32>,
    /// Melt in the mold, kg.
    pub mass: Vec<f32>,
    /// Time the mold was full, s; NaN for a short shot.
    pub full_at: f32,
    /// Time of transfer, s; NaN for waveforms.
    pub transfer_at: f32,
    /// Time hold ended, s; NaN for waveforms.
    pub hold_end: f32,
    /// Time the gate froze, s; NaN if it did not.
    pub gate_freeze: f32,
    /// Times of the snapshots, s, rising; those up to `full_at` belong to fill.
    pub tick: Vec<f32>,
    /// Pressures `[ticks, N]`, Pa.
    pub pressure: Vec<f32>,
    /// Share of each node that is melt, `[fill ticks, N]`.
    pub node_fill: Vec<f32>,
    /// Number of snapshots before the mold was full.
    pub fill_ticks: usize,
    /// Snapshots whose temperatures are kept, rising.
    pub thermal: Vec<u32>,
    /// Temperatures of those, `[thermal, N, L]`, K.
    pub temperature: Vec<f32>,
    /// Mass of the part at ejection, kg; NaN for waveforms.
    pub part_mass: f32,
}

impl ShotRecord {
    /// Whether the front reached every end of the mold.
    pub fn is_full(&self) -> bool {
        self.full_at.is_finite()
    }
}

//! The reduced solver on the box: fixed steps, fed with samples of any rate.

use models_physics::observer::Observer;
use models_physics::shot::{frozen_gap, frozen_share};
use models_physics::solver::{Filling, StepError};

/// Longest step, s.
const STEP_S: f64 = 2e-3;

/// An observer with its own clock.
#[derive(Debug)]
pub struct Walker {
    observer: Observer,
    last: Option<(f64, f64)>,
    volume: f64,
    /// Sensor of the mold to probe; a mold cut at its drive has lost those before it.
    slots: Vec<Option<usize>>,
}

impl Walker {
    /// Around an observer; `names` are the sensors of the mold.
    pub fn new(observer: Observer, names: &[String]) -> Self {
        let volume = observer.model().graph.volume();
        let slot = |n: &String| observer.probes().iter().position(|p| p.name == *n);
        Self {
            slots: names.iter().map(slot).collect(),
            observer,
            last: None,
            volume,
        }
    }

    /// An empty mold again.
    pub fn reset(&mut self) {
        self.observer.reset();
        self.last = None;
    }

    /// The observer.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Takes the inlet pressure `pa` at `t` seconds; a step is made once enough time has gathered, longer gaps are walked in
    /// several steps along a straight line. True when a step was made.
    ///
    /// # Errors
    /// As [`Observer::step`].
    pub fn push(&mut self, t: f64, pa: f64) -> Result<bool, StepError> {
        let Some((from_t, from_pa)) = self.last else {
            self.last = Some((t, pa));
            return Ok(false);
        };
        let gap = t - from_t;
        if gap < STEP_S * (1.0 - 1e-6) {
            return Ok(false);
        }
        let steps = (gap / STEP_S - 1e-6).ceil().max(1.0);
        for k in 1..=steps as u32 {
            let w = f64::from(k) / steps;
            self.observer
                .step(from_pa + w * (pa - from_pa), gap / steps)?;
        }
        self.last = Some((t, pa));
        Ok(true)
    }

    /// What sensor number `sensor` of the mold shows, Pa or K; NaN where the model does not reach.
    pub fn read(&self, sensor: usize) -> f64 {
        let slot = self.slots.get(sensor).copied().flatten();
        slot.map_or(f64::NAN, |s| self.observer.read(s))
    }

    /// Filled share of the mold.
    pub fn filled(&self) -> f64 {
        let (state, graph) = (self.observer.state(), &self.observer.model().graph);
        let nodes = graph.nodes.iter().enumerate().skip(1);
        let melt: f64 = nodes.map(|(i, n)| n.volume * state.melt_share(i)).sum();
        (melt / self.volume).min(1.0)
    }

    /// Force that opens the mold, N: pressure above atmosphere times the projected area, of all full nodes behind the inlet.
    pub fn clamp_force(&self) -> f64 {
        let (state, model) = (self.observer.state(), self.observer.model());
        let nodes = model.graph.nodes.iter().enumerate().skip(1);
        nodes
            .filter(|(i, _)| state.filling[*i] == Filling::Full)
            .map(|(i, n)| (state.pressure[i] - model.atmosphere).max(0.0) * n.projected_area)
            .sum()
    }

    /// Share of the melt's volume below the no-flow temperature.
    pub fn frozen(&self) -> f64 {
        frozen_share(self.observer.model(), self.observer.state())
    }

    /// Writes pressure (Pa), mean gap temperature (K), frozen share and fill of every node but the inlet.
    pub fn field(&self, field: &mut Field) {
        let (state, model) = (self.observer.state(), self.observer.model());
        let column = model.column();
        field.nodes = (model.nodes() - 1).min(MOST_NODES);
        for n in 0..field.nodes {
            let i = n + 1;
            let weights = &model.layers.section(model.graph.nodes[i].section).volume;
            let temperature: f64 = weights
                .iter()
                .zip(&state.temperature[i * column..])
                .map(|(w, t)| w * t)
                .sum();
            field.pressure_pa[n] = state.pressure[i] as f32;
            field.temperature_k[n] = temperature as f32;
            field.frozen[n] = frozen_gap(model, state, i) as f32;
            field.filled[n] = state.melt_share(i) as f32;
        }
    }
}

/// Nodes a snapshot of the field holds.
pub const MOST_NODES: usize = 128;

/// The field at one instant, by node without the inlet.
#[derive(Clone, Debug)]
pub struct Field {
    /// Nodes in use.
    pub nodes: usize,
    /// Pressure, Pa.
    pub pressure_pa: [f32; MOST_NODES],
    /// Mean temperature of the gap, K.
    pub temperature_k: [f32; MOST_NODES],
    /// Frozen share of the gap.
    pub frozen: [f32; MOST_NODES],
    /// 0 empty, 1 full.
    pub filled: [f32; MOST_NODES],
}

impl Default for Field {
    fn default() -> Self {
        let none = [0.0; MOST_NODES];
        Self {
            nodes: 0,
            pressure_pa: none,
            temperature_k: none,
            frozen: none,
            filled: none,
        }
    }
}

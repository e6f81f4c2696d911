//! The reduced solver on the box, fed with samples of any rate: fixed steps, or longer ones while nothing happens.

use models_physics::observer::Observer;
use models_physics::shot::{frozen_gap, frozen_share};
use models_physics::solver::{Filling, StepError};

use crate::pace::Pace;

/// An observer with its own clock.
#[derive(Debug)]
pub struct Walker {
    observer: Observer,
    last: Option<(f64, f64)>,
    volume: f64,
    /// Sensor of the mold to probe; a mold cut at its drive has lost those before it.
    slots: Vec<Option<usize>>,
    pace: Pace,
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
            pace: Pace::STEADY,
        }
    }

    /// With longer steps while the mold is full and pressures hardly move: a fifth of the work of a shot, for 1e-4 of the part's mass
    /// (test `strides_cost_little_accuracy`). Not for walkers that are compared at the same instant: each finds its own steps.
    pub fn striding(mut self) -> Self {
        self.pace = Pace::STRIDING;
        self
    }

    /// An empty mold again.
    pub fn reset(&mut self) {
        self.observer.reset();
        self.last = None;
        self.pace.reset();
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
        let longest = self.pace.longest_s(pa - from_pa);
        if !self.due(t, pa) {
            // What can be done ahead is done half the time before the step.
            if gap > 0.5 * longest * (1.0 - 1e-6) {
                self.observer.prepare();
            }
            return Ok(false);
        }
        let steps = (gap / longest - 1e-6).ceil().max(1.0);
        for k in 1..=steps as u32 {
            let w = f64::from(k) / steps;
            self.observer
                .step(from_pa + w * (pa - from_pa), gap / steps)?;
        }
        self.last = Some((t, pa));
        let full = self.filled() >= 1.0;
        self.pace.stepped(t, full, self.observer.moved_pa());
        Ok(true)
    }

    /// True when [`Walker::push`] would make a step.
    pub fn due(&self, t: f64, pa: f64) -> bool {
        self.last.is_some_and(|(from_t, from_pa)| {
            t - from_t >= self.pace.longest_s(pa - from_pa) * (1.0 - 1e-6)
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::STEP_S;
    use models_physics::shot::Product;

    /// Inlet of the plate with a sensor's noise: a ramp, hold in two stages, then nothing, Pa.
    fn inlet_pa(step: u32) -> f64 {
        let t = f64::from(step) * STEP_S;
        let pa = match t {
            t if t < 0.52 => 1e5 + 8e7 * t,
            t if t < 4.0 => 4.37e7,
            t if t < 6.5 => 3.2e7,
            _ => 1e5,
        };
        pa + 5e4 * (f64::from(step) * 12.9898).sin()
    }

    /// A fifth of the steps, and nothing on the page changes: the part by less than 1e-4, curves by less than 0.3 % of peak.
    #[test]
    fn strides_cost_little_accuracy() {
        let mold = models_physics::molds::builtin("plate-ps").unwrap();
        let material = mold.card().unwrap().require_simulation().unwrap();
        let names: Vec<String> = mold.sensors.iter().map(|s| s.name.clone()).collect();
        let walker = || {
            let observer = Observer::new(&mold, &material, &mold.latents().unwrap()).unwrap();
            Walker::new(observer, &names)
        };
        let (mut fixed, mut striding) = (walker(), walker().striding());
        let (mut steps, mut square, mut count, mut peak) = (0, 0.0, 0.0, 0.0_f64);
        for step in 0..10_000 {
            let (t, pa) = (f64::from(step) * STEP_S, inlet_pa(step));
            fixed.push(t, pa).unwrap();
            if striding.push(t, pa).unwrap() {
                steps += 1;
                for sensor in (0..names.len()).filter(|s| fixed.read(*s) > 1e4) {
                    square += (fixed.read(sensor) - striding.read(sensor)).powi(2);
                    count += 1.0;
                    peak = peak.max(fixed.read(sensor));
                }
            }
        }
        let product = |w: &Walker| Product::new(w.observer().model(), w.observer().state());
        let mass = product(&striding).mass / product(&fixed).mass - 1.0;
        let off = (square / count).sqrt() / peak;
        println!("{steps} of 10000 steps, mass {mass:.1e}, pressure {off:.1e} of peak");
        assert!(steps < 3000, "{steps}");
        assert!(mass.abs() < 1e-4, "{mass}");
        assert!(off < 3e-3, "{off}");
    }
}

//! The reduced solver: the same operator on a coarse grid with one iteration a step, driven sample by
//! sample. Its cost a step is fixed and it does not allocate (on molds whose graph is a tree).

use crate::card::SimulationMaterial;
use crate::latents::Latents;
use crate::mold::Mold;
use crate::solver::{
    Cut, Inlet, LinearError, Model, Probe, State, StepError, Stepper, Tolerance, probes,
};

/// Control volumes along the longest path and layers of the live grid.
pub const LIVE_CUT: Cut = Cut {
    cells: 28,
    layers: 12,
};

/// Nodes a front may advance in one part of a step.
const LARGEST_ADVANCE: f64 = 1.5;
/// Parts a step may be taken in.
const MOST_PARTS: f64 = 64.0;

/// A mold followed live from the pressure at its inlet.
#[derive(Debug)]
pub struct Observer {
    model: Model,
    probes: Vec<Probe>,
    stepper: Stepper,
    state: State,
    next: State,
    empty: State,
}

impl Observer {
    /// Prepares a mold (cut at its driving sensor) with given latents.
    ///
    /// # Errors
    /// When the graph's pattern cannot be analysed.
    pub fn new(
        mold: &Mold,
        material: &SimulationMaterial,
        latents: &Latents,
    ) -> Result<Self, LinearError> {
        let model = Model::with_material(mold, material, latents, LIVE_CUT, None, None);
        let empty = State::empty(&model);
        Ok(Self {
            probes: probes(mold, &model),
            stepper: Stepper::new(&model)?,
            state: empty.clone(),
            next: empty.clone(),
            empty,
            model,
        })
    }

    /// Back to the empty mold: a new shot begins.
    pub fn reset(&mut self) {
        self.state.copy_from(&self.empty);
        self.stepper.forget();
    }

    /// Does what of the next step can be done before its pressure is known; called while no step is due, it shortens the longest
    /// call. Without it a step does all by itself, with the same result.
    pub fn prepare(&mut self) {
        self.stepper.prepare(&self.model, &self.state);
    }

    /// Advances by `dt` seconds to the inlet pressure `p_pa` at the end of the step. While the mold fills
    /// a step in which a front would run too far is taken in parts.
    ///
    /// # Errors
    /// When the pressure is not a number or the pressure system breaks down; the state is then unchanged
    /// or stands at the end of a finished part.
    pub fn step(&mut self, p_pa: f64, dt: f64) -> Result<(), StepError> {
        if !p_pa.is_finite() {
            return Err(StepError::Inlet { value: p_pa });
        }
        let (target, from, end) = (
            p_pa.max(self.model.atmosphere),
            self.state.pressure[0],
            self.state.time + dt,
        );
        let start = self.state.time;
        let mut part = dt;
        while self.state.time < end - 1e-9 * dt {
            part = part.min(end - self.state.time);
            let p = from + (target - from) * ((self.state.time + part - start) / dt).min(1.0);
            let stepped = self.stepper.step(
                &self.model,
                &self.state,
                &mut self.next,
                Inlet::Pressure(p),
                part,
                &Tolerance::LIVE,
            );
            let last = part <= dt / MOST_PARTS;
            match stepped {
                Ok(report) if report.advance > LARGEST_ADVANCE && !last => part *= 0.5,
                Err(_) if !last => part *= 0.5,
                Err(error) => return Err(error),
                Ok(_) => std::mem::swap(&mut self.state, &mut self.next),
            }
        }
        Ok(())
    }

    /// The state reached.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Largest change of pressure in the last part of a step, Pa.
    pub fn moved_pa(&self) -> f64 {
        // The state before lies where the next one will be made.
        let pairs = self.state.pressure.iter().zip(&self.next.pressure);
        pairs.fold(0.0, |most, (now, before)| most.max((now - before).abs()))
    }

    /// The model behind it.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Sensors of the mold.
    pub fn probes(&self) -> &[Probe] {
        &self.probes
    }

    /// What sensor number `probe` shows, Pa or K.
    pub fn read(&self, probe: usize) -> f64 {
        self.probes[probe].read(&self.model, &self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Drive;

    /// Continuing properties to first order costs less than 0.05 % of each sensor's peak on a measured shot.
    #[test]
    fn continued_properties_change_nothing_that_matters() {
        compare("ps_styron678e", 5e-4);
    }

    /// A sharp peak of heat capacity is the worst case: the heat of crystallisation within a few kelvin.
    #[test]
    fn nor_where_heat_capacity_peaks() {
        compare("hdpe_sabic", 2e-3);
    }

    /// Work done ahead of a step changes no bit of it: while fronts run, in hold, and after melt has let go of the wall.
    #[test]
    fn a_prepared_step_is_the_same_step() {
        let mold = crate::molds::builtin("plate-ps").unwrap();
        let material = mold.card().unwrap().require_simulation().unwrap();
        let run = |ahead: bool| {
            let mut observer = Observer::new(&mold, &material, &mold.latents().unwrap()).unwrap();
            let mut seen = Vec::new();
            for shot in 0..2 {
                if ahead {
                    // What was prepared for a step that never came.
                    observer.prepare();
                }
                observer.reset();
                for k in 0..6000_u32 {
                    let t = f64::from(k) * 2e-3;
                    let pa = match t {
                        t if t < 0.6 => 1e5 + 8e7 * t,
                        t if t < 4.0 => 4.5e7 + 3e5 * (40.0 * t).sin(),
                        _ => 1e5,
                    };
                    if ahead {
                        observer.prepare();
                    }
                    // A step that is refused leaves nothing behind that the next one could take for its own.
                    if k % 500 == 499 {
                        assert!(observer.step(f64::NAN, 2e-3).is_err());
                    }
                    observer.step(pa, 2e-3).unwrap();
                    let state = observer.state();
                    let sum: f64 = state.temperature.iter().chain(&state.pressure).sum();
                    seen.push((shot, k, sum.to_bits()));
                }
            }
            let let_go = observer
                .state()
                .filling
                .contains(&crate::solver::Filling::Detached);
            (seen, let_go)
        };
        let ((plain, let_go), (ahead, _)) = (run(false), run(true));
        assert!(let_go, "the shot reaches the end of its pressure");
        assert!(
            plain == ahead,
            "{:?}",
            plain.iter().zip(&ahead).find(|(a, b)| a != b)
        );
    }

    fn compare(card: &str, limit: f64) {
        let mut mold = crate::molds::builtin("strip-ps").unwrap();
        mold.material = card.into();
        let material = mold.card().unwrap().require_simulation().unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../measured/ps_shot_05.csv");
        let drive = Drive::load(path).unwrap();
        let run = |exact: bool| {
            let mut observer = Observer::new(&mold, &material, &mold.latents().unwrap()).unwrap();
            if exact {
                observer.stepper.never_continue();
            }
            let mut p1 = drive.follow("p1").unwrap();
            let step = |k: u32| {
                observer
                    .step(p1.at_or_end(f64::from(k) * 1e-3), 1e-3)
                    .unwrap();
                (0..observer.probes.len())
                    .map(|i| observer.read(i))
                    .collect::<Vec<_>>()
            };
            (0..4000).map(step).collect::<Vec<_>>()
        };
        let (continued, exact) = (run(false), run(true));
        for sensor in 0..exact[0].len() {
            let peak = exact.iter().fold(0.0_f64, |m, p| m.max(p[sensor]));
            // A node that freezes off may do so one sample earlier or later.
            let off = (1..exact.len() - 1).map(|k| {
                let to = |j: usize| (continued[k][sensor] - exact[j][sensor]).abs();
                to(k - 1).min(to(k)).min(to(k + 1))
            });
            let worst = off.fold(0.0_f64, f64::max);
            println!(
                "{card}, sensor {sensor}: at most {:.4} % of its peak",
                100.0 * worst / peak
            );
            assert!(worst < limit * peak, "{card}: {worst} Pa of {peak} Pa");
            // The first sensor is the drive itself; beyond it a difference shows that both ways were run.
            assert!(sensor == 0 || worst > 0.0);
        }
    }
}

//! The plant: what happens next, and the reference solver that says how it goes.

use crate::PressHandle;
use crate::control::{CycleData, Temperatures};
use crate::course::{Course, CycleKind, Track};
use crate::error::PressSimError;
use crate::process::Process;
use crate::scenario::{EventKind, Scenario, Signal};
use crate::setpoints::{Range, Setpoint};
use crate::solved::Solved;
use crate::truth::{STEP_S, Truth};
use models_physics::latents::{LATENTS, Latents};
use models_physics::mold::{Mold, Press, Sensor, SensorKind, SensorQuantity};
use models_physics::recipe::Recipe;
use models_physics::shot::{Keep, Phase, Shot, run_recipe};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

mod motion;

use motion::Motion;

/// Pressure at which empty sensors rest, Pa.
const ATMOSPHERE_PA: f64 = models_units::ATMOSPHERIC.pa();
/// Pressure before the nozzle when melt is shot into the air, Pa, at the card's viscosity.
const PURGE_PA: f64 = 8.0e6;
/// Share of the dose a purge throws away.
const PURGE_SHARE: f64 = 0.9;
/// Length of the press's transfer pulse, s.
const PULSE_S: f64 = 0.05;
/// Rise and fall of a line, s.
const EDGE_S: f64 = 1e-4;
/// Level of an active line, V.
const LINE_V: f64 = 24.0;
/// Zero of the Celsius scale, K.
const ZERO_CELSIUS_K: f64 = 273.15;
/// Name of the probe in the control volume that fills last.
const END_OF_FILL: &str = "end of fill";

/// The cycle that was planned last: what it is does not change when it is solved again.
#[derive(Clone, Debug)]
struct Planned {
    kind: CycleKind,
    shot: u64,
    start_s: f64,
    idle_s: f64,
    latents: Latents,
    /// What it was solved with first: a shot under way keeps it.
    setpoints: Option<Recipe>,
}

/// A press in the rhythm of its scenario.
#[derive(Debug)]
pub struct Plant {
    scenario: Scenario,
    mold: Mold,
    press: Press,
    own_sensors: usize,
    process: Process,
    temperatures: Temperatures,
    handle: PressHandle,
    waiting: VecDeque<(CycleKind, f64)>,
    next_shot: u64,
    cycles: u64,
    planned: Option<Planned>,
    solved: Option<Solved>,
}

impl Plant {
    /// A plant at rest. Solves one nominal shot to find where the mold fills last.
    ///
    /// # Errors
    /// When mold or recipe are wrong or the nominal shot cannot be solved.
    pub fn new(scenario: Scenario, seed: u64) -> Result<Self, PressSimError> {
        let mut mold = scenario.mold()?;
        let recipe = scenario.recipe(&mold)?;
        let press = mold.press.expect("checked with the scenario");
        let base = mold.latents().map_err(PressSimError::Probe)?;
        let handle = controller(&scenario, &mold, &recipe)?;
        handle.reach(1)?;
        let own_sensors = mold.sensors.len();
        let last = fills_last(&mold, &press, &recipe, &base)?;
        mold.sensors.push(last);
        for channel in &scenario.channels {
            if let (Some(element), Some(at_mm)) = (&channel.element, channel.at_mm) {
                mold.sensors.push(Sensor {
                    name: surface_name(&channel.name),
                    quantity: SensorQuantity::SurfaceTemperature,
                    element: element.clone(),
                    at: at_mm * 1e-3,
                    kind: SensorKind::Virtual,
                });
            }
        }
        Ok(Self {
            process: Process::new(base, &scenario, seed),
            temperatures: Temperatures::settled(&recipe, &scenario.thermal),
            scenario,
            mold,
            press,
            own_sensors,
            handle,
            waiting: VecDeque::new(),
            next_shot: 1,
            cycles: 0,
            planned: None,
            solved: None,
        })
    }

    /// Looks for shots among those solved before, and leaves its own there; presses of the same scenario only.
    pub fn remember(&mut self, solved: &Solved) {
        self.solved = Some(solved.clone());
    }

    /// The press's control.
    #[must_use]
    pub fn handle(&self) -> PressHandle {
        self.handle.clone()
    }

    /// Number of the molded shot that comes next.
    #[must_use]
    pub const fn upcoming(&self) -> u64 {
        self.next_shot
    }

    /// Its scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Plans and solves the next cycle, which begins at `start_s`.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn next(&mut self, start_s: f64) -> Result<Course, PressSimError> {
        self.plan(start_s);
        self.again(None)
    }

    /// Solves the planned cycle again: with the setpoints of now, or with those it had and an earlier
    /// transfer at this injected volume, m3. Latents stay what they were.
    ///
    /// # Errors
    /// When the solver stops.
    pub fn again(&mut self, transfer_volume: Option<f64>) -> Result<Course, PressSimError> {
        let planned = match &self.planned {
            Some(planned) => planned.clone(),
            None => {
                self.plan(0.0);
                self.planned.clone().expect("just planned")
            }
        };
        match planned.kind {
            CycleKind::Purge => Ok(self.purge(&planned)),
            CycleKind::Idle => Ok(self.rest(&planned)),
            _ => self.shot(&planned, transfer_volume),
        }
    }

    fn plan(&mut self, start_s: f64) {
        let shot = self.next_shot;
        if self.waiting.is_empty() {
            let at = |kind| {
                let events = self.scenario.events.iter();
                events.filter(move |e| e.shot == shot && e.kind == kind)
            };
            self.waiting
                .extend(at(EventKind::Idle).map(|e| (CycleKind::Idle, e.idle_s.unwrap_or(0.0))));
            for event in at(EventKind::Purge) {
                for _ in 0..event.count.unwrap_or(1) {
                    self.waiting.push_back((CycleKind::Purge, 0.0));
                }
            }
            let starting = self.scenario.events.iter().any(|e| {
                e.kind == EventKind::Startup
                    && (e.shot..e.shot + e.count.unwrap_or(1)).contains(&shot)
            });
            let kind = if starting {
                CycleKind::Startup
            } else {
                CycleKind::Shot
            };
            self.waiting.push_back((kind, 0.0));
        }
        let (kind, idle_s) = self.waiting.pop_front().expect("filled above");
        self.cycles += 1;
        let latents = if matches!(kind, CycleKind::Shot | CycleKind::Startup) {
            self.next_shot += 1;
            self.process.draw(&self.scenario, shot, start_s)
        } else {
            Latents::default()
        };
        self.planned = Some(Planned {
            kind,
            shot,
            start_s,
            idle_s,
            latents,
            setpoints: None,
        });
    }

    fn shot(
        &mut self,
        planned: &Planned,
        transfer_volume: Option<f64>,
    ) -> Result<Course, PressSimError> {
        // A new solution before injection takes new setpoints; one in the middle of a shot does not.
        let setpoints = match (&planned.setpoints, transfer_volume) {
            (Some(setpoints), Some(_)) => setpoints.clone(),
            _ => self.handle.setpoints(),
        };
        if let Some(current) = &mut self.planned {
            current.setpoints = Some(setpoints.clone());
        }
        self.temperatures.aim(&setpoints, planned.start_s);
        let inject_s = self.scenario.cycle.close_s;
        let at = planned.start_s + inject_s;
        let mut recipe = setpoints.clone();
        recipe.melt_k = self.temperatures.melt.value(at);
        recipe.mold_k = self.temperatures.mold.value(at);
        if let Some(volume) = transfer_volume {
            recipe.transfer.injected_volume = volume.min(recipe.transfer.injected_volume);
        }
        let solve = || {
            let (mold, latents) = (&self.mold, &planned.latents);
            run_recipe(
                mold,
                &self.press,
                &recipe,
                latents,
                mold.cut(),
                &Keep::default(),
            )
        };
        let shot = match &self.solved {
            Some(solved) => solved.shot(&planned.latents, &recipe, solve),
            None => solve().map(Arc::new),
        };
        let shot = shot.map_err(|source| PressSimError::Shot {
            shot: planned.shot,
            source,
        })?;
        let motion = Motion::of(&shot, &recipe, &self.press, &planned.latents, self);
        let truth = self.truth(planned, &recipe, &shot, at);
        let data = self.cycle_data(planned, &recipe, &shot, &motion);
        let tracks = self
            .scenario
            .channels
            .iter()
            .map(|channel| match channel.signal {
                Signal::Sensor => {
                    let name = channel.sensor.as_deref().unwrap_or_default();
                    self.probe_track(&shot, &motion, name, recipe.mold_k)
                }
                Signal::Surface => {
                    let name = surface_name(&channel.name);
                    self.probe_track(&shot, &motion, &name, recipe.mold_k)
                }
                Signal::SpecificPressure => motion.specific_mpa.clone(),
                Signal::Screw => motion.screw_mm.clone(),
                Signal::Injection => pulse(inject_s, inject_s + motion.hold_end_s),
                Signal::Transfer => {
                    let at = inject_s + motion.transfer_s;
                    pulse(at, at + PULSE_S)
                }
            })
            .collect();
        Ok(Course {
            kind: planned.kind,
            shot: planned.shot,
            duration_s: inject_s + shot.part.ejected_at + self.scenario.cycle.open_s,
            inject_s,
            transfer_s: Some(inject_s + motion.transfer_s),
            tracks,
            injected: motion.injected,
            recipe: Some(setpoints),
            truth: Some(Arc::new(truth)),
            cycle_data: Some(data),
        })
    }

    /// Readings of one probe over the cycle: at rest before injection and after ejection.
    fn probe_track(&self, shot: &Shot, motion: &Motion, name: &str, mold_k: f64) -> Track {
        let Some(probe) = shot.probes.iter().position(|p| p.name == name) else {
            return Track::constant(0.0);
        };
        let pressure = shot.probes[probe].quantity == SensorQuantity::Pressure;
        let in_unit = |value: f64| {
            if pressure {
                value * 1e-6
            } else {
                value - ZERO_CELSIUS_K
            }
        };
        let rest = in_unit(if pressure { ATMOSPHERE_PA } else { mold_k });
        let last = shot
            .moments
            .last()
            .map_or(rest, |m| in_unit(m.readings[probe]));
        let mut values = vec![rest, rest];
        values.extend(shot.moments.iter().map(|m| in_unit(m.readings[probe])));
        // The part leaves: pressure is gone at once, the steel needs the time the mold is open.
        values.extend([if pressure { rest } else { last }, rest]);
        Track {
            time_s: motion.time_s.clone(),
            values,
        }
    }

    fn cycle_data(
        &self,
        planned: &Planned,
        recipe: &Recipe,
        shot: &Shot,
        motion: &Motion,
    ) -> CycleData {
        let peak = |phase: Option<Phase>| {
            let moments = shot.moments.iter().zip(&motion.specific_mpa.values[2..]);
            moments
                .filter(|(m, _)| phase.is_none_or(|p| m.phase == p))
                .fold(0.0, |peak: f64, (_, p)| peak.max(*p))
        };
        let area = self.press.screw_area();
        CycleData {
            job_cycle_counter: planned.shot,
            machine_cycle_counter: self.cycles,
            cycle_time_s: self.scenario.cycle.close_s
                + shot.part.ejected_at
                + self.scenario.cycle.open_s,
            injection_time_s: motion.transfer_s,
            hold_time_s: motion.hold_end_s - motion.transfer_s,
            plastification_time_s: motion.plastification_s,
            cooling_time_s: recipe.cooling_time_s,
            cushion_stroke_mm: motion.cushion / area * 1e3,
            cushion_volume_cm3: motion.cushion * 1e6,
            transfer_stroke_mm: motion.transfer_stroke_mm,
            transfer_specific_pressure_mpa: motion.transfer_mpa,
            maximum_specific_pressure_mpa: peak(None),
            maximum_hold_pressure_mpa: peak(Some(Phase::Hold)),
            melt_temperature_celsius: recipe.melt_k - ZERO_CELSIUS_K,
            mold_temperature_celsius: recipe.mold_k - ZERO_CELSIUS_K,
        }
    }

    fn truth(&self, planned: &Planned, recipe: &Recipe, shot: &Shot, at: f64) -> Truth {
        let points = (shot.part.ejected_at / STEP_S).floor() as usize + 1;
        let times: Vec<f64> = (0..points).map(|k| k as f64 * STEP_S).collect();
        let curve = |name: &str| {
            let probe = shot.probes.iter().position(|p| p.name == name);
            probe.map_or_else(Vec::new, |probe| shot.sample(probe, &times))
        };
        let own = &self.mold.sensors[..self.own_sensors];
        let events = self
            .scenario
            .events
            .iter()
            .filter(|e| e.shot == planned.shot);
        Truth {
            shot: planned.shot,
            kind: Some(planned.kind),
            injection_at_s: at,
            transfer_s: shot.transfer_at.unwrap_or_default(),
            full_s: shot.full_at,
            gate_freeze_s: shot.gate_freeze,
            ejected_s: shot.part.ejected_at,
            latents: LATENTS
                .iter()
                .map(|l| (l.name.to_owned(), planned.latents[l.latent]))
                .collect(),
            melt_k: recipe.melt_k,
            mold_k: recipe.mold_k,
            step_s: STEP_S,
            sensors: own
                .iter()
                .map(|s| (s.name.clone(), curve(&s.name)))
                .collect(),
            end_of_fill_pa: curve(END_OF_FILL),
            mass_kg: shot.part.mass,
            mean_shrinkage: shot.part.mean_shrinkage,
            largest_shrinkage: shot.part.largest_shrinkage,
            sink_depth_m: shot.part.sink_depth,
            short_share: shot.part.short_share,
            flash_ratio: shot.part.flash_ratio,
            events: events.map(|e| format!("{:?}", e.kind)).collect(),
        }
    }

    /// Melt into the air: the screw goes forward and comes back, nothing reaches the mold.
    fn purge(&mut self, planned: &Planned) -> Course {
        let recipe = self.handle.setpoints();
        let rate = recipe.rate_stages[0].rate;
        let go = PURGE_SHARE * recipe.dose_volume / rate;
        let cycle = &self.scenario.cycle;
        let (t0, t1) = (cycle.close_s, cycle.close_s + go);
        let (t2, t3) = (t1 + 1.0, t1 + 1.0 + cycle.plastification_s);
        let mm = 1e3 / self.press.screw_area();
        let (back, front) = (
            recipe.dose_volume * mm,
            (1.0 - PURGE_SHARE) * recipe.dose_volume * mm,
        );
        let (rest, high) = (ATMOSPHERE_PA * 1e-6, PURGE_PA * 1e-6);
        let hump = [
            (0.0, rest),
            (t0, rest),
            (t0 + 0.05, high),
            (t1, high),
            (t1 + 0.1, rest),
        ];
        let mold_c = self.temperatures.mold.value(planned.start_s) - ZERO_CELSIUS_K;
        self.course_without_melt(planned, t3 + 2.0, t0, &|signal, inlet| match signal {
            Signal::Sensor if inlet => Track::of(&hump),
            Signal::SpecificPressure => Track::of(&hump),
            Signal::Screw => Track::of(&[
                (0.0, back),
                (t0, back),
                (t1, front),
                (t2, front),
                (t3, back),
            ]),
            Signal::Injection => pulse(t0, t1),
            Signal::Surface => Track::constant(mold_c),
            Signal::Sensor => Track::constant(rest),
            Signal::Transfer => Track::constant(0.0),
        })
    }

    /// Nothing happens for a while.
    fn rest(&mut self, planned: &Planned) -> Course {
        let recipe = self.handle.setpoints();
        let screw = recipe.dose_volume / self.press.screw_area() * 1e3;
        let mold_c = self.temperatures.mold.value(planned.start_s) - ZERO_CELSIUS_K;
        self.course_without_melt(planned, planned.idle_s, planned.idle_s, &|signal, _| {
            Track::constant(match signal {
                Signal::Sensor | Signal::SpecificPressure => ATMOSPHERE_PA * 1e-6,
                Signal::Screw => screw,
                Signal::Surface => mold_c,
                Signal::Injection | Signal::Transfer => 0.0,
            })
        })
    }

    fn course_without_melt(
        &self,
        planned: &Planned,
        duration_s: f64,
        inject_s: f64,
        track: &dyn Fn(Signal, bool) -> Track,
    ) -> Course {
        let channels = self.scenario.channels.iter();
        let tracks = channels.map(|channel| {
            let sensor = channel
                .sensor
                .as_ref()
                .and_then(|name| self.mold.sensor(name));
            match sensor {
                // A temperature in the cavity rests at the mold's.
                Some(s) if s.quantity != SensorQuantity::Pressure => track(Signal::Surface, false),
                Some(s) => {
                    let element = self.mold.element(&s.element);
                    let inlet = element.is_some_and(|e| e.from == self.mold.inlet) && s.at == 0.0;
                    track(channel.signal, inlet)
                }
                None => track(channel.signal, false),
            }
        });
        Course {
            kind: planned.kind,
            shot: planned.shot,
            duration_s,
            inject_s,
            transfer_s: None,
            tracks: tracks.collect(),
            injected: Track::constant(0.0),
            recipe: None,
            truth: Some(Arc::new(Truth {
                shot: planned.shot,
                kind: Some(planned.kind),
                injection_at_s: planned.start_s + inject_s,
                ejected_s: duration_s - inject_s,
                step_s: STEP_S,
                ..Truth::default()
            })),
            cycle_data: None,
        }
    }
}

/// The controller as the scenario has it.
fn controller(
    scenario: &Scenario,
    mold: &Mold,
    recipe: &Recipe,
) -> Result<PressHandle, PressSimError> {
    let handle = PressHandle::new(mold.clone(), recipe.clone());
    for (name, [low, high]) in &scenario.controller.limits {
        let setpoint = Setpoint::from_name(name).expect("checked with the scenario");
        let (low, high) = (*low, *high);
        handle.set_range(setpoint, Range { low, high });
    }
    if let Some(seconds) = scenario.controller.heartbeat_s {
        handle.restore_after(Duration::from_secs_f64(seconds));
    }
    for event in &scenario.events {
        if let Some(act) = event.act() {
            handle.plan(event.shot, act)?;
        }
    }
    Ok(handle)
}

fn surface_name(channel: &str) -> String {
    format!("surface of {channel}")
}

/// A line that is active from `on` to `off`.
fn pulse(on: f64, off: f64) -> Track {
    Track::of(&[
        (0.0, 0.0),
        (on, 0.0),
        (on + EDGE_S, LINE_V),
        (off, LINE_V),
        (off + EDGE_S, 0.0),
    ])
}

/// A probe at the centre of the control volume that fills last in a nominal shot.
fn fills_last(
    mold: &Mold,
    press: &Press,
    recipe: &Recipe,
    latents: &Latents,
) -> Result<Sensor, PressSimError> {
    let keep = Keep {
        filling: true,
        ..Keep::default()
    };
    let shot = run_recipe(mold, press, recipe, latents, mold.cut(), &keep)
        .map_err(PressSimError::Probe)?;
    // Snapshots are in time order; the last one in which a cavity node was not yet full has it.
    let cavity = |n: &usize| shot.model.graph.nodes[*n].cavity;
    let last = shot
        .snapshots
        .iter()
        .rev()
        .find_map(|state| {
            let emptiest = (1..state.fill.len())
                .filter(cavity)
                .min_by(|a, b| state.fill[*a].total_cmp(&state.fill[*b]))?;
            (state.fill[emptiest] < 1.0).then_some(emptiest)
        })
        .unwrap_or(shot.model.graph.nodes.len() - 1);
    let node = &shot.model.graph.nodes[last];
    Ok(Sensor {
        name: END_OF_FILL.into(),
        quantity: SensorQuantity::Pressure,
        element: mold.elements[node.element].name.clone(),
        at: node.centre,
        kind: SensorKind::Virtual,
    })
}

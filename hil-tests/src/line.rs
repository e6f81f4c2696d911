//! A press and a box beside it, without a clock: shot for shot what the box believes and what is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use appliance_pipeline::estimator::{Estimator, Happened};
use appliance_pipeline::keeper::{Keeper, ShotSummary};
use appliance_pipeline::sample::Sample;
use appliance_pipeline::shot::ShotRecord;
use hil_press_sim::PressHandle;
use hil_press_sim::Scenario;
use hil_press_sim::course::CycleKind;
use hil_press_sim::offline::{Offline, Recording};
use hil_press_sim::solved::Solved;
use hil_press_sim::truth::Truth;
use models_infer::network::Network;
use models_infer::release::Release;

/// Samples a second.
pub const RATE_HZ: f64 = 200.0;

/// One molded shot.
#[derive(Debug)]
pub struct Molded {
    /// Number, from 1.
    pub shot: u64,
    /// Start of the cycle since the press started, s.
    pub start_s: f64,
    /// What the box made of it.
    pub summary: ShotSummary,
    /// What the box recorded.
    pub record: Box<ShotRecord>,
    /// What really happened.
    pub truth: Arc<Truth>,
    /// Melt volume in front of the screw over the cycle, m3, a value a sample.
    pub screw_m3: Vec<f64>,
    /// When injection began in it, s.
    pub inject_s: f64,
}

/// Press and box.
#[derive(Debug)]
pub struct Line {
    press: Offline,
    estimator: Estimator,
    keeper: Keeper,
    scenario: Scenario,
    used: Vec<String>,
    places: BTreeMap<String, usize>,
    screw_area_m2: f64,
}

impl Line {
    /// A press of this scenario and seed with a box that uses the sensors `used`.
    ///
    /// # Panics
    /// When the shipped mold or release cannot be used: they are part of the checkout.
    pub fn new(scenario: &Scenario, seed: u64, used: &[&str]) -> Self {
        Self::remembering(scenario, seed, used, &Solved::default())
    }

    /// As [`Line::new`], with the shots that other presses of the same scenario have solved.
    ///
    /// # Panics
    /// As [`Line::new`].
    pub fn remembering(scenario: &Scenario, seed: u64, used: &[&str], solved: &Solved) -> Self {
        let shelf = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/weights");
        let release = models_infer::shelf::find(&scenario.mold, &shelf).expect("a shipped release");
        let release = Release::load(&release).expect("a good release");
        let net = Network::new(&release).expect("a good network");
        let mold = models_physics::molds::builtin(&scenario.mold).expect("a shipped mold");
        let used: Vec<String> = used.iter().map(|u| (*u).to_owned()).collect();
        let mut keeper = Keeper::new(&mold, Some(Arc::new(net)), &used).expect("a pipeline");
        keeper.setup_mut().noise_pa = 6e4;
        let press = Offline::new(scenario, seed, RATE_HZ).expect("a press");
        let press = press.remembering(solved);
        keeper.setup_mut().phases.cooling_s = press.handle().setpoints().cooling_time_s;
        let named = keeper.setup().places.iter().enumerate();
        let places: BTreeMap<String, usize> = named.map(|(i, p)| (p.name.clone(), i)).collect();
        for name in &used {
            keeper.setup_mut().rezero[places[name]] = name != "nozzle";
        }
        Self {
            estimator: Estimator::new(keeper.setup().clone(), keeper.tuning().expect("models")),
            screw_area_m2: mold.press.as_ref().map_or(f64::NAN, |p| p.screw_area()),
            scenario: scenario.clone(),
            press,
            keeper,
            used,
            places,
        }
    }

    /// The press's control.
    pub fn handle(&self) -> PressHandle {
        self.press.handle()
    }

    /// The box's shot path.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Runs cycles until the next part is out.
    ///
    /// # Panics
    /// When the solver stops.
    pub fn mold(&mut self) -> Molded {
        self.mold_watched(&mut |_, _, _| {})
    }

    /// As [`Line::mold`]; `look` sees the estimator after every sample of a cycle with a part, with the truth and the time since
    /// injection began, s. A cycle without a part may go before the one that is returned; a part that the box did not
    /// notice is shown and not returned.
    ///
    /// # Panics
    /// As [`Line::mold`].
    pub fn mold_watched(&mut self, look: &mut dyn FnMut(&Estimator, &Truth, f64)) -> Molded {
        loop {
            let cycle = self.press.cycle().expect("a cycle");
            let (record, screw_m3) = self.follow(&cycle, look);
            let Some(record) = record else { continue };
            let summary = self.keeper.finish(&record);
            self.estimator.retune(self.keeper.tuning().expect("models"));
            let Some(truth) = cycle.truth.clone() else {
                continue;
            };
            if cycle.kind == CycleKind::Shot {
                return Molded {
                    shot: cycle.shot,
                    start_s: cycle.start_s,
                    inject_s: cycle.inject_s,
                    summary,
                    record,
                    truth,
                    screw_m3,
                };
            }
        }
    }

    /// Feeds one cycle to the estimator, sample by sample.
    fn follow(
        &mut self,
        cycle: &Recording,
        look: &mut dyn FnMut(&Estimator, &Truth, f64),
    ) -> (Option<Box<ShotRecord>>, Vec<f64>) {
        let channels = &self.scenario.channels;
        let values: Vec<Vec<f64>> = (0..channels.len()).map(|c| cycle.values(c)).collect();
        let column = |name: &str| {
            let at = channels.iter().position(|c| c.name == name);
            &values[at.expect("a channel of the scenario")]
        };
        let (screw, surface) = (column("screw position"), column("mold surface"));
        let (inject, transfer) = (column("injection active"), column("transfer"));
        let sensors = self.used.iter().map(|name| {
            let channel = match name.as_str() {
                "nozzle" => "nozzle pressure".to_owned(),
                name => format!("cavity pressure {name}"),
            };
            (self.places[name], column(&channel))
        });
        let sensors: Vec<(usize, &Vec<f64>)> = sensors.collect();
        let (mut record, mut volumes) = (None, Vec::with_capacity(screw.len()));
        for row in 0..screw.len() {
            let mut sample = Sample::at(cycle.start_s + row as f64 * cycle.step_s);
            for (place, column) in &sensors {
                sample.sensors[*place] = column[row] * 1e6 + 1e5;
            }
            sample.screw_m3 = screw[row] * 1e-3 * self.screw_area_m2;
            sample.surface_k = surface[row] + 273.15;
            sample.injecting = Some(inject[row] > 12.0);
            sample.transferred = Some(transfer[row] > 12.0);
            volumes.push(sample.screw_m3);
            let happened = self.estimator.step(&sample);
            if let Some(truth) = &cycle.truth {
                let since_s = row as f64 * cycle.step_s - cycle.inject_s;
                look(&self.estimator, truth, since_s);
            }
            if happened == Happened::Ended {
                record = Some(self.estimator.take(Box::new(ShotRecord::new())));
            }
        }
        (record, volumes)
    }
}

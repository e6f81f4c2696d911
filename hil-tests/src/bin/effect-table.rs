//! `effect-table`: what a changed recipe does, by the reference solver, by the replayed shot and by the network, in Markdown.
//!
//! The reference runs the truth's latents; replay and network run what the box believes after twelve shots.

use std::sync::Arc;

use appliance_pipeline::correct::{Effect, Quantity};
use appliance_pipeline::ports::{Change, Setpoint, Setpoints};
use hil_press_sim::Scenario;
use hil_tests::guarded::moved;
use hil_tests::line::Line;

use models_infer::follow::Follower;
use models_infer::network::Network;
use models_physics::latents::{Latent, Latents};
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use models_physics::shot::{Keep, run_recipe};

/// Setpoint and how far it is moved, SI.
const CHANGES: [(Setpoint, f64); 14] = [
    (Setpoint::HoldPressure, 2e6),
    (Setpoint::HoldPressure, -4e6),
    (Setpoint::HoldTime, 0.3),
    (Setpoint::HoldTime, -0.5),
    (Setpoint::TransferVolume, 2e-7),
    (Setpoint::TransferVolume, -3e-7),
    (Setpoint::InjectionRate, 3e-6),
    (Setpoint::InjectionRate, -5e-6),
    (Setpoint::MeltTemperature, 5.0),
    (Setpoint::MeltTemperature, -5.0),
    (Setpoint::MoldTemperature, 5.0),
    (Setpoint::MoldTemperature, -5.0),
    (Setpoint::CoolingTime, 2.0),
    (Setpoint::CoolingTime, -3.0),
];
/// Shots before the one that is looked at.
const SHOTS: usize = 12;

/// Mass in mg, end-of-fill pressure in MPa, pressure in the middle of the plate at the end of hold in MPa, core temperature in K.
#[derive(Clone, Copy)]
struct Came([f64; 4]);

fn main() {
    let scenario = Scenario::open("loop-undisturbed").expect("a shipped scenario");
    let mut line = Line::new(&scenario, 1, &["nozzle", "p1"]);
    let molded = (0..SHOTS).map(|_| line.mold()).last().expect("some shots");
    let recipe = line.handle().setpoints();
    let before = Setpoints::of_recipe(&recipe);
    let effect = Effect::new(line.keeper(), &molded.record, &before)
        .expect("replays run")
        .expect("a whole shot");
    let mold = models_physics::molds::builtin(&scenario.mold).expect("a shipped mold");
    let mut truth = mold.latents().expect("latents of a shipped mold");
    for (name, value) in &molded.truth.latents {
        truth[Latent::from_name(name).expect("a latent")] = *value;
    }
    let place = |name: &str| {
        let mut places = line.keeper().setup().places.iter();
        places.position(|p| p.name == name).expect("a sensor")
    };
    let places = [place("p2"), place("p3")];
    let net = line.keeper().network().expect("a release").clone();

    let reference = reference_came(&mold, &recipe, &truth);
    let network = network_came(&effect, &net, line.keeper().latents(), &before, &before);
    println!(
        "| setpoint | by | mass, mg: reference | replay | end of fill, MPa: reference | replay | network | p2 at end of hold, MPa: \
         reference | replay | network | core, K: reference | replay | network (t2) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let base_p2 = at_hold_end(&effect, &before, places[0]);
    for (setpoint, by) in CHANGES {
        let change = Change {
            values: vec![(setpoint, before[setpoint] + by)],
        };
        let after = change.applied_to(&before);
        let by_reference = reference_came(&mold, &moved(&recipe, setpoint, by), &truth);
        let by_replay = effect.change(&after).expect("replays run");
        let p2 = at_hold_end(&effect, &after, places[0]) - base_p2;
        let by_network = network_came(&effect, &net, line.keeper().latents(), &before, &after);
        let r: [f64; 4] = std::array::from_fn(|i| by_reference.0[i] - reference.0[i]);
        let n: [f64; 4] = std::array::from_fn(|i| by_network.0[i] - network.0[i]);
        println!(
            "| {} | {by:+.3e} {} | {:+.2} | {:+.2} | {:+.3} | {:+.3} | {:+.3} | {:+.3} | {:+.3} | {:+.3} | {:+.2} | {:+.2} | {:+.2} |",
            setpoint.name(),
            setpoint.unit(),
            r[0],
            by_replay[Quantity::PartMass] * 1e6,
            r[1],
            by_replay[Quantity::EndOfFillPressure] * 1e-6,
            n[1],
            r[2],
            p2,
            n[2],
            r[3],
            by_replay[Quantity::CoreTemperature],
            n[3],
        );
    }
}

/// Just before the end of hold, s.
const BEFORE_END_S: f64 = 0.1;

fn hold_end_s(effect: &Effect, after: &Setpoints) -> f64 {
    effect
        .shot()
        .with(effect.fill(), effect.setpoints(), after)
        .hold_end_s
}

fn at_hold_end(effect: &Effect, after: &Setpoints, place: usize) -> f64 {
    let end = hold_end_s(effect, after) - BEFORE_END_S;
    let curves = effect.curves(after).expect("replays run");
    let at = curves.partition_point(|c| c.time_s < end);
    curves[at.min(curves.len() - 1)].values[place] * 1e-6
}

fn reference_came(mold: &Mold, recipe: &Recipe, latents: &Latents) -> Came {
    let press = mold.press.as_ref().expect("a mold with a press");
    let shot = run_recipe(mold, press, recipe, latents, mold.cut(), &Keep::default());
    let shot = shot.expect("the reference runs");
    let probe = |name: &str| {
        let found = shot.probes.iter().position(|p| p.name == name);
        found.expect("a sensor")
    };
    let (p2, p3) = (probe("p2"), probe("p3"));
    let peak = shot
        .moments
        .iter()
        .fold(0.0_f64, |m, x| m.max(x.readings[p3]));
    let end = shot.transfer_at.unwrap_or(0.0) + recipe.hold_time_s() - BEFORE_END_S;
    Came([
        shot.part.mass * 1e6,
        peak * 1e-6,
        shot.sample(p2, &[end])[0] * 1e-6,
        shot.part.hottest_at_ejection,
    ])
}

/// The network over the replayed drive; it knows nothing of mass.
fn network_came(
    effect: &Effect,
    net: &Arc<Network>,
    believed: Latents,
    before: &Setpoints,
    after: &Setpoints,
) -> Came {
    let mut latents = believed;
    latents[Latent::MeltTemperature] +=
        after[Setpoint::MeltTemperature] - before[Setpoint::MeltTemperature];
    latents[Latent::MoldTemperature] +=
        after[Setpoint::MoldTemperature] - before[Setpoint::MoldTemperature];
    let values: Vec<f64> = net
        .about
        .latents
        .iter()
        .map(|l| latents[Latent::from_name(&l.name).expect("a latent")])
        .collect();
    let mut follower = Follower::new(net.clone(), &values).expect("latents in range");
    let sensor = |name: &str| {
        let found = net.about.sensors.iter().position(|s| s.name == name);
        found.expect("a sensor of the release")
    };
    let (p2, p3, t2) = (sensor("p2"), sensor("p3"), sensor("t2"));
    let end = hold_end_s(effect, after) - BEFORE_END_S;
    let (mut peak, mut held) = (0.0_f64, f64::NAN);
    for c in effect.curves(after).expect("replays run") {
        if follower.push(c.time_s, c.inlet_pa).is_err() {
            continue;
        }
        let read = follower.readings();
        peak = peak.max(read[p3]);
        if c.time_s < end {
            held = read[p2];
        }
    }
    Came([f64::NAN, peak * 1e-6, held * 1e-6, follower.readings()[t2]])
}

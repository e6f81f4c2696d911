use super::*;
use crate::correct::tracker::{REFERENCE_SHOTS, Tracker};
use crate::phase::CyclePhase;
use crate::sample::MOST_SENSORS;
use crate::setup::{ATMOSPHERE_PA, Setup};
use crate::shot::Row;
use models_physics::prior::Prior;

const TRANSFER_S: f64 = 0.52;
const HOLD_END_S: f64 = 6.52;
const ENDED_S: f64 = 21.5;

fn setpoints() -> Setpoints {
    Setpoints([4.5e7, 6.0, 1.16e-5, 2.5e-5, 503.15, 323.15, 15.0])
}

fn replay() -> (Replay, Belief) {
    let mold = models_physics::molds::builtin("plate-ps").unwrap();
    let material = mold.card().unwrap().require_simulation().unwrap();
    let names: Vec<String> = mold.sensors.iter().map(|s| s.name.clone()).collect();
    let setup = Setup::new(&mold, "nozzle", &["nozzle".to_owned()]).unwrap();
    let mut range = LATENTS.map(|l| l.bounds);
    for held in [Latent::Compliance, Latent::Gap, Latent::NoFlowPressure] {
        range[held as usize] = [LATENTS[held as usize].prior; 2];
    }
    let belief = Belief::new(Prior::of_mold(&mold).unwrap(), range, Vec::new());
    (Replay::new(&mold, &material, &names, setup.last), belief)
}

/// A record of a shot whose inlet pressure and screw ran like this.
fn record(curve: &[Instant]) -> ShotRecord {
    let mut record = ShotRecord::new();
    record.screw_rest_m3 = 1.6e-5;
    (record.surface_k, record.ended_s) = (323.15, ENDED_S);
    for (phase, at) in [
        (CyclePhase::Fill, 0.0),
        (CyclePhase::Hold, TRANSFER_S),
        (CyclePhase::Cool, HOLD_END_S),
    ] {
        record.phases.push((phase, at));
    }
    for c in curve {
        let mut measured = [f32::NAN; MOST_SENSORS];
        measured[0] = c.inlet_pa as f32;
        record.rows.push(Row {
            time_s: c.time_s as f32,
            measured,
            value: measured,
            sd: measured,
            model: measured,
            witness: measured,
            screw_m3: (record.screw_rest_m3 - c.displaced_m3) as f32,
        });
    }
    record
}

/// Nozzle pressure of a press: a ramp while it fills, then hold.
fn pressed() -> Recorded {
    let at = |k: u32| {
        let time_s = f64::from(k) * 0.01;
        let inlet_pa = match time_s {
            t if t < TRANSFER_S => ATMOSPHERE_PA + 4.0e7 * t / TRANSFER_S,
            t if t < HOLD_END_S => 4.37e7,
            _ => ATMOSPHERE_PA,
        };
        Instant {
            time_s,
            inlet_pa,
            displaced_m3: 0.0,
            values: Vec::new(),
        }
    };
    let curve: Vec<Instant> = (0..2150).map(at).collect();
    Recorded::of(&record(&curve), 0).unwrap()
}

/// The shot as the press would run it with melt this much hotter: same volume in fill, same pressure in hold.
fn shot(replay: &Replay, belief: &Belief, hotter_k: f64) -> Recorded {
    let base = Latents::from_values(belief.mean);
    let pressed = pressed();
    let fill = replay.fill(&base, &pressed).unwrap();
    let course = pressed.with(&fill, &setpoints(), &setpoints());
    let melt = Replay::moved(&base, hotter_k, 0.0);
    let (_, curve) = replay.run(&melt, &course, true).unwrap();
    Recorded::of(&record(&curve), 0).unwrap()
}

#[test]
fn setpoints_do_what_everybody_knows_they_do() {
    let (replay, belief) = replay();
    let effect = Effect::at(replay, pressed(), &belief, &setpoints()).unwrap();
    let change = |s: Setpoint, by: f64| {
        let mut after = setpoints();
        after[s] += by;
        effect.change(&after).unwrap()
    };
    let mass = |s, by| change(s, by)[Quantity::PartMass];
    assert_eq!(mass(Setpoint::HoldPressure, 0.0), 0.0);
    let by_pressure = [-4e6, -2e6, 2e6, 4e6].map(|by| mass(Setpoint::HoldPressure, by));
    assert!(by_pressure.is_sorted() && by_pressure[1] < 0.0 && by_pressure[2] > 0.0);
    assert!(mass(Setpoint::HoldTime, 0.3) > 0.0 && mass(Setpoint::HoldTime, -0.3) < 0.0);
    assert!(mass(Setpoint::MeltTemperature, 5.0) < 0.0);
    assert!(mass(Setpoint::MoldTemperature, 5.0) < 0.0);
    let core = |s, by| change(s, by)[Quantity::CoreTemperature];
    assert!(core(Setpoint::CoolingTime, 3.0) < -2.0);
    assert!(core(Setpoint::MoldTemperature, 5.0) > 3.0);
    let filled = change(Setpoint::HoldPressure, 4e6)[Quantity::EndOfFillPressure];
    assert!(filled > 3e6 && filled < 5e6, "{filled}");
}

#[test]
fn a_change_is_better_known_than_what_it_changes() {
    let (replay, belief) = replay();
    let effect = Effect::at(replay, pressed(), &belief, &setpoints()).unwrap();
    let change = Change {
        values: vec![(Setpoint::HoldPressure, 4.7e7)],
    };
    let seen = effect.what_if(&change).unwrap();
    let mass = Quantity::PartMass as usize;
    assert!(seen.change[mass][0] > 0.0 && seen.change[mass][1] > 0.0);
    let (change_sd, after_sd) = (seen.change[mass][1], seen.after[mass][1]);
    assert!(change_sd < after_sd, "{change_sd} {after_sd}");
    let moved = seen.after[mass][0] - seen.before[mass][0];
    assert!((moved - seen.change[mass][0]).abs() < 1e-12);
    assert!(seen.curves_after.len() > 400 && seen.curves_after.len() == seen.curves_before.len());
    let gradient = effect.gradient(&[Setpoint::HoldPressure]).unwrap();
    let [slope, sd] = gradient.of(Quantity::PartMass, Setpoint::HoldPressure);
    assert!(slope > 5.0 * sd, "{slope} {sd}");
    assert_eq!(
        gradient.of(Quantity::PartMass, Setpoint::HoldTime),
        [0.0, f64::INFINITY]
    );
}

#[test]
fn hotter_melt_is_found_by_the_volume_it_takes() {
    let (replay, belief) = replay();
    let mut tracker = Tracker::new(&[], 0.0);
    let usual = shot(&replay, &belief, 0.0);
    let mut look = |shot: &Recorded| {
        tracker
            .shot(shot, &setpoints(), &[Setpoint::HoldPressure], || {
                Effect::at(replay.clone(), usual.clone(), &belief, &setpoints()).map(Some)
            })
            .unwrap()
    };
    for _ in 0..REFERENCE_SHOTS {
        assert!(look(&usual).is_none());
    }
    let same = look(&usual).unwrap();
    assert!(same.understood && same.outcome[Quantity::PartMass].abs() < 1e-9);
    let hotter = look(&shot(&replay, &belief, 5.0)).unwrap();
    assert!((hotter.latents[1] - 5.0).abs() < 1.0, "{hotter:?}");
    // The plate loses about 11 mg with 5 K.
    let lost = hotter.outcome[Quantity::PartMass];
    assert!((-16e-6..=-7e-6).contains(&lost), "{lost}");
}

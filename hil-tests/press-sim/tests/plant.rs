//! What the press does is the solver's answer to what the scenario disturbed.

use firmware_wire::NO_READING;
use hil_press_sim::course::CycleKind;
use hil_press_sim::offline::{Offline, Recording};
use hil_press_sim::{Plant, Scenario};
use models_physics::latents::Latent;
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use models_physics::shot::{Keep, Shot, run_recipe};

const ATMOSPHERE_PA: f64 = models_units::ATMOSPHERIC.pa();

fn open(name: &str) -> Scenario {
    Scenario::open(name).expect("a shipped scenario")
}

fn cycles(scenario: &Scenario, seed: u64, count: usize) -> Vec<Recording> {
    let mut press = Offline::new(scenario, seed, 200.0).expect("a press");
    (0..count)
        .map(|_| press.cycle().expect("a cycle"))
        .collect()
}

fn solved(scenario: &Scenario, change: &[(Latent, f64)]) -> (Mold, Recipe, Shot) {
    let mold = scenario.mold().expect("a mold");
    let recipe = scenario.recipe(&mold).expect("a recipe");
    let mut latents = mold.latents().expect("sound latents");
    for &(latent, value) in change {
        latents.set(latent, value).expect("inside its bounds");
    }
    let press = mold.press.expect("a press");
    let shot = run_recipe(
        &mold,
        &press,
        &recipe,
        &latents,
        mold.cut(),
        &Keep::default(),
    );
    (mold, recipe, shot.expect("a shot"))
}

#[test]
fn mass_and_curves_are_those_of_the_solver_with_the_disturbed_card() {
    for (name, change) in [
        ("matched", &[][..]),
        (
            "disturbed",
            &[(Latent::Conductivity, 1.2), (Latent::TauStar, 0.8)][..],
        ),
    ] {
        let scenario = open(name);
        let recording = cycles(&scenario, 1, 1).remove(0);
        let truth = recording.truth.clone().expect("a shot has a truth");
        let (_, _, shot) = solved(&scenario, change);
        assert!(
            (truth.mass_kg / shot.part.mass - 1.0).abs() < 1e-9,
            "{name}"
        );
        let p1 = shot.probes.iter().position(|p| p.name == "p1").expect("p1");
        let times: Vec<f64> = (0..truth.sensors["p1"].len())
            .map(|k| k as f64 * truth.step_s)
            .collect();
        let largest = shot
            .sample(p1, &times)
            .iter()
            .zip(&truth.sensors["p1"])
            .fold(0.0, |d: f64, (a, b)| d.max((a - b).abs()));
        assert!(largest < 1.0, "{name}: {largest} Pa");
        // The end of the flow path sees less than the sensor before it, and not nothing.
        let peak = |curve: &[f64]| curve.iter().fold(0.0, |m: f64, p| m.max(*p));
        let (end, p3) = (peak(&truth.end_of_fill_pa), peak(&truth.sensors["p3"]));
        assert!(end > 1e6 && end <= 1.001 * p3, "{end} {p3}");
    }
}

#[test]
fn matched_codes_decode_to_the_truth_within_their_noise() {
    let scenario = open("matched");
    let recording = cycles(&scenario, 1, 1).remove(0);
    let truth = recording.truth.clone().expect("a truth");
    let p1 = recording.values(2);
    let mut squares = 0.0;
    for (k, pa) in truth.sensors["p1"].iter().enumerate() {
        let row = ((recording.inject_s + k as f64 * truth.step_s) / recording.step_s).round();
        squares += (p1[row as usize] - (pa - ATMOSPHERE_PA) * 1e-6).powi(2);
    }
    let rms = (squares / truth.sensors["p1"].len() as f64).sqrt();
    assert!(
        (0.028..0.034).contains(&rms),
        "noise is 0.03 MPa, found {rms}"
    );
}

#[test]
fn a_seed_is_a_world_and_another_seed_another() {
    let scenario = open("demo");
    let (a, b, c) = (
        cycles(&scenario, 5, 3),
        cycles(&scenario, 5, 3),
        cycles(&scenario, 6, 3),
    );
    for ((a, b), c) in a.iter().zip(&b).zip(&c) {
        assert_eq!(a.codes, b.codes);
        assert_eq!(a.truth, b.truth);
        assert_ne!(a.codes, c.codes);
    }
    assert_ne!(a[0].truth, a[1].truth);
}

#[test]
fn a_lot_changes_the_material_from_its_shot_on() {
    let mut scenario = open("lot-change");
    scenario.drifts.clear();
    scenario.events[0].shot = 2;
    scenario.events[1].shot = 3;
    let all = cycles(&scenario, 1, 3);
    let latent = |shot: usize, name: &str| all[shot].truth.as_ref().expect("a truth").latents[name];
    for (shot, viscosity) in [(0, 1.0), (1, 1.2), (2, 0.84)] {
        assert!((latent(shot, "viscosity") - viscosity).abs() < 1e-12);
    }
    assert_eq!(latent(1, "melt_temperature"), 0.0);
    assert_eq!(latent(2, "melt_temperature"), 5.0);
    let peak = |shot: usize| {
        let data = all[shot].cycle_data.as_ref().expect("cycle data");
        data.transfer_specific_pressure_mpa
    };
    assert!(
        peak(1) > 1.01 * peak(0),
        "a thicker melt needs more pressure: {} {}",
        peak(1),
        peak(0)
    );
    assert!(peak(2) < peak(0), "a thinner and hotter one less");
}

#[test]
fn purges_pauses_and_start_up_come_in_order_and_leave_the_mold_empty() {
    let all = cycles(&open("purge-and-startup"), 1, 4);
    let kinds: Vec<_> = all.iter().map(|r| r.kind).collect();
    use CycleKind::{Purge, Startup};
    assert_eq!(kinds, [Purge, Purge, Purge, Startup]);
    let p1 = all[0].values(2);
    assert!(
        p1.iter().all(|p| (p - 0.1).abs() < 0.5),
        "no melt in the mold"
    );
    assert!(
        all[0].values(0).iter().any(|p| *p > 5.0),
        "but before the nozzle"
    );
    let cold = all[3].truth.as_ref().expect("a truth");
    assert_eq!(cold.latents["melt_temperature"], -15.0);
}

#[test]
fn a_dead_sensor_gives_no_reading_until_it_recovers() {
    let mut scenario = open("sensor-death");
    scenario.events.truncate(2);
    scenario.events[0].shot = 1;
    scenario.events[1].shot = 2;
    let all = cycles(&scenario, 1, 2);
    let dead = |r: &Recording| r.codes[2].iter().filter(|c| **c == NO_READING).count();
    let after = ((all[0].inject_s + 0.3) / all[0].step_s).round() as usize;
    assert_eq!(dead(&all[0]), all[0].codes[2].len() - after);
    assert_eq!(
        dead(&all[1]),
        (all[1].inject_s / all[1].step_s).round() as usize
    );
    assert!(!all[0].codes[0].contains(&NO_READING));
}

#[test]
fn setpoints_act_at_the_next_shot_and_temperatures_only_slowly() {
    let mut press = Offline::new(&open("matched"), 1, 200.0).expect("a press");
    let handle = press.handle();
    let before = press.cycle().expect("a cycle").truth.expect("a truth");
    handle
        .change(|recipe| {
            recipe.hold[0].pressure *= 1.3;
            recipe.mold_k += 10.0;
        })
        .expect("the press can do that");
    let after = press.cycle().expect("a cycle").truth.expect("a truth");
    assert!(
        after.mass_kg > 1.001 * before.mass_kg,
        "more hold pressure, more mass"
    );
    assert_eq!(after.mold_k, before.mold_k, "dead time");
    for _ in 0..9 {
        press.cycle().expect("a cycle");
    }
    let later = press.cycle().expect("a cycle").truth.expect("a truth");
    let rise = later.mold_k - before.mold_k;
    assert!(rise > 4.0 && rise < 9.5, "{rise} K of 10 after 10 cycles");
    let data = handle.cycle_data().expect("published");
    assert_eq!(data.job_cycle_counter, 12);
    assert!(data.cushion_stroke_mm > 0.5 && data.cushion_stroke_mm < data.transfer_stroke_mm);
    let refused = handle.change(|recipe| recipe.hold[0].pressure = 1e9);
    assert!(refused.is_err());
}

#[test]
fn an_earlier_transfer_is_the_same_shot_up_to_there() {
    let mut plant = Plant::new(open("demo"), 1).expect("a plant");
    let whole = plant.next(0.0).expect("a course");
    let firmer = |recipe: &mut models_physics::recipe::Recipe| recipe.hold[0].pressure *= 1.2;
    plant
        .handle()
        .change(firmer)
        .expect("the press can do that");
    let early = plant.again(Some(9.0e-6)).expect("a course");
    assert_eq!(
        early.recipe, whole.recipe,
        "a shot under way keeps its setpoints"
    );
    let (late_s, early_s) = (
        whole.transfer_s.expect("it transfers"),
        early.transfer_s.expect("it does"),
    );
    assert!(
        (late_s - early_s - 2.6 / 25.0).abs() < 0.002,
        "2.6 cm3 at 25 cm3/s earlier"
    );
    for t in [1.6, 1.7, 0.99 * early_s] {
        let p = |course: &hil_press_sim::Course| course.tracks[0].value(t, &mut 0);
        assert!(
            (p(&whole) - p(&early)).abs() < 0.05,
            "at {t}: {} {}",
            p(&whole),
            p(&early)
        );
    }
    let (a, b) = (whole.truth.expect("a truth"), early.truth.expect("a truth"));
    assert_eq!(a.latents, b.latents);
    assert_ne!(a.mass_kg.to_bits(), b.mass_kg.to_bits());
}

#[test]
fn a_steady_change_stays_inside_its_shots() {
    let mut scenario = open("loop-melt-drift");
    scenario.drifts.retain(|d| d.per_shot != 0.0);
    let drift = &mut scenario.drifts[0];
    (drift.from_shot, drift.until_shot) = (2, Some(3));
    let melt: Vec<f64> = cycles(&scenario, 1, 4)
        .iter()
        .map(|c| c.truth.as_ref().expect("a truth").latents["melt_temperature"])
        .collect();
    let moved: Vec<f64> = melt.iter().map(|m| m - melt[0]).collect();
    for (found, expected) in moved.iter().zip([0.0, 0.5, 1.0, 1.0]) {
        assert!((found - expected).abs() < 1e-12, "{moved:?}");
    }
}

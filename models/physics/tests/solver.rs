#![allow(clippy::unwrap_used)] // helpers of tests are tests too
//! The solver as a whole: laws of conservation, one operator for solver and residual, refinement.

use models_physics::drive::Drive;
use models_physics::latents::Latents;
use models_physics::mold::Mold;
use models_physics::recipe::Recipe;
use models_physics::shot::{self, Keep, Shot};
use models_physics::solver::{
    Cut, Filling, Inlet, March, Model, State, StepControl, Stepper, downstream_of,
};
use models_physics::{molds, recipes};

const COARSE: Cut = Cut {
    cells: 24,
    layers: 8,
};

fn shoot(name: &str, cut: Cut) -> Shot {
    let mold = molds::builtin(name).unwrap();
    let recipe = recipes::builtin(name).unwrap();
    let press = mold.press.unwrap();
    shot::run_recipe(
        &mold,
        &press,
        &recipe,
        &mold.latents().unwrap(),
        cut,
        &Keep::default(),
    )
    .unwrap()
}

/// Mass by the equation of state, node by node.
fn held(model: &Model, state: &State) -> f64 {
    let (layers, column) = (model.layers.len(), model.column());
    (1..model.nodes())
        .filter(|n| state.filling[*n] == Filling::Full)
        .map(|n| {
            let node = &model.graph.nodes[n];
            let opening = if node.cavity { state.opening } else { 0.0 };
            let volume = node.volume * (1.0 + 0.5 * opening / node.half_gap);
            let weights = &model.layers.section(node.section).volume;
            let t = &state.temperature[n * column..n * column + layers];
            let rho: f64 = weights
                .iter()
                .zip(t)
                .map(|(w, t)| w / model.melt.tait.blended(*t, state.pressure[n]).v)
                .sum();
            (volume * rho - state.mass[n]).abs()
        })
        .sum()
}

#[test]
fn mass_is_conserved_over_a_whole_shot_of_every_mold() {
    for name in ["plate-ps", "disc", "two-cavity"] {
        let shot = shoot(name, COARSE);
        println!(
            "{name}: ledger {:.1e}, equation of state {:.1e}",
            shot.mass_error,
            held(&shot.model, &shot.end) / shot.end.melt_mass()
        );
        assert!(shot.mass_error < 1e-6, "{name}: {:e}", shot.mass_error);
        assert!(
            held(&shot.model, &shot.end) < 1e-6 * shot.end.melt_mass(),
            "{name}"
        );
        assert!(
            shot.full_at.is_some() && shot.gate_freeze.is_some(),
            "{name}"
        );
        assert!(
            shot.part.short_share < 1e-6 && shot.part.mean_shrinkage > 0.0,
            "{name}"
        );
        assert!(
            shot.part.largest_shrinkage >= shot.part.mean_shrinkage,
            "{name}"
        );
    }
}

fn strip() -> (Mold, Drive) {
    let mold = downstream_of(&molds::builtin("strip-ps").unwrap(), "p1").unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../measured/ps_shot_05.csv");
    (mold, Drive::load(path).unwrap())
}

/// The public residual is the operator the solver drives to zero: below tolerance at its own states,
/// and not at others.
#[test]
fn the_residual_and_the_solver_are_one_operator() {
    let (mold, drive) = strip();
    let model = Model::new(&mold, &mold.latents().unwrap(), COARSE, None, None).unwrap();
    let mut march = March::new(&model, State::empty(&model)).unwrap();
    let mut judge = Stepper::new(&model).unwrap();
    let mut p1 = drive.follow("p1").unwrap();
    let mut steps = 0;
    while march.state.time < 3.0 {
        let follow = std::cell::RefCell::new(&mut p1);
        march
            .advance(1.0, |t, _| {
                Inlet::Pressure(follow.borrow_mut().at_or_end(t).max(1e5))
            })
            .unwrap();
        let (old, new) = (&march.before, &march.state);
        let dt = new.time - old.time;
        let inlet = Inlet::Pressure(new.pressure[0]);
        let r = judge.residual(&model, old, new, inlet, dt);
        let scale = model.graph.volume() * 1000.0 / dt;
        let mass = r.mass.iter().fold(0.0, |m: f64, v| m.max(v.abs())) / scale;
        let energy = r.energy.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let flow = new
            .flow
            .iter()
            .fold(1e-4 * model.graph.volume(), |m, q| m.max(q.abs()));
        let momentum = r.momentum.iter().fold(0.0, |m: f64, v| m.max(v.abs())) / flow;
        assert!(mass < 1e-6, "mass {mass:e} at {}", new.time);
        assert!(momentum < 1e-3, "momentum {momentum:e} at {}", new.time);
        assert!(energy < 0.05, "energy {energy:e} K at {}", new.time);
        steps += 1;
        if steps % 40 == 0 {
            let mut wrong = new.clone();
            let node = model.nodes() / 2;
            if wrong.filling[node] == Filling::Full {
                wrong.pressure[node] += 1e5;
                wrong.temperature[node * model.column()] += 1.0;
                let bad = judge.residual(&model, old, &wrong, inlet, dt);
                assert!(bad.mass[node].abs() / scale > 10.0 * mass.max(1e-9));
                assert!(bad.energy.iter().fold(0.0, |m: f64, v| m.max(v.abs())) > 0.2);
            }
        }
    }
    assert!(steps > 60);
}

#[test]
fn pressure_falls_along_the_path_while_the_mold_fills() {
    let (mold, drive) = strip();
    let model = Model::new(&mold, &mold.latents().unwrap(), COARSE, None, None).unwrap();
    let mut march = March::new(&model, State::empty(&model)).unwrap();
    let mut p1 = drive.follow("p1").unwrap();
    while !march.is_full() {
        let follow = std::cell::RefCell::new(&mut p1);
        march
            .advance(1.0, |t, _| {
                Inlet::Pressure(follow.borrow_mut().at_or_end(t).max(1e5))
            })
            .unwrap();
        for pair in march.state.pressure.windows(2) {
            assert!(
                pair[1] <= pair[0] * (1.0 + 1e-6),
                "{:?} at {}",
                pair,
                march.state.time
            );
        }
    }
}

/// P2 two seconds in, with every step shortened by a factor.
fn refined(factor: f64) -> f64 {
    let (mold, drive) = strip();
    let model = Model::new(&mold, &mold.latents().unwrap(), COARSE, None, None).unwrap();
    let mut march = March::new(&model, State::empty(&model)).unwrap();
    march.control = StepControl::default().refined(factor);
    let mut p1 = drive.follow("p1").unwrap();
    while march.state.time < 1.0 - 1e-12 {
        let follow = std::cell::RefCell::new(&mut p1);
        let left = 1.0 - march.state.time;
        march
            .advance(left, |t, _| {
                Inlet::Pressure(follow.borrow_mut().at_or_end(t).max(1e5))
            })
            .unwrap();
    }
    march.state.pressure[12]
}

#[test]
fn shorter_steps_converge() {
    let p = [1.0, 0.5, 0.25, 0.125].map(refined);
    println!("{p:?}");
    let change = |i: usize| (p[i + 1] - p[i]).abs();
    assert!(change(0) < 0.01 * p[3], "{p:?}");
    assert!(change(2) < 0.75 * change(0).max(change(1)), "{p:?}");
}

/// Two equal strips between the inlet and one common end: a loop, solved by the sparse factorisation.
#[test]
fn a_loop_is_symmetric_and_agrees_with_its_half() {
    let text = |second: &str| {
        format!(
            r#"
name = "ring"
title = "two strips"
material = "ps_styron678e"
inlet = "in"
compliance_m_per_pa = 0.0
[process]
melt_celsius = 230.0
[wall]
mold_celsius = 50.0
htc_w_per_m2_k = 1250.0
[element.a]
shape = "strip"
from = "in"
to = "end"
width_mm = 20.0
gap_mm = 2.0
length_mm = 50.0
cavity = true
cells = 10
{second}
[sensor.pa]
element = "a"
at_mm = 30.0
"#
        )
    };
    let twin = r#"
[element.b]
shape = "strip"
from = "in"
to = "end"
width_mm = 20.0
gap_mm = 2.0
length_mm = 50.0
cavity = true
cells = 10
"#;
    let run = |text: &str| {
        let mold = Mold::from_toml(text, "ring.toml").unwrap();
        let model =
            Model::new(&mold, &Latents::of_mold(&mold).unwrap(), COARSE, None, None).unwrap();
        let mut march = March::new(&model, State::empty(&model)).unwrap();
        while march.state.time < 1.0 - 1e-9 {
            let left = 1.0 - march.state.time;
            march
                .advance(left, |t, _| {
                    Inlet::Pressure(1e5 + 30e6 * (t / 0.3).min(1.0))
                })
                .unwrap();
        }
        assert!(march.is_full());
        march.state.pressure.clone()
    };
    let (ring, half) = (run(&text(twin)), run(&text("")));
    for i in 1..=10 {
        assert!(
            (ring[i] - ring[i + 10]).abs() < 1e-3 * ring[i],
            "{i}: {} {}",
            ring[i],
            ring[i + 10]
        );
        assert!(
            (ring[i] - half[i]).abs() < 0.02 * half[i],
            "{i}: {} {}",
            ring[i],
            half[i]
        );
    }
}

/// A sensor in the middle of a mold with steel: quiet at first, then the front arrives with a jump. The
/// step that meets it must not settle on a runaway of shear heating.
#[test]
fn a_late_front_drives_the_rest_of_the_mold() {
    let mold = downstream_of(&molds::builtin("plate-ps").unwrap(), "p2").unwrap();
    let (_, drive) = strip();
    let shot = shot::run_drive(
        &mold,
        &mold.latents().unwrap(),
        mold.cut(),
        &drive,
        "p2",
        4.0,
        &Keep::default(),
    )
    .unwrap();
    assert!(shot.full_at.is_some());
    let capacity = shot.model.graph.volume() * 1000.0;
    assert!(
        (0.9..1.1).contains(&(shot.end.melt_mass() / capacity)),
        "{} kg",
        shot.end.melt_mass()
    );
    assert!(
        shot.end
            .temperature
            .iter()
            .all(|t| (300.0..560.0).contains(t))
    );
}

#[test]
fn a_recipe_that_never_fills_is_an_error_that_says_so() {
    let mold = molds::builtin("plate-ps").unwrap();
    let mut recipe = recipes::builtin("plate-ps").unwrap();
    recipe.transfer.injected_volume = 2e-6;
    recipe.hold = vec![models_physics::recipe::HoldStage {
        pressure: 2e5,
        time: 1.0,
    }];
    let press = mold.press.unwrap();
    let error = shot::run_recipe(
        &mold,
        &press,
        &recipe,
        &mold.latents().unwrap(),
        COARSE,
        &Keep::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("never fills"), "{error}");
}

mod any_recipe {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        /// No recipe inside the press limits breaks the solver.
        #[test]
        fn inside_the_limits_gives_finite_results(
            melt in 200.0..265.0_f64, mold_c in 25.0..75.0_f64, rate in 3.0..78.0_f64,
            transfer in 0.75..1.02_f64, hold in 5.0..140.0_f64, hold_s in 0.3..8.0_f64,
        ) {
            let mold = molds::builtin("plate-ps").unwrap();
            let press = mold.press.unwrap();
            let mut recipe: Recipe = recipes::builtin("plate-ps").unwrap();
            recipe.melt_k = melt + 273.15;
            recipe.mold_k = mold_c + 273.15;
            for stage in &mut recipe.rate_stages { stage.rate = rate * 1e-6; }
            recipe.transfer.injected_volume *= transfer;
            recipe.hold = vec![models_physics::recipe::HoldStage { pressure: hold * 1e6, time: hold_s }];
            recipe.cooling_time_s = 4.0;
            let cut = Cut { cells: 16, layers: 6 };
            match shot::run_recipe(&mold, &press, &recipe, &mold.latents().unwrap(), cut, &Keep::default()) {
                Ok(shot) => {
                    prop_assert!(shot.mass_error < 1e-6);
                    prop_assert!(shot.part.mass.is_finite() && shot.part.mass > 0.0);
                    for m in &shot.moments {
                        prop_assert!(m.readings.iter().all(|r| r.is_finite()) && m.clamp_force.is_finite());
                    }
                    let hottest = shot.end.temperature.iter().fold(0.0_f64, |a, t| a.max(*t));
                    prop_assert!(hottest < recipe.melt_k + 150.0);
                }
                Err(shot::ShotError::NeverFills { .. }) => {}
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

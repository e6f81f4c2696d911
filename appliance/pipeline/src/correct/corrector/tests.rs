use super::*;
use crate::correct::Aim;
use crate::correct::quantity::Outcome;
use crate::correct::trend::tests::independent;
use crate::ports::Limit;
use proptest::prelude::*;

const GRAM: f64 = 1e-3;
const MASS: f64 = 10.7 * GRAM;
const MELT: f64 = -2.4e-3 * GRAM;
const HOLD: f64 = 4e-3 * GRAM * 1e-6;

fn limits() -> Limits {
    let mut limits: Limits = [None; SETPOINTS];
    limits[Setpoint::HoldPressure as usize] = Some(Limit {
        low: 3.5e7,
        high: 5.5e7,
        step: 1.5e6,
        per_hour: 1.2e7,
    });
    limits[Setpoint::MeltTemperature as usize] = Some(Limit {
        low: 490.0,
        high: 515.0,
        step: 3.0,
        per_hour: 20.0,
    });
    limits
}

fn settings() -> Correction {
    let target = Target {
        quantity: Quantity::PartMass,
        aim: Aim::Reference,
        tolerance: 5e-4 * MASS,
    };
    Correction::new(vec![target], Vec::new(), limits())
}

fn only_pressure() -> Correction {
    let mut settings = settings();
    settings.limits[Setpoint::MeltTemperature as usize] = None;
    settings
}

fn gradient() -> Gradient {
    let mut gradient = Gradient::default();
    let mass = &mut gradient.slope[Quantity::PartMass as usize];
    mass[Setpoint::HoldPressure as usize] = [HOLD, 0.05 * HOLD];
    mass[Setpoint::MeltTemperature as usize] = [MELT, 0.05 * MELT.abs()];
    gradient
}

fn reference() -> [Banded; QUANTITIES] {
    let mut reference = [[0.0, 0.0]; QUANTITIES];
    reference[Quantity::PartMass as usize] = [MASS, 0.01 * MASS];
    reference[Quantity::EndOfFillPressure as usize] = [4e7, 1e6];
    reference
}

fn off(mass: f64, sd: f64) -> Off {
    let (mut outcome, mut sds) = (Outcome::default(), Outcome::default());
    outcome[Quantity::PartMass] = mass;
    sds[Quantity::PartMass] = sd;
    Off {
        outcome,
        sd: sds,
        latents: [0.0; 4],
        understood: true,
    }
}

/// A press whose mass follows its setpoints and a disturbance.
struct Plant {
    corrector: Corrector,
    set: Setpoints,
    reached: Reached,
    shot: u64,
    slope_error: f64,
}

impl Plant {
    fn new(settings: Correction) -> Self {
        Self {
            corrector: Corrector::new(settings, Tracker::new(&[], 0.0)),
            set: Setpoints([4.5e7, 6.0, 1.16e-5, 2.5e-5, 503.0, 323.0, 15.0]),
            reached: Reached::new(Setpoint::ALL.map(Settling::usual)),
            shot: 0,
            slope_error: 1.0,
        }
    }

    /// Mass off the first shot, by setpoints alone.
    fn moved(&self, reached: &Setpoints) -> f64 {
        self.slope_error
            * (HOLD * (reached[Setpoint::HoldPressure] - 4.5e7)
                + MELT * (reached[Setpoint::MeltTemperature] - 503.0))
    }

    fn shot(&mut self, disturbance: f64, scatter: f64, trusted: bool) -> (f64, Decided) {
        self.shot += 1;
        let time_s = 25.0 * self.shot as f64;
        let reached = self.reached.step(time_s, &self.set);
        let mass = disturbance + self.moved(&reached);
        let seen = Seen {
            shot: self.shot,
            time_s,
            kind: Kind::Production,
            trusted,
            setpoints: self.set,
        };
        let at = self.corrector.follow(&seen);
        let seen_off = off(mass + scatter, 1.5e-3 * GRAM);
        let decided = self
            .corrector
            .decide(&seen, at, seen_off, &gradient(), &reference());
        self.set = decided.change.applied_to(&self.set);
        (mass, decided)
    }
}

#[test]
fn a_step_is_gone_within_a_few_shots_and_the_predicted_effect_is_told() {
    let mut plant = Plant::new(only_pressure());
    for _ in 0..5 {
        assert!(plant.shot(0.0, 0.0, true).1.change.is_empty());
    }
    let (_, first) = plant.shot(-0.012 * GRAM, 0.0, true);
    assert_eq!(first.change.values.len(), 1);
    let judged = &first.judged[0];
    assert!(judged.off[0] < 0.0 && judged.after[0].abs() < judged.off[0].abs());
    let mut mass = 0.0;
    for _ in 0..4 {
        mass = plant.shot(-0.012 * GRAM, 0.0, true).0;
    }
    assert!(mass.abs() < 0.003 * GRAM, "{mass}");
}

#[test]
fn nothing_is_asked_without_target_trust_or_understanding() {
    let mut none = settings();
    none.targets.clear();
    let mut plant = Plant::new(none);
    assert_eq!(plant.shot(1.0, 0.0, true).1.held, Some(Held::WithinBand));
    let mut plant = Plant::new(settings());
    for _ in 0..20 {
        assert_eq!(
            plant.shot(0.1 * GRAM, 0.0, false).1.held,
            Some(Held::NotTrusted)
        );
    }
    let mut corrector = Corrector::new(settings(), Tracker::new(&[], 0.0));
    let seen = Seen {
        shot: 1,
        time_s: 1.0,
        kind: Kind::Production,
        trusted: true,
        setpoints: plant.set,
    };
    let at = corrector.follow(&seen);
    let confused = Off {
        understood: false,
        ..off(1.0 * GRAM, 1e-6)
    };
    let decided = corrector.decide(&seen, at, confused, &gradient(), &reference());
    assert_eq!(decided.held, Some(Held::NotUnderstood));
    // A band wider than the deviation, and a gradient nobody knows.
    let wide = corrector.decide(
        &seen,
        at,
        off(0.01 * GRAM, 0.1 * GRAM),
        &gradient(),
        &reference(),
    );
    assert_eq!(wide.held, Some(Held::WithinBand));
    let mut corrector = Corrector::new(settings(), Tracker::new(&[], 0.0));
    let at = corrector.follow(&seen);
    let far = off(0.1 * GRAM, 1e-6);
    let decided = corrector.decide(&seen, at, far, &Gradient::default(), &reference());
    assert_eq!(decided.held, Some(Held::NoLever));
}

#[test]
fn a_temperature_is_not_moved_again_before_its_last_move_was_seen() {
    let mut only_melt = settings();
    only_melt.limits[Setpoint::HoldPressure as usize] = None;
    let mut plant = Plant::new(only_melt);
    let mut moved_at = Vec::new();
    for shot in 0..40 {
        if !plant.shot(-0.02 * GRAM, 0.0, true).1.change.is_empty() {
            moved_at.push(shot);
        }
    }
    assert!(moved_at.len() >= 2, "{moved_at:?}");
    // Dead time and time constant together are 210 s: more than eight shots.
    assert!(moved_at.windows(2).all(|w| w[1] - w[0] > 8), "{moved_at:?}");
    let left = plant.shot(-0.02 * GRAM, 0.0, true).0;
    assert!(left.abs() < 0.006 * GRAM, "{left}");
}

#[test]
fn a_hard_limit_stops_a_move() {
    let mut walled = only_pressure();
    walled.bounds = vec![Bound {
        quantity: Quantity::EndOfFillPressure,
        low: None,
        high: Some(4.05e7),
    }];
    let mut plant = Plant::new(walled);
    let mut steep = gradient();
    steep.slope[Quantity::EndOfFillPressure as usize][0] = [1.0, 0.01];
    let seen = Seen {
        shot: 1,
        time_s: 25.0,
        kind: Kind::Production,
        trusted: true,
        setpoints: plant.set,
    };
    let at = plant.corrector.follow(&seen);
    let low = off(-0.05 * GRAM, 1e-6);
    let decided = plant.corrector.decide(&seen, at, low, &steep, &reference());
    let moved = decided.change.values[0].1 - plant.set[Setpoint::HoldPressure];
    assert!(moved > 0.4e6 && moved <= 0.5e6 + 10.0, "{moved}");
}

#[test]
fn labels_find_an_offset_that_estimates_do_not_see() {
    // The true mass falls by 0.02 g, the estimates stay where they are.
    let mut plant = Plant::new(only_pressure());
    let mut mass = 0.0;
    for shot in 0..60 {
        let unseen = if shot < 20 { 0.0 } else { -0.02 * GRAM };
        let reached = plant.set;
        let truth = MASS + 0.003 + unseen + plant.moved(&reached);
        let (_, _) = plant.shot(0.0, 0.0, true);
        if shot % 3 == 0 {
            let known = reference()[Quantity::PartMass as usize];
            let (shot, weighed) = (plant.shot, Quantity::PartMass);
            assert!(
                plant
                    .corrector
                    .label_with(shot, weighed, truth, 1e-6, known)
            );
        }
        mass = unseen + plant.moved(&plant.set);
    }
    assert!(mass.abs() < 0.004 * GRAM, "{mass}");
}

proptest! {
    /// Whatever is measured: limits, steps and the hour are kept, and what moves is allowed to.
    #[test]
    fn limits_are_never_left(
        offs in proptest::collection::vec((-0.2..0.2_f64, -0.02..0.02_f64, any::<bool>()), 1..60),
        slope_error in 0.3..3.0_f64,
    ) {
        let mut plant = Plant::new(settings());
        plant.slope_error = slope_error;
        let mut moves: Vec<[f64; SETPOINTS]> = Vec::new();
        for (disturbance, scatter, trusted) in offs {
            let before = plant.set;
            plant.shot(disturbance * GRAM, scatter * GRAM, trusted);
            for s in Setpoint::ALL {
                let (now, moved) = (plant.set[s], plant.set[s] - before[s]);
                match limits()[s as usize] {
                    None => prop_assert_eq!(moved, 0.0),
                    Some(limit) => {
                        prop_assert!(now >= limit.low && now <= limit.high);
                        prop_assert!(moved.abs() <= limit.step * (1.0 + 1e-9));
                    }
                }
            }
            moves.push(std::array::from_fn(|i| (plant.set.0[i] - before.0[i]).abs()));
            // All of it happens within an hour.
            for s in [Setpoint::HoldPressure, Setpoint::MeltTemperature] {
                let sum: f64 = moves.iter().map(|m| m[s as usize]).sum();
                let most = limits()[s as usize].map_or(0.0, |l| l.per_hour);
                prop_assert!(sum <= most * (1.0 + 1e-9), "{s:?} {sum}");
            }
        }
    }
}

/// On target, what is moved for chance adds little to the spread of a process that only scatters.
#[test]
fn on_target_chance_moves_little() {
    let (mut process, mut corrected) = (0.0, 0.0);
    for seed in 0..200 {
        let mut plant = Plant::new(only_pressure());
        for s in independent(seed * 1000).take(40) {
            // As wide as the tracker says it is.
            let own = 3.0 * s * 1e-3 * GRAM;
            // The tracker sees the part as it is.
            let (mass, _) = plant.shot(own, 0.0, true);
            process += own * own;
            corrected += mass * mass;
        }
    }
    let ratio = (corrected / process).sqrt();
    assert!(ratio < 1.05, "{ratio}");
}

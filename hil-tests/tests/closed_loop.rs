//! The loop closed: told short here, in full by `make loop-report`.

use hil_press_sim::Scenario;
use hil_tests::loop_report::{DISTURBED_FROM, Figures, LoopShot, Means, run};

/// The disturbance in a form that the part feels within a few shots: melt 5 K hotter and 20 % thicker.
fn lot() -> Scenario {
    let mut scenario = Scenario::open("loop-melt-step").expect("a shipped scenario");
    for event in &mut scenario.events {
        event.change.insert("viscosity".into(), 1.2);
    }
    scenario
}

#[test]
fn a_hotter_and_thicker_lot_is_corrected_within_five_shots() {
    // GIVEN a press in rhythm and a box that has seen its reference shots
    const SHOTS: usize = 22;
    let both = |means| run(&lot(), 1, SHOTS, means);
    let (without, with) = std::thread::scope(|s| {
        let with = s.spawn(|| both(Means::Nozzle));
        (both(Means::Without), with.join().expect("the loop runs"))
    });

    // WHEN the lot changes and nothing is written, the part stays lighter
    let (left, corrected) = (Figures::of(&without), Figures::of(&with));
    assert!(left.rest < -0.7e-3, "the lot changes the part: {left:?}");

    // THEN with the box it weighs what it did, five shots later and from then on
    assert!(corrected.back_after <= 5, "{corrected:?}");
    assert!(
        corrected.rest.abs() < 0.3 * left.rest.abs(),
        "{corrected:?}"
    );
    // and nothing was moved before the lot came (limits are watched in every run)
    let early = |s: &&LoopShot| s.shot <= DISTURBED_FROM;
    let mut before = with.iter().filter(early);
    let first = before.next().expect("a first shot").setpoints;
    assert!(before.all(|s| s.setpoints == first));
}

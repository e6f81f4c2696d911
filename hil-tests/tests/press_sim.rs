//! The simulated press is a node like any other to the box's acquisition, and its codes are the
//! plant's pressures.

use appliance_acquire::calibration::Calibration;
use appliance_acquire::session::Answer;
use firmware_wire::{
    Crossing, Fallback, HostPacket, NodeTicks, PlanVerdict, TransferLaw, TransferOutcome,
    TransferPlan, Window,
};
use hil_press_sim::live::{Live, calibration};
use hil_press_sim::node::{NodeSettings, run};
use hil_press_sim::sensor::{Sensors, code};
use hil_press_sim::truth::TruthFile;
use hil_press_sim::{Plant, Scenario};
use hil_tests::reader::Reader;
use hil_tests::recorder::Recorder;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A second or two a cycle, so the story is short.
fn quick() -> Scenario {
    let mut scenario = Scenario::open("matched").expect("a shipped scenario");
    scenario.cycle.open_s = 0.5;
    scenario
}

#[test]
fn codes_read_through_the_box_are_the_plants_pressures_and_a_plan_moves_the_transfer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (link, truth) = (
        folder.path().join("press"),
        folder.path().join("truth.jsonl"),
    );
    let scenario = quick();
    let settings = NodeSettings {
        node: scenario.node_id(),
        rate_hz: scenario.rate_hz,
        channels: scenario.channels.clone(),
    };
    let file = folder.path().join("calibration.toml");
    std::fs::write(&file, calibration(&scenario.node, &scenario.channels)).expect("a file");
    let calibration = Calibration::read(&file).expect("a calibration the box accepts");

    let plant = Plant::new(scenario.clone(), 1).expect("a plant");
    plant
        .handle()
        .change(|recipe| {
            recipe.cooling_time_s = 1.0;
            recipe.hold.truncate(1);
            recipe.hold[0].time = 1.0;
        })
        .expect("a short recipe");
    let sensors = Sensors::new(&scenario.channels, Some(&scenario), 1, 0.0005);
    let file = TruthFile::create(&truth).expect("a file");
    let live = Live::start(plant, sensors, 2000, Some(file)).expect("a first shot");
    let running = Arc::new(AtomicBool::new(true));
    let press = std::thread::spawn({
        let (running, link) = (running.clone(), link.clone());
        // The press is not Send once its lines are wired: it is wired on its own thread.
        move || run(&settings, &link, live, |_| running.load(Ordering::Relaxed))
    });
    while !link.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let reader = Reader::start(vec![(link.clone(), None)], Recorder::keeping()).expect("a reader");
    // Three cycles; before the third, a plan to transfer at 9.0 cm3 (screw position).
    let lines = || std::fs::read_to_string(&truth).unwrap_or_default();
    let truths = |count: usize| {
        reader.wait("truths", 60, |_| {
            let text = lines();
            (text.lines().count() >= count).then_some(text)
        })
    };
    truths(1).expect("a shot ends");
    let area_mm2 = std::f64::consts::FRAC_PI_4 * 25.0 * 25.0;
    let level = code(&scenario.channels[1], (16.0 - 9.0) * 1e3 / area_mm2);
    let now = reader.look(|seen| seen.rows[&(0, 0)].last().expect("rows").tick);
    let plan = TransferPlan {
        id: 7,
        law: TransferLaw::Threshold {
            channel: 1,
            level,
            crossing: Crossing::Falling,
        },
        window: Window {
            opens: NodeTicks(now),
            closes: NodeTicks(now + 20_000_000),
        },
        fallback: Fallback {
            channel: 1,
            level: level - 1_000_000,
            crossing: Crossing::Falling,
        },
    };
    reader.order(0, HostPacket::Arm(plan));
    let text = truths(3).expect("two more");
    running.store(false, Ordering::Relaxed);
    let figures = press.join().expect("no panic").expect("no failure");
    eprintln!("p99 {} us late", figures.lateness_us(0.99));

    let truths: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let transfer = |shot: usize| truths[shot]["transfer_s"].as_f64().expect("a number");
    reader.look(|seen| {
        assert!(seen.answers.iter().any(|a| matches!(a,
            Answer::Plan(ack) if ack.plan == 7 && ack.verdict == PlanVerdict::Armed)));
        assert!(seen.answers.iter().any(|a| matches!(a,
            Answer::Transfer(report) if report.plan == 7
                && matches!(report.outcome, TransferOutcome::Fired { .. }))));
        let book = seen.books[&(0, 0, 0)];
        assert_eq!((book.unaccounted, book.missed), (0, 0));

        // The rows of the third shot, placed by its injection, are the truth within the noise.
        let rows = &seen.rows[&(0, 0)];
        let at = truths[1]["injection_at_s"].as_f64().expect("a number");
        let channel = calibration
            .channel("cavity pressure p1")
            .expect("calibrated");
        let curve = truths[1]["sensors"]["p1"].as_array().expect("a curve");
        let (mut squares, mut points) = (0.0, 0);
        for (k, pa) in curve.iter().enumerate() {
            let tick = ((at + k as f64 * 0.005) * 1e6).round() as u64;
            let place = rows.partition_point(|row| row.tick < tick);
            let value = channel.value(rows[place].codes[2]).expect("a reading");
            // Sensors are gauges, the truth is absolute.
            let gauge = pa.as_f64().expect("a number") * 1e-6 - 0.1;
            squares += (value - gauge).powi(2);
            points += 1;
        }
        let rms = (squares / f64::from(points)).sqrt();
        assert!(rms < 0.1, "{rms} MPa");
    });
    assert!(
        (transfer(0) - transfer(2)).abs() < 1e-6,
        "{} {}",
        transfer(0),
        transfer(2)
    );
    let earlier = transfer(0) - transfer(1);
    assert!(
        (earlier - 2.6 / 25.0).abs() < 0.003,
        "2.6 cm3 at 25 cm3/s earlier: {earlier} s"
    );
}

//! The measured strip through the pipeline: what the box would have shown.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use appliance_pipeline::estimator::{Estimator, Happened};
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::kind::Kind;
use appliance_pipeline::sample::Sample;
use appliance_pipeline::shot::ShotRecord;
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::drive::Drive;

/// Error over the peak, share within two standard deviations, and mean band over the peak, of one sensor.
fn score(shot: &str, used: &[&str], judged: &str, network: bool) -> [f64; 3] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let release = models_infer::shelf::find("strip-ps", &root.join("weights")).unwrap();
    let net = Network::new(&Release::load(&release).unwrap()).unwrap();
    let mold = models_physics::molds::builtin("strip-ps").unwrap();
    let names: Vec<String> = used.iter().map(|u| (*u).to_owned()).collect();
    let keeper = Keeper::new(&mold, network.then(|| Arc::new(net)), &names).unwrap();
    let drive = Drive::load(root.join(format!("measured/ps_shot_{shot}.csv"))).unwrap();
    let place = |name: &str| {
        keeper
            .setup()
            .places
            .iter()
            .position(|p| p.name == name)
            .unwrap()
    };
    let truth = drive.column(judged).unwrap();
    let mut estimator = Estimator::new(keeper.setup().clone(), keeper.tuning().unwrap());
    let (mut square, mut inside, mut band, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (k, t) in drive
        .time_s
        .iter()
        .enumerate()
        .take_while(|(_, t)| **t - drive.time_s[0] <= 6.0)
    {
        let mut sample = Sample::at(*t);
        for name in used {
            sample.sensors[place(name)] = drive.column(name).unwrap()[k];
        }
        assert_ne!(estimator.step(&sample), Happened::Ended);
        let e = estimator.estimate();
        let (off, sd) = (e.value[place(judged)] - truth[k], e.sd[place(judged)]);
        square += off * off;
        inside += f64::from(u8::from(off.abs() <= 2.0 * sd));
        band += sd;
        count += 1.0;
    }
    let peak = truth.iter().fold(0.0_f64, |m, p| m.max(*p)) - 1e5;
    [
        (square / count).sqrt() / peak,
        inside / count,
        band / count / peak,
    ]
}

fn mean(used: &[&str], judged: &str, network: bool) -> [f64; 3] {
    let all = ["02", "05", "08"].map(|s| score(s, used, judged, network));
    std::array::from_fn(|i| all.iter().map(|a| a[i]).sum::<f64>() / 3.0)
}

#[test]
fn p2_and_p3_come_from_p1_alone_with_bands_that_hold() {
    for (judged, error) in [("p2", 0.027), ("p3", 0.022)] {
        let [rms, inside, band] = mean(&["p1"], judged, true);
        println!(
            "{judged}: {:.2} % of peak, {:.1} % inside two sd, band {:.2} %",
            100.0 * rms,
            100.0 * inside,
            100.0 * band
        );
        assert!(
            rms < error && (0.90..=0.995).contains(&inside) && band < 0.03,
            "{judged} {rms} {inside} {band}"
        );
    }
}

#[test]
fn a_second_sensor_helps_the_third() {
    let [rms, inside, band] = mean(&["p1", "p2"], "p3", true);
    println!(
        "p3: {:.2} % of peak, {:.1} % inside two sd, band {:.2} %",
        100.0 * rms,
        100.0 * inside,
        100.0 * band
    );
    let [alone, _, wider] = mean(&["p1"], "p3", true);
    assert!(rms < 0.020 && rms < alone && band < wider && inside > 0.9);
}

#[test]
fn the_witness_alone_serves_a_mold_without_a_release() {
    for (judged, error) in [("p2", 0.027), ("p3", 0.024)] {
        let [rms, inside, _] = mean(&["p1"], judged, false);
        assert!(rms < error && inside > 0.9, "{judged} {rms} {inside}");
    }
}

/// The kind of the second measured shot when nothing arrives for `hole_s` in its hold.
fn kind_with_a_hole(hole_s: f64) -> Kind {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mold = models_physics::molds::builtin("strip-ps").unwrap();
    let mut keeper = Keeper::new(&mold, None, &["p1".to_owned()]).unwrap();
    let drive = Drive::load(root.join("measured/ps_shot_02.csv")).unwrap();
    let (start, p1) = (drive.time_s[0], drive.column("p1").unwrap());
    let place = keeper.setup().drive;
    let mut estimator = Estimator::new(keeper.setup().clone(), keeper.tuning().unwrap());
    let shot = drive.time_s.iter().zip(p1).map(|(t, pa)| (t - start, *pa));
    let shot = shot.take_while(|(t, _)| *t <= 6.0);
    let after = (0..1500).map(|k| (6.0 + 0.002 * f64::from(k), 1e5));
    for (t, pa) in shot.chain(after) {
        if t > 2.0 && t < 2.0 + hole_s {
            continue;
        }
        let mut sample = Sample::at(t);
        sample.sensors[place] = pa;
        if estimator.step(&sample) == Happened::Ended {
            return keeper
                .finish(&estimator.take(Box::new(ShotRecord::new())))
                .kind;
        }
    }
    panic!("the shot has no end");
}

#[test]
fn a_shot_of_which_seconds_were_not_seen_is_no_part() {
    assert_eq!(kind_with_a_hole(0.0), Kind::Production);
    assert_eq!(kind_with_a_hole(0.05), Kind::Production);
    assert_eq!(kind_with_a_hole(3.0), Kind::Broken);
}

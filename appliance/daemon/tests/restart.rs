//! A box that is stopped after some shots and started again: its next estimate has the bands it had earned.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;
use std::sync::Arc;

use appliance_daemon::memory::{BeliefFile, Recalled};
use appliance_pipeline::estimator::{Estimator, Happened};
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::kind::Kind;
use appliance_pipeline::sample::Sample;
use appliance_pipeline::shot::ShotRecord;
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::drive::Drive;
use models_physics::mold::Mold;

/// Shots before the stop.
const SHOTS: usize = 4;
/// From shot to shot, s.
const CYCLE_S: f64 = 15.0;

/// A box without threads, played measured shots.
struct Played {
    keeper: Keeper,
    estimator: Estimator,
    drive: Drive,
    shots: usize,
}

impl Played {
    fn new(keeper: Keeper, drive: &Drive) -> Self {
        Self {
            estimator: Estimator::new(keeper.setup().clone(), keeper.tuning().unwrap()),
            keeper,
            drive: drive.clone(),
            shots: 0,
        }
    }

    /// A shot and the pause after it; mean standard deviation of P3 over its first half second with melt at P3, Pa.
    fn shot(&mut self) -> f64 {
        let (p1, p2) = (
            self.drive.column("p1").unwrap(),
            self.drive.column("p2").unwrap(),
        );
        let began = self.shots as f64 * CYCLE_S;
        let rows = (CYCLE_S / 0.01) as usize;
        let (mut sum, mut count) = (0.0, 0.0);
        for k in 0..rows {
            let mut sample = Sample::at(began + 0.01 * k as f64);
            let at = |column: &[f64]| column.get(k).copied().unwrap_or(1e5);
            (sample.sensors[0], sample.sensors[1]) = (at(p1), at(p2));
            if self.estimator.step(&sample) == Happened::Ended {
                let record = self.estimator.take(Box::new(ShotRecord::new()));
                let summary = self.keeper.finish(&record);
                assert_eq!(summary.kind, Kind::Production);
                self.estimator.retune(self.keeper.tuning().unwrap());
            }
            let e = self.estimator.estimate();
            if e.value[2] > 1e6 && count < 50.0 {
                (sum, count) = (sum + e.sd[2], count + 1.0);
            }
        }
        self.shots += 1;
        sum / count
    }
}

#[test]
fn the_first_estimate_after_a_restart_has_the_narrowed_bands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let release = models_infer::shelf::find("strip-ps", &root.join("weights")).unwrap();
    let net = Arc::new(Network::new(&Release::load(&release).unwrap()).unwrap());
    let mold: Mold = models_physics::molds::builtin("strip-ps").unwrap();
    let drive = Drive::load(root.join("measured/ps_shot_08.csv")).unwrap();
    let used = ["p1".to_owned(), "p2".to_owned()];
    let keeper = || Keeper::new(&mold, Some(net.clone()), &used).unwrap();

    // GIVEN a box that has seen some shots
    let folder = tempfile::tempdir().unwrap();
    let mut first = Played::new(keeper(), &drive);
    let fresh = first.shot();
    (1..SHOTS).for_each(|_| {
        first.shot();
    });
    BeliefFile::new(folder.path(), &mold, &first.keeper)
        .save(&first.keeper)
        .unwrap();
    let going_on = first.shot();

    // WHEN it is stopped after them and started again
    let mut again = keeper();
    let found = BeliefFile::new(folder.path(), &mold, &again).recall(&mut again);
    assert!(matches!(found, Recalled::Back { .. }), "{found:?}");
    let restarted = Played::new(again, &drive).shot();

    // THEN its bands are those it would have had without the stop
    println!(
        "sd of P3: {:.0} Pa at first, {:.0} Pa after {SHOTS} shots, {:.0} Pa after {SHOTS} shots and a restart",
        fresh, going_on, restarted
    );
    // The strip's prior was calibrated on such shots, so they narrow it little; all of that little must be there.
    assert!(going_on < fresh, "shots have narrowed nothing");
    assert!((restarted - going_on).abs() < 0.01 * (fresh - going_on));
}

//! Labels on synthetic shots whose truth is known: error and bands, drift, range, lots, defects.

use models_quality::{Case, Corrected, Defect, DefectModel, Drift, Inspected, Learner, Standard};

/// SplitMix64 and the sum of twelve: repeatable, close enough to a Gaussian.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    }
    fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Band of the physics, g.
const BAND_G: f64 = 0.05;
const WIDTH: usize = 8;

/// A press: the physics is off by a constant of the size of its band, misses two effects, and a scale repeats to 4 mg.
struct Press {
    random: Random,
    offset_g: f64,
    lot: u64,
}

impl Press {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let offset_g = BAND_G * random.gauss();
        Self {
            random,
            offset_g,
            lot: 1,
        }
    }

    /// A shot and what a scale says of its part.
    fn shot(&mut self) -> (Case, f64) {
        let x: Vec<f64> = (0..WIDTH).map(|_| self.random.gauss()).collect();
        let physics = 10.7 + 0.03 * self.random.gauss();
        let missed = 0.020 * x[0] - 0.012 * x[1];
        let label = physics + self.offset_g + missed + 0.004 * self.random.gauss();
        let features = x.iter().map(|v| 4e7 + 1e6 * v).collect();
        let case = Case {
            physics: Corrected {
                value: physics,
                sd: BAND_G,
            },
            features,
            levels: vec![self.lot],
        };
        (case, label)
    }
}

/// Root mean square error (g), share inside 90 % bands and mean sd (g), over presses.
fn score(labels: usize) -> (f64, f64, f64) {
    let (mut square, mut inside, mut sd, mut count) = (0.0, 0.0, 0.0, 0.0);
    for seed in 0..30 {
        let mut press = Press::new(seed);
        let mut learner = Learner::new(WIDTH);
        for _ in 0..labels {
            // One part in five is weighed.
            for _ in 0..4 {
                learner.see(&press.shot().0.features);
            }
            let (case, label) = press.shot();
            learner.see(&case.features);
            learner.learn(&case, label).expect("a sound label");
        }
        for _ in 0..40 {
            let (case, label) = press.shot();
            let told = learner.foretell(&case).expect("a sound case");
            assert_eq!(told.labels, labels);
            let off = label - told.corrected.value;
            square += off * off;
            inside += f64::from(u8::from(off.abs() <= 1.645 * told.corrected.sd));
            sd += told.corrected.sd;
            count += 1.0;
        }
    }
    ((square / count).sqrt(), inside / count, sd / count)
}

#[test]
fn labels_narrow_the_band_and_it_keeps_what_it_promises() {
    println!("labels  rmse mg  mean sd mg  inside 90 % band");
    let mut last = f64::INFINITY;
    for (labels, most_mg) in [(0, 70.0), (5, 32.0), (20, 14.0), (100, 5.0)] {
        let (rmse, inside, sd) = score(labels);
        println!(
            "{labels:6}  {:7.1}  {:10.1}  {inside:.3}",
            1e3 * rmse,
            1e3 * sd
        );
        assert!(1e3 * rmse < most_mg && rmse < last, "{labels}: {rmse}");
        assert!((0.8..=0.985).contains(&inside), "{labels}: {inside}");
        last = rmse;
    }
}

#[test]
fn without_labels_the_physics_stands_with_its_own_band() {
    let (case, _) = Press::new(1).shot();
    let told = Learner::new(WIDTH).foretell(&case).unwrap();
    assert_eq!((told.corrected, told.out_of_range), (case.physics, false));
}

/// A press with `labels` labels learned.
fn taught(seed: u64, labels: usize) -> (Press, Learner) {
    let (mut press, mut learner) = (Press::new(seed), Learner::new(WIDTH));
    for _ in 0..labels {
        let (case, label) = press.shot();
        learner.see(&case.features);
        learner.learn(&case, label).expect("a sound label");
    }
    (press, learner)
}

#[test]
fn a_step_is_called_a_drift_and_followed_and_a_calm_press_raises_few() {
    let mut worst = 0;
    for seed in 0..10 {
        let (mut press, mut learner) = taught(seed, 40);
        press.offset_g += 0.012;
        let mut found = None;
        for k in 1..=30 {
            let (case, label) = press.shot();
            learner.learn(&case, label).unwrap();
            let told = learner.foretell(&case).unwrap();
            if found.is_none() && told.drift == Some(Drift::Up) {
                found = Some(k);
            }
        }
        worst = worst.max(found.expect("three sigma are found"));
        let (case, label) = press.shot();
        let told = learner.foretell(&case).unwrap();
        assert!((label - told.corrected.value).abs() < 0.02, "{told:?}");
    }
    println!("a step of 3 sigma is found after at most {worst} labels");
    assert!(worst <= 10);
    let alarms: usize = (100..110)
        .map(|seed| {
            let (mut press, mut learner) = taught(seed, 20);
            let mut began = 0;
            let mut before = None;
            for _ in 0..80 {
                let (case, label) = press.shot();
                learner.learn(&case, label).unwrap();
                let now = learner.foretell(&case).unwrap().drift;
                began += usize::from(now.is_some() && before.is_none());
                before = now;
            }
            began
        })
        .sum();
    println!("{alarms} false alarms in 800 calm labels");
    assert!(alarms <= 8);
}

#[test]
fn one_typing_error_does_not_rule() {
    let (mut press, mut learner) = taught(3, 30);
    let (case, _) = press.shot();
    let before = learner.foretell(&case).unwrap().corrected;
    learner.learn(&case, 1.07).unwrap();
    let after = learner.foretell(&case).unwrap();
    assert!(
        (after.corrected.value - before.value).abs() < 3.0 * before.sd,
        "{before:?} {after:?}"
    );
    assert_eq!(after.drift, None);
}

#[test]
fn features_off_the_labelled_ones_and_a_new_lot_are_named_and_widen_the_band() {
    let (mut press, learner) = taught(4, 60);
    let (case, _) = press.shot();
    let usual = learner.foretell(&case).unwrap();
    assert!(!usual.out_of_range);
    let mut far = case.clone();
    far.features[0] += 8e6;
    let far = learner.foretell(&far).unwrap();
    assert!(
        far.out_of_range && far.corrected.sd > 1.5 * usual.corrected.sd,
        "{far:?}"
    );
    let mut other = case.clone();
    other.levels = vec![2];
    let other = learner.foretell(&other).unwrap();
    assert!(other.unseen && !usual.unseen && other.corrected.sd > usual.corrected.sd);
    // A feature that was not measured is no reason to refuse.
    let mut gap = case.clone();
    gap.features[5] = f64::NAN;
    assert!(!learner.foretell(&gap).unwrap().out_of_range);
}

#[test]
fn nonsense_is_refused_and_teaches_nothing() {
    let (mut press, mut learner) = taught(5, 3);
    let (case, _) = press.shot();
    assert!(learner.learn(&case, f64::NAN).is_err());
    let mut short = case.clone();
    short.features.pop();
    assert!(learner.learn(&short, 10.7).is_err());
    let mut sure = case.clone();
    sure.physics.sd = 0.0;
    assert!(learner.foretell(&sure).is_err());
    assert_eq!(learner.labels(), 3);
}

#[test]
fn a_label_of_a_defect_raises_its_chance_and_many_labels_are_frequencies() {
    let mut random = Random(9);
    let mut standard = Standard::new(2);
    let shots: Vec<[f64; 2]> = (0..800)
        .map(|_| [6e7 + 4e6 * random.gauss(), random.gauss()])
        .collect();
    shots.iter().for_each(|s| standard.see(s));
    let z: Vec<Vec<f64>> = shots.iter().map(|s| standard.apply(s)).collect();
    let part = |k: usize, defective| Inspected {
        physics: 0.02,
        features: z[k].clone(),
        defective,
        weight: 1.0,
    };
    for defect in Defect::ALL {
        assert_eq!(Defect::from_name(defect.name()), Some(defect));
    }
    let untaught = DefectModel::fit(2, &[]).unwrap();
    let usual = [0.0, 0.0];
    let before = untaught.probability(0.02, &usual).unwrap();
    assert!((before - 0.02).abs() < 0.02, "{before}");
    let once = DefectModel::fit(2, &[part(0, true)]).unwrap();
    assert!(once.probability(0.02, &z[0]).unwrap() > 1.5 * before);
    // Flash that the physics does not see: from high pressure on.
    let truth = |z: &[f64]| 1.0 / (1.0 + (3.0 - 2.0 * z[0]).exp());
    let parts: Vec<Inspected> = (0..800)
        .map(|k| part(k, random.uniform() < truth(&z[k])))
        .collect();
    let taught = DefectModel::fit(2, &parts).unwrap();
    for at in [-1.0, 0.0, 1.0, 2.0] {
        let (said, true_one) = (
            taught.probability(0.02, &[at, 0.0]).unwrap(),
            truth(&[at, 0.0]),
        );
        println!("flash at {at:+}: said {said:.3}, true {true_one:.3}");
        assert!((said - true_one).abs() < 0.1);
    }
    assert_eq!(taught.probability(f64::NAN, &usual), None);
    assert_eq!(taught.probability(0.02, &[0.0]), None);
}

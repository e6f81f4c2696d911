//! `accuracy [SHOTS] [SEEDS]`: the table of `make accuracy`.

use hil_tests::accuracy::{Score, series};

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<usize>().ok());
    let (shots, seeds) = (numbers.next().unwrap_or(50), numbers.next().unwrap_or(3));
    println!(
        "Pressure at the end of the flow in hold, rms over its peak; share inside 90 % bands; {shots} shots, {seeds} seeds, 200 Hz."
    );
    println!(
        "{:<10} {:<12} {:>9} {:>9} {:>9} {:>8} {:>9} {:>8}",
        "material", "sensors", "shot 1", "from 8", "all", "inside", "mass rms", "alarm by"
    );
    for scenario in ["matched", "disturbed"] {
        for used in [&["nozzle"][..], &["nozzle", "p1"]] {
            let all: Vec<Vec<Score>> = std::thread::scope(|s| {
                let runs: Vec<_> = (1..=seeds as u64)
                    .map(|seed| s.spawn(move || series(scenario, seed, shots, used)))
                    .collect();
                runs.into_iter().filter_map(|r| r.join().ok()).collect()
            });
            let mean = |f: &dyn Fn(&Score) -> bool, v: &dyn Fn(&Score) -> f64| {
                let found: Vec<f64> = all.iter().flatten().filter(|s| f(s)).map(v).collect();
                found.iter().sum::<f64>() / found.len().max(1) as f64
            };
            let alarm = all
                .iter()
                .filter_map(|run| run.iter().find(|s| s.alarm).map(|s| s.shot))
                .max();
            println!(
                "{:<10} {:<12} {:>8.2}% {:>8.2}% {:>8.2}% {:>7.1}% {:>8.3}% {:>8}",
                scenario,
                used.join("+"),
                100.0 * mean(&|s| s.shot == 1, &|s| s.hold_error),
                100.0 * mean(&|s| s.shot >= 8, &|s| s.hold_error),
                100.0 * mean(&|_| true, &|s| s.hold_error),
                100.0 * mean(&|_| true, &|s| s.inside),
                100.0 * mean(&|_| true, &|s| s.mass_error * s.mass_error).sqrt(),
                alarm.map_or("never".into(), |s| format!("shot {s}")),
            );
        }
    }
}

//! `loop-report [SHOTS] [SEEDS] [SCENARIO...] [--shots]`: the tables of `make loop-report`, in Markdown; with `--shots` every shot on
//! the error output, masses in milligrams.

use std::sync::Mutex;

use hil_press_sim::Scenario;
use hil_press_sim::solved::Solved;
use hil_tests::loop_report::{DISTURBED_FROM, Figures, Follows, LoopShot, Means, run_with, spread};

const SCENARIOS: [&str; 4] = [
    "loop-viscosity-step",
    "loop-melt-drift",
    "loop-slow-drift",
    "loop-undisturbed",
];

struct Job {
    scenario: usize,
    seed: u64,
    means: Means,
    run: Vec<LoopShot>,
}

fn main() {
    let (options, args): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let each = options.iter().any(|o| o == "--shots");
    let mut numbers = args.iter().filter_map(|a| a.parse::<usize>().ok());
    let (shots, seeds) = (numbers.next().unwrap_or(40), numbers.next().unwrap_or(5));
    let asked = |name: &&str| {
        let mut names = args.iter().filter(|a| a.parse::<usize>().is_err());
        let any = names.clone().next().is_none();
        any || names.any(|n| name.contains(n.as_str()))
    };
    let steps = ["loop-melt-step"]
        .into_iter()
        .filter(|s| args.iter().any(|a| a == s));
    let scenarios: Vec<&str> = SCENARIOS.into_iter().filter(asked).chain(steps).collect();
    let jobs = work(&scenarios, shots, seeds);
    if each {
        jobs.iter()
            .for_each(|job| told(scenarios[job.scenario], job));
    }
    let runs = |scenario: usize, means: Means| {
        let mut found: Vec<&Job> = jobs
            .iter()
            .filter(|j| j.scenario == scenario && j.means == means)
            .collect();
        found.sort_by_key(|j| j.seed);
        found
    };

    println!("{shots} shots, {seeds} seeds, 200 Hz; mold plate-ps; masses in % of the part.\n");
    println!("### How well the estimated mass follows the true one\n");
    println!(
        "| scenario | sensors | true sd | tracker: correlation | slope | sd | witness: correlation | slope | sd |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (s, name) in scenarios.iter().enumerate() {
        for means in [Means::Nozzle, Means::NozzleAndP1] {
            let found = runs(s, means);
            let [tracked, witness] = [|x: &LoopShot| x.tracked_kg, |x: &LoopShot| x.witness_kg]
                .map(|of| {
                    let each: Vec<Follows> = found.iter().map(|j| follows(&j.run, of)).collect();
                    let mean =
                        |f: fn(&Follows) -> f64| spread(&each.iter().map(f).collect::<Vec<_>>()).0;
                    [
                        mean(|f| f.correlation),
                        mean(|f| f.slope),
                        100.0 * mean(|f| f.sd),
                        100.0 * mean(|f| f.true_sd),
                    ]
                });
            println!(
                "| {name} | {} | {:.4} | {:.3} | {:.2} | {:.4} | {:.3} | {:.2} | {:.4} |",
                means.title(),
                tracked[3],
                tracked[0],
                tracked[1],
                tracked[2],
                witness[0],
                witness[1],
                witness[2]
            );
        }
    }

    println!("\n### The part\n");
    println!(
        "Shots back: from the first beyond 0.1 % of the target until back for good. Rest: mean deviation from the fifth shot after the \
         disturbance on. Sd from shot {DISTURBED_FROM} on; its ratio to the same seed without correction.\n"
    );
    println!("| scenario | means | seed | shots back | largest | rest | sd | ratio | moves |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (s, name) in scenarios.iter().enumerate() {
        let without: Vec<Figures> = runs(s, Means::Without)
            .iter()
            .map(|j| Figures::of(&j.run))
            .collect();
        for means in Means::ALL {
            let found = runs(s, means);
            let figures: Vec<Figures> = found.iter().map(|j| Figures::of(&j.run)).collect();
            let row = |seed: &str, f: &Figures, ratio: f64| {
                println!(
                    "| {name} | {} | {seed} | {} | {:.3} | {:+.3} | {:.4} | {ratio:.2} | {} |",
                    means.title(),
                    f.back_after,
                    100.0 * f.largest,
                    100.0 * f.rest,
                    100.0 * f.sd,
                    f.moves
                );
            };
            for ((job, f), w) in found.iter().zip(&figures).zip(&without) {
                row(&job.seed.to_string(), f, f.sd / w.sd);
            }
            if let Some(all) = overall(&figures) {
                let base = overall(&without).map_or(f64::NAN, |w| w.sd);
                row("**all**", &all, all.sd / base);
            }
        }
    }
}

/// Shot by shot: true mass, what the tracker and the filter say it is off, hold pressure and time, and why nothing was asked for.
fn told(scenario: &str, job: &Job) {
    for s in &job.run {
        eprintln!(
            "{scenario} {} {:?} {} {:.3} tracked {:+.3} {:.3} judged {:+.3} {:.3} at {:.3} MPa {:.3} s {:?} {:?}",
            job.seed,
            job.means,
            s.shot,
            1e6 * s.mass_kg,
            1e6 * s.tracked_kg,
            1e6 * s.tracked_sd_kg,
            1e6 * s.judged_kg[0],
            1e6 * s.judged_kg[1],
            1e-6 * s.setpoints.0[0],
            s.setpoints.0[1],
            s.trust,
            s.held
        );
    }
}

/// Worst of the counts and of the largest deviation, root mean square of the rest, pooled spread, all moves.
fn overall(figures: &[Figures]) -> Option<Figures> {
    let n = figures.len() as f64;
    let rms = |f: fn(&Figures) -> f64| {
        let sum: f64 = figures.iter().map(|x| f(x) * f(x)).sum();
        (sum / n).sqrt()
    };
    Some(Figures {
        back_after: figures.iter().map(|f| f.back_after).max()?,
        largest: figures.iter().fold(0.0, |m, f| m.max(f.largest)),
        rest: rms(|f| f.rest),
        sd: rms(|f| f.sd),
        moves: figures.iter().map(|f| f.moves).sum(),
    })
}

fn follows(run: &[LoopShot], of: fn(&LoopShot) -> f64) -> Follows {
    let pairs: Vec<(f64, f64)> = run
        .iter()
        .filter(|s| s.tracked_kg.is_finite())
        .map(|s| (s.mass_kg, of(s)))
        .collect();
    let mass = spread(&run.iter().map(|s| s.mass_kg).collect::<Vec<_>>()).0;
    Follows::of(&pairs, mass)
}

/// Runs everything on all cores; all means of one press beside each other, because they share what it makes while nobody moves a setpoint.
fn work(scenarios: &[&str], shots: usize, seeds: usize) -> Vec<Job> {
    let mut list = Vec::new();
    for scenario in 0..scenarios.len() {
        list.extend((1..=seeds as u64).map(|seed| (scenario, seed)));
    }
    list.reverse();
    let (list, done) = (Mutex::new(list), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = list.lock().expect("no panic while listing").pop();
                    let Some((scenario, seed)) = next else {
                        return;
                    };
                    let opened = Scenario::open(scenarios[scenario]).expect("a shipped scenario");
                    let solved = Solved::default();
                    for means in Means::ALL {
                        let run = run_with(&opened, seed, shots, means, &solved);
                        eprintln!(
                            "{} seed {seed} {means:?}: {:?}",
                            scenarios[scenario],
                            Figures::of(&run)
                        );
                        let job = Job {
                            scenario,
                            seed,
                            means,
                            run,
                        };
                        done.lock().expect("no panic while listing").push(job);
                    }
                }
            });
        }
    });
    done.into_inner().expect("no panic while listing")
}

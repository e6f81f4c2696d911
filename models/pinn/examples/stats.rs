use models_pinn::dataset::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mold = models_physics::molds::builtin(&a[1]).unwrap();
    let o = Options {
        shots: a[2].parse().unwrap(),
        seed: 1,
        first: a[4].parse().unwrap(),
        waveforms: 0.3,
    };
    let t = std::time::Instant::now();
    let d = generate(&mold, &o, Some(std::path::Path::new(&a[3])), |n| {
        eprintln!("{n} {:.1}s", t.elapsed().as_secs_f64())
    })
    .unwrap();
    for f in d.failures.iter().take(10) {
        println!("{f:?}");
    }
    println!(
        "failed {} short {}",
        d.failures.len(),
        d.shots.iter().filter(|s| !s.is_full()).count()
    );
    let q = |name: &str, mut v: Vec<f32>| {
        v.retain(|x| x.is_finite());
        v.sort_by(f32::total_cmp);
        if v.is_empty() {
            return;
        }
        println!(
            "{name}: n {} min {:.4} 5% {:.4} med {:.4} 95% {:.4} max {:.4}",
            v.len(),
            v[0],
            v[v.len() / 20],
            v[v.len() / 2],
            v[v.len() * 19 / 20],
            v[v.len() - 1]
        );
    };
    q("full_at", d.shots.iter().map(|s| s.full_at).collect());
    q("gate", d.shots.iter().map(|s| s.gate_freeze).collect());
    q(
        "peak MPa",
        d.shots
            .iter()
            .map(|s| s.inlet.iter().fold(0f32, |m, p| m.max(*p)) / 1e6)
            .collect(),
    );
    q(
        "ticks",
        d.shots.iter().map(|s| s.tick.len() as f32).collect(),
    );
    q(
        "thermal",
        d.shots.iter().map(|s| s.thermal.len() as f32).collect(),
    );
    q(
        "steps",
        d.shots.iter().map(|s| s.time.len() as f32).collect(),
    );
    q(
        "tmax",
        d.shots
            .iter()
            .map(|s| s.temperature.iter().fold(0f32, |m, p| m.max(*p)))
            .collect(),
    );
    q(
        "mass g",
        d.shots.iter().map(|s| s.part_mass * 1e3).collect(),
    );
}

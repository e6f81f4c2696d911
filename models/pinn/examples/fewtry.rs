#![allow(clippy::unwrap_used)]
use models_pinn::dataset::Dataset;
use models_pinn::few::*;
use std::path::Path;
fn v(k: &str, d: f64) -> f64 {
    std::env::var(k).map(|s| s.parse().unwrap()).unwrap_or(d)
}
fn main() {
    let m = std::env::args().nth(1).unwrap();
    let mut o = FewOptions::default();
    let (mold, data, fresh) = if m == "tiny" {
        let mut mold = models_physics::molds::builtin("strip-ps").unwrap();
        mold.grid = models_physics::mold::Grid {
            cells_per_path: 12,
            layers: 6,
        };
        let g = |shots, first| {
            models_pinn::dataset::generate(
                &mold,
                &models_pinn::dataset::Options {
                    shots,
                    seed: 7,
                    first,
                    ..Default::default()
                },
                None,
                |_| (),
            )
            .unwrap()
        };
        let (d, f) = (g(300, 0), g(48, 60000));
        o.widths = models_pinn::network::Widths {
            front: 32,
            fill: 32,
            state: 32,
            cell: 48,
            later: 64,
        };
        o.modes = models_pinn::prepare::Modes {
            fill_pressure: 8,
            fill_temperature: 12,
            pressure: 10,
            temperature: 24,
        };
        (mold, d, f)
    } else {
        let mold = models_physics::molds::builtin(&format!("{m}-ps")).unwrap();
        let data = Dataset::load(Path::new(&format!("/tmp/res/d-{m}"))).unwrap();
        let mut fresh = Dataset::load(Path::new(&format!("/work/tgt/d-{m}-test"))).unwrap();
        fresh.shots.truncate(v("FRESH", 64.0) as usize);
        (mold, data, fresh)
    };
    o.labelled = v("N", 60.0) as usize;
    o.unlabelled = v("U", 240.0) as usize;
    o.varied = v("VARIED", 1.0) > 0.5;
    o.steps = v("STEPS", 1000.0) as usize;
    o.fill_steps = v("FILL", 2000.0) as usize;
    o.batch = v("BATCH", 32.0) as usize;
    o.rate = v("RATE", 3e-3);
    o.seeds = (0..v("SEEDS", 1.0) as u64)
        .map(|i| v("SEED", 1.0) as u64 + i)
        .collect();
    o.physics.shots = v("SHOTS", 12.0) as usize;
    o.physics.pairs = v("PAIRS", 8.0) as usize;
    o.physics.weight = [v("WP", 1.0), v("WT", 1.0)];
    o.physics.warm = v("WARM", 0.15);
    o.physics.ramp = v("RAMP", 0.2);
    if let Ok(a) = std::env::var("ONLY") {
        o.arms = vec![a == "1"];
    }
    o.physics.apart = v("APART", 1.0) > 0.5;
    o.physics.bend = [v("BP", 0.02), v("BT", 0.5)];
    o.physics.drift_s = [v("DP", 0.5), v("DT", 0.5)];
    let t = std::time::Instant::now();
    let r = compare(&mold, &data, &fresh, &o, |w, s| {
        if s % 500 == 0 {
            eprintln!("{:.0} s {w} {s}", t.elapsed().as_secs_f64())
        }
    })
    .unwrap();
    for x in &r.runs {
        println!(
            "seed {} residual {:5} p {:.2} % sens {:.2}/{:.2} T {:.2}/{:.2} K given {:.2} % {:.2} K full {:.1}/{:.1} ms data {:.1e} {:.1e} wall {:.0} s",
            x.seed,
            x.residual,
            x.hold_pressure_percent,
            x.sensors_percent[0],
            x.sensors_percent[1],
            x.temperature_k[0],
            x.temperature_k[1],
            x.given_full[0],
            x.given_full[1],
            x.full_ms[0],
            x.full_ms[1],
            x.data_loss[0].sqrt(),
            x.data_loss[1].sqrt(),
            x.wall_s
        );
        for l in x.log.iter().step_by(2) {
            println!("    {:?}", l);
        }
    }
    println!(
        "fresh {} ratio p {:.3} T {:.3}",
        r.fresh, r.pressure_ratio, r.temperature_ratio
    );
}

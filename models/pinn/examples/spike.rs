#![allow(missing_docs)]
use candle_core::{Device, Tensor};
use models_pinn::{dataset::*, network::*, prepare::*, train::*};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mold = models_physics::molds::builtin(&a[1]).unwrap();
    let t = std::time::Instant::now();
    let mut train = Dataset::load(std::path::Path::new(&a[2])).unwrap();
    let test = Dataset::load(std::path::Path::new(&a[3])).unwrap();
    if let Some(n) = a.get(6) {
        train.shots.truncate(n.parse().unwrap());
    }
    println!("load {:.1}", t.elapsed().as_secs_f64());
    let p = Prepared::new(&mold, &train, &Modes::default());
    let b = &p.bases;
    println!(
        "prepared {} in {:.1}; rests {:.2e} {:.2e} {:.2e} {:.2e}",
        p.shots.len(),
        t.elapsed().as_secs_f64(),
        b.fill_pressure.rest.sqrt(),
        b.fill_temperature.rest.sqrt(),
        b.pressure.rest.sqrt(),
        b.temperature.rest.sqrt()
    );
    let tests = prepare(&test, &p.scales, b);
    let net = Network::new(
        Widths::default(),
        b.fill_pressure.len() + b.fill_temperature.len(),
        2 * b.pressure.len() + b.temperature.len(),
        1,
        &Device::Cpu,
    )
    .unwrap();
    train_filling(
        &net,
        &p.shots,
        b,
        &Effort {
            steps: a[4].parse().unwrap(),
            batch: 512,
            rate: 3e-3,
            seed: 1,
        },
        |s, f, g| {
            if s % 1000 == 0 {
                println!(
                    "fill {s} {:.1}s front {:.2e} field {:.2e}",
                    t.elapsed().as_secs_f64(),
                    f,
                    g
                )
            }
        },
    )
    .unwrap();
    let pass = full_times(&net, &tests).unwrap();
    let mut e: Vec<f64> = pass
        .iter()
        .zip(&tests)
        .map(|(q, s)| ((q.full - s.full_at) * 1e3).abs())
        .collect();
    let mut r: Vec<f64> = pass
        .iter()
        .zip(&tests)
        .map(|(q, s)| ((q.full - s.full_at) / s.full_at * 1e2).abs())
        .collect();
    e.sort_by(f64::total_cmp);
    r.sort_by(f64::total_cmp);
    println!(
        "full time error ms: mean {:.2} med {:.2} p95 {:.2}; % med {:.2} p95 {:.2}",
        e.iter().sum::<f64>() / e.len() as f64,
        e[e.len() / 2],
        e[e.len() * 95 / 100],
        r[r.len() / 2],
        r[r.len() * 95 / 100]
    );
    let (mut pass, mut pass_train) = (pass, full_times(&net, &p.shots).unwrap());
    if std::env::var("TRUE_TIME").is_ok() {
        for (q, s) in pass
            .iter_mut()
            .zip(&tests)
            .chain(pass_train.iter_mut().zip(&p.shots))
        {
            q.full = s.full_at;
            q.memory = s.memories(&[s.full_at])[0];
        }
    }

    println!("full times {:.1}s", t.elapsed().as_secs_f64());
    let rows: Vec<LaterRows> = p
        .shots
        .iter()
        .zip(&pass_train)
        .map(|(s, q)| LaterRows::new(s, q))
        .collect();
    let rows_test: Vec<LaterRows> = tests
        .iter()
        .zip(&pass)
        .map(|(s, q)| LaterRows::new(s, q))
        .collect();
    let eval = |net: &Network| {
        let (kp, kt) = (b.pressure.len(), b.temperature.len());
        let (mut err, mut peak_err, mut te, mut tc) = (vec![], vec![], vec![], vec![]);
        let mut early = vec![];
        for (i, (s, r)) in tests.iter().zip(&rows_test).enumerate() {
            let n = s.tick.len();
            let x = Tensor::from_vec(r.x.clone(), (1, n, r.x.len() / n), &Device::Cpu).unwrap();
            let su =
                Tensor::from_vec(r.summary.clone(), (1, r.summary.len()), &Device::Cpu).unwrap();
            let h = net.states(&su, &x).unwrap().squeeze(0).unwrap();
            let d = x.squeeze(0).unwrap();
            let w = d.dim(1).unwrap();
            let out = net
                .later
                .forward(&Tensor::cat(&[h, d.narrow(1, 1, w - 1).unwrap()], 1).unwrap())
                .unwrap();
            let pm = pressure_modes(&out, &d.narrow(1, 1, 1).unwrap(), kp).unwrap();
            let out = Tensor::cat(&[pm, out.narrow(1, 2 * kp, kt).unwrap()], 1)
                .unwrap()
                .to_vec2::<f32>()
                .unwrap();
            let peak = s.drive.iter().fold(0f64, |m, p| m.max(*p));
            let nn = b.pressure.width;
            let raw = &test.shots.iter().filter(|s| s.is_full()).nth(i).unwrap();
            let (mut f, mut g) = (vec![0f32; nn], vec![0f32; b.temperature.width]);
            // integrate error over time: trapezoid weights over ticks
            let (mut sum, mut wsum) = (0.0, 0.0);
            let mut last: f64 = 0.0;
            let mut worst: f64 = 0.0;
            for k in r.first..n {
                b.pressure.field(&out[k][..kp], &mut f);
                let truth = &raw.pressure[(raw.fill_ticks + k) * nn..][..nn];
                let dt = if k + 1 < n {
                    s.tick[k + 1] - s.tick[k]
                } else {
                    0.05
                };
                let mut e2 = 0.0;
                for j in 1..nn {
                    let e = f64::from(f[j]).max(0.0) - p.scales.drive(f64::from(truth[j]));
                    e2 += e * e;
                }
                e2 /= (nn - 1) as f64;
                sum += dt * e2;
                wsum += dt;
                let e_last = (f64::from(f[nn - 1]).max(0.0)
                    - p.scales.drive(f64::from(truth[nn - 1])))
                .abs()
                    / peak
                    * 100.0;
                if s.tick[k] - s.full_at < 1.5 {
                    last += e_last * e_last * dt;
                }
                if s.tick[k] - s.full_at < 0.06 {
                    worst = worst.max(e_last);
                }
                if s.thermal[k] {
                    b.temperature.field(&out[k][kp..kp + kt], &mut g);
                    let ix = raw
                        .thermal
                        .iter()
                        .position(|q| *q as usize == raw.fill_ticks + k)
                        .unwrap();
                    let tt = &raw.temperature[ix * g.len()..][..g.len()];
                    let l = g.len() / nn;
                    let span = s.melt_k - s.mold_k;
                    let (mut a2, mut c2) = (0.0, 0.0);
                    for j in 0..g.len() {
                        let e = f64::from(s.mold_k + g[j] * span - tt[j]);
                        a2 += e * e;
                        if j % l == 0 {
                            c2 += e * e;
                        }
                    }
                    te.push(a2 / g.len() as f64);
                    tc.push(c2 / nn as f64);
                }
            }
            err.push((sum / wsum).sqrt() / peak * 100.0);
            peak_err.push((last / 1.5).sqrt());
            early.push(worst);
        }
        let st = |mut v: Vec<f64>| {
            v.sort_by(f64::total_cmp);
            format!(
                "mean {:.2} p95 {:.2}",
                v.iter().sum::<f64>() / v.len() as f64,
                v[v.len() * 95 / 100]
            )
        };
        println!(
            "   test p field NRMSE % {} | end node 1.5 s {} | worst first 60ms {} | T all {:.2} K mid {:.2} K",
            st(err),
            st(peak_err),
            st(early),
            (te.iter().sum::<f64>() / te.len() as f64).sqrt(),
            (tc.iter().sum::<f64>() / tc.len() as f64).sqrt()
        );
    };
    train_later(
        &net,
        &p.shots,
        &rows,
        b,
        &Effort {
            steps: a[5].parse().unwrap(),
            batch: 64,
            rate: a.get(7).map_or(3e-3, |r| r.parse().unwrap()),
            seed: 1,
        },
        |s, f, g| {
            if s % 1000 == 0 {
                println!(
                    "later {s} {:.1}s p {:.2e} T {:.2e}",
                    t.elapsed().as_secs_f64(),
                    f.sqrt(),
                    g.sqrt()
                );
                eval(&net);
            }
        },
    )
    .unwrap();
    println!("{:.1}s", t.elapsed().as_secs_f64());
    eval(&net);
}

#![allow(clippy::unwrap_used)]
use models_physics::latents::{LATENTS, Latents};
use models_physics::solver::*;
use models_pinn::dataset::Dataset;
use models_pinn::prepare::*;
use std::path::Path;
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let folder = std::env::args().nth(2).unwrap();
    let few: usize = std::env::args().nth(3).unwrap().parse().unwrap();
    let mold = models_physics::molds::builtin(&name).unwrap();
    let mut data = Dataset::load(Path::new(&folder)).unwrap();
    let test = data.shots.split_off(data.shots.len() - 20);
    data.shots.truncate(few);
    let p = Prepared::new(&mold, &data, &Modes::default());
    println!(
        "rest p {:.1e} t {:.1e}; scale {:.2e}; dev p {:?}",
        p.bases.pressure.rest,
        p.bases.temperature.rest,
        p.scales.pressure,
        &p.bases.pressure.deviation[..8]
    );
    data.shots = test;
    let material = mold.card().unwrap().require_simulation().unwrap();
    let (n, l) = (data.meta.nodes, data.meta.layers);
    for m in [1usize, 2, 4] {
        for pod in [false, true] {
            let mut bins = vec![[0.0; 5]; 12];
            for s in data.shots.iter().filter(|s| s.is_full()) {
                let mut latents = Latents::default();
                for def in &LATENTS {
                    latents[def.latent] = s.latents[def.latent as usize];
                }
                let model =
                    Model::with_material(&mold, &material, &latents, mold.cut(), None, None);
                let mut op = FieldOperator::new(&model).unwrap();
                let (melt, mo) = p.scales.temperatures(&s.latents);
                let idx: Vec<usize> = (0..s.thermal.len())
                    .filter(|i| s.thermal[*i] as usize >= s.fill_ticks)
                    .collect();
                let get = |i: usize| {
                    let k = s.thermal[i] as usize;
                    let mut pr: Vec<f64> =
                        s.pressure[k * n..][..n].iter().map(|v| *v as f64).collect();
                    let mut t: Vec<f64> = s.temperature[i * n * l..][..n * l]
                        .iter()
                        .map(|v| *v as f64)
                        .collect();
                    if pod {
                        let mut q: Vec<f32> =
                            pr.iter().map(|x| p.scales.drive(*x) as f32).collect();
                        let p0 = pr[0];
                        q[0] = 0.0;
                        let z = p.bases.pressure.project(&q);
                        let mut f = vec![0.0f32; n];
                        p.bases.pressure.field(&z, &mut f);
                        pr = f
                            .iter()
                            .map(|x| (*x as f64) * p.scales.pressure + p.scales.atmosphere)
                            .collect();
                        pr[0] = p0;
                        let th: Vec<f32> =
                            t.iter().map(|t| ((t - mo) / (melt - mo)) as f32).collect();
                        let z = p.bases.temperature.project(&th);
                        let mut f = vec![0.0f32; n * l];
                        p.bases.temperature.field(&z, &mut f);
                        t = f.iter().map(|x| (*x as f64) * (melt - mo) + mo).collect();
                    }
                    (pr, t)
                };
                for w in idx.windows(m + 1) {
                    let (i, j) = (w[0], w[m]);
                    let (a, b) = (get(i), get(j));
                    let (ta, tb) = (
                        s.tick[s.thermal[i] as usize] as f64,
                        s.tick[s.thermal[j] as usize] as f64,
                    );
                    op.evaluate(
                        &model,
                        Fields {
                            pressure: &a.0,
                            temperature: &a.1,
                        },
                        Fields {
                            pressure: &b.0,
                            temperature: &b.1,
                        },
                        tb - ta,
                    )
                    .unwrap();
                    let since = tb - s.full_at as f64;
                    let bin = ((since / 0.002).log2().max(0.0) as usize).min(11);
                    bins[bin][0] += 1.0;
                    bins[bin][1] += tb - ta;
                    bins[bin][2] += op.pressure[1..]
                        .iter()
                        .map(|r| (r / p.scales.pressure).powi(2))
                        .sum::<f64>()
                        / (n - 1) as f64;
                    bins[bin][3] += op.temperature[l..].iter().map(|r| r * r).sum::<f64>()
                        / ((n - 1) * l) as f64;
                    bins[bin][4] += b.1[l..]
                        .iter()
                        .zip(&a.1[l..])
                        .map(|(b, a)| (b - a).powi(2))
                        .sum::<f64>()
                        / ((n - 1) * l) as f64;
                }
            }
            println!("span {m} pod {pod}");
            for (i, b) in bins.iter().enumerate() {
                if b[0] > 0.0 {
                    println!(
                        "  {:7.3} s n {:5} dt {:.4} r_p {:.3} % r_t {:.3} K  (moved {:.2} K)",
                        0.002 * 2f64.powi(i as i32),
                        b[0],
                        b[1] / b[0],
                        100.0 * (b[2] / b[0]).sqrt(),
                        (b[3] / b[0]).sqrt(),
                        (b[4] / b[0]).sqrt()
                    );
                }
            }
        }
    }
}

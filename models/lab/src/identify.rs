//! `moldlab identify`: latents of a mold from few measured shots, through the network, and the flow law they speak for.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use models_infer::follow::Follower;
use models_infer::network::Network;
use models_infer::release::{Quantity, Release};
use models_physics::calibrate::{BySolver, Curve, Fit, FitError, Fitted, Forward, Measured};
use models_physics::card::SimulationMaterial;
use models_physics::latents::{Latent, Latents};
use models_physics::laws::{Cross, CrossWlf, PowerLaw, Rheology};
use models_physics::molds;
use models_physics::solver::{Cut, downstream_of};

use crate::calibrate::{free_latents, load_shots, report};
use crate::predict::lead_in;
use crate::train::find_release;

/// Arguments of `moldlab identify`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab identify --weights strip-ps --at p1 models/measured/ps_shot_0*.csv

Prints each latent with its standard deviation, which of them the shots say nothing about, which cannot be told apart, and
the error of network AND solver at the latents found: a network that looks right at wrong latents shows there.
With --laws the solver is fitted once a flow law and the laws are compared by evidence (probabilities, equal before).")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Sensor that drives the mold; the one of the release.
    #[arg(long)]
    at: String,
    /// Latents to identify, by name.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "viscosity,tau_star,melt_temperature,wall_htc,compliance,compressibility,no_flow,no_flow_pressure"
    )]
    fit: Vec<String>,
    /// Length of each shot that counts, s.
    #[arg(long, default_value_t = 6.0)]
    until: f64,
    /// Also compare flow laws by evidence, with the solver.
    #[arg(long)]
    laws: bool,
    /// Measured shots: CSV with `time_s` and `<sensor>_pa`.
    #[arg(required = true)]
    shots: Vec<PathBuf>,
}

/// Posterior over prior deviation above which the shots said nothing of note.
const SAID_NOTHING: f64 = 0.8;
/// Correlation above which two latents cannot be told apart.
const SAME: f64 = 0.9;
/// Grid on which laws are compared: a third of the reference's cost, same for all.
const LAW_CUT: Cut = Cut {
    cells: 33,
    layers: 12,
};

/// The network as a forward model.
struct ByNetwork {
    net: Arc<Network>,
    at: String,
    until: f64,
}

impl Forward for ByNetwork {
    fn curves(&self, latents: &Latents, shot: &Measured) -> Result<Vec<Curve>, FitError> {
        let refuse = |e: models_infer::error::InferError| FitError::Refused {
            shot: shot.name.clone(),
            reason: e.to_string(),
        };
        let about = &self.net.about;
        let values: Vec<f64> = about
            .latents
            .iter()
            .map(|l| Latent::from_name(&l.name).map_or(l.value, |n| latents[n]))
            .collect();
        let mut follower = Follower::new(self.net.clone(), &values).map_err(refuse)?;
        let missing = || FitError::NothingMeasured {
            shot: shot.name.clone(),
            mold: about.mold.clone(),
        };
        let inlet = shot.drive.column(&self.at).map_err(|_| missing())?;
        let first = shot.drive.time_s[0];
        let times: Vec<f64> = shot
            .drive
            .time_s
            .iter()
            .map(|t| t - first)
            .take_while(|t| *t <= self.until + 1e-9)
            .collect();
        let mut curves: Vec<(usize, Curve)> = about
            .sensors
            .iter()
            .enumerate()
            .filter(|(_, s)| s.quantity == Quantity::Pressure && s.name != self.at)
            .filter_map(|(i, s)| {
                let measured = shot.drive.column(&s.name).ok()?[..times.len()].to_vec();
                let simulated = Vec::with_capacity(times.len());
                Some((
                    i,
                    Curve {
                        sensor: s.name.clone(),
                        times: times.clone(),
                        simulated,
                        measured,
                    },
                ))
            })
            .collect();
        if curves.is_empty() {
            return Err(missing());
        }
        follower
            .push(
                -lead_in(&shot.drive.time_s, inlet, about.atmosphere_pa),
                about.atmosphere_pa,
            )
            .map_err(refuse)?;
        for (t, p) in times.iter().zip(inlet) {
            if *t > 0.0 || *p > about.atmosphere_pa {
                follower.push(*t, *p).map_err(refuse)?;
            }
            for (i, curve) in &mut curves {
                curve.simulated.push(follower.readings()[*i]);
            }
        }
        Ok(curves.into_iter().map(|(_, c)| c).collect())
    }

    fn bounds(&self, latent: Latent) -> [f64; 2] {
        let info = latent.info();
        let trained = self.net.about.latents.iter().find(|l| l.name == info.name);
        trained.map_or(info.bounds, |l| {
            [l.low.max(info.bounds[0]), l.high.min(info.bounds[1])]
        })
    }
}

/// Runs the command.
///
/// # Errors
/// Bad input; a latent that the network does not take.
pub fn run(args: &Args) -> Result<()> {
    let release = Release::load(&find_release(&args.weights)?)?;
    if args.at != release.about.driven_by {
        bail!(
            "--at: this release of `{}` is driven by `{}`, not by `{}`",
            release.about.mold,
            release.about.driven_by,
            args.at
        );
    }
    let free = free_latents(&args.fit)?;
    if let Some(l) = free.iter().find(|l| {
        !release
            .about
            .latents
            .iter()
            .any(|t| t.name == l.info().name)
    }) {
        bail!("--fit: the network does not take `{}`", l.info().name);
    }
    let shots = load_shots(&args.shots, &args.at)?;
    let mold = downstream_of(&molds::builtin(&release.about.mold)?, &args.at)?;
    let mut start = mold.latents()?;
    for l in &release.about.latents {
        start.set(Latent::from_name(&l.name)?, l.value)?;
    }
    let network = ByNetwork {
        net: Arc::new(Network::new(&release)?),
        at: args.at.clone(),
        until: args.until,
    };
    let fit = Fit {
        forward: &network,
        free: &free,
    };
    let found = fit.run(&start, &shots, |_, _| {})?;
    println!("through the network, from the release's own latents:");
    report(&found);
    told_apart(&free, &found);
    let material = mold.card()?.require_simulation()?;
    let solver = BySolver {
        mold: &mold,
        material: &material,
        cut: mold.cut(),
        at: &args.at,
        until: args.until,
    };
    println!("the solver at these latents:");
    crate::calibrate::print_scores(
        &Fit {
            forward: &solver,
            free: &free,
        }
        .score(&found.latents, &shots)?,
    );
    if args.laws {
        compare_laws(
            &BySolver {
                cut: LAW_CUT,
                ..solver
            },
            &free,
            &mold.latents()?,
            &shots,
        )?;
    }
    Ok(())
}

/// What the shots say nothing about, and what they cannot tell apart.
fn told_apart(free: &[Latent], found: &Fitted) {
    for (latent, sd) in &found.std_dev {
        let info = latent.info();
        if *sd > SAID_NOTHING * info.prior_sd {
            println!(
                "  not identifiable: {} (deviation {sd:.1e} {}, before {:.1e})",
                info.name, info.unit, info.prior_sd
            );
        }
    }
    for (i, row) in found.correlation.iter().enumerate() {
        for (j, r) in row.iter().enumerate().skip(i + 1) {
            if r.abs() > SAME {
                println!(
                    "  not told apart: {} and {} (correlation {r:+.2})",
                    free[i].info().name,
                    free[j].info().name
                );
            }
        }
    }
}

/// Fits every law through the solver and prints its probability.
fn compare_laws(
    solver: &BySolver<'_>,
    free: &[Latent],
    start: &Latents,
    shots: &[Measured],
) -> Result<()> {
    let mut rows = Vec::new();
    for (name, rheology) in laws(solver.material, solver.mold.process.melt_k) {
        let material = SimulationMaterial {
            rheology,
            ..solver.material.clone()
        };
        let forward = BySolver {
            material: &material,
            ..*solver
        };
        match (Fit {
            forward: &forward,
            free,
        }
        .run(start, shots, |_, _| {}))
        {
            Ok(found) => rows.push((name, found)),
            Err(e) => println!("  {name}: {:#}", anyhow::Error::from(e)),
        }
    }
    let best = rows
        .iter()
        .map(|(_, f)| f.log_evidence)
        .fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = rows
        .iter()
        .map(|(_, f)| (f.log_evidence - best).exp())
        .sum();
    println!(
        "flow laws on these {} shots, same latents free, {} x {} cells:",
        shots.len(),
        LAW_CUT.cells,
        LAW_CUT.layers
    );
    for (name, found) in &rows {
        let rms = found.scores.iter().map(|s| s.rmse_of_peak).sum::<f64>()
            / found.scores.len().max(1) as f64;
        println!(
            "  {name:<24} ln evidence {:+7.1}   probability {:.3}   mean error {:.2} % of peak",
            found.log_evidence - best,
            (found.log_evidence - best).exp() / sum,
            100.0 * rms
        );
    }
    Ok(())
}

/// Shear rate at which laws are made to agree, 1/s, and the step of the derivatives there.
const MATCH_PER_S: f64 = 1000.0;

/// The card's law and its rivals, each made equal in value and slopes to the card at melt temperature and 1000 1/s (the Cross
/// law: at rest), so that none starts ahead. The pressure term shifts viscosity as the card's own transition shifts.
fn laws(material: &SimulationMaterial, melt_k: f64) -> Vec<(&'static str, Rheology)> {
    let Rheology::CrossWlf(card) = material.rheology else {
        return vec![("the card's law", material.rheology)];
    };
    let plain = CrossWlf { d3: 0.0, ..card };
    let pressed = CrossWlf {
        d3: if card.d3 > 0.0 {
            card.d3
        } else {
            material.tait.b6
        },
        ..card
    };
    let eta0 = |t: f64| plain.zero_shear(t, 0.0).unwrap_or(f64::NAN);
    let eta = |t: f64, rate: f64| {
        let e = eta0(t);
        e / (1.0 + (e * rate / plain.tau_star).powf(1.0 - plain.n))
    };
    let slope =
        |f: &dyn Fn(f64) -> f64, x: f64, h: f64| (f(x + h).ln() - f(x - h).ln()) / (2.0 * h);
    // d ln eta0 / dT = -Tb / T^2
    let t_b = -slope(&eta0, melt_k, 0.5) * melt_k * melt_k;
    let cross = Cross {
        n: plain.n,
        tau_star: plain.tau_star,
        b: eta0(melt_k) / (t_b / melt_k).exp(),
        t_b,
    };
    let at_rate = |ln_rate: f64| eta(melt_k, ln_rate.exp());
    let n = 1.0 + slope(&at_rate, MATCH_PER_S.ln(), 0.01);
    let at_t = |t: f64| eta(t, MATCH_PER_S);
    let power = PowerLaw {
        k: eta(melt_k, MATCH_PER_S) * MATCH_PER_S.powf(1.0 - n),
        n,
        b: -slope(&at_t, melt_k, 0.5),
        t_ref: melt_k,
    };
    vec![
        ("power law", Rheology::PowerLaw(power)),
        ("Cross", Rheology::Cross(cross)),
        ("Cross-WLF", Rheology::CrossWlf(plain)),
        ("Cross-WLF with pressure", Rheology::CrossWlf(pressed)),
    ]
}

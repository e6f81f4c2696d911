//! What is simulated: a space-filling sample of latents, recipes and waveforms.

use models_infer::release::LatentLaw;
use models_physics::latents::{COUNT, LATENTS, Latent, Latents};
use models_physics::mold::{Mold, Press};
use models_physics::recipe::{HoldStage, RateStage, Recipe, Transfer};
use models_physics::shot::ShotError;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::generate::Options;
use super::record::Kind;

/// Prior standard deviations to either side of a mold's own latents, unless asked for otherwise.
pub const SPREAD: f64 = 2.2;
/// Largest change of melt and mold temperature by the recipe, K.
const RECIPE_SPREAD_K: f64 = 12.0;

/// One shot to simulate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Number in the sample.
    pub index: u32,
    /// Whether the inlet pressure of the recipe is distorted and played back.
    pub kind: Kind,
    /// Latents of the solver.
    pub latents: Latents,
    /// The recipe.
    pub recipe: Recipe,
    /// Seed of everything drawn outside the space-filling sample.
    pub seed: u64,
}

/// Draws plans for one mold.
#[derive(Clone, Debug)]
pub struct Sampler {
    seed: u32,
    centre: Latents,
    /// Lowest and highest value of each latent.
    ranges: [[f64; 2]; COUNT],
    latent_law: LatentLaw,
    volume: f64,
    press: Press,
    own_press: bool,
    melt_k: f64,
    mold_k: f64,
    waveforms: f64,
}

/// A press for molds that have none: it only makes plausible waveforms.
fn stand_in_press(volume: f64) -> Press {
    Press {
        screw_diameter: 0.025,
        max_stroke_volume: 4.0 * volume,
        max_rate: volume / 0.05,
        max_injection_pressure: 200e6,
        max_hold_pressure: 150e6,
        clamp_force_n: 1e6,
        check_ring_leakage: 0.0,
        hold_loss: 0.0,
        cushion_volume: 0.0,
        melt_range_k: (400.0, 620.0),
        mold_range_k: (270.0, 420.0),
    }
}

impl Sampler {
    /// Prepares the sample of a mold whose elements hold `volume` m3.
    ///
    /// # Errors
    /// When the mold's latents are wrong.
    pub fn new(mold: &Mold, volume: f64, options: &Options) -> Result<Self, ShotError> {
        let Options {
            seed,
            waveforms,
            spread,
            latent_law,
            ..
        } = *options;
        let centre = mold.latents()?;
        let mut ranges = [[0.0; 2]; COUNT];
        for (range, l) in ranges.iter_mut().zip(&LATENTS) {
            let at = centre[l.latent];
            let reach = spread * l.prior_sd;
            *range = [(at - reach).max(l.bounds[0]), (at + reach).min(l.bounds[1])];
        }
        Ok(Self {
            seed,
            centre,
            ranges,
            latent_law,
            volume,
            press: mold.press.unwrap_or_else(|| stand_in_press(volume)),
            own_press: mold.press.is_some(),
            melt_k: mold.process.melt_k,
            mold_k: mold.wall.mold_temperature_k,
            waveforms,
        })
    }

    /// Lowest and highest value of each latent as the solver uses it.
    pub fn ranges(&self) -> &[[f64; 2]; COUNT] {
        &self.ranges
    }

    /// The press whose recipes are sampled: the mold's own or a stand-in.
    pub fn press(&self) -> &Press {
        &self.press
    }

    /// Plan number `index`: the same for the same seed, whatever else is drawn.
    pub fn plan(&self, index: u32) -> Plan {
        let mut dimension = 0;
        let mut draw = || {
            dimension += 1;
            f64::from(sobol_burley::sample(index, dimension - 1, self.seed))
        };
        let mut latents = self.centre;
        for (l, range) in LATENTS.iter().zip(self.ranges) {
            let u = draw();
            if self.own_press || !matches!(l.latent, Latent::HoldLoss | Latent::Leakage) {
                latents[l.latent] = match self.latent_law {
                    LatentLaw::Even => range[0] + u * (range[1] - range[0]),
                    LatentLaw::Prior => normal(self.centre[l.latent], l.prior_sd, range, u),
                };
            }
        }
        let kind = if draw() < self.waveforms {
            Kind::Waveform
        } else {
            Kind::Recipe
        };
        let within = |v: f64, (low, high): (f64, f64)| v.clamp(low, high);
        let melt_k = within(
            self.melt_k + RECIPE_SPREAD_K * (2.0 * draw() - 1.0),
            self.press.melt_range_k,
        );
        let mold_k = within(
            self.mold_k + RECIPE_SPREAD_K * (2.0 * draw() - 1.0),
            self.press.mold_range_k,
        );
        // A mold filled in 0.2 to 1.3 s, or 0.07 to 0.5 s where only a short cavity is driven.
        let (shortest, longest): (f64, f64) = if self.own_press {
            (0.22, 1.3)
        } else {
            (0.07, 0.5)
        };
        let fill_time = shortest * (longest / shortest).powf(draw());
        let base = (self.volume / fill_time).min(self.press.max_rate);
        let stages = 1 + (3.0 * draw()) as usize;
        let transfer = self.volume * (0.955 + 0.09 * draw());
        let rate_stages = (0..stages)
            .map(|i| RateStage {
                rate: (base * 0.5_f64.powf(2.0 * draw() - 1.0)).min(self.press.max_rate),
                until_injected: transfer * (i + 1) as f64 / stages as f64 * 1.2,
            })
            .collect();
        let limit = 60e6 + 100e6 * draw();
        let level = 12e6 * (100.0 / 12.0_f64).powf(draw());
        let hold_time = 1.0 * 8.0_f64.powf(draw());
        let (count, rough, cooling) = (draw(), draw(), draw());
        let mut rng = StdRng::seed_from_u64((u64::from(self.seed) << 32) ^ u64::from(index));
        let hold = self.hold(&mut rng, level, hold_time, count, rough);
        Plan {
            index,
            kind,
            latents,
            recipe: Recipe {
                file: format!("sample {index}"),
                title: String::new(),
                melt_k,
                mold_k,
                dose_volume: (1.35 * self.volume).min(self.press.max_stroke_volume),
                rate_stages,
                transfer: Transfer {
                    injected_volume: transfer,
                    max_pressure: limit.min(self.press.max_injection_pressure),
                    max_time: 4.0 * fill_time + 0.5,
                },
                hold,
                cooling_time_s: if self.own_press {
                    5.0 + 10.0 * cooling
                } else {
                    0.5
                },
            },
            seed: rng.random(),
        }
    }

    /// Hold pressures: a few stages, or on molds driven at a sensor many, which fall, wander and jump as the
    /// pressure inside a cavity does.
    fn hold(
        &self,
        rng: &mut StdRng,
        level: f64,
        time: f64,
        count: f64,
        rough: f64,
    ) -> Vec<HoldStage> {
        let top = self.press.max_hold_pressure;
        if self.own_press {
            let n = 1 + (3.0 * count) as usize;
            return (0..n)
                .map(|_| HoldStage {
                    pressure: (level
                        * 2.0_f64.powf(1.6 * rough * (2.0 * rng.random::<f64>() - 1.0)))
                    .clamp(3e6, top),
                    time: time / n as f64 * rng.random_range(0.6..1.4),
                })
                .collect();
        }
        // Decay towards a rest, with time constants from a fifth of a second up; then a wandering level.
        let rest = level * rng.random_range(0.05..1.0);
        let tau = 0.15 * 40.0_f64.powf(count);
        let onset = rng.random_range(0.0..1.5) * rng.random::<f64>();
        let end = if rng.random::<f64>() < 0.35 {
            0.6 * time
        } else {
            f64::INFINITY
        };
        let (mut stages, mut t, mut walk) = (Vec::new(), 0.0, 0.0_f64);
        while t < WAVEFORM_S {
            let step = if t < 0.3 { 0.04 } else { 0.16 };
            let fade = (-(t - onset).max(0.0) / tau).exp();
            let p = (rest + (level - rest) * fade) * (1.0 + walk).max(0.1);
            stages.push(HoldStage {
                pressure: if t > end { 0.2e6 } else { p.clamp(0.2e6, top) },
                time: step,
            });
            walk = 0.93 * walk
                + 0.09 * rough * (2.0 * rng.random::<f64>() - 1.0) * (step / 0.16).sqrt();
            t += step;
        }
        stages
    }
}

/// The value below which a share `u` of a normal law lies, cut at the ends of `range`.
fn normal(mean: f64, sd: f64, range: [f64; 2], u: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc((mean - x) / (sd * std::f64::consts::SQRT_2));
    let (first, last) = (below(range[0]), below(range[1]));
    let goal = first + u * (last - first);
    // Halving is slow and cannot fail; a plan is drawn once.
    let [mut low, mut high] = range;
    for _ in 0..52 {
        let middle = 0.5 * (low + high);
        if below(middle) < goal {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Time for which a sensor-driven mold is followed, s.
pub const WAVEFORM_S: f64 = 8.0;

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn latents_follow_their_prior_and_stay_in_range() {
        // Shares of a normal law (0.5, 0.841345, 0.977250), the ends, and a law cut in half.
        let far = [-8.0, 8.0];
        for (u, z) in [(0.5, 0.0), (0.841_344_746, 1.0), (0.977_249_868, 2.0)] {
            assert!((normal(3.0, 2.0, [-13.0, 19.0], u) - (3.0 + 2.0 * z)).abs() < 1e-6);
            assert!((normal(0.0, 1.0, far, u) - z).abs() < 1e-6);
        }
        let range = [-1.1, 1.1];
        assert!((normal(0.0, 0.5, range, 0.0) - range[0]).abs() < 1e-9);
        assert!((normal(0.0, 0.5, range, 1.0) - range[1]).abs() < 1e-9);
        // Half the shots of a latent that cannot be negative lie below 0.6745 standard deviations.
        assert!((normal(0.0, 1.0, [0.0, 8.0], 0.5) - 0.674_489_750).abs() < 1e-6);
    }
}

//! The shot path: what a finished shot teaches, how far to trust it, and the tuning for the next one.

use std::sync::Arc;

use models_infer::network::Network;
use models_physics::card::SimulationMaterial;
use models_physics::latents::{COUNT, LATENTS, Latent, Latents};
use models_physics::mold::Mold;
use models_physics::observer::Observer;
use models_physics::prior::Prior;
use models_physics::solver::{Melt, downstream_of};
use models_units::{Pressure, ShearRate, Temperature};

use crate::belief::{Belief, Sensors, Used};
use crate::ensemble::{Ensemble, index};
use crate::error::PipelineError;
use crate::estimator::Tuning;
use crate::kind::{Kind, KindDetector};
use crate::lesson::{Lesson, Story};
use crate::part::Part;
use crate::setup::{ATMOSPHERE_PA, Setup};
use crate::shot::ShotRecord;
use crate::trust::{Findings, Trust};
use crate::walker::Walker;

/// Latents that the witness alone can be asked about: one solver each has to be run.
const WITNESS_LATENTS: [&str; 5] = [
    "viscosity",
    "melt_temperature",
    "wall_htc",
    "compliance",
    "no_flow",
];

/// Time outside the network's range from which a shot counts as outside it, s: a spike does not.
const OUT_OF_RANGE_S: f64 = 0.02;

/// What a shot came to.
#[derive(Clone, Debug)]
pub struct ShotSummary {
    /// Number.
    pub shot: u64,
    /// Kind.
    pub kind: Kind,
    /// What measurements showed; production shots only.
    pub findings: Findings,
    /// Trust after it.
    pub trust: Trust,
    /// The part.
    pub part: Part,
    /// Highest estimated pressure where the flow ends, above atmosphere, Pa, with sd.
    pub end_of_fill_pa: [f64; 2],
    /// Features for trends: name and value in SI units.
    pub features: Vec<(String, f64)>,
}

/// Keeps belief and trust from shot to shot.
#[derive(Debug)]
pub struct Keeper {
    mold: Mold,
    material: SimulationMaterial,
    network: Option<Arc<Network>>,
    setup: Setup,
    names: Vec<String>,
    /// The belief.
    pub belief: Belief,
    /// Trust.
    pub trust: Trust,
    pub(crate) kinds: KindDetector,
}

impl Keeper {
    /// For a mold, its release if there is one, and the sensors used (the driving one included).
    ///
    /// # Errors
    /// When the release is another mold's, a sensor is not there, or a file cannot be used.
    pub fn new(
        mold: &Mold,
        network: Option<Arc<Network>>,
        used: &[String],
    ) -> Result<Self, PipelineError> {
        if let Some(net) = &network
            && net.about.mold != mold.name
        {
            return Err(PipelineError::OtherMold {
                release: net.about.mold.clone(),
                mold: mold.name.clone(),
            });
        }
        let drive = match &network {
            Some(net) => net.about.driven_by.clone(),
            None => inlet_sensor(mold, used)?,
        };
        let failed = |source| PipelineError::mold(&mold.name, source);
        let mut setup = Setup::new(mold, &drive, used)?;
        let cut = downstream_of(mold, &drive).map_err(failed)?;
        let material = cut
            .card()
            .and_then(|c| c.require_simulation())
            .map_err(failed)?;
        let mut prior = Prior::of_mold(mold).map_err(|e| PipelineError::Mold {
            mold: mold.name.clone(),
            source: Box::new(e),
        })?;
        let mut range: [[f64; 2]; COUNT] = std::array::from_fn(|i| [prior.mean[i]; 2]);
        if let Some(net) = &network {
            for l in &net.about.latents {
                range[index(&l.name)] = [l.low, l.high];
                prior.mean[index(&l.name)] = l.value;
            }
            setup.temperature_sd = setup.temperature_sd.max(net.about.errors.temperature_k[0]);
            setup.longest_s = net.about.longest_s;
        } else {
            for name in WITNESS_LATENTS {
                range[index(name)] = LATENTS[index(name)].bounds;
            }
        }
        let heard = setup.used.iter().map(|i| Used {
            sensor: *i,
            path_m: setup.places[*i].path_m,
        });
        let heard = heard.collect();
        Ok(Self {
            names: setup.places.iter().map(|p| p.name.clone()).collect(),
            belief: Belief::new(prior, range, heard),
            trust: Trust::default(),
            kinds: KindDetector::default(),
            mold: cut,
            material,
            network,
            setup,
        })
    }

    /// Setup for the tick; may be changed before the estimator is made.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// As [`Keeper::setup`], to change it.
    pub fn setup_mut(&mut self) -> &mut Setup {
        &mut self.setup
    }

    /// A person says that all is as the files say, or was put right: what shots taught is dropped, trust is earned anew.
    pub fn begin_again(&mut self) {
        self.belief = self.belief.before_the_first_shot();
        self.trust = Trust::default();
    }

    /// The mold, cut at the driving sensor.
    pub fn mold(&self) -> &Mold {
        &self.mold
    }

    /// Its material.
    pub fn material(&self) -> &SimulationMaterial {
        &self.material
    }

    /// The network in use.
    pub fn network(&self) -> Option<&Arc<Network>> {
        self.network.as_ref()
    }

    /// Usual time from shot to shot, s.
    pub fn cycle_s(&self) -> Option<f64> {
        self.kinds.cycle_s()
    }

    /// Models at the belief as it is now.
    ///
    /// # Errors
    /// When the network or the solver refuses it.
    pub fn tuning(&self) -> Result<Box<Tuning>, PipelineError> {
        let walker = |latents: &Latents| -> Result<Walker, PipelineError> {
            let observer = Observer::new(&self.mold, &self.material, latents);
            observer
                .map(|o| Walker::new(o, &self.names))
                .map_err(|e| PipelineError::Mold {
                    mold: self.mold.name.clone(),
                    source: Box::new(e),
                })
        };
        let (ensemble, witness) = match &self.network {
            Some(net) => {
                let ensemble = Ensemble::of_network(net, &self.belief, &self.names);
                let ensemble = ensemble.map_err(|source| PipelineError::Network {
                    mold: self.mold.name.clone(),
                    source,
                })?;
                (ensemble, Some(walker(&self.latents())?.striding()))
            }
            None => (
                Ensemble::of_witness(&self.belief, self.names.len(), walker)?,
                None,
            ),
        };
        Ok(Box::new(Tuning {
            ensemble,
            witness,
            belief: self.belief.clone(),
        }))
    }

    /// Latents believed in.
    pub fn latents(&self) -> Latents {
        Latents::from_values(self.belief.mean)
    }

    /// Takes a finished shot and updates belief and trust.
    pub fn finish(&mut self, record: &ShotRecord) -> ShotSummary {
        let kind = self.kinds.judge(record, &self.setup);
        let sensors = Sensors {
            gain: self.setup.gain,
            noise_pa: self.setup.noise_pa,
        };
        let lesson = self.belief.weigh(&record.evidence, &sensors);
        let mut part = record.part;
        let mut refused = false;
        if kind == Kind::Production {
            let before = self.belief.clone();
            self.belief.learn(&lesson);
            // A lesson that is no number would stay for ever; without it the alarm is up and the next shot may teach again.
            refused = !self.belief.is_sound();
            if refused {
                self.belief = before;
            }
            // Slow latents wait for the next shot; the part of this one need not.
            part = self.replay(record).or(part);
        }
        let mut findings = self.findings(record, &lesson);
        if refused {
            findings.surprise = f64::INFINITY;
        }
        if kind == Kind::Production {
            self.trust.step(record.shot, &findings);
        } else if kind == Kind::Broken {
            self.trust.step(
                record.shot,
                &Findings {
                    drive_silent: true,
                    ..findings
                },
            );
        }
        let bands = |p: Part| p.with_bands(self.frozen_sd(record), self.setup.temperature_sd);
        let mut part = part.map(bands).unwrap_or_default();
        let end_of_fill_pa = self.end_of_fill(record);
        part.clamp(record.clamp_n / self.setup.clamp_n, end_of_fill_pa);
        ShotSummary {
            shot: record.shot,
            kind,
            trust: self.trust,
            part,
            end_of_fill_pa,
            features: self.features(record, &findings),
            findings,
        }
    }

    /// The part once more, by the witness at what this shot itself has taught, driven by the recorded inlet pressure.
    fn replay(&self, record: &ShotRecord) -> Option<Part> {
        let observer = Observer::new(&self.mold, &self.material, &self.latents()).ok()?;
        let mut walker = Walker::new(observer, &self.names).striding();
        walker.push(0.0, ATMOSPHERE_PA).ok()?;
        for row in &record.rows {
            let (t, pa) = (row.time_s, row.measured[self.setup.drive]);
            if t > 0.0 && pa.is_finite() {
                walker.push(f64::from(t), f64::from(pa)).ok()?;
            }
        }
        Some(Part::new(&walker))
    }

    fn findings(&self, record: &ShotRecord, lesson: &Lesson) -> Findings {
        let rows = record.rows.len().max(1) as u32;
        let silent =
            |i: &usize| record.silent[*i] > rows / 4 || record.tally[*i].gated_share() > 0.5;
        Findings {
            surprise: lesson.surprise(),
            volume: lesson.volume,
            changed: lesson.story == Story::Changed,
            suspect: self.belief.suspect(),
            silent: self.setup.used.iter().copied().find(silent),
            drive_silent: record.missing > rows / 4,
            witness_error: self.witness_error(record),
            at_bound: self.belief.at_bound.iter().position(|b| *b),
            out_of_range: record.out_of_range_s > OUT_OF_RANGE_S,
        }
    }

    /// Root mean square difference of network and witness at the pressure sensors, over the peak; zero without a network.
    fn witness_error(&self, record: &ShotRecord) -> f64 {
        let (mut sum, mut count, mut peak) = (0.0, 0, 1e6);
        for row in &record.rows {
            for (i, p) in self.setup.places.iter().enumerate() {
                let (a, b) = (f64::from(row.model[i]), f64::from(row.witness[i]));
                if p.is_pressure() && i != self.setup.drive && a.is_finite() && b.is_finite() {
                    sum += (a - b) * (a - b);
                    count += 1;
                    peak = f64::max(peak, b - ATMOSPHERE_PA);
                }
            }
        }
        if count == 0 {
            0.0
        } else {
            (sum / f64::from(count)).sqrt() / peak
        }
    }

    /// How much narrower the band at the end of the flow would be with one more sensor: name and factor, best first. The factor
    /// multiplies the band's width at the moment of highest pressure: 0.4 leaves four tenths of it, 1 says that the sensor would not help.
    /// It counts one reading at that moment and no gain error of the sensor.
    ///
    /// ```text
    /// factor^2 = 1 - K_li^2 / (K_ll (K_ii + noise^2)),   K = slopes slopes' + sd sd' correlation
    /// ```
    pub fn would_help(&self, record: &ShotRecord) -> Vec<(String, f64)> {
        let (setup, peak) = (&self.setup, &record.peak);
        let length = self.belief.prior().discrepancy.length_m;
        let k = |a: usize, b: usize| {
            let slopes: f64 = peak.slopes[a]
                .iter()
                .zip(&peak.slopes[b])
                .map(|(x, y)| x * y)
                .sum();
            let apart = (setup.places[a].path_m - setup.places[b].path_m).abs();
            slopes + peak.spread[a] * peak.spread[b] * (-apart / length).exp()
        };
        let candidates = setup
            .places
            .iter()
            .enumerate()
            .filter(|(i, p)| p.is_pressure() && *i != setup.drive && !setup.used.contains(i));
        let noise = setup.noise_pa * setup.noise_pa;
        let mut found: Vec<(String, f64)> = candidates
            .map(|(i, p)| {
                let (ll, ii, li) = (k(setup.last, setup.last), k(i, i), k(setup.last, i));
                let left = 1.0 - li * li / (ll * (ii + noise)).max(1e-9);
                (p.name.clone(), left.clamp(0.0, 1.0).sqrt())
            })
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    }

    /// Viscosity at 1000 1/s, the melt temperature believed in and 20 MPa, Pa s, with its standard deviation.
    pub fn effective_viscosity(&self) -> [f64; 2] {
        const RATE: f64 = 1000.0;
        const PRESSURE_PA: f64 = 2e7;
        let at = |mean: [f64; COUNT]| {
            let latents = Latents::from_values(mean);
            let melt = Melt::new(&self.material, &latents);
            let t = self.mold.process.melt_k + latents[Latent::MeltTemperature];
            melt.rheology
                .viscosity(
                    Temperature::from_k(t),
                    Pressure::from_pa(PRESSURE_PA),
                    ShearRate::from_per_s(RATE),
                )
                .map_or(f64::NAN, |v| v.pa_s())
        };
        let (root, value) = (self.belief.root(), at(self.belief.mean));
        let variance: f64 = (0..COUNT)
            .map(|k| {
                let there = std::array::from_fn(|i| self.belief.mean[i] + root[i][k]);
                if root[k][k] > 0.0 {
                    (at(there) - value).powi(2)
                } else {
                    0.0
                }
            })
            .sum();
        [value, variance.sqrt()]
    }

    fn end_of_fill(&self, record: &ShotRecord) -> [f64; 2] {
        let last = self.setup.last;
        let best = record
            .rows
            .iter()
            .max_by(|a, b| a.value[last].total_cmp(&b.value[last]));
        best.map_or([0.0; 2], |r| {
            [
                f64::from(r.value[last]) - ATMOSPHERE_PA,
                f64::from(r.sd[last]),
            ]
        })
    }

    /// Band of the last sensor at the end of hold.
    fn frozen_sd(&self, record: &ShotRecord) -> f64 {
        let end = record
            .phases
            .began(crate::phase::CyclePhase::Cool)
            .unwrap_or(record.ended_s);
        let row = record
            .rows
            .iter()
            .take_while(|r| f64::from(r.time_s) <= end)
            .last();
        row.map_or(0.0, |r| f64::from(r.sd[self.setup.last]))
    }

    fn features(&self, record: &ShotRecord, findings: &Findings) -> Vec<(String, f64)> {
        let mut features = Vec::new();
        let mut add = |name: String, value: f64| {
            if value.is_finite() {
                features.push((name, value));
            }
        };
        add("fill_time_s".into(), record.full_s);
        add(
            "cycle_time_s".into(),
            self.kinds.cycle_s().unwrap_or(f64::NAN),
        );
        add("mold_surface_k".into(), record.surface_k);
        for (i, p) in self
            .setup
            .places
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_pressure())
        {
            let peak = record
                .rows
                .iter()
                .map(|r| f64::from(r.value[i]))
                .filter(|v| v.is_finite())
                .fold(f64::NAN, f64::max);
            add(format!("peak_{}_pa", p.name), peak);
            let area: f64 = record
                .rows
                .windows(2)
                .map(|w| {
                    f64::from(w[1].time_s - w[0].time_s)
                        * (f64::from(w[1].value[i]) - ATMOSPHERE_PA)
                })
                .filter(|v| v.is_finite())
                .sum();
            add(format!("integral_{}_pa_s", p.name), area);
        }
        {
            let last = self.setup.last;
            let over = |r: &crate::shot::Row| f64::from(r.value[last]) - ATMOSPHERE_PA;
            add("peak_pressure_pa".into(), self.end_of_fill(record)[0]);
            let area = record
                .rows
                .windows(2)
                .map(|w| f64::from(w[1].time_s - w[0].time_s) * over(&w[1]));
            add(
                "pressure_integral_pa_s".into(),
                area.filter(|v| v.is_finite()).sum(),
            );
        }
        add("surprise".into(), findings.surprise);
        add("witness_error".into(), self.witness_error(record));
        features
    }
}

/// The used pressure sensor nearest to the inlet: what a mold without a release is driven by.
fn inlet_sensor(mold: &Mold, used: &[String]) -> Result<String, PipelineError> {
    let places = crate::places::places(mold)?;
    let mut found: Vec<_> = Vec::new();
    for name in used {
        found.push(crate::places::pressure_place(mold, &places, name)?);
    }
    let first = found
        .into_iter()
        .min_by(|a, b| places[*a].path_m.total_cmp(&places[*b].path_m));
    first
        .map(|i| places[i].name.clone())
        .ok_or_else(|| PipelineError::NoDrive {
            mold: mold.name.clone(),
            drive: mold.inlet.clone(),
        })
}

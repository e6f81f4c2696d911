//! The loop closed without a clock: press, pipeline, correction and limits, with and without, shot by shot against the truth.

use appliance_pipeline::correct::{
    Aim, Bound, Correction, Corrector, Held, Quantity, Seen, Target,
};
use appliance_pipeline::kind::Kind;
use appliance_pipeline::ports::{Limit, Limits, SETPOINTS, Setpoint, Setpoints};
use appliance_pipeline::trust::{Reason, TrustState};
use hil_press_sim::Scenario;
use hil_press_sim::course::CycleKind;
use hil_press_sim::offline::Offline;
use hil_press_sim::random::Random;
use hil_press_sim::solved::Solved;

use crate::guarded::Guarded;
use crate::line::{Line, Molded, RATE_HZ};

/// What a run has beside the press and the driving sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Nothing is written: what happens anyway.
    Without,
    /// Nozzle pressure and screw position.
    Nozzle,
    /// These and the cavity sensor after the gate.
    NozzleAndP1,
    /// Nozzle pressure, screw position and a scale that weighs every fifth part.
    NozzleAndScale,
}

impl Means {
    /// All, in the order of the table.
    pub const ALL: [Self; 4] = [
        Self::Without,
        Self::Nozzle,
        Self::NozzleAndP1,
        Self::NozzleAndScale,
    ];

    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Without => "without",
            Self::Nozzle => "nozzle + position",
            Self::NozzleAndP1 => "nozzle + position + P1",
            Self::NozzleAndScale => "nozzle + position + scale",
        }
    }

    const fn used(self) -> &'static [&'static str] {
        match self {
            Self::NozzleAndP1 => &["nozzle", "p1"],
            _ => &["nozzle"],
        }
    }
}

/// One shot of a run.
#[derive(Clone, Copy, Debug)]
pub struct LoopShot {
    /// Number, from 1.
    pub shot: u64,
    /// True mass of the part, kg.
    pub mass_kg: f64,
    /// Mass by the tracker less the reference, kg; NaN while it learns.
    pub tracked_kg: f64,
    /// Its standard deviation, kg.
    pub tracked_sd_kg: f64,
    /// Slow part of the mass off its target as the box judges it, with standard deviation, kg.
    pub judged_kg: [f64; 2],
    /// Mass by the witness at the belief before the shot, kg.
    pub witness_kg: f64,
    /// Setpoints the shot ran with.
    pub setpoints: Setpoints,
    /// Trust after it, where a box looked.
    pub trust: Option<(TrustState, Reason)>,
    /// Why nothing was asked for after it.
    pub held: Option<Held>,
}

/// First shot that a scenario of steps and drifts disturbs.
pub const DISTURBED_FROM: u64 = 11;
/// Standard deviation of the scale, kg.
const SCALE_SD_KG: f64 = 1e-6;
/// A part in so many is weighed.
const WEIGHED: u64 = 5;

/// What the operator allows the box to move.
pub fn limits() -> Limits {
    let mut limits: Limits = [None; SETPOINTS];
    limits[Setpoint::HoldPressure as usize] = Some(Limit {
        low: 35e6,
        high: 55e6,
        step: 1.5e6,
        per_hour: 15e6,
    });
    limits[Setpoint::HoldTime as usize] = Some(Limit {
        low: 5.5,
        high: 6.5,
        step: 0.1,
        per_hour: 1.0,
    });
    limits
}

/// Targets and hard limits of the report: the mass of the reference shots, to 0.05 %.
pub fn correction(nominal_kg: f64) -> Correction {
    let target = Target {
        quantity: Quantity::PartMass,
        aim: Aim::Reference,
        tolerance: 5e-4 * nominal_kg,
    };
    let most = |quantity, high| Bound {
        quantity,
        low: None,
        high: Some(high),
    };
    let bounds = vec![
        most(Quantity::EndOfFillPressure, 60e6),
        most(Quantity::ClampForce, 500e3),
        most(Quantity::CoreTemperature, 363.15),
    ];
    let mut correction = Correction::new(vec![target], bounds, limits());
    // Pressure acts within a shot and costs nothing; hold time lengthens the cycle.
    correction.cost[Setpoint::HoldTime as usize] = 0.2;
    correction
}

/// Whether the tracker counts estimates, as in the daemon: a mismatch or a latent at its bound is what a changed process looks
/// like, and the tracker judges that by its own marks; a sensor that fails is not. The guard asks for trust on its own account.
fn trusted(molded: &Molded) -> bool {
    !matches!(
        molded.summary.trust.reason,
        Reason::SensorSilent(_) | Reason::DriveSilent | Reason::OutOfRange
    )
}

/// Runs a scenario.
///
/// # Panics
/// When shipped files cannot be used, the solver stops, or a setpoint leaves its limits.
pub fn run(scenario: &Scenario, seed: u64, shots: usize, means: Means) -> Vec<LoopShot> {
    run_with(scenario, seed, shots, means, &Solved::default())
}

/// As [`run`], beside other runs of the scenario whose shots are `solved`.
///
/// # Panics
/// As [`run`].
pub fn run_with(
    scenario: &Scenario,
    seed: u64,
    shots: usize,
    means: Means,
    solved: &Solved,
) -> Vec<LoopShot> {
    if means == Means::Without {
        return left_alone(scenario, seed, shots, solved);
    }
    let mut line = Line::remembering(scenario, seed, means.used(), solved);
    let mut press = Guarded::new(line.handle(), limits());
    let mut corrector: Option<Corrector> = None;
    let mut scale = Random::new(seed, 77);
    let mut weighed: Option<(u64, f64)> = None;
    let mut found = Vec::new();
    let mut watch = Watch::new(limits());
    while found.len() < shots {
        let set = press.setpoints();
        let molded = line.mold();
        watch.look(molded.start_s, &set);
        let corrector = corrector
            .get_or_insert_with(|| Corrector::of(correction(molded.truth.mass_kg), line.keeper()));
        if let Some((shot, mass)) = weighed.take() {
            corrector.label(shot, Quantity::PartMass, mass, SCALE_SD_KG);
        }
        let seen = Seen {
            shot: molded.shot,
            time_s: molded.start_s,
            kind: molded.summary.kind,
            trusted: trusted(&molded),
            setpoints: set,
        };
        let decided = corrector
            .shot(line.keeper(), &molded.record, &seen)
            .expect("replays run");
        let (kind, trust) = (molded.summary.kind, molded.summary.trust.state);
        let ended_s = molded.start_s + molded.inject_s + molded.truth.ejected_s;
        press.shot_ended(ended_s, molded.shot, kind, trust, &decided);
        if means == Means::NozzleAndScale && molded.shot.is_multiple_of(WEIGHED) {
            let mass = molded.truth.mass_kg + SCALE_SD_KG * scale.normal();
            weighed = Some((molded.shot, mass));
        }
        let mass = |of: fn(&appliance_pipeline::correct::Off) -> f64| {
            decided.off.as_ref().map_or(f64::NAN, of)
        };
        found.push(LoopShot {
            shot: molded.shot,
            mass_kg: molded.truth.mass_kg,
            tracked_kg: mass(|o| o.outcome[Quantity::PartMass]),
            tracked_sd_kg: mass(|o| o.sd[Quantity::PartMass]),
            judged_kg: decided.judged.first().map_or([f64::NAN; 2], |j| j.off),
            witness_kg: if molded.summary.kind == Kind::Production {
                molded.summary.part.mass_kg[0]
            } else {
                f64::NAN
            },
            setpoints: set,
            trust: Some((molded.summary.trust.state, molded.summary.trust.reason)),
            held: decided.held,
        });
    }
    found
}

/// The press alone: nobody looks and nobody writes.
fn left_alone(scenario: &Scenario, seed: u64, shots: usize, solved: &Solved) -> Vec<LoopShot> {
    let press = Offline::new(scenario, seed, RATE_HZ).expect("a press");
    let mut press = press.remembering(solved);
    let setpoints = Setpoints::of_recipe(&press.handle().setpoints());
    let mut found = Vec::new();
    while found.len() < shots {
        let cycle = press.cycle().expect("a cycle");
        if let (CycleKind::Shot, Some(truth)) = (cycle.kind, &cycle.truth) {
            found.push(LoopShot {
                shot: cycle.shot,
                mass_kg: truth.mass_kg,
                tracked_kg: f64::NAN,
                tracked_sd_kg: f64::NAN,
                judged_kg: [f64::NAN; 2],
                witness_kg: f64::NAN,
                setpoints,
                trust: None,
                held: None,
            });
        }
    }
    found
}

/// Looks that no setpoint is moved farther than the operator allowed, by what the press really ran with.
struct Watch {
    limits: Limits,
    before: Option<Setpoints>,
    moves: Vec<(f64, [f64; SETPOINTS])>,
}

impl Watch {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            before: None,
            moves: Vec::new(),
        }
    }

    fn look(&mut self, now_s: f64, set: &Setpoints) {
        let Some(before) = self.before.replace(*set) else {
            return;
        };
        let moved: [f64; SETPOINTS] = std::array::from_fn(|i| (set.0[i] - before.0[i]).abs());
        self.moves.push((now_s, moved));
        self.moves.retain(|(t, _)| now_s - t < 3600.0);
        for s in Setpoint::ALL {
            let (i, value) = (s as usize, set[s]);
            let hour: f64 = self.moves.iter().map(|(_, m)| m[i]).sum();
            let Some(limit) = self.limits[i] else {
                assert_eq!(moved[i], 0.0, "{} was moved", s.name());
                continue;
            };
            let inside = (limit.low..=limit.high).contains(&value);
            let most = 1.0 + 1e-9;
            assert!(
                inside && moved[i] <= limit.step * most && hour <= limit.per_hour * most,
                "{} left its limits: {value}, moved {}, {hour} within the hour",
                s.name(),
                moved[i]
            );
        }
    }
}

/// Mean and standard deviation.
pub fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (square / (n - 1.0).max(1.0)).sqrt())
}

/// Figures of one run, masses as a share of the target: the mean of the true mass before anything was disturbed.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Shots from the first beyond 0.1 % until back for good.
    pub back_after: u64,
    /// Largest deviation from [`DISTURBED_FROM`] on.
    pub largest: f64,
    /// Mean deviation of the shots from the fifth after the disturbance on.
    pub rest: f64,
    /// Standard deviation from [`DISTURBED_FROM`] on.
    pub sd: f64,
    /// Changes written.
    pub moves: usize,
}

/// Deviation that counts as back on target.
const BACK: f64 = 1e-3;

impl Figures {
    /// Of a run.
    pub fn of(run: &[LoopShot]) -> Self {
        let before = run.iter().filter(|s| s.shot < DISTURBED_FROM);
        let before: Vec<f64> = before.map(|s| s.mass_kg).collect();
        let target = spread(&before).0;
        let after: Vec<f64> = run
            .iter()
            .filter(|s| s.shot >= DISTURBED_FROM)
            .map(|s| s.mass_kg / target - 1.0)
            .collect();
        let first = after.iter().position(|d| d.abs() > BACK);
        let last = after.iter().rposition(|d| d.abs() > BACK);
        let moved = run.windows(2).filter(|w| w[0].setpoints != w[1].setpoints);
        Self {
            back_after: match (first, last) {
                (Some(first), Some(last)) => (last - first + 1) as u64,
                _ => 0,
            },
            largest: after.iter().fold(0.0, |m, d| m.max(d.abs())),
            rest: spread(after.get(5..).unwrap_or_default()).0,
            sd: spread(&after).1,
            moves: moved.count(),
        }
    }
}

/// How well one mass follows another.
#[derive(Clone, Copy, Debug)]
pub struct Follows {
    /// Correlation.
    pub correlation: f64,
    /// Slope of the estimate on the truth.
    pub slope: f64,
    /// Standard deviation of estimate less truth, as a share of the mass.
    pub sd: f64,
    /// Root mean square of truth less its mean, as a share of the mass.
    pub true_sd: f64,
}

impl Follows {
    /// Of pairs (truth, estimate), kg, and the mass they are a share of.
    pub fn of(pairs: &[(f64, f64)], mass_kg: f64) -> Self {
        let (truth, estimate): (Vec<f64>, Vec<f64>) =
            pairs.iter().filter(|(_, e)| e.is_finite()).copied().unzip();
        let ((mt, st), (me, se)) = (spread(&truth), spread(&estimate));
        let n = (truth.len().max(2) - 1) as f64;
        let both = truth.iter().zip(&estimate);
        let covariance = both.map(|(t, e)| (t - mt) * (e - me)).sum::<f64>() / n;
        let off: Vec<f64> = truth.iter().zip(&estimate).map(|(t, e)| e - t).collect();
        Self {
            correlation: covariance / (st * se),
            slope: covariance / (st * st),
            sd: spread(&off).1 / mass_kg,
            true_sd: st / mass_kg,
        }
    }
}

//! Errors of many shots as the few numbers of a release.

use models_infer::release::{Errors, Phases};

use super::score::ShotScore;
use crate::dataset::Kind;

/// The value that a share `q` of the values stays below; NaN of nothing. Values that are no number do not count.
pub fn quantile(values: impl Iterator<Item = f64>, q: f64) -> f64 {
    let mut v: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    v.sort_by(f64::total_cmp);
    let at = ((v.len() as f64 * q) as usize).min(v.len().saturating_sub(1));
    v.get(at).copied().unwrap_or(f64::NAN)
}

/// Mean of the values that are numbers; NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .filter(|v| v.is_finite())
        .fold((0.0, 0.0), |(s, c), v| (s + v, c + 1.0));
    sum / count
}

/// Mean and 95th percentile of one number of every shot; zeros where no shot has it (TOML knows no NaN that reads
/// the same everywhere).
fn pair(shots: &[&ShotScore], f: impl Fn(&ShotScore) -> f64) -> [f64; 2] {
    let all = || shots.iter().map(|s| f(s));
    [mean(all()), quantile(all(), 0.95)].map(|v| if v.is_finite() { v } else { 0.0 })
}

fn phases(shots: &[&ShotScore]) -> Phases {
    Phases {
        shots: shots.len(),
        fill_percent: pair(shots, |s| s.phases[0]),
        hold_percent: pair(shots, |s| s.phases[1]),
        cooling_percent: pair(shots, |s| s.phases[2]),
        end_of_fill_percent: pair(shots, |s| s.end_of_fill),
        first_60ms_percent: pair(shots, |s| s.first),
        temperature_k: pair(shots, |s| s.temperature[0]),
        core_k: pair(shots, |s| s.temperature[1]),
    }
}

/// The errors that a release states.
pub fn summary(scores: &[ShotScore]) -> Errors {
    let all: Vec<&ShotScore> = scores.iter().collect();
    let recipes: Vec<&ShotScore> = scores.iter().filter(|s| s.kind == Kind::Recipe).collect();
    let late = |q| quantile(scores.iter().map(|s| 1e3 * s.full_late_s.abs()), q);
    // Over all temperatures alike, whichever shot they are of.
    let warm = |i: usize| {
        let (sum, count) = scores.iter().filter(|s| s.temperature[i].is_finite()).fold(
            (0.0, 0.0),
            |(sum, count), s| {
                (
                    sum + s.temperature[i].powi(2) * s.compared[i],
                    count + s.compared[i],
                )
            },
        );
        f64::sqrt(sum / f64::max(count, 1.0))
    };
    Errors {
        shots: all.len(),
        sensors_percent: pair(&all, |s| s.sensors),
        fill_percent: pair(&all, |s| s.phases[0])[0],
        later_percent: pair(&all, |s| s.later)[0],
        temperature_k: [warm(0), warm(1)],
        full_ms: [late(0.5), late(0.95)],
        phases: Some(phases(&all)),
        recipes: (recipes.len() < all.len() && !recipes.is_empty()).then(|| phases(&recipes)),
    }
}

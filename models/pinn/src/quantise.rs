//! 8-bit weights for a release, and what they change over whole shots.

use std::sync::Arc;

use models_infer::follow::{Follower, Stage};
use models_infer::kernel::int8::quantise;
use models_infer::kernel::{Isa, Precision};
use models_infer::network::Network;
use models_infer::release::{
    Errors, Quantity, Release, SensorPlace, WholeTensor, int8_to_safetensors,
};

use crate::dataset::{Dataset, ShotRecord};
use crate::error::PinnError;
use crate::scales::TAKEN;

/// Sampling of the drive, s: that of the box.
const SAMPLE_S: f64 = 1e-3;
/// Nodes between two whose temperatures are compared.
const THERMAL_STRIDE: usize = 4;

/// Layers that may take 8-bit weights. First layers see features of very different size, last ones become readings, the front
/// decides when the mold is full and the cell adds up its own rounding: these stay in single precision.
pub const LAYERS: [&str; 4] = ["fill.1", "fill.2", "later.1", "later.2"];

/// Most that 8-bit weights may change and add to an error: percent of peak, and K.
pub const LIMIT_PERCENT: f64 = 0.15;
/// See [`LIMIT_PERCENT`].
pub const LIMIT_K: f64 = 0.15;

/// 8-bit weights for `layers` of a release.
///
/// # Errors
/// When it lacks one of them.
pub fn weights(release: &Release, layers: &[&str]) -> Result<Vec<WholeTensor>, PinnError> {
    layers
        .iter()
        .map(|name| {
            let weight = format!("{name}.weight");
            let outputs = release.tensor(&format!("{name}.bias"), 0)?.len();
            let width = release.width(&weight)?;
            let (q, scales) = quantise(release.tensor(&weight, width)?, outputs);
            Ok((weight, [outputs, width], q, scales))
        })
        .collect()
}

/// The release with every node as a sensor: pressure, and temperature at every layer of some.
fn everywhere(release: &Release) -> Release {
    let mut whole = release.clone();
    let (n, l) = (whole.about.nodes, whole.about.layers);
    let place = |node: usize, quantity, layer| SensorPlace {
        name: String::new(),
        quantity,
        layer,
        nodes: vec![node],
        shares: vec![1.0],
    };
    let pressures = (1..n).map(|k| place(k, Quantity::Pressure, 0));
    let layers = (1..n)
        .step_by(THERMAL_STRIDE)
        .flat_map(|k| (0..l).map(move |z| place(k, Quantity::Temperature, z)));
    whole.about.sensors = pressures.chain(layers).collect();
    whole
}

/// Inlet pressure of a shot, straight between its snapshots, Pa.
fn inlet_at(shot: &ShotRecord, t: f64) -> f64 {
    let k = shot
        .time
        .partition_point(|x| f64::from(*x) < t)
        .clamp(1, shot.time.len() - 1);
    let (a, b) = (f64::from(shot.time[k - 1]), f64::from(shot.time[k]));
    let w = ((t - a) / (b - a)).clamp(0.0, 1.0);
    f64::from(shot.inlet[k - 1]) * (1.0 - w) + f64::from(shot.inlet[k]) * w
}

/// What 8-bit weights change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extra {
    /// Shots.
    pub shots: usize,
    /// Root mean square difference of the pressure field over a shot, percent of its peak: mean and 95th percentile.
    pub percent: [f64; 2],
    /// The same of temperature after the mold is full, K.
    pub kelvin: [f64; 2],
}

impl Extra {
    /// The change itself is within the limits, on the mean over shots, and not only what it adds to an error.
    pub fn is_small(&self) -> bool {
        self.percent[0] <= LIMIT_PERCENT && self.kelvin[0] <= LIMIT_K
    }
}

/// A release with 8-bit weights that keep the limits.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Layers that have them.
    pub layers: Vec<&'static str>,
    /// Their weights as a file.
    pub int8: Vec<u8>,
    /// The release with both.
    pub release: Release,
    /// What they change.
    pub extra: Extra,
}

/// Gives 8-bit weights to as many layers as the limits bear: each alone first, then together in the order of what they changed,
/// the least first. `told` hears of every trial. `None` when not one layer keeps the limits.
///
/// # Errors
/// When the release lacks a layer or cannot be used.
pub fn choose(
    float: &Release,
    fresh: &Dataset,
    mut told: impl FnMut(&[&str], &Extra),
) -> Result<Option<Chosen>, PinnError> {
    let mut attempt = |layers: &[&'static str]| -> Result<Chosen, PinnError> {
        let int8 = int8_to_safetensors(&weights(float, layers)?)?;
        let release = float.clone().with_int8(&int8)?;
        let extra = extra(&release, fresh)?;
        told(layers, &extra);
        Ok(Chosen {
            layers: layers.to_vec(),
            int8,
            release,
            extra,
        })
    };
    let mut alone = LAYERS
        .iter()
        .map(|layer| attempt(&[layer]))
        .collect::<Result<Vec<_>, _>>()?;
    alone.retain(|c| c.extra.is_small());
    let share = |c: &Chosen| {
        let e = &c.extra;
        (e.percent[0] / LIMIT_PERCENT).max(e.kelvin[0] / LIMIT_K)
    };
    alone.sort_by(|a, b| share(a).total_cmp(&share(b)));
    let mut alone = alone.into_iter();
    let Some(mut best) = alone.next() else {
        return Ok(None);
    };
    for next in alone {
        let together = attempt(&[&best.layers[..], &next.layers[..]].concat())?;
        if together.extra.is_small() {
            best = together;
        }
    }
    Ok(Some(best))
}

/// Refusal of 8-bit weights that add more than allowed to an error of the release; `None` when they do not.
pub fn refusal(float: &Errors, int8: &Errors) -> Option<String> {
    let added = |a: f64, b: f64| b - a;
    let pressures = [
        (
            "sensors' pressure",
            float.sensors_percent[0],
            int8.sensors_percent[0],
        ),
        (
            "pressure while filling",
            float.fill_percent,
            int8.fill_percent,
        ),
        (
            "pressure afterwards",
            float.later_percent,
            int8.later_percent,
        ),
    ];
    let temperatures = [
        ("temperature", float.temperature_k[0], int8.temperature_k[0]),
        (
            "temperature at the mid-plane",
            float.temperature_k[1],
            int8.temperature_k[1],
        ),
    ];
    let limited = |all: &[(&str, f64, f64)], limit: f64, unit: &str| {
        // What is no number is refused.
        let fits = |a: f64, b: f64| added(a, b) <= limit;
        let worst = all.iter().find(|(_, a, b)| !fits(*a, *b));
        worst.map(|(what, a, b)| {
            let added = added(*a, *b);
            format!("8-bit weights add {added:.2} {unit} to the error of {what}; {limit} {unit} are allowed")
        })
    };
    limited(&pressures, LIMIT_PERCENT, "%").or_else(|| limited(&temperatures, LIMIT_K, "K"))
}

/// Follows every full shot of `fresh` in both precisions, side by side.
///
/// # Errors
/// When the release cannot be used, or has no 8-bit weights.
pub fn extra(release: &Release, fresh: &Dataset) -> Result<Extra, PinnError> {
    use rayon::prelude::*;
    let whole = everywhere(release);
    let nets = [Precision::Float, Precision::Int8]
        .map(|p| Network::with(&whole, Isa::best(), p).map(Arc::new));
    let [float, int8] = nets;
    let nets = [float?, int8?];
    let all: Vec<Option<[f64; 2]>> = fresh
        .shots
        .par_iter()
        .filter(|s| s.is_full())
        .map(|s| one(&nets, s))
        .collect::<Result<_, _>>()?;
    let all: Vec<[f64; 2]> = all.into_iter().flatten().collect();
    let summary = |i: usize| {
        let mut v: Vec<f64> = all.iter().map(|e| e[i]).collect();
        v.sort_by(f64::total_cmp);
        let n = v.len();
        let mean = v.iter().sum::<f64>() / n.max(1) as f64;
        let high = v.get((n * 95 / 100).min(n.saturating_sub(1))).copied();
        [mean, high.unwrap_or(f64::NAN)]
    };
    Ok(Extra {
        shots: all.len(),
        percent: summary(0),
        kelvin: summary(1),
    })
}

/// `None` for a shot outside the trained range.
fn one(nets: &[Arc<Network>; 2], shot: &ShotRecord) -> Result<Option<[f64; 2]>, PinnError> {
    let latents: Vec<f64> = TAKEN.iter().map(|l| shot.latents[*l as usize]).collect();
    let about = &nets[0].about;
    let (Ok(mut float), Ok(mut int8)) = (
        Follower::new(nets[0].clone(), &latents),
        Follower::new(nets[1].clone(), &latents),
    ) else {
        return Ok(None);
    };
    let peak = shot.inlet.iter().fold(0.0_f64, |m, p| m.max(f64::from(*p))) - about.atmosphere_pa;
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    let last = shot.time.last().map_or(0.0, |t| f64::from(*t));
    float.push(-1e-9, about.atmosphere_pa)?;
    int8.push(-1e-9, about.atmosphere_pa)?;
    for i in 1..(last / SAMPLE_S) as usize {
        let t = i as f64 * SAMPLE_S;
        let pa = inlet_at(shot, t);
        if float.push(t, pa).is_err() {
            return Ok(None);
        }
        int8.push(t, pa)?;
        for ((a, b), s) in float
            .readings()
            .iter()
            .zip(int8.readings())
            .zip(&about.sensors)
        {
            let k = match s.quantity {
                Quantity::Pressure => 0,
                Quantity::Temperature if float.stage() == Stage::Full => 1,
                Quantity::Temperature => continue,
            };
            let off = if k == 0 { (a - b) / peak } else { a - b };
            sums[k] += off * off;
            counts[k] += 1.0;
        }
    }
    let rms = |k: usize| (sums[k] / f64::max(counts[k], 1.0)).sqrt();
    Ok(Some([100.0 * rms(0), rms(1)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_refused_by_name() {
        let float = Errors {
            later_percent: 1.0,
            temperature_k: [0.8, 0.4],
            ..Errors::default()
        };
        assert_eq!(refusal(&float, &float), None);
        let mut worse = float.clone();
        worse.later_percent = 1.14;
        worse.temperature_k[1] = 0.54;
        assert_eq!(refusal(&float, &worse), None);
        worse.temperature_k[1] = 0.56;
        let told = refusal(&float, &worse).expect("0.16 K");
        assert!(
            told.contains("mid-plane") && told.contains("0.16 K"),
            "{told}"
        );
        let extra = |percent, kelvin| Extra {
            shots: 1,
            percent: [percent, 1.0],
            kelvin: [kelvin, 1.0],
        };
        assert!(extra(0.14, 0.15).is_small());
        assert!(!extra(0.16, 0.1).is_small() && !extra(0.1, f64::NAN).is_small());
        worse.later_percent = f64::NAN;
        assert!(refusal(&float, &worse).expect("NaN").contains("afterwards"));
    }
}

//! A trained network as a release that `models-infer` reads.

use candle_core::{Result, Tensor};
use models_infer::release::{
    Description, Errors, FORMAT, LatentInput, Quantity, SensorPlace, sha256, to_safetensors,
};
use models_infer::schedule::Schedule;
use models_physics::latents::Latents;
use models_physics::mold::{Mold, SensorQuantity};
use models_physics::solver::Model;

use crate::basis::Basis;
use crate::dataset::Meta;
use crate::error::PinnError;
use crate::layers::Mlp;
use crate::network::{Network, cell_shape};
use crate::prepare::Prepared;
use crate::scales::TAKEN;

type Named = Vec<models_infer::release::Tensor>;

fn push(all: &mut Named, name: &str, tensor: &Tensor) -> Result<()> {
    all.push((
        name.into(),
        tensor.dims().to_vec(),
        tensor.flatten_all()?.to_vec1()?,
    ));
    Ok(())
}

fn push_mlp(all: &mut Named, name: &str, mlp: &Mlp) -> Result<()> {
    for (i, layer) in mlp.layers.iter().enumerate() {
        push(all, &format!("{name}.{i}.weight"), layer.weight.as_tensor())?;
        push(all, &format!("{name}.{i}.bias"), layer.bias.as_tensor())?;
    }
    Ok(())
}

fn push_basis(all: &mut Named, name: &str, basis: &Basis) {
    all.push((
        format!("basis.{name}.mean"),
        vec![1, basis.width],
        basis.mean.clone(),
    ));
    let scaled = basis
        .modes
        .chunks_exact(basis.width)
        .zip(&basis.deviation)
        .flat_map(|(m, d)| m.iter().map(move |v| v * d))
        .collect();
    all.push((
        format!("basis.{name}.modes"),
        vec![basis.len(), basis.width],
        scaled,
    ));
}

/// All tensors of a release.
///
/// # Errors
/// When the device refuses.
pub fn weights(net: &Network, prepared: &Prepared) -> std::result::Result<Vec<u8>, PinnError> {
    let mut all = Vec::new();
    push_mlp(&mut all, "front", &net.front)?;
    push_mlp(&mut all, "fill", &net.fill)?;
    push_mlp(&mut all, "start", &net.start)?;
    push_mlp(&mut all, "later", &net.later)?;
    let shape = cell_shape(&net.widths);
    let at = shape.offsets();
    let flat: Vec<f32> = net.cell.flatten_all()?.to_vec1()?;
    let blocks = [
        ("cell.inputs.weight", vec![shape.hidden, shape.inputs]),
        ("cell.state.weight", vec![shape.hidden, shape.state]),
        ("cell.hidden.bias", vec![shape.hidden]),
        ("cell.out.weight", vec![2 * shape.state, shape.hidden]),
        ("cell.out.bias", vec![2 * shape.state]),
    ];
    for (i, (name, dims)) in blocks.into_iter().enumerate() {
        all.push((name.into(), dims, flat[at[i]..at[i + 1]].to_vec()));
    }
    let bases = &prepared.bases;
    push_basis(&mut all, "fill_pressure", &bases.fill_pressure);
    push_basis(&mut all, "fill_temperature", &bases.fill_temperature);
    push_basis(&mut all, "pressure", &bases.pressure);
    push_basis(&mut all, "temperature", &bases.temperature);
    all.push(("order".into(), vec![bases.order.len()], bases.order.clone()));
    Ok(to_safetensors(&all)?)
}

/// Where the sensors of a mold lie among the nodes of its model: straight between the two nearest centres of the
/// sensor's element, the inlet counting as its first centre.
pub fn sensor_places(mold: &Mold, model: &Model) -> Vec<SensorPlace> {
    mold.sensors
        .iter()
        .filter_map(|s| {
            let element = mold.elements.iter().position(|e| e.name == s.element)?;
            let nodes = &model.graph.nodes;
            let mut places: Vec<(f64, usize)> = (1..nodes.len())
                .filter(|n| nodes[*n].element == element)
                .map(|n| (nodes[n].centre, n))
                .collect();
            if mold.elements[element].from == mold.inlet && s.quantity == SensorQuantity::Pressure {
                places.push((0.0, 0));
            }
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            let after = places
                .partition_point(|p| p.0 < s.at)
                .clamp(1, places.len().max(2) - 1);
            let (a, b) = (places[after - 1], *places.get(after)?);
            // Beyond the last centre pressure goes on straight; temperature is that of the nearest node.
            let w = (s.at - a.0) / (b.0 - a.0);
            let w = if s.quantity == SensorQuantity::Pressure {
                w.clamp(-0.5, 1.5)
            } else {
                w.clamp(0.0, 1.0)
            };
            let (quantity, layer) = match s.quantity {
                SensorQuantity::Pressure => (Quantity::Pressure, 0),
                SensorQuantity::SurfaceTemperature => {
                    (Quantity::Temperature, model.layers.len() - 1)
                }
                SensorQuantity::CenterTemperature | SensorQuantity::Temperature => {
                    (Quantity::Temperature, 0)
                }
            };
            Some(SensorPlace {
                name: s.name.clone(),
                quantity,
                layer,
                nodes: vec![a.1, b.1],
                shares: vec![1.0 - w, w],
            })
        })
        .collect()
}

/// Describes a release. Errors and the hash of the weights are filled in; the latents' values are the mold's own.
///
/// # Errors
/// When the mold cannot be simulated.
pub fn describe(
    mold: &Mold,
    meta: &Meta,
    prepared: &Prepared,
    seed: u64,
    weights: &[u8],
    errors: Errors,
) -> std::result::Result<Description, PinnError> {
    let latents: Latents = mold.latents()?;
    let model = Model::new(mold, &latents, mold.cut(), None, None)?;
    let scales = &prepared.scales;
    let schedule = Schedule::default();
    let longest = prepared
        .shots
        .iter()
        .filter_map(|s| s.tick.last().map(|t| t - s.full_at))
        .fold(0.0, f64::max);
    Ok(Description {
        format: FORMAT.into(),
        mold: mold.name.clone(),
        mold_sha256: meta.mold_sha256.clone(),
        driven_by: driving_sensor(mold),
        program: meta.program.clone(),
        commit: meta.commit.clone(),
        seed,
        shots: prepared.shots.len(),
        dataset_seed: u64::from(meta.seed),
        waveforms: meta.waveforms,
        spread: meta.spread,
        latent_law: meta.latent_law,
        fresh_shots: 0,
        weights_sha256: sha256(weights),
        pressure_scale_pa: scales.pressure,
        atmosphere_pa: scales.atmosphere,
        highest_pa: scales.highest,
        longest_s: longest,
        melt_k: scales.melt_k,
        mold_k: scales.mold_k,
        nodes: meta.nodes,
        layers: meta.layers,
        schedule_first_s: schedule.first,
        schedule_longest_s: schedule.longest,
        schedule_growth: schedule.growth,
        errors,
        int8: None,
        latents: TAKEN
            .iter()
            .zip(scales.latents)
            .map(|(l, [low, high])| {
                let info = l.info();
                LatentInput {
                    name: info.name.into(),
                    unit: info.unit.into(),
                    low,
                    high,
                    value: latents[*l].clamp(low, high),
                }
            })
            .collect(),
        sensors: sensor_places(mold, &model),
    })
}

/// Name of the pressure sensor at the inlet; the inlet's own name where none sits there.
fn driving_sensor(mold: &Mold) -> String {
    let at_inlet = |s: &&models_physics::mold::Sensor| {
        s.at == 0.0
            && s.quantity == SensorQuantity::Pressure
            && mold
                .elements
                .iter()
                .any(|e| e.name == s.element && e.from == mold.inlet)
    };
    mold.sensors
        .iter()
        .find(at_inlet)
        .map_or_else(|| mold.inlet.clone(), |s| s.name.clone())
}

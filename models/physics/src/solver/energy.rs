//! Energy: every node's column, implicit through the gap, upwind along the flow.
//!
//! ```text
//! rho [h(T) - h(T_old)] / dt + rho cp u . grad T = d/dz (k dT/dz) + phi tau^2 + beta T Dp/Dt
//! wall  -k dT/dz = htc(p) (T - T_wall),   steel as further layers down to the coolant
//! ```
//! Density, conductivity and the compression coefficient `T v_T / cp` are those of the predecessor;
//! everything else is implicit. Columns are solved from high to low pressure, so upwind values are
//! always already new: advection and conduction are one tridiagonal solve a column.
//!
//! Fountain flow: melt that reaches the front turns to the walls, so a front node receives its inflow
//! mixed, evenly over the gap.

use super::flow;
use super::model::Model;
use super::state::{Filling, State};
use super::work::Work;

/// Properties of the predecessor.
pub(super) fn prepare(model: &Model, old: &State, work: &mut Work) {
    let (layers, column) = (model.layers.len(), model.column());
    for node in 1..model.nodes() {
        if old.filling[node] == Filling::Empty {
            continue;
        }
        let p = old.pressure[node];
        for k in 0..layers {
            prepare_layer(
                model,
                old.temperature[node * column + k],
                p,
                node * layers + k,
                work,
            );
        }
        prepare_faces(model, node, work);
    }
}

fn prepare_layer(model: &Model, t: f64, p: f64, at: usize, work: &mut Work) {
    let point = model.melt.tait.blended(t, p);
    let (cp, enthalpy) = model.melt.heat.get(t);
    work.old_enthalpy[at] = enthalpy;
    work.old_heat[at] = cp;
    work.old_conductivity[at] = model.melt.conductivity.at(p).get(t);
    work.old_density[at] = 1.0 / point.v;
    work.old_compression[at] = t * point.dv_dt / cp;
}

/// Conduction between neighbouring layers: two half layers in series, W/(m K) over the gap squared.
pub(super) fn prepare_faces(model: &Model, node: usize, work: &mut Work) {
    let layers = model.layers.len();
    let grid = model.layers.section(model.graph.nodes[node].section);
    let (faces, centres) = (&model.layers.faces, &model.layers.centres);
    let k = &work.old_conductivity[node * layers..(node + 1) * layers];
    for i in 0..layers - 1 {
        let (a, b) = (faces[i + 1] - centres[i], centres[i + 1] - faces[i + 1]);
        work.old_face[node * layers + i] =
            grid.face[i] * (a + b) * k[i] * k[i + 1] / (a * k[i + 1] + b * k[i]);
    }
}

/// Sorts the nodes from high to low driving pressure; nearly sorted already, so by insertion.
pub(super) fn sort_downstream(model: &Model, state: &State, order: &mut [usize]) {
    for i in 1..order.len() {
        let mut j = i;
        while j > 0
            && flow::driving_pressure(model, state, order[j - 1])
                < flow::driving_pressure(model, state, order[j])
        {
            order.swap(j - 1, j);
            j -= 1;
        }
    }
}

/// Solves every column once. Returns the largest change of temperature, K.
pub(super) fn sweep(
    model: &Model,
    old: &State,
    state: &mut State,
    dt: f64,
    work: &mut Work,
) -> f64 {
    let mut order = std::mem::take(&mut work.order);
    sort_downstream(model, state, &mut order);
    let mut change: f64 = 0.0;
    for &node in &order {
        if node == 0 || matches!(state.filling[node], Filling::Empty) {
            continue;
        }
        assemble(model, old, state, node, dt, work);
        change = change.max(solve(model, state, node, work));
    }
    work.order = order;
    change
}

/// Residual of every column at the present state, K: how far each entry is from satisfying its row.
pub(super) fn residual(
    model: &Model,
    old: &State,
    state: &State,
    dt: f64,
    work: &mut Work,
    out: &mut [f64],
) {
    let column = model.column();
    for node in 1..model.nodes() {
        let here = &mut out[node * column..(node + 1) * column];
        here.fill(0.0);
        if state.filling[node] == Filling::Empty {
            continue;
        }
        assemble(model, old, state, node, dt, work);
        let t = &state.temperature[node * column..(node + 1) * column];
        for k in 0..column {
            let mut row = work.diag[k] * t[k] - work.right[k];
            if k > 0 {
                row += work.lower[k] * t[k - 1];
            }
            if k + 1 < column {
                row += work.upper[k] * t[k + 1];
            }
            here[k] = row / work.diag[k];
        }
    }
}

/// Flow of each layer through edge `e` into `node`, m3/s, from the velocity profile of the half edge
/// on `side` (or the other one where that has no length).
pub(super) fn layer_flow(
    model: &Model,
    state: &State,
    e: usize,
    side: usize,
    inflow: f64,
    work: &mut Work,
) -> bool {
    let layers = model.layers.len();
    let side = if flow::reach(model, state, e, side) > 0.0 {
        side
    } else {
        1 - side
    };
    let node = model.graph.edges[e].half[side].node;
    let grid = model.layers.section(model.graph.nodes[node].section);
    let phi = &work.fluidity[(2 * e + side) * layers..(2 * e + side + 1) * layers];
    let (mut total, mut outer) = (0.0, 0.0);
    let (volume, mean, shear) = (
        &grid.volume[..layers],
        &grid.shear_mean[..layers],
        &grid.shear[..layers],
    );
    let out = &mut work.layer_flow[..layers];
    for k in (0..layers).rev() {
        let share = volume[k] * (outer + phi[k] * mean[k]);
        outer += phi[k] * shear[k];
        out[k] = share;
        total += share;
    }
    if total <= 0.0 {
        return false;
    }
    let scale = inflow / total;
    work.layer_flow.iter_mut().for_each(|q| *q *= scale);
    true
}

/// Tridiagonal system of one node's column.
pub(super) fn assemble(
    model: &Model,
    old: &State,
    state: &State,
    node: usize,
    dt: f64,
    work: &mut Work,
) {
    let (layers, column) = (model.layers.len(), model.column());
    let place = &model.graph.nodes[node];
    let grid = model.layers.section(place.section);
    let front = state.filling[node] == Filling::Front;
    // A front node's column stands for the melt that is there.
    let (share, share_old) = if front {
        (state.fill[node].clamp(1e-6, 1.0), old.fill[node].min(1.0))
    } else {
        (1.0, 1.0)
    };
    let volume = work.volume[node] * share;
    let p = state.pressure[node];
    work.advection[..layers].fill(0.0);
    work.source[..layers].fill(0.0);
    work.carried[..layers].fill(0.0);
    let (mut mixed, mut mixed_flow) = (0.0, 0.0);

    for &(e, side) in &model.graph.touching[node] {
        let flow_in = if side == 1 {
            state.flow[e]
        } else {
            -state.flow[e]
        };
        if state.flow[e] == 0.0 {
            continue;
        }
        // Viscous heat in this node's share of the edge: Q G l over the layers.
        let h = 2 * e + side;
        let length = flow::reach(model, state, e, side);
        if length > 0.0 && work.conductance[h] > 0.0 {
            let power = state.flow[e] * state.gradient[h] * length / (volume * work.conductance[h]);
            let source = &mut work.source[..layers];
            let fluidity = &work.fluidity[h * layers..][..layers];
            let moment = &grid.moment[..layers];
            for k in 0..layers {
                source[k] += power * moment[k] * fluidity[k];
            }
        }
        if flow_in <= 0.0
            || !layer_flow(
                model,
                state,
                e,
                if front { 1 - side } else { side },
                flow_in,
                work,
            )
        {
            continue;
        }
        let donor = model.graph.edges[e].half[1 - side].node;
        let drop = p - state.pressure[donor];
        let (q, t) = (
            &work.layer_flow[..layers],
            &state.temperature[donor * column..][..layers],
        );
        if front {
            mixed += q.iter().zip(t).map(|(q, t)| q * t).sum::<f64>();
            mixed_flow += q.iter().sum::<f64>();
            continue;
        }
        let (density, compression) = (
            &work.old_density[node * layers..][..layers],
            &work.old_compression[node * layers..][..layers],
        );
        let advection = &mut work.advection[..layers];
        let sum = &mut work.carried[..layers];
        let per_volume = 1.0 / volume;
        for k in 0..layers {
            // Volume rates here; the receiving layer's heat capacity comes with its row.
            let carried = density[k] * q[k] * per_volume;
            advection[k] += carried;
            sum[k] += carried * (t[k] + compression[k] * drop);
        }
    }

    let fresh = (share - share_old).max(0.0);
    let mixed_t = if mixed_flow > 0.0 {
        mixed / mixed_flow
    } else {
        model.melt_k
    };
    let newborn = old.filling[node] == Filling::Empty;
    if newborn {
        for k in 0..layers {
            prepare_layer(model, mixed_t, p, node * layers + k, work);
        }
        prepare_faces(model, node, work);
    }
    let h_mixed = if front {
        model.melt.heat.get(mixed_t).1
    } else {
        0.0
    };
    let p_old = if newborn { p } else { old.pressure[node] };
    let (fresh_part, old_part) = if front {
        let all = (share_old + fresh).max(1e-12);
        (fresh / all, share_old / all)
    } else {
        (0.0, 1.0)
    };
    let (per_s, change) = (1.0 / dt, p - p_old);
    let at = node * layers;
    let t = &state.temperature[node * column..][..layers];
    let weight = &grid.volume[..layers];
    let (density, enthalpy, compression) = (
        &work.old_density[at..][..layers],
        &work.old_enthalpy[at..][..layers],
        &work.old_compression[at..][..layers],
    );
    let (advection, carried, source) = (
        &work.advection[..layers],
        &work.carried[..layers],
        &work.source[..layers],
    );
    let (diag, right) = (&mut work.diag[..layers], &mut work.right[..layers]);
    // Before its first sweep a column stands at its old temperatures: nothing to look up.
    let known = work.at_old && !newborn;
    let old_heat = &work.old_heat[at..][..layers];
    for k in 0..layers {
        let (cp, h_now) = if known {
            (old_heat[k], enthalpy[k])
        } else {
            model.melt.heat.get(t[k])
        };
        // h(T_new) is linearised about the present T; layers that only just arrived start mixed.
        let rate = density[k] * per_s * weight[k];
        let start = old_part * enthalpy[k] + fresh_part * h_mixed;
        diag[k] = (rate + advection[k]) * cp;
        right[k] = rate * (start - h_now + cp * t[k])
            + source[k]
            + carried[k] * cp
            + rate * cp * compression[k] * change;
    }
    let per_gap2 = 1.0 / (work.half_gap[node] * work.half_gap[node]);
    let face = &work.old_face[at..][..layers];
    let (lower, upper) = (&mut work.lower[..layers], &mut work.upper[..layers]);
    lower[0] = 0.0;
    upper[layers - 1] = 0.0;
    for k in 1..layers {
        let c = face[k - 1] * per_gap2;
        diag[k - 1] += c;
        upper[k - 1] = -c;
        diag[k] += c;
        lower[k] = -c;
    }
    wall(model, old, state, node, dt, work);
}

/// Wall contact, and the steel behind it.
fn wall(model: &Model, old: &State, state: &State, node: usize, dt: f64, work: &mut Work) {
    let (layers, column) = (model.layers.len(), model.column());
    let grid = model.layers.section(model.graph.nodes[node].section);
    let half_gap = work.half_gap[node];
    let last = layers - 1;
    let htc = model.wall_factor * model.wall.htc(state.pressure[node] - model.atmosphere);
    let half_layer =
        half_gap * (1.0 - model.layers.centres[last]) / work.old_conductivity[node * layers + last];
    // W/(m3 K), per volume of the column.
    let per_volume = grid.wall / half_gap;
    // Steel temperatures are those of layer middles: half the first layer belongs to the contact.
    let half_steel = model
        .steel
        .as_ref()
        .map_or(0.0, |steel| 0.5 * steel.thickness[0] / steel.conductivity);
    let contact = per_volume / (1.0 / htc + half_layer + half_steel);
    work.diag[last] += contact;
    let Some(steel) = &model.steel else {
        work.right[last] += contact * model.coolant_k;
        return;
    };
    work.upper[last] = -contact;
    work.lower[layers] = -contact;
    let count = steel.thickness.len();
    for s in 0..count {
        let k = layers + s;
        let rate = per_volume * steel.volumetric_heat * steel.thickness[s] / dt;
        let before = if s == 0 { contact } else { -work.upper[k - 1] };
        work.diag[k] = rate + before;
        work.right[k] = rate * old.temperature[node * column + k];
        if s + 1 < count {
            let c = per_volume * 2.0 * steel.conductivity
                / (steel.thickness[s] + steel.thickness[s + 1]);
            work.diag[k] += c;
            work.upper[k] = -c;
            work.lower[k + 1] = -c;
        } else {
            let c = per_volume
                / (1.0 / steel.coolant_htc + 0.5 * steel.thickness[s] / steel.conductivity);
            work.diag[k] += c;
            work.right[k] += c * model.coolant_k;
        }
    }
}

/// Thomas algorithm on the assembled column; returns the largest change, K.
pub(super) fn solve(model: &Model, state: &mut State, node: usize, work: &mut Work) -> f64 {
    let column = model.column();
    let t = &mut state.temperature[node * column..][..column];
    let (lower, upper) = (&work.lower[..column], &work.upper[..column]);
    let (diag, right) = (&mut work.diag[..column], &mut work.right[..column]);
    // The diagonal is overwritten by its inverse pivots.
    diag[0] = 1.0 / diag[0];
    for k in 1..column {
        let w = lower[k] * diag[k - 1];
        diag[k] = 1.0 / (diag[k] - w * upper[k - 1]);
        right[k] -= w * right[k - 1];
    }
    let mut change: f64 = 0.0;
    let mut below = 0.0;
    for k in (0..column).rev() {
        let upper = if k + 1 < column { upper[k] } else { 0.0 };
        let value = (right[k] - upper * below) * diag[k];
        change = change.max((value - t[k]).abs());
        t[k] = value;
        below = value;
    }
    change
}

//! Curves that look like a shot: simple closed forms, not a solver. For tests and for work on the dashboard only.

/// Time of a whole cycle, s.
pub const CYCLE_S: f64 = 20.0;
/// The mold opens, s after fill began.
pub const EJECT_S: f64 = 15.0;
/// Wall temperature, K.
pub const WALL_K: f64 = 318.15;
/// Below this the melt counts as frozen, K.
pub const NO_FLOW_K: f64 = 380.0;

/// What differs from shot to shot.
#[derive(Clone, Copy)]
pub struct Conditions {
    pub fill_s: f64,
    pub viscosity: f64,
    pub melt_k: f64,
    pub hold_pa: f64,
    pub hold_end_s: f64,
    pub gate_freeze_s: f64,
}

/// A number between -1 and 1 that depends on its arguments alone: SplitMix64.
pub fn scatter(shot: u64, what: u64) -> f64 {
    let mut x = shot.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        x ^= x >> 30;
        x = x.wrapping_mul(factor);
    }
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Conditions of a shot: a slow drift, a new lot every sixty shots, a little scatter.
pub fn conditions(shot: u64) -> Conditions {
    let lot = 0.06 * scatter(shot / 60, 1);
    let drift = 0.03 * (shot as f64 / 45.0).sin();
    let viscosity = 1.0 + lot + drift + 0.006 * scatter(shot, 2);
    Conditions {
        fill_s: 0.82 + 0.008 * scatter(shot, 3),
        viscosity,
        melt_k: 503.15 + 1.2 * scatter(shot, 4),
        hold_pa: 42e6 + 0.25e6 * scatter(shot, 5),
        hold_end_s: 6.0,
        gate_freeze_s: 4.6 + 0.05 * scatter(shot, 6),
    }
}

impl Conditions {
    /// When the front reaches a place; `path` is 0 at the gate and 1 at the end, below 0 in the runner.
    pub fn arrival_s(&self, path: f64) -> f64 {
        self.fill_s * (0.15 + 0.85 * path).max(0.0)
    }

    /// Pressure, Pa.
    pub fn pressure_pa(&self, path: f64, t: f64) -> f64 {
        let arrival = self.arrival_s(path);
        if t <= arrival || t >= EJECT_S {
            return 0.0;
        }
        let transfer = 58e6 * self.viscosity;
        if t < self.fill_s {
            let driving = transfer * (t / self.fill_s).powf(0.8);
            let share = ((self.fill_s - arrival) / self.fill_s) * (1.0 - (arrival / t).powi(2));
            return driving * share;
        }
        let drop = 0.30 * self.viscosity * path.max(0.0);
        let settle = (-(t - self.fill_s) / 0.12).exp();
        let from = transfer
            * ((self.fill_s - arrival) / self.fill_s)
            * (1.0 - (arrival / self.fill_s).powi(2));
        let held = |t: f64| self.hold_pa * (1.0 - drop * (1.0 + 0.12 * t));
        // The far end freezes off first; from then on the pressure falls with the shrinking melt.
        let seal = self.gate_freeze_s - 1.4 * path.max(0.0);
        if t < seal {
            return held(t) + (from - held(t)) * settle;
        }
        let left = held(seal) * (1.0 - (t - seal) / (7.0 - 2.0 * path));
        left.max(0.0)
    }

    /// Mean temperature of the gap, K.
    pub fn temperature_k(&self, path: f64, t: f64) -> f64 {
        let age = t - self.arrival_s(path);
        if age <= 0.0 {
            return WALL_K;
        }
        let heated = self.melt_k + 8.0 * (-age / 0.8).exp();
        WALL_K + (heated - WALL_K) * (-age / 5.5).exp()
    }

    /// Frozen share of the gap.
    pub fn frozen(&self, path: f64, t: f64) -> f64 {
        let age = t - self.arrival_s(path);
        if age <= 0.0 {
            0.0
        } else {
            (age / 9.0).sqrt().min(1.0)
        }
    }

    /// Steel at the wall sensor, K.
    pub fn wall_k(&self, t: f64) -> f64 {
        let age = (t - self.arrival_s(0.5)).max(0.0);
        WALL_K + 9.0 * (age / 0.4).min(1.0) * (-age / 6.0).exp()
    }

    /// Part weight, kg.
    pub fn weight_kg(&self) -> f64 {
        let kept = self.pressure_pa(0.1, self.gate_freeze_s - 0.3);
        0.011_40 + 5.5e-12 * kept - 2e-7 * (self.melt_k - 503.15) - 2e-4 * (self.viscosity - 1.0)
    }

    /// Filled share of the mold.
    pub fn filled(&self, t: f64) -> f64 {
        (t / self.fill_s).clamp(0.0, 1.0)
    }
}

//! A shot as it was recorded, and as it would have run with other setpoints.
//!
//! Fill is replayed by the volume the screw displaced, hold and cooling by the inlet's pressure:
//!
//! ```text
//! fill:  V(t) as recorded, stretched by old rate / new rate, cut or continued to the new transfer volume
//! hold:  p(t) + kept (P_new - P_old) (1 - exp(-(t - transfer) / response)), cut or held longer at its end
//! cool:  p(t), cut or continued
//! ```
//! `kept` is the share of the set pressure that reaches the inlet, as recorded. Temperatures change the model, not the drive.

use crate::correct::replay::Instant;
use crate::phase::CyclePhase;
use crate::ports::{Setpoint, Setpoints};
use crate::setup::ATMOSPHERE_PA;
use crate::shot::ShotRecord;

/// Pieces of constant rate that fill is cut into.
const PIECES: usize = 24;
/// Time in which a press follows a new pressure, s (first order).
const RESPONSE_S: f64 = 0.03;
/// The screw lets go within this time before the phase is seen to change, s.
const RELEASE_S: f64 = 0.03;

/// The inlet's pressure over a shot, and when its phases began.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    inlet: Vec<(f64, f64)>,
    /// What was measured, row by row.
    pub measured: Vec<Instant>,
    /// Mold surface before the shot, K; NaN where it is not measured.
    pub surface_k: f64,
    /// Transfer, s since the shot began.
    pub transfer_s: f64,
    /// End of hold, s.
    pub hold_end_s: f64,
    /// End of the shot, s.
    pub ended_s: f64,
}

/// When the phases of a shot began, s since it began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// Transfer.
    pub transfer_s: f64,
    /// End of hold.
    pub hold_end_s: f64,
}

/// Volume displaced at a constant rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// How long, s.
    pub time_s: f64,
    /// m3/s.
    pub rate: f64,
}

/// What drives a changed shot.
#[derive(Clone, Debug)]
pub struct Course<'a> {
    recorded: &'a Recorded,
    /// Fill.
    pub fill: Vec<Piece>,
    /// Transfer, s.
    pub transfer_s: f64,
    /// End of hold, s.
    pub hold_end_s: f64,
    /// Ejection, s.
    pub ended_s: f64,
    rise_pa: f64,
}

impl Recorded {
    /// The shot of a record driven by sensor `drive`; `None` unless it was filled, held and let go.
    pub fn of(record: &ShotRecord, drive: usize) -> Option<Self> {
        let rows = record.rows.iter().map(|r| Instant {
            time_s: f64::from(r.time_s),
            inlet_pa: f64::from(r.measured[drive]),
            displaced_m3: record.screw_rest_m3 - f64::from(r.screw_m3),
            values: r.measured.iter().map(|m| f64::from(*m)).collect(),
        });
        let measured: Vec<Instant> = rows.filter(|r| r.inlet_pa.is_finite()).collect();
        let inlet: Vec<(f64, f64)> = measured.iter().map(|r| (r.time_s, r.inlet_pa)).collect();
        let transfer_s = record.phases.began(CyclePhase::Hold)?;
        let hold_end_s = record.phases.began(CyclePhase::Cool)?;
        let whole = inlet.len() > PIECES && transfer_s > 0.0 && transfer_s < hold_end_s;
        whole.then_some(Self {
            inlet,
            measured,
            surface_k: record.surface_k,
            transfer_s,
            hold_end_s,
            ended_s: record.ended_s.max(hold_end_s),
        })
    }

    /// When its phases began.
    pub fn times(&self) -> Times {
        Times {
            transfer_s: self.transfer_s,
            hold_end_s: self.hold_end_s,
        }
    }

    /// Inlet pressure at `t`, Pa, straight between rows; it rises from atmosphere at zero.
    pub fn inlet_pa(&self, t: f64) -> f64 {
        let after = self.inlet.partition_point(|(at, _)| *at <= t);
        let (t0, p0) = match after {
            0 => (0.0, ATMOSPHERE_PA),
            k => self.inlet[k - 1],
        };
        let Some(&(t1, p1)) = self.inlet.get(after) else {
            return p0;
        };
        p0 + (p1 - p0) * ((t - t0) / (t1 - t0).max(1e-9)).clamp(0.0, 1.0)
    }

    /// Times at which fill is cut into pieces, s.
    pub fn knots(&self) -> impl Iterator<Item = f64> + '_ {
        (1..=PIECES).map(|k| self.transfer_s * k as f64 / PIECES as f64)
    }

    /// Share of the set hold pressure that reaches the inlet: mean over the first third of hold.
    fn kept(&self, hold_pressure_pa: f64) -> f64 {
        let third = self.transfer_s + (self.hold_end_s - self.transfer_s) / 3.0;
        let settled = self.transfer_s + 5.0 * RESPONSE_S;
        let rows = self.inlet.iter();
        let held = rows.filter(|(t, _)| (settled..=third).contains(t));
        let (sum, count) = held.fold((0.0, 0), |(s, n), (_, p)| (s + p - ATMOSPHERE_PA, n + 1));
        let set = hold_pressure_pa - ATMOSPHERE_PA;
        if count > 0 && set > 0.0 {
            (sum / f64::from(count) / set).clamp(0.0, 1.0)
        } else {
            1.0
        }
    }

    /// The course with setpoints `after` instead of `before`; `fill` is what the screw displaced as recorded. What neither
    /// knows stays as it was.
    pub fn with<'a>(&'a self, fill: &[Piece], before: &Setpoints, after: &Setpoints) -> Course<'a> {
        let change = |s: Setpoint| {
            let change = after[s] - before[s];
            if change.is_finite() { change } else { 0.0 }
        };
        let faster = 1.0 + change(Setpoint::InjectionRate) / before[Setpoint::InjectionRate];
        let faster = if faster.is_finite() {
            faster.max(0.1)
        } else {
            1.0
        };
        let mut fill: Vec<Piece> = fill
            .iter()
            .map(|p| Piece {
                time_s: p.time_s / faster,
                rate: p.rate * faster,
            })
            .collect();
        displace(&mut fill, change(Setpoint::TransferVolume));
        let transfer_s: f64 = fill.iter().map(|p| p.time_s).sum();
        let hold_s = self.hold_end_s - self.transfer_s + change(Setpoint::HoldTime);
        let cool_s = self.ended_s - self.hold_end_s + change(Setpoint::CoolingTime);
        let hold_end_s = transfer_s + hold_s.max(0.0);
        let rise = change(Setpoint::HoldPressure);
        Course {
            recorded: self,
            fill,
            transfer_s,
            hold_end_s,
            ended_s: hold_end_s + cool_s.max(0.0),
            rise_pa: if rise == 0.0 {
                0.0
            } else {
                rise * self.kept(before[Setpoint::HoldPressure])
            },
        }
    }
}

/// Lengthens fill by a volume at its fastest rate, or takes it off its end.
fn displace(fill: &mut Vec<Piece>, volume: f64) {
    if volume > 0.0 {
        let rate = fill.iter().fold(0.0_f64, |m, p| m.max(p.rate));
        if rate > 0.0 {
            fill.push(Piece {
                time_s: volume / rate,
                rate,
            });
        }
        return;
    }
    let mut left = -volume;
    while let Some(last) = fill.last_mut() {
        let piece = last.time_s * last.rate;
        if piece > left {
            last.time_s -= left / last.rate;
            break;
        }
        left -= piece.max(0.0);
        fill.pop();
    }
}

impl Course<'_> {
    /// When its phases begin.
    pub fn times(&self) -> Times {
        Times {
            transfer_s: self.transfer_s,
            hold_end_s: self.hold_end_s,
        }
    }

    /// Inlet pressure after transfer, Pa absolute.
    pub fn inlet_pa(&self, t: f64) -> f64 {
        let then = self.recorded;
        let since = t - self.transfer_s;
        if t < self.hold_end_s {
            let held = then.hold_end_s - then.transfer_s - RELEASE_S;
            let recorded = then.inlet_pa(then.transfer_s + since.min(held.max(0.0)));
            let risen = self.rise_pa * (1.0 - (-since / RESPONSE_S).exp());
            (recorded + risen).max(ATMOSPHERE_PA)
        } else {
            then.inlet_pa(then.hold_end_s + t - self.hold_end_s)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Recorded {
        let inlet = (0..2000).map(|k| {
            let t = f64::from(k) * 0.01;
            let p = match t {
                t if t < 0.5 => 1e5 + 8e7 * t,
                t if t < 6.0 => 4.3e7,
                _ => 1e5,
            };
            (t, p)
        });
        Recorded {
            inlet: inlet.collect(),
            measured: Vec::new(),
            surface_k: f64::NAN,
            transfer_s: 0.5,
            hold_end_s: 6.0,
            ended_s: 20.0,
        }
    }

    fn setpoints() -> Setpoints {
        Setpoints([4.5e7, 5.5, 1.1e-5, 2.5e-5, 503.0, 323.0, 14.0])
    }

    fn even(rate: f64) -> Vec<Piece> {
        vec![Piece { time_s: 0.1, rate }; 5]
    }

    fn changed(setpoint: Setpoint, by: f64) -> Setpoints {
        let mut after = setpoints();
        after[setpoint] += by;
        after
    }

    #[test]
    fn unchanged_setpoints_change_nothing() {
        let shot = recorded();
        let course = shot.with(&even(2e-5), &setpoints(), &setpoints());
        assert_eq!((course.transfer_s, course.hold_end_s), (0.5, 6.0));
        for t in [0.6, 2.0, 5.9, 6.1, 19.0] {
            assert!((course.inlet_pa(t) - shot.inlet_pa(t)).abs() < 1.0, "{t}");
        }
    }

    #[test]
    fn hold_pressure_arrives_as_far_as_it_did() {
        let shot = recorded();
        let after = changed(Setpoint::HoldPressure, 1e6);
        let course = shot.with(&even(2e-5), &setpoints(), &after);
        let kept = (4.3e7 - 1e5) / (4.5e7 - 1e5);
        assert!((course.inlet_pa(3.0) - 4.3e7 - 1e6 * kept).abs() < 1e3);
        assert!((course.inlet_pa(0.501) - 4.3e7).abs() < 1e5);
        assert_eq!(course.inlet_pa(10.0), 1e5);
    }

    #[test]
    fn times_move_what_comes_after_them() {
        let shot = recorded();
        let longer = changed(Setpoint::HoldTime, 1.0);
        let course = shot.with(&even(2e-5), &setpoints(), &longer);
        assert!((course.inlet_pa(6.8) - 4.3e7).abs() < 1.0 && course.inlet_pa(7.1) < 2e5);
        assert!((course.ended_s - 21.0).abs() < 1e-9);
        let cooler = changed(Setpoint::CoolingTime, -3.0);
        assert!((shot.with(&even(2e-5), &setpoints(), &cooler).ended_s - 17.0).abs() < 1e-9);
    }

    #[test]
    fn fill_keeps_its_volume_at_another_rate_and_meets_another_transfer_volume() {
        let shot = recorded();
        let volume = |c: &Course<'_>| c.fill.iter().map(|p| p.time_s * p.rate).sum::<f64>();
        let faster = changed(Setpoint::InjectionRate, 0.5e-5);
        let course = shot.with(&even(2e-5), &setpoints(), &faster);
        assert!((volume(&course) - 1e-5).abs() < 1e-12);
        assert!((course.transfer_s - 0.5 / 1.2).abs() < 1e-9);
        for by in [-3e-6, -1e-7, 4e-7] {
            let after = changed(Setpoint::TransferVolume, by);
            let course = shot.with(&even(2e-5), &setpoints(), &after);
            assert!((volume(&course) - 1e-5 - by).abs() < 1e-12, "{by}");
        }
    }
}

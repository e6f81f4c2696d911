//! What counts as a shot: purges, start-up and idle shots are recognised and teach nothing.

use serde::{Deserialize, Serialize};

use crate::phase::CyclePhase;
use crate::setup::{ATMOSPHERE_PA, Setup};
use crate::shot::ShotRecord;

/// What kind of cycle it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part.
    Production,
    /// First shots after a pause: thermally not settled.
    StartUp,
    /// Melt pushed into the open.
    Purge,
    /// The screw moved without a shot.
    Idle,
    /// Recorded only in part.
    Broken,
}

/// Shots after a pause until temperatures count as settled.
const SETTLING: u32 = 3;
/// A pause is a gap of more than this many usual cycles.
const PAUSE_CYCLES: f64 = 3.0;
/// Change of the mold surface from shot to shot below which it counts as settled, K.
const SETTLED_K: f64 = 1.0;
/// Highest inlet pressure above atmosphere of a cycle without melt in the mold, Pa.
const NOTHING_PA: f64 = 2e6;
/// Share of the inlet's peak that a used cavity sensor shows at least when melt is in the mold.
const IN_MOLD: f64 = 0.1;

/// What is usual on this press, over a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    /// Time from shot to shot, s.
    pub cycle_s: Option<f64>,
    /// Mold surface before the last shot, K.
    pub surface_k: Option<f64>,
}

/// Tells kinds apart from shot to shot.
#[derive(Clone, Debug, Default)]
pub struct KindDetector {
    last_began_s: Option<f64>,
    cycle_s: Option<f64>,
    surface_k: Option<f64>,
    settling: u32,
}

impl KindDetector {
    /// Usual time from shot to shot, s.
    pub fn cycle_s(&self) -> Option<f64> {
        self.cycle_s
    }

    /// What is usual so far.
    pub fn usual(&self) -> Usual {
        Usual {
            cycle_s: self.cycle_s,
            surface_k: self.surface_k,
        }
    }

    /// Goes on from what an earlier run found usual. When its last shot was is not known: box time began anew.
    pub fn recall(&mut self, usual: Usual) {
        (self.cycle_s, self.surface_k) = (usual.cycle_s.filter(|s| *s > 0.0), usual.surface_k);
    }

    /// The kind of a finished shot.
    pub fn judge(&mut self, record: &ShotRecord, setup: &Setup) -> Kind {
        let peak = |i: usize| {
            record
                .rows
                .iter()
                .map(|r| f64::from(r.measured[i]))
                .filter(|p| p.is_finite())
                .fold(ATMOSPHERE_PA, f64::max)
                - ATMOSPHERE_PA
        };
        let drive = peak(setup.drive);
        let in_mold = setup.used.iter().map(|i| peak(*i)).fold(f64::NAN, f64::max);
        if record.rows.is_empty() || record.missing > 0 && drive <= NOTHING_PA {
            return Kind::Broken;
        }
        if drive < NOTHING_PA {
            return Kind::Idle;
        }
        // In the open the cavity sensors stay silent, or, without one, the screw never transfers to hold.
        let open = if in_mold.is_finite() {
            in_mold < IN_MOLD * drive
        } else {
            record.full_s.is_nan() && record.phases.began(CyclePhase::Hold).is_none()
        };
        if open {
            return Kind::Purge;
        }
        let broken = record.missing as usize > record.rows.len() / 10;
        let kind = self.settle(record);
        if broken { Kind::Broken } else { kind }
    }

    /// Start-up or production.
    fn settle(&mut self, record: &ShotRecord) -> Kind {
        let gap = self.last_began_s.map(|t| record.began_s - t);
        self.last_began_s = Some(record.began_s);
        let paused = match (gap, self.cycle_s) {
            (Some(gap), Some(cycle)) => gap > PAUSE_CYCLES * cycle,
            _ => false,
        };
        if paused {
            self.settling = SETTLING;
        } else if let Some(gap) = gap {
            let cycle = self.cycle_s.unwrap_or(gap);
            self.cycle_s = Some(cycle + 0.2 * (gap - cycle));
        }
        let moved = self
            .surface_k
            .map_or(0.0, |before| (record.surface_k - before).abs());
        if record.surface_k.is_finite() {
            self.surface_k = Some(record.surface_k);
        }
        if moved > SETTLED_K {
            self.settling = self.settling.max(1);
        }
        if self.settling > 0 {
            self.settling -= 1;
            return Kind::StartUp;
        }
        Kind::Production
    }
}

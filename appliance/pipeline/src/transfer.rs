//! Where within a shot the node is asked to signal transfer. Pure: the caller brings samples and what the guard allows, and
//! talks to the node.
//!
//! ```text
//!            screw rests between shots        the press injects          transfer, or the mold is full
//!  nothing -----------------------------> start ---------------> start, volume -------------------> nothing
//!                                        volume: the one asked for, or where the estimate at a place
//!                                        will reach a pressure (`approach.rs`)
//! ```
//! A signal is wanted only inside the room the guard gives, and only earlier than the press would transfer by itself: the press's
//! own transfer stays, and is the fallback of every plan.

mod approach;
mod rest;

use crate::guard::{NoRoom, Room};
use crate::phase::CyclePhase;

use approach::Approach;
use rest::Rest;

/// Time a plan needs to reach the node before the screw is where it is to signal, s: a block gathers on the way here, the plan
/// waits for its turn on the way back.
const LEAD_S: f64 = 0.05;
/// Time over which the speed of the screw is averaged, s.
const RATE_S: f64 = 0.01;

/// When transfer is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// At an injected volume, m3.
    InjectedVolume(f64),
    /// When the estimate at a place of the mold reaches a pressure, Pa, absolute.
    Pressure {
        /// Place, by its number among the mold's sensors.
        place: usize,
        /// Pressure, Pa.
        pa: f64,
    },
}

/// What is known at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Box time, s.
    pub time_s: f64,
    /// Phase.
    pub phase: CyclePhase,
    /// Melt in front of the screw, m3; NaN when nothing is measured.
    pub screw_m3: f64,
    /// Estimate at the place of the law and its standard deviation, Pa; NaN when there is none.
    pub pressure_pa: [f64; 2],
}

/// A signal to be asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Melt in front of the screw before injection, m3.
    pub rest_m3: f64,
    /// Injected volume at which the node is to signal, m3.
    pub volume_m3: f64,
    /// Where the press transfers by itself, m3 injected.
    pub press_m3: f64,
    /// Standard deviation of `volume_m3` where it is estimated, m3.
    pub sd_m3: f64,
    /// Time until the screw is there, s; infinite before injection.
    pub left_s: f64,
}

impl Wanted {
    /// Whether a plan sent now is at the node before it has to signal.
    pub fn in_time(&self) -> bool {
        self.left_s > LEAD_S
    }
}

/// Why no signal is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held {
    /// The guard gives no room.
    NoRoom(NoRoom),
    /// The press is past transfer in this shot.
    PastFill,
    /// The screw does not rest, or nothing is measured: where injection starts is not known.
    ScrewUnknown,
    /// The screw has less melt in front than is to be injected: melt, m3.
    LittleMelt(f64),
    /// The volume lies below what is allowed: volume and lowest, m3.
    TooEarly(f64, f64),
    /// The volume lies above the limit of the setpoint: volume and highest, m3.
    TooLate(f64, f64),
    /// The press transfers there or earlier by itself: volume and where the press transfers, m3.
    PressEarlier(f64, f64),
    /// Too few shots have shown where the pressure is reached: how many are still needed.
    FewShots(u32),
    /// The estimate at the place does not reach the pressure before transfer: highest seen, Pa.
    NotReached(f64),
    /// Where the pressure is reached is not sure enough: standard deviation and widest allowed, m3.
    Unsure(f64, f64),
    /// This fill is unlike the one before: ratio of the estimates.
    Unlike(f64),
}

impl Held {
    /// Key of its text on the page, and its name in records.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NoRoom(NoRoom::Mode) => "mode",
            Self::NoRoom(NoRoom::Rule(_)) => "rule",
            Self::NoRoom(NoRoom::NoReference) => "no_reference",
            Self::PastFill => "past_fill",
            Self::ScrewUnknown => "screw_unknown",
            Self::LittleMelt(_) => "little_melt",
            Self::TooEarly(..) => "too_early",
            Self::TooLate(..) => "too_late",
            Self::PressEarlier(..) => "press_earlier",
            Self::FewShots(_) => "few_shots",
            Self::NotReached(_) => "not_reached",
            Self::Unsure(..) => "unsure",
            Self::Unlike(_) => "unlike",
        }
    }
}

/// Follows screw and estimate, and says what to ask of the node.
#[derive(Clone, Debug)]
pub struct Planner {
    law: Law,
    rest: Rest,
    approach: Approach,
    /// Where the screw rested before this injection, m3.
    start_m3: Option<f64>,
    now: Moment,
    /// Speed of injection, m3/s.
    rate: f64,
}

impl Planner {
    /// With a law, for a mold of `fill_m3`.
    pub fn new(law: Law, fill_m3: f64) -> Self {
        Self {
            law,
            rest: Rest::new(fill_m3),
            approach: Approach::new(fill_m3),
            start_m3: None,
            now: Moment {
                time_s: f64::NAN,
                phase: CyclePhase::Idle,
                screw_m3: f64::NAN,
                pressure_pa: [f64::NAN; 2],
            },
            rate: f64::NAN,
        }
    }

    /// The law.
    pub const fn law(&self) -> Law {
        self.law
    }

    /// Takes a sample. Nothing is allocated.
    pub fn see(&mut self, now: Moment) {
        let was = std::mem::replace(&mut self.now, now);
        if now.phase == CyclePhase::Fill && was.phase != CyclePhase::Fill {
            (self.rate, self.start_m3) = (0.0, self.rest.at(was.time_s));
            self.approach.begin();
        } else if now.phase != CyclePhase::Fill && was.phase == CyclePhase::Fill {
            self.approach.end(self.law);
        }
        match now.phase {
            CyclePhase::Idle => self.rest.see(now.time_s, now.screw_m3),
            CyclePhase::Fill => {
                let dt = now.time_s - was.time_s;
                let rate = (was.screw_m3 - now.screw_m3) / dt;
                if dt > 0.0 && rate.is_finite() {
                    self.rate += (dt / RATE_S).min(1.0) * (rate - self.rate);
                }
                self.approach.see(self.injected(), now.pressure_pa);
            }
            CyclePhase::Hold | CyclePhase::Cool => {
                self.rest.clear();
                self.start_m3 = None;
            }
        }
    }

    /// Volume injected in this shot, m3; NaN when it is not known.
    fn injected(&self) -> f64 {
        self.start_m3.map_or(f64::NAN, |s| s - self.now.screw_m3)
    }

    /// What to ask of the node now, given what the guard allows.
    ///
    /// # Errors
    /// Why nothing is to be asked.
    pub fn wants(&self, room: Result<Room, NoRoom>) -> Result<Wanted, Held> {
        let room = room.map_err(Held::NoRoom)?;
        let (rest_m3, injected) = match self.now.phase {
            CyclePhase::Idle => (self.rest.at(self.now.time_s), None),
            CyclePhase::Fill => (self.start_m3, Some(self.injected())),
            CyclePhase::Hold | CyclePhase::Cool => return Err(Held::PastFill),
        };
        let rest_m3 = rest_m3.ok_or(Held::ScrewUnknown)?;
        let [volume_m3, sd_m3] = match self.law {
            Law::InjectedVolume(volume) => [volume, 0.0],
            Law::Pressure { pa, .. } => {
                let here = injected.map(|v| (v, self.now.pressure_pa));
                self.approach.reaches(pa, here, room.high - room.low)?
            }
        };
        if volume_m3.is_nan() || volume_m3 < room.low {
            return Err(Held::TooEarly(volume_m3, room.low));
        }
        if volume_m3 >= room.reference {
            return Err(Held::PressEarlier(volume_m3, room.reference));
        }
        if volume_m3 > room.high {
            return Err(Held::TooLate(volume_m3, room.high));
        }
        if rest_m3 <= volume_m3 {
            return Err(Held::LittleMelt(rest_m3));
        }
        let left_s = match injected {
            None => f64::INFINITY,
            Some(injected) if injected.is_nan() => return Err(Held::ScrewUnknown),
            // A screw that stands may start at any moment, at no speed that is known.
            Some(injected) => (volume_m3 - injected) / self.rate.max(0.0),
        };
        Ok(Wanted {
            rest_m3,
            volume_m3,
            press_m3: room.reference,
            sd_m3,
            left_s,
        })
    }
}

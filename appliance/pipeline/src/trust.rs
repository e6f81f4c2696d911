//! How far the numbers can be relied on: one state machine.
//!
//! ```text
//!            N calm shots                  surprise, a silent sensor, network off the witness
//!  Learning --------------> Trusted  ------------------------------------------> Watch
//!                              ^                                                   |  3 bad shots in a row,
//!                              +------------- N calm shots ------------------------+  or the drive is silent
//!                              |                                                   v
//!                              +------------- N calm shots ------------------ NotTrusted
//!
//!  After a restart: Trusted -> Learning; Watch and NotTrusted stay, with their reason.
//! ```

use crate::suspect::Suspect;
use serde::{Deserialize, Serialize};

/// State.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustState {
    /// Too few shots to say.
    Learning,
    /// Bands hold what they promise.
    Trusted,
    /// Something moved: numbers are shown, corrections held.
    Watch,
    /// The model does not describe this mold now.
    NotTrusted,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// First shots with this mold.
    FewShots,
    /// All is as it should be.
    AllWell,
    /// Measurements lie outside their bands.
    Mismatch,
    /// A used cavity sensor (by its place in the mold) says nothing, or nothing credible.
    SensorSilent(usize),
    /// The driving sensor says nothing.
    DriveSilent,
    /// Network and witness disagree.
    NetworkOff,
    /// A latent (by its place in the list) wants to go beyond the values the model knows.
    LatentAtBound(usize),
    /// Something lies far from where the files put it: another material, another mold, other temperatures, a sensor elsewhere.
    Suspect(Suspect),
    /// Pressure above the trained range, or a shot longer than any.
    OutOfRange,
}

/// What a finished production shot showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Findings {
    /// Largest mean surprise of a measurement; NaN when nothing was measured besides the drive.
    pub surprise: f64,
    /// Surprise of the injected volume alone; NaN when it was not measured.
    pub volume: f64,
    /// The process was more likely changed at a stroke (another lot?) than drifting.
    pub changed: bool,
    /// What may be other than the files say.
    pub suspect: Option<Suspect>,
    /// A used cavity sensor without credible values.
    pub silent: Option<usize>,
    /// The driving sensor was missing.
    pub drive_silent: bool,
    /// Network less witness, root mean square over the peak.
    pub witness_error: f64,
    /// A latent at its bound.
    pub at_bound: Option<usize>,
    /// The network refused.
    pub out_of_range: bool,
}

/// Mean normalised innovation squared above which a shot is a surprise.
pub const SURPRISE: f64 = 4.0;
/// Difference of network and witness above which a shot is bad, share of the peak.
pub const WITNESS: f64 = 0.06;
/// Calm shots until trusted.
const CALM: u32 = 3;
/// Bad shots in a row until not trusted.
const BAD: u32 = 3;

/// The machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// State.
    pub state: TrustState,
    /// Why.
    pub reason: Reason,
    /// Shot since which it holds.
    pub since_shot: u64,
    calm: u32,
    bad: u32,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            state: TrustState::Learning,
            reason: Reason::FewShots,
            since_shot: 0,
            calm: 0,
            bad: 0,
        }
    }
}

impl Trust {
    /// Takes what a shot showed.
    pub fn step(&mut self, shot: u64, f: &Findings) {
        let wrong = if f.drive_silent {
            Some(Reason::DriveSilent)
        } else if let Some(sensor) = f.silent {
            Some(Reason::SensorSilent(sensor))
        } else if let Some(suspect) = f.suspect {
            Some(Reason::Suspect(suspect))
        } else if f.surprise > SURPRISE {
            Some(Reason::Mismatch)
        } else if f.witness_error > WITNESS {
            Some(Reason::NetworkOff)
        } else if let Some(latent) = f.at_bound {
            Some(Reason::LatentAtBound(latent))
        } else if f.out_of_range {
            Some(Reason::OutOfRange)
        } else {
            None
        };
        let (state, reason) = match wrong {
            None => {
                (self.calm, self.bad) = (self.calm + 1, 0);
                match self.state {
                    _ if self.calm >= CALM => (TrustState::Trusted, Reason::AllWell),
                    same => (same, self.reason),
                }
            }
            Some(reason) => {
                (self.calm, self.bad) = (0, self.bad + 1);
                match self.state {
                    _ if self.bad >= BAD || reason == Reason::DriveSilent => {
                        (TrustState::NotTrusted, reason)
                    }
                    TrustState::NotTrusted => (TrustState::NotTrusted, reason),
                    TrustState::Learning => (TrustState::Learning, reason),
                    _ => (TrustState::Watch, reason),
                }
            }
        };
        if state != self.state {
            self.since_shot = shot;
        }
        (self.state, self.reason) = (state, reason);
    }

    /// As a restarted box begins: what it had found wrong still stands, what was well has to show again.
    pub fn after_restart(self) -> Self {
        match self.state {
            TrustState::Learning | TrustState::Trusted => Self::default(),
            TrustState::Watch | TrustState::NotTrusted => Self {
                since_shot: 0,
                calm: 0,
                bad: 0,
                ..self
            },
        }
    }

    /// True while the model is known not to describe what is measured.
    pub fn mismatch(&self) -> bool {
        matches!(self.state, TrustState::Watch | TrustState::NotTrusted)
            || matches!(self.reason, Reason::Mismatch | Reason::Suspect(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calm() -> Findings {
        Findings {
            surprise: 1.0,
            ..Findings::default()
        }
    }

    fn surprise() -> Findings {
        Findings {
            surprise: 9.0,
            ..Findings::default()
        }
    }

    #[test]
    fn the_drawn_path() {
        let mut trust = Trust::default();
        for shot in 1..=3 {
            assert_eq!(trust.state, TrustState::Learning);
            trust.step(shot, &calm());
        }
        assert_eq!((trust.state, trust.since_shot), (TrustState::Trusted, 3));
        trust.step(4, &surprise());
        assert_eq!(
            (trust.state, trust.reason),
            (TrustState::Watch, Reason::Mismatch)
        );
        trust.step(5, &surprise());
        trust.step(6, &surprise());
        assert_eq!(trust.state, TrustState::NotTrusted);
        for shot in 7..=9 {
            trust.step(shot, &calm());
        }
        assert_eq!(trust.state, TrustState::Trusted);
        trust.step(
            10,
            &Findings {
                drive_silent: true,
                ..calm()
            },
        );
        assert_eq!(
            (trust.state, trust.reason),
            (TrustState::NotTrusted, Reason::DriveSilent)
        );
    }

    #[test]
    fn a_restart_forgets_calm_and_keeps_doubt() {
        let mut trust = Trust::default();
        (1..=3).for_each(|shot| trust.step(shot, &calm()));
        assert_eq!(trust.after_restart(), Trust::default());
        trust.step(4, &surprise());
        let mut again = trust.after_restart();
        assert_eq!(
            (again.state, again.reason),
            (TrustState::Watch, Reason::Mismatch)
        );
        (1..=2).for_each(|shot| again.step(shot, &calm()));
        assert_eq!(again.state, TrustState::Watch);
        again.step(3, &calm());
        assert_eq!(again.state, TrustState::Trusted);
    }

    proptest! {
        /// Whatever comes: trusted only after calm shots, never right after a bad one.
        #[test]
        fn never_trusted_after_a_bad_shot(bad in proptest::collection::vec(any::<bool>(), 1..60)) {
            let mut trust = Trust::default();
            let mut run = 0;
            for (shot, bad) in bad.iter().enumerate() {
                trust.step(shot as u64, &if *bad { surprise() } else { calm() });
                run = if *bad { 0 } else { run + 1 };
                prop_assert!((trust.state == TrustState::Trusted) == (run >= 3), "{trust:?} after {run} calm shots");
            }
        }
    }
}

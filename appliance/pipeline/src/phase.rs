//! Where a cycle stands, from whatever the press offers: its injection and transfer signals, else pressure alone.
//!
//! ```text
//!  Idle --injection, or pressure rises--> Fill --transfer, or the model is full--> Hold
//!   ^                                                                               |
//!   |                                            injection ends, or pressure is let go
//!   +-- pressure gone everywhere, or too long, or next injection ------------ Cool <-+
//! ```

/// Phase of a machine cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CyclePhase {
    /// Between shots.
    #[default]
    Idle,
    /// Melt enters the mold.
    Fill,
    /// The mold is full and held.
    Hold,
    /// The screw has let go; the part cools.
    Cool,
}

/// What the detector looks at, pressures above atmosphere in Pa.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// Time, s.
    pub time_s: f64,
    /// At the inlet.
    pub drive_pa: f64,
    /// Highest measured in the mold; zero where nothing is.
    pub cavity_pa: f64,
    /// The model says that the mold is full.
    pub full: bool,
    /// The press says that it injects or holds.
    pub injecting: Option<bool>,
    /// The press says that it has transferred.
    pub transferred: Option<bool>,
}

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseDetector {
    /// Pressure at which melt counts as moving, Pa.
    pub contact_pa: f64,
    /// Share of the highest inlet pressure below which the screw has let go.
    pub released: f64,
    /// Time the part stays in the mold after the screw has let go, s, where the recipe tells.
    pub cooling_s: f64,
    /// Longest shot, s.
    pub longest_s: f64,
}

impl Default for PhaseDetector {
    fn default() -> Self {
        Self {
            contact_pa: 0.6e6,
            released: 0.15,
            cooling_s: 0.0,
            longest_s: 60.0,
        }
    }
}

/// Its state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PhaseState {
    /// Now.
    pub phase: CyclePhase,
    /// Begin of the shot, s.
    pub began_s: f64,
    highest_drive_pa: f64,
    let_go_s: Option<f64>,
    /// Since when nothing in the mold is under pressure, s.
    quiet_since_s: Option<f64>,
    injecting_before: bool,
    /// The press was seen between two shots, or at the beginning of one.
    pub settled: bool,
    /// A shot was under way at the first sample.
    under_way: bool,
}

/// Inlet pressure above atmosphere at the first sample that says that a shot is under way, Pa.
const UNDER_WAY_PA: f64 = 2e6;

/// Time without pressure after which a part counts as finished when the press says nothing, s.
const QUIET_S: f64 = 1.0;

impl PhaseDetector {
    /// One step; true when a shot begins with this sample.
    pub fn step(&self, state: &mut PhaseState, s: &Signs) -> bool {
        let injecting = s.injecting.unwrap_or(false);
        let edge = injecting && !state.injecting_before;
        state.injecting_before = injecting;
        // A shot seen from its middle is none: its fill would be taken for one of no time, and be learned from.
        if !state.settled {
            let above = if state.under_way {
                self.contact_pa
            } else {
                UNDER_WAY_PA
            };
            state.under_way = s.drive_pa > above && s.injecting != Some(false);
            if state.under_way {
                return false;
            }
            state.settled = true;
        }
        let risen = s.injecting.is_none() && s.drive_pa > self.contact_pa;
        let begins = match state.phase {
            CyclePhase::Idle => edge || risen,
            // The next shot may come before this one was seen to end.
            CyclePhase::Hold | CyclePhase::Cool => edge,
            CyclePhase::Fill => false,
        };
        if begins {
            *state = PhaseState {
                phase: CyclePhase::Fill,
                began_s: s.time_s,
                injecting_before: injecting,
                settled: true,
                ..PhaseState::default()
            };
            return true;
        }
        if state.phase == CyclePhase::Idle {
            return false;
        }
        state.highest_drive_pa = state.highest_drive_pa.max(s.drive_pa);
        let let_go = match s.injecting {
            Some(on) => !on,
            None => s.drive_pa < self.released * state.highest_drive_pa,
        };
        let quiet = s.drive_pa < self.contact_pa && s.cavity_pa < self.contact_pa && !injecting;
        state.quiet_since_s = if quiet {
            state.quiet_since_s.or(Some(s.time_s))
        } else {
            None
        };
        if let_go {
            state.let_go_s = state.let_go_s.or(Some(s.time_s));
        }
        let cooled = state
            .let_go_s
            .is_some_and(|since| s.time_s - since >= self.cooling_s);
        let over = cooled
            && state
                .quiet_since_s
                .is_some_and(|since| s.time_s - since > QUIET_S)
            || s.time_s - state.began_s > self.longest_s;
        state.phase = match state.phase {
            _ if over => CyclePhase::Idle,
            CyclePhase::Fill if s.transferred.unwrap_or(s.full) => CyclePhase::Hold,
            // A purge or a short shot never transfers.
            CyclePhase::Fill if s.injecting == Some(false) => CyclePhase::Cool,
            CyclePhase::Hold if let_go => CyclePhase::Cool,
            same => same,
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(signs: impl Fn(f64) -> Signs, seconds: f64) -> Vec<(f64, CyclePhase)> {
        let (detector, mut state) = (PhaseDetector::default(), PhaseState::default());
        let mut seen = vec![(0.0, CyclePhase::Idle)];
        for k in 0..(seconds * 1e3) as u32 {
            let t = f64::from(k) * 1e-3;
            detector.step(&mut state, &signs(t));
            if seen[seen.len() - 1].1 != state.phase {
                seen.push((t, state.phase));
            }
        }
        seen
    }

    fn pressure_at(t: f64) -> f64 {
        match t {
            t if t < 1.0 => 0.05e6,
            t if t < 1.5 => 40e6 * (t - 1.0) / 0.5,
            t if t < 5.0 => 40e6,
            t if t < 6.0 => 40e6 * (6.0 - t),
            _ => 0.0,
        }
    }

    #[test]
    fn pressure_alone_is_enough() {
        let seen = run(
            |t| Signs {
                time_s: t,
                drive_pa: pressure_at(t),
                cavity_pa: pressure_at(t - 0.2),
                full: t > 1.4,
                injecting: None,
                transferred: None,
            },
            9.0,
        );
        let phases: Vec<_> = seen.iter().map(|s| s.1).collect();
        use CyclePhase::*;
        assert_eq!(phases, [Idle, Fill, Hold, Cool, Idle]);
        assert!(
            (seen[1].0 - 1.01).abs() < 0.01 && (seen[3].0 - 5.85).abs() < 0.02 && seen[4].0 > 7.0
        );
    }

    #[test]
    fn a_shot_seen_from_its_middle_is_none() {
        for signal in [true, false] {
            let (detector, mut state) = (PhaseDetector::default(), PhaseState::default());
            let mut begun = Vec::new();
            for k in 0..20_000 {
                let t = f64::from(k) * 1e-3;
                // From the middle of a hold of 40 MPa on; the next shot comes ten seconds later.
                let since = if t < 10.0 { t + 3.0 } else { t - 10.0 };
                let signs = Signs {
                    time_s: t,
                    drive_pa: pressure_at(since),
                    cavity_pa: pressure_at(since - 0.2),
                    full: since > 1.4,
                    injecting: signal.then_some((1.0..5.0).contains(&since)),
                    transferred: None,
                };
                if detector.step(&mut state, &signs) {
                    begun.push(t);
                }
            }
            assert!(
                begun.len() == 1 && (begun[0] - 11.0).abs() < 0.05,
                "{begun:?}"
            );
        }
    }

    #[test]
    fn the_presss_own_signals_win_and_a_second_injection_is_a_second_shot() {
        let (detector, mut state) = (PhaseDetector::default(), PhaseState::default());
        let mut begun = 0;
        for k in 0..20_000 {
            let t = f64::from(k) * 1e-3;
            let on = (1.0..4.0).contains(&t) || (6.0..9.0).contains(&t);
            let signs = Signs {
                time_s: t,
                drive_pa: 5e6,
                cavity_pa: 9e6,
                full: false,
                injecting: Some(on),
                transferred: Some((2.0..4.0).contains(&t) || t >= 7.0),
            };
            begun += u32::from(detector.step(&mut state, &signs));
            let expected = match t {
                t if t < 1.0 => CyclePhase::Idle,
                t if t < 2.0 => CyclePhase::Fill,
                t if t < 4.0 => CyclePhase::Hold,
                t if t < 6.0 => CyclePhase::Cool,
                t if t < 7.0 => CyclePhase::Fill,
                t if t < 9.0 => CyclePhase::Hold,
                _ => CyclePhase::Cool,
            };
            assert_eq!(state.phase, expected, "{t}");
        }
        assert_eq!(begun, 2);
    }
}

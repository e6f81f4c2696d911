//! The rules every press is read and written by, whatever the wire is.

use crate::error::{PressError, Refusal, Why};
use crate::port::{Abilities, Cycle, PressPort};
use crate::transport::Transport;
use crate::watch::Watch;
use appliance_pipeline::ports::{Change, Operating, PressSignals, Setpoint, Setpoints};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Pause between two looks at a value that does not show yet.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A press behind a wire.
#[derive(Debug)]
pub struct Port<T> {
    transport: T,
    abilities: Abilities,
    watch: Watch,
    /// Setpoints as the caller last read them; none when nobody has read on this connection.
    seen: Option<Setpoints>,
}

impl<T: Transport> Port<T> {
    /// A press nobody has read yet.
    pub fn new(transport: T) -> Self {
        Self {
            abilities: transport.abilities(),
            watch: Watch::new(transport.stale_after_s()),
            seen: None,
            transport,
        }
    }

    /// The wire itself.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    async fn look(&mut self) -> Result<PressSignals, PressError> {
        match self.transport.read().await {
            Ok(mut signals) => {
                let announced = self.transport.announced();
                let announces = self.transport.announces();
                self.watch
                    .take(&mut signals, announced, announces, Instant::now());
                Ok(signals)
            }
            Err(e) => {
                self.seen = None;
                self.watch.forget();
                Err(e)
            }
        }
    }

    /// An SI value as the profile counts it, with its unit.
    fn shown(&self, setpoint: Setpoint, si: f64) -> (f64, &'static str) {
        let ability = &self.abilities.setpoints[setpoint as usize];
        ability.map_or((si, setpoint.unit()), |a| (a.shown(si), a.unit))
    }

    fn refusal(&self, setpoint: Setpoint, value: f64, why: Why) -> Refusal {
        let (value, unit) = self.shown(setpoint, value);
        Refusal {
            setpoint,
            value,
            unit,
            why,
        }
    }

    /// What can be said against a change without asking the press.
    fn against(&self, change: &Change) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for (i, &(setpoint, value)) in change.values.iter().enumerate() {
            let why = match self.abilities.writable(setpoint) {
                None => Some(Why::NotOurs),
                Some(_) if !value.is_finite() => Some(Why::NotANumber),
                Some(a) if value < a.low || value > a.high => Some(Why::OutsideLimits {
                    low: a.shown(a.low),
                    high: a.shown(a.high),
                }),
                Some(_) if change.values[..i].iter().any(|(s, _)| *s == setpoint) => {
                    Some(Why::Twice)
                }
                Some(_) => None,
            };
            refusals.extend(why.map(|why| self.refusal(setpoint, value, why)));
        }
        refusals
    }

    /// What the state of the press says against any change.
    fn closed(&self, now: &PressSignals) -> Option<Why> {
        let run = matches!(
            now.operating,
            Operating::Automatic | Operating::SemiAutomatic
        );
        if self.abilities.says_operating && !run {
            Some(Why::Operating(now.operating))
        } else if self.abilities.says_released && now.released != Some(true) {
            Some(Why::NotReleased)
        } else if self.abilities.says_frozen && now.frozen != Some(false) {
            Some(Why::Frozen)
        } else {
            None
        }
    }

    fn same(&self, setpoint: Setpoint, a: f64, b: f64) -> bool {
        let tolerance = self.abilities.setpoints[setpoint as usize].map_or(0.0, |s| s.tolerance);
        (a - b).abs() <= tolerance || (a.is_nan() && b.is_nan())
    }

    /// A setpoint that is not what the caller decided on.
    fn edited(&self, seen: &Setpoints, now: &Setpoints) -> Option<PressError> {
        let moved = Setpoint::ALL
            .into_iter()
            .find(|&s| !self.same(s, seen[s], now[s]))?;
        let (read, unit) = self.shown(moved, seen[moved]);
        let (found, _) = self.shown(moved, now[moved]);
        Some(PressError::Edited {
            setpoint: moved,
            read,
            found,
            unit,
        })
    }

    /// Reads until every written value shows, or for as long as the press may take.
    async fn read_back(&mut self, written: &[(Setpoint, f64)]) -> Result<Setpoints, PressError> {
        let until = Instant::now() + Duration::from_secs_f64(self.transport.read_back_within_s());
        loop {
            let now = self.look().await?.setpoints;
            let other = written.iter().find(|(s, v)| !self.same(*s, *v, now[*s]));
            let Some(&(setpoint, value)) = other else {
                return Ok(now);
            };
            if Instant::now() >= until {
                let (written, unit) = self.shown(setpoint, value);
                let (found, _) = self.shown(setpoint, now[setpoint]);
                return Err(PressError::ReadBack {
                    setpoint,
                    written,
                    found,
                    unit,
                });
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn write(&mut self, change: &Change) -> Result<Setpoints, PressError> {
        let refusals = self.against(change);
        if !refusals.is_empty() {
            return Err(PressError::Refused { refusals });
        }
        let seen = self.seen.take().ok_or(PressError::NotRead)?;
        let now = self.look().await?;
        if let Some(why) = self.closed(&now) {
            self.seen = Some(seen);
            let refuse = |&(s, v): &(Setpoint, f64)| self.refusal(s, v, why.clone());
            return Err(PressError::Refused {
                refusals: change.values.iter().map(refuse).collect(),
            });
        }
        if let Some(edited) = self.edited(&seen, &now.setpoints) {
            return Err(edited);
        }
        let limit_s = self.watch.silent_after_s();
        if now.age_s > limit_s {
            self.seen = Some(seen);
            return Err(PressError::Stale {
                age_s: now.age_s,
                limit_s,
            });
        }
        if change.is_empty() {
            self.seen = Some(now.setpoints);
            return Ok(now.setpoints);
        }
        let unconfirmed = |source| PressError::Unconfirmed {
            values: change.values.clone(),
            source: Box::new(source),
        };
        let verdicts = self
            .transport
            .write(&change.values)
            .await
            .map_err(unconfirmed)?;
        let (mut written, mut refusals) = (Vec::new(), Vec::new());
        for (&(setpoint, value), verdict) in change.values.iter().zip(verdicts) {
            match verdict {
                Ok(()) => written.push((setpoint, value)),
                Err(why) => refusals.push(self.refusal(setpoint, value, why)),
            }
        }
        let back = match self.read_back(&written).await {
            Ok(back) => back,
            Err(e @ PressError::ReadBack { .. }) => return Err(e),
            Err(source) => {
                return Err(PressError::Unconfirmed {
                    values: written,
                    source: Box::new(source),
                });
            }
        };
        // What was not written counts as seen before the write: somebody who moved it meanwhile is noticed at the next one.
        let mut known = now.setpoints;
        written.iter().for_each(|(s, _)| known[*s] = back[*s]);
        self.seen = Some(known);
        match (written.is_empty(), refusals.is_empty()) {
            (_, true) => Ok(back),
            (true, false) => Err(PressError::Refused { refusals }),
            (false, false) => Err(PressError::Partly { written, refusals }),
        }
    }
}

impl<T: Transport> PressPort for Port<T> {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        let signals = self.look().await?;
        self.seen = Some(signals.setpoints);
        Ok(signals)
    }

    async fn apply(&mut self, change: &Change) -> Result<Setpoints, PressError> {
        self.write(change).await
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        self.transport.beat().await
    }

    fn finished(&mut self) -> Vec<Cycle> {
        self.watch.finished()
    }

    fn silent_after_s(&self) -> f64 {
        self.watch.silent_after_s()
    }
}

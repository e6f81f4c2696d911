//! Whether a transfer signal may be added now: the desk says so after everything that happens at the press, the tick looks.
//! Neither waits for the other.

use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use appliance_pipeline::guard::{NoRoom, Room, Rule};

/// How long what the desk said counts. It says it anew every second: a desk that hangs allows nothing.
const COUNTS: Duration = Duration::from_secs(3);

/// When the guard spoke, and what it allows.
type Said = (Instant, Result<Room, NoRoom>);

/// What the guard allows, and when it said so.
#[derive(Debug, Default)]
pub struct Permit(Mutex<Option<Said>>);

impl Permit {
    /// The guard allows this.
    pub fn set(&self, room: Result<Room, NoRoom>, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, room));
    }

    /// What the guard allows; nothing while that is being written at this moment.
    pub fn look(&self, now: Instant) -> Option<Result<Room, NoRoom>> {
        let said = match self.0.try_lock() {
            Ok(said) => *said,
            Err(TryLockError::Poisoned(said)) => *said.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(match said {
            None => Err(NoRoom::Rule(Rule::ReadFirst)),
            Some((at, _)) if now.saturating_duration_since(at) > COUNTS => {
                Err(NoRoom::Rule(Rule::SignalsFresh))
            }
            Some((_, room)) => room,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_before_the_guard_spoke_and_after_it_fell_silent() {
        let (permit, now) = (Permit::default(), Instant::now());
        assert_eq!(permit.look(now), Some(Err(NoRoom::Rule(Rule::ReadFirst))));
        let room = Room {
            reference: 12e-6,
            low: 11e-6,
            high: 12e-6,
        };
        permit.set(Ok(room), now);
        assert_eq!(permit.look(now + COUNTS), Some(Ok(room)));
        let late = now + COUNTS + Duration::from_millis(1);
        assert_eq!(
            permit.look(late),
            Some(Err(NoRoom::Rule(Rule::SignalsFresh)))
        );
        permit.set(Err(NoRoom::Mode), late);
        assert_eq!(permit.look(late), Some(Err(NoRoom::Mode)));
    }
}

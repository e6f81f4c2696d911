//! Lock-out: wrong passwords make the next try wait, longer each time.
//!
//! Two counts run side by side. One belongs to an address and grows fast: a machine that guesses is
//! stopped whatever names it tries. One belongs to an account and grows slowly: many addresses
//! guessing at one account are slowed, but cannot keep its owner out for more than a minute at a
//! time. Neither count touches argon2, so a refused try costs microseconds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tries before the first wait.
const FREE: u32 = 5;
/// Longest wait of an address.
const ADDRESS_MOST: Duration = Duration::from_secs(900);
/// Longest wait of an account.
const ACCOUNT_MOST: Duration = Duration::from_secs(60);
/// A count is forgotten when nothing happened for this long.
const FORGET: Duration = Duration::from_secs(1800);
/// Counts kept; beyond that the oldest go.
const MOST: usize = 4096;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Account(String),
}

#[derive(Clone, Copy)]
struct Count {
    wrong: u32,
    refused: u64,
    last: Instant,
    until: Instant,
}

/// What a wrong password led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Wrong passwords from this address so far.
    pub(crate) count: u32,
    /// Tries of this address refused unread since the last one that was read.
    pub(crate) refused: u64,
    /// Wait that begins now.
    pub(crate) wait: Duration,
}

/// Counts of wrong passwords.
#[derive(Default)]
pub(crate) struct Lockout {
    counts: Mutex<HashMap<Key, Count>>,
}

impl Lockout {
    /// Whether a try may be read now; otherwise how long to wait.
    pub(crate) fn check(
        &self,
        account: &str,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut counts = self.counts();
        let mut wait = Duration::ZERO;
        for key in keys(account, address) {
            if let Some(count) = counts.get_mut(&key)
                && count.until > now
            {
                count.refused += 1;
                wait = wait.max(count.until - now);
            }
        }
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// Notes a wrong password.
    pub(crate) fn wrong(&self, account: &str, address: IpAddr, now: Instant) -> Wrong {
        let mut counts = self.counts();
        counts.retain(|_, count| now.saturating_duration_since(count.last) < FORGET);
        let mut told = Wrong {
            count: 0,
            refused: 0,
            wait: Duration::ZERO,
        };
        for (key, most) in keys(account, address)
            .into_iter()
            .zip([ADDRESS_MOST, ACCOUNT_MOST])
        {
            if counts.len() >= MOST && !counts.contains_key(&key) {
                let oldest = counts
                    .iter()
                    .min_by_key(|(_, count)| count.last)
                    .map(|(key, _)| key.clone());
                oldest.and_then(|key| counts.remove(&key));
            }
            let count = counts.entry(key.clone()).or_insert(Count {
                wrong: 0,
                refused: 0,
                last: now,
                until: now,
            });
            count.wrong = count.wrong.saturating_add(1);
            count.last = now;
            let wait = wait(count.wrong, most);
            count.until = now + wait;
            told.wait = told.wait.max(wait);
            if let Key::Address(_) = key {
                told.count = count.wrong;
                told.refused = std::mem::take(&mut count.refused);
            }
        }
        told
    }

    /// Notes a right password: the account's count begins anew. The address's does not, or somebody with an account
    /// of his own could log in between two guesses at another.
    pub(crate) fn right(&self, account: &str, address: IpAddr) {
        let [_, account] = keys(account, address);
        self.counts().remove(&account);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(account: &str, address: IpAddr) -> [Key; 2] {
    // A neighbour on IPv6 has a whole /64 to himself.
    let address = match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) & !u128::from(u64::MAX)).into()),
        four => four,
    };
    [
        Key::Address(address),
        Key::Account(account.chars().take(40).collect()),
    ]
}

/// One second after the free tries, then twice as long each time.
fn wait(wrong: u32, most: Duration) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << beyond.min(20)).min(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn waits_grow_and_end() {
        let (lockout, mut now) = (Lockout::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..9 {
            assert_eq!(lockout.check("kim", HERE, now), Ok(()));
            let wait = lockout.wrong("kim", HERE, now).wait;
            waits.push(wait.as_secs());
            if !wait.is_zero() {
                assert!(lockout.check("kim", HERE, now).is_err());
            }
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16]);
    }

    #[test]
    fn guessing_from_one_address_stops_it_for_every_name_but_nobody_else() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        for at in 0..8 {
            lockout.wrong(&format!("name{at}"), HERE, now);
        }
        assert!(lockout.check("kim", HERE, now).is_err());
        assert_eq!(lockout.check("kim", THERE, now), Ok(()));
    }

    #[test]
    fn many_addresses_cannot_keep_the_owner_out_for_longer_than_a_minute() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        for at in 0..200 {
            lockout.wrong("kim", IpAddr::from([10, 1, 0, at]), now);
        }
        let wait = lockout.check("kim", THERE, now).unwrap_err();
        assert!(wait <= ACCOUNT_MOST, "{wait:?}");
    }

    #[test]
    fn a_right_password_frees_the_account_and_memory_is_bounded() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        for at in 0..6 {
            lockout.wrong("kim", IpAddr::from([10, 2, 0, at]), now);
        }
        assert!(lockout.check("kim", HERE, now).is_err());
        lockout.right("kim", THERE);
        assert_eq!(lockout.check("kim", HERE, now), Ok(()));
        for at in 0..10_000_u32 {
            lockout.wrong(&format!("n{at}"), IpAddr::from(at.to_be_bytes()), now);
        }
        assert!(lockout.counts().len() <= MOST);
    }
}

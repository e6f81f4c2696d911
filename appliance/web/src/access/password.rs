//! Passwords: argon2id, one at a time.
//!
//! One hash costs 19 MiB and some tens of milliseconds on purpose. The memory is kept and used
//! again: taken anew each time, it stays behind in the allocator's arena of each thread and a few
//! logins cost 150 MB for good. One runs, a short queue waits, and whoever comes then is sent away.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::WebError;

/// Runs and waits at once.
const IN_QUEUE: usize = 10;

/// 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet, 2023.
const PARAMS: Params = match Params::new(19 * 1024, 2, 1, None) {
    Ok(params) => params,
    Err(_) => panic!("these parameters are within the bounds argon2 states"),
};

/// What argon2 works in.
static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// Fills `out` with the hash of a password.
fn fill(password: &str, salt: &[u8], params: Params, out: &mut [u8]) -> Result<(), argon2::Error> {
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    memory.resize(params.block_count(), Block::new());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory[..])
}

/// Hashes a password; the result holds salt and parameters (PHC string).
pub(super) fn hash(password: &str) -> Result<String, WebError> {
    let (mut salt, mut out) = ([0; 16], [0; 32]);
    getrandom::fill(&mut salt).map_err(WebError::Random)?;
    fill(password, &salt, PARAMS, &mut out).map_err(WebError::Password)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&PARAMS).expect("three short numbers fit"),
        salt: Some(Salt::new(&salt).expect("16 bytes are a salt")),
        hash: Some(Output::new(&out).expect("32 bytes are an output")),
    };
    Ok(hash.to_string())
}

/// Whether a password belongs to a hash. A hash that cannot be read belongs to none.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    let matches = || {
        let kept = PasswordHash::new(hash).ok()?;
        let ours = kept.algorithm == Algorithm::Argon2id.ident()
            && kept.version == Some(Version::V0x13.into());
        let params = Params::try_from(&kept).ok().filter(|_| ours)?;
        let (salt, expected) = (kept.salt?, kept.hash?);
        let mut out = [0; 32];
        fill(password, &salt, params, &mut out).ok()?;
        // Compares in constant time.
        Some(Output::new(&out).ok()? == expected)
    };
    matches().unwrap_or(false)
}

/// What is verified for a name nobody has, so that the time of the answer tells nothing.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// The queue in front of argon2.
#[derive(Clone)]
pub(crate) struct Passwords {
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Passwords {
    /// An empty queue.
    pub(crate) fn new() -> Self {
        // Now, not at the first login for a name nobody has, which it would make slower.
        LazyLock::force(&NOBODY);
        Self {
            running: Arc::new(Semaphore::new(1)),
            queue: Arc::new(Semaphore::new(IN_QUEUE)),
        }
    }

    /// Waits for a turn, then asks `still` whether the work is still wanted, and verifies. `None`: the queue is full, or not wanted.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
        still: impl FnOnce() -> bool,
    ) -> Option<bool> {
        let _place = self.queue.try_acquire().ok()?;
        let turn = self.running.clone().acquire_owned().await.ok()?;
        if !still() {
            return None;
        }
        let work = spawn_blocking(move || {
            // Held to the end of the work, even when the one who asked has gone.
            let _turn = turn;
            match hash {
                Some(hash) => verify(&password, &hash),
                None => {
                    std::hint::black_box(verify(&password, &NOBODY));
                    false
                }
            }
        });
        Some(work.await.unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let hash = hash("right horse").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify("right horse", &hash));
        assert!(!verify("wrong horse", &hash));
        assert!(!verify("right horse", "no hash"));
        // The library reads what was put together here by hand.
        use argon2::PasswordVerifier;
        assert!(
            Argon2::default()
                .verify_password(b"right horse", hash.as_str())
                .is_ok()
        );
    }

    #[test]
    fn many_threads_use_the_memory_of_one() {
        let resident_kb = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmRSS:"))
                .unwrap();
            line.split_whitespace()
                .nth(1)
                .unwrap()
                .parse::<i64>()
                .unwrap()
        };
        let hash = hash("right horse").unwrap();
        let before = resident_kb();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let hash = hash.clone();
                std::thread::spawn(move || assert!(verify("right horse", &hash)))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let grown = resident_kb() - before;
        assert!(grown < 30_000, "{grown} kB");
    }
}

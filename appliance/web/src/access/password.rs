//! Passwords: argon2id, a few at a time.
//!
//! One hash costs 19 MiB and some tens of milliseconds on purpose. On a small box a few hundred at
//! once would take its memory, so two run and a short queue waits; whoever comes then is sent away.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::WebError;

/// Runs at once.
const AT_ONCE: usize = 2;
/// Runs and waits at once.
const IN_QUEUE: usize = 10;

fn argon() -> Argon2<'static> {
    // 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet, 2023.
    let params = Params::new(19 * 1024, 2, 1, None)
        .expect("these parameters are within the bounds argon2 states");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password; the result holds salt and parameters (PHC string).
pub(super) fn hash(password: &str) -> Result<String, WebError> {
    let hash: phc::PasswordHash = argon()
        .hash_password(password.as_bytes())
        .map_err(WebError::Password)?;
    Ok(hash.to_string())
}

/// Whether a password belongs to a hash. A hash that cannot be read belongs to none.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    phc::PasswordHash::new(hash)
        .is_ok_and(|hash| argon().verify_password(password.as_bytes(), &hash).is_ok())
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
            running: Arc::new(Semaphore::new(AT_ONCE)),
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
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("right horse", &hash));
        assert!(!verify("wrong horse", &hash));
        assert!(!verify("right horse", "no hash"));
    }
}

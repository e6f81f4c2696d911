//! Secrets: how they are drawn and how they are kept.
//!
//! Session and token secrets have 256 random bits, so a plain SHA-256 keeps them: there is nothing
//! to guess. Passwords are chosen by people and go through argon2 instead ([`super::Passwords`]).

use sha2::{Digest, Sha256};

use crate::error::WebError;

/// 256 random bits in hexadecimal.
pub(super) fn draw() -> Result<String, WebError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(WebError::Random)?;
    Ok(hex(&bytes))
}

/// What is kept of a secret.
pub(super) fn digest(purpose: &str, secret: &str) -> String {
    hex(&Sha256::new()
        .chain_update(purpose)
        .chain_update([0])
        .chain_update(secret)
        .finalize())
}

/// A password to be read from a screen and typed on a panel: four groups of four, about 79 bits.
pub(super) fn readable() -> Result<String, WebError> {
    // No 0/O, 1/l/I: 32 characters, so that five bits of a byte choose one without bias.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(WebError::Random)?;
    let mut word = String::with_capacity(19);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            word.push('-');
        }
        word.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Ok(word)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_digests_depend_on_their_purpose() {
        let (a, b) = (draw().unwrap(), draw().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 64);
        assert_ne!(digest("session", &a), digest("csrf", &a));
        assert_ne!(digest("session", &a), a);
    }

    #[test]
    fn a_readable_password_has_four_groups_of_four() {
        let word = readable().unwrap();
        assert_eq!(
            word.split('-').map(str::len).collect::<Vec<_>>(),
            [4, 4, 4, 4],
            "{word}"
        );
    }
}

//! Login links: one use, a few minutes, for whoever started the program and sees its output.

use std::time::{Duration, Instant};

use super::book::Book;
use super::secret;
use crate::error::WebError;

/// Links at once; the oldest make room.
const MOST: usize = 16;

/// A link given out.
pub(super) struct Link {
    digest: String,
    user: String,
    until: Instant,
}

impl Book {
    /// Makes a link that logs `user` in once. Gives the path to put behind the address of the box.
    pub fn login_link(&self, user: &str, valid_for: Duration) -> Result<String, WebError> {
        let user = self.user(user)?.name;
        let secret = secret::draw()?;
        let mut links = self.links();
        if links.len() >= MOST {
            links.remove(0);
        }
        links.push(Link {
            digest: secret::digest("link", &secret),
            user,
            until: Instant::now() + valid_for,
        });
        Ok(format!("/once/{secret}"))
    }

    /// The user of a link, which is spent by this.
    pub(crate) fn use_link(&self, secret: &str) -> Option<String> {
        let digest = secret::digest("link", secret);
        let mut links = self.links();
        let now = Instant::now();
        links.retain(|link| link.until > now);
        let at = links.iter().position(|link| link.digest == digest)?;
        Some(links.remove(at).user)
    }
}

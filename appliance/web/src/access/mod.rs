//! Who may come in: accounts, passwords, sessions, API tokens, lock-out.

mod address;
mod book;
mod caller;
mod cookie;
mod link;
mod lockout;
mod login;
mod password;
mod rule;
mod secret;
mod session;
mod temporary;
mod token;
mod user;

pub use book::{Book, FirstRun};
pub use rule::Rule;

pub(crate) use address::client_address;
pub(crate) use caller::{Anyone, Caller, Engineer, Operator, Viewer};
pub(crate) use cookie::{clear_cookie, session_cookie};
pub(crate) use lockout::Lockout;
pub(crate) use login::{confirm_password, log_in, note};
pub(crate) use password::Passwords;
pub(crate) use session::{Opened, session_digest};

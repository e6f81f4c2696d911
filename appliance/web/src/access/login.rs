//! Showing a password.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::session::Opened;
use crate::app::App;
use crate::problem::Refusal;

/// Longest password read; a longer one cannot be anybody's.
const LONGEST: usize = 1000;

/// Opens a session for a right password.
pub(crate) async fn log_in(
    app: &App,
    address: IpAddr,
    user: String,
    password: String,
) -> Result<Opened, Refusal> {
    confirm_password(app, address, &user, password).await?;
    let asked = user.clone();
    let opened = app
        .book(move |book| book.open_session(&asked, false))
        .await?;
    app.metrics.login("ok");
    note(app, &user, "login", format!("from {address}")).await;
    Ok(opened)
}

/// Goes on for a right password. Wrong ones are counted, written into the audit, and soon refused unread.
pub(crate) async fn confirm_password(
    app: &App,
    address: IpAddr,
    user: &str,
    password: String,
) -> Result<(), Refusal> {
    let allowed = || app.lockout.check(user, address, Instant::now());
    if let Err(wait) = allowed() {
        app.metrics.login("locked");
        return Err(locked(wait));
    }
    let asked = user.to_owned();
    let hash = app.book(move |book| book.password_hash(&asked)).await?;
    let password = if password.len() <= LONGEST {
        password
    } else {
        String::new()
    };
    // While this one waits for its turn, others of the same guesser may run into the lock.
    let Some(right) = app
        .passwords
        .verify(password, hash, || allowed().is_ok())
        .await
    else {
        app.metrics.login("busy");
        return Err(locked(Duration::from_secs(1)));
    };
    if right {
        app.lockout.right(user, address);
        return Ok(());
    }
    app.metrics.login("wrong");
    let wrong = app.lockout.wrong(user, address, Instant::now());
    let shown: String = user.chars().filter(|c| !c.is_control()).take(40).collect();
    let detail = format!(
        "`{shown}` from {address}: wrong password number {}, {} tries refused unread before, next try in {} s",
        wrong.count,
        wrong.refused,
        wrong.wait.as_secs()
    );
    tracing::warn!(user = shown, %address, wrong = wrong.count, refused = wrong.refused, "wrong password");
    note(app, "-", "login_refused", detail).await;
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "wrong_password",
        "user or password is wrong",
    ))
}

/// Writes into the audit if it can be written: a full disk must not keep people out, and a guesser gets the same answer.
pub(crate) async fn note(app: &App, user: &str, action: &'static str, detail: String) {
    if let Err(refusal) = app.audit(user, action, detail).await {
        tracing::error!(user, action, ?refusal, "the audit could not be written");
    }
}

fn locked(wait: Duration) -> Refusal {
    // Rounded up: a try at the second named must not be refused again.
    let seconds = wait.as_secs() + 1;
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "login_locked",
        format!("too many wrong passwords; try again in {seconds} s"),
    )
    .retry_after(seconds)
}

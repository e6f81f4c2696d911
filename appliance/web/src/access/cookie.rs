//! The session cookie.

use axum::http::{HeaderMap, HeaderValue, header};

const NAME: &str = "moldsight_session";

/// The secret of the session a request brings.
pub(crate) fn session_secret(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME).then_some(value))
}

/// Gives the browser a session. `secure`: the browser must never send it in the open.
pub(crate) fn session_cookie(secret: &str, secure: bool) -> HeaderValue {
    cookie(secret, "", secure)
}

/// Takes it away again.
pub(crate) fn clear_cookie(secure: bool) -> HeaderValue {
    cookie("", "; Max-Age=0", secure)
}

fn cookie(value: &str, age: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"
    ))
    .expect("hexadecimal digits and these words are a valid header")
}

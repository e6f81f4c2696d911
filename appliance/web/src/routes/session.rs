//! Logging in and out.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{
    self, Anyone, Caller, clear_cookie, client_address, session_cookie, session_digest,
};
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Refusal, Refusals};
use crate::view::SessionView;

/// User and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// Name.
    user: String,
    /// Password.
    password: String,
}

/// Old and new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The one in use.
    old: String,
    /// The next one.
    #[schema(min_length = 10, max_length = 200)]
    new: String,
}

/// Logs in: sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = Login,
    responses((status = 200, body = SessionView), Refusals))]
pub(super) async fn log_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<Response, Refusal> {
    let address = client_address(peer, &headers, app.settings.proxy);
    let secret = access::log_in(&app, address, login.user, login.password).await?;
    opened(&app, &secret).await
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = SessionView), Refusals))]
pub(super) async fn who_am_i(Anyone(caller): Anyone) -> Result<axum::Json<SessionView>, Refusal> {
    caller
        .session_view()
        .map(axum::Json)
        .ok_or_else(|| Refusal::not_found("session: an API token was sent"))
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204), Refusals))]
pub(super) async fn log_out(
    State(app): State<App>,
    Anyone(caller): Anyone,
) -> Result<Response, Refusal> {
    if let Some(secret) = caller.session {
        app.book(move |book| book.close_session(&secret)).await?;
        app.audit(&caller.name, "logout", "").await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, clear_cookie(app.secure()))]),
    )
        .into_response())
}

/// Changes one's own password; all other sessions of the user end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), Refusals))]
pub(super) async fn change_own_password(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Anyone(caller): Anyone,
    Json(change): Json<PasswordChange>,
) -> Result<StatusCode, Refusal> {
    let Some(secret) = caller.session else {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "role",
            "an API token has no password",
        ));
    };
    let address = client_address(peer, &headers, app.settings.proxy);
    access::confirm_password(&app, address, &caller.name, change.old.clone()).await?;
    if change.old == change.new {
        return Err(crate::error::WebError::from(access::Rule::SamePassword).into());
    }
    let name = caller.name.clone();
    app.book(move |book| book.change_password(&name, &change.new, &session_digest(&secret)))
        .await?;
    app.audit(&caller.name, "password", "changed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Spends a one-time login link, then shows the dashboard.
#[utoipa::path(get, path = "/once/{secret}", tag = "session", security(()), params(("secret" = String, Path, description = "From the output of the program")),
    responses((status = 303, description = "To the dashboard, logged in"), Refusals))]
pub(super) async fn use_login_link(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Response, Refusal> {
    let opened = app
        .book(move |book| match book.use_link(&secret) {
            Some(user) => book
                .open_session(&user, true)
                .map(|opened| Some((user, opened))),
            None => Ok(None),
        })
        .await?;
    let Some((user, opened)) = opened else {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "link_spent",
            "this login link was used before or is too old",
        ));
    };
    access::note(&app, &user, "login_by_link", String::new()).await;
    Ok((
        AppendHeaders([(
            header::SET_COOKIE,
            session_cookie(&opened.secret, app.secure()),
        )]),
        Redirect::to("/"),
    )
        .into_response())
}

/// The answer to a login.
async fn opened(app: &App, opened: &access::Opened) -> Result<Response, Refusal> {
    let view = Caller::of_session(&opened.secret, app)
        .await?
        .session_view()
        .ok_or_else(Refusal::nobody)?;
    let cookie = session_cookie(&opened.secret, app.secure());
    Ok((
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        axum::Json(view),
    )
        .into_response())
}

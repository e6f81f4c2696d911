//! Accounts.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Engineer;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Refusal, Refusals};
use crate::view::{Role, UserMade, UserView};

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// Name.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// Role.
    role: Role,
    /// First password; the box draws one where none is given.
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
}

/// What to change of an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// New role.
    role: Option<Role>,
    /// New first password.
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
    /// True: the box draws a new first password.
    #[serde(default)]
    reset: bool,
}

/// All accounts.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = [UserView]), Refusals))]
pub(super) async fn users(
    State(app): State<App>,
    Engineer(_): Engineer,
) -> Result<axum::Json<Vec<UserView>>, Refusal> {
    app.book(|book| book.users()).await.map(axum::Json)
}

/// Makes an account; a password the box drew is shown once.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser, responses((status = 201, body = UserMade), Refusals))]
pub(super) async fn add_user(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<UserMade>), Refusal> {
    let detail = format!("{} as {}", new.name, new.role.name());
    let made = app
        .book(move |book| book.add_user(&new.name, new.role, new.password.as_deref()))
        .await?;
    app.audit(&caller.name, "user_added", detail).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Changes an account's role or first password; its sessions end.
#[utoipa::path(put, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path, description = "Name")),
    request_body = UserChange, responses((status = 200, body = UserMade), Refusals))]
pub(super) async fn change_user(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Path(name): Path<String>,
    Json(change): Json<UserChange>,
) -> Result<axum::Json<UserMade>, Refusal> {
    let reset = change.reset || change.password.is_some();
    let role = change.role.map_or("same role", Role::name);
    let detail = format!(
        "{name}: {role}, {}",
        if reset {
            "new first password"
        } else {
            "same password"
        }
    );
    let made = app
        .book(move |book| {
            if let Some(role) = change.role {
                book.set_role(&name, role)?;
            }
            let password = if reset {
                book.reset_password(&name, change.password.as_deref())?
            } else {
                None
            };
            Ok(UserMade {
                user: book.user(&name)?,
                password,
            })
        })
        .await?;
    app.audit(&caller.name, "user_changed", detail).await?;
    Ok(axum::Json(made))
}

/// Removes an account, its sessions, and the API tokens it made.
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path, description = "Name")),
    responses((status = 204), Refusals))]
pub(super) async fn remove_user(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let detail = name.clone();
    app.book(move |book| book.remove_user(&name)).await?;
    app.audit(&caller.name, "user_removed", detail).await?;
    Ok(StatusCode::NO_CONTENT)
}

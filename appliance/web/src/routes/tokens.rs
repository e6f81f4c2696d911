//! API tokens.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Engineer;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Refusal, Refusals};
use crate::view::{Role, TokenMade, TokenView};

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// Role.
    role: Role,
    /// Ends, ms since 1970; never where none is given.
    expires_ms: Option<i64>,
}

/// All tokens, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "users", responses((status = 200, body = [TokenView]), Refusals))]
pub(super) async fn tokens(
    State(app): State<App>,
    Engineer(_): Engineer,
) -> Result<axum::Json<Vec<TokenView>>, Refusal> {
    app.book(|book| book.tokens()).await.map(axum::Json)
}

/// Makes a token; its secret is shown once. It goes when the account that made it is removed.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "users", request_body = NewToken, responses((status = 201, body = TokenMade), Refusals))]
pub(super) async fn add_token(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<TokenMade>), Refusal> {
    let detail = format!("{} as {}", new.name, new.role.name());
    let account = caller.account.clone();
    let made = app
        .book(move |book| book.add_token(&new.name, new.role, &account, new.expires_ms))
        .await?;
    app.audit(&caller.name, "token_added", detail).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Ends a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "users", params(("id" = u64, Path, description = "Number")),
    responses((status = 204), Refusals))]
pub(super) async fn remove_token(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Path(id): Path<u64>,
) -> Result<StatusCode, Refusal> {
    if !app.book(move |book| book.remove_token(id)).await? {
        return Err(Refusal::not_found("token"));
    }
    app.audit(&caller.name, "token_removed", format!("number {id}"))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

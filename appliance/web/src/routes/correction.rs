//! What the box would change at the press now, and what people say to it.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::PageParams;
use crate::access::{Engineer, Operator, Viewer};
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Refusal, Refusals};
use crate::view::{CorrectionNow, Decision, DecisionPage};

/// Advice somebody agrees to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    /// Number of the decision.
    id: u64,
}

/// Advice somebody does not agree to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Declined {
    /// Number of the decision.
    id: u64,
    /// Why not, in their words; may be empty.
    #[schema(max_length = 400)]
    reason: String,
}

/// Guard, waiting advice, setpoints and press link now.
#[utoipa::path(get, path = "/api/v1/correction", tag = "corrections", responses((status = 200, body = CorrectionNow), Refusals))]
pub(super) async fn correction(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<axum::Json<CorrectionNow>, Refusal> {
    app.ask(|station| station.correction())
        .await
        .map(axum::Json)
}

/// Decisions, newest first: what was seen, why, what was written, read back, and what came of it.
#[utoipa::path(get, path = "/api/v1/corrections", tag = "corrections", params(PageParams), responses((status = 200, body = DecisionPage), Refusals))]
pub(super) async fn corrections(
    State(app): State<App>,
    Viewer(_): Viewer,
    Query(params): Query<PageParams>,
) -> Result<axum::Json<DecisionPage>, Refusal> {
    let query = params.query()?;
    app.ask(move |station| station.corrections(query))
        .await
        .map(axum::Json)
}

/// One decision.
#[utoipa::path(get, path = "/api/v1/corrections/{id}", tag = "corrections", params(("id" = u64, Path, description = "Number of the decision")),
    responses((status = 200, body = Decision), Refusals))]
pub(super) async fn decision(
    State(app): State<App>,
    Viewer(_): Viewer,
    Path(id): Path<u64>,
) -> Result<axum::Json<Decision>, Refusal> {
    app.ask(move |station| station.decision(id))
        .await
        .map(axum::Json)
}

/// Agrees to the waiting advice: it is written as soon as the guard allows. 409 when it no longer waits.
#[utoipa::path(post, path = "/api/v1/correction/confirm", tag = "corrections", request_body = Confirmed, responses((status = 200, body = Decision), Refusals))]
pub(super) async fn confirm(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(Confirmed { id }): Json<Confirmed>,
) -> Result<axum::Json<Decision>, Refusal> {
    // Written first: nothing may reach the press that the audit does not know.
    app.audit(&caller.name, "confirm", format!("correction {id}"))
        .await?;
    let user = caller.name.clone();
    match app.ask(move |station| station.confirm(&user, id)).await {
        Ok(decision) => Ok(axum::Json(decision)),
        Err(refusal) => {
            let detail = format!("correction {id}: {}", refusal.detail());
            app.audit(&caller.name, "confirm_refused", detail).await?;
            Err(refusal)
        }
    }
}

/// Says no to the waiting advice. 409 when it no longer waits.
#[utoipa::path(post, path = "/api/v1/correction/decline", tag = "corrections", request_body = Declined, responses((status = 200, body = Decision), Refusals))]
pub(super) async fn decline(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(Declined { id, reason }): Json<Declined>,
) -> Result<axum::Json<Decision>, Refusal> {
    super::text("reason", &reason, 400)?;
    let (user, words) = (caller.name.clone(), reason.trim().to_owned());
    let decision = app
        .ask(move |station| station.decline(&user, id, &words))
        .await?;
    let detail = format!("correction {id}: {}", reason.trim());
    app.audit(&caller.name, "decline", detail).await?;
    Ok(axum::Json(decision))
}

/// Puts the box back on the press after it was taken off or let go, in the mode of before.
#[utoipa::path(post, path = "/api/v1/correction/arm", tag = "corrections", responses((status = 204), Refusals))]
pub(super) async fn arm(
    State(app): State<App>,
    Engineer(caller): Engineer,
) -> Result<StatusCode, Refusal> {
    // Written first: it gives the box influence.
    app.audit(&caller.name, "arm", "").await?;
    let user = caller.name.clone();
    app.ask(move |station| station.arm(&user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts the recipe as it reads after somebody changed it at the press. 409 when nothing waits to be accepted.
#[utoipa::path(post, path = "/api/v1/correction/accept", tag = "corrections", responses((status = 204), Refusals))]
pub(super) async fn accept_edit(
    State(app): State<App>,
    Operator(caller): Operator,
) -> Result<StatusCode, Refusal> {
    // Written first: corrections go on from there.
    app.audit(&caller.name, "accept_edit", "").await?;
    let user = caller.name.clone();
    app.ask(move |station| station.accept_edit(&user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The one key: takes everything off the press, at once.
#[utoipa::path(post, path = "/api/v1/correction/off", tag = "corrections", responses((status = 204), Refusals))]
pub(super) async fn off(
    State(app): State<App>,
    Operator(caller): Operator,
) -> Result<StatusCode, Refusal> {
    app.ask(|station| station.off()).await?;
    app.audit(&caller.name, "off", "").await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Who may write to the press.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Operator;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Refusal, Refusals};
use crate::view::{Mode, Role};

/// A mode.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModeChange {
    /// Mode.
    mode: Mode,
}

/// Changes the mode: an operator may only take influence away, an engineer may give it.
#[utoipa::path(put, path = "/api/v1/mode", tag = "live", request_body = ModeChange, responses((status = 200, body = ModeChange), Refusals))]
pub(super) async fn set_mode(
    State(app): State<App>,
    Operator(caller): Operator,
    Json(ModeChange { mode }): Json<ModeChange>,
) -> Result<axum::Json<ModeChange>, Refusal> {
    let now = app.ask(|station| Ok(station.mode())).await?;
    let more = influence(mode) > influence(now);
    if more && caller.role < Role::Engineer {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "role",
            "only an engineer may give the box more influence",
        ));
    }
    let detail = format!("{now:?} to {mode:?}").to_lowercase();
    if more {
        // Written first: an audit that fails must stop the box from getting influence, never from losing it.
        app.audit(&caller.name, "mode", detail).await?;
        app.ask(move |station| station.set_mode(mode)).await?;
    } else {
        app.ask(move |station| station.set_mode(mode)).await?;
        app.audit(&caller.name, "mode", detail).await?;
    }
    Ok(axum::Json(ModeChange { mode }))
}

const fn influence(mode: Mode) -> u8 {
    match mode {
        Mode::Observe => 0,
        Mode::Advise => 1,
        Mode::Correct => 2,
    }
}

//! A person clears a suspicion: what the box suspects is as the files say, or was put right.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Engineer;
use crate::app::App;
use crate::problem::{Refusal, Refusals};

/// Begins again where card and mold say: what shots have taught is dropped, trust is earned anew. For an engineer who has put right what
/// the box suspects (material, mold, temperature, sensor).
#[utoipa::path(post, path = "/api/v1/trust/begin_again", tag = "shots", responses((status = 204), Refusals))]
pub(super) async fn begin_again(
    State(app): State<App>,
    Engineer(caller): Engineer,
) -> Result<StatusCode, Refusal> {
    // Written first: what was learned is gone afterwards.
    app.audit(&caller.name, "begin_again", "").await?;
    app.ask(|station| station.begin_again()).await?;
    Ok(StatusCode::NO_CONTENT)
}

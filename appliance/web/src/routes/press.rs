//! What was agreed about the press.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{Engineer, Viewer};
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Refusal, Refusals};
use crate::view::PressSetup;

/// A certificate to trust.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    /// Thumbprint as shown by the press itself: SHA-1 or SHA-256 in hexadecimal.
    #[schema(pattern = "^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$")]
    thumbprint: String,
}

/// Profile, what it may write, and the certificate.
#[utoipa::path(get, path = "/api/v1/press", tag = "press", responses((status = 200, body = PressSetup), Refusals))]
pub(super) async fn press(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<axum::Json<PressSetup>, Refusal> {
    app.ask(|station| station.press()).await.map(axum::Json)
}

/// Pins the press to the certificate it showed. 409 when it showed another one.
#[utoipa::path(post, path = "/api/v1/press/pin", tag = "press", request_body = Pin, responses((status = 200, body = PressSetup), Refusals))]
pub(super) async fn pin(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Json(Pin { thumbprint }): Json<Pin>,
) -> Result<axum::Json<PressSetup>, Refusal> {
    if ![40, 64].contains(&thumbprint.len()) || !thumbprint.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::nonsense(
            "thumbprint",
            "must be 40 or 64 hexadecimal digits",
        ));
    }
    let thumbprint = thumbprint.to_ascii_lowercase();
    // Written first: whom the box trusts is never changed unseen.
    app.audit(&caller.name, "press_pin", thumbprint.clone())
        .await?;
    let user = caller.name.clone();
    app.ask(move |station| station.pin_press(&user, &thumbprint))
        .await
        .map(axum::Json)
}

//! What a part should be.

use axum::extract::State;

use crate::access::{Engineer, Viewer};
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Refusal, Refusals};
use crate::view::{Targets, TargetsChange};

/// Quality targets of the mold.
#[utoipa::path(get, path = "/api/v1/targets", tag = "setup", responses((status = 200, body = Targets), Refusals))]
pub(super) async fn targets(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<axum::Json<Targets>, Refusal> {
    app.ask(|station| station.targets()).await.map(axum::Json)
}

/// Replaces them, all or none.
#[utoipa::path(put, path = "/api/v1/targets", tag = "setup", request_body = TargetsChange, responses((status = 200, body = Targets), Refusals))]
pub(super) async fn set_targets(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Json(change): Json<TargetsChange>,
) -> Result<axum::Json<Targets>, Refusal> {
    check(&change)?;
    let detail = serde_json::to_string(&change).expect("targets hold strings and numbers only");
    let targets = app
        .ask(move |station| station.set_targets(&change.targets))
        .await?;
    app.audit(&caller.name, "targets", detail).await?;
    Ok(axum::Json(targets))
}

/// What can be said without knowing the mold.
fn check(change: &TargetsChange) -> Result<(), Refusal> {
    if change.targets.len() > 32 {
        return Err(Refusal::nonsense("targets", "at most 32 targets"));
    }
    for (at, target) in change.targets.iter().enumerate() {
        super::text("targets.quantity", &target.quantity, 60)?;
        super::text("targets.unit", &target.unit, 20)?;
        if target.quantity.is_empty() {
            return Err(Refusal::nonsense("targets.quantity", "is empty"));
        }
        if target.tolerance <= 0.0 {
            return Err(Refusal::nonsense("targets.tolerance", "must be above zero"));
        }
        if change.targets[..at]
            .iter()
            .any(|other| other.quantity == target.quantity)
        {
            return Err(Refusal::nonsense(
                "targets",
                &format!("`{}` stands twice", target.quantity),
            ));
        }
    }
    Ok(())
}

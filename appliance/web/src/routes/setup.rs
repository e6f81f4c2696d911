//! What an engineer sets.

use axum::extract::State;

use crate::access::{Engineer, Viewer};
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Refusal, Refusals};
use crate::view::{Setup, SetupChange};

/// What is set.
#[utoipa::path(get, path = "/api/v1/setup", tag = "setup", responses((status = 200, body = Setup), Refusals))]
pub(super) async fn setup(
    State(app): State<App>,
    Viewer(_): Viewer,
) -> Result<axum::Json<Setup>, Refusal> {
    app.ask(|station| station.setup()).await.map(axum::Json)
}

/// Changes it, as a whole or not at all.
#[utoipa::path(put, path = "/api/v1/setup", tag = "setup", request_body = SetupChange, responses((status = 200, body = Setup), Refusals))]
pub(super) async fn change_setup(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Json(change): Json<SetupChange>,
) -> Result<axum::Json<Setup>, Refusal> {
    check(&change)?;
    let detail = serde_json::to_string(&change).expect("a setup holds strings and numbers only");
    let setup = app
        .ask(move |station| station.change_setup(&change))
        .await?;
    app.audit(&caller.name, "setup", detail).await?;
    Ok(axum::Json(setup))
}

/// What can be said without knowing the mold.
fn check(change: &SetupChange) -> Result<(), Refusal> {
    super::text("mold", &change.mold, 100)?;
    super::text("material", &change.material, 100)?;
    if change.sensors.len() > 64 || change.limits.len() > 64 {
        return Err(Refusal::nonsense(
            "sensors",
            "at most 64 sensors and 64 limits",
        ));
    }
    for sensor in &change.sensors {
        super::text("sensors.channel", &sensor.channel, 100)?;
        super::text(
            "sensors.sensor",
            sensor.sensor.as_deref().unwrap_or_default(),
            100,
        )?;
        if sensor.scale == Some(0.0) {
            return Err(Refusal::nonsense("sensors.scale", "must not be zero"));
        }
    }
    for limit in &change.limits {
        super::text("limits.name", &limit.name, 100)?;
        super::text("limits.unit", &limit.unit, 20)?;
        if let (Some(lower), Some(upper)) = (limit.lower, limit.upper)
            && lower >= upper
        {
            return Err(Refusal::nonsense(
                "limits",
                &format!(
                    "the lower limit of `{}` is not below the upper one",
                    limit.name
                ),
            ));
        }
    }
    Ok(())
}

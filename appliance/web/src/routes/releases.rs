//! A new release, brought as one file.

use std::io::{Seek, SeekFrom, Write};

use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use crate::access::Engineer;
use crate::app::App;
use crate::archive;
use crate::problem::{Refusal, Refusals};

/// Bytes of an upload.
pub(super) const BODY: usize = 128 * 1024 * 1024;

/// A file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form; read field by field")]
pub(super) struct ReleaseForm {
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    release: String,
}

/// The release taken over.
#[derive(Serialize, ToSchema)]
pub(super) struct ReleaseMade {
    /// Name of its folder.
    name: String,
}

/// Imports a release folder packed as zip or tar (128 MB at most). It is used once the setup names its mold.
#[utoipa::path(post, path = "/api/v1/releases", tag = "setup", request_body(content = ReleaseForm, content_type = "multipart/form-data"),
    responses((status = 201, body = ReleaseMade), Refusals))]
pub(super) async fn import_release(
    State(app): State<App>,
    Engineer(caller): Engineer,
    request: Request,
) -> Result<(StatusCode, axum::Json<ReleaseMade>), Refusal> {
    let _place = app
        .heavy
        .clone()
        .try_acquire_owned()
        .map_err(|_| super::export::busy())?;
    let mut form = Multipart::from_request(request, &app).await?;
    let mut file = scratch_file(&app)?;
    let mut found = false;
    while let Some(mut field) = form.next_field().await? {
        if found || field.name() != Some("release") {
            return Err(Refusal::nonsense("form", "has one file, named `release`"));
        }
        found = true;
        while let Some(chunk) = field.chunk().await? {
            // Chunks are small and go to the page cache: not worth a thread each.
            file.write_all(&chunk)
                .map_err(|error| Refusal::failed("keeping the upload", &error))?;
        }
    }
    if !found {
        return Err(Refusal::nonsense(
            "release",
            "the form has no file of this name",
        ));
    }
    let folder = scratch_folder(&app)?;
    let at = folder.path().to_owned();
    let unpacked = spawn_blocking(move || {
        file.seek(SeekFrom::Start(0))
            .map_err(|error| Refusal::failed("reading the upload", &error))?;
        archive::unpack(file, &at)
    });
    let root = unpacked
        .await
        .map_err(|broken| Refusal::failed("unpacking", &broken))??;
    let name = app
        .ask(move |station| station.import_release(&root))
        .await?;
    app.audit(&caller.name, "release", name.clone()).await?;
    Ok((StatusCode::CREATED, axum::Json(ReleaseMade { name })))
}

fn scratch_file(app: &App) -> Result<std::fs::File, Refusal> {
    let made = match &app.settings.scratch {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    };
    made.map_err(|error| Refusal::failed("making room for the upload", &error))
}

/// An empty folder that goes when it is dropped.
pub(super) fn scratch_folder(app: &App) -> Result<tempfile::TempDir, Refusal> {
    let made = match &app.settings.scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    made.map_err(|error| Refusal::failed("making a folder", &error))
}

//! Records to take away.

use std::io::{self, Write};

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};

use super::releases::scratch_folder;
use crate::access::Engineer;
use crate::app::App;
use crate::archive;
use crate::extract::Query;
use crate::problem::{Refusal, Refusals};
use crate::station::{ExportFormat, ExportQuery};

/// Format of the curves.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Csv,
    Parquet,
}

/// What to export.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// First shot.
    from: u64,
    /// Last shot, included; at most 10 000 shots at once.
    to: u64,
    /// Format of the curves.
    #[param(inline)]
    format: Format,
}

/// Shots as one zip: curves, tables and a data dictionary.
#[utoipa::path(get, path = "/api/v1/export", tag = "shots", params(ExportParams),
    responses((status = 200, description = "Zip", content_type = "application/zip"), Refusals))]
pub(super) async fn export(
    State(app): State<App>,
    Engineer(caller): Engineer,
    Query(params): Query<ExportParams>,
) -> Result<Response, Refusal> {
    let ExportParams { from, to, format } = params;
    super::number("from", Some(from))?;
    super::number("to", Some(to))?;
    if to < from || to - from >= 10_000 {
        return Err(Refusal::nonsense(
            "to",
            "must not be below `from`, and at most 10 000 shots go at once",
        ));
    }
    let place = app.heavy.clone().try_acquire_owned().map_err(|_| busy())?;
    let folder = scratch_folder(&app)?;
    let into = folder.path().to_owned();
    let format = match format {
        Format::Csv => ExportFormat::Csv,
        Format::Parquet => ExportFormat::Parquet,
    };
    app.ask(move |station| station.export(&ExportQuery { from, to, format }, &into))
        .await?;
    app.audit(&caller.name, "export", format!("shots {from} to {to}"))
        .await?;

    let (send, receive) = mpsc::channel(4);
    spawn_blocking(move || {
        let mut pipe = io::BufWriter::with_capacity(64 * 1024, Pipe(send.clone()));
        if let Err(error) = archive::pack(folder.path(), &mut pipe).and_then(|()| pipe.flush()) {
            // The reader sees a broken download, not a short one that looks whole.
            let _ = send.blocking_send(Err(error));
        }
        drop((folder, place));
    });
    let stream = unfold(receive, async |mut receive| {
        receive.recv().await.map(|part| (part, receive))
    });
    let name = format!("attachment; filename=\"moldsight-{from}-{to}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Another upload or export is running.
pub(super) fn busy() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "another export or import is running",
    )
    .retry_after(5)
}

/// Bytes on their way to the reader; waits for a slow one, ends with one that is gone.
struct Pipe(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

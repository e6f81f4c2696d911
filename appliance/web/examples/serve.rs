//! Serves a station in memory, a press that never stops, for work on the dashboard and for fuzzing the API.
//!
//! ```text
//! cargo run --release -p appliance-web --example serve [ADDRESS [no-press]]      default 127.0.0.1:8088
//! ```
//!
//! Users `viewer`, `operator` and `engineer`, password `press-and-mold`; an API token of each role is printed.
//! Accounts live in a folder that goes at the end.

#[path = "../tests/web/station/mod.rs"]
mod station;

use std::sync::Arc;
use std::time::Duration;

use appliance_web::view::Role;
use appliance_web::{Book, Server, WebSettings};

const PASSWORD: &str = "press-and-mold";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = WebSettings::default();
    if let Some(address) = std::env::args().nth(1) {
        settings.listen = address.parse()?;
    }
    let folder = tempfile::tempdir()?;
    let (book, _) = Book::open(&folder.path().join("access.sqlite"))?;
    for role in [Role::Viewer, Role::Operator, Role::Engineer] {
        if role != Role::Engineer {
            book.add_user(role.name(), role, None)?;
        }
        book.set_password(role.name(), PASSWORD)?;
        println!(
            "token {}: {}",
            role.name(),
            book.add_token(role.name(), role, "engineer", None)?.secret
        );
    }
    let link = book.login_link("engineer", Duration::from_secs(3600))?;
    let memory = station::Memory::new();
    memory.closing().press.present = std::env::args().nth(2).as_deref() != Some("no-press");
    let live = memory.clone().publish(Duration::from_millis(66)).await;
    let server = Server::bind(settings, Arc::new(book)).await?;
    println!("users viewer, operator, engineer; password {PASSWORD}");
    println!("{url}   one-time login: {url}{link}", url = server.url());
    let shutdown = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    server
        .run(memory, live, prometheus::Registry::new(), shutdown)
        .await?;
    Ok(())
}

//! Accounts, sessions, tokens, links.

use std::time::Duration;

use appliance_web::Book;
use appliance_web::view::Role;
use serde_json::json;

use crate::rig::{PASSWORD, Rig, ask, login, session};

#[tokio::test]
async fn the_first_password_is_drawn_and_must_be_changed() {
    let rig = Rig::start().await;
    let made = rig
        .by(
            Role::Engineer,
            ask("POST", "/api/v1/users").json(&json!({"name": "kim", "role": "operator"})),
        )
        .await;
    assert_eq!(made.status, 201);
    let first = made.json()["password"].as_str().unwrap().to_owned();

    let reply = rig.send(login("kim", &first)).await;
    assert_eq!(reply.json()["must_change_password"], true);
    let kim = session(&reply);
    let refused = rig
        .send(ask("GET", "/api/v1/live/latest").session(&kim))
        .await;
    assert_eq!(
        (refused.status, refused.key().as_str()),
        (403, "password_change_needed")
    );

    let change = |old: &str, new: &str| {
        ask("PUT", "/api/v1/session/password")
            .json(&json!({"old": old, "new": new}))
            .session(&kim)
    };
    assert_eq!(
        rig.send(change("not-the-old-one", "new-password-1"))
            .await
            .status,
        401
    );
    for (new, key) in [("short", "bad_password"), (first.as_str(), "same_password")] {
        let weak = rig.send(change(&first, new)).await;
        assert_eq!((weak.status, weak.key().as_str()), (422, key));
    }
    assert_eq!(rig.send(change(&first, "new-password-1")).await.status, 204);
    assert_eq!(
        rig.send(ask("GET", "/api/v1/live/latest").session(&kim))
            .await
            .status,
        200
    );
    assert_eq!(rig.send(login("kim", &first)).await.status, 401);
    assert_eq!(
        rig.send(login("kim", "new-password-1")).await.json()["must_change_password"],
        false
    );
}

#[tokio::test]
async fn a_cookie_is_out_of_reach_of_scripts_and_other_sites_and_ends_with_the_session() {
    let rig = Rig::start().await;
    let reply = rig.send(login("viewer", PASSWORD)).await;
    let cookie = reply.header("set-cookie");
    for part in [
        "moldsight_session=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let viewer = session(&reply);
    let who = rig
        .send(ask("GET", "/api/v1/session").session(&viewer))
        .await
        .json();
    assert_eq!(
        (who["user"].as_str(), who["role"].as_str()),
        (Some("viewer"), Some("viewer"))
    );
    assert_eq!(
        rig.send(ask("DELETE", "/api/v1/session").session(&viewer))
            .await
            .status,
        204
    );
    assert_eq!(
        rig.send(ask("GET", "/api/v1/session").session(&viewer))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_reset_password_a_new_role_and_a_removal_end_the_sessions_of_a_user() {
    let rig = Rig::start().await;
    let put = |body| ask("PUT", "/api/v1/users/operator").json(&body);
    let here = async |session| {
        rig.send(ask("GET", "/api/v1/session").session(session))
            .await
            .status
    };

    let operator = rig.log_in("operator", PASSWORD).await;
    let reset = rig.by(Role::Engineer, put(json!({"reset": true}))).await;
    let drawn = reset.json()["password"].as_str().unwrap().to_owned();
    assert_eq!(here(&operator).await, 401);

    let operator = rig.log_in("operator", &drawn).await;
    assert_eq!(
        rig.by(Role::Engineer, put(json!({"role": "viewer"})))
            .await
            .json()["user"]["role"],
        "viewer"
    );
    assert_eq!(here(&operator).await, 401);

    let operator = rig.log_in("operator", &drawn).await;
    assert_eq!(
        rig.by(Role::Engineer, ask("DELETE", "/api/v1/users/operator"))
            .await
            .status,
        204
    );
    assert_eq!(here(&operator).await, 401);
}

#[tokio::test]
async fn the_last_engineer_stays() {
    let rig = Rig::start().await;
    for ask in [
        ask("DELETE", "/api/v1/users/engineer"),
        ask("PUT", "/api/v1/users/engineer").json(&json!({"role": "viewer"})),
    ] {
        let reply = rig.by(Role::Engineer, ask).await;
        assert_eq!((reply.status, reply.key().as_str()), (409, "last_engineer"));
    }
}

#[tokio::test]
async fn a_token_is_shown_once_ends_on_time_and_goes_with_its_maker() {
    let rig = Rig::start().await;
    let make = |name: &str, expires| {
        ask("POST", "/api/v1/tokens")
            .json(&json!({"name": name, "role": "viewer", "expires_ms": expires}))
    };
    let look = |secret: &str| ask("GET", "/api/v1/mold").bearer(secret);
    let made = rig.by(Role::Engineer, make("scraper", None)).await;
    assert_eq!(made.status, 201);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(rig.send(look(&secret)).await.status, 200);
    let listed = String::from_utf8(
        rig.by(Role::Engineer, ask("GET", "/api/v1/tokens"))
            .await
            .body,
    )
    .unwrap();
    assert!(listed.contains("scraper") && !listed.contains(&secret));
    let file = std::fs::read(rig.folder.path().join("access.sqlite-wal")).unwrap();
    assert!(
        !file
            .windows(64)
            .any(|part| part == &secret.as_bytes()[secret.len() - 64..]),
        "the secret is kept as it is"
    );

    let past = rig
        .by(Role::Engineer, make("past", Some(1_000)))
        .await
        .json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(rig.send(look(&past)).await.status, 401);

    let id = made.json()["token"]["id"].as_u64().unwrap();
    assert_eq!(
        rig.by(
            Role::Engineer,
            ask("DELETE", &format!("/api/v1/tokens/{id}"))
        )
        .await
        .status,
        204
    );
    assert_eq!(rig.send(look(&secret)).await.status, 401);

    rig.book.add_user("lee", Role::Engineer, None).unwrap();
    let lees = rig
        .book
        .add_token("lees", Role::Viewer, "lee", None)
        .unwrap()
        .secret;
    assert_eq!(rig.send(look(&lees)).await.status, 200);
    rig.book.remove_user("lee").unwrap();
    assert_eq!(rig.send(look(&lees)).await.status, 401);
}

#[tokio::test]
async fn a_login_link_works_once() {
    let rig = Rig::start().await;
    let link = rig
        .book
        .login_link("engineer", Duration::from_secs(60))
        .unwrap();
    let reply = rig.send(ask("GET", &link)).await;
    assert_eq!((reply.status, reply.header("location")), (303, "/"));
    let cookie = reply
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        rig.send(ask("GET", "/api/v1/users").header("cookie", &cookie))
            .await
            .status,
        200
    );
    assert_eq!(rig.send(ask("GET", &link)).await.status, 404);
    let late = rig.book.login_link("engineer", Duration::ZERO).unwrap();
    assert_eq!(rig.send(ask("GET", &late)).await.status, 404);
}

#[test]
fn the_first_run_makes_one_engineer_with_a_password_of_its_own_and_a_file_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/access.sqlite");
    let (book, first) = Book::open(&path).unwrap();
    let first = first.unwrap();
    assert_eq!(book.users().unwrap()[0].name, first.user);
    assert!(book.users().unwrap()[0].must_change_password);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (_, again) = Book::open(&path).unwrap();
    assert!(again.is_none());
    let other = tempfile::tempdir().unwrap();
    let (_, second) = Book::open(&other.path().join("access.sqlite")).unwrap();
    assert_ne!(first.password, second.unwrap().password);
}

#[tokio::test]
async fn another_program_changes_the_book_while_the_server_runs() {
    let rig = Rig::start().await;
    let operator = rig.log_in("operator", PASSWORD).await;
    let (other, first) = Book::open(&rig.folder.path().join("access.sqlite")).unwrap();
    assert!(first.is_none());
    let drawn = other.reset_password("operator", None).unwrap().unwrap();
    assert_eq!(
        rig.send(ask("GET", "/api/v1/session").session(&operator))
            .await
            .status,
        401
    );
    rig.log_in("operator", &drawn).await;
}

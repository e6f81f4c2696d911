//! Who may do what, route by route.

use std::collections::BTreeSet;

use appliance_web::view::Role;
use serde_json::{Value, json};

use crate::rig::{Ask, Rig, ask};

/// What a route asks for at least.
struct Line {
    method: &'static str,
    path: &'static str,
    /// The path with its parts filled in.
    at: &'static str,
    body: Option<Value>,
    least: Role,
}

fn table() -> Vec<Line> {
    use Role::{Engineer, Operator, Viewer};
    let line = |method, path, at, body, least| Line {
        method,
        path,
        at,
        body,
        least,
    };
    let get = |path, at, least| line("GET", path, at, None, least);
    let setup = json!({"mold": "plate-ps", "material": "PS 678E", "sensors": [], "limits": [], "cycle": {}});
    vec![
        get("/api/v1/live", "/api/v1/live", Viewer),
        get("/api/v1/live/latest", "/api/v1/live/latest", Viewer),
        get("/api/v1/live/course", "/api/v1/live/course", Viewer),
        get("/api/v1/mold", "/api/v1/mold", Viewer),
        get("/api/v1/health", "/api/v1/health", Viewer),
        get("/api/v1/shots", "/api/v1/shots?limit=3", Viewer),
        get("/api/v1/shots/{shot}", "/api/v1/shots/12?points=10", Viewer),
        get(
            "/api/v1/trends",
            "/api/v1/trends?feature=part_weight",
            Viewer,
        ),
        get("/api/v1/reference", "/api/v1/reference", Viewer),
        get("/api/v1/whitebox", "/api/v1/whitebox?shots=3", Viewer),
        get("/api/v1/log", "/api/v1/log", Viewer),
        get("/api/v1/log/{id}/photo", "/api/v1/log/1/photo", Viewer),
        get("/api/v1/setup", "/api/v1/setup", Viewer),
        get("/api/v1/correction", "/api/v1/correction", Viewer),
        get("/api/v1/corrections", "/api/v1/corrections?limit=3", Viewer),
        get("/api/v1/corrections/{id}", "/api/v1/corrections/7", Viewer),
        get("/api/v1/press", "/api/v1/press", Viewer),
        get("/api/v1/targets", "/api/v1/targets", Viewer),
        get("/metrics", "/metrics", Viewer),
        line(
            "POST",
            "/api/v1/what-if",
            "/api/v1/what-if",
            Some(json!({"changes": {"hold_pressure": 43e6}})),
            Viewer,
        ),
        line(
            "POST",
            "/api/v1/correction/confirm",
            "/api/v1/correction/confirm",
            Some(json!({"id": 1})),
            Operator,
        ),
        line(
            "POST",
            "/api/v1/correction/decline",
            "/api/v1/correction/decline",
            Some(json!({"id": 1, "reason": ""})),
            Operator,
        ),
        line(
            "POST",
            "/api/v1/correction/arm",
            "/api/v1/correction/arm",
            None,
            Engineer,
        ),
        line(
            "POST",
            "/api/v1/correction/accept",
            "/api/v1/correction/accept",
            None,
            Operator,
        ),
        line(
            "POST",
            "/api/v1/trust/begin_again",
            "/api/v1/trust/begin_again",
            None,
            Engineer,
        ),
        line(
            "POST",
            "/api/v1/press/pin",
            "/api/v1/press/pin",
            Some(json!({"thumbprint": crate::station::closing::THUMBPRINT})),
            Engineer,
        ),
        line(
            "PUT",
            "/api/v1/targets",
            "/api/v1/targets",
            Some(json!({"targets": []})),
            Engineer,
        ),
        line(
            "PUT",
            "/api/v1/shots/{shot}/labels",
            "/api/v1/shots/12/labels",
            Some(json!({"name": "part_weight_g", "value": 11.6})),
            Operator,
        ),
        line(
            "POST",
            "/api/v1/log",
            "/api/v1/log",
            Some(json!({"kind": "note", "text": "x"})),
            Operator,
        ),
        line(
            "PUT",
            "/api/v1/mode",
            "/api/v1/mode",
            Some(json!({"mode": "observe"})),
            Operator,
        ),
        line(
            "POST",
            "/api/v1/correction/off",
            "/api/v1/correction/off",
            None,
            Operator,
        ),
        line(
            "PUT",
            "/api/v1/reference/{shot}",
            "/api/v1/reference/12",
            None,
            Engineer,
        ),
        line(
            "PUT",
            "/api/v1/setup",
            "/api/v1/setup",
            Some(setup),
            Engineer,
        ),
        line(
            "POST",
            "/api/v1/releases",
            "/api/v1/releases",
            None,
            Engineer,
        ),
        get(
            "/api/v1/export",
            "/api/v1/export?from=1&to=2&format=csv",
            Engineer,
        ),
        get("/api/v1/users", "/api/v1/users", Engineer),
        line(
            "POST",
            "/api/v1/users",
            "/api/v1/users",
            Some(json!({"name": "park", "role": "viewer"})),
            Engineer,
        ),
        line(
            "PUT",
            "/api/v1/users/{name}",
            "/api/v1/users/nobody",
            Some(json!({"role": "viewer"})),
            Engineer,
        ),
        line(
            "DELETE",
            "/api/v1/users/{name}",
            "/api/v1/users/nobody",
            None,
            Engineer,
        ),
        get("/api/v1/tokens", "/api/v1/tokens", Engineer),
        line(
            "POST",
            "/api/v1/tokens",
            "/api/v1/tokens",
            Some(json!({"name": "t", "role": "viewer"})),
            Engineer,
        ),
        line(
            "DELETE",
            "/api/v1/tokens/{id}",
            "/api/v1/tokens/999",
            None,
            Engineer,
        ),
        get("/api/v1/audit", "/api/v1/audit", Engineer),
    ]
}

/// Routes anybody may ask, or that have rules of their own.
const OPEN: [(&str, &str); 8] = [
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
    ("PUT", "/api/v1/session/password"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/once/{secret}"),
    ("GET", "/"),
];

fn of(line: &Line) -> Ask {
    let ask = ask(line.method, line.at);
    match &line.body {
        Some(body) => ask.json(body),
        None => ask,
    }
}

#[test]
fn the_table_names_every_route_of_the_document() {
    let document = serde_json::to_value(appliance_web::openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "put", "post", "delete"].contains(&key.as_str()))
        {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let mut listed: BTreeSet<_> = table()
        .iter()
        .map(|line| (line.method.to_owned(), line.path.to_owned()))
        .collect();
    listed.extend(
        OPEN.iter()
            .filter(|(_, path)| *path != "/")
            .map(|(method, path)| ((*method).to_owned(), (*path).to_owned())),
    );
    assert_eq!(documented, listed);
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_no_more() {
    let rig = Rig::start().await;
    for line in table() {
        let nobody = rig.send(of(&line)).await;
        assert_eq!(
            (nobody.status, nobody.key().as_str()),
            (401, "login_needed"),
            "{} {}",
            line.method,
            line.at
        );
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
        let wrong = rig.send(of(&line).bearer("moldsight_0000")).await;
        assert_eq!(wrong.status, 401, "{} {}", line.method, line.at);

        for role in [Role::Viewer, Role::Operator, Role::Engineer] {
            let secret = rig.token(role).to_owned();
            if line.path == "/api/v1/live" {
                assert_eq!(
                    rig.client()
                        .await
                        .open(of(&line).bearer(&secret))
                        .await
                        .status(),
                    200
                );
                continue;
            }
            let reply = rig.by(role, of(&line)).await;
            if role < line.least {
                assert_eq!(
                    (reply.status, reply.key().as_str()),
                    (403, "role"),
                    "{role:?} {} {}",
                    line.method,
                    line.at
                );
            } else {
                assert!(
                    ![401, 403, 405, 500].contains(&reply.status),
                    "{role:?} {} {}: {}",
                    line.method,
                    line.at,
                    reply.status
                );
            }
        }
    }
}

#[tokio::test]
async fn a_session_needs_its_csrf_token_for_everything_that_changes_something() {
    let rig = Rig::start().await;
    let session = rig.log_in("engineer", crate::rig::PASSWORD).await;
    let other = rig.log_in("engineer", crate::rig::PASSWORD).await;
    for line in table().iter().filter(|line| line.method != "GET") {
        let bare = rig.send(of(line).header("cookie", &session.cookie)).await;
        assert_eq!(
            (bare.status, bare.key().as_str()),
            (403, "csrf"),
            "{} {}",
            line.method,
            line.at
        );
        let foreign = rig
            .send(
                of(line)
                    .header("cookie", &session.cookie)
                    .header("x-csrf-token", &other.csrf),
            )
            .await;
        assert_eq!(
            (foreign.status, foreign.key().as_str()),
            (403, "csrf"),
            "{} {}",
            line.method,
            line.at
        );
        let right = rig.send(of(line).session(&session)).await;
        assert_ne!(right.status, 403, "{} {}", line.method, line.at);
    }
    for (method, path) in [
        ("DELETE", "/api/v1/session"),
        ("PUT", "/api/v1/session/password"),
    ] {
        let bare = rig
            .send(ask(method, path).header("cookie", &session.cookie))
            .await;
        assert_eq!(
            (bare.status, bare.key().as_str()),
            (403, "csrf"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn an_operator_takes_influence_away_and_an_engineer_gives_it() {
    let rig = Rig::start().await;
    let to = |mode: &str| ask("PUT", "/api/v1/mode").json(&json!({ "mode": mode }));
    assert_eq!(rig.by(Role::Engineer, to("correct")).await.status, 200);
    assert_eq!(rig.by(Role::Operator, to("advise")).await.status, 200);
    assert_eq!(rig.by(Role::Operator, to("correct")).await.status, 403);
    assert_eq!(
        rig.by(Role::Operator, ask("POST", "/api/v1/correction/off"))
            .await
            .status,
        204
    );
    assert_eq!(rig.by(Role::Operator, to("advise")).await.status, 403);
    let actions: Vec<_> = rig
        .memory
        .audit_lines()
        .into_iter()
        .map(|(user, action, detail)| format!("{user} {action} {detail}"))
        .collect();
    assert_eq!(
        actions,
        [
            "token:operator off ",
            "token:operator mode correct to advise",
            "token:engineer mode advise to correct"
        ]
    );
}

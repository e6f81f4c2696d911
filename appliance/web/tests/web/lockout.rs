//! Wrong passwords: refused, logged, and nobody else notices.

use std::time::{Duration, Instant};

use appliance_web::view::Role;

use crate::rig::{Client, PASSWORD, Rig, ask, login, session};

#[tokio::test]
async fn a_name_nobody_has_is_refused_like_a_wrong_password() {
    let rig = Rig::start().await;
    let (known, unknown) = (
        rig.send(login("viewer", "wrong-password")).await,
        rig.send(login("nobody", "wrong-password")).await,
    );
    assert_eq!((known.status, known.key()), (unknown.status, unknown.key()));
    assert_eq!(known.body, unknown.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_wrong_passwords_are_refused_and_logged_while_others_are_served() {
    let rig = Rig::start().await;
    let begin = Instant::now();
    let address = rig.address;
    let guesser = |from: usize| async move {
        let mut client = Client::connect(address).await;
        let mut read = 0;
        for at in 0..1250 {
            let reply = client
                .send(login("engineer", &format!("guess-{from}-{at}")))
                .await;
            match reply.status {
                401 => read += 1,
                429 => assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1),
                other => panic!("{other}"),
            }
            // Not even the right one is read now.
            if at == 1249 {
                assert_eq!(client.send(login("engineer", PASSWORD)).await.status, 429);
            }
        }
        read
    };
    let guessing: Vec<_> = (0..8).map(|from| tokio::spawn(guesser(from))).collect();

    let (mut worst, mut served) = (Duration::ZERO, 0);
    let mut reader = rig.client().await;
    while guessing.iter().any(|guesser| !guesser.is_finished()) {
        let asked = Instant::now();
        let reply = reader
            .send(ask("GET", "/api/v1/live/latest").bearer(rig.token(Role::Viewer)))
            .await;
        assert_eq!(reply.status, 200);
        worst = worst.max(asked.elapsed());
        served += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut read = 0;
    for guesser in guessing {
        read += guesser.await.unwrap();
    }
    let took = begin.elapsed();
    println!(
        "10 000 wrong passwords in {took:.1?}, {read} of them read; {served} other answers meanwhile, the slowest in {worst:.1?}"
    );
    assert!(read < 40, "{read} guesses were read");
    assert!(
        served > 10 && worst < Duration::from_secs(2),
        "{served} answers, the slowest in {worst:?}"
    );

    // Logged: every guess that was read, with the count of those that were not; and all of them in the metrics.
    let lines: Vec<_> = rig
        .memory
        .audit_lines()
        .into_iter()
        .filter(|(_, action, _)| action == "login_refused")
        .collect();
    assert_eq!(lines.len(), read);
    assert!(
        lines[0].2.contains("`engineer` from 127.0.0.1"),
        "{}",
        lines[0].2
    );
    let metrics =
        String::from_utf8(rig.by(Role::Viewer, ask("GET", "/metrics")).await.body).unwrap();
    let counted: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("moldsight_logins_total") && !line.contains("\"ok\""))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(counted, 10_008);

    // Their owner, elsewhere, waits no longer than told and comes in.
    let mut owner = Client::connect_from("127.0.0.2", address).await;
    let mut reply = owner.send(login("engineer", PASSWORD)).await;
    if reply.status == 429 {
        let wait: u64 = reply.header("retry-after").parse().unwrap();
        assert!(wait <= 61);
        tokio::time::sleep(Duration::from_secs(wait.min(20))).await;
        reply = owner.send(login("engineer", PASSWORD)).await;
    }
    session(&reply);
}

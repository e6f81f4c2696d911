//! The live stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use appliance_web::view::{Course, LiveSnapshot, Phase, Role};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::rig::{Rig, ask};
use crate::station::Memory;

/// Takes a stream of events apart.
struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    async fn open(rig: &Rig) -> Self {
        let ask = ask("GET", "/api/v1/live").bearer(rig.token(Role::Viewer));
        let reply = rig.client().await.open(ask).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Self {
            body: reply.into_body(),
            text: String::new(),
        }
    }

    /// The next snapshot; `None` at the end of the stream.
    async fn next(&mut self) -> Option<LiveSnapshot> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                if let Some(data) = event.strip_prefix("event: snapshot\ndata: ") {
                    return Some(serde_json::from_str(data.trim()).unwrap());
                }
                continue;
            }
            let frame = timeout(Duration::from_secs(10), self.body.frame())
                .await
                .expect("the stream stands still")?;
            self.text
                .push_str(std::str::from_utf8(&frame.ok()?.into_data().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn the_first_snapshot_comes_at_once_and_in_full_and_the_rest_in_order() {
    let rig = Rig::start().await;
    let begin = Instant::now();
    let mut events = Events::open(&rig).await;
    let first = events.next().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert!(
        first.node_pressure_pa.is_some()
            && first.node_temperature_k.is_some()
            && first.node_frozen.is_some()
    );
    assert!(first.node_filled.is_some() && first.forecast.is_some());

    let (mut last, mut with_fields, mut with_forecast) = (first.sequence, 0, 0);
    for _ in 0..30 {
        let next = events.next().await.unwrap();
        assert!(next.sequence > last);
        last = next.sequence;
        with_fields += u32::from(next.node_pressure_pa.is_some());
        with_forecast += u32::from(next.forecast.is_some());
    }
    println!("30 snapshots, {with_fields} with fields, {with_forecast} with a forecast");
    assert!((4..=15).contains(&with_fields), "{with_fields}");
    assert!((1..=12).contains(&with_forecast), "{with_forecast}");
}

/// The course of the running shot, once its last point is that of `last`.
async fn course_up_to(rig: &Rig, last: &LiveSnapshot) -> Course {
    for _ in 0..200 {
        let reply = rig
            .by(Role::Viewer, ask("GET", "/api/v1/live/course"))
            .await;
        let course: Course = serde_json::from_value(reply.json()).unwrap();
        let told = course.curves.first().and_then(|c| c.time_s.last());
        if course.shot == last.shot && told == Some(&(last.shot_time_s as f32)) {
            return course;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the course never came to the last snapshot");
}

#[tokio::test]
async fn a_page_opened_in_the_midst_of_a_shot_gets_what_it_missed() {
    // GIVEN a shot of which thirty snapshots were published before anybody looked
    let memory = Memory::new();
    let mut snapshot = memory.snapshot();
    (snapshot.shot, snapshot.phase, snapshot.shot_time_s) = (7, Phase::Fill, 0.0);
    let (send, live) = watch::channel(Arc::new(snapshot.clone()));
    let rig = Rig::start_with(memory.clone(), live, |_| ()).await;
    course_up_to(&rig, &snapshot).await;
    for step in 1..30 {
        snapshot.shot_time_s = f64::from(step) * 0.125;
        snapshot.phase = if step < 10 { Phase::Fill } else { Phase::Hold };
        snapshot.readings[0].estimate = Some(1e6 + 1e4 * f64::from(step));
        send.send_replace(Arc::new(snapshot.clone()));
        course_up_to(&rig, &snapshot).await;
    }

    // WHEN it is asked for, THEN all of it is there, phases too
    let course = course_up_to(&rig, &snapshot).await;
    assert_eq!(course.phases, [(Phase::Fill, 0.0), (Phase::Hold, 1.25)]);
    assert_eq!(course.curves.len(), snapshot.readings.len());
    assert_eq!(course.curves[0].time_s.len(), 30);
    assert_eq!(course.curves[0].estimate[20], Some(1.2e6));

    // AND the press at rest leaves it standing
    let whole = course;
    snapshot.phase = Phase::Idle;
    send.send_replace(Arc::new(snapshot.clone()));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(course_up_to(&rig, &snapshot).await, whole);

    // AND the next shot begins anew
    (snapshot.shot, snapshot.phase, snapshot.shot_time_s) = (8, Phase::Fill, 0.0);
    send.send_replace(Arc::new(snapshot.clone()));
    let course = course_up_to(&rig, &snapshot).await;
    assert_eq!(course.phases, [(Phase::Fill, 0.0)]);
    assert_eq!(course.curves[0].time_s, [0.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_nobody_up_and_catches_up_in_full() {
    // GIVEN large snapshots, a reader that keeps up, and one that opens the stream and reads nothing
    let memory = Memory::new();
    let (send, live) = watch::channel(Arc::new(memory.snapshot()));
    let rig = Rig::start_with(memory.clone(), live, |_| ()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(rig.address).await.unwrap();
    let head = format!(
        "GET /api/v1/live HTTP/1.1\r\nhost: box\r\nauthorization: Bearer {}\r\n\r\n",
        rig.token(Role::Viewer)
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut quick = Events::open(&rig).await;
    let reading = tokio::spawn(async move {
        let mut last = 0;
        while last < 200 {
            last = quick.next().await.unwrap().sequence;
        }
    });

    // WHEN two hundred of them are published
    let mut longest = Duration::ZERO;
    for sequence in 1..=200 {
        let mut snapshot = memory.snapshot();
        snapshot.sequence = sequence;
        let field = Some(vec![sequence as f32 + 0.25; 30_000]);
        snapshot.node_pressure_pa = field.clone();
        snapshot.node_temperature_k = field.clone();
        snapshot.node_frozen = field.clone();
        snapshot.node_filled = field;
        let begin = Instant::now();
        send.send_replace(Arc::new(snapshot));
        longest = longest.max(begin.elapsed());
        tokio::time::sleep(Duration::from_millis(15)).await;
    }

    // THEN the publisher never waited, the quick reader has the last one
    assert!(longest < Duration::from_millis(200), "{longest:?}");
    timeout(Duration::from_secs(10), reading)
        .await
        .expect("the quick reader was held up")
        .unwrap();

    // AND the slow one misses snapshots, but gets the last, and what follows a gap in full (a gap of a few may be
    // the stream's own on a busy machine: it told everybody the same)
    let mut bytes = Vec::new();
    let mut part = vec![0; 1 << 20];
    while !String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2 << 20)..])
        .contains("{\"sequence\":200,")
    {
        let read = timeout(Duration::from_secs(10), slow.read(&mut part))
            .await
            .expect("the slow reader never got the last")
            .unwrap();
        assert_ne!(read, 0);
        bytes.extend_from_slice(&part[..read]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let heads: Vec<(u64, bool)> = text
        .split("data: {\"sequence\":")
        .skip(1)
        .map(|event| {
            (
                event.split(',').next().unwrap().parse().unwrap(),
                !event.contains("\"node_pressure_pa\":null"),
            )
        })
        .collect();
    let gaps: Vec<_> = heads
        .windows(2)
        .filter(|pair| pair[1].0 > pair[0].0 + 10)
        .collect();
    println!(
        "the slow reader got {} of 200 snapshots, with {} gaps",
        heads.len(),
        gaps.len()
    );
    assert!(heads.len() < 190 && !gaps.is_empty());
    assert!(
        gaps.iter().all(|pair| pair[1].1),
        "a snapshot after a gap came without its fields"
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_program() {
    let rig = Rig::start().await;
    let mine = rig
        .book
        .add_token("mine", Role::Viewer, "engineer", None)
        .unwrap();
    let reply = rig
        .client()
        .await
        .open(ask("GET", "/api/v1/live").bearer(&mine.secret))
        .await;
    let mut events = Events {
        body: reply.into_body(),
        text: String::new(),
    };
    events.next().await.unwrap();
    rig.book.remove_token(mine.token.id).unwrap();
    let begin = Instant::now();
    while events.next().await.is_some() {}
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );

    let mut events = Events::open(&rig).await;
    events.next().await.unwrap();
    let took = rig.stop().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused_and_places_come_back() {
    let memory = Memory::new();
    let live = memory.clone().publish(Duration::from_millis(66)).await;
    let rig = Rig::start_with(memory, live, |settings| settings.most_streams = 2).await;
    let (one, two) = (Events::open(&rig).await, Events::open(&rig).await);
    let third = rig.by(Role::Viewer, ask("GET", "/api/v1/live")).await;
    assert_eq!(
        (third.status, third.key().as_str()),
        (503, "too_many_streams")
    );
    drop((one, two));
    tokio::time::sleep(Duration::from_millis(400)).await;
    Events::open(&rig).await.next().await.unwrap();
}

//! What every press port must do, told once; a rig brings a port and the hand on the press behind it.

use appliance_pipeline::ports::{Change, Operating, PressSignals, Setpoint, Setpoints};
use appliance_press::scripted::Hand;
use appliance_press::{PressError, PressPort, Profile, Refusal, Why};
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// A port, and the press behind it.
pub trait Rig: Send {
    type Port: PressPort;
    fn port(&mut self) -> &mut Self::Port;
    /// What the press says and does, SI.
    fn hand(&self) -> Hand;
    /// What its protocol can say when it refuses a value.
    fn refusals(&self) -> Vec<Why> {
        vec![Why::Range, Why::Type, Why::Access, Why::NotWritable]
    }
    /// The press goes, as if its plug were pulled.
    fn lose(&mut self) -> impl Future<Output = ()> + Send;
    /// It comes back at the same address.
    fn regain(&mut self) -> impl Future<Output = ()> + Send;
}

/// A shipped profile with one setpoint that stays with the operator.
pub fn profile(name: &str, stale_after_s: f64, edit: impl Fn(String) -> String) -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("profiles")
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "stale_after_s = 180.0",
        &format!("stale_after_s = {stale_after_s}\nread_back_within_s = 0.2"),
    );
    let (head, tail) = text.split_once("[setpoint.mold_temperature]").unwrap();
    let tail = tail.replacen("writer = \"box\"", "writer = \"operator\"", 1);
    Profile::parse(
        &edit(format!("{head}[setpoint.mold_temperature]{tail}")),
        &path,
    )
    .unwrap()
}

/// A press in production.
pub fn in_production() -> PressSignals {
    PressSignals {
        cycle: Some(41),
        operating: Operating::Automatic,
        released: Some(true),
        frozen: Some(false),
        setpoints: Setpoints([40e6, 4.0, 13e-6, 30e-6, 503.15, 313.15, 15.0]),
        cycle_data: vec![("cushion_stroke_mm".into(), 5.25)],
        age_s: 0.0,
    }
}

fn change(values: &[(Setpoint, f64)]) -> Change {
    Change {
        values: values.to_vec(),
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs()
}

#[track_caller]
fn refusals(result: Result<Setpoints, PressError>) -> Vec<Refusal> {
    match result {
        Err(PressError::Refused { refusals }) => refusals,
        other => panic!("refused was expected: {other:?}"),
    }
}

pub async fn it_reads_what_the_press_says(mut rig: impl Rig) {
    let said = rig.hand().script().signals.clone();
    let read = rig.port().read().await.unwrap();
    assert_eq!(
        (read.cycle, read.operating, read.released, read.frozen),
        (said.cycle, said.operating, said.released, said.frozen)
    );
    for s in Setpoint::ALL {
        assert!(
            near(read.setpoints[s], said.setpoints[s]),
            "{s:?}: {} is not {}",
            read.setpoints[s],
            said.setpoints[s]
        );
    }
    let stroke = read
        .cycle_data
        .iter()
        .find(|(n, _)| n == "cushion_stroke_mm")
        .unwrap()
        .1;
    assert!(near(stroke, 5.25));
}

pub async fn it_writes_and_reads_back(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    let wanted = change(&[
        (Setpoint::HoldPressure, 41.5e6),
        (Setpoint::MeltTemperature, 501.0),
    ]);
    let back = rig.port().apply(&wanted).await.unwrap();
    let stands = rig.hand().script().signals.setpoints;
    for (s, v) in wanted.values {
        assert!(
            near(back[s], v) && near(stands[s], v),
            "{s:?}: {} and {}",
            back[s],
            stands[s]
        );
    }
    assert!(
        near(back[Setpoint::HoldTime], 4.0),
        "what was not named stays"
    );
    assert_eq!(rig.hand().script().sent.len(), 2);
}

pub async fn a_refusal_of_the_press_is_named_and_not_repeated(mut rig: impl Rig) {
    for why in rig.refusals() {
        rig.port().read().await.unwrap();
        rig.hand().script().sent.clear();
        rig.hand().script().refuses[Setpoint::HoldTime as usize] = Some(why.clone());
        let refused = refusals(
            rig.port()
                .apply(&change(&[(Setpoint::HoldTime, 5.0)]))
                .await,
        );
        assert_eq!(
            (refused[0].setpoint, &refused[0].why, refused[0].unit),
            (Setpoint::HoldTime, &why, "s")
        );
        assert!(near(refused[0].value, 5.0));
        assert_eq!(rig.hand().script().sent.len(), 1, "sent once");
        assert!(near(
            rig.hand().script().signals.setpoints[Setpoint::HoldTime],
            4.0
        ));
    }
}

pub async fn a_change_taken_in_part_says_which_part(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    rig.hand().script().refuses[Setpoint::HoldTime as usize] = Some(Why::Range);
    let wanted = change(&[(Setpoint::HoldPressure, 41e6), (Setpoint::HoldTime, 5.0)]);
    match rig.port().apply(&wanted).await {
        Err(PressError::Partly { written, refusals }) => {
            assert_eq!(written, [(Setpoint::HoldPressure, 41e6)]);
            assert_eq!(
                (refusals.len(), refusals[0].setpoint),
                (1, Setpoint::HoldTime)
            );
        }
        other => panic!("{other:?}"),
    }
    let stands = rig.hand().script().signals.setpoints;
    assert!(near(stands[Setpoint::HoldPressure], 41e6) && near(stands[Setpoint::HoldTime], 4.0));
}

pub async fn what_the_profile_forbids_is_never_sent(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    let limit = rig
        .port()
        .abilities()
        .writable(Setpoint::HoldPressure)
        .unwrap()
        .high;
    let good = (Setpoint::HoldTime, 5.0);
    for (bad, count) in [
        (change(&[good, (Setpoint::HoldPressure, 1.0001 * limit)]), 1),
        (
            change(&[(Setpoint::HoldPressure, -1.0), (Setpoint::HoldTime, 1e9)]),
            2,
        ),
        (change(&[(Setpoint::HoldPressure, f64::NAN)]), 1),
        (change(&[good, good]), 1),
        (change(&[good, (Setpoint::MoldTemperature, 320.0)]), 1),
    ] {
        assert_eq!(
            refusals(rig.port().apply(&bad).await).len(),
            count,
            "{bad:?}"
        );
    }
    assert!(rig.hand().script().sent.is_empty());
    rig.port()
        .apply(&change(&[(Setpoint::HoldPressure, limit)]))
        .await
        .unwrap();
}

/// Many values, good and bad: whatever arrives at the press lies within the limits of the profile.
pub async fn nothing_outside_the_limits_ever_arrives(mut rig: impl Rig, changes: u64) {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as f64 / u64::MAX as f64
    };
    let abilities = rig.port().abilities().clone();
    let mut arrived = 0;
    for _ in 0..changes {
        rig.port().read().await.unwrap();
        let count = 1 + (3.0 * random()) as usize;
        let mut values = Vec::new();
        for _ in 0..count {
            let s = Setpoint::ALL[(6.999 * random()) as usize];
            let a = abilities.setpoints[s as usize].as_ref().unwrap();
            values.push((s, a.low + (1.4 * random() - 0.2) * (a.high - a.low)));
        }
        let _ = rig.port().apply(&change(&values)).await;
        let sent = std::mem::take(&mut rig.hand().script().sent);
        for (s, v) in sent {
            let a = abilities.writable(s).unwrap();
            assert!(
                v >= a.low - a.tolerance && v <= a.high + a.tolerance,
                "{s:?} {v}"
            );
            arrived += 1;
        }
    }
    assert!(arrived > changes / 10, "some changes are good: {arrived}");
}

pub async fn a_press_that_is_not_open_gets_nothing(mut rig: impl Rig) {
    let wanted = change(&[(Setpoint::HoldTime, 5.0)]);
    type Edit = fn(&mut PressSignals);
    let closed: [(Edit, Why); 5] = [
        (
            |s| s.operating = Operating::Manual,
            Why::Operating(Operating::Manual),
        ),
        (
            |s| s.operating = Operating::Setup,
            Why::Operating(Operating::Setup),
        ),
        (
            |s| s.operating = Operating::Unknown,
            Why::Operating(Operating::Unknown),
        ),
        (|s| s.released = Some(false), Why::NotReleased),
        (|s| s.frozen = Some(true), Why::Frozen),
    ];
    for (edit, why) in closed {
        rig.hand().script().signals = in_production();
        rig.port().read().await.unwrap();
        // The press closes after it was read: the port looks once more.
        edit(&mut rig.hand().script().signals);
        assert_eq!(refusals(rig.port().apply(&wanted).await)[0].why, why);
    }
    assert!(rig.hand().script().sent.is_empty());
    rig.hand().script().signals = in_production();
    rig.port().apply(&wanted).await.unwrap();
}

pub async fn it_reads_before_it_writes(mut rig: impl Rig) {
    let wanted = change(&[(Setpoint::HoldTime, 5.0)]);
    assert!(matches!(
        rig.port().apply(&wanted).await,
        Err(PressError::NotRead)
    ));
    rig.port().read().await.unwrap();
    rig.hand().script().signals.setpoints[Setpoint::HoldPressure] = 42.5e6;
    match rig.port().apply(&wanted).await {
        Err(PressError::Edited {
            setpoint,
            read,
            found,
            unit,
        }) => {
            assert_eq!((setpoint, unit), (Setpoint::HoldPressure, "MPa"));
            assert!(near(read, 40.0) && near(found, 42.5));
        }
        other => panic!("{other:?}"),
    }
    assert!(rig.hand().script().sent.is_empty());
    assert!(
        matches!(rig.port().apply(&wanted).await, Err(PressError::NotRead)),
        "the edit must be read first"
    );
    rig.port().read().await.unwrap();
    rig.port().apply(&wanted).await.unwrap();
}

pub async fn an_edit_during_a_write_is_noticed_at_the_next(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    rig.hand().script().moved_meanwhile = Some((Setpoint::HoldPressure, 42.5e6));
    rig.port()
        .apply(&change(&[(Setpoint::HoldTime, 5.0)]))
        .await
        .unwrap();
    let next = rig
        .port()
        .apply(&change(&[(Setpoint::HoldTime, 5.5)]))
        .await;
    assert!(
        matches!(
            next,
            Err(PressError::Edited {
                setpoint: Setpoint::HoldPressure,
                ..
            })
        ),
        "{next:?}"
    );
    assert_eq!(rig.hand().script().sent.len(), 1);
}

pub async fn a_value_that_does_not_show_is_an_error(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    rig.hand().script().ignores[Setpoint::HoldTime as usize] = true;
    match rig
        .port()
        .apply(&change(&[(Setpoint::HoldTime, 5.0)]))
        .await
    {
        Err(PressError::ReadBack {
            setpoint,
            written,
            found,
            ..
        }) => {
            assert_eq!(setpoint, Setpoint::HoldTime);
            assert!(near(written, 5.0) && near(found, 4.0));
        }
        other => panic!("{other:?}"),
    }
}

pub async fn a_lost_press_is_found_again_and_read_before_it_is_written(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    rig.lose().await;
    let wanted = change(&[(Setpoint::HoldTime, 5.0)]);
    assert!(rig.port().apply(&wanted).await.is_err());
    assert!(rig.port().read().await.is_err());
    rig.hand().script().signals.setpoints[Setpoint::HoldPressure] = 43e6;
    rig.regain().await;
    assert!(matches!(
        rig.port().apply(&wanted).await,
        Err(PressError::NotRead)
    ));
    assert!(rig.hand().script().sent.is_empty());
    let mut read = rig.port().read().await;
    for _ in 0..100 {
        if read.is_ok() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
        read = rig.port().read().await;
    }
    assert!(
        near(read.unwrap().setpoints[Setpoint::HoldPressure], 43e6),
        "what is read is what stands now"
    );
    rig.hand().script().signals.cycle = Some(77);
    assert_eq!(
        rig.port().read().await.unwrap().cycle,
        Some(77),
        "data flow"
    );
    rig.port().apply(&wanted).await.unwrap();
}

pub async fn a_press_that_finishes_no_cycle_is_silent(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    sleep(Duration::from_millis(1300)).await;
    let limit = rig.port().silent_after_s();
    let age = rig.port().read().await.unwrap().age_s;
    assert!(age > limit && limit <= 1.0, "{age} s, at most {limit} s");
    let refused = rig
        .port()
        .apply(&change(&[(Setpoint::HoldTime, 5.0)]))
        .await;
    assert!(
        matches!(refused, Err(PressError::Stale { .. })),
        "{refused:?}"
    );
    assert!(rig.hand().script().sent.is_empty());
    rig.hand().script().signals.cycle = Some(42);
    assert_eq!(rig.port().read().await.unwrap().age_s, 0.0);
    rig.port()
        .apply(&change(&[(Setpoint::HoldTime, 5.0)]))
        .await
        .unwrap();
}

pub async fn a_finished_cycle_is_told_once(mut rig: impl Rig) {
    rig.port().read().await.unwrap();
    assert!(rig.port().finished().is_empty());
    rig.hand().script().signals.cycle = Some(42);
    rig.port().read().await.unwrap();
    let cycles = rig.port().finished();
    assert_eq!((cycles.len(), cycles[0].number), (1, Some(42)));
    assert_eq!(cycles[0].data[0].0, "cushion_stroke_mm");
    rig.port().read().await.unwrap();
    assert!(rig.port().finished().is_empty());
}

pub async fn the_heartbeat_beats(mut rig: impl Rig) {
    assert_eq!(
        rig.port().abilities().heartbeat,
        Some(Duration::from_secs(1))
    );
    rig.port().read().await.unwrap();
    for _ in 0..3 {
        rig.port().beat().await.unwrap();
    }
    assert_eq!(rig.hand().script().beats, 3);
}

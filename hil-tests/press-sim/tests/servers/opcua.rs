//! OPC UA, with the client of `async-opcua` used raw.

use crate::{closed, cycle, press};
use hil_press_sim::live::Live;
use hil_press_sim::offline::Offline;
use hil_press_sim::opcua_server::NAMESPACE;
use hil_press_sim::sensor::Sensors;
use hil_press_sim::servers::{Login, ServerSettings, Servers};
use hil_press_sim::setpoints::Setpoint;
use hil_press_sim::truth::TruthFile;
use hil_press_sim::{Plant, PressHandle, Scenario};
use opcua::client::{ClientBuilder, DataChangeCallback, IdentityToken, Session};
use opcua::crypto::SecurityPolicy;
use opcua::types::{
    DataValue, EndpointDescription, MessageSecurityMode, MonitoredItemCreateRequest, NodeId,
    ReadValueId, StatusCode, TimestampsToReturn, UserTokenPolicy, Variant, WriteValue,
};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(20);

fn serve(press: &PressHandle, keys: &Path, login: Option<Login>) -> Servers {
    let settings = ServerSettings {
        opcua: Some("127.0.0.1:0".parse().expect("an address")),
        keys: keys.into(),
        login,
        ..ServerSettings::default()
    };
    Servers::start(press, &settings).expect("a free port")
}

async fn connect(
    servers: &Servers,
    folder: &Path,
    policy: SecurityPolicy,
    mode: MessageSecurityMode,
    who: IdentityToken,
) -> Option<Arc<Session>> {
    let mut client = ClientBuilder::new()
        .application_name("raw client")
        .application_uri("urn:raw:client")
        .pki_dir(folder.join("client"))
        .create_sample_keypair(true)
        .trust_server_certs(true)
        .verify_server_certs(false)
        .session_retry_limit(0)
        .client()
        .expect("a client");
    let url = servers.opcua_url().expect("it was asked for");
    let endpoint: EndpointDescription = (
        url.as_str(),
        policy.to_str(),
        mode,
        UserTokenPolicy::anonymous(),
    )
        .into();
    let connected = client.connect_to_matching_endpoint(endpoint, who).await;
    let (session, event_loop) = connected.ok()?;
    let task = event_loop.spawn();
    let waited = timeout(LONG, async {
        tokio::select! {
            _ = task => false,
            open = session.wait_for_connection() => open,
        }
    });
    waited.await.expect("an answer").then_some(session)
}

async fn plain(servers: &Servers, folder: &Path) -> Arc<Session> {
    let (policy, mode) = (SecurityPolicy::None, MessageSecurityMode::None);
    let session = connect(servers, folder, policy, mode, IdentityToken::Anonymous).await;
    session.expect("anonymous without security")
}

/// The press's node; its namespace is the last of four.
async fn node(session: &Session, name: &str) -> NodeId {
    let namespaces = session.read_namespace_array().await.expect("namespaces");
    NodeId::new(namespaces.get_index(NAMESPACE).expect("ours"), name)
}

async fn read(session: &Session, name: &str) -> Variant {
    let wanted = [ReadValueId::new_value(node(session, name).await)];
    let values = session
        .read(&wanted, TimestampsToReturn::Neither, 0.0)
        .await;
    let value = values.expect("an answer").remove(0);
    value
        .value
        .unwrap_or_else(|| panic!("{name}: {:?}", value.status))
}

async fn write(session: &Session, name: &str, value: impl Into<Variant>) -> StatusCode {
    let value = DataValue::value_only(value.into());
    let write = WriteValue::value_attr(node(session, name).await, value.value.expect("set"));
    session.write(&[write]).await.expect("an answer")[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_node_reads_as_the_controller_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = press();
    let servers = serve(&press, folder.path(), None);
    let session = plain(&servers, folder.path()).await;
    for setpoint in Setpoint::ALL {
        let value = read(&session, setpoint.name()).await;
        assert_eq!(value, Variant::Double(press.setpoint(setpoint)));
    }
    assert_eq!(
        read(&session, "operating_mode").await,
        Variant::from("Automatic")
    );
    assert_eq!(
        read(&session, "setpoints_released").await,
        Variant::Boolean(true)
    );
    assert_eq!(read(&session, "frozen").await, Variant::Boolean(false));
    assert_eq!(read(&session, "cycle_counter").await, Variant::UInt64(0));
    press.publish(cycle(7));
    assert_eq!(read(&session, "cycle_counter").await, Variant::UInt64(7));
    assert_eq!(
        read(&session, "machine_cycle_counter").await,
        Variant::UInt64(10)
    );
    for (name, value) in cycle(7).numbers() {
        assert_eq!(read(&session, name).await, Variant::Double(value), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_write_is_there_at_once_and_every_refusal_has_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = press();
    let servers = serve(&press, folder.path(), None);
    let session = plain(&servers, folder.path()).await;
    for setpoint in Setpoint::ALL {
        let value = press.setpoint(setpoint) * 1.02;
        assert_eq!(
            write(&session, setpoint.name(), value).await,
            StatusCode::Good
        );
        assert_eq!(
            read(&session, setpoint.name()).await,
            Variant::Double(press.setpoint(setpoint))
        );
        assert!(
            (press.setpoint(setpoint) / value - 1.0).abs() < 1e-12,
            "{setpoint:?}"
        );
    }
    let before = press.setpoints();
    for wrong in [
        Variant::Float(50.0),
        Variant::Int32(50),
        Variant::from("50"),
    ] {
        let code = write(&session, "hold_pressure", wrong).await;
        assert_eq!(code, StatusCode::BadTypeMismatch);
    }
    for value in [0.5, 151.0, f64::NAN, 12.0] {
        let code = write(&session, "hold_pressure", value).await;
        assert_eq!(code, StatusCode::BadOutOfRange, "{value}");
    }
    for (act, undo) in closed() {
        press.act(act).expect("no edit");
        let code = write(&session, "hold_pressure", 50.0).await;
        assert_eq!(code, StatusCode::BadUserAccessDenied);
        press.act(undo).expect("no edit");
    }
    for name in [
        "cycle_counter",
        "operating_mode",
        "setpoints_released",
        "cushion_stroke_mm",
    ] {
        let code = write(&session, name, 1.0).await;
        assert_eq!(code, StatusCode::BadUserAccessDenied, "{name}");
    }
    assert_eq!(press.setpoints(), before);
    assert_eq!(write(&session, "heartbeat", 9_u32).await, StatusCode::Good);
    assert_eq!(press.view().heartbeat, 9);
    assert_eq!(
        write(&session, "heartbeat", 9.0).await,
        StatusCode::BadTypeMismatch
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_subscriber_hears_of_an_operators_edit() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = press();
    let servers = serve(&press, folder.path(), None);
    let session = plain(&servers, folder.path()).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = heard.clone();
    let callback = DataChangeCallback::new(move |value: DataValue, _| {
        keep.lock().expect("one writer").extend(value.value);
    });
    let every = Duration::from_millis(50);
    let made = session.create_subscription(every, 100, 20, 0, 0, true, callback);
    let id = made.await.expect("a subscription");
    let item = MonitoredItemCreateRequest::from(node(&session, "hold_pressure").await);
    let items = session.create_monitored_items(id, TimestampsToReturn::Neither, vec![item]);
    items.await.expect("a monitored item");
    let edit = hil_press_sim::controller::Act::Edit(Setpoint::HoldPressure, 2.5);
    press.act(edit).expect("the press can run it");
    let wanted = Variant::Double(press.setpoint(Setpoint::HoldPressure));
    let arrives = async {
        while heard.lock().expect("one writer").last() != Some(&wanted) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, arrives).await.expect("it is heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn all_security_works_and_the_certificate_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = press();
    let servers = serve(&press, folder.path(), None);
    for policy in [
        SecurityPolicy::Basic256Sha256,
        SecurityPolicy::Aes256Sha256RsaPss,
    ] {
        for mode in [
            MessageSecurityMode::Sign,
            MessageSecurityMode::SignAndEncrypt,
        ] {
            let session = connect(
                &servers,
                folder.path(),
                policy,
                mode,
                IdentityToken::Anonymous,
            );
            let session = session
                .await
                .unwrap_or_else(|| panic!("{policy:?} {mode:?}"));
            assert_eq!(write(&session, "hold_time", 6.5).await, StatusCode::Good);
            let _ = session.disconnect().await;
        }
    }
    let thumbprint = servers.thumbprint().map(str::to_owned);
    drop(servers);
    let again = serve(&press, folder.path(), None);
    assert_eq!(again.thumbprint().map(str::to_owned), thumbprint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn with_a_login_only_that_user_comes_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let login = Login {
        user: "box".into(),
        password: "secret".into(),
    };
    let servers = serve(&press(), folder.path(), Some(login));
    let mode = MessageSecurityMode::SignAndEncrypt;
    let policy = SecurityPolicy::Aes256Sha256RsaPss;
    let who = [
        (IdentityToken::new_user_name("box", "secret"), true),
        (IdentityToken::new_user_name("box", "guess"), false),
        (IdentityToken::Anonymous, false),
    ];
    for (token, comes_in) in who {
        let session = connect(&servers, folder.path(), policy, mode, token).await;
        assert_eq!(session.is_some(), comes_in);
    }
}

/// Two shots of a press that needs no real time, and the masses its truth states; hold pressure is written over OPC UA in the hold of
/// the first.
fn masses_with_a_write_in_the_first_hold(scenario: &Scenario, folder: &Path) -> Vec<f64> {
    let (file, rate_hz) = (folder.join("truth.jsonl"), 200);
    let truth = TruthFile::create(&file).expect("a file");
    let step_s = 1.0 / f64::from(rate_hz);
    let sensors = Sensors::new(&scenario.channels, Some(scenario), 1, step_s);
    let plant = Plant::new(scenario.clone(), 1).expect("a press");
    let servers = serve(&plant.handle(), folder, None);
    let mut live = Live::start(plant, sensors, rate_hz, Some(truth)).expect("a first shot");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let session = runtime.block_on(plain(&servers, folder));
    let (mut step, until) = (0_u32, std::time::Instant::now() + 6 * LONG);
    while live.finished < 2 && std::time::Instant::now() < until {
        live.advance(f64::from(step) * step_s);
        if step == 4 * rate_hz {
            let code = runtime.block_on(write(&session, "hold_pressure", 55.0));
            assert_eq!(code, StatusCode::Good);
        }
        step += 1;
    }
    // The second line is written behind the press's back.
    loop {
        let text = std::fs::read_to_string(&file).expect("a file");
        let shots: Vec<&str> = text.lines().filter(|line| line.ends_with('}')).collect();
        assert!(std::time::Instant::now() < until, "{} shots", shots.len());
        if shots.len() == 2 {
            let truth = |line: &&str| serde_json::from_str::<serde_json::Value>(line);
            let mass = |line| truth(line).expect("JSON")["mass_kg"].as_f64();
            return shots.iter().filter_map(mass).collect();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_setpoint_makes_the_next_shot_and_not_the_running_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = Scenario::open("matched").expect("shipped");
    let found = masses_with_a_write_in_the_first_hold(&scenario, folder.path());
    let mut offline = Offline::new(&scenario, 1, 200.0).expect("a press");
    let mut mass = || {
        offline
            .cycle()
            .expect("a shot")
            .truth
            .expect("a truth")
            .mass_kg
    };
    let (first, unchanged) = (mass(), mass());
    let edit = |recipe: &mut _| Setpoint::HoldPressure.write(recipe, 55.0);
    offline.handle().change(edit).expect("the press can run it");
    let changed = offline
        .cycle()
        .expect("a shot")
        .truth
        .expect("a truth")
        .mass_kg;
    assert!((found[0] / first - 1.0).abs() < 1e-9, "{found:?} {first}");
    assert!(
        (found[1] / changed - 1.0).abs() < 1e-9,
        "{found:?} {changed}"
    );
    assert!(changed > 1.001 * unchanged, "{changed} {unchanged}");
}

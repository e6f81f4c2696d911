//! OPC UA, with the client of `async-opcua` used raw.

use crate::{closed, cycle, press};
use hil_press_sim::PressHandle;
use hil_press_sim::opcua_server::NAMESPACE;
use hil_press_sim::servers::{Login, ServerSettings, Servers};
use hil_press_sim::setpoints::Setpoint;
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
    tokio::time::sleep(Duration::from_millis(200)).await;
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

//! A press as an OPC UA server on async-opcua, moved by a hand: one node for each name of the shipped profile of the simulated press.

use super::contract::{Rig, in_production, profile};
use appliance_pipeline::ports::Operating;
use appliance_press::scripted::Hand;
use appliance_press::{OpcUa, Pin, Port, Press, Profile, Why, commission};
use opcua::crypto::{CertificateStore, SecurityPolicy, X509Data};
use opcua::server::address_space::VariableBuilder;
use opcua::server::diagnostics::NamespaceMetadata;
use opcua::server::node_manager::memory::{SimpleNodeManager, simple_node_manager};
use opcua::server::{ServerBuilder, ServerEndpoint, ServerHandle, ServerUserToken};
use opcua::types::{
    DataTypeId, DataValue, MessageSecurityMode, NodeId, ObjectId, StatusCode, Variant,
};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const NAMESPACE: &str = "urn:moldsight:press-sim";

fn code(why: &Why) -> StatusCode {
    match why {
        Why::Range => StatusCode::BadOutOfRange,
        Why::Type => StatusCode::BadTypeMismatch,
        Why::Access => StatusCode::BadUserAccessDenied,
        _ => StatusCode::BadNotWritable,
    }
}

/// A server that runs.
pub struct PressServer {
    pub hand: Hand,
    pub port: u16,
    pub folder: TempDir,
    running: Option<(ServerHandle, JoinHandle<()>)>,
}

/// Keys take long to make: those of all tests lie here.
static KEYS: LazyLock<Mutex<TempDir>> = LazyLock::new(|| Mutex::new(TempDir::new().unwrap()));

/// A certificate for an address the press does not have, and its key.
pub fn certificate(name: &str) -> (PathBuf, PathBuf) {
    let folder = KEYS.lock().unwrap();
    let (certificate, key) = (
        folder.path().join(format!("{name}.der")),
        folder.path().join(format!("{name}.pem")),
    );
    if !certificate.exists() {
        let data = X509Data {
            key_size: 2048,
            common_name: name.into(),
            organization: "test".into(),
            organizational_unit: "test".into(),
            country: "KR".into(),
            state: "-".into(),
            alt_host_names: X509Data::alt_host_names(
                "urn:test:press",
                Some(vec!["press.invalid".into()]),
                false,
                false,
                false,
            ),
            certificate_duration_days: 2,
        };
        CertificateStore::create_certificate_and_key(&data, true, &certificate, &key).unwrap();
    }
    (certificate, key)
}

impl PressServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut server = Self {
            hand: Hand::new(in_production()),
            port: listener.local_addr().unwrap().port(),
            folder: TempDir::new().unwrap(),
            running: None,
        };
        server.run(listener, "press").await;
        server
    }

    pub fn address(&self) -> String {
        format!("opc.tcp://127.0.0.1:{}/", self.port)
    }

    async fn run(&mut self, listener: TcpListener, certificate_name: &str) {
        let (path, key) = certificate(certificate_name);
        let (user, _) = certificate("user");
        let users = [
            "ANONYMOUS".to_string(),
            "name".to_string(),
            "certificate".to_string(),
        ];
        let mut builder = ServerBuilder::new()
            .application_name("press")
            .application_uri("urn:test:press")
            .product_uri("urn:test:press")
            .host("127.0.0.1")
            .port(self.port)
            .pki_dir(self.folder.path().join("server-pki"))
            .certificate_path(path)
            .private_key_path(key)
            .create_sample_keypair(false)
            .trust_client_certs(true)
            .discovery_urls(vec![self.address()])
            .add_user_token("name", ServerUserToken::user_pass("box", "secret"))
            .add_user_token("certificate", ServerUserToken::x509("box", &user))
            .with_node_manager(simple_node_manager(
                NamespaceMetadata {
                    namespace_uri: NAMESPACE.into(),
                    ..Default::default()
                },
                "press",
            ));
        use MessageSecurityMode::{None, Sign, SignAndEncrypt};
        for (i, (policy, mode)) in [
            (SecurityPolicy::None, None),
            (SecurityPolicy::Basic256Sha256, Sign),
            (SecurityPolicy::Basic256Sha256, SignAndEncrypt),
            (SecurityPolicy::Aes256Sha256RsaPss, Sign),
            (SecurityPolicy::Aes256Sha256RsaPss, SignAndEncrypt),
        ]
        .into_iter()
        .enumerate()
        {
            builder = builder.add_endpoint(
                format!("{i}"),
                ServerEndpoint::new("/", policy, mode, &users),
            );
        }
        let (server, handle) = builder.build().unwrap();
        let manager = handle
            .node_managers()
            .get_of_type::<SimpleNodeManager>()
            .unwrap();
        let index = handle.get_namespace_index(NAMESPACE).unwrap();
        furnish(&manager, index, &self.hand);
        let task = tokio::spawn(async move {
            let _ = server.run_with(listener).await;
        });
        self.running = Some((handle, task));
    }

    pub async fn stop(&mut self) {
        if let Some((handle, task)) = self.running.take() {
            handle.cancel();
            let _ = tokio::time::timeout(Duration::from_secs(10), task).await;
        }
    }

    /// Runs again at the same address, with that certificate.
    pub async fn again(&mut self, certificate_name: &str) {
        self.stop().await;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.run(listener, certificate_name).await;
    }
}

fn variable(
    manager: &SimpleNodeManager,
    index: u16,
    name: &str,
    kind: DataTypeId,
    value: Variant,
) -> NodeId {
    let id = NodeId::new(index, name);
    let mut space = manager.address_space().write();
    VariableBuilder::new(&id, name, name)
        .data_type(kind)
        .value(value)
        .writable()
        .organized_by(ObjectId::ObjectsFolder)
        .insert(&mut *space);
    id
}

/// One node for each name, that reads and writes the script.
fn furnish(manager: &Arc<SimpleNodeManager>, index: u16, hand: &Hand) {
    let abilities = profile("press-sim-opcua.toml", 60.0, |t| t).abilities();
    for setpoint in appliance_pipeline::ports::Setpoint::ALL {
        let ability = abilities.setpoints[setpoint as usize].unwrap();
        let id = variable(
            manager,
            index,
            setpoint.name(),
            DataTypeId::Double,
            Variant::Double(0.0),
        );
        let reads = hand.clone();
        manager
            .inner()
            .add_read_callback(id.clone(), move |_, _, _| {
                Ok(DataValue::new_now(
                    ability.shown(reads.script().signals.setpoints[setpoint]),
                ))
            });
        let writes = hand.clone();
        manager.inner().add_write_callback(id, move |value, _| {
            let Some(Variant::Double(value)) = value.value else {
                return StatusCode::BadTypeMismatch;
            };
            let si = ability.factor * value + ability.zero;
            let mut script = writes.script();
            script.sent.push((setpoint, si));
            if let Some((other, value)) = script.moved_meanwhile.take() {
                script.signals.setpoints[other] = value;
            }
            match &script.refuses[setpoint as usize] {
                Some(why) => code(why),
                None => {
                    if !script.ignores[setpoint as usize] {
                        script.signals.setpoints[setpoint] = si;
                    }
                    StatusCode::Good
                }
            }
        });
    }
    let show = |name: &str,
                kind: DataTypeId,
                get: fn(&appliance_pipeline::ports::PressSignals) -> Variant| {
        let id = variable(manager, index, name, kind, get(&in_production()));
        let hand = hand.clone();
        manager.inner().add_read_callback(id, move |_, _, _| {
            Ok(DataValue::new_now(get(&hand.script().signals)))
        });
    };
    show("operating_mode", DataTypeId::String, |s| {
        Variant::from(match s.operating {
            Operating::Automatic => "Automatic",
            Operating::SemiAutomatic => "SemiAutomatic",
            Operating::Manual => "Manual",
            Operating::Setup => "Setup",
            Operating::Unknown => "Sleep",
        })
    });
    show("setpoints_released", DataTypeId::Boolean, |s| {
        s.released.unwrap_or_default().into()
    });
    show("frozen", DataTypeId::Boolean, |s| {
        s.frozen.unwrap_or_default().into()
    });
    show("cycle_counter", DataTypeId::UInt64, |s| {
        s.cycle.unwrap_or_default().into()
    });
    show("cushion_stroke_mm", DataTypeId::Double, |s| {
        s.cycle_data.first().map_or(f64::NAN, |d| d.1).into()
    });
    let id = variable(
        manager,
        index,
        "heartbeat",
        DataTypeId::UInt32,
        Variant::UInt32(0),
    );
    let (reads, writes) = (hand.clone(), hand.clone());
    manager
        .inner()
        .add_read_callback(id.clone(), move |_, _, _| {
            Ok(DataValue::new_now(reads.script().beats as u32))
        });
    manager.inner().add_write_callback(id, move |value, _| {
        let mut script = writes.script();
        if value.value != Some(Variant::UInt32(script.beats as u32)) {
            script.beats += 1;
        }
        StatusCode::Good
    });
}

/// The profile of that server.
pub fn profile_at(server: &PressServer, stale_after_s: f64, security: &str) -> Profile {
    let profile = profile("press-sim-opcua.toml", stale_after_s, |text| {
        text.replace("policy = \"None\"\nmode = \"None\"", security)
    });
    profile.reached_at(&server.address())
}

/// The folder of a box that has confirmed the certificate of the press.
pub async fn commissioned(server: &PressServer, profile: &Profile) -> PathBuf {
    let folder = server.folder.path().join("box");
    if let Some(pin) = commission(profile, &folder).await.unwrap() {
        Pin::confirm(&folder, &pin.sha256).unwrap();
    }
    folder
}

/// The contract over OPC UA.
pub struct OpcUaRig {
    server: PressServer,
    port: Port<OpcUa>,
}

impl OpcUaRig {
    async fn start(stale_after_s: f64, security: &str) -> Self {
        let server = PressServer::start().await;
        let profile = profile_at(&server, stale_after_s, security);
        let folder = commissioned(&server, &profile).await;
        let Press::OpcUa(port) = Press::open(&profile, &folder).unwrap() else {
            panic!("another press")
        };
        Self { server, port }
    }

    pub async fn open(stale_after_s: f64) -> Self {
        Self::start(stale_after_s, "policy = \"None\"\nmode = \"None\"").await
    }

    pub async fn signed(stale_after_s: f64) -> Self {
        Self::start(
            stale_after_s,
            "policy = \"Basic256Sha256\"\nmode = \"Sign\"",
        )
        .await
    }

    pub async fn encrypted(stale_after_s: f64) -> Self {
        Self::start(
            stale_after_s,
            "policy = \"Aes256Sha256RsaPss\"\nmode = \"SignAndEncrypt\"",
        )
        .await
    }
}

impl Rig for OpcUaRig {
    type Port = Port<OpcUa>;

    fn port(&mut self) -> &mut Self::Port {
        &mut self.port
    }

    fn hand(&self) -> Hand {
        self.server.hand.clone()
    }

    async fn lose(&mut self) {
        self.server.stop().await;
    }

    async fn regain(&mut self) {
        self.server.again("press").await;
    }
}

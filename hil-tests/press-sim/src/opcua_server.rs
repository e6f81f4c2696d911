//! The controller over OPC UA.
//!
//! Namespace [`NAMESPACE`], object `Press` under Objects; every variable has its name as string node id.
//!
//! | node | type | access | what |
//! |---|---|---|---|
//! | the names of [`crate::setpoints`] | Double | rw | setpoints, units as there |
//! | `operating_mode` | String | r | Automatic, SemiAutomatic, Manual or Setup |
//! | `setpoints_released` | Boolean | r | false: every setpoint write is refused |
//! | `frozen` | Boolean | r | true: likewise |
//! | `heartbeat` | UInt32 | rw | the client changes it |
//! | `cycle_counter` | UInt64 | r | molded shots since the press started |
//! | `job_cycle_counter`, `machine_cycle_counter` | UInt64 | r | cycle data |
//! | the names of [`CycleData::numbers`](crate::CycleData::numbers) | Double | r | cycle data, 0 before the first cycle |
//!
//! A write of another type is `BadTypeMismatch`; outside the controller's limits, or a recipe the press cannot run,
//! `BadOutOfRange`; not released, frozen, manual or set-up `BadUserAccessDenied`. There are no events.

use crate::controller::{PressHandle, Refused};
use crate::error::PressSimError;
use crate::servers::Login;
use crate::setpoints::Setpoint;
use async_trait::async_trait;
use opcua::crypto::{CertificateStore, SecurityPolicy, X509, X509Data};
use opcua::server::address_space::{
    AddressSpace, NodeType, ObjectBuilder, VariableBuilder, add_namespaces,
};
use opcua::server::diagnostics::NamespaceMetadata;
use opcua::server::node_manager::memory::{
    InMemoryNodeManager, InMemoryNodeManagerBuilder, InMemoryNodeManagerImpl,
};
use opcua::server::node_manager::{
    ParsedReadValueId, ParsedWriteValue, RequestContext, ServerContext, WriteNode,
};
use opcua::server::{
    ANONYMOUS_USER_TOKEN_ID, ServerBuilder, ServerEndpoint, ServerHandle, ServerUserToken,
    SubscriptionCache,
};
use opcua::sync::RwLock;
use opcua::types::{
    AttributeId, DataTypeId, DataValue, MessageSecurityMode, NodeId, ObjectId, ObjectTypeId,
    QualifiedName, StatusCode, TimestampsToReturn, Variant,
};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Namespace of the press.
pub const NAMESPACE: &str = "urn:moldsight:press-sim";
/// The application, as its certificate names it; its namespace belongs to the server's own diagnostics.
const APPLICATION: &str = "urn:moldsight:press-sim:application";
/// Node id of the variable a client beats.
const HEARTBEAT: &str = "heartbeat";
/// How often what changed by itself is shown.
const SHOW: Duration = Duration::from_millis(20);
/// Bits of the key.
const KEY_BITS: u32 = 2048;
/// Days the certificate is valid.
const VALID_DAYS: u32 = 3650;

/// A server that runs on the runtime it was started on.
pub struct OpcUaServer {
    handle: ServerHandle,
    /// Where it listens.
    pub address: SocketAddr,
    /// SHA-1 of its certificate, forty hexadecimal digits.
    pub thumbprint: String,
}

impl OpcUaServer {
    /// Listens; keys and certificate are made in the folder `keys` where there are none. With a login, anonymous clients
    /// are refused.
    ///
    /// # Errors
    /// When the address is taken or the keys can neither be read nor made.
    pub async fn start(
        press: PressHandle,
        listen: SocketAddr,
        keys: &Path,
        login: Option<&Login>,
    ) -> Result<Self, PressSimError> {
        let failed = |reason: String| PressSimError::Server {
            what: "OPC UA",
            address: listen.to_string(),
            reason,
        };
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let address = listener
            .local_addr()
            .map_err(|error| failed(error.to_string()))?;
        let certificate = certificate(keys, address).map_err(failed)?;
        let user = login.map_or(ANONYMOUS_USER_TOKEN_ID, |_| "login");
        let mut builder = ServerBuilder::new()
            .application_name("press-sim")
            .application_uri(APPLICATION)
            .product_uri(APPLICATION)
            .host(address.ip().to_string())
            .port(address.port())
            .pki_dir(keys)
            .certificate_path("own/cert.der")
            .private_key_path("private/private.pem")
            .trust_client_certs(true)
            .discovery_urls(vec!["/".into()]);
        for (id, policy, mode) in endpoints() {
            let endpoint = ServerEndpoint::new("/", policy, mode, &[user.to_owned()]);
            builder = builder.add_endpoint(id, endpoint);
        }
        if let Some(login) = login {
            let token = ServerUserToken::user_pass(login.user.as_str(), login.password.as_str());
            builder = builder.add_user_token(user, token);
        }
        let nodes = move |context: ServerContext, space: &mut AddressSpace| {
            PressNodes::new(press, &context, space)
        };
        let (server, handle) = builder
            .with_node_manager(InMemoryNodeManagerBuilder::new(nodes))
            .build()
            .map_err(failed)?;
        let manager = handle
            .node_managers()
            .get_of_type::<InMemoryNodeManager<PressNodes>>()
            .expect("it was added above");
        let (token, subscriptions) = (handle.token().clone(), handle.subscriptions().clone());
        tokio::spawn(async move {
            while !token.is_cancelled() {
                manager
                    .inner()
                    .show(manager.address_space(), &subscriptions);
                tokio::time::sleep(SHOW).await;
            }
        });
        tokio::spawn(server.run_with(listener));
        Ok(Self {
            handle,
            address,
            thumbprint: certificate.thumbprint().as_hex_string(),
        })
    }

    /// Ends it; the connections are closed.
    pub fn stop(&self) {
        self.handle.cancel();
    }
}

fn endpoints() -> impl Iterator<Item = (String, SecurityPolicy, MessageSecurityMode)> {
    let none = (SecurityPolicy::None, MessageSecurityMode::None);
    let secure = [
        SecurityPolicy::Basic256Sha256,
        SecurityPolicy::Aes256Sha256RsaPss,
    ];
    let modes = [
        MessageSecurityMode::Sign,
        MessageSecurityMode::SignAndEncrypt,
    ];
    let secure = secure
        .into_iter()
        .flat_map(move |policy| modes.map(|mode| (policy, mode)));
    std::iter::once(none)
        .chain(secure)
        .map(|(policy, mode)| (format!("{policy:?} {mode:?}"), policy, mode))
}

/// The certificate of the folder, made with its key where there is none.
fn certificate(keys: &Path, address: SocketAddr) -> Result<X509, String> {
    let names = X509Data::alt_host_names(
        APPLICATION,
        Some(vec![address.ip().to_string()]),
        true,
        false,
        true,
    );
    let data = X509Data {
        key_size: KEY_BITS,
        common_name: "press-sim".into(),
        organization: "Moldsight".into(),
        organizational_unit: "simulated press".into(),
        country: "KR".into(),
        state: "none".into(),
        alt_host_names: names,
        certificate_duration_days: VALID_DAYS,
    };
    match CertificateStore::new_with_x509_data(keys, false, None, None, Some(data)) {
        (_, Some(certificate), Some(_)) => Ok(certificate),
        _ => Err(format!("no certificate and key in {}", keys.display())),
    }
}

/// The press's nodes.
struct PressNodes {
    press: PressHandle,
    namespace: NamespaceMetadata,
    ids: Vec<NodeId>,
    /// What the address space has: version of the controller, values in the order of `ids`.
    shown: Mutex<(Option<u64>, Vec<Variant>)>,
}

impl PressNodes {
    fn new(press: PressHandle, context: &ServerContext, space: &mut AddressSpace) -> Self {
        let index = add_namespaces(context, space, &[NAMESPACE])[0];
        let object = NodeId::new(index, "Press");
        ObjectBuilder::new(&object, QualifiedName::new(index, "Press"), "Press")
            .has_type_definition(ObjectTypeId::BaseObjectType)
            .organized_by(ObjectId::ObjectsFolder)
            .insert(space);
        let values = values(&press);
        for (name, value) in &values {
            let kind = match value {
                Variant::String(_) => DataTypeId::String,
                Variant::Boolean(_) => DataTypeId::Boolean,
                Variant::UInt32(_) => DataTypeId::UInt32,
                Variant::UInt64(_) => DataTypeId::UInt64,
                _ => DataTypeId::Double,
            };
            let id = NodeId::new(index, *name);
            let mut variable = VariableBuilder::new(&id, QualifiedName::new(index, *name), *name)
                .data_type(kind)
                .value(value.clone())
                .component_of(object.clone());
            if *name == HEARTBEAT || Setpoint::from_name(name).is_some() {
                variable = variable.writable();
            }
            variable.insert(space);
        }
        let (names, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        Self {
            press,
            namespace: NamespaceMetadata {
                namespace_uri: NAMESPACE.into(),
                namespace_index: index,
                ..NamespaceMetadata::default()
            },
            ids: names.iter().map(|name| NodeId::new(index, *name)).collect(),
            shown: Mutex::new((None, values)),
        }
    }

    /// Brings the address space up to the controller and tells who subscribed.
    fn show(&self, space: &RwLock<AddressSpace>, subscriptions: &SubscriptionCache) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.press.version();
        if shown.0 == Some(version) {
            return;
        }
        shown.0 = Some(version);
        let mut changed = Vec::new();
        let mut space = space.write();
        for ((id, (_, now)), shown) in self.ids.iter().zip(values(&self.press)).zip(&mut shown.1) {
            if *shown == now {
                continue;
            }
            let value = DataValue::new_now(now.clone());
            if let Some(NodeType::Variable(variable)) = space.find_mut(id) {
                variable.set_data_value(value.clone());
            }
            changed.push((value, id, AttributeId::Value));
            *shown = now;
        }
        subscriptions.notify_data_change(changed.into_iter());
    }

    fn write_one(
        &self,
        context: &RequestContext,
        space: &RwLock<AddressSpace>,
        asked: &ParsedWriteValue,
    ) -> Result<(), StatusCode> {
        space
            .write()
            .validate_node_write(context, asked, &*context.type_tree.read())?;
        let at = self.ids.iter().position(|id| *id == asked.node_id);
        let name = at.and_then(|at| values(&self.press).get(at).map(|(name, _)| *name));
        let setpoint = name.and_then(Setpoint::from_name);
        match (setpoint, asked.attribute_id, &asked.value.value) {
            (Some(setpoint), AttributeId::Value, Some(Variant::Double(value))) => self
                .press
                .write(&[(setpoint, *value)])
                .map_err(|(_, why)| match why {
                    Refused::Range(_) | Refused::Recipe(_) => StatusCode::BadOutOfRange,
                    Refused::NotReleased | Refused::Mode(_) | Refused::Frozen => {
                        StatusCode::BadUserAccessDenied
                    }
                }),
            (None, AttributeId::Value, Some(Variant::UInt32(value))) => {
                self.press.beat(*value, Instant::now());
                Ok(())
            }
            (_, AttributeId::Value, _) => Err(StatusCode::BadTypeMismatch),
            _ => Err(StatusCode::BadNotWritable),
        }
    }
}

#[async_trait]
impl InMemoryNodeManagerImpl for PressNodes {
    async fn init(&self, _space: &mut AddressSpace, _context: ServerContext) {}

    fn name(&self) -> &str {
        "press"
    }

    fn namespaces(&self) -> Vec<NamespaceMetadata> {
        vec![self.namespace.clone()]
    }

    async fn read_values(
        &self,
        context: &RequestContext,
        space: &RwLock<AddressSpace>,
        nodes: &[&ParsedReadValueId],
        max_age: f64,
        timestamps: TimestampsToReturn,
    ) -> Vec<DataValue> {
        // What the controller did a moment ago must not be read as it was before.
        self.show(space, &context.subscriptions);
        let space = space.read();
        let read = |node: &&ParsedReadValueId| space.read(context, node, max_age, timestamps);
        nodes.iter().map(read).collect()
    }

    async fn write(
        &self,
        context: &RequestContext,
        space: &RwLock<AddressSpace>,
        nodes: &mut [&mut WriteNode],
    ) -> Result<(), StatusCode> {
        for node in nodes {
            let done = self.write_one(context, space, node.value());
            node.set_status(done.err().unwrap_or(StatusCode::Good));
        }
        // A client that reads at once must find what it wrote.
        self.show(space, &context.subscriptions);
        Ok(())
    }
}

/// Every variable with its value, always in the same order.
fn values(press: &PressHandle) -> Vec<(&'static str, Variant)> {
    let view = press.view();
    let cycle = view.cycle.unwrap_or_default();
    let setpoints = Setpoint::ALL.map(Setpoint::name).into_iter();
    let mut values: Vec<_> = setpoints.zip(view.setpoints.map(Variant::Double)).collect();
    values.extend([
        ("operating_mode", Variant::from(view.operating.name())),
        ("setpoints_released", Variant::Boolean(view.released)),
        ("frozen", Variant::Boolean(view.frozen)),
        (HEARTBEAT, Variant::UInt32(view.heartbeat)),
        ("cycle_counter", Variant::UInt64(view.cycles)),
        (
            "job_cycle_counter",
            Variant::UInt64(cycle.job_cycle_counter),
        ),
        (
            "machine_cycle_counter",
            Variant::UInt64(cycle.machine_cycle_counter),
        ),
    ]);
    values.extend(
        cycle
            .numbers()
            .map(|(name, value)| (name, Variant::Double(value))),
    );
    values
}

//! Finds the nodes of a profile in a server, anew on each connection: namespace indices may change when it restarts.

use crate::error::PressError;
use crate::profile::Map;
use crate::profile::opcua::{Node, OpcUaLink};
use appliance_pipeline::ports::{SETPOINTS, Setpoint};
use opcua::client::Session;
use opcua::types::{
    BrowseDescription, BrowseDirection, BrowseResultMask, ExpandedNodeId, Identifier, NamespaceMap,
    NodeClassMask, NodeId, ObjectId, ReadValueId, ReferenceDescription, ReferenceTypeId,
    StatusCode, TimestampsToReturn,
};
use std::str::FromStr;

/// Namespaces of the standards the interface object is found by.
const DI: &str = "http://opcfoundation.org/UA/DI/";
const IMM2MES: &str = "http://opcfoundation.org/UA/PlasticsRubber/IMM2MES/";
/// `DeviceSet` of OPC UA for Devices.
const DEVICE_SET: u32 = 5001;
/// `IMM_MES_InterfaceType` of OPC 40077.
const INTERFACE_TYPE: u32 = 1007;

/// What a node of the reading list stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    Setpoint(Setpoint),
    Operating,
    Released,
    Frozen,
    CycleCounter,
    Heartbeat,
    Data(usize),
}

/// Where everything is on this connection.
#[derive(Debug)]
pub(super) struct Places {
    /// Read together.
    pub(super) wanted: Vec<ReadValueId>,
    /// What each of them is.
    pub(super) names: Vec<Place>,
    /// Where setpoints are written.
    pub(super) writes: [Option<NodeId>; SETPOINTS],
    /// Where the heartbeat is written.
    pub(super) heartbeat: Option<NodeId>,
    /// Named in the profile and not there.
    pub(super) missing: Vec<String>,
}

/// A node id of the profile in this server; the reason where it cannot be meant.
pub(super) fn resolve(
    node: &Node,
    namespaces: &NamespaceMap,
    default: &str,
) -> Result<NodeId, String> {
    let Node::Id {
        namespace,
        identifier,
    } = node
    else {
        return Err("a path where a node id must be".into());
    };
    let uri = namespace.as_deref().unwrap_or(default);
    let index = if uri.is_empty() {
        Some(0)
    } else {
        namespaces.get_index(uri)
    };
    let index = index.ok_or_else(|| format!("the press has no namespace `{uri}`"))?;
    let identifier = Identifier::from_str(identifier)
        .map_err(|()| format!("`{identifier}` is no identifier"))?;
    Ok(NodeId::new(index, identifier))
}

/// Follows browse names below the interface object.
struct Finder<'a> {
    session: &'a Session,
    namespaces: &'a NamespaceMap,
    default: &'a str,
    interface: Option<NodeId>,
}

impl Finder<'_> {
    async fn children(&self, node: &NodeId) -> Result<Vec<ReferenceDescription>, String> {
        let ask = BrowseDescription {
            node_id: node.clone(),
            browse_direction: BrowseDirection::Forward,
            reference_type_id: ReferenceTypeId::HierarchicalReferences.into(),
            include_subtypes: true,
            node_class_mask: NodeClassMask::empty().bits(),
            result_mask: BrowseResultMask::All as u32,
        };
        let mut results = self
            .session
            .browse(&[ask], 0, None)
            .await
            .map_err(|e| e.to_string())?;
        let mut found = Vec::new();
        while let Some(result) = results.pop() {
            found.extend(result.references.into_iter().flatten());
            if !result.continuation_point.is_null_or_empty() {
                let more = self
                    .session
                    .browse_next(false, &[result.continuation_point])
                    .await;
                results = more.map_err(|e| e.to_string())?;
            }
        }
        Ok(found)
    }

    fn local(&self, id: &ExpandedNodeId) -> Option<NodeId> {
        id.server_index
            .eq(&0)
            .then(|| self.namespaces.resolve_node_id(id))
            .flatten()
            .map(|n| n.into_owned())
    }

    async fn interface(&mut self) -> Result<NodeId, String> {
        if let Some(found) = &self.interface {
            return Ok(found.clone());
        }
        let index = |uri: &str| {
            self.namespaces
                .get_index(uri)
                .ok_or_else(|| format!("the press has no namespace `{uri}`"))
        };
        let (set, kind) = (
            NodeId::new(index(DI)?, DEVICE_SET),
            NodeId::new(index(IMM2MES)?, INTERFACE_TYPE),
        );
        let mut all = self.children(&set).await?;
        all.retain(|r| self.local(&r.type_definition).as_ref() == Some(&kind));
        match all.as_slice() {
            [one] => {
                let id = self
                    .local(&one.node_id)
                    .ok_or("its interface object is on another server")?;
                self.interface = Some(id.clone());
                Ok(id)
            }
            [] => Err("DeviceSet has no IMM_MES_InterfaceType object".into()),
            _ => {
                Err("DeviceSet has several IMM_MES_InterfaceType objects; name nodes by id".into())
            }
        }
    }

    async fn find(&mut self, node: &Node) -> Result<NodeId, String> {
        let Node::Path(names) = node else {
            return resolve(node, self.namespaces, self.default);
        };
        let mut at = self.interface().await?;
        for name in names {
            let mut below = self.children(&at).await?;
            below.retain(|r| r.browse_name.name.as_ref() == name);
            at = match below.as_slice() {
                [one] => self
                    .local(&one.node_id)
                    .ok_or_else(|| format!("`{name}` is on another server"))?,
                [] => return Err(format!("there is no `{name}`")),
                _ => return Err(format!("there are several `{name}`")),
            };
        }
        Ok(at)
    }
}

impl Places {
    pub(super) async fn find(
        session: &Session,
        namespaces: &NamespaceMap,
        link: &OpcUaLink,
        map: &Map<Node>,
    ) -> Result<Self, PressError> {
        let mut finder = Finder {
            session,
            namespaces,
            default: &link.namespace,
            interface: None,
        };
        let mut places = Self {
            wanted: Vec::new(),
            names: Vec::new(),
            writes: Default::default(),
            heartbeat: None,
            missing: Vec::new(),
        };
        let wrong = |name: &str, place: &Node, reason: String| PressError::Place {
            name: name.into(),
            place: place.to_string(),
            reason,
        };
        for setpoint in Setpoint::ALL {
            let Some(entry) = &map.setpoints[setpoint as usize] else {
                continue;
            };
            let at = finder
                .find(&entry.at)
                .await
                .map_err(|e| wrong(setpoint.name(), &entry.at, e))?;
            let shown = match &entry.read_back {
                Some(node) => finder
                    .find(node)
                    .await
                    .map_err(|e| wrong(setpoint.name(), node, e))?,
                None => at.clone(),
            };
            places.writes[setpoint as usize] = Some(at);
            places.add(Place::Setpoint(setpoint), shown);
        }
        let signals = [
            (
                "operating_mode",
                Place::Operating,
                map.operating.as_ref().map(|e| &e.at),
            ),
            (
                "released",
                Place::Released,
                map.released.as_ref().map(|e| &e.at),
            ),
            ("frozen", Place::Frozen, map.frozen.as_ref().map(|e| &e.at)),
            (
                "cycle_counter",
                Place::CycleCounter,
                map.cycle_counter.as_ref().map(|e| &e.at),
            ),
        ];
        let data = map
            .cycle_data
            .iter()
            .enumerate()
            .map(|(i, (n, e))| (n.as_str(), Place::Data(i), Some(&e.at)));
        for (name, place, node) in signals.into_iter().chain(data) {
            let Some(node) = node else { continue };
            match finder.find(node).await {
                Ok(id) => places.add(place, id),
                Err(reason) => places.missing.push(format!("{name} ({node}): {reason}")),
            }
        }
        if let Some(entry) = &map.heartbeat {
            let id = finder
                .find(&entry.at)
                .await
                .map_err(|e| wrong("heartbeat", &entry.at, e))?;
            places.heartbeat = Some(id.clone());
            places.add(Place::Heartbeat, id);
        }
        places.try_out(session, link, map).await?;
        Ok(places)
    }

    fn add(&mut self, place: Place, node: NodeId) {
        self.names.push(place);
        self.wanted.push(node.into());
    }

    /// Reads everything once: a setpoint that is not there ends the connection, anything else is set aside by name.
    async fn try_out(
        &mut self,
        session: &Session,
        link: &OpcUaLink,
        map: &Map<Node>,
    ) -> Result<(), PressError> {
        let lost = |reason: String| PressError::Lost {
            address: link.endpoint.clone(),
            doing: "reading for the first time",
            reason,
        };
        if self.wanted.is_empty() {
            return Ok(());
        }
        let values = session
            .read(&self.wanted, TimestampsToReturn::Neither, 0.0)
            .await
            .map_err(|e| lost(e.to_string()))?;
        if values.len() != self.wanted.len() {
            return Err(lost(format!(
                "{} answers to {} nodes",
                values.len(),
                self.wanted.len()
            )));
        }
        let mut there = Vec::with_capacity(values.len());
        for ((place, wanted), value) in self.names.iter().zip(&self.wanted).zip(&values) {
            let status = value.status.unwrap_or(StatusCode::Good);
            let gone = [
                StatusCode::BadNodeIdUnknown,
                StatusCode::BadNodeIdInvalid,
                StatusCode::BadAttributeIdInvalid,
            ];
            let gone = gone.iter().any(|c| c.sub_code() == status.sub_code());
            there.push(!gone);
            let name = match place {
                Place::Data(i) => map.cycle_data[*i].0.clone(),
                Place::Setpoint(s) if gone => {
                    return Err(PressError::Place {
                        name: s.name().into(),
                        place: wanted.node_id.to_string(),
                        reason: status.to_string(),
                    });
                }
                other => format!("{other:?}"),
            };
            if gone {
                self.missing
                    .push(format!("{name} ({}): {status}", wanted.node_id));
            }
        }
        let mut keep = there.iter();
        self.names.retain(|_| *keep.next().expect("one for each"));
        let mut keep = there.iter();
        self.wanted.retain(|_| *keep.next().expect("one for each"));
        Ok(())
    }

    /// The server object, which notifies of everything.
    pub(super) fn server() -> NodeId {
        ObjectId::Server.into()
    }
}

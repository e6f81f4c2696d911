//! A press behind an OPC UA server.
//!
//! Every reading is a plain Read service: a subscription can fall silent after the server restarts while writes and keep-alive go on.
//! Events only add to that. A lost connection is given up as a whole; the next reading makes a new session with new subscriptions, so
//! nothing of the old one has to be trusted.

mod events;
mod identity;
mod nodes;
mod pin;
mod session;
mod value;

pub use pin::Pin;
pub use session::commission;

use crate::error::{PressError, Why};
use crate::port::{Abilities, Cycle};
use crate::profile::opcua::{Node, OpcUaLink};
use crate::profile::{Map, Profile};
use crate::transport::Transport;
use appliance_pipeline::ports::{PressSignals, Setpoint};
use nodes::Place;
use opcua::types::{AttributeId, DataValue, NumericRange, TimestampsToReturn, WriteValue};
use session::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// First pause between two attempts to connect; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The wire to one OPC UA server.
pub struct OpcUa {
    link: OpcUaLink,
    map: Map<Node>,
    abilities: Abilities,
    stale_after_s: f64,
    read_back_within_s: f64,
    folder: PathBuf,
    connection: Option<Connection>,
    pause: Duration,
    next_attempt: Option<(Instant, String)>,
    beats: u64,
}

impl std::fmt::Debug for OpcUa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpcUa")
            .field("endpoint", &self.link.endpoint)
            .field("connected", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}

impl OpcUa {
    /// A wire that connects at the first reading; `folder` keeps the key of the box and the confirmed certificate of the press.
    pub(crate) fn new(profile: &Profile, link: &OpcUaLink, map: &Map<Node>, folder: &Path) -> Self {
        Self {
            link: link.clone(),
            map: map.clone(),
            abilities: profile.abilities(),
            stale_after_s: profile.stale_after_s,
            read_back_within_s: profile.read_back_within_s,
            folder: folder.into(),
            connection: None,
            pause: PAUSE,
            next_attempt: None,
            beats: 0,
        }
    }

    /// Signals and cycle data the profile names and the press does not have; empty while there is no connection.
    pub fn missing(&self) -> Vec<String> {
        self.connection
            .as_ref()
            .map(|c| c.places.missing.clone())
            .unwrap_or_default()
    }

    async fn connect(&mut self) -> Result<(), PressError> {
        if let Some((when, reason)) = &self.next_attempt
            && Instant::now() < *when
        {
            return Err(PressError::Connect {
                address: self.link.endpoint.clone(),
                reason: reason.clone(),
            });
        }
        match Connection::open(&self.link, &self.map, &self.folder).await {
            Ok(connection) => {
                self.connection = Some(connection);
                self.pause = PAUSE;
                self.next_attempt = None;
                Ok(())
            }
            Err(e) => {
                let reason = match &e {
                    PressError::Connect { reason, .. } => reason.clone(),
                    other => other.to_string(),
                };
                self.next_attempt = Some((Instant::now() + self.pause, reason));
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
                Err(e)
            }
        }
    }

    /// Gives the connection up.
    fn lost(&mut self, doing: &'static str, reason: impl ToString) -> PressError {
        self.connection = None;
        PressError::Lost {
            address: self.link.endpoint.clone(),
            doing,
            reason: reason.to_string(),
        }
    }

    async fn values(&mut self) -> Result<Vec<DataValue>, PressError> {
        let connection = self.connection.as_ref().expect("connected before");
        let wanted = &connection.places.wanted;
        let answer = connection
            .session
            .read(wanted, TimestampsToReturn::Neither, 0.0);
        let result = timeout(Duration::from_secs_f64(self.link.timeout_s), answer).await;
        let count = wanted.len();
        match result {
            Ok(Ok(values)) if values.len() == count => Ok(values),
            Ok(Ok(values)) => Err(self.lost(
                "reading",
                format!("{} answers to {count} nodes", values.len()),
            )),
            Ok(Err(e)) => Err(self.lost("reading", e)),
            Err(_) => Err(self.lost("reading", "no answer in time")),
        }
    }

    async fn send(
        &mut self,
        doing: &'static str,
        writes: Vec<WriteValue>,
    ) -> Result<Vec<opcua::types::StatusCode>, PressError> {
        let Some(connection) = self.connection.as_ref() else {
            return Err(self.lost(doing, "not connected"));
        };
        let answer = connection.session.write(&writes);
        let result = timeout(Duration::from_secs_f64(self.link.timeout_s), answer).await;
        match result {
            Ok(Ok(codes)) if codes.len() == writes.len() => Ok(codes),
            Ok(Ok(codes)) => Err(self.lost(
                doing,
                format!("{} answers to {} values", codes.len(), writes.len()),
            )),
            Ok(Err(e)) => Err(self.lost(doing, e)),
            Err(_) => Err(self.lost(doing, "no answer in time")),
        }
    }
}

fn write_value(node: opcua::types::NodeId, value: DataValue) -> WriteValue {
    WriteValue {
        node_id: node,
        attribute_id: AttributeId::Value as u32,
        index_range: NumericRange::None,
        value,
    }
}

impl Transport for OpcUa {
    fn abilities(&self) -> Abilities {
        self.abilities.clone()
    }

    fn stale_after_s(&self) -> f64 {
        self.stale_after_s
    }

    fn read_back_within_s(&self) -> f64 {
        self.read_back_within_s
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        if self.connection.is_none() {
            self.connect().await?;
        }
        let values = self.values().await?;
        let connection = self.connection.as_mut().expect("the answer came over it");
        let mut signals = PressSignals::default();
        for (place, value) in connection.places.names.iter().zip(&values) {
            let value = value
                .status
                .is_none_or(|s| s.is_good())
                .then_some(value.value.as_ref())
                .flatten();
            match place {
                Place::Setpoint(s) => {
                    let entry = self.map.setpoints[*s as usize]
                        .as_ref()
                        .expect("the place was made from it");
                    let raw = value.and_then(value::number);
                    signals.setpoints[*s] = raw.map_or(f64::NAN, |raw| entry.quantity.si(raw));
                }
                Place::Operating => {
                    let entry = self
                        .map
                        .operating
                        .as_ref()
                        .expect("the place was made from it");
                    signals.operating = value
                        .and_then(value::text)
                        .map(|t| entry.means(&t))
                        .unwrap_or_default();
                }
                Place::Released => signals.released = value.and_then(value::flag),
                Place::Frozen => signals.frozen = value.and_then(value::flag),
                Place::CycleCounter => signals.cycle = value.and_then(value::count),
                Place::Heartbeat => {
                    // Counted on from whatever is there, so that the first beat is a change.
                    if let (0, Some(there)) = (self.beats, value.and_then(value::count)) {
                        self.beats = there;
                    }
                }
                Place::Data(i) => {
                    let (name, entry) = &self.map.cycle_data[*i];
                    if let Some(raw) = value.and_then(value::number) {
                        signals
                            .cycle_data
                            .push((name.clone(), entry.scale * raw + entry.offset));
                    }
                }
            }
        }
        if let Err(reason) = connection
            .events
            .watch(&connection.session, &self.link, signals.cycle)
            .await
        {
            return Err(self.lost("asking for events", reason));
        }
        Ok(signals)
    }

    async fn write(
        &mut self,
        values: &[(Setpoint, f64)],
    ) -> Result<Vec<Result<(), Why>>, PressError> {
        let Some(connection) = &self.connection else {
            return Err(self.lost("writing", "not connected"));
        };
        let mut writes = Vec::with_capacity(values.len());
        for &(setpoint, si) in values {
            let (Some(entry), Some(node)) = (
                &self.map.setpoints[setpoint as usize],
                &connection.places.writes[setpoint as usize],
            ) else {
                return Ok(values.iter().map(|_| Err(Why::NotOurs)).collect());
            };
            let value = value::variant(entry.quantity.kind, entry.quantity.raw(si));
            writes.push(write_value(node.clone(), DataValue::value_only(value)));
        }
        let codes = self.send("writing", writes).await?;
        Ok(codes.into_iter().map(value::verdict).collect())
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        let Some(entry) = &self.map.heartbeat else {
            return Ok(());
        };
        let node = self
            .connection
            .as_ref()
            .and_then(|c| c.places.heartbeat.clone());
        let Some(node) = node else {
            return Err(self.lost("beating", "not connected"));
        };
        let (_, most) = entry.kind.range();
        self.beats = if (self.beats as f64) < most {
            self.beats + 1
        } else {
            1
        };
        let value = DataValue::value_only(value::variant(entry.kind, self.beats as f64));
        let place = entry.at.to_string();
        let codes = self.send("beating", vec![write_value(node, value)]).await?;
        match codes.into_iter().map(value::verdict).next() {
            Some(Err(why)) => Err(PressError::Place {
                name: "heartbeat".into(),
                place,
                reason: why.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn announces(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.events.alive())
    }

    fn announced(&mut self) -> Vec<Cycle> {
        self.connection
            .as_mut()
            .map(|c| c.events.take())
            .unwrap_or_default()
    }
}

//! Finished cycles as the press announces them: events of OPC 40083's CycleParametersEventType and of vendors' types derived from it.
//!
//! The select clauses are written out by browse name, because generated types of these standards carry the wrong namespace.

use super::nodes::{Places, resolve};
use super::value;
use crate::port::Cycle;
use crate::profile::opcua::{CycleEvent, OpcUaLink};
use opcua::client::{EventCallback, Session};
use opcua::types::{
    AttributeId, ContentFilterBuilder, EventFilter, ExtensionObject, MonitoredItemCreateRequest,
    MonitoringMode, MonitoringParameters, NamespaceMap, NodeId, NumericRange, Operand,
    QualifiedName, ReadValueId, SimpleAttributeOperand, TimestampsToReturn, Variant,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the server looks for events.
const LOOK: Duration = Duration::from_millis(100);
/// Cycles counted without an event before a subscription is taken for silent.
const SILENT_CYCLES: u64 = 2;
/// How often a silent subscription is made anew on one connection.
const RENEWALS: u32 = 3;

/// The subscription, and what came of it.
pub(super) struct Events {
    filter: Option<(NodeId, EventFilter)>,
    inbox: Arc<Mutex<Vec<Cycle>>>,
    subscription: Option<u32>,
    came: bool,
    last: Option<u64>,
    unannounced: u64,
    renewals: u32,
}

impl Events {
    pub(super) async fn new(
        session: &Session,
        namespaces: &NamespaceMap,
        link: &OpcUaLink,
    ) -> Result<Self, String> {
        let mut events = Self {
            filter: None,
            inbox: Arc::default(),
            subscription: None,
            came: false,
            last: None,
            unannounced: 0,
            renewals: 0,
        };
        if let Some(wanted) = &link.cycle_event {
            events.filter = Some(filter(wanted, namespaces, &link.namespace)?);
            events.subscribe(session, wanted).await?;
        }
        Ok(events)
    }

    async fn subscribe(&mut self, session: &Session, wanted: &CycleEvent) -> Result<(), String> {
        let Some((notifier, filter)) = self.filter.clone() else {
            return Ok(());
        };
        let (inbox, wanted) = (self.inbox.clone(), wanted.clone());
        let keep = EventCallback::new(move |fields: Option<Vec<Variant>>, _: &_| {
            let cycle = cycle(&wanted, fields.unwrap_or_default());
            inbox
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(cycle);
        });
        let made = session
            .create_subscription(LOOK, 600, 20, 0, 0, true, keep)
            .await;
        let id = made.map_err(|e| format!("no subscription: {e}"))?;
        let item = MonitoredItemCreateRequest {
            item_to_monitor: ReadValueId {
                node_id: notifier,
                attribute_id: AttributeId::EventNotifier as u32,
                ..Default::default()
            },
            monitoring_mode: MonitoringMode::Reporting,
            requested_parameters: MonitoringParameters {
                client_handle: 1,
                sampling_interval: 0.0,
                filter: ExtensionObject::from_message(filter),
                queue_size: 100,
                discard_oldest: true,
            },
        };
        let items = session
            .create_monitored_items(id, TimestampsToReturn::Neither, vec![item])
            .await;
        let items = items.map_err(|e| format!("no events: {e}"))?;
        let status = items.first().map(|i| i.result.status_code);
        if !status.is_some_and(|s| s.is_good()) {
            return Err(format!(
                "no events from the notifier: {}",
                status.unwrap_or_default()
            ));
        }
        session.trigger_publish_now();
        self.subscription = Some(id);
        Ok(())
    }

    /// Compares events with the cycle counter; a subscription that misses cycles is made anew. Readings go on by the counter meanwhile.
    pub(super) async fn watch(
        &mut self,
        session: &Session,
        link: &OpcUaLink,
        count: Option<u64>,
    ) -> Result<(), String> {
        let Some(wanted) = &link.cycle_event else {
            return Ok(());
        };
        if !self
            .inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
        {
            self.came = true;
            self.unannounced = 0;
        } else if let (Some(before), Some(now)) = (self.last, count) {
            self.unannounced += now.saturating_sub(before);
        }
        self.last = count;
        if self.unannounced > SILENT_CYCLES && self.renewals < RENEWALS {
            self.renewals += 1;
            self.unannounced = 0;
            self.came = false;
            if let Some(id) = self.subscription.take() {
                session
                    .delete_subscription(id)
                    .await
                    .map_err(|e| e.to_string())?;
            }
            self.subscribe(session, wanted).await?;
        }
        Ok(())
    }

    /// Events came, and none was missed since.
    pub(super) fn alive(&self) -> bool {
        self.came && self.unannounced <= SILENT_CYCLES
    }

    pub(super) fn take(&mut self) -> Vec<Cycle> {
        std::mem::take(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Fields in the order of the select clauses: the counter if there is one, then the data by name.
fn filter(
    wanted: &CycleEvent,
    namespaces: &NamespaceMap,
    default: &str,
) -> Result<(NodeId, EventFilter), String> {
    let event_type = resolve(&wanted.event_type, namespaces, default)?;
    let notifier = match &wanted.notifier {
        Some(node) => resolve(node, namespaces, default)?,
        None => Places::server(),
    };
    let clause = |path: Vec<(String, String)>| {
        let names = path.into_iter().map(|(uri, name)| {
            let index = namespaces
                .get_index(&uri)
                .ok_or_else(|| format!("the press has no namespace `{uri}`"))?;
            Ok(QualifiedName::new(index, name))
        });
        Ok(SimpleAttributeOperand {
            type_definition_id: event_type.clone(),
            browse_path: Some(names.collect::<Result<_, String>>()?),
            attribute_id: AttributeId::Value as u32,
            index_range: NumericRange::None,
        })
    };
    let counter = wanted
        .counter
        .iter()
        .map(|name| vec![(wanted.namespace.clone(), name.clone())]);
    let data = wanted
        .data
        .values()
        .map(|field| field.path(&wanted.namespace));
    let clauses = counter
        .chain(data)
        .map(clause)
        .collect::<Result<Vec<_>, String>>()?;
    let filter = EventFilter {
        select_clauses: Some(clauses),
        where_clause: ContentFilterBuilder::new()
            .of_type(Operand::literal(event_type.clone()))
            .build(),
    };
    Ok((notifier, filter))
}

fn cycle(wanted: &CycleEvent, fields: Vec<Variant>) -> Cycle {
    let mut fields = fields.into_iter();
    let number = wanted
        .counter
        .as_ref()
        .and_then(|_| fields.next())
        .and_then(|v| value::count(&v));
    let data = wanted.data.iter().zip(fields);
    let data = data.filter_map(|((name, field), v)| {
        Some((
            name.clone(),
            field.scale * value::number(&v)? + field.offset,
        ))
    });
    Cycle {
        number,
        data: data.collect(),
        announced: true,
    }
}

//! One connection to a server: its certificate checked, its session open, its nodes found, its events asked for.

use super::events::Events;
use super::identity::{self, APPLICATION_NAME, APPLICATION_URI};
use super::nodes::Places;
use super::pin::Pin;
use crate::error::PressError;
use crate::profile::opcua::{Mode, Node, OpcUaLink, Policy};
use crate::profile::{Link, Map, Profile};
use opcua::client::{Client, ClientBuilder, Session, SessionDropGuard};
use opcua::crypto::SecurityPolicy;
use opcua::types::{EndpointDescription, MessageSecurityMode};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How many answer times a connection may take as a whole: it needs about ten exchanges.
const EXCHANGES: f64 = 10.0;

/// An open connection; dropping it closes the session.
pub(super) struct Connection {
    pub(super) session: Arc<Session>,
    pub(super) places: Places,
    pub(super) events: Events,
    _close: SessionDropGuard,
}

fn failed(link: &OpcUaLink, reason: impl ToString) -> PressError {
    PressError::Connect {
        address: link.endpoint.clone(),
        reason: reason.to_string(),
    }
}

async fn client(link: &OpcUaLink, folder: &Path) -> Result<Client, PressError> {
    let (certificate, key) = identity::own(folder).await?;
    let builder = ClientBuilder::new()
        .application_name(APPLICATION_NAME)
        .application_uri(APPLICATION_URI)
        .product_uri(APPLICATION_URI)
        .session_name(APPLICATION_NAME)
        .pki_dir(folder.join("pki"))
        .certificate_path(certificate)
        .private_key_path(key)
        .create_sample_keypair(false)
        // Trust is decided here, by the confirmed thumbprint, before the library sees the certificate; names and dates in it
        // decide nothing, because a press is reached by an address its certificate may not know.
        .trust_server_certs(true)
        .verify_server_certs(false)
        .request_timeout(Duration::from_secs_f64(link.timeout_s))
        .session_retry_limit(0)
        .keep_alive_interval(Duration::from_secs(5));
    builder.client().map_err(|e| failed(link, e.join("; ")))
}

async fn endpoint(client: &Client, link: &OpcUaLink) -> Result<EndpointDescription, PressError> {
    let asked = client.get_server_endpoints_from_url(link.endpoint.as_str());
    let offered = asked.await.map_err(|e| failed(link, e))?;
    let policy = match link.policy {
        Policy::None => SecurityPolicy::None,
        Policy::Basic256Sha256 => SecurityPolicy::Basic256Sha256,
        Policy::Aes256Sha256RsaPss => SecurityPolicy::Aes256Sha256RsaPss,
    };
    let mode = match link.mode {
        Mode::None => MessageSecurityMode::None,
        Mode::Sign => MessageSecurityMode::Sign,
        Mode::SignAndEncrypt => MessageSecurityMode::SignAndEncrypt,
    };
    let fits = |e: &&EndpointDescription| {
        e.security_mode == mode && e.security_policy_uri.as_ref() == policy.to_uri()
    };
    let mut endpoint = offered.iter().find(fits).cloned().ok_or_else(|| {
        let name = |e: &EndpointDescription| {
            format!(
                "{:?} {:?}",
                SecurityPolicy::from_uri(e.security_policy_uri.as_ref()),
                e.security_mode
            )
        };
        let offers: Vec<String> = offered.iter().map(name).collect();
        failed(
            link,
            format!(
                "it does not offer {:?} {:?}, only {}",
                link.policy,
                link.mode,
                offers.join(", ")
            ),
        )
    })?;
    // Servers announce names that need not be known here.
    endpoint.endpoint_url = link.endpoint.as_str().into();
    Ok(endpoint)
}

impl Connection {
    pub(super) async fn open(
        link: &OpcUaLink,
        map: &Map<Node>,
        folder: &Path,
    ) -> Result<Self, PressError> {
        // Outside the time limit: making a key takes seconds on a small box.
        let client = client(link, folder).await?;
        let whole = Duration::from_secs_f64(EXCHANGES * link.timeout_s);
        let opened = timeout(whole, Self::open_now(client, link, map, folder)).await;
        opened.unwrap_or_else(|_| Err(failed(link, "no answer in time")))
    }

    async fn open_now(
        mut client: Client,
        link: &OpcUaLink,
        map: &Map<Node>,
        folder: &Path,
    ) -> Result<Self, PressError> {
        let endpoint = endpoint(&client, link).await?;
        if link.policy != Policy::None {
            // The library encrypts to this certificate, and refuses a session that shows another or cannot sign with its key.
            let shown = Pin::of(&endpoint.server_certificate).map_err(|e| failed(link, e))?;
            shown.check(&link.endpoint, folder)?;
        }
        let user = identity::user(link)?;
        let (session, event_loop) = client
            .connect_to_endpoint_directly(endpoint, user)
            .map_err(|e| failed(link, e))?;
        session.disable_reconnects();
        let close = session.close_on_drop();
        let mut task = event_loop.spawn();
        tokio::select! {
            ended = &mut task => {
                let reason = ended.map_or_else(|e| e.to_string(), |code| code.to_string());
                return Err(failed(link, reason));
            }
            _ = session.wait_for_connection() => {}
        }
        let namespaces = session
            .read_namespace_array()
            .await
            .map_err(|e| failed(link, e))?;
        let places = Places::find(&session, &namespaces, link, map).await?;
        let events = Events::new(&session, &namespaces, link)
            .await
            .map_err(|e| failed(link, e))?;
        Ok(Self {
            session,
            places,
            events,
            _close: close,
        })
    }
}

/// What a press shows, for a person to compare with its panel; nothing is trusted by asking. None without a security policy.
///
/// # Errors
/// When it cannot be reached, does not offer the profile's security, or the profile is not about OPC UA.
pub async fn commission(profile: &Profile, folder: &Path) -> Result<Option<Pin>, PressError> {
    let Link::OpcUa(link, _) = &profile.link else {
        return Ok(None);
    };
    let client = client(link, folder).await?;
    let asked = timeout(
        Duration::from_secs_f64(EXCHANGES * link.timeout_s),
        endpoint(&client, link),
    )
    .await;
    let endpoint = asked.unwrap_or_else(|_| Err(failed(link, "no answer in time")))?;
    if link.policy == Policy::None {
        return Ok(None);
    }
    Pin::of(&endpoint.server_certificate)
        .map(Some)
        .map_err(|e| failed(link, e))
}

//! Where values are in an OPC UA server, and how it is reached.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The link, table `[opcua]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpcUaLink {
    /// `opc.tcp://host:port/path`.
    pub endpoint: String,
    /// Namespace URI of nodes that name none.
    #[serde(default)]
    pub namespace: String,
    /// Security policy.
    pub policy: Policy,
    /// What the policy protects.
    pub mode: Mode,
    /// User name; anonymous, or a certificate, if left out.
    pub user: Option<String>,
    /// File whose first line is the password of `user`.
    pub password_file: Option<PathBuf>,
    /// Certificate of the user, DER or PEM, with `user_key`.
    pub user_certificate: Option<PathBuf>,
    /// Private key of the user, PEM.
    pub user_key: Option<PathBuf>,
    /// How long an answer may take, s.
    #[serde(default = "super::two_seconds")]
    pub timeout_s: f64,
    /// Announcements of finished cycles.
    pub cycle_event: Option<CycleEvent>,
}

/// Security policy of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Policy {
    /// No protection.
    None,
    /// `Basic256Sha256`.
    Basic256Sha256,
    /// `Aes256_Sha256_RsaPss`.
    #[serde(rename = "Aes256Sha256RsaPss")]
    Aes256Sha256RsaPss,
}

/// What the policy does to messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Mode {
    /// Nothing.
    None,
    /// Signs them.
    Sign,
    /// Signs and encrypts them.
    SignAndEncrypt,
}

/// Table `[opcua.cycle_event]`: event fields are picked by browse name, whatever type a vendor derived.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CycleEvent {
    /// Object that notifies; the server object if left out.
    pub notifier: Option<Node>,
    /// Event type; its subtypes count too.
    #[serde(rename = "type")]
    pub event_type: Node,
    /// Namespace URI of the fields.
    pub namespace: String,
    /// Field with the number of the cycle.
    pub counter: Option<String>,
    /// Cycle data by name.
    #[serde(default)]
    pub data: BTreeMap<String, EventField>,
}

/// A field of an event: value = `scale` number + `offset`, in the unit of the name it is given.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventField {
    /// Browse names from the event down to the value, each as `NAME` in the namespace of the event or `nsu=URI;NAME`.
    pub field: Vec<String>,
    /// Value per count.
    #[serde(default = "super::unity")]
    pub scale: f64,
    /// Value of zero.
    #[serde(default)]
    pub offset: f64,
}

impl EventField {
    /// Namespace URI and name of each step.
    pub fn path(&self, namespace: &str) -> Vec<(String, String)> {
        let step = |text: &String| match text
            .strip_prefix("nsu=")
            .and_then(|rest| rest.rsplit_once(';'))
        {
            Some((uri, name)) => (uri.to_string(), name.to_string()),
            None => (namespace.to_string(), text.clone()),
        };
        self.field.iter().map(step).collect()
    }
}

/// A node: `nsu=URI;s=NAME`, `s=NAME` or `i=NUMBER` in the namespace of the link, or `path=A/B/C`, browse names below the
/// E77 interface object of the press.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Node {
    /// By id.
    Id {
        /// Namespace URI; that of the link if none.
        namespace: Option<String>,
        /// `s=...`, `i=...`, `g=...` or `b=...`.
        identifier: String,
    },
    /// By browse names below the interface object.
    Path(Vec<String>),
}

impl TryFrom<String> for Node {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no node: write nsu=URI;s=NAME, s=NAME, i=NUMBER or path=A/B");
        if let Some(path) = text.strip_prefix("path=") {
            let parts: Vec<String> = path.split('/').map(str::to_string).collect();
            return if parts.iter().any(String::is_empty) {
                Err(wrong())
            } else {
                Ok(Self::Path(parts))
            };
        }
        let (namespace, identifier) = match text.strip_prefix("nsu=") {
            Some(rest) => {
                let (uri, id) = rest.rsplit_once(";").ok_or_else(wrong)?;
                (Some(uri.to_string()), id)
            }
            None => (None, text.as_str()),
        };
        let good = match identifier.split_once('=') {
            Some(("i", number)) => number.parse::<u32>().is_ok(),
            Some(("s" | "g" | "b", rest)) => !rest.is_empty(),
            _ => false,
        };
        if !good || namespace.as_deref() == Some("") {
            return Err(wrong());
        }
        let identifier = identifier.to_string();
        Ok(Self::Id {
            namespace,
            identifier,
        })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id {
                namespace: Some(uri),
                identifier,
            } => write!(f, "nsu={uri};{identifier}"),
            Self::Id {
                namespace: None,
                identifier,
            } => f.write_str(identifier),
            Self::Path(names) => write!(f, "path={}", names.join("/")),
        }
    }
}

impl super::Place for Node {
    fn writable(&self) -> bool {
        true
    }
}

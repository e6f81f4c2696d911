//! The configuration of the box: one TOML file, read once, checked as a whole.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use appliance_pipeline::guard::Mode;
use appliance_pipeline::quality::DIMENSION;
use models_quality::Defect;
use serde::{Deserialize, Serialize};

use crate::error::DaemonError;
use crate::press::PressConfig;
use crate::transfer::TransferConfig;

/// `moldsight.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Mold in the press: a shipped one by name, or a file.
    pub mold: String,
    /// Release of the virtual sensor: a folder or a mold name for its newest; "none" runs on the reduced solver alone.
    #[serde(default)]
    pub weights: Option<String>,
    /// Folder of everything the box keeps.
    pub data: PathBuf,
    /// Name of the press on the screen.
    #[serde(default = "a_press")]
    pub press: String,
    /// Nodes.
    #[serde(default, rename = "node")]
    pub nodes: Vec<NodeConfig>,
    /// Screw diameter, mm, where the screw's position is measured; the mold's press file otherwise.
    #[serde(default)]
    pub screw_diameter_mm: Option<f64>,
    /// Time the part stays in the mold after hold, s; the recipe's otherwise.
    #[serde(default)]
    pub cooling_s: Option<f64>,
    /// The page and the API.
    #[serde(default)]
    pub web: WebConfig,
    /// The tick thread.
    #[serde(default)]
    pub tick: TickConfig,
    /// Records.
    #[serde(default)]
    pub records: RecordConfig,
    /// The press; without it the box only looks on.
    #[serde(default)]
    pub press_port: Option<PressConfig>,
    /// What a part should be, until targets are set on the page.
    #[serde(default, rename = "target")]
    pub targets: Vec<TargetConfig>,
    /// What a part must keep to.
    #[serde(default, rename = "limit")]
    pub limits: Vec<LimitConfig>,
    /// How sure a verdict must be.
    #[serde(default)]
    pub verdict: VerdictConfig,
    /// Sorting lines.
    #[serde(default)]
    pub output: Option<OutputConfig>,
    /// Transfer signalled by a node.
    #[serde(default)]
    pub transfer: Option<TransferConfig>,
}

/// How sure a verdict must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictConfig {
    /// Probability of lying inside every limit for a good part, outside one for a reject.
    pub probability: f64,
}

impl Default for VerdictConfig {
    fn default() -> Self {
        Self { probability: 0.95 }
    }
}

/// The node whose sorting lines are told the verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputConfig {
    /// Its port, as in `[[node]]`.
    pub node: PathBuf,
    /// How long a verdict stands, s; the next shot ends it earlier.
    #[serde(default = "five_seconds")]
    pub valid_s: f64,
}

const fn five_seconds() -> f64 {
    5.0
}

fn a_press() -> String {
    "press".into()
}

/// One sensor node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Serial port.
    pub port: PathBuf,
    /// Calibration file; the node's nominal ranges otherwise.
    #[serde(default)]
    pub calibration: Option<PathBuf>,
    /// What its channels feed.
    #[serde(rename = "channel")]
    pub channels: Vec<ChannelConfig>,
}

/// One channel of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Name in the node's table.
    pub name: String,
    /// What it feeds.
    pub feeds: Feeds,
    /// Sensor of the mold, when it feeds one.
    #[serde(default)]
    pub sensor: Option<String>,
    /// Whether the estimator uses it; otherwise it is only shown and recorded.
    #[serde(default = "yes")]
    pub used: bool,
    /// Takes its zero anew before each shot (charge amplifiers).
    #[serde(default)]
    pub rezero: bool,
}

const fn yes() -> bool {
    true
}

/// What a channel can feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feeds {
    /// A sensor of the mold.
    Sensor,
    /// Position of the screw, mm before its front stop.
    ScrewPosition,
    /// Temperature of the mold's surface.
    MoldSurface,
    /// 24 V while the screw injects or holds.
    InjectionSignal,
    /// 24 V from transfer to the end of hold.
    TransferSignal,
    /// 24 V while the key at the press lets the box be on it; without 24 V, and without a reading, the box is taken off.
    Key,
    /// Recorded only.
    Nothing,
}

/// The page and the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// TLS: "off" (localhost only), "generated", or "own" with `certificate` and `key`.
    pub tls: String,
    /// Certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Private key, PEM.
    pub key: Option<PathBuf>,
    /// Names the generated certificate is made for.
    pub names: Vec<String>,
    /// Plain HTTP on an address others reach: only behind a proxy that adds TLS.
    pub allow_plain: bool,
    /// A second address where `/metrics` is open.
    pub metrics_listen: Option<SocketAddr>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8088)),
            tls: "off".into(),
            certificate: None,
            key: None,
            names: Vec::new(),
            allow_plain: false,
            metrics_listen: None,
        }
    }
}

/// The tick thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TickConfig {
    /// Real-time priority, 1 to 99; 0 asks for none.
    pub priority: Option<u8>,
    /// Core it is pinned to.
    pub core: Option<usize>,
}

/// Records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// Room for curves, GB.
    pub curves_gb: Option<f64>,
    /// Room to leave free on the disk, GB.
    pub free_gb: Option<f64>,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitConfig {
    /// `part_weight`, `shrinkage`, `end_of_fill_pressure`, `core_at_ejection`, a dimension (`dimension.length`), or the chance
    /// of a defect (`short_shot`, `flash`, `sink_mark`, `weld_line`, `burn_mark`).
    pub name: String,
    /// Lowest good value, SI.
    #[serde(default)]
    pub lower: Option<f64>,
    /// Highest good value, SI.
    #[serde(default)]
    pub upper: Option<f64>,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// As in [`LimitConfig::name`].
    pub name: String,
    /// SI; what the first good shots come to where this is missing.
    #[serde(default)]
    pub value: Option<f64>,
    /// Distance from it that is worth a movement, SI.
    pub tolerance: f64,
}

/// Predictions a limit can be set on, with their SI units.
pub const PREDICTIONS: [(&str, &str); 4] = [
    ("part_weight", "kg"),
    ("shrinkage", "1"),
    ("end_of_fill_pressure", "Pa"),
    ("core_at_ejection", "K"),
];

/// SI unit of what a limit can be set on; `None` where nothing of that name is predicted.
pub fn unit_of(name: &str) -> Option<&'static str> {
    if let Some((_, unit)) = PREDICTIONS.iter().find(|p| p.0 == name) {
        return Some(unit);
    }
    if Defect::from_name(name).is_some() {
        return Some("1");
    }
    let dimension = name.strip_prefix(DIMENSION)?;
    (!dimension.is_empty()).then_some("m")
}

/// What can be limited, for messages.
pub fn limitable() -> String {
    let predictions = PREDICTIONS.iter().map(|p| p.0);
    let defects = Defect::ALL.into_iter().map(Defect::name);
    let names: Vec<&str> = predictions.chain(defects).collect();
    format!("{} and {DIMENSION}NAME", names.join(", "))
}

impl Config {
    /// Reads and checks a file. Relative paths in it start from its folder.
    ///
    /// # Errors
    /// With file, key and reason of the first thing wrong.
    pub fn load(path: &Path) -> Result<Self, DaemonError> {
        let text = std::fs::read_to_string(path).map_err(|source| DaemonError::Read {
            path: path.into(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|e| DaemonError::Config {
            path: path.into(),
            key: key_of(&text, e.span()),
            reason: e.message().replace('\n', " "),
        })?;
        config.check(path)?;
        // From here on it does not matter where the program was started.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let folder = whole.parent().unwrap_or(Path::new("")).to_path_buf();
        let from_folder = |p: &mut PathBuf| *p = folder.join(&*p);
        from_folder(&mut config.data);
        for node in &mut config.nodes {
            from_folder(&mut node.port);
            node.calibration.iter_mut().for_each(from_folder);
        }
        if let Some(press) = &mut config.press_port
            && press.profile.extension().is_some()
        {
            from_folder(&mut press.profile);
        }
        if let Some(output) = &mut config.output {
            from_folder(&mut output.node);
        }
        if let Some(transfer) = &mut config.transfer {
            from_folder(&mut transfer.node);
        }
        config.web.certificate.iter_mut().for_each(from_folder);
        config.web.key.iter_mut().for_each(from_folder);
        if config.mold.ends_with(".toml") {
            config.mold = folder.join(&config.mold).display().to_string();
        }
        Ok(config)
    }

    fn check(&self, path: &Path) -> Result<(), DaemonError> {
        let wrong = |key: String, reason: String| {
            Err(DaemonError::Config {
                path: path.into(),
                key,
                reason,
            })
        };
        for (n, node) in self.nodes.iter().enumerate() {
            for (c, channel) in node.channels.iter().enumerate() {
                let key = |field: &str| format!("node[{n}].channel[{c}].{field}");
                let sensor = channel.feeds == Feeds::Sensor;
                if sensor != channel.sensor.is_some() {
                    let reason = if sensor {
                        "is missing: which sensor of the mold does it feed?"
                    } else {
                        "only a channel with feeds = \"sensor\" has one"
                    };
                    return wrong(key("sensor"), reason.into());
                }
                if node.channels[..c].iter().any(|o| o.name == channel.name) {
                    return wrong(key("name"), format!("`{}` is there twice", channel.name));
                }
            }
        }
        let channels = self.nodes.iter().flat_map(|n| &n.channels);
        if channels.filter(|c| c.feeds == Feeds::Key).count() > 1 {
            return wrong(
                "node".into(),
                "has more than one channel with feeds = \"key\"".into(),
            );
        }
        if !["off", "generated", "own"].contains(&self.web.tls.as_str()) {
            return wrong(
                "web.tls".into(),
                format!("is `{}`; it can be off, generated or own", self.web.tls),
            );
        }
        if self.web.tls == "own" && (self.web.certificate.is_none() || self.web.key.is_none()) {
            return wrong(
                "web.tls".into(),
                "own needs web.certificate and web.key".into(),
            );
        }
        let outside = !self.web.listen.ip().to_canonical().is_loopback();
        if outside && self.web.tls == "off" && !self.web.allow_plain {
            let reason = "is open to others without TLS: set web.tls to generated or own, or web.allow_plain where \
                something else protects it";
            return wrong("web.listen".into(), reason.into());
        }
        if let Some(press) = &self.press_port {
            if let Err((key, reason)) = press.limits() {
                return wrong(key, reason);
            }
            if press.no_wire() && press.mode == Mode::Correct {
                let reason = "is correct; a box whose press is set by hand can only advise";
                return wrong("press_port.mode".into(), reason.into());
            }
            for (key, value) in [
                ("read_every_s", press.read_every_s),
                ("hold_s", press.hold_s),
            ] {
                if !(value.is_finite() && value > 0.0) {
                    return wrong(format!("press_port.{key}"), "must be above zero".into());
                }
            }
        }
        if self.tick.priority.is_some_and(|p| p > 99) {
            return wrong("tick.priority".into(), "is above 99".into());
        }
        for (key, value) in [
            ("screw_diameter_mm", self.screw_diameter_mm),
            ("cooling_s", self.cooling_s),
        ] {
            if value.is_some_and(|v| !(v.is_finite() && v > 0.0)) {
                return wrong(key.into(), "must be above zero".into());
            }
        }
        for (k, target) in self.targets.iter().enumerate() {
            if !PREDICTIONS.iter().any(|(name, _)| *name == target.name) {
                let known = PREDICTIONS.map(|p| p.0).join(", ");
                return wrong(
                    format!("target[{k}].name"),
                    format!("`{}` is not predicted; known are {known}", target.name),
                );
            }
            if !(target.tolerance.is_finite() && target.tolerance > 0.0) {
                return wrong(
                    format!("target[{k}].tolerance"),
                    "must be above zero".into(),
                );
            }
        }
        if !(0.5..1.0).contains(&self.verdict.probability) {
            let reason = "must be at least 0.5 and below 1".into();
            return wrong("verdict.probability".into(), reason);
        }
        if let Some(output) = &self.output {
            if !self.nodes.iter().any(|n| n.port == output.node) {
                let reason = format!("no [[node]] has the port `{}`", output.node.display());
                return wrong("output.node".into(), reason);
            }
            // A node holds no verdict longer than a minute.
            if !(output.valid_s > 0.0 && output.valid_s <= 60.0) {
                return wrong(
                    "output.valid_s".into(),
                    "must lie between 0 and 60 s".into(),
                );
            }
        }
        if let Some(transfer) = &self.transfer
            && let Err((key, reason)) = transfer.check(self)
        {
            return wrong(key, reason);
        }
        for (k, limit) in self.limits.iter().enumerate() {
            if unit_of(&limit.name).is_none() {
                return wrong(
                    format!("limit[{k}].name"),
                    format!(
                        "`{}` is not predicted; known are {}",
                        limit.name,
                        limitable()
                    ),
                );
            }
            if let (Some(low), Some(high)) = (limit.lower, limit.upper)
                && low >= high
            {
                return wrong(
                    format!("limit[{k}].lower"),
                    format!("{low} is not below the upper limit {high}"),
                );
            }
        }
        Ok(())
    }

    /// Sensors of the mold that are used.
    pub fn used(&self) -> Vec<String> {
        let channels = self.nodes.iter().flat_map(|n| &n.channels);
        channels
            .filter(|c| c.used)
            .filter_map(|c| c.sensor.clone())
            .collect()
    }
}

/// The key on the line an error points at, for the message.
fn key_of(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let Some(span) = span else {
        return "file".into();
    };
    let start = text[..span.start.min(text.len())]
        .rfind('\n')
        .map_or(0, |i| i + 1);
    let line = text[start..].lines().next().unwrap_or("");
    let number = text[..start].lines().count() + 1;
    match line.split('=').next().map(str::trim) {
        Some(key) if !key.is_empty() => format!("line {number}, `{key}`"),
        _ => format!("line {number}"),
    }
}

#[cfg(test)]
mod tests;

//! From the text of a profile to what it means; whatever cannot be meant is refused by its key.

use super::modbus::{ModbusLink, Register};
use super::opcua::{Mode, Node, OpcUaLink, Policy};
use super::quantity::{Kind, Quantity, Unit};
use super::*;
use crate::port::Ability;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Key and reason.
type Wrong = (String, String);

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
struct Written<P> {
    name: String,
    #[serde(default)]
    restore: bool,
    stale_after_s: f64,
    #[serde(default = "one_second")]
    read_back_within_s: f64,
    opcua: Option<OpcUaLink>,
    modbus: Option<ModbusLink>,
    #[serde(default)]
    setpoint: BTreeMap<String, WrittenSetpoint<P>>,
    #[serde(default)]
    signal: WrittenSignals<P>,
    heartbeat: Option<HeartbeatEntry<P>>,
    #[serde(default)]
    cycle_data: BTreeMap<String, DataEntry<P>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
struct WrittenSetpoint<P> {
    at: P,
    read_back: Option<P>,
    #[serde(rename = "type")]
    kind: Kind,
    unit: Unit,
    #[serde(default = "unity")]
    scale: f64,
    #[serde(default)]
    offset: f64,
    low: Option<f64>,
    high: Option<f64>,
    #[serde(default)]
    writer: Writer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "P: Place")]
struct WrittenSignals<P> {
    operating_mode: Option<OperatingEntry<P>>,
    released: Option<FlagEntry<P>>,
    frozen: Option<FlagEntry<P>>,
    cycle_counter: Option<CounterEntry<P>>,
}

impl<P> Default for WrittenSignals<P> {
    fn default() -> Self {
        Self {
            operating_mode: None,
            released: None,
            frozen: None,
            cycle_counter: None,
        }
    }
}

/// Which protocol a file is about, before its places are understood.
#[derive(Deserialize)]
struct Protocol {
    opcua: Option<IgnoredAny>,
    modbus: Option<IgnoredAny>,
}

fn wrong(key: impl Into<String>, reason: impl Into<String>) -> Wrong {
    (key.into(), reason.into())
}

fn toml_wrong(text: &str, e: &toml::de::Error) -> Wrong {
    let line = e.span().map_or(0, |s| {
        text[..s.start.min(text.len())].matches('\n').count() + 1
    });
    wrong(format!("line {line}"), e.message().replace('\n', " "))
}

pub(super) fn profile(text: &str, beside: &Path) -> Result<Profile, Wrong> {
    let protocol: Protocol = toml::from_str(text).map_err(|e| toml_wrong(text, &e))?;
    match (protocol.opcua.is_some(), protocol.modbus.is_some()) {
        (true, false) => {
            let mut written: Written<Node> =
                toml::from_str(text).map_err(|e| toml_wrong(text, &e))?;
            let mut link = written.opcua.take().expect("the table is there");
            opcua(&mut link, &written, beside)?;
            finish(written, |map| Link::OpcUa(link, map))
        }
        (false, true) => {
            let mut written: Written<Register> =
                toml::from_str(text).map_err(|e| toml_wrong(text, &e))?;
            let link = written.modbus.take().expect("the table is there");
            modbus(&link, &written)?;
            finish(written, |map| Link::Modbus(link, map))
        }
        (true, true) => Err(wrong(
            "modbus",
            "a profile is about one protocol; `opcua` is there too",
        )),
        (false, false) => Err(wrong("opcua", "neither this table nor `modbus` is there")),
    }
}

fn positive(key: &str, value: f64) -> Result<(), Wrong> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(wrong(key, format!("{value} is not a positive number")))
    }
}

fn opcua(link: &mut OpcUaLink, written: &Written<Node>, beside: &Path) -> Result<(), Wrong> {
    if !link.endpoint.starts_with("opc.tcp://") {
        return Err(wrong(
            "opcua.endpoint",
            format!("`{}` does not begin with opc.tcp://", link.endpoint),
        ));
    }
    positive("opcua.timeout_s", link.timeout_s)?;
    if (link.policy == Policy::None) != (link.mode == Mode::None) {
        return Err(wrong(
            "opcua.mode",
            format!("{:?} does not go with policy {:?}", link.mode, link.policy),
        ));
    }
    if link.user.is_some() != link.password_file.is_some() {
        return Err(wrong(
            "opcua.password_file",
            "a user needs a password file, and a password file a user",
        ));
    }
    if link.user_certificate.is_some() != link.user_key.is_some() {
        return Err(wrong(
            "opcua.user_key",
            "a user certificate needs its key, and a key its certificate",
        ));
    }
    if link.user.is_some() && link.user_certificate.is_some() {
        return Err(wrong(
            "opcua.user_certificate",
            "a user has a name and password or a certificate, not both",
        ));
    }
    if link.user.is_some() && link.policy == Policy::None {
        return Err(wrong(
            "opcua.user",
            "a password is not sent without a security policy",
        ));
    }
    for file in [
        &mut link.password_file,
        &mut link.user_certificate,
        &mut link.user_key,
    ]
    .into_iter()
    .flatten()
    {
        *file = beside.join(&*file);
    }
    let bare = |node: &Node| {
        matches!(
            node,
            Node::Id {
                namespace: None,
                ..
            }
        )
    };
    let setpoints = written
        .setpoint
        .iter()
        .map(|(n, s)| (format!("setpoint.{n}.at"), &s.at));
    let data = written
        .cycle_data
        .iter()
        .map(|(n, d)| (format!("cycle_data.{n}.at"), &d.at));
    if let Some((key, _)) = setpoints
        .chain(data)
        .find(|(_, n)| bare(n) && link.namespace.is_empty())
    {
        return Err(wrong(
            key,
            "names no namespace, and opcua.namespace is not there",
        ));
    }
    let Some(event) = &link.cycle_event else {
        return Ok(());
    };
    for (name, field) in &event.data {
        scale(
            &format!("opcua.cycle_event.data.{name}"),
            field.scale,
            field.offset,
        )?;
    }
    Ok(())
}

fn modbus(link: &ModbusLink, written: &Written<Register>) -> Result<(), Wrong> {
    positive("modbus.timeout_s", link.timeout_s)?;
    if link.host.is_some() == link.serial.is_some() {
        return Err(wrong(
            "modbus.host",
            "either `host` or `serial` must be there",
        ));
    }
    if let Some(serial) = &link.serial
        && !(1..=2).contains(&serial.stop_bits)
    {
        return Err(wrong("modbus.serial.stop_bits", "1 or 2"));
    }
    let need = |key: String, kind: Option<Kind>| {
        kind.map(|_| ())
            .ok_or_else(|| wrong(key, "a register needs a `type`"))
    };
    let s = &written.signal;
    for (name, kind) in [
        ("operating_mode", s.operating_mode.as_ref().map(|e| e.kind)),
        ("released", s.released.as_ref().map(|e| e.kind)),
        ("frozen", s.frozen.as_ref().map(|e| e.kind)),
        ("cycle_counter", s.cycle_counter.as_ref().map(|e| e.kind)),
    ] {
        if let Some(kind) = kind {
            need(format!("signal.{name}.type"), kind)?;
        }
    }
    written
        .cycle_data
        .iter()
        .try_for_each(|(name, entry)| need(format!("cycle_data.{name}.type"), entry.kind))
}

fn scale(key: &str, scale: f64, offset: f64) -> Result<(), Wrong> {
    if !scale.is_finite() || scale == 0.0 {
        return Err(wrong(
            format!("{key}.scale"),
            format!("{scale} is no scale"),
        ));
    }
    if !offset.is_finite() {
        return Err(wrong(
            format!("{key}.offset"),
            format!("{offset} is no offset"),
        ));
    }
    Ok(())
}

fn setpoint<P: Place>(
    name: &str,
    written: WrittenSetpoint<P>,
) -> Result<(Setpoint, SetpointEntry<P>), Wrong> {
    let key = format!("setpoint.{name}");
    let which = Setpoint::from_name(name).ok_or_else(|| {
        let all: Vec<&str> = Setpoint::ALL.iter().map(|s| s.name()).collect();
        wrong(
            key.clone(),
            format!("no such setpoint; there are {}", all.join(", ")),
        )
    })?;
    if written.unit.si() != which.unit() {
        return Err(wrong(
            format!("{key}.unit"),
            format!("`{}` is no unit of a {name}", written.unit.name()),
        ));
    }
    scale(&key, written.scale, written.offset)?;
    let ours = written.writer == Writer::Box;
    if ours && (written.low.is_none() || written.high.is_none()) {
        return Err(wrong(
            format!("{key}.low"),
            "a setpoint the box writes needs `low` and `high` of the controller",
        ));
    }
    if ours && !written.at.writable() {
        return Err(wrong(
            format!("{key}.at"),
            format!("{:?} cannot be written", written.at),
        ));
    }
    let quantity = Quantity {
        kind: written.kind,
        unit: written.unit,
        scale: written.scale,
        offset: written.offset,
        low: written.low.unwrap_or(f64::NEG_INFINITY),
        high: written.high.unwrap_or(f64::INFINITY),
    };
    if quantity.low.is_nan() || quantity.high.is_nan() || quantity.low >= quantity.high {
        return Err(wrong(
            format!("{key}.high"),
            format!("{} to {} is no range", quantity.low, quantity.high),
        ));
    }
    if ours {
        let ends = [quantity.low, quantity.high].map(|v| (v - written.offset) / written.scale);
        let (least, most) = written.kind.range();
        if ends.iter().any(|e| *e < least || *e > most) || written.kind == Kind::Boolean {
            return Err(wrong(
                format!("{key}.type"),
                format!(
                    "{:?} does not hold {} to {}",
                    written.kind,
                    written.low.unwrap_or_default(),
                    written.high.unwrap_or_default()
                ),
            ));
        }
        if written.kind.whole() && ends[0].min(ends[1]).ceil() > ends[0].max(ends[1]).floor() {
            return Err(wrong(
                format!("{key}.scale"),
                "no whole number lies within the limits",
            ));
        }
    }
    let entry = SetpointEntry {
        at: written.at,
        read_back: written.read_back,
        quantity,
        writer: written.writer,
    };
    Ok((which, entry))
}

fn finish<P: Place>(
    written: Written<P>,
    link: impl FnOnce(Map<P>) -> Link,
) -> Result<Profile, Wrong> {
    positive("stale_after_s", written.stale_after_s)?;
    positive("read_back_within_s", written.read_back_within_s)?;
    let mut setpoints: [Option<SetpointEntry<P>>; SETPOINTS] = [const { None }; SETPOINTS];
    for (name, entry) in written.setpoint {
        let (which, entry) = setpoint(&name, entry)?;
        setpoints[which as usize] = Some(entry);
    }
    if let Some(mode) = &written.signal.operating_mode
        && mode.automatic.is_empty()
    {
        return Err(wrong(
            "signal.operating_mode.automatic",
            "nothing stands for automatic",
        ));
    }
    if let Some(heartbeat) = &written.heartbeat {
        positive("heartbeat.period_s", heartbeat.period_s)?;
        if !heartbeat.at.writable() {
            return Err(wrong(
                "heartbeat.at",
                format!("{:?} cannot be written", heartbeat.at),
            ));
        }
    }
    for (name, entry) in &written.cycle_data {
        scale(&format!("cycle_data.{name}"), entry.scale, entry.offset)?;
    }
    let map = Map {
        setpoints,
        operating: written.signal.operating_mode,
        released: written.signal.released,
        frozen: written.signal.frozen,
        cycle_counter: written.signal.cycle_counter,
        heartbeat: written.heartbeat,
        cycle_data: written.cycle_data.into_iter().collect(),
    };
    Ok(Profile {
        name: written.name,
        restore: written.restore,
        stale_after_s: written.stale_after_s,
        read_back_within_s: written.read_back_within_s,
        link: link(map),
    })
}

impl<P> SetpointEntry<P> {
    /// What the controller takes, in SI.
    pub fn ability(&self) -> Ability {
        let (factor, zero) = self.quantity.unit.factor_zero();
        Ability {
            ours: self.writer == Writer::Box,
            low: factor * self.quantity.low + zero,
            high: factor * self.quantity.high + zero,
            tolerance: self.quantity.tolerance(),
            unit: self.quantity.unit.name(),
            factor,
            zero,
        }
    }
}

//! `moldsight doctor`: what is connected, missing or refused, and what to do.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use appliance_acquire::calibration::Calibration;

use crate::config::{Config, Feeds, NodeConfig};
use crate::error::{DaemonError, in_one_line};
use crate::probe::{self, Heard};
use crate::{find, realtime};

/// Arguments of `moldsight doctor`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration file.
    #[arg(long, default_value = "/etc/moldsight/moldsight.toml")]
    pub config: PathBuf,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// True when all is well.
    pub good: bool,
    /// What was looked at and found.
    pub text: String,
    /// What to do.
    pub advice: Option<String>,
}

/// Room for the log, the book and a day of curves, bytes: with less a disk is full soon.
const LITTLE_ROOM: u64 = 2 << 30;
/// Years before which this program did not exist.
const FIRST_YEAR: i64 = 2026;

/// Looks at everything.
///
/// # Errors
/// When the configuration itself cannot be used.
pub fn run(args: &Args) -> Result<Vec<Finding>, DaemonError> {
    let config = Config::load(&args.config)?;
    let mut found = vec![good(format!("configuration {}", args.config.display()))];
    let running = running(&config.data);
    found.extend(model(&args.config, &config));
    found.extend(nodes(&config, running));
    found.extend(disk(&config));
    found.push(address(&config, running));
    found.extend(rights(&config));
    found.extend(clock());
    if running {
        found.push(good(
            "a box is running with this configuration: its Health page says how it does".into(),
        ));
    }
    Ok(found)
}

/// True while a box holds the folder of records.
fn running(data: &Path) -> bool {
    let lock = File::open(data.join("records/in-use"));
    lock.is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Mold, release, and whether they and the sensors fit together, as a start would find it.
fn model(file: &Path, config: &Config) -> Vec<Finding> {
    let mold = match find::mold(&config.mold) {
        Ok(mold) => mold,
        Err(e) => {
            let known: Vec<_> = models_physics::molds::names().collect();
            let advice = format!(
                "set `mold` to one of {} or to a mold file",
                known.join(", ")
            );
            return vec![bad(in_one_line(&e), &advice)];
        }
    };
    let mut found = vec![good(format!("mold {} of {}", mold.name, mold.material))];
    found.extend(match crate::ready::ready(file) {
        Ok(ready) => match ready.release {
            Some(release) => Some(good(format!(
                "release {release} fits the mold and the {} sensors used",
                config.used().len()
            ))),
            None => Some(bad(
                "no network: the reduced solver estimates alone".into(),
                "import a release on the Setup page, or run `moldlab release` for this mold",
            )),
        },
        // A calibration file is named with its node.
        Err(DaemonError::Acquire(_)) => None,
        Err(e) => Some(bad(
            in_one_line(&e),
            "the box does not start like this: correct what is named, or set weights = \"none\" to run on the solver",
        )),
    });
    found
}

fn nodes(config: &Config, running: bool) -> Vec<Finding> {
    if config.nodes.is_empty() {
        return vec![bad(
            "no node is configured".into(),
            "add [[node]] with its port and its channels",
        )];
    }
    let mut found = Vec::new();
    let open = |node: &NodeConfig| File::options().read(true).write(true).open(&node.port);
    let opened: Vec<_> = config.nodes.iter().map(open).collect();
    // Two readers of one line would take each other's bytes.
    let heard = (!running && opened.iter().any(Result::is_ok))
        .then(|| probe::listen(&config.nodes).ok())
        .flatten();
    for (k, (node, opened)) in config.nodes.iter().zip(opened).enumerate() {
        let port = node.port.display();
        match opened.map_err(|e| e.kind()) {
            Ok(_) => found.extend(match &heard {
                Some(heard) => {
                    let plan = transfer(config, node, &heard[k]);
                    speaks(node, &heard[k]).into_iter().chain(plan).collect()
                }
                None => vec![good(format!("port {port} can be opened"))],
            }),
            Err(ErrorKind::PermissionDenied) => found.push(bad(
                format!("port {port} may not be opened"),
                "add the user of the service to the group of the port (usually dialout) and log in again",
            )),
            Err(ErrorKind::NotFound) => found.push(bad(
                format!("port {port} is not there"),
                &format!("plug the node in; {}", ports_there()),
            )),
            Err(e) => found.push(bad(
                format!("port {port}: {e}"),
                "unplug the node and plug it in again",
            )),
        }
        found.push(calibration(node));
    }
    found
}

/// What is plugged in, for whoever looks for the right name.
fn ports_there() -> String {
    let ports = appliance_acquire::port::by_id().unwrap_or_default();
    if ports.is_empty() {
        return "no serial port is there now; their names would be in /dev/serial/by-id".into();
    }
    let names: Vec<_> = ports.iter().map(|p| p.display().to_string()).collect();
    format!("there now: {}", names.join(", "))
}

fn speaks(node: &NodeConfig, heard: &Heard) -> Vec<Finding> {
    let port = node.port.display();
    let Some((id, build)) = &heard.node else {
        return vec![bad(
            format!(
                "port {port} is silent: no node answers ({} damaged frames)",
                heard.damaged
            ),
            "check that it is the right port and that the node has power and its firmware",
        )];
    };
    let mut found = vec![good(format!(
        "node {id} ({build}) on {port} with {} channels, {} rows",
        heard.channels.len(),
        heard.rows
    ))];
    for channel in &node.channels {
        if !heard.channels.contains(&channel.name) {
            found.push(bad(
                format!("node {id} has no channel `{}`", channel.name),
                &format!("its channels are: {}", heard.channels.join(", ")),
            ));
        }
    }
    if heard.rows == 0 {
        found.push(bad(
            format!("node {id} says who it is but sends no samples"),
            "restart the node; if it stays so, flash its firmware again",
        ));
    }
    for complaint in &heard.complaints {
        found.push(bad(
            format!("port {port}: {complaint}"),
            "check sensor, cable and shield",
        ));
    }
    found
}

/// Whether the node that is to signal transfer can decide on the screw's position: only its fast group is looked at in time.
fn transfer(config: &Config, node: &NodeConfig, heard: &Heard) -> Option<Finding> {
    let asked = config
        .transfer
        .as_ref()
        .is_some_and(|t| t.node == node.port);
    let channel = node
        .channels
        .iter()
        .find(|c| c.feeds == Feeds::ScrewPosition)?;
    let there = heard.channels.contains(&channel.name);
    if !asked || !there || heard.fast.contains(&channel.name) {
        return None;
    }
    Some(bad(
        format!(
            "the node on {} would refuse to signal transfer: the screw's position on its channel `{}` is not in its fast group",
            node.port.display(),
            channel.name
        ),
        &format!(
            "connect the position to a fast channel ({}), or remove [transfer]",
            heard.fast.join(", ")
        ),
    ))
}

fn calibration(node: &NodeConfig) -> Finding {
    let Some(file) = &node.calibration else {
        return bad(
            format!("port {} has no calibration file", node.port.display()),
            "nominal ranges are used: pressures may be a few percent off; set `calibration`",
        );
    };
    match Calibration::read(file) {
        Ok(c) => good(format!(
            "calibration {} of {} by {}",
            file.display(),
            c.date,
            c.by
        )),
        Err(e) => bad(
            in_one_line(&e),
            "ask for the calibration file of this node, or leave `calibration` out",
        ),
    }
}

/// May be written, and has room.
fn disk(config: &Config) -> Vec<Finding> {
    let data = &config.data;
    let probe = data.join(".doctor");
    let written = std::fs::create_dir_all(data)
        .and_then(|()| std::fs::write(&probe, b"ok"))
        .and_then(|()| std::fs::remove_file(&probe));
    if let Err(e) = written {
        let advice = match e.kind() {
            ErrorKind::StorageFull => "free space on it, or mount a larger disk",
            ErrorKind::ReadOnlyFilesystem => {
                "it may be failing: look at `dmesg`, restart, then replace the disk"
            }
            _ => "make the folder writable for the user of the service",
        };
        return vec![bad(format!("{}: {e}", data.display()), advice)];
    }
    let Ok(about) = rustix::fs::statvfs(data) else {
        return vec![good(format!("records go to {}", data.display()))];
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let budget = crate::health::curve_budget(config);
    let used = crate::keep::folder_bytes(data);
    let gb = |bytes: u64| bytes as f64 * 1e-9;
    let text = format!(
        "records go to {}: {:.1} GB used of {:.1} GB for curves, {:.1} GB free on the disk",
        data.display(),
        gb(used),
        gb(budget),
        gb(free)
    );
    vec![if free < LITTLE_ROOM {
        bad(text, "free space on the disk, or mount a larger one")
    } else if budget > used + free {
        bad(
            text,
            "the disk is smaller than the budget: set records.curves_gb, or old curves go earlier than it says",
        )
    } else {
        good(text)
    }]
}

/// Whether the page can be served where it should be.
fn address(config: &Config, running: bool) -> Finding {
    let web = &config.web;
    let listen = web.listen;
    if web.tls == "off" && !web.allow_plain && !listen.ip().to_canonical().is_loopback() {
        return bad(
            format!("the page is to be served on {listen} without TLS"),
            "set web.tls = \"generated\", or listen on 127.0.0.1",
        );
    }
    for file in [&web.certificate, &web.key].into_iter().flatten() {
        if let Err(e) = File::open(file) {
            return bad(
                format!("{}: {e}", file.display()),
                "let the user of the service read it, or set web.tls = \"generated\"",
            );
        }
    }
    if running {
        return good(format!("the page is served on {listen}"));
    }
    match std::net::TcpListener::bind(listen) {
        Ok(_) => good(format!(
            "the page can be served on {listen}, TLS {}",
            web.tls
        )),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => bad(
            format!("{listen}: {e}"),
            "choose a port above 1023, or give the service CAP_NET_BIND_SERVICE",
        ),
        Err(e) => bad(
            format!("{listen}: {e}"),
            "stop what listens there, or change web.listen",
        ),
    }
}

fn rights(config: &Config) -> Vec<Finding> {
    let mut refused = Vec::new();
    // Priority and core are those of a thread; this one ends at once.
    let granted = std::thread::scope(|s| {
        s.spawn(|| realtime::ask(&config.tick, |r| refused.push(r)))
            .join()
    })
    .unwrap_or_default();
    let mut found = Vec::new();
    if granted.real_time && granted.locked {
        let text = "the system grants real-time priority and locked memory";
        found.push(good(text.into()));
    }
    let advice = "install the service unit that comes with the box, then start it with systemctl";
    found.extend(refused.into_iter().map(|r| bad(r, advice)));
    found
}

/// The time of day: shown and recorded, never used for estimates.
fn clock() -> Vec<Finding> {
    let now = appliance_recorder::WallTime::now();
    let text = now.to_string();
    let year = text[..4].parse().unwrap_or(0_i64);
    if year < FIRST_YEAR {
        return vec![bad(
            format!("the clock says {text}"),
            "set it, and set up a time server: shots would carry wrong times",
        )];
    }
    let look = "run `timedatectl set-ntp true`, and set a time server the box can reach";
    vec![match synchronised() {
        Some(true) => good(format!("the clock says {text} and is synchronised")),
        Some(false) => bad(
            format!("the clock says {text} and is not synchronised"),
            look,
        ),
        None => bad(
            format!("the clock says {text}; nobody says whether it is synchronised"),
            "install systemd-timesyncd or chrony, and set a time server the box can reach",
        ),
    }]
}

/// What the system says about its clock.
fn synchronised() -> Option<bool> {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some(true);
    }
    let told = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output()
        .ok()?;
    match String::from_utf8_lossy(&told.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn good(text: String) -> Finding {
    Finding {
        good: true,
        text,
        advice: None,
    }
}

fn bad(text: String, advice: &str) -> Finding {
    Finding {
        good: false,
        text,
        advice: Some(advice.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screw_on_a_slow_channel_cannot_signal_transfer() {
        let config: Config = toml::from_str(
            r#"
            mold = "plate-ps"
            data = "records"
            [[node]]
            port = "press"
            [[node.channel]]
            name = "screw position"
            feeds = "screw_position"
            [transfer]
            node = "press"
            injected_volume_cm3 = 11.0
            "#,
        )
        .unwrap();
        let heard = |fast: &str| Heard {
            channels: vec!["P1".into(), "screw position".into()],
            fast: vec!["P1".into(), fast.into()],
            ..Heard::default()
        };
        let found = transfer(&config, &config.nodes[0], &heard("P2")).unwrap();
        assert!(
            !found.good
                && found
                    .text
                    .contains("`screw position` is not in its fast group")
        );
        assert!(found.advice.unwrap().contains("P1, P2"));
        assert!(transfer(&config, &config.nodes[0], &heard("screw position")).is_none());
        let without = Config {
            transfer: None,
            ..config.clone()
        };
        assert!(transfer(&without, &config.nodes[0], &heard("P2")).is_none());
    }
}

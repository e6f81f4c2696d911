//! `moldsight doctor`: what is connected, missing or refused, and what to do.

use std::path::PathBuf;

use crate::config::Config;
use crate::error::DaemonError;
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

/// Looks at everything.
///
/// # Errors
/// When the configuration itself cannot be used.
pub fn run(args: &Args) -> Result<Vec<Finding>, DaemonError> {
    let config = Config::load(&args.config)?;
    let mut found = vec![good(format!("configuration {}", args.config.display()))];
    let mold = find::mold(&config.mold)?;
    found.push(good(format!("mold {} of {}", mold.name, mold.material)));
    let weights = config.weights.clone().unwrap_or_else(|| mold.name.clone());
    found.push(
        match models_infer::shelf::find(&weights, &find::shelf())
            .and_then(|f| models_infer::release::Release::load(&f).map(|_| f))
        {
            _ if weights == "none" => bad(
                "no network: the reduced solver estimates alone".into(),
                "set `weights`, or run `moldlab release` for this mold",
            ),
            Ok(folder) => good(format!("release {}", folder.display())),
            Err(e) => bad(
                format!("release {weights}: {e}"),
                "copy the release again, or run `moldlab release` for this mold",
            ),
        },
    );
    for node in &config.nodes {
        let port = node.port.display();
        found.push(
            match std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open(&node.port)
            {
                Ok(_) => good(format!("port {port} can be opened")),
                Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => bad(
                    format!("port {port}: {e}"),
                    "add the user of the service to group dialout",
                ),
                Err(e) => bad(
                    format!("port {port}: {e}"),
                    "plug the node in; ports by name are in /dev/serial/by-id",
                ),
            },
        );
        if let Some(file) = &node.calibration {
            found.push(
                match appliance_acquire::calibration::Calibration::read(file) {
                    Ok(c) => good(format!(
                        "calibration {} of {} by {}",
                        file.display(),
                        c.date,
                        c.by
                    )),
                    Err(e) => bad(e.to_string(), "ask for the calibration file of this node"),
                },
            );
        } else {
            found.push(bad(
                format!("port {port} has no calibration file"),
                "nominal ranges are used: pressures may be a few percent off",
            ));
        }
    }
    if config.nodes.is_empty() {
        found.push(bad(
            "no node is configured".into(),
            "add [[node]] with its port and channels",
        ));
    }
    let probe = config.data.join(".doctor");
    let written = std::fs::create_dir_all(&config.data)
        .and_then(|()| std::fs::write(&probe, b"ok"))
        .and_then(|()| std::fs::remove_file(&probe));
    found.push(match written {
        Ok(()) => good(format!("records go to {}", config.data.display())),
        Err(e) => bad(
            format!("{}: {e}", config.data.display()),
            "make the folder writable for the user of the service",
        ),
    });
    let mut refused = Vec::new();
    let granted = std::thread::scope(|s| {
        s.spawn(|| realtime::ask(&config.tick, |r| refused.push(r)))
            .join()
    })
    .unwrap_or_default();
    if granted.real_time && granted.locked {
        found.push(good(
            "the system grants real-time priority and locked memory".into(),
        ));
    }
    found.extend(
        refused
            .into_iter()
            .map(|r| bad(r, "install the service unit that comes with the box")),
    );
    let year = appliance_recorder::WallTime::now().ms() / 31_556_952_000 + 1970;
    found.push(if year >= 2025 {
        good(format!("the clock says {year}"))
    } else {
        bad(format!("the clock says {year}"), "set up a time server")
    });
    Ok(found)
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

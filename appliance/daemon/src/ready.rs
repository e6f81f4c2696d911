//! Everything a configuration names, read and checked before anything starts. What is wrong is told by file and key.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use appliance_acquire::calibration::Calibration;
use appliance_pipeline::guard::Guard;
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::transfer::Law;
use appliance_press::Profile;
use models_infer::network::Network;
use models_infer::release::Release;
use models_physics::mold::Mold;

use crate::config::{Config, NodeConfig};
use crate::error::{DaemonError, in_one_line};
use crate::find;
use crate::press::PressConfig;
use crate::transfer::TransferConfig;

/// What a configuration comes to, checked.
pub(crate) struct Ready {
    pub(crate) config: Config,
    pub(crate) mold: Mold,
    pub(crate) keeper: Keeper,
    /// Name of the release; `None` when the solver runs alone.
    pub(crate) release: Option<String>,
    pub(crate) calibrations: Vec<(NodeConfig, Option<Calibration>)>,
    pub(crate) screw_area_m2: f64,
    /// When a node signals transfer, where the configuration asks for that.
    pub(crate) transfer: Option<Law>,
}

/// A configuration and its file, for errors that name the key.
struct Named<'a> {
    path: &'a Path,
    config: &'a Config,
}

/// Reads everything the configuration names.
pub(crate) fn ready(path: &Path) -> Result<Ready, DaemonError> {
    let config = Config::load(path)?;
    let named = Named {
        path,
        config: &config,
    };
    let mold = find::mold(&config.mold).map_err(|e| named.wrong("mold", &e))?;
    named.sensors(&mold)?;
    let (network, release) = named.network(&mold)?;
    let mut keeper =
        Keeper::new(&mold, network, &config.used()).map_err(|e| named.wrong("node.channel", &e))?;
    let places = keeper.setup().places.clone();
    for channel in config.nodes.iter().flat_map(|n| &n.channels) {
        let place = |sensor: &String| places.iter().position(|p| p.name == *sensor);
        if let Some(place) = channel.sensor.as_ref().and_then(place) {
            keeper.setup_mut().rezero[place] = channel.rezero;
        }
    }
    let recipe = mold
        .process
        .recipe
        .as_deref()
        .and_then(|name| models_physics::recipes::builtin(name).ok());
    let cooling_s = config.cooling_s.or(recipe.map(|r| r.cooling_time_s));
    keeper.setup_mut().phases.cooling_s = cooling_s.unwrap_or(0.0);
    // Noise of a nozzle or cavity sensor over a node: what the shipped scenario and usual amplifiers have.
    keeper.setup_mut().noise_pa = 6e4;
    let diameter = config
        .screw_diameter_mm
        .map(|d| d * 1e-3)
        .or(mold.press.as_ref().map(|p| p.screw_diameter));
    let screw_area_m2 = diameter.map_or(f64::NAN, |d| std::f64::consts::FRAC_PI_4 * d * d);
    let calibrations = named.calibrations()?;
    if let Some(port) = &config.press_port {
        named.press(port)?;
    }
    let law = |t: &TransferConfig| t.law(keeper.setup(), screw_area_m2);
    let transfer = config.transfer.as_ref().map(law).transpose();
    let transfer = transfer.map_err(|(key, reason)| named.reason(key, reason))?;
    Ok(Ready {
        config,
        mold,
        keeper,
        release,
        calibrations,
        screw_area_m2,
        transfer,
    })
}

impl Named<'_> {
    fn wrong(&self, key: &str, error: &dyn Error) -> DaemonError {
        self.reason(key.into(), in_one_line(error))
    }

    fn reason(&self, key: String, reason: String) -> DaemonError {
        DaemonError::Config {
            path: self.path.into(),
            key,
            reason,
        }
    }

    /// Every channel feeds a sensor that the mold has.
    fn sensors(&self, mold: &Mold) -> Result<(), DaemonError> {
        for (n, node) in self.config.nodes.iter().enumerate() {
            for (c, channel) in node.channels.iter().enumerate() {
                let Some(sensor) = &channel.sensor else {
                    continue;
                };
                if !mold.sensors.iter().any(|s| s.name == *sensor) {
                    let known: Vec<&str> = mold.sensors.iter().map(|s| s.name.as_str()).collect();
                    let known = known.join(", ");
                    return Err(self.reason(
                        format!("node[{n}].channel[{c}].sensor"),
                        format!(
                            "mold `{}` has no sensor `{sensor}`; it has {known}",
                            mold.name
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The network of the mold and the name of its release.
    #[allow(
        clippy::type_complexity,
        reason = "two values that are there or not, each"
    )]
    fn network(&self, mold: &Mold) -> Result<(Option<Arc<Network>>, Option<String>), DaemonError> {
        let chosen = self.config.weights.as_deref();
        let name = chosen.unwrap_or(&mold.name);
        if name == "none" {
            return Ok((None, None));
        }
        let folder = match models_infer::shelf::find(name, &find::shelf()) {
            Ok(folder) => folder,
            // A mold that nobody named weights for runs on the solver, and the Health page says so.
            Err(_) if chosen.is_none() => return Ok((None, None)),
            Err(e) => return Err(self.wrong("weights", &e)),
        };
        let network = Release::load(&folder)
            .and_then(|release| Network::new(&release))
            .map_err(|e| self.wrong("weights", &e))?;
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
        Ok((Some(Arc::new(network)), name))
    }

    fn calibrations(&self) -> Result<Vec<(NodeConfig, Option<Calibration>)>, DaemonError> {
        let nodes = self.config.nodes.iter().enumerate();
        nodes
            .map(|(n, node)| {
                let read = node.calibration.as_deref().map(Calibration::read);
                let calibration = read
                    .transpose()
                    .map_err(|e| self.wrong(&format!("node[{n}].calibration"), &e))?;
                Ok((node.clone(), calibration))
            })
            .collect()
    }

    /// The profile can be read, and the guard takes its settings and limits.
    fn press(&self, port: &PressConfig) -> Result<(), DaemonError> {
        // No profile says how a press is read that a person sets by hand.
        if port.no_wire() {
            return Ok(());
        }
        let profile =
            Profile::find(&port.profile).map_err(|e| self.wrong("press_port.profile", &e))?;
        let limits = port
            .limits()
            .map_err(|(key, reason)| self.reason(key, reason))?;
        let settings = port.guard(&profile.abilities(), profile.stale_after_s);
        Guard::new(settings, limits, None, 0.0)
            .map(drop)
            .map_err(|e| self.wrong("press_port", &e))
    }
}

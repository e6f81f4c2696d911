//! What makes a scenario usable: every key is checked and the first thing wrong is named.

use super::{Changes, EventKind, Scenario, Signal, adds};
use crate::setpoints::Setpoint;
use firmware_wire::channel::MAX_NAME;
use firmware_wire::{MAX_CHANNELS, Unit};
use models_physics::input::InputError;
use models_physics::latents::Latent;
use models_physics::mold::Mold;

impl Scenario {
    pub(super) fn check(&self, mold: &Mold) -> Result<(), InputError> {
        let ensure = |holds: bool, key: String, reason: &str| match holds {
            true => Ok(()),
            false => Err(InputError::key(&self.file, key, reason)),
        };
        ensure(
            mold.press.is_some(),
            "mold".into(),
            "this mold has no press",
        )?;
        ensure(
            self.node.len() == 16 && u64::from_str_radix(&self.node, 16).is_ok(),
            "node".into(),
            "must be sixteen hexadecimal digits",
        )?;
        ensure(
            (100..=2000).contains(&self.rate_hz) && 1_000_000 % self.rate_hz == 0,
            "rate_hz".into(),
            "must be 100 to 2000 and divide 1 000 000",
        )?;
        let seconds = [
            ("cycle.close_s", self.cycle.close_s, 0.2),
            ("cycle.open_s", self.cycle.open_s, 0.2),
            (
                "cycle.plastification_delay_s",
                self.cycle.plastification_delay_s,
                0.0,
            ),
            ("cycle.plastification_s", self.cycle.plastification_s, 0.1),
            ("thermal.melt_dead_s", self.thermal.melt_dead_s, 0.0),
            ("thermal.melt_settle_s", self.thermal.melt_settle_s, 0.1),
            ("thermal.mold_dead_s", self.thermal.mold_dead_s, 0.0),
            ("thermal.mold_settle_s", self.thermal.mold_settle_s, 0.1),
        ];
        for (key, value, least) in seconds {
            let holds = (least..=3600.0).contains(&value);
            ensure(holds, key.into(), &format!("must be {least} to 3600"))?;
        }
        self.check_changes("disturbance", &self.disturbance)?;
        for (at, drift) in self.drifts.iter().enumerate() {
            let key = |name: &str| format!("drift[{at}].{name}");
            self.latent(key("latent"), &drift.latent)?;
            for (name, value) in [("walk_sd", drift.walk_sd), ("scatter_sd", drift.scatter_sd)] {
                ensure(
                    (0.0..=100.0).contains(&value),
                    key(name),
                    "must be 0 to 100",
                )?;
            }
            ensure(
                drift.per_shot.is_finite(),
                key("per_shot"),
                "must be finite",
            )?;
            ensure(drift.from_shot >= 1, key("from_shot"), "shots count from 1")?;
            ensure(
                drift
                    .until_shot
                    .is_none_or(|until| until >= drift.from_shot),
                key("until_shot"),
                "must not be before from_shot",
            )?;
            ensure(drift.swing.is_finite(), key("swing"), "must be finite")?;
            let period = drift.swing_period_s;
            ensure(
                period.is_finite() && period > 0.0,
                key("swing_period_s"),
                "must be above 0",
            )?;
        }
        self.check_controller()?;
        self.check_events()?;
        self.check_channels(mold)
    }

    fn latent(&self, key: String, name: &str) -> Result<Latent, InputError> {
        Latent::from_name(name).map_err(|e| InputError::key(&self.file, key, e.to_string()))
    }

    fn check_changes(&self, at: &str, changes: &Changes) -> Result<(), InputError> {
        for (name, value) in changes {
            let key = format!("{at}.{name}");
            let kelvins = adds(self.latent(key.clone(), name)?);
            let holds = value.is_finite() && (kelvins || *value > 0.0);
            if !holds {
                let reason = "must be a finite number, and a factor above 0";
                return Err(InputError::key(&self.file, key, reason));
            }
        }
        Ok(())
    }

    fn check_controller(&self) -> Result<(), InputError> {
        let refuse = |key: &str, reason: &str| {
            let key = format!("controller.{key}");
            Err(InputError::key(&self.file, key, reason))
        };
        let patience = self.controller.heartbeat_s;
        if patience.is_some_and(|s| !(0.1..=3600.0).contains(&s)) {
            return refuse("heartbeat_s", "must be 0.1 to 3600");
        }
        for (name, [low, high]) in &self.controller.limits {
            let key = format!("limits.{name}");
            if Setpoint::from_name(name).is_none() {
                return refuse(&key, &no_setpoint(name));
            }
            if !(low.is_finite() && high.is_finite() && low < high) {
                return refuse(&key, "must be two numbers, the lower one first");
            }
        }
        Ok(())
    }

    fn check_events(&self) -> Result<(), InputError> {
        use EventKind::*;
        for (at, event) in self.events.iter().enumerate() {
            let key = |name: &str| format!("event[{at}].{name}");
            let refuse =
                |name: &str, reason: &str| Err(InputError::key(&self.file, key(name), reason));
            if event.shot == 0 {
                return refuse("shot", "shots count from 1");
            }
            let of_channel = matches!(
                event.kind,
                Silent | Open | OverRange | Stuck | SensorDrift | Recover
            );
            let wants = [
                (
                    "count",
                    event.count.is_some(),
                    matches!(event.kind, Purge | Startup),
                ),
                ("idle_s", event.idle_s.is_some(), event.kind == Idle),
                ("channel", event.channel.is_some(), of_channel),
                (
                    "drift_per_s",
                    event.drift_per_s.is_some(),
                    event.kind == SensorDrift,
                ),
                (
                    "setpoint",
                    event.setpoint.is_some(),
                    event.kind == OperatorEdit,
                ),
                ("by", event.by.is_some(), event.kind == OperatorEdit),
                (
                    "change",
                    !event.change.is_empty(),
                    matches!(event.kind, Lot | Startup),
                ),
            ];
            for (name, given, wanted) in wants {
                if given && !wanted {
                    return refuse(name, "does not belong to this kind of event");
                }
                if wanted && !given {
                    return refuse(name, "missing for this kind of event");
                }
            }
            if event.idle_s.is_some_and(|s| !(s > 0.0 && s <= 36_000.0)) {
                return refuse("idle_s", "must be above 0 and at most 36000");
            }
            if event.count.is_some_and(|n| n == 0 || n > 1000) {
                return refuse("count", "must be 1 to 1000");
            }
            if event.by.is_some_and(|by| !by.is_finite()) {
                return refuse("by", "must be finite");
            }
            if let Some(name) = &event.setpoint
                && Setpoint::from_name(name).is_none()
            {
                return refuse("setpoint", &no_setpoint(name));
            }
            if event.drift_per_s.is_some_and(|d| !d.is_finite()) {
                return refuse("drift_per_s", "must be finite");
            }
            if !(0.0..=3600.0).contains(&event.after_s) {
                return refuse("after_s", "must be 0 to 3600");
            }
            if let Some(name) = &event.channel
                && !self.channels.iter().any(|c| c.name == *name)
            {
                return refuse("channel", &format!("there is no channel `{name}`"));
            }
            self.check_changes(&key("change"), &event.change)?;
        }
        Ok(())
    }

    fn check_channels(&self, mold: &Mold) -> Result<(), InputError> {
        let key = |at: usize, name: &str| format!("channel[{at}].{name}");
        let refuse =
            |at, name: &str, reason: &str| Err(InputError::key(&self.file, key(at, name), reason));
        if self.channels.is_empty() || self.channels.len() > MAX_CHANNELS {
            return Err(InputError::key(
                &self.file,
                "channel",
                format!("a node has 1 to {MAX_CHANNELS} channels"),
            ));
        }
        for (at, channel) in self.channels.iter().enumerate() {
            let name = &channel.name;
            if name.is_empty() || name.len() > MAX_NAME {
                return refuse(at, "name", &format!("must have 1 to {MAX_NAME} bytes"));
            }
            if self.channels[..at].iter().any(|c| c.name == *name) {
                return refuse(at, "name", "is there twice");
            }
            let mut unit = match channel.signal {
                Signal::Sensor | Signal::SpecificPressure => Unit::Megapascal,
                Signal::Surface => Unit::Celsius,
                Signal::Screw => Unit::Millimetre,
                Signal::Injection | Signal::Transfer => Unit::Volt,
            };
            match (&channel.sensor, channel.signal) {
                (Some(name), Signal::Sensor) => match mold.sensor(name) {
                    Some(sensor) => {
                        if sensor.quantity != models_physics::mold::SensorQuantity::Pressure {
                            unit = Unit::Celsius;
                        }
                    }
                    None => {
                        let reason = format!("mold `{}` has no sensor `{name}`", mold.name);
                        return refuse(at, "sensor", &reason);
                    }
                },
                (None, Signal::Sensor) => return refuse(at, "sensor", "missing for this signal"),
                (Some(_), _) => return refuse(at, "sensor", "does not belong to this signal"),
                (None, _) => {}
            }
            let surface = channel.signal == Signal::Surface;
            if channel.element.is_some() != surface || channel.at_mm.is_some() != surface {
                let reason = "element and at_mm belong to signal = \"surface\", both";
                return refuse(at, "element", reason);
            }
            if let Some(element) = &channel.element
                && mold.element(element).is_none()
            {
                let reason = format!("mold `{}` has no element `{element}`", mold.name);
                return refuse(at, "element", &reason);
            }
            if channel.unit != unit {
                return refuse(at, "unit", &format!("this signal is in {unit:?}"));
            }
            if !(channel.min.is_finite() && channel.max.is_finite() && channel.min < channel.max) {
                return refuse(at, "max", "must be above min, both finite");
            }
            let not_negative = [
                ("noise_sd", channel.noise_sd),
                ("lag_s", channel.lag_s),
                ("zero_sd", channel.zero_sd),
            ];
            for (name, value) in not_negative {
                if !(value.is_finite() && value >= 0.0) {
                    return refuse(at, name, "must be finite and not below 0");
                }
            }
            let finite = [
                ("gain_error", channel.gain_error),
                ("offset", channel.offset),
                ("charge_drift_per_s", channel.charge_drift_per_s),
                ("at_mm", channel.at_mm.unwrap_or(0.0)),
            ];
            for (name, value) in finite {
                if !value.is_finite() {
                    return refuse(at, name, "must be finite");
                }
            }
        }
        Ok(())
    }
}

fn no_setpoint(name: &str) -> String {
    let known = Setpoint::ALL.map(Setpoint::name).join(", ");
    format!("there is no setpoint `{name}`; there are {known}")
}
